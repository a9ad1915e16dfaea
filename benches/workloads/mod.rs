//! The workloads that every benchmark uses, made here so that a fresh clone can run them at any size.
//!
//! They are those of `generate.py` in the folder of workloads, to the byte: where that folder is at hand
//! (`IAMTREE_WORKLOADS`, else `../shared/workloads`), [`check_against_folder`] compares.

#![allow(dead_code, reason = "each benchmark uses a part")]

pub mod bound;
pub mod rng;
pub mod w1;
pub mod w2;
pub mod w3;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use iamtree::request::ContextValue;
use iamtree::{Document, Engine, Outcome, PolicyKind, PolicySet, Request, Session};
use serde_json::{Value, json};

pub const ACCOUNT: &str = "111122223333";
pub const SUB: &str = "cognito-identity.amazonaws.com:sub";
pub const POOL: &str = "us-east-1:6f1d2c3b-0a9e-4d57-8f10-2b3c4d5e6f70";
pub const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/AppAuthenticated/CognitoIdentityCredentials";

/// Takes a result so that the optimizer cannot leave out what made it.
pub fn sink<T>(result: T) {
    black_box(result);
}

/// Policies and requests with their expected decisions.
pub struct Workload {
    /// Identity-based policies, each a JSON text.
    pub documents: Vec<String>,
    pub requests: Vec<Asked>,
}

/// One request.
pub struct Asked {
    pub principal: &'static str,
    pub action: String,
    pub resource: String,
    pub account: &'static str,
    pub context: Vec<(&'static str, Given)>,
    pub expected: Outcome,
}

/// The value of a context key.
#[derive(Clone, PartialEq, Eq)]
pub enum Given {
    One(String),
    Many(Vec<String>),
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Given::One(text.to_owned())
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        Given::One(text)
    }
}

impl Given {
    pub fn value(&self) -> ContextValue<'_> {
        match self {
            Given::One(text) => text.into(),
            Given::Many(texts) => texts.as_slice().into(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Given::One(text) => json!(text),
            Given::Many(texts) => json!(texts),
        }
    }
}

impl Asked {
    /// The request, made from borrowed text.
    pub fn request(&self) -> Request<'_> {
        self.request_on(&self.resource)
    }

    /// The same about another resource.
    pub fn request_on<'a>(&'a self, resource: &'a str) -> Request<'a> {
        let request = Request::new(self.principal, &self.action, resource).expect("a request");
        let request = request.resource_account(self.account).expect("an account");
        let context = self.context.iter();
        context.fold(request, |request, (key, value)| request.with(*key, value.value()).expect("a context"))
    }

    /// The session that it is asked in.
    pub fn session(&self) -> Session {
        let session = Session::new(self.principal).expect("a session");
        let session = session.resource_account(self.account).expect("an account");
        let of_session = self.context.iter().filter(|(key, _)| Asked::is_of_session(key));
        of_session.fold(session, |session, (key, value)| session.with(key, value.value()).expect("a context"))
    }

    /// The keys that a session has, and those of this request alone.
    pub fn is_of_session(key: &str) -> bool {
        key.starts_with("cognito-identity.amazonaws.com:") || key.starts_with("aws:PrincipalTag/")
    }
}

impl Workload {
    /// The bytes of its policies.
    pub fn policy_bytes(&self) -> usize {
        self.documents.iter().map(String::len).sum()
    }

    pub fn set(&self) -> PolicySet {
        let parse = |text: &String| Document::parse(PolicyKind::Identity, "policies.json", text).expect("a document");
        self.documents.iter().map(parse).fold(PolicySet::new(), PolicySet::identity)
    }

    pub fn engine(&self) -> Engine {
        Engine::compile(self.set()).expect("a set")
    }
}

/// Where `generate.py` put its output, if that is at hand.
pub fn folder() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = match std::env::var_os("IAMTREE_WORKLOADS") {
        Some(folder) => PathBuf::from(folder),
        None => here.join("../shared/workloads"),
    };
    folder.join("w1/policies.json").exists().then_some(folder)
}

/// Whether a workload made here is the one of the folder. `None` if the folder does not hold it.
pub fn matches_folder(name: &str, workload: &Workload) -> Option<bool> {
    let folder = folder()?.join(name);
    let policies = std::fs::read_to_string(folder.join("policies.json")).ok()?;
    let requests = std::fs::read_to_string(folder.join("requests.jsonl")).ok()?;
    let same_policies = policies == format!("{{\"identity\":[\n{}\n]}}\n", workload.documents.join(",\n"));
    let same = |(line, (index, asked)): (&str, (usize, &Asked))| {
        let context: serde_json::Map<_, _> =
            asked.context.iter().map(|(key, value)| ((*key).to_owned(), value.json())).collect();
        let made = json!({
            "name": format!("{index:04}"),
            "request": {"principal": asked.principal, "action": asked.action, "resource": asked.resource,
                        "resourceAccount": asked.account, "context": context},
            "expect": asked.expected.as_str(),
        });
        serde_json::from_str::<Value>(line).is_ok_and(|read| read == made)
    };
    let same_requests = requests.lines().count() == workload.requests.len()
        && requests.lines().zip(workload.requests.iter().enumerate()).all(same);
    Some(same_policies && same_requests)
}

/// The same for W3.
pub fn w3_matches_folder(rules: &[w3::Rule], logins: &[w3::Login]) -> Option<bool> {
    let folder = folder()?.join("w3");
    let mapping: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("mapping.json")).ok()?).ok()?;
    let lines = std::fs::read_to_string(folder.join("logins.jsonl")).ok()?;
    let same = |(line, login): (&str, &w3::Login)| {
        let Ok(read) = serde_json::from_str::<Value>(line) else { return false };
        let claims: serde_json::Map<_, _> =
            login.claims.iter().map(|(claim, value)| (claim.clone(), json!(value))).collect();
        let expected = match login.rule {
            Some(rule) => json!({"roleArn": w3::role(rule), "rule": rule}),
            None => json!({"decision": "denied"}),
        };
        read["login"]["claims"] == Value::Object(claims) && read["expect"] == expected
    };
    Some(mapping == w3::mapping(rules) && lines.lines().count() == logins.len() && lines.lines().zip(logins).all(same))
}
