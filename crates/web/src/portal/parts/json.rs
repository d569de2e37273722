//! JSON laid out for people. The tokens are the very ones that are stored and sent; only the space
//! between them is added here.

use maud::{Markup, html};
use serde::de::IgnoredAny;

use super::text;

/// Deeper than this, nothing is indented further: a payload may be nested thousands deep.
const DEEPEST: usize = 24;

/// One token, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    Text,
    Word,
    Mark,
}

/// Compact JSON in lines, each kind of token in its colour.
pub(crate) fn pretty(json: &str) -> Markup {
    let mut depth = 0_usize;
    html! {
        @for (kind, token) in tokens(json) {
            @let (before, after) = space(token, kind, &mut depth);
            (before)
            @match kind {
                Kind::Key => span.json-key { (text(token)) },
                Kind::Text => span.json-text { (text(token)) },
                Kind::Word => span.json-word { (text(token)) },
                Kind::Mark => (token),
            }
            (after)
        }
    }
}

/// A text of anybody's: laid out if it is JSON, else as it is.
pub(crate) fn pretty_if_json(content: &str) -> Markup {
    match serde_json::from_str::<IgnoredAny>(content) {
        Ok(_) => pretty(&compact(content)),
        Err(_) => text(content),
    }
}

/// JSON without the space between its tokens.
fn compact(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' { string(rest) } else { first.len_utf8() };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        if !first.is_ascii_whitespace() {
            compact.push_str(token);
        }
    }
    compact
}

fn line(depth: usize) -> String {
    format!("\n{}", "  ".repeat(depth.min(DEEPEST)))
}

/// What stands before and after a token.
fn space(token: &str, kind: Kind, depth: &mut usize) -> (String, String) {
    if kind != Kind::Mark {
        return (String::new(), String::new());
    }
    match token {
        "{" | "[" => {
            *depth += 1;
            (String::new(), line(*depth))
        }
        "}" | "]" => {
            *depth = depth.saturating_sub(1);
            (line(*depth), String::new())
        }
        "," => (String::new(), line(*depth)),
        ":" => (String::new(), " ".to_owned()),
        // `{}` and `[]` stay together.
        _ => (String::new(), String::new()),
    }
}

fn tokens(json: &str) -> Vec<(Kind, &str)> {
    let mut tokens = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string(rest),
            '{' | '[' if rest[1..].starts_with(['}', ']']) => 2,
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find(['{', '}', '[', ']', ',', ':', '"']).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        let kind = match first {
            '"' if rest.starts_with(':') => Kind::Key,
            '"' => Kind::Text,
            '{' | '}' | '[' | ']' | ',' | ':' => Kind::Mark,
            _ => Kind::Word,
        };
        tokens.push((kind, token));
    }
    tokens
}

/// The length of the string that begins here, quotes included.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(json: &str) -> String {
        let markup = pretty(json).into_string();
        let mut out = String::new();
        let mut inside = false;
        for character in markup.chars() {
            match character {
                '<' => inside = true,
                '>' => inside = false,
                c if !inside => out.push(c),
                _ => {}
            }
        }
        out.replace("&quot;", "\"")
    }

    #[test]
    fn json_is_laid_out_and_no_token_is_changed() {
        let json = r#"{"a":1e+21,"b":[],"c":{"d":["x",null]},"e":"{,:\"\\"}"#;
        let expected = "{\n  \"a\": 1e+21,\n  \"b\": [],\n  \"c\": {\n    \"d\": [\n      \"x\",\n      \
                        null\n    ]\n  },\n  \"e\": \"{,:\\\"\\\\\"\n}";
        assert_eq!(plain(json), expected);
    }

    #[test]
    fn what_somebody_has_laid_out_is_laid_out_anew_and_what_is_no_json_stays() {
        let theirs = "{ \"a b\" :\t[ 1e+2 ,\r\n \" \\\" \" ] }";
        let ours = r#"{"a b":[1e+2," \" "]}"#;
        assert_eq!(compact(theirs), ours);
        assert_eq!(pretty_if_json(theirs).into_string(), pretty(ours).into_string());
        let broken = pretty_if_json("{ <b>").into_string();
        assert_eq!(broken, "<bdi>{ &lt;b&gt;</bdi>");
    }

    #[test]
    fn markup_inside_is_text_and_what_is_no_json_is_shown_as_it_is() {
        assert!(pretty(r#"["<script>"]"#).into_string().contains("&lt;script&gt;"));
        assert_eq!(plain("not json, at \"all"), "not json,\n at \"all");
        assert_eq!(plain(&"[".repeat(1_000)).lines().last().map(str::len), Some(48));
    }
}
