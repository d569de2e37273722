//! Shapes: which fields a kind of resource has, in which order, and what each may hold.
//!
//! A shape is a table, and the only one: requests are read by it, updates are merged by it,
//! filters are understood by it, and the API's description is made of it. What a table cannot say
//! (a person has a name, a check of a document needs one) stands in the module of the kind.

use crate::{
    exact_json::{Object, Value},
    problem::Problem,
    resource::country,
};

/// Longest text of a field, characters.
pub const TEXT_LENGTH: usize = 4_000;
/// Most entries of a client's metadata.
pub const METADATA_ENTRIES: usize = 20;
/// Longest key of metadata, characters.
pub const METADATA_KEY_LENGTH: usize = 40;
/// Longest value of metadata, characters.
pub const METADATA_VALUE_LENGTH: usize = 500;

/// The fields of an object, in the documented order.
#[derive(Debug)]
pub struct Shape(pub &'static [Field]);

/// One field.
#[derive(Debug)]
pub struct Field {
    /// Its name in requests and answers.
    pub name: &'static str,
    /// What it may hold.
    pub rule: Rule,
    /// Who sets it, and when.
    pub origin: Origin,
    /// Whether lists can be filtered by it.
    pub filter: bool,
    /// For people: what it means.
    pub about: &'static str,
}

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Text that is not empty, at most [`TEXT_LENGTH`] characters.
    Text,
    /// Something with an `@` in it.
    Email,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// An ISO 3166-1 alpha-2 code, upper case.
    Country,
    /// One of these.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number; only in what Herald itself sets.
    Number,
    /// An instant; only in what Herald itself sets.
    Time,
    /// An object of this shape, merged field by field by an update.
    Details(&'static Shape),
    /// Objects of this shape.
    List(&'static Shape),
    /// Strings by strings: [`METADATA_ENTRIES`] at most.
    Metadata,
    /// An object with anything in it.
    Anything,
}

/// Who sets a field, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The request that makes it has to; an update may change it, not remove it.
    Required,
    /// A request may set it, change it, and remove it by `null`.
    Optional,
    /// The request that makes it has to; later ones are ignored.
    Fixed,
    /// Herald; what a request says of it is ignored.
    Own,
}

/// What a filter's name means for a kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Lists are filtered by it.
    Known,
    /// It names a part that no resource of this kind can have, so nothing matches.
    Unanswerable,
    /// It is none; lists ignore it.
    Unknown,
}

impl Shape {
    /// Reads the request that makes something: the fields that it may set, in this shape's order.
    /// What it does not know is ignored; `null` is the same as absent.
    pub fn read(&self, request: Object) -> Result<Object, Problem> {
        self.read_in(request, "")
    }

    /// Reads an update of `current`: what is mentioned changes, the rest stays, details are merged
    /// field by field, and `null` removes.
    pub fn merge(&self, current: &Object, request: Object) -> Result<Object, Problem> {
        self.merge_in(current, request, "")
    }

    /// These fields, in this shape's order. What the shape does not know is left out.
    pub fn arrange(&self, mut fields: Object) -> Object {
        let taken = self.0.iter().filter_map(|field| Some((field, fields.remove(field.name)?)));
        taken.map(|(field, value)| (field.name.to_owned(), value)).collect()
    }

    /// What a filter of this name means.
    pub fn filter(&self, path: &str) -> Filter {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let Some(field) = self.0.iter().find(|field| field.name == name && field.filter) else {
            return Filter::Unknown;
        };
        match (field.rule, rest) {
            (Rule::Details(shape), rest) if shape.filter(rest) == Filter::Known => Filter::Known,
            (Rule::Metadata, rest) if !rest.is_empty() => Filter::Known,
            (Rule::Details(_) | Rule::Metadata, _) => Filter::Unanswerable,
            _ if path.contains('.') => Filter::Unanswerable,
            _ => Filter::Known,
        }
    }

    /// Whether the values that this path can have are few, so that a store can afford to count
    /// each of them.
    pub fn is_counted(&self, path: &str) -> bool {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let field = self.0.iter().find(|field| field.name == name);
        field.is_some_and(|field| match field.rule {
            Rule::Word(_) | Rule::Country => rest.is_empty(),
            Rule::Details(shape) => shape.is_counted(rest),
            _ => false,
        })
    }

    fn read_in(&self, mut request: Object, within: &str) -> Result<Object, Problem> {
        let mut read = Object::new();
        for field in self.0.iter().filter(|field| field.origin != Origin::Own) {
            let path = path(within, field.name);
            match given(&mut request, field.name) {
                Some(value) => keep(&mut read, field, field.rule.read(value, &path)?),
                None if field.origin == Origin::Optional => {}
                None => return Err(missing(&path)),
            }
        }
        Ok(read)
    }

    fn merge_in(
        &self,
        current: &Object,
        mut request: Object,
        within: &str,
    ) -> Result<Object, Problem> {
        let mut merged = Object::new();
        for field in self.0 {
            let path = path(within, field.name);
            let changeable = matches!(field.origin, Origin::Required | Origin::Optional);
            let news = if changeable { request.remove(field.name) } else { None };
            let old = current.get(field.name);
            match (news, old, field.rule) {
                (None, Some(old), _) => keep(&mut merged, field, old.clone()),
                (Some(Value::Null), ..) if field.origin == Origin::Required => {
                    return Err(missing(&path));
                }
                (None, None, _) | (Some(Value::Null), ..) => {}
                (Some(Value::Object(news)), Some(Value::Object(old)), Rule::Details(shape)) => {
                    keep(&mut merged, field, shape.merge_in(old, news, &path)?.into());
                }
                (Some(news), ..) => keep(&mut merged, field, field.rule.read(news, &path)?),
            }
        }
        Ok(merged)
    }
}

impl Rule {
    /// Reads a value from a request; `path` is how a refusal names it.
    fn read(self, value: Value, path: &str) -> Result<Value, Problem> {
        let refused =
            |should: &str| Err(Problem::invalid(path, format!("'{path}' should be {should}")));
        match (self, value) {
            (Self::Text, Value::String(text)) if text.contains('\0') => {
                refused("a string without U+0000")
            }
            (Self::Text, Value::String(text)) if text.is_empty() => refused("a non-empty string"),
            (Self::Text, Value::String(text)) if text.chars().count() > TEXT_LENGTH => {
                refused(&format!("a string of at most {TEXT_LENGTH} characters"))
            }
            (Self::Text, value @ Value::String(_)) | (Self::Flag, value @ Value::Bool(_)) => {
                Ok(value)
            }
            (Self::Text, _) => refused("a string"),
            (Self::Email, Value::String(text)) if is_email(&text) => Ok(text.into()),
            (Self::Email, _) => refused("an email address"),
            (Self::Date, Value::String(text)) if is_date(&text) => Ok(text.into()),
            (Self::Date, _) => refused("a date such as 1990-12-31"),
            (Self::Country, Value::String(code)) if country::is_known(&code) => Ok(code.into()),
            (Self::Country, _) => {
                refused("the ISO 3166-1 alpha-2 code of a country, in upper case")
            }
            (Self::Word(words), Value::String(word)) if words.contains(&word.as_str()) => {
                Ok(word.into())
            }
            (Self::Word(words), _) => refused(&format!("one of {}", words.join(", "))),
            (Self::Flag, _) => refused("a boolean"),
            (Self::Details(shape), Value::Object(details)) => {
                shape.read_in(details, path).map(Value::Object)
            }
            (Self::Metadata, Value::Object(entries)) => {
                check_metadata(&entries, path).map(|()| Value::Object(entries))
            }
            (Self::Anything, value @ Value::Object(_)) => Ok(value),
            (Self::Details(_) | Self::Metadata | Self::Anything, _) => refused("an object"),
            (Self::Number | Self::Time | Self::List(_), _) => refused("left to Herald"),
        }
    }
}

/// Sets a field, unless its value is an empty object: that is the same as none.
fn keep(fields: &mut Object, field: &Field, value: Value) {
    let empty = value.as_object().is_some_and(Object::is_empty);
    if !empty || matches!(field.rule, Rule::Anything) {
        fields.insert(field.name.to_owned(), value);
    }
}

/// Takes a field of a request that is there and not null.
pub(super) fn given(request: &mut Object, name: &str) -> Option<Value> {
    request.remove(name).filter(|value| !value.is_null())
}

/// That a field is missing.
pub(super) fn missing(path: &str) -> Problem {
    Problem::invalid(path, format!("'{path}' is required"))
}

fn path(within: &str, name: &str) -> String {
    if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") }
}

/// One `@` with something on both sides, and no white space. Whether it exists, only mail tells.
fn is_email(text: &str) -> bool {
    let fits = text.len() <= 320 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    fits && text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}

/// A day of the calendar in exactly this form: `jiff` would also take a time behind it.
fn is_date(text: &str) -> bool {
    text.len() == "1990-12-31".len() && text.parse::<jiff::civil::Date>().is_ok()
}

fn check_metadata(entries: &Object, path: &str) -> Result<(), Problem> {
    let refused = |message: String| Err(Problem::invalid(path, message));
    if entries.len() > METADATA_ENTRIES {
        return refused(format!("'{path}' should have at most {METADATA_ENTRIES} entries"));
    }
    for (key, value) in entries {
        let usable = |text: &str, most| text.chars().count() <= most && !text.contains('\0');
        if key.is_empty() || !usable(key, METADATA_KEY_LENGTH) {
            return refused(format!(
                "each key of '{path}' should have 1 to {METADATA_KEY_LENGTH} characters"
            ));
        }
        let fits = value.as_str().is_some_and(|text| usable(text, METADATA_VALUE_LENGTH));
        if !fits {
            return refused(format!(
                "each value of '{path}' should be a string of at most {METADATA_VALUE_LENGTH} \
                 characters"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
