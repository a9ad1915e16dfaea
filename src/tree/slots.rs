//! Context keys as small integers, and the values a request has for them.

use std::borrow::Cow;
use std::cell::Cell;

use super::hash::FoldMap;
use super::names::NameIndex;
use crate::request::{Context, ContextValue, key_hash};

/// The number of a context key that some policy mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Slot(pub u32);

impl Slot {
    /// Of a key that no policy mentions.
    pub(super) const NONE: Slot = Slot(u32::MAX);
}

/// `aws:PrincipalArn`: always has a slot, service-linked roles are recognised by it (Rule E63).
pub(super) const PRINCIPAL_ARN: Slot = Slot(0);
/// `aws:userid`: always has a slot, unique ids are compared with it (Rule E48).
pub(super) const USER_ID: Slot = Slot(1);

/// Every context key of a set of policies, found by name without regard to ASCII case (Rule L71).
#[derive(Debug)]
pub(super) struct KeyTable {
    /// By slot.
    keys: Box<[Key]>,
    index: NameIndex,
}

#[derive(Debug)]
struct Key {
    /// In the spelling first met.
    name: Box<str>,
    hash: u32,
    /// Whether a policy names the key, or it is one that checks read whatever the policies are.
    is_read: bool,
}

impl KeyTable {
    /// The slot of a name.
    pub(super) fn find(&self, hash: u32, name: &str) -> Option<Slot> {
        let name_of = |slot| self.keys.get(slot as usize).map(|key| (key.hash, &*key.name));
        self.index.find(hash, name, name_of).map(Slot)
    }

    /// The name of a slot.
    pub(super) fn name(&self, slot: Slot) -> &str {
        self.keys.get(slot.0 as usize).map_or("", |key| &key.name)
    }

    /// Whether any decision may read a key.
    pub(super) fn is_read(&self, slot: Slot) -> bool {
        self.keys.get(slot.0 as usize).is_some_and(|key| key.is_read)
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let names: usize = self.keys.iter().map(|key| key.name.len()).sum();
        self.keys.len() * size_of::<Key>() + names + self.index.heap_bytes()
    }
}

/// Gives out slots while a set is compiled.
pub(super) struct KeyBuilder {
    /// By the name in lower case.
    slots: FoldMap<String, Slot>,
    /// By the spellings met so far: most policies spell a key in one way.
    spellings: FoldMap<Box<str>, Slot>,
    names: Vec<Box<str>>,
    /// By slot, whether a policy names the key; the reserved ones may go unnamed.
    mentioned: Vec<bool>,
    /// Whether checks read the reserved ones.
    pub(super) checks_read_all: bool,
}

impl KeyBuilder {
    pub(super) fn new() -> Self {
        let mut builder = KeyBuilder {
            slots: FoldMap::default(),
            spellings: FoldMap::default(),
            names: Vec::new(),
            mentioned: Vec::new(),
            checks_read_all: false,
        };
        builder.slot("aws:PrincipalArn");
        builder.slot("aws:userid");
        builder.mentioned.fill(false);
        builder
    }

    pub(super) fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.spellings.get(name)
            && self.mentioned.get(slot.0 as usize) == Some(&true)
        {
            return *slot;
        }
        // A set is at most as large as its texts, whose offsets fit 32 bits.
        let next = Slot(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let slot = *self.slots.entry(name.to_ascii_lowercase()).or_insert(next);
        if slot == next {
            self.names.push(name.into());
            self.mentioned.push(true);
        } else if let Some(mentioned) = self.mentioned.get_mut(slot.0 as usize) {
            *mentioned = true;
        }
        self.spellings.insert(name.into(), slot);
        slot
    }

    /// The slot of a key that some policy names.
    pub(super) fn mentioned(&self, name: &str) -> Option<Slot> {
        let slot = *self.slots.get(&name.to_ascii_lowercase())?;
        self.mentioned.get(slot.0 as usize)?.then_some(slot)
    }

    pub(super) fn finish(self) -> KeyTable {
        let keys = self.names.into_iter().zip(self.mentioned);
        let keys: Box<[Key]> = keys
            .map(|(name, mentioned)| Key { hash: key_hash(&name), name, is_read: mentioned || self.checks_read_all })
            .collect();
        let index = NameIndex::build(keys.iter().map(|key| (key.hash, &*key.name)));
        KeyTable { keys, index }
    }
}

/// The value of a key, borrowed.
#[derive(Debug, Clone, Copy)]
pub(super) enum ValueRef<'v> {
    Single(&'v str),
    Multi(&'v [Cow<'v, str>]),
}

impl<'v> From<&'v ContextValue<'_>> for ValueRef<'v> {
    #[inline]
    fn from(value: &'v ContextValue<'_>) -> Self {
        match value {
            ContextValue::Single(text) => ValueRef::Single(text),
            ContextValue::Multi(members) => ValueRef::Multi(members),
        }
    }
}

/// The values of one request by slot.
pub(super) trait Values {
    /// The value of a slot, if the request has one.
    fn get(&self, slot: Slot) -> Option<ValueRef<'_>>;

    /// The text of a single-valued key.
    #[inline]
    fn single(&self, slot: Slot) -> Option<&str> {
        match self.get(slot)? {
            ValueRef::Single(text) => Some(text),
            ValueRef::Multi(_) => None,
        }
    }
}

/// No values: for what holds no variables.
pub(super) struct NoValues;

impl Values for NoValues {
    fn get(&self, _: Slot) -> Option<ValueRef<'_>> {
        None
    }
}

/// The values of a request by name. A key is looked up when it is first asked for: most decisions ask for few.
pub(super) struct Named<'r> {
    pub context: &'r Context<'r>,
    pub keys: &'r KeyTable,
    pub found: &'r [Cell<Found>],
    /// Of this request; what is stamped otherwise is of an earlier one.
    pub epoch: u32,
}

/// Where the value of a slot stands in a context, once it was looked up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    epoch: u32,
    /// An index, or [`ABSENT`].
    entry: u32,
}

/// Marks a slot for which a request has no value.
const ABSENT: u32 = u32::MAX;

/// A context of more keys is looked up whole, key by key, instead of searched for each slot.
const SEARCHED: usize = 16;

impl Named<'_> {
    /// Looks every key of a large context up, so that the work is bounded by the number of its keys.
    pub(super) fn prepare(&self, is_lazy: bool) {
        if is_lazy && self.context.entries().len() <= SEARCHED {
            return;
        }
        for found in self.found {
            found.set(Found { epoch: self.epoch, entry: ABSENT });
        }
        for (entry, at) in self.context.entries().iter().zip(0..) {
            if let Some(found) = self.keys.find(entry.hash, &entry.key).and_then(|slot| self.found.get(slot.0 as usize))
            {
                found.set(Found { epoch: self.epoch, entry: at });
            }
        }
    }
}

impl Values for Named<'_> {
    #[inline]
    fn get(&self, slot: Slot) -> Option<ValueRef<'_>> {
        let cell = self.found.get(slot.0 as usize)?;
        let found = cell.get();
        if found.epoch == self.epoch {
            return self.context.entries().get(found.entry as usize).map(|entry| ValueRef::from(&entry.value));
        }
        let key = self.keys.keys.get(slot.0 as usize)?;
        let at = self.context.find(key.hash, &key.name);
        let entry = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(ABSENT);
        cell.set(Found { epoch: self.epoch, entry });
        self.context.entries().get(at?).map(|entry| ValueRef::from(&entry.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        let mut builder = KeyBuilder::new();
        let names: Vec<String> = (0..500).map(|index| format!("aws:PrincipalTag/Team{index}")).collect();
        let slots: Vec<Slot> = names.iter().map(|name| builder.slot(name)).collect();
        assert_eq!(builder.slot("AWS:PRINCIPALTAG/TEAM7"), slots[7]);
        let table = builder.finish();
        let find = |name: &str| table.find(key_hash(name), name);
        for (name, slot) in names.iter().zip(slots) {
            assert_eq!(find(&name.to_uppercase()), Some(slot));
            assert_eq!(table.name(slot), name);
        }
        assert_eq!(find("aws:PrincipalTag/Team500"), None);
        assert_eq!(find("AWS:principalarn"), Some(PRINCIPAL_ARN));
        assert_eq!(find("aws:userid"), Some(USER_ID));
        assert_eq!(find(""), None);
    }
}
