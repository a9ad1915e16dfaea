//! The context of a request: names compared without case, values single or multivalued.

use std::borrow::Cow;

use super::error::{RequestError, RequestErrorKind};
use crate::language::date::Instant;
use crate::source::quote;

/// The most keys a context may hold (threat T13).
pub const MAX_CONTEXT_KEYS: usize = 1_000;

/// The most members a multivalued key may have (threat T13).
pub const MAX_CONTEXT_VALUES: usize = 10_000;

/// The keys of a request with their values, derived ones included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context<'a> {
    entries: Vec<ContextEntry<'a>>,
}

/// One key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEntry<'a> {
    /// The name, in the spelling it was given.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: ContextValue<'a>,
    /// Whether the engine derived it (Rules E56, E60) instead of the request giving it.
    pub derived: bool,
}

/// The value of a context key (section 1.1 of the language rules).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue<'a> {
    /// A single-valued key, the empty text included.
    Single(Cow<'a, str>),
    /// A multivalued key, also with one member or none.
    Multi(Vec<Cow<'a, str>>),
}

impl<'a> Context<'a> {
    /// The value of a key in any spelling of its case (Rule L71).
    pub fn get(&self, key: &str) -> Option<&ContextValue<'a>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text of a single-valued key.
    pub fn single(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(ContextValue::Single(text)) => Some(text),
            _ => None,
        }
    }

    /// The entry of a key in any spelling of its case.
    pub fn entry(&self, key: &str) -> Option<&ContextEntry<'a>> {
        self.entries.iter().find(|entry| entry.key.eq_ignore_ascii_case(key))
    }

    /// All entries.
    pub fn entries(&self) -> &[ContextEntry<'a>] {
        &self.entries
    }

    /// Adds a key of the request; it takes the place of a derived one (Rule E58).
    pub(super) fn give(&mut self, key: Cow<'a, str>, value: ContextValue<'a>) -> Result<(), RequestError> {
        let mistake = |message: String| Err(RequestError::new(RequestErrorKind::Context, "E59", message));
        if key.is_empty() {
            return mistake("an empty context key: found ``, expected a name".to_owned());
        }
        if let ContextValue::Multi(members) = &value
            && members.len() > MAX_CONTEXT_VALUES
        {
            return mistake(format!("the context key {} has more than {MAX_CONTEXT_VALUES} values", quote(&key)));
        }
        let is_full = self.entries.len() >= MAX_CONTEXT_KEYS;
        match self.entries.iter_mut().find(|entry| entry.key.eq_ignore_ascii_case(&key)) {
            Some(entry) if !entry.derived => {
                return mistake(format!(
                    "a context key is given twice: found {} and {}, expected one of the two",
                    quote(&entry.key),
                    quote(&key)
                ));
            }
            Some(entry) => *entry = ContextEntry { key, value, derived: false },
            None if is_full => {
                return mistake(format!("the context holds more than {MAX_CONTEXT_KEYS} keys"));
            }
            None => self.entries.push(ContextEntry { key, value, derived: false }),
        }
        self.derive_clock();
        Ok(())
    }

    /// Adds a derived key unless the request gives it.
    pub(super) fn derive(&mut self, key: &'static str, text: impl Into<Cow<'a, str>>) {
        let entry = ContextEntry { key: Cow::Borrowed(key), value: ContextValue::Single(text.into()), derived: true };
        match self.entries.iter_mut().find(|entry| entry.key.eq_ignore_ascii_case(key)) {
            Some(known) if known.derived => *known = entry,
            Some(_) => {}
            None => self.entries.push(entry),
        }
    }

    /// Rule E60: of the two clock keys each is derived from the other.
    fn derive_clock(&mut self) {
        let given =
            |context: &Self, key| context.entry(key).filter(|entry| !entry.derived).map(|entry| entry.value.clone());
        match (given(self, "aws:CurrentTime"), given(self, "aws:EpochTime")) {
            (Some(ContextValue::Single(text)), None) => {
                if let Some(instant) = Instant::parse(&text) {
                    self.derive("aws:EpochTime", instant.epoch_seconds().to_string());
                }
            }
            (None, Some(ContextValue::Single(text))) => {
                if let Some(iso) = Instant::parse(&text).and_then(Instant::to_iso) {
                    self.derive("aws:CurrentTime", iso);
                }
            }
            _ => {}
        }
    }
}

impl ContextEntry<'_> {
    /// Takes the texts along.
    pub(crate) fn into_owned(self) -> ContextEntry<'static> {
        ContextEntry { key: Cow::Owned(self.key.into_owned()), value: self.value.into_owned(), derived: self.derived }
    }
}

impl ContextValue<'_> {
    /// Takes the texts along, so that the value outlives what it was made from.
    pub fn into_owned(self) -> ContextValue<'static> {
        match self {
            ContextValue::Single(text) => ContextValue::Single(Cow::Owned(text.into_owned())),
            ContextValue::Multi(members) => {
                ContextValue::Multi(members.into_iter().map(|member| Cow::Owned(member.into_owned())).collect())
            }
        }
    }
}

impl<'a> From<&'a str> for ContextValue<'a> {
    fn from(text: &'a str) -> Self {
        ContextValue::Single(Cow::Borrowed(text))
    }
}

impl From<String> for ContextValue<'_> {
    fn from(text: String) -> Self {
        ContextValue::Single(Cow::Owned(text))
    }
}

impl<'a> From<&'a String> for ContextValue<'a> {
    fn from(text: &'a String) -> Self {
        ContextValue::Single(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a [&'a str]> for ContextValue<'a> {
    fn from(members: &'a [&'a str]) -> Self {
        members.to_vec().into()
    }
}

impl<'a> From<&'a [String]> for ContextValue<'a> {
    fn from(members: &'a [String]) -> Self {
        members.iter().map(String::as_str).collect::<Vec<_>>().into()
    }
}

impl<'a> From<Vec<&'a str>> for ContextValue<'a> {
    fn from(members: Vec<&'a str>) -> Self {
        ContextValue::Multi(members.into_iter().map(Cow::Borrowed).collect())
    }
}

impl From<Vec<String>> for ContextValue<'_> {
    fn from(members: Vec<String>) -> Self {
        ContextValue::Multi(members.into_iter().map(Cow::Owned).collect())
    }
}
