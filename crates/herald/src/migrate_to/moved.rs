//! A mark beside a file that was moved: on both, what is pending would be sent twice.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The mark of this file. What is in it says where to.
fn mark(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".moved");
    name.into()
}

/// Leaves the mark.
pub(super) fn leave(file: &Path, shown: &str) -> io::Result<()> {
    fs::write(mark(file), format!("{shown}\n"))
}

/// Why nobody may work on this file, if it was moved.
pub(crate) fn refusal(file: &Path) -> Option<String> {
    let mark = mark(file);
    let to = fs::read_to_string(&mark).ok()?;
    Some(format!(
        "{} was moved to {}: who works on it again sends what is pending a second time. Give the new \
         database as database_url; or, if you mean to go back, stop whoever works on that and remove {}",
        file.display(),
        to.trim(),
        mark.display()
    ))
}
