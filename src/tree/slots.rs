//! Context keys as small integers, and the values a request has for them.

use std::collections::HashMap;

use super::bound::KeyHandle;
use crate::request::{ContextEntry, ContextValue};

/// The number of a context key that some policy mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Slot(pub u32);

/// `aws:PrincipalArn`: always has a slot, service-linked roles are recognised by it (Rule E63).
pub(super) const PRINCIPAL_ARN: Slot = Slot(0);
/// `aws:userid`: always has a slot, unique ids are compared with it (Rule E48).
pub(super) const USER_ID: Slot = Slot(1);

/// Every context key of a set of policies, found by name without regard to ASCII case (Rule L71).
#[derive(Debug)]
pub(super) struct KeyTable {
    /// Names by slot, in the spelling first met.
    names: Vec<Box<str>>,
    /// Open addressing: slot + 1, or 0 for a free place. At most half full.
    places: Box<[u32]>,
}

impl KeyTable {
    /// The slot of a name.
    pub(super) fn find(&self, name: &str) -> Option<Slot> {
        let mask = self.places.len() - 1;
        let mut place = hash_folded(name) & mask;
        loop {
            let slot = self.places.get(place)?.checked_sub(1)?;
            if self.names.get(slot as usize)?.eq_ignore_ascii_case(name) {
                return Some(Slot(slot));
            }
            place = (place + 1) & mask;
        }
    }

    /// The name of a slot.
    pub(super) fn name(&self, slot: Slot) -> &str {
        self.names.get(slot.0 as usize).map_or("", |name| name)
    }

    /// How many slots there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

/// Gives out slots while a set is compiled.
pub(super) struct KeyBuilder {
    slots: HashMap<String, Slot>,
    names: Vec<Box<str>>,
    /// By slot, whether a policy names the key; the reserved ones may go unnamed.
    mentioned: Vec<bool>,
}

impl KeyBuilder {
    pub(super) fn new() -> Self {
        let mut builder = KeyBuilder { slots: HashMap::new(), names: Vec::new(), mentioned: Vec::new() };
        builder.slot("aws:PrincipalArn");
        builder.slot("aws:userid");
        builder.mentioned.fill(false);
        builder
    }

    pub(super) fn slot(&mut self, name: &str) -> Slot {
        // A set is at most as large as its texts, whose offsets fit 32 bits.
        let next = Slot(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let slot = *self.slots.entry(name.to_ascii_lowercase()).or_insert(next);
        if slot == next {
            self.names.push(name.into());
            self.mentioned.push(true);
        } else if let Some(mentioned) = self.mentioned.get_mut(slot.0 as usize) {
            *mentioned = true;
        }
        slot
    }

    /// The slot of a key that some policy names.
    pub(super) fn mentioned(&self, name: &str) -> Option<Slot> {
        let slot = *self.slots.get(&name.to_ascii_lowercase())?;
        self.mentioned.get(slot.0 as usize)?.then_some(slot)
    }

    pub(super) fn finish(self) -> KeyTable {
        let size = (self.names.len() * 2).next_power_of_two();
        let mut places = vec![0u32; size].into_boxed_slice();
        for (name, slot) in self.names.iter().zip(1..) {
            let mut place = hash_folded(name) & (size - 1);
            while places.get(place).is_some_and(|&taken| taken != 0) {
                place = (place + 1) & (size - 1);
            }
            if let Some(free) = places.get_mut(place) {
                *free = slot;
            }
        }
        KeyTable { names: self.names, places }
    }
}

/// Length and last eight bytes of the name with the bit off that tells ASCII letters' case: names of one service
/// begin alike and end differently. The table is filled from policies, never from requests, so a request cannot
/// crowd it.
fn hash_folded(name: &str) -> usize {
    const CASE_BITS: u64 = 0x2020_2020_2020_2020;
    let bytes = name.as_bytes();
    let tail = match bytes.last_chunk::<8>() {
        Some(tail) => u64::from_le_bytes(*tail),
        None => bytes.iter().fold(0, |tail, byte| tail << 8 | u64::from(*byte)),
    };
    let hash = ((tail | CASE_BITS) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The high bits of a product depend on all bits of its factors.
    (hash >> 32) as usize
}

/// The values of one request by slot.
#[derive(Clone, Copy)]
pub(super) struct Values<'r> {
    /// For each slot an index into `entries`, or [`ABSENT`].
    pub index: &'r [u32],
    pub entries: Entries<'r>,
}

/// Marks a slot for which a request has no value.
pub(super) const ABSENT: u32 = u32::MAX;

/// Where the values of a request stand.
#[derive(Clone, Copy)]
pub(super) enum Entries<'r> {
    /// In the context of a request by name.
    Named(&'r [ContextEntry<'r>]),
    /// In the context of a bound session, in what one check adds by handle, and in the account of its resource, in
    /// this order.
    Bound {
        session: &'r [ContextEntry<'static>],
        added: &'r [(&'r KeyHandle, ContextValue<'r>)],
        account: Option<&'r ContextValue<'r>>,
    },
}

impl<'r> Values<'r> {
    pub(super) fn get(&self, slot: Slot) -> Option<&'r ContextValue<'r>> {
        let index = *self.index.get(slot.0 as usize)? as usize;
        match self.entries {
            Entries::Named(entries) => entries.get(index).map(|entry| &entry.value),
            Entries::Bound { session, added, account } => {
                if let Some(entry) = session.get(index) {
                    return Some(&entry.value);
                }
                let index = index.checked_sub(session.len())?;
                match added.get(index) {
                    Some((_, value)) => Some(value),
                    None => account.filter(|_| index == added.len()),
                }
            }
        }
    }

    /// The text of a single-valued key.
    pub(super) fn single(&self, slot: Slot) -> Option<&'r str> {
        match self.get(slot)? {
            ContextValue::Single(text) => Some(text),
            ContextValue::Multi(_) => None,
        }
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
        for (name, slot) in names.iter().zip(slots) {
            assert_eq!(table.find(&name.to_uppercase()), Some(slot));
            assert_eq!(table.name(slot), name);
        }
        assert_eq!(table.find("aws:PrincipalTag/Team500"), None);
        assert_eq!(table.find("AWS:principalarn"), Some(PRINCIPAL_ARN));
        assert_eq!(table.find("aws:userid"), Some(USER_ID));
        assert_eq!(table.find(""), None);
    }
}
