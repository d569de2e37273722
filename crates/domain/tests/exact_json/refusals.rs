//! What is refused, where, and in which words: the words reach the person who has to fix it.

use herald_domain::exact_json::{MAX_DEPTH, Problem, parse};

fn refusal(text: &[u8]) -> (String, String) {
    match parse(text) {
        Ok(value) => panic!("{} was accepted as {value:?}", text.escape_ascii()),
        Err(error) => (error.path.clone(), error.to_string()),
    }
}

/// The text, the path of the culprit, and what follows the path in the message.
type Row = (&'static str, &'static str, &'static str);

fn check(rows: &[Row]) {
    for &(text, path, words) in rows {
        let message = if path.is_empty() { words.to_owned() } else { format!("{path}: {words}") };
        assert_eq!(refusal(text.as_bytes()), (path.to_owned(), message), "{text}");
    }
}

#[test]
fn numbers_that_a_double_would_change_are_refused_by_path() {
    check(&[
        (
            r#"{"payload":{"items":[1,2,3,{"amount":9007199254740993}]}}"#,
            "payload.items[3].amount",
            "9007199254740993 would become 9007199254740992; send it as a string (at byte 37)",
        ),
        (
            "[-9007199254740993.0]",
            "[0]",
            "-9007199254740993.0 would become -9007199254740992; send it as a string (at byte 1)",
        ),
        (
            "1152921504606846976",
            "",
            "1152921504606846976 would become 1152921504606847000; send it as a string (at byte 0)",
        ),
        (
            "90071992547409.93",
            "",
            "90071992547409.93 would become 90071992547409.94; send it as a string (at byte 0)",
        ),
        (
            "3.14159265358979323846",
            "",
            "3.14159265358979323846 would become 3.141592653589793; send it as a string (at byte 0)",
        ),
        // Two shortest texts are equally near this double, and JavaScript writes the even one.
        (
            "1134725827128777.3",
            "",
            "1134725827128777.3 would become 1134725827128777.2; send it as a string (at byte 0)",
        ),
        ("1e400", "", "1e400 is beyond the range of a double (at byte 0)"),
        (
            "-1e99999999999999999999",
            "",
            "-1e99999999999999999999 is beyond the range of a double (at byte 0)",
        ),
        (r#"{"a":1e-400}"#, "a", "1e-400 is too small for a double and would become 0 (at byte 5)"),
        ("3e-324", "", "3e-324 would become 5e-324; send it as a string (at byte 0)"),
    ]);
}

#[test]
fn numbers_that_keep_their_value_are_accepted_in_any_spelling() {
    for (literal, written) in [
        ("1.0", "1"),
        ("-0", "0"),
        ("-0.0e7", "0"),
        ("0e99999999999999999999", "0"),
        ("1e21", "1e+21"),
        ("100000000000000000000", "100000000000000000000"),
        ("1000000000000000000000", "1e+21"),
        ("1E+300", "1e+300"),
        ("1e-7", "1e-7"),
        ("0.0000010", "0.000001"),
        ("9007199254740992", "9007199254740992"),
        ("9007199254740994", "9007199254740994"),
        ("18014398509481984", "18014398509481984"),
        ("1152921504606847000", "1152921504606847000"),
        ("0.1", "0.1"),
        ("19.90", "19.9"),
        ("0.10000000000000001", "0.1"),
        ("0.1000000000000000055511151231257827021181583404541015625", "0.1"),
        ("4.9E-324", "5e-324"),
        ("2.2250738585072014E-308", "2.2250738585072014e-308"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ] {
        let value = parse(literal.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(String::from_utf8(value.to_bytes()).unwrap(), written, "{literal}");
    }
}

#[test]
fn a_key_that_comes_twice_is_refused_by_name_in_whatever_spelling() {
    check(&[
        (r#"{"a":1,"b":2,"a":1}"#, "a", "the key occurs twice in its object (at byte 13)"),
        (
            r#"{"o":[{"a":1,"\u0061":2}]}"#,
            "o[0].a",
            "the key occurs twice in its object (at byte 13)",
        ),
        (r#"{"7":1,"7":2}"#, r#"["7"]"#, "the key occurs twice in its object (at byte 7)"),
        (
            r#"{"__proto__":1,"__proto__":2}"#,
            "__proto__",
            "the key occurs twice in its object (at byte 15)",
        ),
    ]);
}

#[test]
fn text_that_is_not_json_is_refused_where_it_goes_wrong() {
    check(&[
        ("", "", "the text ends where a value was expected (at byte 0)"),
        (" \n", "", "the text ends where a value was expected (at byte 2)"),
        ("NaN", "", "expected a value (at byte 0)"),
        ("-Infinity", "", "expected a digit (at byte 1)"),
        ("+1", "", "expected a value (at byte 0)"),
        (".5", "", "expected a value (at byte 0)"),
        ("5.", "", "the text ends where a digit was expected (at byte 2)"),
        ("[1.e5]", "[0]", "expected a digit (at byte 3)"),
        ("1e+", "", "the text ends where a digit was expected (at byte 3)"),
        ("-", "", "the text ends where a digit was expected (at byte 1)"),
        ("007", "", "a number must not start with a needless zero (at byte 0)"),
        (r#"{"a":-01}"#, "a", "a number must not start with a needless zero (at byte 5)"),
        ("0x10", "", "there is more text after the value (at byte 1)"),
        ("1 2", "", "there is more text after the value (at byte 2)"),
        ("{}\u{a0}", "", "there is more text after the value (at byte 2)"),
        ("\u{feff}{}", "", "the text starts with a byte order mark (at byte 0)"),
        ("nul", "", "the text ends where null was expected (at byte 3)"),
        ("[True]", "[0]", "expected a value (at byte 1)"),
        ("[tru]", "[0]", "expected true (at byte 4)"),
        ("[1,]", "[1]", "expected a value (at byte 3)"),
        ("[1 2]", "", "expected `,` or `]` (at byte 3)"),
        ("[[1]", "", "the text ends where `,` or `]` was expected (at byte 4)"),
        (r#"{"a":1,}"#, "", "expected a key in quotes (at byte 7)"),
        (r"{a:1}", "", "expected a key in quotes (at byte 1)"),
        (r#"{"a" 1}"#, "a", "expected `:` (at byte 5)"),
        (r#"{"a":}"#, "a", "expected a value (at byte 5)"),
        (r#"{"a":{"b":1"#, "a", "the text ends where `,` or `}` was expected (at byte 11)"),
        ("['a']", "[0]", "expected a value (at byte 1)"),
        ("[1]//", "", "there is more text after the value (at byte 3)"),
    ]);
}

#[test]
fn strings_that_have_no_unicode_text_are_refused() {
    check(&[
        (
            r#"{"a":"x\ud800"}"#,
            "a",
            "a \\u escape names one half of a surrogate pair without the other (at byte 7)",
        ),
        (
            r#"["\uDC00\ud800"]"#,
            "[0]",
            "a \\u escape names one half of a surrogate pair without the other (at byte 2)",
        ),
        (
            r#"["\ud83d\u0041"]"#,
            "[0]",
            "a \\u escape names one half of a surrogate pair without the other (at byte 2)",
        ),
        (
            r#"{"k":{"\udfff":1}}"#,
            "k",
            "a \\u escape names one half of a surrogate pair without the other (at byte 7)",
        ),
        (
            "[\"a\nb\"]",
            "[0]",
            "the control character U+000A must be escaped in a string (at byte 3)",
        ),
        ("\"\0\"", "", "the control character U+0000 must be escaped in a string (at byte 1)"),
        (r#""\x41""#, "", "unknown escape in a string (at byte 1)"),
        (r#""\u+041""#, "", "unknown escape in a string (at byte 1)"),
        (r#""\u12"#, "", "the text ends where a hex digit was expected (at byte 5)"),
        (r#""abc"#, "", "the text ends where the end of a string was expected (at byte 4)"),
        (r#""abc\"#, "", "the text ends where an escape was expected (at byte 5)"),
    ]);
}

#[test]
fn bytes_that_are_not_utf8_are_refused_by_path() {
    let rows: [(&[u8], &str, usize); 6] = [
        (b"{\"a\":[\"x\xff\"]}", "a[0]", 8),
        (b"{\"a\":[\"\xed\xa0\x80\"]}", "a[0]", 7),
        (b"{\"a\":\"\xc0\xaf\"}", "a", 6),
        (b"[1]\xff", "", 3),
        (b"\xff\xfe[\0]\0", "", 0),
        (b"\"\xf0\x9f\x98", "", 1),
    ];
    for (bytes, path, offset) in rows {
        let error = parse(bytes).unwrap_err();
        assert_eq!(
            (error.path.as_str(), error.offset, &error.problem),
            (path, offset, &Problem::NotUtf8),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn a_path_quotes_keys_that_are_not_plain_words() {
    let long = "k".repeat(100);
    for (key, step) in [
        ("two-words_$1", "two-words_$1"),
        ("a.b", r#"["a.b"]"#),
        ("", r#"[""]"#),
        ("1st", r#"["1st"]"#),
        ("größe", r#"["größe"]"#),
        ("a\r\nb\"", r#"["a\r\nb\""]"#),
        (&long, &format!(r#"["{}…"]"#, &long[..64])),
    ] {
        let mut quoted = Vec::new();
        herald_domain::exact_json::write_string(key, &mut quoted);
        let quoted = String::from_utf8(quoted).unwrap();
        for (before, after, path) in
            [(r#"{"x":["#, "]}", format!("x[0]{}", joined(step))), ("", "", step.to_owned())]
        {
            let text = format!("{before}{{{quoted}:1e999}}{after}");
            assert_eq!(refusal(text.as_bytes()).0, path);
        }
        let nested = format!(r"{{{quoted}:{{{quoted}:[[1e999]]}}}}");
        assert_eq!(refusal(nested.as_bytes()).0, format!("{step}{}[0][0]", joined(step)));
    }
}

/// A step as it follows another one.
fn joined(step: &str) -> String {
    if step.starts_with('[') { step.to_owned() } else { format!(".{step}") }
}

#[test]
fn nesting_is_allowed_to_the_limit_and_no_further_however_deep_it_is() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());

    let error = parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(error.problem, Problem::TooDeep);
    assert_eq!((error.offset, error.path), (MAX_DEPTH, "[0]".repeat(MAX_DEPTH)));

    for bomb in ["[".repeat(2_000_000), r#"{"a":"#.repeat(1_000_000)] {
        assert_eq!(parse(bomb.as_bytes()).unwrap_err().problem, Problem::TooDeep);
    }
    assert!(refusal(r#"{"a":"#.repeat(129).as_bytes()).1.contains("more than 128 levels deep"));
}

#[test]
fn a_long_literal_is_quoted_clipped() {
    let (_, message) = refusal("9".repeat(100_000).as_bytes());
    let expected = format!("{}… is beyond the range of a double (at byte 0)", "9".repeat(64));
    assert_eq!(message, expected);
    let (_, message) = refusal(format!("0.{}", "3".repeat(100_000)).as_bytes());
    assert!(
        message.len() < 200 && message.contains("would become 0.3333333333333333;"),
        "{message}"
    );
}
