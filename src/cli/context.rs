//! Context keys on the command line: `KEY=VALUE`.

mod file;

use std::convert::Infallible;
use std::str::FromStr;

pub(super) use file::read as file;

use crate::request::ContextValue;

/// One `--context KEY=VALUE`. Only the first `=` splits.
///
/// | Written | Means |
/// |---|---|
/// | `KEY=text` | the text |
/// | `KEY=` | the empty text |
/// | `KEY=[a,b]` | a list; every character between two commas counts, blanks too |
/// | `KEY=[]` | the empty list |
/// | `KEY=a` and `KEY=b` | a list, in this order; lists are joined |
///
/// A member that holds a comma is given by repeating the key, a text in brackets by a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyValue {
    key: String,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    List(Vec<String>),
}

/// `--context` without `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoValue;

impl KeyValue {
    /// The key.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for KeyValue {
    type Err = NoValue;

    fn from_str(text: &str) -> Result<Self, NoValue> {
        let (key, value) = text.split_once('=').ok_or(NoValue)?;
        let Ok(value) = value.parse();
        Ok(KeyValue { key: key.to_owned(), value })
    }
}

impl FromStr for Value {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        Ok(match inside {
            None => Value::Text(text.to_owned()),
            Some("") => Value::List(Vec::new()),
            Some(members) => Value::List(members.split(',').map(str::to_owned).collect()),
        })
    }
}

/// The keys with their values. A key repeated in one spelling is a list; in two spellings it stays two keys, which
/// the request refuses (Rule E59).
pub(super) fn gather(given: &[KeyValue]) -> Vec<(String, ContextValue<'static>)> {
    let mut keys: Vec<(String, Value)> = Vec::new();
    for KeyValue { key, value } in given {
        match keys.iter_mut().find(|(known, _)| known == key) {
            None => keys.push((key.clone(), value.clone())),
            Some((_, known)) => {
                let mut members = std::mem::replace(known, Value::List(Vec::new())).into_members();
                members.extend(value.clone().into_members());
                *known = Value::List(members);
            }
        }
    }
    keys.into_iter().map(|(key, value)| (key, value.into())).collect()
}

impl Value {
    fn into_members(self) -> Vec<String> {
        match self {
            Value::Text(text) => vec![text],
            Value::List(members) => members,
        }
    }
}

impl From<Value> for ContextValue<'static> {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => text.into(),
            Value::List(members) => members.into(),
        }
    }
}

impl std::fmt::Display for NoValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("expected KEY=VALUE")
    }
}

impl std::error::Error for NoValue {}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(given: &[&str]) -> Vec<(String, ContextValue<'static>)> {
        let given: Vec<KeyValue> = given.iter().map(|text| text.parse().unwrap()).collect();
        gather(&given)
    }

    fn one(given: &[&str]) -> ContextValue<'static> {
        let mut keys = gathered(given);
        assert_eq!(keys.len(), 1, "{keys:?}");
        keys.remove(0).1
    }

    fn text(text: &str) -> ContextValue<'static> {
        text.to_owned().into()
    }

    fn list(members: &[&str]) -> ContextValue<'static> {
        members.iter().map(|&member| member.to_owned()).collect::<Vec<_>>().into()
    }

    #[test]
    fn only_the_first_equals_sign_splits() {
        assert_eq!(gathered(&["a=b=c"]), [("a".to_owned(), text("b=c"))]);
        assert_eq!(one(&["a=="]), text("="));
    }

    #[test]
    fn nothing_is_the_empty_text() {
        assert_eq!(one(&["a="]), text(""));
    }

    #[test]
    fn brackets_make_a_list() {
        assert_eq!(one(&["a=[]"]), list(&[]));
        assert_eq!(one(&["a=[x]"]), list(&["x"]));
        assert_eq!(one(&["a=[x,y]"]), list(&["x", "y"]));
        assert_eq!(one(&["a=[x, y,]"]), list(&["x", " y", ""]));
        assert_eq!(one(&["a=[x"]), text("[x"));
    }

    #[test]
    fn a_repeated_key_makes_a_list() {
        assert_eq!(one(&["a=x", "a=y,z"]), list(&["x", "y,z"]));
        assert_eq!(one(&["a=[x,y]", "a=z", "a=[]"]), list(&["x", "y", "z"]));
        assert_eq!(one(&["a=", "a="]), list(&["", ""]));
    }

    #[test]
    fn another_spelling_is_another_key() {
        assert_eq!(gathered(&["a=x", "A=y"]).len(), 2);
    }

    #[test]
    fn a_value_is_required() {
        assert_eq!("a".parse::<KeyValue>(), Err(NoValue));
    }
}
