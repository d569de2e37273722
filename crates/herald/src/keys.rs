//! The operator's key and the sealing key: configured, or kept in files beside the database.
//!
//! What is not configured is made at the first start, into files that only their owner may read.
//! A sealing key is never made for a file that is already there: the signing secrets in it could then
//! not be opened, and every delivery would fail. Whether a database on a server is new is known only
//! to who works on it: there a key is made, and taken back if the database was begun with another.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use herald_engine::{Chance as _, SealKey, SystemChance};

use crate::config::{Config, SecretText, check_operator_key, check_secret_key};

/// Both keys.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) operator: SecretText,
    pub(crate) seal: SealKey,
    /// The files that this start has made.
    made: Vec<PathBuf>,
}

impl Keys {
    /// Whether this start has made the operator's key.
    pub(crate) fn made_operator_key(&self, config: &Config) -> bool {
        self.made.contains(&operator_key_file(config))
    }

    /// Removes what this start has made, so that the next one finds the right keys missing.
    pub(crate) fn take_back(&self) {
        for file in &self.made {
            // It is refused all the same, with the same words, if this one stays.
            let _removed = fs::remove_file(file);
        }
    }
}

/// The file of the operator's key.
pub(crate) fn operator_key_file(config: &Config) -> PathBuf {
    config.database.folder().join("operator.key")
}

/// The file of the sealing key.
pub(crate) fn secret_key_file(config: &Config) -> PathBuf {
    config.database.folder().join("secret.key")
}

/// The keys that are there, and `None` for those that the first start has yet to make.
pub(crate) fn find(config: &Config) -> anyhow::Result<(Option<SecretText>, Option<SealKey>)> {
    let operator = match &config.operator_key {
        Some(key) => Some(key.clone()),
        None => read(&operator_key_file(config), check_operator_key)?,
    };
    let seal = match &config.secret_key {
        Some(key) => Some(key.clone()),
        None => read(&secret_key_file(config), check_secret_key)?,
    };
    Ok((operator, seal.map(|key| seal_key(&key))))
}

/// The keys, made if they are neither configured nor there. Makes the data folder too.
pub(crate) fn find_or_make(config: &Config) -> anyhow::Result<Keys> {
    let folder = config.database.folder();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| {
        format!("the data folder {} cannot be made; check database_url", folder.display())
    })?;
    let (operator, seal) = find(config)?;
    let mut made = Vec::new();
    let operator = match operator {
        Some(key) => key,
        None => make(operator_key_file(config), &mut made)?,
    };
    let seal = match seal {
        Some(key) => key,
        None => seal_key(&make_secret_key(config, &mut made)?),
    };
    Ok(Keys { operator, seal, made })
}

fn make_secret_key(config: &Config, made: &mut Vec<PathBuf>) -> anyhow::Result<SecretText> {
    let file = secret_key_file(config);
    if let Some(database) = config.database.file().filter(|database| database.exists()) {
        bail!(
            "{} is missing, but {} is there: the signing secrets in it were sealed with that key. \
             Restore the file, or give the key as secret_key",
            file.display(),
            database.display()
        );
    }
    make(file, made)
}

fn read(
    file: &Path,
    check: fn(&str) -> Result<SecretText, String>,
) -> anyhow::Result<Option<SecretText>> {
    match fs::read_to_string(file) {
        Ok(text) => match check(text.trim()) {
            Ok(key) => Ok(Some(key)),
            Err(problem) => bail!("the key in {} {problem}", file.display()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| {
            format!("{} cannot be read; it should belong to who runs Herald", file.display())
        }),
    }
}

/// 256 random bits as hex: both keys have this shape. On disk before it is used, since what it
/// seals outlives this process.
fn make(file: PathBuf, made: &mut Vec<PathBuf>) -> anyhow::Result<SecretText> {
    let mut bytes = [0; 32];
    SystemChance.fill(&mut bytes);
    let digit = |four: u8| char::from_digit(four.into(), 16).expect("four bits are a hex digit");
    let text: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let write = || {
        let mut out = File::options().write(true).create_new(true).mode(0o600).open(&file)?;
        out.write_all(format!("{text}\n").as_bytes())?;
        out.sync_all()?;
        File::open(file.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("the key file {} cannot be made", file.display()))?;
    made.push(file);
    Ok(SecretText::new(text))
}

fn seal_key(text: &SecretText) -> SealKey {
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(text.reveal().as_bytes().chunks_exact(2)) {
        *byte = 16 * value(digits[0]) + value(digits[1]);
    }
    SealKey(key)
}

fn value(digit: u8) -> u8 {
    let value = char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    value.expect("a secret key has only hex digits: it was checked when it was read")
}

#[cfg(test)]
mod tests;
