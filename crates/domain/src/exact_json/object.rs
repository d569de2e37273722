//! Objects in the order in which JavaScript lists their members.
//!
//! A JavaScript object lists the keys that are array indices first, in ascending order, and the
//! others after them, in the order in which they came (ECMAScript, OrdinaryOwnPropertyKeys). The
//! two kinds are kept apart here as they are there, so no insertion ever has to reorder anything,
//! and ten thousand keys in the worst order cost no more than in the best.

use std::collections::{BTreeMap, btree_map};
use std::fmt;

use super::Value;
use super::named::{Named, NamedIter};

/// The members of a JSON object: unique keys, in the order in which JavaScript lists them.
///
/// Boxed, so that a [`Value`] takes four words and not twelve: a text of `1,1,1,…` is what decides
/// how much memory a request can make us take.
#[derive(Clone, Default)]
pub struct Object(Box<Members>);

#[derive(Clone, Default)]
struct Members {
    /// Beside each index its text, so that all keys can be lent as `&str`.
    indexed: BTreeMap<u32, (String, Value)>,
    named: Named,
}

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a member, and returns the value it had. A key that is there already keeps its place.
    pub fn insert(&mut self, key: String, value: Value) -> Option<Value> {
        match array_index(&key) {
            Some(index) => self.0.indexed.insert(index, (key, value)).map(|(_, old)| old),
            None => self.0.named.insert(key, value),
        }
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match array_index(key) {
            Some(index) => self.0.indexed.get(&index).map(|(_, value)| value),
            None => self.0.named.get(key),
        }
    }

    /// The value under `key`, to be changed in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        match array_index(key) {
            Some(index) => self.0.indexed.get_mut(&index).map(|(_, value)| value),
            None => self.0.named.get_mut(key),
        }
    }

    /// Takes a member out; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        match array_index(key) {
            Some(index) => self.0.indexed.remove(&index).map(|(_, value)| value),
            None => self.0.named.remove(key),
        }
    }

    /// The members, in JavaScript's order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { indexed: self.0.indexed.values(), named: self.0.named.iter() }
    }

    /// The keys, in JavaScript's order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.indexed.len() + self.0.named.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The members of an [`Object`], in JavaScript's order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    indexed: btree_map::Values<'a, u32, (String, Value)>,
    named: NamedIter<'a>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        match self.indexed.next() {
            Some((key, value)) => Some((key, value)),
            None => self.named.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (named, _) = self.named.size_hint();
        let left = self.indexed.len() + named;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a str, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Of a key that comes twice, the last value counts, at the first one's place.
impl FromIterator<(String, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(members: I) -> Self {
        let mut object = Self::new();
        for (key, value) in members {
            object.insert(key, value);
        }
        object
    }
}

/// Equal are objects that are written alike: the same members in the same order.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Object {}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// The index that a key is, if it is an array index of ECMAScript: the canonical decimal text of an
/// integer from 0 to 2^32 - 2. `01`, `-1` and `4294967295` are names like any other.
fn array_index(key: &str) -> Option<u32> {
    let canonical = match key.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 10 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return None;
    }
    key.parse().ok().filter(|&index| index != u32::MAX)
}
