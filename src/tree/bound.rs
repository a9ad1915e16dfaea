//! A tree bound to a session: what only depends on the session is worked out once.

use std::sync::Arc;

use super::Tree;
use super::condition::ConditionId;
use super::few::Short;
use super::handle::{ActionHandle, KeyBits, KeyHandle};
use super::ordinary::Ordinary;
use super::question::Question;
use super::scratch::with_notes;
use super::slots::{Slot, ValueRef, Values};
use crate::decision::{Decision, Evaluator};
use crate::request::{
    ContextEntry, ContextValue, Head, MAX_CONTEXT_KEYS, Principal, PrincipalParts, RequestAction, RequestError,
    RequestErrorKind, RequestResource, Session, same_key,
};

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
    pub(super) tree: Arc<Tree>,
    pub(super) session: Session,
    principal: PrincipalParts,
    /// What the checks of ordinary actions need not work out.
    pub(super) ordinary: Option<Ordinary>,
    /// For the first slots, where the session's value stands, or [`NOT_LOW`].
    low: [u8; LOW],
    /// For the other slots, sorted: where the session's value stands, first in the context of the session, then in `derived`.
    given: Box<[(Slot, u32)]>,
    /// Values that AWS derives from the caller, as far as some policy names their keys.
    derived: Box<[ContextValue<'static>]>,
    /// The bits of each key above, and of each key of the session.
    pub(super) key_bits: KeyBits,
    /// Conditions that the session alone decides: two bits each, see [`KnownConditions`].
    pub(super) known: Box<[u64]>,
}

/// So many slots have a place of their own in a bound session.
const LOW: usize = 24;

/// Marks a slot whose value stands elsewhere, if there is one.
const NOT_LOW: u8 = u8::MAX;

/// Conditions whose result is known before a request: for each one bit that says whether it is known, and one
/// that says whether it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownConditions<'k>(pub &'k [u64]);

impl KnownConditions<'_> {
    pub(super) const NONE: KnownConditions<'static> = KnownConditions(&[]);

    #[inline]
    pub(super) fn get(self, id: ConditionId) -> Option<bool> {
        let bits = self.0.get(id.0 as usize / 32)? >> (id.0 % 32 * 2);
        (bits & 1 == 1).then_some(bits & 2 == 2)
    }
}

/// A check with more keys takes the way of a request by name.
pub(super) const FEW_KEYS: usize = 32;

/// The checks of a session with more keys take that way too: keys of the check and those that are derived may be more
/// than a context holds.
const MOST_KEYS_OF_SESSION: usize = MAX_CONTEXT_KEYS - 2 * FEW_KEYS;

impl Tree {
    pub(crate) fn bind(self: &Arc<Self>, session: &Session) -> Result<BoundSession, RequestError> {
        // The context does not depend on action and resource, `aws:ResourceAccount` apart, which each check adds.
        let request = session.request("iamtree:Bind", "*")?;
        let mut session = session.clone();
        session.shrink();
        let (mut given, mut derived, mut key_bits) = (Vec::new(), Vec::new(), KeyBits::default());
        for (kept, at) in session.kept().iter().zip(0..) {
            let slot = self.keys.find(kept.hash, &kept.key);
            key_bits.add(self.key_bits(slot, kept.hash));
            given.extend(slot.map(|slot| (slot, at)));
        }
        let of_caller =
            |entry: &&ContextEntry<'_>| entry.derived && !entry.key.eq_ignore_ascii_case("aws:ResourceAccount");
        for entry in request.context().entries().iter().filter(of_caller) {
            if let Some(slot) = self.keys.find(entry.hash, &entry.key).filter(|slot| self.keys.is_read(*slot)) {
                key_bits.add(self.key_bits(Some(slot), entry.hash));
                given.push((slot, narrow(session.kept().len() + derived.len())));
                derived.push(entry.value.clone().into_owned());
            }
        }
        given.sort_unstable();
        let principal = request.principal().parts();
        let tree = Arc::clone(self);
        let mut low = [NOT_LOW; LOW];
        given.retain(|(slot, at)| match (low.get_mut(slot.0 as usize), u8::try_from(*at)) {
            (Some(place), Ok(at)) if at != NOT_LOW => {
                *place = at;
                false
            }
            _ => true,
        });
        let (given, derived) = (given.into(), derived.into());
        let (known, ordinary) = (Box::default(), None);
        let mut bound = BoundSession { tree, session, principal, ordinary, low, given, derived, key_bits, known };
        if self.switches.binding {
            bound.known = bound.known_conditions();
            bound.ordinary = bound.ordinary().filter(|_| !bound.is_crowded());
        }
        Ok(bound)
    }
}

#[cold]
fn foreign() -> RequestError {
    RequestError::new(RequestErrorKind::Inapplicable, "E6", "a handle belongs to another engine")
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The values of one check.
pub(super) struct Checked<'r> {
    pub bound: &'r BoundSession,
    pub added: &'r [(&'r KeyHandle, ContextValue<'r>)],
    pub account: Option<&'r str>,
}

impl Values for Checked<'_> {
    #[inline(always)]
    fn get(&self, slot: Slot) -> Option<ValueRef<'_>> {
        // No check gives a key that the session gives.
        if let Some(value) = self.bound.value(slot) {
            return Some(value.into());
        }
        if let Some((_, value)) = self.added.iter().find(|(key, _)| key.slot == slot) {
            return Some(value.into());
        }
        self.account.filter(|_| self.bound.tree.resource_account == Some(slot)).map(ValueRef::Single)
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
        if let Some(decision) = self.decide_plain(action, resource, keys) {
            return Ok(decision);
        }
        self.decide_in_general(action, resource, keys)
    }

    #[inline(never)]
    fn decide_in_general(
        &self,
        action: &ActionHandle,
        resource: &str,
        keys: &[(&KeyHandle, ContextValue<'_>)],
    ) -> Result<Decision, RequestError> {
        if self.check(action, keys)? {
            return self.decide_by_name(action, resource, keys);
        }
        let resource = match action.heading.as_ref().and_then(|heading| heading.split(resource)) {
            Some(arn) => RequestResource::Arn(arn),
            None => RequestResource::parse(resource)?,
        };
        let (class, known) = (action.class(), KnownConditions(&self.known));
        if action.is_ordinary
            && let Some(ordinary) = &self.ordinary
            && let Some((standing, account)) =
                ordinary.standing(self.session.principal(), self.session.owner(), &resource)
        {
            let values = Checked { bound: self, added: keys, account };
            let (text, head, places) = (resource.arn_text(), None, ordinary.applicable());
            if let Some(few) = class.few() {
                let short = Short { text, head, values: &values, known };
                return Ok(self.tree.walk_few(few, &short, &standing, places, places));
            }
            return Ok(with_notes(self.tree.room, |notes| {
                let question = Question { text, head, arena: &self.tree.arena, values: &values, class, notes, known };
                self.tree.walk(&question, &standing, places, places)
            }));
        }
        self.decide_special(action, resource, keys)
    }

    /// Decides with everything that rules may ask of a request.
    #[inline(never)]
    fn decide_special(
        &self,
        action: &ActionHandle,
        resource: RequestResource<'_>,
        keys: &[(&KeyHandle, ContextValue<'_>)],
    ) -> Result<Decision, RequestError> {
        let mut head = Head::new(self.caller(), action.parts.of(&action.text), resource);
        if let Some(account) = self.session.owner() {
            head.set_known_resource_account(account)?;
        }
        let account = self.tree.resource_account.and_then(|_| head.known_resource_account());
        let values = Checked { bound: self, added: keys, account };
        let (class, known) = (action.class(), KnownConditions(&self.known));
        with_notes(self.tree.room, |notes| {
            let (text, arena) = (head.resource.arn_text(), &self.tree.arena);
            let question = Question { text, head: Some(&head), arena, values: &values, class, notes, known };
            self.tree.answer(&head, &question)
        })
    }

    fn ordinary(&self) -> Option<Ordinary> {
        let action = RequestAction::parse("iamtree:Bind").ok()?;
        let mut head = Head::new(self.caller(), action, RequestResource::None);
        if let Some(owner) = self.session.owner() {
            head.set_known_resource_account(owner).ok()?;
        }
        Ordinary::of(&self.tree, &head, &Checked { bound: self, added: &[], account: None })
    }

    fn caller(&self) -> Principal<'_> {
        self.principal.of(self.session.principal())
    }

    /// Whether a check must take the way of a request by name: an action that takes a token has another caller
    /// (Rule E2), and some keys change what others are.
    ///
    /// # Errors
    ///
    /// Returns that a handle is of another engine, or that a key is given twice (Rule E59).
    #[inline(never)]
    pub(super) fn check(
        &self,
        action: &ActionHandle,
        keys: &[(&KeyHandle, ContextValue<'_>)],
    ) -> Result<bool, RequestError> {
        let serial = self.tree.serial;
        let mut is_foreign = action.serial != serial;
        // The way by name refuses more keys than a context may hold.
        let mut by_name = action.parts.may_take_token() || keys.len() > FEW_KEYS || self.is_crowded();
        let mut known = self.key_bits;
        let mut needs_a_look = false;
        for (key, value) in keys {
            is_foreign |= key.serial != serial;
            by_name |= key.is_entangled || value.is_too_long();
            needs_a_look |= known.shared(key.bits) != 0;
            known.add(key.bits);
        }
        if is_foreign {
            return Err(foreign());
        }
        // The way by name looks itself.
        if needs_a_look && !by_name {
            self.check_repeated(keys)?;
            by_name |= keys.iter().any(|(key, _)| self.value(key.slot).is_some());
        }
        Ok(by_name)
    }

    fn is_crowded(&self) -> bool {
        self.session.kept().len() > MOST_KEYS_OF_SESSION
    }

    /// Rule E59: each key at most once, and none that the session gives.
    #[inline(never)]
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
    #[inline(always)]
    fn value(&self, slot: Slot) -> Option<&ContextValue<'static>> {
        match self.low.get(slot.0 as usize) {
            Some(&at) if at != NOT_LOW => match self.session.kept().get(usize::from(at)) {
                Some(kept) => Some(&kept.value),
                None => self.value_at(at.into()),
            },
            _ if self.given.is_empty() => None,
            _ => self.value_elsewhere(slot),
        }
    }

    #[inline(never)]
    fn value_elsewhere(&self, slot: Slot) -> Option<&ContextValue<'static>> {
        let found = self.given.binary_search_by_key(&slot, |(given, _)| *given).ok()?;
        self.value_at(self.given.get(found)?.1 as usize)
    }

    /// The value at a place, first of the session's context, then of what is derived.
    #[inline(never)]
    fn value_at(&self, at: usize) -> Option<&ContextValue<'static>> {
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

    #[inline(never)]
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
