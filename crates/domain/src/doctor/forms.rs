//! Other spellings of the same JSON: what a body may have been before somebody parsed it and wrote
//! it anew, or a tool put a line break behind it.

use crate::exact_json::{Value, parse, write_string};

/// The other forms that a body may have had. None of them is the body itself, and none is more
/// than about twice as long: what only blows up when it is indented was never sent so.
pub(super) fn others(body: &[u8]) -> Vec<Vec<u8>> {
    let trimmed = body.trim_ascii().to_vec();
    let mut forms = vec![with_break(&trimmed), trimmed];
    if let Ok(value) = parse(body) {
        let compact = value.to_bytes();
        forms.extend([with_break(&compact), compact]);
        let spaced = Style { comma: ", ", colon: ": ", indent: None };
        let indented = ["  ", "    ", "\t"].map(|indent| Style {
            comma: ",",
            colon: ": ",
            indent: Some(indent),
        });
        let most = 2 * body.len() + 1024;
        let styles = [spaced].into_iter().chain(indented);
        forms.extend(styles.filter_map(|style| written(&value, &style, most)));
    }
    forms.retain(|form| form != body);
    forms
}

fn with_break(form: &[u8]) -> Vec<u8> {
    [form, b"\n"].concat()
}

/// What stands between the parts.
struct Style {
    comma: &'static str,
    colon: &'static str,
    /// Of a member on a line of its own.
    indent: Option<&'static str>,
}

/// The value in this style, unless that is longer than `most`.
fn written(value: &Value, style: &Style, most: usize) -> Option<Vec<u8>> {
    let mut pen = Pen { style, most, out: Vec::new() };
    pen.write(value, 0);
    (pen.out.len() <= most).then_some(pen.out)
}

struct Pen<'a> {
    style: &'a Style,
    /// Beyond so many bytes nothing is written any more.
    most: usize,
    out: Vec<u8>,
}

impl Pen<'_> {
    fn write(&mut self, value: &Value, depth: usize) {
        if self.out.len() > self.most {
            return;
        }
        match value {
            Value::Array(items) if !items.is_empty() => {
                self.out.push(b'[');
                for (place, item) in items.iter().enumerate() {
                    self.part(place, depth + 1);
                    self.write(item, depth + 1);
                }
                self.line(depth);
                self.out.push(b']');
            }
            Value::Object(members) if !members.is_empty() => {
                self.out.push(b'{');
                for (place, (name, member)) in members.iter().enumerate() {
                    self.part(place, depth + 1);
                    write_string(name, &mut self.out);
                    self.out.extend_from_slice(self.style.colon.as_bytes());
                    self.write(member, depth + 1);
                }
                self.line(depth);
                self.out.push(b'}');
            }
            leaf => leaf.write(&mut self.out),
        }
    }

    /// The beginning of the part at this place.
    fn part(&mut self, place: usize, depth: usize) {
        if self.out.len() > self.most {
            return;
        }
        if place > 0 {
            self.out.extend_from_slice(self.style.comma.as_bytes());
        }
        self.line(depth);
    }

    fn line(&mut self, depth: usize) {
        if let Some(indent) = self.style.indent {
            self.out.push(b'\n');
            self.out.extend_from_slice(indent.repeat(depth).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_writers_are_among_the_forms() {
        let forms = others(br#"{"a" :[1,{}],  "b":{"c":"\u00e9"}}"#);
        for form in [
            "{\"a\":[1,{}],\"b\":{\"c\":\"é\"}}",
            "{\"a\": [1, {}], \"b\": {\"c\": \"é\"}}",
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": \"é\"\n  }\n}",
            "{\"a\":[1,{}],\"b\":{\"c\":\"é\"}}\n",
        ] {
            assert!(forms.iter().any(|found| found == form.as_bytes()), "{form}");
        }
    }

    #[test]
    fn a_body_is_none_of_its_own_forms_and_what_is_no_json_is_only_trimmed() {
        let body = br#"{"a":1}"#;
        assert!(others(body).iter().all(|form| form != body));
        assert_eq!(others(b" text\n"), [b"text\n".to_vec(), b"text".to_vec()]);
    }

    #[test]
    fn a_body_that_only_blows_up_costs_little() {
        let body = format!("{}1{}{}", "[".repeat(100), ",1".repeat(50_000), "]".repeat(100));
        assert!(others(body.as_bytes()).iter().all(|form| form.len() <= 2 * body.len() + 1024));
    }
}
