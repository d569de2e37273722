//! What is said to the person at the terminal: answers on standard output, complaints on standard
//! error. A reader that has gone away is no reason to stop.

use std::io::Write as _;

/// A line, or several, on standard output; there when this returns, also through a pipe.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A line, or several, on standard error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
