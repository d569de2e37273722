//! The members of an object that are in the order in which they came.
//!
//! Most objects have a dozen members. For those a plain list, searched from its beginning, is
//! built and read faster than a hash table; reading bodies is on the path of every event. An object
//! with many members becomes a hash table, so that no number of keys makes a look-up slow.

use std::{mem, slice};

use indexmap::IndexMap;
use indexmap::map as index_map;

use super::Value;

/// Up to how many members are kept as a list: about where hashing a key begins to cost less than
/// comparing it with half of the others.
const FEW: usize = 32;

#[derive(Clone)]
pub(super) enum Named {
    Few(Vec<(String, Value)>),
    Many(IndexMap<String, Value>),
}

impl Named {
    /// Sets a member, and returns the value it had. A key that is there already keeps its place.
    pub(super) fn insert(&mut self, key: String, value: Value) -> Option<Value> {
        let list = match self {
            Self::Many(map) => return map.insert(key, value),
            Self::Few(list) => list,
        };
        if let Some((_, present)) = list.iter_mut().find(|(other, _)| *other == key) {
            return Some(mem::replace(present, value));
        }
        list.push((key, value));
        if list.len() > FEW {
            *self = Self::Many(mem::take(list).into_iter().collect());
        }
        None
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Few(list) => list.iter().find(|(other, _)| other == key).map(|(_, value)| value),
            Self::Many(map) => map.get(key),
        }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        match self {
            Self::Few(list) => {
                list.iter_mut().find(|(other, _)| other == key).map(|(_, value)| value)
            }
            Self::Many(map) => map.get_mut(key),
        }
    }

    /// Takes a member out; the others keep their order.
    pub(super) fn remove(&mut self, key: &str) -> Option<Value> {
        match self {
            Self::Few(list) => {
                let position = list.iter().position(|(other, _)| other == key)?;
                Some(list.remove(position).1)
            }
            Self::Many(map) => map.shift_remove(key),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(list) => list.len(),
            Self::Many(map) => map.len(),
        }
    }

    pub(super) fn iter(&self) -> NamedIter<'_> {
        match self {
            Self::Few(list) => NamedIter::Few(list.iter()),
            Self::Many(map) => NamedIter::Many(map.iter()),
        }
    }
}

impl Default for Named {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

#[derive(Clone, Debug)]
pub(super) enum NamedIter<'a> {
    Few(slice::Iter<'a, (String, Value)>),
    Many(index_map::Iter<'a, String, Value>),
}

impl<'a> Iterator for NamedIter<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(list) => list.next().map(|(key, value)| (key.as_str(), value)),
            Self::Many(map) => map.next().map(|(key, value)| (key.as_str(), value)),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(list) => list.size_hint(),
            Self::Many(map) => map.size_hint(),
        }
    }
}
