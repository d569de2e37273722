//! A gate that a test opens once, for any number who wait at it.

use std::sync::Arc;

use tokio::sync::watch;

/// A gate that a test opens once, for any number who wait at it. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { open: Arc::new(watch::Sender::new(false)) }
    }

    /// Lets all pass, from now on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until it is open.
    pub async fn passed(&self) {
        let mut open = self.open.subscribe();
        open.wait_for(|open| *open).await.expect("the sender lives as long as this gate");
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
