//! Schemas for people: the fields one by one, with dots for nested ones, and one example.

use serde_json::{Map, Value, json};

/// Schemas refer to each other at most so deeply; a circle would end here.
const DEEPEST: usize = 8;

/// One field of a schema.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// With dots for nested ones, and `[]` behind a list.
    pub(super) name: String,
    /// In words: `string`, `array of string`.
    pub(super) kind: String,
    /// Whether it is always there.
    pub(super) required: bool,
    /// What it means.
    pub(super) description: String,
}

/// The published description, in which schemas refer to each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schemas<'a>(pub(super) &'a Value);

impl Schemas<'_> {
    /// The fields of an object, nested ones after their parent.
    pub(super) fn fields(self, schema: &Value) -> Vec<Field> {
        let mut fields = Vec::new();
        self.collect(schema, "", &mut fields, DEEPEST);
        fields
    }

    /// What a value of the schema may look like: its own example, or one made of its fields'.
    pub(super) fn example(self, schema: &Value) -> Value {
        self.made_up(schema, DEEPEST)
    }

    /// The schema behind a reference, merged if it has parts, without the choice of being null.
    fn resolved(self, schema: &Value) -> Value {
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.0.pointer(path.trim_start_matches('#'));
            return target.map_or(Value::Null, |target| self.resolved(target));
        }
        for choice in ["oneOf", "anyOf"] {
            let choices = schema.get(choice).and_then(Value::as_array);
            let real = choices.and_then(|all| all.iter().find(|one| one["type"] != "null"));
            if let Some(real) = real {
                return self.resolved(real);
            }
        }
        match schema.get("allOf").and_then(Value::as_array) {
            Some(parts) => self.merged(parts),
            None => schema.clone(),
        }
    }

    fn merged(self, parts: &[Value]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for part in parts.iter().map(|part| self.resolved(part)) {
            properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
            required.extend(part["required"].as_array().cloned().unwrap_or_default());
        }
        json!({ "type": "object", "properties": properties, "required": required })
    }

    fn collect(self, schema: &Value, prefix: &str, fields: &mut Vec<Field>, depth: usize) {
        let schema = self.resolved(schema);
        if depth == 0 {
            return;
        }
        if let Some(items) = schema.get("items") {
            self.collect(items, &format!("{prefix}[]."), fields, depth - 1);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let resolved = self.resolved(property);
            let described = property.get("description").or(resolved.get("description"));
            let described = described.and_then(Value::as_str).unwrap_or_default();
            let name_here = format!("{prefix}{name}").replace(".[]", "[]");
            fields.push(Field {
                kind: self.kind(&resolved),
                required: is_required(&schema, name),
                description: with_words(described, &resolved),
                name: name_here.clone(),
            });
            self.collect(property, &format!("{name_here}."), fields, depth - 1);
        }
    }

    fn kind(self, schema: &Value) -> String {
        let kind = kind_of(schema).unwrap_or("any");
        match (kind, schema.get("items")) {
            ("array", Some(items)) => format!("array of {}", self.kind(&self.resolved(items))),
            ("string", _) if schema["format"] == "date-time" => "time".to_owned(),
            ("string", _) if schema["format"] == "date" => "date".to_owned(),
            _ => kind.to_owned(),
        }
    }

    fn made_up(self, schema: &Value, depth: usize) -> Value {
        let schema = self.resolved(schema);
        let own = schema.get("example").or_else(|| schema["examples"].get(0));
        if let Some(example) = own {
            return example.clone();
        }
        match kind_of(&schema) {
            Some("object") if depth > 0 => self.made_up_object(&schema, depth),
            Some("array") if depth > 0 => json!([self.made_up(&schema["items"], depth - 1)]),
            Some("object") => json!({}),
            Some("array") => json!([]),
            Some("integer" | "number") => json!(1),
            Some("boolean") => json!(true),
            _ if schema["format"] == "date-time" => json!("2026-01-31T09:30:00.000Z"),
            _ => json!("…"),
        }
    }

    /// The fields that are always there, and those that say themselves what they look like.
    fn made_up_object(self, schema: &Value, depth: usize) -> Value {
        let properties = schema["properties"].as_object().into_iter().flatten();
        let shown = properties.filter(|(name, property)| {
            let resolved = self.resolved(property);
            is_required(schema, name)
                || property.get("example").is_some()
                || resolved.get("properties").is_some()
        });
        shown.map(|(name, property)| (name.clone(), self.made_up(property, depth - 1))).collect()
    }
}

/// A description, and the words of which a value has to be one.
pub(super) fn with_words(description: &str, schema: &Value) -> String {
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => description.to_owned(),
        words => format!("{description} One of {}.", words.join(", ")).trim_start().to_owned(),
    }
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|names| names.iter().any(|required| required == name))
}

/// The type, leaving aside that it may be null.
fn kind_of(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => schema.get("properties").map(|_| "object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Value {
        json!({ "components": { "schemas": {
            "Part": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": { "type": "integer", "description": "How large", "example": 7 },
                    "spare": { "type": ["string", "null"] },
                },
            },
            "Whole": { "allOf": [
                { "$ref": "#/components/schemas/Part" },
                {
                    "type": "object",
                    "required": ["parts"],
                    "properties": {
                        "parts": {
                            "type": "array",
                            "items": { "$ref": "#/components/schemas/Part" },
                        },
                        "best": { "oneOf": [
                            { "type": "null" }, { "$ref": "#/components/schemas/Part" },
                        ] },
                    },
                },
            ] },
            "Circle": {
                "type": "object",
                "required": ["inner"],
                "properties": { "inner": { "$ref": "#/components/schemas/Circle" } },
            },
        } } })
    }

    fn reference(name: &str) -> Value {
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    #[test]
    fn fields_are_listed_through_references_parts_and_lists() {
        let description = description();
        let fields = Schemas(&description).fields(&reference("Whole"));
        let listed: Vec<_> =
            fields.iter().map(|f| (f.name.as_str(), f.kind.as_str(), f.required)).collect();
        assert_eq!(
            listed,
            [
                ("size", "integer", true),
                ("spare", "string", false),
                ("parts", "array of object", true),
                ("parts[].size", "integer", true),
                ("parts[].spare", "string", false),
                ("best", "object", false),
                ("best.size", "integer", true),
                ("best.spare", "string", false),
            ]
        );
        assert_eq!(fields[0].description, "How large");
    }

    #[test]
    fn the_words_that_a_field_may_hold_are_told() {
        let schema = json!({ "type": ["string", "null"], "enum": ["a", "b", null] });
        assert_eq!(with_words("Which.", &schema), "Which. One of `a`, `b`.");
        assert_eq!(with_words("", &schema), "One of `a`, `b`.");
        assert_eq!(with_words("Any.", &json!({ "type": "string" })), "Any.");
    }

    #[test]
    fn an_example_is_made_of_the_fields_examples() {
        let description = description();
        let example = Schemas(&description).example(&reference("Whole"));
        assert_eq!(example, json!({ "size": 7, "parts": [{ "size": 7 }], "best": { "size": 7 } }));
    }

    #[test]
    fn a_circle_of_references_ends() {
        let description = description();
        assert_eq!(Schemas(&description).fields(&reference("Circle")).len(), DEEPEST);
        assert!(Schemas(&description).example(&reference("Circle")).is_object());
    }
}
