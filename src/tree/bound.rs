//! A tree bound to a session: what only depends on the session is worked out once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Tree;
use super::action::Class;
use super::condition::ConditionId;
use super::scratch::{Sheet, with_scratch};
use super::slots::{Slot, Values};
use super::walk::Question;
use crate::decision::{Decision, Evaluator};
use crate::request::{
    ActionParts, ContextEntry, ContextValue, Head, PrincipalParts, RequestAction, RequestError, RequestErrorKind,
    RequestResource, Session, key_hash, same_key,
};

/// A context key of one engine, looked up once (see [`Engine::key`](crate::Engine::key)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHandle {
    name: Box<str>,
    hash: u32,
    /// None if no policy mentions the key: its value changes nothing.
    slot: Option<Slot>,
    /// Whether other keys or checks depend on it.
    is_entangled: bool,
    serial: u64,
}

/// An action of one engine, looked up once (see [`Engine::action`](crate::Engine::action)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionHandle {
    text: Box<str>,
    parts: ActionParts,
    class: KeptClass,
    serial: u64,
}

/// A class of an action; most have one word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum KeptClass {
    One(u64),
    Many(Box<[u64]>),
}

impl KeptClass {
    fn as_class(&self) -> Class<'_> {
        match self {
            KeptClass::One(word) => Class(std::slice::from_ref(word)),
            KeptClass::Many(words) => Class(words),
        }
    }
}

/// An engine bound to a session: every check costs only action, resource and the keys of the request.
///
/// This is what a service keeps for each logged-in user.
///
/// # Examples
///
/// ```
/// use iamtree::{Document, Engine, PolicyKind, PolicySet, Session};
///
/// let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListBucket",
///     "Resource": "arn:aws:s3:::app", "Condition": {"StringLike": {"s3:prefix": "${aws:PrincipalTag/team}/*"}}}}"#;
/// let document = Document::parse(PolicyKind::Identity, "role.json", text)?;
/// let engine = Engine::compile(PolicySet::new().identity(document))?;
/// let (list, prefix) = (engine.action("s3:ListBucket")?, engine.key("s3:prefix"));
///
/// let session = Session::new("arn:aws:sts::111122223333:assumed-role/App/one")?.with("aws:PrincipalTag/team", "red")?;
/// let bound = engine.bind(&session)?;
/// assert!(bound.decide(&list, "arn:aws:s3:::app", &[(&prefix, "red/a".into())])?.is_allowed());
/// assert!(!bound.decide(&list, "arn:aws:s3:::app", &[(&prefix, "blue/a".into())])?.is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct BoundSession {
    tree: Arc<Tree>,
    session: Session,
    principal: PrincipalParts,
    /// Sorted by slot: where the session's value stands, first in the context of the session, then in `derived`.
    given: Box<[(Slot, u32)]>,
    /// Values that AWS derives from the caller, as far as some policy names their keys.
    derived: Box<[ContextValue<'static>]>,
    /// A bit for the hash of each key above, and of each key of the session: without it a key is none of them.
    filter: Filter,
    /// Conditions that the session alone decides: two bits each, see [`KnownConditions`].
    known: Box<[u64]>,
}

/// Bits of the hashes of some keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Filter(u64);

impl Filter {
    fn of(hash: u32) -> Self {
        // The high bits are mixed best.
        Filter(1 << (hash >> 26))
    }

    fn add(&mut self, other: Filter) {
        self.0 |= other.0;
    }

    fn may_hold(self, other: Filter) -> bool {
        self.0 & other.0 != 0
    }
}

/// Conditions whose result is known before a request: for each one bit that says whether it is known, and one
/// that says whether it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownConditions<'k>(&'k [u64]);

impl KnownConditions<'_> {
    pub(super) const NONE: KnownConditions<'static> = KnownConditions(&[]);

    #[inline]
    pub(super) fn get(self, id: ConditionId) -> Option<bool> {
        let bits = self.0.get(id.0 as usize / 32)? >> (id.0 % 32 * 2);
        (bits & 1 == 1).then_some(bits & 2 == 2)
    }
}

static NEXT_SERIAL: AtomicU64 = AtomicU64::new(0);

pub(super) fn next_serial() -> u64 {
    NEXT_SERIAL.fetch_add(1, Ordering::Relaxed)
}

/// Keys whose value other keys or checks depend on (Rules E56, E58, E60): a check that gives one takes the way of
/// a request by name.
const ENTANGLED: [&str; 5] =
    ["aws:PrincipalArn", "aws:PrincipalAccount", "aws:ResourceAccount", "aws:CurrentTime", "aws:EpochTime"];

impl Tree {
    pub(crate) fn key(&self, name: &str) -> KeyHandle {
        let hash = key_hash(name);
        let is_entangled = ENTANGLED.iter().any(|other| same_key(other, name));
        KeyHandle { name: name.into(), hash, slot: self.keys.find(hash, name), is_entangled, serial: self.serial }
    }

    pub(crate) fn action(&self, action: &str) -> Result<ActionHandle, RequestError> {
        let parsed = RequestAction::parse(action)?;
        let mut room = vec![0; self.actions.words()];
        let class = match self.actions.classify(&parsed, &self.arena, &mut room).0 {
            [word] => KeptClass::One(*word),
            words => KeptClass::Many(words.into()),
        };
        Ok(ActionHandle { text: action.into(), parts: parsed.parts(), class, serial: self.serial })
    }

    pub(crate) fn bind(self: &Arc<Self>, session: &Session) -> Result<BoundSession, RequestError> {
        // The context does not depend on action and resource, `aws:ResourceAccount` apart, which each check adds.
        let request = session.request("iamtree:Bind", "*")?;
        let mut session = session.clone();
        session.shrink();
        let (mut given, mut derived, mut filter) = (Vec::new(), Vec::new(), Filter::default());
        for (kept, at) in session.kept().iter().zip(0..) {
            filter.add(Filter::of(kept.hash));
            if let Some(slot) = self.keys.find(kept.hash, &kept.key) {
                given.push((slot, at));
            }
        }
        let of_caller =
            |entry: &&ContextEntry<'_>| entry.derived && !entry.key.eq_ignore_ascii_case("aws:ResourceAccount");
        for entry in request.context().entries().iter().filter(of_caller) {
            if let Some(slot) = self.keys.find(entry.hash, &entry.key).filter(|slot| self.keys.is_read(*slot)) {
                filter.add(Filter::of(entry.hash));
                given.push((slot, narrow(session.kept().len() + derived.len())));
                derived.push(entry.value.clone().into_owned());
            }
        }
        given.sort_unstable();
        let principal = request.principal().parts();
        let tree = Arc::clone(self);
        let (given, derived) = (given.into(), derived.into());
        let mut bound = BoundSession { tree, session, principal, given, derived, filter, known: Box::default() };
        if self.switches.binding {
            bound.known = bound.known_conditions();
        }
        Ok(bound)
    }
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The values of one check.
struct Checked<'r> {
    bound: &'r BoundSession,
    added: &'r [(&'r KeyHandle, ContextValue<'r>)],
    account: Option<ContextValue<'r>>,
}

impl Values for Checked<'_> {
    #[inline]
    fn get(&self, slot: Slot) -> Option<&ContextValue<'_>> {
        if let Some((_, value)) = self.added.iter().find(|(key, _)| key.slot == Some(slot)) {
            return Some(value);
        }
        if let Some(value) = self.bound.value(slot) {
            return Some(value);
        }
        self.account.as_ref().filter(|_| self.bound.tree.resource_account == Some(slot))
    }
}

impl BoundSession {
    /// Decides whether the session may do an action on a resource. `keys` are the context keys of this request
    /// alone. After the first calls of a thread it allocates nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the resource is malformed, a key is given that the session gives, a handle belongs to
    /// another engine, or the question cannot be asked of these policies; treat it as a denial.
    pub fn decide(
        &self,
        action: &ActionHandle,
        resource: &str,
        keys: &[(&KeyHandle, ContextValue<'_>)],
    ) -> Result<Decision, RequestError> {
        if self.check(action, keys)? {
            return self.decide_by_name(action, resource, keys);
        }
        let resource = RequestResource::parse(resource)?;
        let principal = self.principal.of(self.session.principal());
        let mut head = Head::new(principal, action.parts.of(&action.text), resource);
        if let Some(account) = self.session.owner() {
            head.set_known_resource_account(account)?;
        }
        let account = self.tree.resource_account.and_then(|_| head.known_resource_account()).map(ContextValue::from);
        let values = Checked { bound: self, added: keys, account };
        with_scratch(self.tree.room, |Sheet { notes, .. }| {
            let class = action.class.as_class();
            let known = KnownConditions(&self.known);
            self.tree.answer(&Question { head: &head, values: &values, class, notes, known })
        })
    }

    /// Whether a check must take the way of a request by name: an action that takes a token has another caller
    /// (Rule E2), and some keys change what others are.
    ///
    /// # Errors
    ///
    /// Returns that a handle is of another engine, or that a key is given twice (Rule E59).
    fn check(&self, action: &ActionHandle, keys: &[(&KeyHandle, ContextValue<'_>)]) -> Result<bool, RequestError> {
        let serial = self.tree.serial;
        let mut is_foreign = action.serial != serial;
        let mut by_name = action.parts.may_take_token();
        let mut known = self.filter;
        let mut needs_a_look = false;
        for (key, _) in keys {
            is_foreign |= key.serial != serial;
            by_name |= key.is_entangled;
            let bit = Filter::of(key.hash);
            needs_a_look |= known.may_hold(bit);
            known.add(bit);
        }
        if is_foreign {
            let message = "a handle belongs to another engine";
            return Err(RequestError::new(RequestErrorKind::Inapplicable, "E6", message));
        }
        if needs_a_look {
            self.check_repeated(keys)?;
            by_name |= keys.iter().any(|(key, _)| key.slot.is_some_and(|slot| self.value(slot).is_some()));
        }
        Ok(by_name)
    }

    /// Rule E59: each key at most once, and none that the session gives.
    fn check_repeated(&self, keys: &[(&KeyHandle, ContextValue<'_>)]) -> Result<(), RequestError> {
        for (at, (key, _)) in keys.iter().enumerate() {
            let of_request = keys.iter().take(at).map(|(other, _)| (other.hash, &*other.name));
            let of_session = self.session.kept().iter().map(|kept| (kept.hash, &*kept.key));
            if of_session.chain(of_request).any(|(hash, name)| hash == key.hash && same_key(name, &key.name)) {
                let message = format!("a context key is given twice: found {}", crate::source::quote(&key.name));
                return Err(RequestError::new(RequestErrorKind::Context, "E59", message));
            }
        }
        Ok(())
    }

    /// The session's own value of a key.
    #[inline]
    fn value(&self, slot: Slot) -> Option<&ContextValue<'static>> {
        const SEARCHED: usize = 8;
        let at = if self.given.len() <= SEARCHED {
            self.given.iter().find(|(given, _)| *given == slot)?.1
        } else {
            self.given.get(self.given.binary_search_by_key(&slot, |(given, _)| *given).ok()?)?.1
        } as usize;
        match self.session.kept().get(at) {
            Some(kept) => Some(&kept.value),
            None => self.derived.get(at - self.session.kept().len()),
        }
    }

    /// Conditions all of whose keys the session gives.
    fn known_conditions(&self) -> Box<[u64]> {
        let tree = &*self.tree;
        let values = Checked { bound: self, added: &[], account: None };
        let mut known = vec![0u64; tree.conditions.len().div_ceil(32)];
        for id in (0..narrow(tree.conditions.len())).map(ConditionId) {
            if tree.conditions.slots(id, &tree.arena).all(|slot| self.value(slot).is_some()) {
                let holds = tree.conditions.holds(id, &tree.arena, &values);
                if let Some(word) = known.get_mut(id.0 as usize / 32) {
                    *word |= (1 | u64::from(holds) << 1) << (id.0 % 32 * 2);
                }
            }
        }
        // Whatever is behind the last known one need not be kept.
        let length = known.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        known.truncate(length);
        known.into()
    }

    fn decide_by_name(
        &self,
        action: &ActionHandle,
        resource: &str,
        keys: &[(&KeyHandle, ContextValue<'_>)],
    ) -> Result<Decision, RequestError> {
        let request = self.session.request(&action.text, resource)?;
        let request = keys.iter().try_fold(request, |request, (key, value)| request.with(&*key.name, value.clone()))?;
        self.tree.decide(&request)
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Bytes on the heap beyond the session's own texts.
    pub fn heap_bytes(&self) -> usize {
        let members = |value: &ContextValue<'_>| match value {
            ContextValue::Single(_) => 0,
            ContextValue::Multi(members) => members.len() * size_of::<std::borrow::Cow<'_, str>>(),
        };
        let text = |value: &ContextValue<'_>| match value {
            ContextValue::Single(text) => text.len(),
            ContextValue::Multi(_) => 0,
        };
        let kept = self.session.kept();
        size_of_val(kept)
            + kept.iter().map(|kept| members(&kept.value)).sum::<usize>()
            + size_of_val(&*self.derived)
            + self.derived.iter().map(text).sum::<usize>()
            + size_of_val(&*self.given)
            + size_of_val(&*self.known)
    }
}
