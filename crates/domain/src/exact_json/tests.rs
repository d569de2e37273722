//! What the public functions can't show: order and equality of objects built in code, the
//! constructors of numbers, values inside serde_json's structs.

use serde::{Deserialize, Serialize};

use super::decimal::Decimal;
use super::{Number, Object, Value, parse, write_string};

fn object(keys: &[&str]) -> Object {
    keys.iter().map(|&key| (key.to_owned(), Value::from(key))).collect()
}

fn text(value: &Value) -> String {
    String::from_utf8(value.to_bytes()).unwrap()
}

#[test]
fn array_indices_come_first_in_ascending_order_and_names_as_they_came() {
    let given = ["b", "10", "01", "9", "4294967295", "a", "4294967294", "-1", "0", "1.5", "", "+2"];
    let expected =
        ["0", "9", "10", "4294967294", "b", "01", "4294967295", "a", "-1", "1.5", "", "+2"];
    assert_eq!(object(&given).keys().collect::<Vec<_>>(), expected);
}

#[test]
fn every_member_can_be_found_replaced_and_removed_whichever_kind_of_key_it_has() {
    let mut members = object(&["x", "1", "y", "0", "z"]);
    assert_eq!(members.len(), 5);
    for key in ["x", "1"] {
        assert_eq!(members.get(key), Some(&Value::from(key)));
        assert_eq!(members.insert(key.to_owned(), Value::Null), Some(Value::from(key)));
        assert_eq!(members.get(key), Some(&Value::Null));
    }
    assert_eq!(text(&members.clone().into()), r#"{"0":"0","1":null,"x":null,"y":"y","z":"z"}"#);

    assert_eq!(members.remove("x"), Some(Value::Null));
    assert_eq!(members.remove("0"), Some(Value::from("0")));
    assert_eq!(members.remove("0"), None);
    assert_eq!(members.get("x"), None);
    assert_eq!(members.keys().collect::<Vec<_>>(), ["1", "y", "z"]);
    assert_eq!(members.iter().len(), 3);
    assert!(!members.is_empty() && Object::new().is_empty());
}

#[test]
fn objects_are_equal_only_if_they_are_written_alike() {
    assert_eq!(object(&["a", "2", "1"]), object(&["1", "a", "2"]));
    assert_ne!(object(&["a", "b"]), object(&["b", "a"]));
    assert_ne!(object(&["a"]), object(&["a", "b"]));
}

#[test]
fn numbers_from_code_obey_the_same_rule_as_literals() {
    for (integer, accepted) in [
        (0, true),
        (-1, true),
        (9_007_199_254_740_992, true),
        (9_007_199_254_740_993, false),
        (9_007_199_254_740_994, true),
        (-9_007_199_254_740_993, false),
        (1 << 60, false),
        (1_152_921_504_606_847_000, true),
        (i64::MAX, false),
        (i64::MIN, false),
    ] {
        let literal = parse(integer.to_string().as_bytes());
        let number = Number::try_from(integer);
        assert_eq!(number.is_ok(), accepted, "{integer}");
        assert_eq!(literal.ok().and_then(|value| value.as_number()), number.ok(), "{integer}");
    }
    assert!(Number::try_from(u64::MAX).is_err());
    assert_eq!(Number::try_from(7_u64), Ok(Number::from(7_u32)));
    assert_eq!(Number::from_f64(f64::NAN), None);
    assert_eq!(Number::from_f64(f64::NEG_INFINITY), None);
}

#[test]
fn minus_zero_is_zero() {
    let zero = Number::from_f64(-0.0).unwrap();
    assert_eq!(zero.to_string(), "0");
    assert!(zero.as_f64().is_sign_positive());
    assert_eq!(text(&parse(b"[-0,-0.0,-0e9]").unwrap()), "[0,0,0]");
}

#[test]
fn a_value_takes_no_more_than_four_words() {
    assert!(size_of::<Value>() <= 4 * size_of::<usize>());
}

#[test]
fn spellings_of_one_number_are_one_decimal() {
    for same in [
        ["1.50", "15e-1", "0.015E+2"],
        ["-1e3", "-1000", "-1000.000e0"],
        ["0", "-0.000", "0e99999999999999999999"],
    ] {
        assert!(same.iter().all(|other| Decimal::of(other) == Decimal::of(same[0])), "{same:?}");
    }
    for other in ["-1", "1e1", "1.1", "0.1", "11", "0"] {
        assert_ne!(Decimal::of("1"), Decimal::of(other));
    }
    assert!(Decimal::of("1.5e1").is_integer() && !Decimal::of("1.55e1").is_integer());
}

#[test]
fn only_the_escapes_of_javascript_are_written() {
    let mut out = Vec::new();
    write_string("\"\\/\u{8}\u{c}\n\r\t\0\u{1f}\u{7f}é\u{2028}😀<>&'", &mut out);
    let expected = "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7f}é\u{2028}😀<>&'\"";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[derive(Debug, Deserialize, Serialize)]
struct Request {
    name: String,
    payload: Value,
}

#[test]
fn a_value_inside_a_struct_keeps_its_exact_spelling() {
    let sent = r#"{"name":"n","payload":{"b": 1.0, "1": [1e21, 0.000001, "\/"], "a": 1E400}}"#;
    let refused = serde_json::from_str::<Request>(sent).unwrap_err().to_string();
    assert!(refused.starts_with("a: 1E400 is beyond the range of a double"), "{refused}");

    let request: Request = serde_json::from_str(&sent.replace("1E400", "100e-2")).unwrap();
    assert_eq!(
        serde_json::to_string(&request).unwrap(),
        r#"{"name":"n","payload":{"1":[1e+21,0.000001,"/"],"b":1,"a":1}}"#
    );
}

#[test]
fn helpers_see_only_their_own_kind() {
    let mut value = parse(br#"{"t":true,"n":null,"i":-3,"s":"x","a":[1]}"#).unwrap();
    let get = |key: &str| value.get(key).unwrap();
    assert_eq!(get("t").as_bool(), Some(true));
    assert_eq!(get("i").as_number().map(Number::as_f64), Some(-3.0));
    assert_eq!(get("s").as_str(), Some("x"));
    assert_eq!(get("a").as_array(), Some(&[Value::from(1)][..]));
    assert!(get("n").is_null() && !get("a").is_null());
    assert!(get("s").as_number().is_none() && get("i").as_str().is_none());
    assert!(get("s").get("t").is_none() && value.get("missing").is_none());
    value.as_object_mut().unwrap().remove("a");
    assert_eq!(text(&value), r#"{"t":true,"n":null,"i":-3,"s":"x"}"#);
}
