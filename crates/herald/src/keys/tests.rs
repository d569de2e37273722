//! What happens to key files: made once, private, and never instead of lost ones.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::config::Database;

fn config_in(folder: &Path) -> Config {
    let database = Database::Sqlite(folder.join("data/herald.db"));
    Config { database, ..Config::default() }
}

#[test]
fn keys_are_made_once_into_files_that_only_their_owner_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path());
    let first = find_or_make(&config).unwrap();
    let second = find_or_make(&config).unwrap();
    assert_eq!(first.operator, second.operator);
    assert_eq!(first.seal, second.seal);
    for file in [operator_key_file(&config), secret_key_file(&config)] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&file).unwrap().trim().len(), 64);
    }
    let data = fs::metadata(config.database.folder()).unwrap();
    assert_eq!(data.permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_sealing_key_is_not_made_for_a_database_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path());
    find_or_make(&config).unwrap();
    fs::write(config.database.file().unwrap(), "").unwrap();
    fs::remove_file(secret_key_file(&config)).unwrap();
    let problem = find_or_make(&config).unwrap_err().to_string();
    assert!(problem.contains("secret.key is missing"), "{problem}");
    assert!(!secret_key_file(&config).exists());
}

#[test]
fn what_a_start_has_made_is_taken_back_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path());
    let operator_only =
        Config { secret_key: Some(SecretText::new("0f".repeat(32))), ..config.clone() };
    assert!(find_or_make(&operator_only).unwrap().made_operator_key(&config));
    let keys = find_or_make(&config).unwrap();
    assert!(!keys.made_operator_key(&config));
    keys.take_back();
    assert!(operator_key_file(&config).exists() && !secret_key_file(&config).exists());
}

#[test]
fn a_configured_key_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        operator_key: Some(SecretText::new("a-configured-operator-key")),
        secret_key: Some(SecretText::new("0f".repeat(32))),
        ..config_in(folder.path())
    };
    let keys = find_or_make(&config).unwrap();
    assert_eq!(keys.operator.reveal(), "a-configured-operator-key");
    assert_eq!(keys.seal.0, [0x0f; 32]);
    assert!(!operator_key_file(&config).exists() && !secret_key_file(&config).exists());
}

#[test]
fn a_damaged_key_file_is_refused_without_repeating_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path());
    find_or_make(&config).unwrap();
    fs::write(secret_key_file(&config), "swordfish").unwrap();
    let problem = find(&config).unwrap_err().to_string();
    assert!(problem.contains("secret.key should be 64 hex digits"), "{problem}");
    assert!(!problem.contains("swordfish"), "{problem}");
}
