//! iamtree itself: by name, and with a session bound and handles looked up.

use std::collections::HashMap;

use iamtree::request::ContextValue;
use iamtree::{
    ActionHandle, BoundSession, Decision, Document, Engine, KeyHandle, Outcome, PolicyKind, PolicySet, Request,
    RequestError, Session,
};

use crate::Result;
use crate::measure::{Answer, Peer};
use crate::workload::{OneOrMany, Workload};

fn compile(documents: &[String]) -> Result<Engine> {
    let mut set = PolicySet::new();
    for document in documents {
        set = set.identity(Document::parse(PolicyKind::Identity, "policies.json", document)?);
    }
    Ok(Engine::compile(set)?)
}

fn value(value: &OneOrMany) -> ContextValue<'_> {
    match value {
        OneOrMany::One(text) => text.into(),
        OneOrMany::Many(texts) => texts.as_slice().into(),
    }
}

fn answer(decision: std::result::Result<Decision, RequestError>) -> Answer {
    match decision.map(|decision| decision.outcome()) {
        Ok(Outcome::Allowed) => Answer::Allowed,
        Ok(Outcome::ImplicitDeny) => Answer::ImplicitDeny,
        Ok(Outcome::ExplicitDeny) => Answer::ExplicitDeny,
        Err(_) => Answer::Failed,
    }
}

/// A prepared request; everything in it is looked up by its name during the decision.
pub struct ByName {
    engine: Engine,
    requests: Vec<Request<'static>>,
}

impl Peer for ByName {
    type Source = &'static [String];
    type Compiled = Engine;

    fn translate(workload: &'static Workload) -> Result<Self::Source> {
        Ok(&workload.documents)
    }

    fn compile(source: &Self::Source) -> Result<Engine> {
        compile(source)
    }

    fn prepare(engine: Engine, workload: &'static Workload) -> Result<Self> {
        let mut requests = Vec::new();
        for ask in &workload.asks {
            let asked = &ask.request;
            let mut request = Request::new(&asked.principal, &asked.action, &asked.resource)?
                .resource_account(&asked.resource_account)?;
            for (key, given) in &asked.context {
                request = request.with(key.as_str(), value(given))?;
            }
            requests.push(request);
        }
        Ok(ByName { engine, requests })
    }

    fn decide(&mut self, index: usize) -> Answer {
        self.requests.get(index).map_or(Answer::Failed, |request| answer(self.engine.decide(request)))
    }
}

/// What a service keeps for a user who is logged in: the session is bound once, and a check names only its action, its
/// resource and the keys of the request alone.
pub struct Bound {
    sessions: Vec<BoundSession>,
    checks: Vec<Check>,
}

struct Check {
    session: usize,
    action: &'static ActionHandle,
    resource: &'static str,
    keys: Vec<(&'static KeyHandle, ContextValue<'static>)>,
}

/// Keys that tell who the caller is.
fn is_of_session(key: &str) -> bool {
    key == "aws:username" || ["aws:PrincipalTag/", "cognito-identity.amazonaws.com:"].iter().any(|p| key.starts_with(p))
}

impl Peer for Bound {
    type Source = &'static [String];
    type Compiled = Engine;

    fn translate(workload: &'static Workload) -> Result<Self::Source> {
        Ok(&workload.documents)
    }

    fn compile(source: &Self::Source) -> Result<Engine> {
        compile(source)
    }

    fn prepare(engine: Engine, workload: &'static Workload) -> Result<Self> {
        let mut bound = Bound { sessions: Vec::new(), checks: Vec::new() };
        // Handles live as long as the program, as those of a service do.
        let mut handles: HashMap<&str, &'static KeyHandle> = HashMap::new();
        let mut actions: HashMap<&str, &'static ActionHandle> = HashMap::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for ask in &workload.asks {
            let asked = &ask.request;
            let mut session = Session::new(&asked.principal)?.resource_account(&asked.resource_account)?;
            let mut keys = Vec::new();
            for (key, given) in &asked.context {
                if is_of_session(key) {
                    session = session.with(key, value(given))?;
                } else {
                    let handle = handles.entry(key).or_insert_with(|| Box::leak(Box::new(engine.key(key))));
                    keys.push((*handle, value(given)));
                }
            }
            let next = bound.sessions.len();
            let at = *known.entry(format!("{session:?}")).or_insert(next);
            if at == next {
                bound.sessions.push(engine.bind(&session)?);
            }
            let action = match actions.get(&*asked.action) {
                Some(action) => action,
                None => {
                    let action = &*Box::leak(Box::new(engine.action(&asked.action)?));
                    actions.insert(&asked.action, action);
                    action
                }
            };
            bound.checks.push(Check { session: at, action, resource: &asked.resource, keys });
        }
        Ok(bound)
    }

    fn decide(&mut self, index: usize) -> Answer {
        let Some(check) = self.checks.get(index) else { return Answer::Failed };
        let Some(session) = self.sessions.get(check.session) else { return Answer::Failed };
        answer(session.decide(check.action, check.resource, &check.keys))
    }
}
