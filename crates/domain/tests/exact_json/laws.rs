//! Laws that hold for every value and every input.

use herald_domain::exact_json::{Object, Value, parse};
use proptest::collection::vec;
use proptest::prelude::*;

use super::generate;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_written_reads_back_as_the_same_value(value in generate::value()) {
        prop_assert_eq!(parse(&value.to_bytes()), Ok(value));
    }

    #[test]
    fn a_document_in_any_spelling_is_accepted_and_written_in_one(text in generate::document()) {
        let once = parse(text.as_bytes()).map_err(|e| TestCaseError::fail(e.to_string()))?.to_bytes();
        let twice = parse(&once).unwrap().to_bytes();
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn equal_values_are_exactly_those_with_equal_bytes(
        one in generate::value(), other in generate::value(),
    ) {
        prop_assert_eq!(one == other, one.to_bytes() == other.to_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..64)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn an_error_points_into_the_text(text in generate::damaged_document(), cut in any::<prop::sample::Index>()) {
        let bytes = &text.as_bytes()[..cut.index(text.len() + 1)];
        if let Err(error) = parse(bytes) {
            prop_assert!(error.offset <= bytes.len(), "{}", error);
        }
    }

    #[test]
    fn an_object_of_any_size_behaves_as_a_list_of_members(
        changes in vec((0..90_i32, any::<bool>(), any::<i32>()), 0..200),
    ) {
        let mut object = Object::new();
        let mut list: Vec<(String, Value)> = Vec::new();
        for (name, is_index, number) in changes {
            let key = if is_index { name.to_string() } else { format!("k{name}") };
            let position = list.iter().position(|(other, _)| *other == key);
            // One change in four takes a member out.
            if number % 4 == 0 {
                let removed = position.map(|position| list.remove(position).1);
                prop_assert_eq!(object.remove(&key), removed);
                prop_assert_eq!(object.get(&key), None);
                continue;
            }
            let value = Value::from(number);
            let replaced = position.map(|at| std::mem::replace(&mut list[at].1, value.clone()));
            if replaced.is_none() {
                list.push((key.clone(), value.clone()));
            }
            prop_assert_eq!(object.insert(key.clone(), value.clone()), replaced);
            prop_assert_eq!(object.get(&key), Some(&value));
        }
        // Indices first, in order; a stable sort leaves the names as they came.
        list.sort_by_key(|(key, _)| key.parse().unwrap_or(u32::MAX));
        let listed = list.iter().map(|(key, value)| (key.as_str(), value));
        prop_assert!(object.iter().eq(listed), "{object:?} is not {list:?}");
        prop_assert_eq!(object.len(), list.len());
        prop_assert_eq!(object.iter().len(), list.len());
    }

    #[test]
    fn strings_and_keys_keep_every_character(text in any::<String>()) {
        let object = Value::Object([(text.clone(), Value::String(text.clone()))].into_iter().collect());
        let read = parse(&object.to_bytes()).unwrap();
        prop_assert_eq!(read.get(&text).and_then(Value::as_str), Some(text.as_str()));
    }
}
