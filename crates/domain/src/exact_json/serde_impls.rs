//! Values as fields of serde_json's structs, without a detour through its own idea of a number.
//!
//! serde's data model has no place for a number's literal and writes numbers in its own way, so
//! both directions hand over raw JSON text. That works with serde_json's text readers and writers
//! only: not inside `#[serde(flatten)]` or untagged enums, which buffer, and not with other formats.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Value, parse};

/// The text goes out as [`Value::write`] spells it.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = String::from_utf8(self.to_bytes()).map_err(S::Error::custom)?;
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// Errors read as those of [`parse`], with a path that begins at this value.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        parse(text.get().as_bytes()).map_err(D::Error::custom)
    }
}
