//! The headers of a notification, in the shapes in which people have them.

use serde_json::Value;

/// Names and values, in their order. Names are found in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Headers {
    /// The first header of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    /// Reads `Name: value` lines, or JSON.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if !text.trim_start().starts_with(['{', '[']) {
            return Ok(Self::of_lines(text));
        }
        let json = serde_json::from_str(text);
        let json: Value = json.map_err(|error| format!("looks like JSON and is not: {error}"))?;
        Self::of_json(&json)
            .ok_or_else(|| "should be a JSON object of names and values, or a list of them".into())
    }

    /// As they are on the wire, perhaps below a request line, up to an empty line.
    fn of_lines(text: &str) -> Self {
        let lines = text.trim_start().lines().take_while(|line| !line.trim().is_empty());
        // A request line has a colon only in its target, after a space.
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let name = name.trim_start_matches(['<', '>', ' ']).trim_end();
            (!name.contains(' ')).then(|| (name.to_owned(), value.trim().to_owned()))
        };
        Self(lines.filter_map(header).collect())
    }

    /// `{name: value}`, `[{name, value}]` or `[[name, value]]`; a value may be a list.
    pub(crate) fn of_json(json: &Value) -> Option<Self> {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(items) => {
                let items: Option<Vec<_>> = items.iter().map(Value::as_str).collect();
                items.map(|items| items.join(", "))
            }
            _ => None,
        };
        let pair = |item: &Value| {
            let (name, value) = match item {
                Value::Array(pair) => (pair.first()?, pair.get(1)?),
                _ => (&item["name"], &item["value"]),
            };
            Some((name.as_str()?.to_owned(), text(value)?))
        };
        let headers: Option<Vec<_>> = match json {
            Value::Object(object) => {
                object.iter().map(|(name, value)| Some((name.clone(), text(value)?))).collect()
            }
            Value::Array(items) => items.iter().map(pair).collect(),
            _ => None,
        };
        headers.map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_in_every_shape_in_which_people_have_them() {
        let expected = Headers(vec![("A-b".into(), "1:2".into()), ("C".into(), "3".into())]);
        for text in [
            "A-b: 1:2\nC: 3\n",
            "POST /a?b:c HTTP/1.1\r\nA-b: 1:2\r\nC:3\r\n\r\n{\"d\": 4}",
            "> A-b: 1:2\n> C: 3\n",
            r#"{"A-b":"1:2","C":3}"#,
            r#"{"A-b":["1:2"],"C":"3"}"#,
            r#"[["A-b","1:2"],["C","3"]]"#,
            r#"[{"name":"A-b","value":"1:2"},{"name":"C","value":"3"}]"#,
        ] {
            assert_eq!(Headers::parse(text), Ok(expected.clone()), "{text}");
        }
        assert_eq!(expected.get("a-B"), Some("1:2"));
        for text in ["{", "[1]", r#"{"a":{}}"#] {
            assert!(Headers::parse(text).is_err(), "{text}");
        }
    }
}
