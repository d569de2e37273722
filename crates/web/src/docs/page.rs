//! The page: what there is, group by group, each operation with all that it takes to call it.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::{
    markup::{inline, paragraphs},
    schema::{Field, Schemas, with_words},
};

/// Methods in the order in which they are shown.
const METHODS: [&str; 3] = ["get", "post", "delete"];

/// One operation of the description.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    details: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(&self.details["operationId"])
    }

    fn is_of(&self, group: &Value) -> bool {
        self.details["tags"].as_array().is_some_and(|tags| tags.contains(&group["name"]))
    }
}

/// The whole page.
pub(super) fn page(description: &Value, style: &'static str) -> Markup {
    let operations = operations(description);
    let groups = description["tags"].as_array().map_or(&[][..], Vec::as_slice);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (text(&description["info"]["title"])) " API" }
                // A style sheet's text is ours and holds no markup; escaped, it would not parse.
                style { (PreEscaped(style)) }
            }
            body {
                nav { (contents(groups, &operations)) }
                main {
                    (introduction(description))
                    @for group in groups {
                        section {
                            h2 { (text(&group["name"])) }
                            (paragraphs(text(&group["description"])))
                            @for operation in operations.iter().filter(|o| o.is_of(group)) {
                                (shown(operation, Schemas(description)))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn operations(description: &Value) -> Vec<Operation<'_>> {
    let paths = description["paths"].as_object().into_iter().flatten();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            if let Some(details) = item.get(method) {
                operations.push(Operation { method, path, details });
            }
        }
    }
    operations
}

fn introduction(description: &Value) -> Markup {
    let info = &description["info"];
    html! {
        h1 { (text(&info["title"])) }
        (paragraphs(text(&info["description"])))
        p {
            @if let Some(server) = description["servers"].get(0) {
                "Base URL: " code { (text(&server["url"])) } ". "
            }
            "For programs: " a href="/openapi.json" { "openapi.json" } "."
        }
    }
}

fn contents(groups: &[Value], operations: &[Operation<'_>]) -> Markup {
    html! {
        @for group in groups {
            strong { (text(&group["name"])) }
            ul {
                @for operation in operations.iter().filter(|o| o.is_of(group)) {
                    li { a href={ "#" (operation.id()) } { (text(&operation.details["summary"])) } }
                }
            }
        }
    }
}

fn shown(operation: &Operation<'_>, schemas: Schemas<'_>) -> Markup {
    let details = operation.details;
    let body = &details["requestBody"]["content"]["application/json"]["schema"];
    html! {
        article id=(operation.id()) {
            h3 { (text(&details["summary"])) }
            p .call {
                span class={ "method " (operation.method) } { (operation.method.to_uppercase()) }
                " " code { (operation.path) }
                span .key { (key(details)) }
            }
            (paragraphs(text(&details["description"])))
            (parameters(details))
            @if !body.is_null() {
                h4 { "Body" }
                (fields(&schemas.fields(body), true))
                (example(&schemas.example(body)))
            }
            (responses(details, schemas))
        }
    }
}

/// Which key it takes, in words.
fn key(details: &Value) -> &'static str {
    let takes = |name| {
        let schemes = details["security"].as_array().into_iter().flatten();
        schemes.filter_map(Value::as_object).any(|scheme| scheme.contains_key(name))
    };
    match (takes("accountKey"), takes("operatorKey")) {
        (true, _) => "account's key",
        (_, true) => "operator's key",
        _ => "no key",
    }
}

fn parameters(details: &Value) -> Markup {
    let all = details["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |parameter: &Value| Field {
        name: text(&parameter["name"]).to_owned(),
        kind: text(&parameter["in"]).to_owned(),
        required: parameter["required"] == true,
        description: with_words(text(&parameter["description"]), &parameter["schema"]),
    };
    let rows: Vec<Field> = all.iter().map(row).collect();
    html! {
        @if !rows.is_empty() {
            h4 { "Parameters" }
            (fields(&rows, true))
        }
    }
}

fn responses(details: &Value, schemas: Schemas<'_>) -> Markup {
    let all = details["responses"].as_object().into_iter().flatten();
    html! {
        @for (status, response) in all.filter(|(status, _)| *status != "default") {
            h4 { (status) " " (text(&response["description"])) }
            @let content = &response["content"]["application/json"];
            @if !content.is_null() {
                (fields(&schemas.fields(&content["schema"]), false))
                @match content.get("example") {
                    Some(own) => (example(own)),
                    None => (example(&schemas.example(&content["schema"]))),
                }
            }
        }
    }
}

/// A table of fields. What is always in an answer needs no mark; what a request must have does.
fn fields(fields: &[Field], to_send: bool) -> Markup {
    html! {
        @if !fields.is_empty() {
            table {
                @for field in fields {
                    tr {
                        th scope="row" { code { (field.name) } }
                        td {
                            span .kind {
                                (field.kind)
                                @if to_send && field.required { ", required" }
                                @if !to_send && !field.required { ", may be absent" }
                            }
                            " " (inline(&field.description))
                        }
                    }
                }
            }
        }
    }
}

fn example(value: &Value) -> Markup {
    html! { pre { code { (format!("{value:#}")) } } }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
