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
#[derive(Debug, Clone, Default)]
pub struct Context<'a> {
    entries: Vec<ContextEntry<'a>>,
    /// Open addressing by hash: index + 1 of one of the first entries, or 0 for a free place.
    places: [u8; PLACES],
}

/// So many entries are found by their hash, more are searched.
const HASHED: usize = 16;

/// At most half of them are taken.
const PLACES: usize = 2 * HASHED;

impl PartialEq for Context<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Context<'_> {}

/// One key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEntry<'a> {
    /// The name, in the spelling it was given.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: ContextValue<'a>,
    /// Whether the engine derived it (Rules E56, E60) instead of the request giving it.
    pub derived: bool,
    /// Of the name, see [`key_hash`].
    pub(crate) hash: u32,
}

/// A hash of a context key, the same for all spellings that differ in ASCII case only: its length, its first and
/// its last eight bytes with the bit off that tells the case of letters. Names of one service begin alike and end
/// differently. Whoever finds a key by it compares the names as well.
pub(crate) const fn key_hash(name: &str) -> u32 {
    const CASE_BITS: u64 = 0x2020_2020_2020_2020;
    let bytes = name.as_bytes();
    let (head, tail) = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => {
            let mut word = 0;
            let mut rest = bytes;
            while let [byte, behind @ ..] = rest {
                word = word << 8 | *byte as u64;
                rest = behind;
            }
            (word, word)
        }
    };
    let tail = ((tail | CASE_BITS) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (tail.rotate_left(29) ^ (head | CASE_BITS)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    // The high bits of a product depend on all bits of its factors.
    (mixed >> 32) as u32
}

/// Where the search for a hash begins: at its high bits, which are mixed best.
#[inline]
fn first_place(hash: u32) -> usize {
    (hash >> (u32::BITS - PLACES.ilog2())) as usize
}

/// A key that AWS derives, with the hash of its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct DerivedKey {
    pub name: &'static str,
    pub hash: u32,
}

impl DerivedKey {
    pub(super) const fn new(name: &'static str) -> Self {
        DerivedKey { name, hash: key_hash(name) }
    }
}

/// Whether two names are one key (Rule L71). Most spell it alike.
pub(crate) fn same_key(one: &str, other: &str) -> bool {
    one == other || one.eq_ignore_ascii_case(other)
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
        self.entries.get(self.find(key_hash(key), key)?)
    }

    /// The index of a key with its hash.
    #[inline]
    pub(crate) fn find(&self, hash: u32, key: &str) -> Option<usize> {
        let is_key = |entry: &ContextEntry<'_>| entry.hash == hash && same_key(&entry.key, key);
        let mut place = first_place(hash);
        while let Some(at) = usize::from(*self.places.get(place)?).checked_sub(1) {
            if self.entries.get(at).is_some_and(is_key) {
                return Some(at);
            }
            place = (place + 1) % PLACES;
        }
        if self.entries.len() <= HASHED {
            return None;
        }
        let rest = self.entries.get(HASHED..).unwrap_or_default();
        rest.iter().position(is_key).map(|behind| HASHED + behind)
    }

    /// Whether a key can be [added](Context::add) as it is.
    pub(super) fn is_new(&self, hash: u32, key: &str) -> bool {
        !key.is_empty() && self.entries.len() < MAX_CONTEXT_KEYS && self.find(hash, key).is_none()
    }

    /// Adds a key that the context does not hold. Inlined, so that a value is written once, in its place.
    #[inline(always)]
    pub(super) fn add(&mut self, key: Cow<'a, str>, hash: u32, value: ContextValue<'a>, derived: bool) {
        self.note_place(hash);
        self.entries.push(ContextEntry { key, value, derived, hash });
    }

    /// Notes where the next entry is found.
    fn note_place(&mut self, hash: u32) {
        let at = self.entries.len();
        if at < HASHED {
            let mut place = first_place(hash);
            while self.places.get(place).is_some_and(|taken| *taken != 0) {
                place = (place + 1) % PLACES;
            }
            if let (Some(free), Ok(number)) = (self.places.get_mut(place), u8::try_from(at + 1)) {
                *free = number;
            }
        }
        if self.entries.capacity() == 0 {
            // What AWS derives and a usual request gives, at one go.
            self.entries.reserve_exact(HASHED);
        }
    }

    /// All entries.
    pub fn entries(&self) -> &[ContextEntry<'a>] {
        &self.entries
    }

    /// Adds a key of the request; it takes the place of a derived one (Rule E58).
    pub(super) fn give(&mut self, key: Cow<'a, str>, hash: u32, value: ContextValue<'a>) -> Result<(), RequestError> {
        let mistake = |message: String| Err(RequestError::new(RequestErrorKind::Context, "E59", message));
        if key.is_empty() {
            return mistake("an empty context key: found ``, expected a name".to_owned());
        }
        if let ContextValue::Multi(members) = &value
            && members.len() > MAX_CONTEXT_VALUES
        {
            return mistake(format!("the context key {} has more than {MAX_CONTEXT_VALUES} values", quote(&key)));
        }
        let is_clock = is_clock(hash, &key);
        let is_full = self.entries.len() >= MAX_CONTEXT_KEYS;
        match self.find(hash, &key).and_then(|at| self.entries.get_mut(at)) {
            Some(entry) if !entry.derived => {
                return mistake(format!(
                    "a context key is given twice: found {} and {}, expected one of the two",
                    quote(&entry.key),
                    quote(&key)
                ));
            }
            Some(entry) => *entry = ContextEntry { key, value, derived: false, hash },
            None if is_full => {
                return mistake(format!("the context holds more than {MAX_CONTEXT_KEYS} keys"));
            }
            None => self.add(key, hash, value, false),
        }
        if is_clock {
            self.derive_clock();
        }
        Ok(())
    }

    /// Adds a derived key that is certainly new.
    #[inline]
    pub(super) fn derive_new(&mut self, key: DerivedKey, text: impl Into<Cow<'a, str>>) {
        self.add(Cow::Borrowed(key.name), key.hash, ContextValue::Single(text.into()), true);
    }

    /// Adds a derived key unless the request gives it.
    pub(super) fn derive(&mut self, key: DerivedKey, text: impl Into<Cow<'a, str>>) {
        let DerivedKey { name, hash } = key;
        let value = ContextValue::Single(text.into());
        match self.find(hash, name).and_then(|at| self.entries.get_mut(at)) {
            Some(known) if known.derived => known.value = value,
            Some(_) => {}
            None => self.add(Cow::Borrowed(name), hash, value, true),
        }
    }

    /// Rule E60: of the two clock keys each is derived from the other.
    fn derive_clock(&mut self) {
        let given =
            |context: &Self, key| context.entry(key).filter(|entry| !entry.derived).map(|entry| entry.value.clone());
        match (given(self, "aws:CurrentTime"), given(self, "aws:EpochTime")) {
            (Some(ContextValue::Single(text)), None) => {
                if let Some(instant) = Instant::parse(&text) {
                    self.derive(EPOCH_TIME, instant.epoch_seconds().to_string());
                }
            }
            (None, Some(ContextValue::Single(text))) => {
                if let Some(iso) = Instant::parse(&text).and_then(Instant::to_iso) {
                    self.derive(CURRENT_TIME, iso);
                }
            }
            _ => {}
        }
    }
}

pub(super) const CURRENT_TIME: DerivedKey = DerivedKey::new("aws:CurrentTime");
pub(super) const EPOCH_TIME: DerivedKey = DerivedKey::new("aws:EpochTime");

/// Whether a key is one of the two from which the other is derived (Rule E60).
fn is_clock(hash: u32, key: &str) -> bool {
    [CURRENT_TIME, EPOCH_TIME].iter().any(|clock| hash == clock.hash && same_key(key, clock.name))
}

impl ContextValue<'_> {
    /// Whether it has more members than [`MAX_CONTEXT_VALUES`].
    #[inline]
    pub(crate) fn is_too_long(&self) -> bool {
        let (is_multi, length) = match self {
            ContextValue::Single(text) => (false, text.len()),
            ContextValue::Multi(members) => (true, members.len()),
        };
        // Without a branch: services ask it of every key of a check.
        is_multi & (length > MAX_CONTEXT_VALUES)
    }

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

impl<'v> ContextValue<'v> {
    /// The same value, its texts borrowed.
    pub(crate) fn borrowed<'a>(&'a self) -> ContextValue<'a>
    where
        'v: 'a,
    {
        match self {
            ContextValue::Single(text) => ContextValue::Single(Cow::Borrowed(text)),
            ContextValue::Multi(members) => {
                ContextValue::Multi(members.iter().map(|member| Cow::Borrowed(&**member)).collect())
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
        ContextValue::Multi(members.iter().map(|member| Cow::Borrowed(*member)).collect())
    }
}

impl<'a> From<&'a [String]> for ContextValue<'a> {
    fn from(members: &'a [String]) -> Self {
        ContextValue::Multi(members.iter().map(|member| Cow::Borrowed(member.as_str())).collect())
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
