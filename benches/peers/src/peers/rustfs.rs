//! rustfs-policy: the policies of an S3 server, with its own reading of IAM.
//!
//! Its best form: documents parsed and merged into one policy; requests taken apart beforehand into bucket, object and
//! condition values, under the names of the keys without their prefix, as it looks them up; only keys that the request has.
//! Of actions it knows a closed list, `*` and `s3:*`, and refuses any other wildcard, so these are written out over the
//! actions that are asked about. Futures never wait here, so each is polled without a runtime.

use std::collections::HashMap;

use rustfs_policy::policy::action::Action;
use rustfs_policy::policy::{Args, Policy};
use serde_json::Value;

use crate::Result;
use crate::block_on;
use crate::measure::{Answer, Peer};
use crate::workload::{OneOrMany, Workload, action_matches};

pub struct RustFs {
    policy: Policy,
    requests: Vec<Prepared>,
    no_groups: Option<Vec<String>>,
    no_claims: HashMap<String, Value>,
}

struct Prepared {
    account: String,
    /// None if the server does not know the action.
    action: Option<Action>,
    bucket: String,
    object: String,
    conditions: HashMap<String, Vec<String>>,
}

impl Peer for RustFs {
    type Source = Vec<String>;
    type Compiled = Policy;

    fn translate(workload: &'static Workload) -> Result<Vec<String>> {
        let known: Vec<&str> =
            workload.actions().into_iter().filter(|action| Action::try_from(*action).is_ok()).collect();
        let mut documents = Vec::new();
        for document in &workload.documents {
            let mut document: Value = serde_json::from_str(document)?;
            let statements = document.get_mut("Statement").and_then(Value::as_array_mut);
            for statement in statements.into_iter().flatten() {
                for element in ["Action", "NotAction"] {
                    if let Some(actions) = statement.get_mut(element) {
                        *actions = write_out(actions, &known)?;
                    }
                }
            }
            documents.push(document.to_string());
        }
        Ok(documents)
    }

    fn compile(source: &Vec<String>) -> Result<Policy> {
        let policies = source
            .iter()
            .map(|document| Policy::parse_config(document.as_bytes()))
            .collect::<std::result::Result<_, _>>()?;
        Ok(Policy::merge_policies(policies))
    }

    fn prepare(policy: Policy, workload: &'static Workload) -> Result<Self> {
        let mut requests = Vec::new();
        for ask in &workload.asks {
            let asked = &ask.request;
            let Some(name) = asked.resource.strip_prefix("arn:aws:s3:::") else {
                return Err(format!("no resource of S3: {}", asked.resource).into());
            };
            let (bucket, object) = name.split_once('/').unwrap_or((name, ""));
            let mut conditions = HashMap::new();
            for (key, given) in &asked.context {
                let Some((_, name)) = key.split_once(':') else { continue };
                conditions.insert(name.to_owned(), given.as_slice().to_vec());
            }
            let account = match asked.context.get("aws:username") {
                Some(OneOrMany::One(name)) => name.clone(),
                _ => String::new(),
            };
            requests.push(Prepared {
                account,
                action: Action::try_from(asked.action.as_str()).ok(),
                bucket: bucket.to_owned(),
                object: object.to_owned(),
                conditions,
            });
        }
        Ok(RustFs { policy, requests, no_groups: None, no_claims: HashMap::new() })
    }

    fn decide(&mut self, index: usize) -> Answer {
        let Some(request) = self.requests.get(index) else { return Answer::Failed };
        let Some(action) = request.action else { return Answer::Failed };
        let args = Args {
            account: &request.account,
            groups: &self.no_groups,
            action,
            bucket: &request.bucket,
            conditions: &request.conditions,
            is_owner: false,
            object: &request.object,
            claims: &self.no_claims,
            deny_only: false,
        };
        if block_on(self.policy.is_allowed(&args)) { Answer::Allowed } else { Answer::Denied }
    }
}

/// Replaces wildcards that the server refuses by the actions that they cover.
fn write_out(actions: &Value, known: &[&str]) -> Result<Value> {
    let patterns: OneOrMany = serde_json::from_value(actions.clone())?;
    let mut names = Vec::new();
    for pattern in patterns.as_slice() {
        if Action::try_from(pattern.as_str()).is_ok() {
            names.push(pattern.clone());
        } else {
            names.extend(
                known.iter().filter(|action| action_matches(pattern, action)).map(|action| (*action).to_owned()),
            );
        }
    }
    if names.is_empty() {
        return Err(format!("the server knows none of the actions {actions}").into());
    }
    Ok(names.into())
}
