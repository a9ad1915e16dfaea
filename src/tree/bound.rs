//! A tree bound to a session: what only depends on the session is worked out once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Tree;
use super::action::ActionClass;
use super::condition::ConditionId;
use super::scratch::with_scratch;
use super::slots::{ABSENT, Entries, Slot, Values};
use crate::decision::{Decision, Evaluator};
use crate::request::{
    ContextEntry, ContextValue, Head, PrincipalKind, RequestAction, RequestError, RequestErrorKind, Session,
};

/// A context key of one engine, looked up once (see [`Engine::key`](crate::Engine::key)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHandle {
    name: Box<str>,
    /// None if no policy mentions the key: its value changes nothing.
    slot: Option<Slot>,
    serial: u64,
}

/// An action of one engine, looked up once (see [`Engine::action`](crate::Engine::action)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionHandle {
    text: Box<str>,
    class: ActionClass,
    serial: u64,
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
    /// The kind of caller for actions that take no token.
    kind: PrincipalKind,
    /// The context of the session, derived keys included.
    entries: Box<[ContextEntry<'static>]>,
    /// For each slot an index into `entries`, or absent.
    index: Box<[u32]>,
    /// Conditions that the session alone decides.
    known: Box<[(ConditionId, bool)]>,
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
        KeyHandle { name: name.into(), slot: self.keys.find(name), serial: self.serial }
    }

    pub(crate) fn action(&self, action: &str) -> Result<ActionHandle, RequestError> {
        let mut class = ActionClass::default();
        self.actions.classify(&RequestAction::parse(action)?, &self.arena, &mut class);
        Ok(ActionHandle { text: action.into(), class, serial: self.serial })
    }

    pub(crate) fn bind(self: &Arc<Self>, session: &Session) -> Result<BoundSession, RequestError> {
        // The context does not depend on action and resource, `aws:ResourceAccount` apart, which each check adds.
        let request = session.request("iamtree:Bind", "*")?;
        let is_of_session =
            |entry: &&ContextEntry<'_>| !(entry.derived && entry.key.eq_ignore_ascii_case("aws:ResourceAccount"));
        let entries: Box<[ContextEntry<'static>]> =
            request.context().entries().iter().filter(is_of_session).map(|entry| entry.clone().into_owned()).collect();
        let mut index = vec![ABSENT; self.keys.len()].into_boxed_slice();
        for (entry, at) in entries.iter().zip(0..) {
            if let Some(place) = self.keys.find(&entry.key).and_then(|slot| index.get_mut(slot.0 as usize)) {
                *place = at;
            }
        }
        let known = if self.switches.binding { self.known_conditions(&entries, &index) } else { Box::default() };
        let kind = request.principal().kind();
        Ok(BoundSession { tree: Arc::clone(self), session: session.clone(), kind, entries, index, known })
    }

    /// Conditions all of whose keys the session gives.
    fn known_conditions(&self, entries: &[ContextEntry<'static>], index: &[u32]) -> Box<[(ConditionId, bool)]> {
        let values = Values { index, entries: Entries::Bound { session: entries, added: &[], account: None } };
        let ids = (0..self.conditions.len()).filter_map(|id| u32::try_from(id).ok()).map(ConditionId);
        let is_known =
            |id: &ConditionId| self.conditions.slots(*id, &self.arena).all(|slot| values.get(slot).is_some());
        ids.filter(is_known).map(|id| (id, self.conditions.holds(id, &self.arena, &values))).collect()
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
        let serial = self.tree.serial;
        if action.serial != serial || keys.iter().any(|(key, _)| key.serial != serial) {
            let message = "a handle belongs to another engine";
            return Err(RequestError::new(RequestErrorKind::Inapplicable, "E6", message));
        }
        self.check_keys(keys)?;
        if keys.iter().any(|(key, _)| self.is_entangled(key)) {
            return self.decide_by_name(action, resource, keys);
        }
        let head = Head::new(self.session.principal(), RequestAction::parse(&action.text)?, resource)?;
        // For an action that takes a token the caller is the provider behind it (Rule E2): none of the keys that the
        // session derived are its own.
        if head.principal.kind() != self.kind {
            return self.decide_by_name(action, resource, keys);
        }
        let head = match self.session.owner() {
            Some(account) => head.with_resource_account(account)?,
            None => head,
        };
        let account = head.known_resource_account().map(ContextValue::from);
        with_scratch(|scratch| {
            scratch.fit(self.tree.keys.len(), self.tree.conditions.len());
            scratch.fill_all(&self.index);
            let behind_session = u32::try_from(self.entries.len()).unwrap_or(ABSENT);
            let mut at = behind_session;
            for (key, _) in keys {
                if let Some(slot) = key.slot {
                    scratch.fill(slot, at);
                }
                at += 1;
            }
            if let Some(slot) = self.tree.resource_account.filter(|slot| account.is_some() && !scratch.is_filled(*slot))
            {
                scratch.fill(slot, at);
            }
            scratch.remember(&self.known);
            scratch.class.copy_from(&action.class);
            let entries = Entries::Bound { session: &self.entries, added: keys, account: account.as_ref() };
            let (question, memo) = scratch.question(&head, entries);
            self.tree.answer(&question, memo)
        })
    }

    /// Whether other keys or checks depend on a key, or the session derived a value that it replaces.
    fn is_entangled(&self, key: &KeyHandle) -> bool {
        let is_derived = key.slot.is_some_and(|slot| self.index.get(slot.0 as usize).is_some_and(|&at| at != ABSENT));
        is_derived || ENTANGLED.iter().any(|name| name.eq_ignore_ascii_case(&key.name))
    }

    /// Each key at most once, and none that the session gives (Rule E59).
    fn check_keys(&self, keys: &[(&KeyHandle, ContextValue<'_>)]) -> Result<(), RequestError> {
        let given_before = |at: usize, name: &str| {
            keys.iter().take(at).any(|(key, _)| key.name.eq_ignore_ascii_case(name))
                || self.entries.iter().any(|entry| !entry.derived && entry.key.eq_ignore_ascii_case(name))
        };
        match keys.iter().enumerate().find(|(at, (key, _))| given_before(*at, &key.name)) {
            None => Ok(()),
            Some((_, (key, _))) => Err(RequestError::new(
                RequestErrorKind::Context,
                "E59",
                format!("a context key is given twice: found {}", crate::source::quote(&key.name)),
            )),
        }
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
        self.entries.len() * size_of::<ContextEntry<'_>>()
            + self.index.len() * size_of::<u32>()
            + self.known.len() * size_of::<(ConditionId, bool)>()
    }
}
