//! Generated JSON that goes where the traps are: every way of spelling a number, an escape or a
//! space, keys that JavaScript reorders, characters that other writers escape.

use std::collections::HashSet;

use herald_domain::exact_json::{Number, Value};
use proptest::collection::vec;
use proptest::num::f64 as doubles;
use proptest::prelude::*;
use proptest::sample::select;

const TRICKY_KEYS: [&str; 20] = [
    "0",
    "1",
    "9",
    "10",
    "00",
    "01",
    "007",
    "4294967294",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "-0",
    "-1",
    "+1",
    "1.5",
    "1e3",
    " 1",
    "",
    "__proto__",
    "toJSON",
];

const TRICKY_CHARACTERS: [char; 20] = [
    '\0', '\u{8}', '\t', '\n', '\u{b}', '\u{c}', '\r', '\u{1f}', '"', '\\', '/', '<', '\u{7f}',
    '\u{80}', 'é', '\u{2028}', '\u{2029}', '\u{feff}', '\u{ffff}', '😀',
];

/// A finite double of any magnitude, subnormal ones and both zeros included.
pub(super) fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => doubles::POSITIVE | doubles::NEGATIVE | doubles::NORMAL | doubles::SUBNORMAL | doubles::ZERO,
        1 => any::<i32>().prop_map(f64::from),
        1 => (-1_000_000..1_000_000).prop_map(|cents| f64::from(cents) / 100.0),
    ]
}

fn number(double: f64) -> Number {
    Number::from_f64(double).expect("only finite doubles are generated")
}

/// A value built in code.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        double().prop_map(|double| Value::Number(number(double))),
        vec(character(), 0..12).prop_map(|text| Value::String(text.into_iter().collect())),
    ];
    leaf.prop_recursive(5, 48, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::Array),
            vec((key(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The text of a document that must be accepted, in any spelling that JSON allows.
pub(super) fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        kept_literal(),
        vec(character(), 0..12).prop_flat_map(spelled_string),
    ];
    leaf.prop_recursive(5, 48, 8, |inner| prop_oneof![array_of(inner.clone()), object_of(inner)])
}

/// An array in some spelling; `value` makes the text of an item.
fn array_of(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    vec((space(), value, space()), 0..8).prop_map(|items| {
        let items: Vec<_> =
            items.iter().map(|(sp, item, tab)| format!("{sp}{item}{tab}")).collect();
        format!("[{}]", items.join(","))
    })
}

/// An object in some spelling, no key twice; `value` makes the text of a member's value.
fn object_of(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let keys = vec(key(), 0..8).prop_flat_map(|keys| {
        let mut seen = HashSet::new();
        let unique = keys.into_iter().filter(|key| seen.insert(key.clone()));
        unique.map(|key| spelled_string(key.chars().collect())).collect::<Vec<_>>()
    });
    (keys, vec((space(), value, space()), 8)).prop_map(|(keys, values)| {
        let spell = |(key, (sp, value, tab)): (&String, &(String, String, String))| {
            format!("{sp}{key}{tab}:{sp}{value}{tab}")
        };
        let members: Vec<_> = keys.iter().zip(&values).map(spell).collect();
        format!("{{{}}}", members.join(","))
    })
}

/// A document with one accident: a character lost, doubled, or replaced by something likely.
pub(super) fn damaged_document() -> impl Strategy<Value = String> {
    let likely = select(vec![
        "", "", ",", ":", "]", "}", "\"", "\\", "0", "-", "+", ".", "e", "\u{b}", "\u{a0}", "x",
        "[", "{", "1", "\\u", "\n",
    ]);
    (document(), any::<prop::sample::Index>(), likely, any::<bool>()).prop_map(
        |(document, place, likely, keep)| {
            let characters: Vec<_> = document.char_indices().collect();
            let &(at, hit) = place.get(&characters);
            let kept = if keep { hit.to_string() } else { String::new() };
            format!("{}{kept}{likely}{}", &document[..at], &document[at + hit.len_utf8()..])
        },
    )
}

/// A number literal that denotes what a double's shortest text denotes.
fn kept_literal() -> impl Strategy<Value = String> {
    (double(), 0..5).prop_map(|(double, style)| {
        let shortest = format!("{double:e}");
        let digits =
            shortest.chars().take_while(|&c| c != 'e').filter(char::is_ascii_digit).count();
        // Two shortest texts may be equally near: JavaScript takes the even one, as rounding to that
        // many digits does, and Rust's own shortest text is the other.
        let even = format!("{double:.*e}", digits - 1);
        let is_even = shortest == even;
        match style {
            0 if is_even => format!("{double}"),
            1 => even,
            2 => even.replace('e', "E+").replace("E+-", "E-0"),
            3 if is_even && !format!("{double}").contains('.') => format!("{double}.00"),
            _ => number(double).to_string(),
        }
    })
}

/// Any number literal, with many that a double can't carry.
pub(super) fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        kept_literal(),
        any::<i64>().prop_map(|integer| integer.to_string()),
        (1_u64 << 53..1 << 56).prop_map(|integer| integer.to_string()),
        (double(), 14..25_usize).prop_map(|(double, digits)| format!("{double:.digits$e}")),
        // Sums of money and measurements, some with more digits than a double has.
        "[1-9][0-9]{8,15}\\.[0-9]{1,3}",
        "0\\.[0-9]{12,20}",
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?",
        "-?[1-9](\\.[0-9]{1,19})?e-?3[0-2][0-9]",
    ]
}

fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        3 => proptest::char::range(' ', '~'),
        2 => select(TRICKY_CHARACTERS.to_vec()),
        1 => any::<char>(),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(TRICKY_KEYS.to_vec()).prop_map(str::to_owned),
        1 => any::<u32>().prop_map(|index| index.to_string()),
        2 => vec(character(), 0..6).prop_map(|text| text.into_iter().collect()),
    ]
}

fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}

/// The text as a JSON string, each character in one of the spellings it has.
fn spelled_string(text: Vec<char>) -> impl Strategy<Value = String> {
    vec(0..6, text.len()).prop_map(move |styles| {
        let spelled = text.iter().zip(styles).map(|(&character, style)| spelled(character, style));
        format!("\"{}\"", spelled.collect::<String>())
    })
}

fn spelled(character: char, style: i32) -> String {
    let units = |upper: bool| -> String {
        let escape = |unit: &mut u16| {
            if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") }
        };
        character.encode_utf16(&mut [0; 2]).iter_mut().map(escape).collect()
    };
    let short = match character {
        '"' | '\\' | '/' => Some(character),
        '\u{8}' => Some('b'),
        '\u{c}' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        _ => None,
    };
    match (style, short) {
        (0, _) => units(true),
        (1, _) => units(false),
        (_, Some('/')) if style > 3 => "/".to_owned(),
        (_, Some(short)) => format!("\\{short}"),
        (_, None) if character < ' ' => units(false),
        (_, None) => character.to_string(),
    }
}
