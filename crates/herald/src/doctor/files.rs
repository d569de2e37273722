//! The data folder and the key files: that they are there, and private.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use super::Finding;
use crate::{config::Config, keys, migrate_to};

/// Permissions that anybody but the owner has.
const OTHERS: u32 = 0o077;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let folder = config.database.folder();
    if !folder.exists() {
        return vec![Finding::note(format!(
            "data folder: {} is not there yet; the first start makes it",
            folder.display()
        ))];
    }
    let mut findings = vec![data_folder(folder)];
    if let Some(database) = config.database.file().filter(|database| database.exists()) {
        findings.push(private("database file", database));
        if let Some(refusal) = migrate_to::refusal(database) {
            findings.push(Finding::bad(format!("database file: {refusal}"), "see there"));
        }
    }
    findings.extend(key_files(config));
    findings
}

fn data_folder(folder: &Path) -> Finding {
    let name = folder.display();
    match fs::metadata(folder) {
        Ok(metadata) if metadata.permissions().mode() & 0o022 != 0 => Finding::bad(
            format!("data folder: others may write to {name}"),
            format!("chmod 700 '{name}'"),
        ),
        Ok(metadata) if metadata.permissions().readonly() => Finding::bad(
            format!("data folder: {name} is read-only"),
            format!("chmod 700 '{name}', or mount its file system for writing"),
        ),
        Ok(metadata) => Finding::good(format!("data folder: {name}, of user {}", metadata.uid())),
        Err(error) => Finding::bad(
            format!("data folder: {name} cannot be looked at: {error}"),
            "run this as the user that runs Herald",
        ),
    }
}

fn key_files(config: &Config) -> Vec<Finding> {
    let configured = Finding::good;
    let mut findings = Vec::new();
    let kept = [
        ("operator's key", config.operator_key.is_some(), keys::operator_key_file(config)),
        ("sealing key", config.secret_key.is_some(), keys::secret_key_file(config)),
    ];
    for (what, is_configured, file) in kept {
        if is_configured {
            findings.push(configured(format!("{what}: configured")));
        } else if file.exists() {
            findings.push(private(what, &file));
        }
    }
    findings.push(usable_keys(config));
    findings
}

fn usable_keys(config: &Config) -> Finding {
    match keys::find(config) {
        Err(problem) => Finding::bad(
            format!("keys: {problem:#}"),
            "restore the file from where you keep its copy",
        ),
        Ok((_, None)) if config.database.file().is_some_and(Path::exists) => Finding::bad(
            format!("keys: {} is missing", keys::secret_key_file(config).display()),
            "restore it from where you keep its copy: nothing can be signed without it",
        ),
        Ok((None, _) | (_, None)) => {
            Finding::note("keys: the first start makes those that are not configured")
        }
        Ok((Some(_), Some(_))) => Finding::good("keys: both are there"),
    }
}

fn private(what: &str, file: &Path) -> Finding {
    let name = file.display();
    match fs::metadata(file) {
        Ok(metadata) if metadata.permissions().mode() & OTHERS != 0 => Finding::bad(
            format!(
                "{what}: others than its owner may use {name} (mode {:03o})",
                metadata.permissions().mode() & 0o777
            ),
            format!("chmod 600 '{name}'"),
        ),
        Ok(_) => Finding::good(format!("{what}: {name}, private")),
        Err(error) => Finding::bad(
            format!("{what}: {name} cannot be looked at: {error}"),
            "run this as the user that runs Herald",
        ),
    }
}
