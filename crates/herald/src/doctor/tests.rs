//! The doctor finds what was broken on purpose, and nothing in a sound installation.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::*;
use crate::keys;

/// What was found wrong in this folder, after `spoil` had its way with a sound installation.
fn wrong_after(spoil: impl FnOnce(&Path, &Config)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("data/herald.db");
    let sources = Sources {
        environment: vec![
            ("HERALD_DATABASE_URL".into(), format!("sqlite:{}", database.display())),
            ("HERALD_LISTEN".into(), "127.0.0.1:0".into()),
        ],
        ..Sources::default()
    };
    let config = sources.load().unwrap();
    let keys = keys::find_or_make(&config).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        drop(wiring::engine(&config, &keys, String::new()).await.unwrap());
    });
    drop(runtime);
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
    spoil(&database, &config);
    let findings = examine(&sources);
    let wrong = findings.iter().filter(|finding| matches!(finding, Finding::Bad { .. }));
    wrong.map(Finding::shown).collect()
}

#[test]
fn nothing_is_wrong_with_a_sound_installation() {
    assert_eq!(wrong_after(|_, _| {}), [""; 0]);
}

#[test]
fn a_key_file_that_others_can_read_is_found() {
    let wrong = wrong_after(|_, config| {
        let file = keys::secret_key_file(config);
        fs::set_permissions(file, fs::Permissions::from_mode(0o640)).unwrap();
    });
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains("sealing key") && wrong[0].contains("chmod 600"), "{wrong:?}");
}

#[test]
fn a_lost_sealing_key_is_found() {
    let wrong = wrong_after(|_, config| fs::remove_file(keys::secret_key_file(config)).unwrap());
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains("secret.key is missing"), "{wrong:?}");
}

#[test]
fn a_folder_that_others_can_write_to_is_found() {
    let wrong = wrong_after(|database, _| {
        let folder = database.parent().unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    });
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains("others may write"), "{wrong:?}");
}

#[test]
fn a_foreign_file_in_place_of_the_database_is_found() {
    let wrong = wrong_after(|database, _| fs::write(database, "a shopping list").unwrap());
    assert!(wrong.iter().any(|line| line.contains("✗ database: ")), "{wrong:?}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_the_one_finding() {
    let sources =
        Sources { environment: vec![("HERALD_LISTEM".into(), "x".into())], ..Sources::default() };
    let findings = examine(&sources);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].shown().contains("HERALD_LISTEN"), "{findings:?}");
}
