//! Paths of somebody's machine, put together here so that this file holds none.

use super::assert_found;
use crate::rules::machine_paths::check;

#[test]
fn a_private_absolute_path_is_found_in_any_file() {
    let private = ["work", "home", "root", "Users"].map(|root| format!("see /{root}/me/herald\n"));
    for text in &private {
        assert_found(check, &[("docs/a.md", text)], &["docs/a.md:1: a path under"]);
    }
    let quoted = format!("path = \"/{}/me\"\n", "home");
    assert_found(check, &[("a.toml", &quoted)], &["a.toml:1: "]);
}

#[test]
fn relative_paths_addresses_and_shared_folders_pass() {
    let text = "target/root/x, https://example.com/home/x, ${base}/work/x, /var/lib/herald\n";
    assert_found(check, &[("a.md", text)], &[]);
}
