//! A receiver that notes when what came, and holds its answers on demand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use herald_testkit::receiver::{Gate, Receiver, Reply};

use crate::support::{eventually, world::World};

/// Where to and which event.
pub(crate) type Delivery = (&'static str, String);

/// A notification as it came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) path: String,
    /// How many of the same event came to the same path before.
    pub(crate) before: usize,
}

/// A receiver that notes when what came.
pub(crate) struct Inbox {
    pub(crate) receiver: Receiver,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    /// When each event came to each path.
    came: HashMap<(String, String), Vec<Instant>>,
    count: usize,
    holding: Option<Holding>,
}

/// Answers that are held.
struct Holding {
    path: &'static str,
    gate: Gate,
    held: usize,
}

impl Inbox {
    /// Answers 200 to everything.
    pub(crate) async fn start(world: &World) -> Self {
        Self::answering(world, |_| Reply::ok()).await
    }

    pub(crate) async fn answering(
        world: &World,
        answer: impl Fn(&Came) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let shared = notes.clone();
        let receiver = Receiver::start_tls(&world.receiver, &["http/1.1"], move |request| {
            let (path, event) = (request.path.clone(), request.event_id().to_owned());
            let mut notes = shared.lock().expect("nobody panics while holding it");
            notes.note(path, event, &answer)
        });
        Self { receiver: receiver.await, notes }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.receiver.url(path)
    }

    /// From now on, what comes to paths that begin like this is not answered.
    pub(crate) fn hold(&self, path: &'static str) {
        self.notes().holding = Some(Holding { path, gate: Gate::new(), held: 0 });
    }

    /// From now on, what comes is answered at once; what is held stays so until the gate is opened.
    pub(crate) fn hold_no_more(&self) -> Gate {
        self.notes().holding.take().expect("it holds").gate
    }

    /// How many are held.
    pub(crate) fn held(&self) -> usize {
        self.notes().holding.as_ref().map_or(0, |holding| holding.held)
    }

    /// Waits until so many are held, at least.
    pub(crate) async fn holds(&self, count: usize) {
        eventually("requests are held", async || (self.held() >= count).then_some(())).await;
    }

    /// How many came so far, to all paths.
    pub(crate) fn count(&self) -> usize {
        self.notes().count
    }

    /// When this came.
    pub(crate) fn times(&self, (path, event): &Delivery) -> Vec<Instant> {
        let key = ((*path).to_owned(), event.clone());
        self.notes().came.get(&key).cloned().unwrap_or_default()
    }

    /// Everything that came, with its times.
    pub(crate) fn all(&self) -> HashMap<(String, String), Vec<Instant>> {
        self.notes().came.clone()
    }

    /// Waits until each of these has come; answers when the last one did.
    pub(crate) async fn has(&self, what: &str, deliveries: &[Delivery]) -> Instant {
        let mut missing: Vec<_> = deliveries.iter().collect();
        eventually(what, async || {
            missing.retain(|delivery| self.times(delivery).is_empty());
            missing.is_empty().then_some(())
        })
        .await;
        let firsts = deliveries.iter().map(|delivery| self.times(delivery)[0]);
        firsts.max().expect("something was wanted")
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("nobody panics while holding it")
    }
}

impl Notes {
    fn note(&mut self, path: String, event: String, answer: impl Fn(&Came) -> Reply) -> Reply {
        let times = self.came.entry((path.clone(), event)).or_default();
        let before = times.len();
        times.push(Instant::now());
        self.count += 1;
        let came = Came { path, before };
        let reply = answer(&came);
        match &mut self.holding {
            Some(holding) if came.path.starts_with(holding.path) => {
                holding.held += 1;
                reply.behind(&holding.gate)
            }
            _ => reply,
        }
    }
}
