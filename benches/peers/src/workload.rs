//! Workloads: policies, requests, and the decision that each request must get.
//!
//! w1 and w2 are made by the module that all benchmarks of the crate share; w1s3 and w2s3 are read from the folder that
//! `generate.py` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use iamtree::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Result;
use crate::workloads::{self, Given, w1, w2};

pub struct Workload {
    /// The policy documents as they are written.
    pub documents: Vec<String>,
    /// The same documents read, for the peers that speak another language.
    pub statements: Vec<Statement>,
    pub asks: Vec<Ask>,
}

/// A request and the decision that it must get.
pub struct Ask {
    pub request: Request,
    pub expected: Expected,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    pub principal: String,
    pub action: String,
    pub resource: String,
    pub resource_account: String,
    pub context: BTreeMap<String, OneOrMany>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Expected {
    Allowed,
    ImplicitDeny,
    ExplicitDeny,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    #[serde(default, rename = "Sid")]
    _sid: Option<String>,
    pub effect: Effect,
    pub action: Option<OneOrMany>,
    pub not_action: Option<OneOrMany>,
    pub resource: OneOrMany,
    /// Operator, then key, then values.
    #[serde(default)]
    pub condition: BTreeMap<String, BTreeMap<String, OneOrMany>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Effect {
    Allow,
    Deny,
}

/// JSON writes a list of one as the text alone. For a context key the two forms differ: only a list is multivalued.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn as_slice(&self) -> &[String] {
        match self {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        }
    }
}

#[derive(Deserialize)]
struct Policies {
    identity: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "Version")]
    _version: String,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
struct Line {
    request: Request,
    expect: Expected,
}

impl Workload {
    /// Makes the workload w1.
    pub fn w1() -> Result<Self> {
        Workload::made(w1::workload())
    }

    /// Makes the workload w2 with so many statements.
    pub fn w2(size: usize) -> Result<Self> {
        Workload::made(w2::workload(size))
    }

    fn made(made: workloads::Workload) -> Result<Self> {
        let asks = made.requests.into_iter().map(|asked| {
            let context = asked.context.into_iter().map(|(key, given)| {
                let given = match given {
                    Given::One(text) => OneOrMany::One(text),
                    Given::Many(texts) => OneOrMany::Many(texts),
                };
                (key.to_owned(), given)
            });
            let request = Request {
                principal: asked.principal.to_owned(),
                action: asked.action,
                resource: asked.resource,
                resource_account: asked.account.to_owned(),
                context: context.collect(),
            };
            let expected = match asked.expected {
                Outcome::Allowed => Expected::Allowed,
                Outcome::ImplicitDeny => Expected::ImplicitDeny,
                Outcome::ExplicitDeny => Expected::ExplicitDeny,
            };
            Ask { request, expected }
        });
        Workload::new(made.documents, asks.collect())
    }

    /// Reads the workload `name` below a folder.
    pub fn read(folder: &Path, name: &str) -> Result<Self> {
        let file = |file: &str| {
            let path = folder.join(name).join(file);
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let policies: Policies = serde_json::from_str(&file("policies.json")?)?;
        let documents = policies.identity.iter().map(|document| document.get().to_owned()).collect();
        let mut asks = Vec::new();
        for line in file("requests.jsonl")?.lines() {
            let line: Line = serde_json::from_str(line)?;
            asks.push(Ask { request: line.request, expected: line.expect });
        }
        if asks.is_empty() {
            return Err(format!("{name}: there is no request").into());
        }
        Workload::new(documents, asks)
    }

    fn new(documents: Vec<String>, asks: Vec<Ask>) -> Result<Self> {
        let mut statements = Vec::new();
        for document in &documents {
            statements.extend(serde_json::from_str::<Document>(document)?.statement);
        }
        Ok(Workload { documents, statements, asks })
    }

    /// Every action that is asked about. AWS publishes such a list for each service; for a language without wildcards in
    /// actions, patterns are written out over it.
    pub fn actions(&self) -> BTreeSet<&str> {
        self.asks.iter().map(|ask| ask.request.action.as_str()).collect()
    }
}

/// Whether an action pattern of IAM covers an action: `*` and `?`, in any spelling of case.
pub fn action_matches(pattern: &str, action: &str) -> bool {
    fn matches(pattern: &[u8], action: &[u8]) -> bool {
        match (pattern.split_first(), action.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => matches(rest, action),
            (Some((b'*', rest)), Some((_, tail))) => matches(rest, action) || matches(pattern, tail),
            (Some((b'?', rest)), Some((_, tail))) => matches(rest, tail),
            (Some((one, rest)), Some((other, tail))) => one.eq_ignore_ascii_case(other) && matches(rest, tail),
            _ => false,
        }
    }
    matches(pattern.as_bytes(), action.as_bytes())
}
