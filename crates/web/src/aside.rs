//! Work that takes milliseconds, done where it delays nobody.

use crate::error::{Refusal, Result};

/// From this size on, what is read or written is read or written aside: it takes milliseconds, in
/// which this thread would serve nobody else.
const LARGE: usize = 256 * 1024;

/// Does the work on something of `size` bytes; aside, if that is large.
pub(crate) async fn aside<T: Send + 'static>(
    size: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if size <= LARGE {
        return Ok(work());
    }
    let working = tokio::task::spawn_blocking(work);
    working.await.map_err(|error| Refusal::defect(&error.to_string()))
}
