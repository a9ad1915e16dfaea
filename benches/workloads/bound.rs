//! The requests of a workload as a service asks them: sessions bound, actions and keys looked up.

use std::collections::HashMap;

use iamtree::request::ContextValue;
use iamtree::{ActionHandle, BoundSession, Engine, KeyHandle, Outcome};

use super::{Asked, Workload};

/// What a service keeps for a workload: sessions bound, actions and keys looked up.
pub struct Bound<'w> {
    pub sessions: Vec<BoundSession>,
    actions: HashMap<&'w str, ActionHandle>,
    keys: HashMap<&'static str, KeyHandle>,
    /// For each request the number of its session.
    asked: Vec<(usize, &'w Asked)>,
}

/// A request as a service asks it.
pub struct Check<'b> {
    session: &'b BoundSession,
    action: &'b ActionHandle,
    resource: &'b str,
    keys: Vec<(&'b KeyHandle, ContextValue<'b>)>,
}

impl Check<'_> {
    pub fn decide(&self) -> Outcome {
        self.session.decide(self.action, self.resource, &self.keys).expect("a decision").outcome()
    }
}

impl<'w> Bound<'w> {
    pub fn new(engine: &Engine, workload: &'w Workload) -> Self {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut bound =
            Bound { sessions: Vec::new(), actions: HashMap::new(), keys: HashMap::new(), asked: Vec::new() };
        for asked in &workload.requests {
            let session = asked.session();
            let session = *known.entry(format!("{session:?}")).or_insert_with(|| {
                bound.sessions.push(engine.bind(&session).expect("a bound session"));
                bound.sessions.len() - 1
            });
            for (key, _) in asked.context.iter().filter(|(key, _)| !Asked::is_of_session(key)) {
                bound.keys.entry(key).or_insert_with(|| engine.key(key));
            }
            let look_up = || engine.action(&asked.action).expect("an action");
            bound.actions.entry(&asked.action).or_insert_with(look_up);
            bound.asked.push((session, asked));
        }
        bound
    }

    /// The requests, each answered once and compared with what is expected.
    pub fn checks(&self) -> Vec<Check<'_>> {
        let check = |(session, asked): &(usize, &'w Asked)| {
            let context = asked.context.iter().filter(|(key, _)| !Asked::is_of_session(key));
            let check = Check {
                session: &self.sessions[*session],
                action: &self.actions[&*asked.action],
                resource: &asked.resource,
                keys: context.map(|(key, value)| (&self.keys[key], value.value())).collect(),
            };
            assert_eq!(check.decide(), asked.expected, "bound: {} {}", asked.action, asked.resource);
            check
        };
        self.asked.iter().map(check).collect()
    }
}
