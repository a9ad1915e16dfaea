//! What a service looks up once: the handles of its actions and of its context keys.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Tree;
use super::action::Class;
use super::by_action::{Few, Step};
use super::heading::Heading;
use super::plain::PlainStep;
use super::resource::Start;
use super::slots::Slot;
use crate::request::{ActionParts, RequestAction, RequestError, key_hash, same_key};

/// A context key of one engine, looked up once (see [`Engine::key`](crate::Engine::key)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHandle {
    pub(super) name: Box<str>,
    pub(super) hash: u32,
    /// [`Slot::NONE`] if no policy mentions the key: its value changes nothing.
    pub(super) slot: Slot,
    /// Whether other keys or checks depend on it.
    pub(super) is_entangled: bool,
    pub(super) bits: KeyBits,
    pub(super) serial: u64,
}

/// An action of one engine, looked up once (see [`Engine::action`](crate::Engine::action)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionHandle {
    pub(super) text: Box<str>,
    pub(super) parts: ActionParts,
    class: KeptClass,
    /// The [short way](super::by_action), denies first.
    pub(super) few: Option<Box<[Step]>>,
    /// The same for resources that begin with the heading.
    pub(super) plain: Option<Box<[PlainStep]>>,
    /// How the resources of its service begin.
    pub(super) heading: Option<Heading>,
    /// Where the walks of resources that begin so begin.
    pub(super) start: Option<Start>,
    /// Whether no rule singles it out.
    pub(super) is_ordinary: bool,
    pub(super) serial: u64,
}

/// A class of an action; most have one word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum KeptClass {
    One(u64),
    Many(Box<[u64]>),
}

impl KeptClass {
    fn words(&self) -> &[u64] {
        match self {
            KeptClass::One(word) => std::slice::from_ref(word),
            KeptClass::Many(words) => words,
        }
    }
}

impl ActionHandle {
    #[inline]
    pub(super) fn class(&self) -> Class<'_> {
        Class::new(self.class.words(), self.few.as_deref().map(Few::of))
    }
}

/// A bit for each of some keys. Up to 47 slots have one of their own, further ones share these; keys that no policy
/// mentions share what is left. The last bit is for keys that ask for a closer look whatever else is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct KeyBits(u64);

impl KeyBits {
    /// Shares with every entangled key.
    pub(super) const ENTANGLED: KeyBits = KeyBits(1 << Self::LAST);

    const LAST: u64 = u64::BITS as u64 - 1;

    /// Of a tree of so many slots.
    pub(super) fn of(slot: Option<Slot>, hash: u32, slots: usize) -> Self {
        // Services give more keys than policies mention: these have at least 16 bits.
        let of_slots = (slots as u64).clamp(1, 47);
        KeyBits(match slot {
            Some(slot) => 1 << (u64::from(slot.0) % of_slots),
            // The high bits of a hash are mixed best.
            None => 1 << of_slots << ((u64::from(hash) * (Self::LAST - of_slots)) >> u32::BITS),
        })
    }

    #[inline]
    pub(super) fn add(&mut self, other: KeyBits) {
        self.0 |= other.0;
    }

    /// The bits of both; if there are none, no key is in both.
    #[inline]
    pub(super) fn shared(self, other: KeyBits) -> u64 {
        self.0 & other.0
    }
}

/// Keys whose value other keys or checks depend on (Rules E56, E58, E60): a check that gives one takes the way of
/// a request by name.
const ENTANGLED: [&str; 5] =
    ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:ResourceAccount", "aws:CurrentTime", "aws:EpochTime"];

static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);

pub(super) fn next_serial() -> u64 {
    NEXT_SERIAL.fetch_add(1, Ordering::Relaxed)
}

impl Tree {
    /// The bit of a key.
    pub(super) fn key_bits(&self, slot: Option<Slot>, hash: u32) -> KeyBits {
        KeyBits::of(slot, hash, self.keys.len())
    }

    pub(crate) fn key(&self, name: &str) -> KeyHandle {
        let hash = key_hash(name);
        // The way by name refuses a key without name.
        let is_entangled = name.is_empty() || ENTANGLED.iter().any(|other| same_key(other, name));
        let slot = self.keys.find(hash, name);
        let mut bits = self.key_bits(slot, hash);
        if is_entangled {
            bits.add(KeyBits::ENTANGLED);
        }
        KeyHandle { name: name.into(), hash, slot: slot.unwrap_or(Slot::NONE), is_entangled, bits, serial: self.serial }
    }

    pub(crate) fn action(&self, action: &str) -> Result<ActionHandle, RequestError> {
        let parsed = RequestAction::parse(action)?;
        let mut room = vec![0; self.actions.words()];
        let found = self.actions.classify(&parsed, &self.arena, &mut room);
        let class = match found.words() {
            [word] => KeptClass::One(*word),
            words => KeptClass::Many(words.into()),
        };
        let few = self.actions.few(found);
        let heading = self.resources.heading(parsed.service).cloned();
        let start = heading.as_ref().map(|heading| self.resources.start(heading.arn().as_str()));
        let plain = heading.as_ref().zip(few.as_ref()).filter(|_| self.has_plain_checks());
        let plain = plain.map(|(heading, few)| self.plain_steps(heading, few));
        let parts = parsed.parts();
        let (text, is_ordinary) = (action.into(), parts.is_ordinary());
        Ok(ActionHandle { text, parts, class, few, plain, heading, start, is_ordinary, serial: self.serial })
    }
}
