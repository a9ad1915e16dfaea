//! casbin: each statement becomes one policy row.
//!
//! casbin evaluates an expression for every row, so the best form has few rows and an expression that stops early:
//! * A row holds all actions of a statement; one native function compares them. A row for each action, compared by
//!   `keyMatch`, is not faster.
//! * Resources and prefixes are compared by casbin's own `keyMatch`. Variables: see [`crate::mask`].
//! * Deny rows come first and the effect is `priority`: the first row that matches decides. Under the usual effect,
//!   `some(allow) && !some(deny)`, an allowed request would visit every row.
//! * Request values are made beforehand; a call takes them by value, which clones counted references.
//! * The cache of decisions is not used: it answers a request that came before from a map.
//!
//! Conditions are columns that had to be chosen for one policy, so only w1s3 is translated.

use std::collections::BTreeSet;

use casbin::function_map::OperatorFunction;
use casbin::rhai::Dynamic;
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use crate::Result;
use crate::block_on;
use crate::mask::{self, RESOURCE, View};
use crate::measure::{Answer, Peer};
use crate::workload::{Effect, OneOrMany, Statement, Workload, action_matches};

pub struct Casbin {
    enforcer: Enforcer,
    requests: Vec<Vec<Dynamic>>,
}

const MODEL: &str = r#"
[request_definition]
r = action, resource, prefix, secure

[policy_definition]
p = actions, resource, prefix, secure, eft

[policy_effect]
e = priority(p.eft) || deny

[matchers]
m = (p.secure == "" || p.secure == r.secure) && anyAction(r.action, p.actions) && keyMatch(r.resource, p.resource) && (p.prefix == "" || keyMatch(r.prefix, p.prefix))
"#;

/// Separates the actions of one row.
const SEPARATOR: char = ' ';
const PREFIX: &str = "s3:prefix";
const SECURE: &str = "aws:SecureTransport";

impl Peer for Casbin {
    type Source = Vec<Vec<String>>;
    type Compiled = Enforcer;

    fn translate(workload: &'static Workload) -> Result<Self::Source> {
        let (denies, allows): (Vec<_>, Vec<_>) =
            workload.statements.iter().partition(|statement| statement.effect == Effect::Deny);
        let mut rows = Vec::new();
        for statement in denies.into_iter().chain(allows) {
            for resource in statement.resource.as_slice() {
                rows.push(row(statement, resource)?);
            }
        }
        Ok(rows)
    }

    fn compile(source: &Self::Source) -> Result<Enforcer> {
        block_on(async {
            let model = DefaultModel::from_str(MODEL).await?;
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
            let any_action = |action: Dynamic, actions: Dynamic| -> Dynamic {
                match (action.into_immutable_string(), actions.into_immutable_string()) {
                    (Ok(action), Ok(actions)) => {
                        actions.split(SEPARATOR).any(|one| action_matches(one, &action)).into()
                    }
                    _ => false.into(),
                }
            };
            enforcer.add_function("anyAction", OperatorFunction::Arg2(any_action));
            enforcer.add_policies(source.clone()).await?;
            Ok(enforcer)
        })
    }

    fn prepare(enforcer: Enforcer, workload: &'static Workload) -> Result<Self> {
        let views = mask::views(workload)?;
        let (resource, prefix) = (only(&views, RESOURCE)?, only(&views, PREFIX)?);
        let mut requests = Vec::new();
        for ask in &workload.asks {
            let asked = &ask.request;
            let text = |view: Option<&View>| match view {
                Some(view) => view.text(asked).map(Option::unwrap_or_default),
                None => Ok(String::new()),
            };
            let secure = match asked.context.get(SECURE) {
                Some(OneOrMany::One(text)) => text.clone(),
                _ => String::new(),
            };
            requests.push(vec![
                asked.action.clone().into(),
                text(resource)?.into(),
                text(prefix)?.into(),
                secure.into(),
            ]);
        }
        Ok(Casbin { enforcer, requests })
    }

    fn decide(&mut self, index: usize) -> Answer {
        let Some(request) = self.requests.get(index) else { return Answer::Failed };
        match self.enforcer.enforce(request.clone()) {
            Ok(true) => Answer::Allowed,
            Ok(false) => Answer::Denied,
            Err(_) => Answer::Failed,
        }
    }
}

/// The spelling of a key that all rows are compared with, for a request has one value in each column: the masked one if
/// there is one. A pattern without variable, as w1s3 has them, matches it as it matches the plain spelling.
fn only<'v>(views: &'v BTreeSet<View>, key: &str) -> Result<Option<&'v View>> {
    let mut views: Vec<&View> = views.iter().filter(|view| view.key == key).collect();
    if views.len() > 1 {
        views.retain(|view| view.masked.is_some());
    }
    match views.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(format!("several variables in patterns on {key}").into()),
    }
}

/// The row of a statement and one of its resources.
fn row(statement: &Statement, resource: &str) -> Result<Vec<String>> {
    // `keyMatch` knows a wildcard at the end only.
    let is_prefix = |pattern: &str| !pattern.trim_end_matches('*').contains(['*', '?']);
    let Some(actions) = &statement.action else { return Err("no translation of NotAction".into()) };
    let (mut prefix, mut secure) = (String::new(), String::new());
    for (operator, keys) in &statement.condition {
        for (key, values) in keys {
            match (operator.as_str(), key.as_str(), values.as_slice()) {
                ("StringLike", PREFIX, [pattern]) if is_prefix(pattern) => prefix.clone_from(pattern),
                ("Bool", SECURE, [value]) => secure.clone_from(value),
                _ => return Err(format!("no translation of {operator} on {key}").into()),
            }
        }
    }
    if !is_prefix(resource) {
        return Err(format!("no translation of the pattern {resource}").into());
    }
    let effect = match statement.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    let actions = actions.as_slice().join(&SEPARATOR.to_string());
    Ok(vec![actions, resource.to_owned(), prefix, secure, effect.to_owned()])
}
