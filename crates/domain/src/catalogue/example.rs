//! Examples of payloads: TOML that has to be JSON which JavaScript would leave alone.

use crate::exact_json::{self, Number, Object, Value};

/// The same as exact JSON, or what cannot be JSON in it.
pub(super) fn exact(table: &toml::Table) -> Result<Object, String> {
    object(table, "")
}

fn object(table: &toml::Table, path: &str) -> Result<Object, String> {
    table
        .iter()
        .map(|(name, inner)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            Ok((name.clone(), value(inner, &path)?))
        })
        .collect()
}

fn value(value: &toml::Value, path: &str) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Boolean(truth) => (*truth).into(),
        toml::Value::Integer(integer) => exact_json::parse(integer.to_string().as_bytes())
            .map_err(|error| format!("{path}: {error}"))?,
        toml::Value::Float(double) => Number::from_f64(*double)
            .ok_or_else(|| format!("{path}: {double} is not a number of JSON"))?
            .into(),
        toml::Value::Datetime(time) => {
            return Err(format!("{path}: write the time as text: {:?}", time.to_string()));
        }
        toml::Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(place, item)| self::value(item, &format!("{path}[{place}]")))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        toml::Value::Table(inner) => object(inner, path)?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        let object = exact(&text.parse().unwrap())?;
        Ok(String::from_utf8(Value::from(object).to_bytes()).unwrap())
    }

    #[test]
    fn toml_becomes_json_in_its_own_order() {
        let text = "z = 'Zoë'\na = [1, 1.50, true, { y = '', x = [] }]\n[m]\nn.o = -0.0\n";
        let json = r#"{"z":"Zoë","a":[1,1.5,true,{"y":"","x":[]}],"m":{"n":{"o":0}}}"#;
        assert_eq!(read(text).as_deref(), Ok(json));
    }

    #[test]
    fn what_cannot_be_json_is_named_by_its_path() {
        for (text, path) in [
            ("a.b = [1, 9007199254740993]", "a.b[1]: "),
            ("a = inf", "a: "),
            ("a = [{ b = nan }]", "a[0].b: "),
            ("a = 2026-01-31", "a: write the time as text"),
        ] {
            let problem = read(text).unwrap_err();
            assert!(problem.starts_with(path), "{problem}");
        }
    }
}
