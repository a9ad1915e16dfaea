//! W1 written by hand: what a programmer would put in place of the policy. The floor that the engine is held
//! against, three times.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use iamtree::Outcome;

use crate::workloads::{Asked, Given, SUB};

const BUCKET: &str = "arn:aws:s3:::app-user-data";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/UserItems";

/// (a): a prepared request with typed fields.
pub struct Typed<'a> {
    action: Action,
    resource: &'a str,
    sub: Option<&'a str>,
    secure: Option<bool>,
    prefix: Option<&'a str>,
    leading_keys: &'a [String],
}

/// What W1 tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    List,
    Object,
    Item,
    OtherOfS3OrDynamoDb,
    Other,
}

impl Action {
    fn of(action: &str) -> Self {
        match action {
            "s3:ListBucket" => Action::List,
            "s3:GetObject" | "s3:PutObject" | "s3:DeleteObject" => Action::Object,
            "dynamodb:GetItem"
            | "dynamodb:BatchGetItem"
            | "dynamodb:Query"
            | "dynamodb:PutItem"
            | "dynamodb:UpdateItem"
            | "dynamodb:DeleteItem"
            | "dynamodb:BatchWriteItem" => Action::Item,
            other if other.starts_with("s3:") || other.starts_with("dynamodb:") => Action::OtherOfS3OrDynamoDb,
            _ => Action::Other,
        }
    }
}

impl<'a> Typed<'a> {
    pub fn prepare(asked: &'a Asked) -> Self {
        let given = |key: &str| asked.context.iter().find(|(name, _)| *name == key).map(|(_, value)| value);
        let one = |key: &str| match given(key) {
            Some(Given::One(text)) => Some(text.as_str()),
            _ => None,
        };
        Typed {
            action: Action::of(&asked.action),
            resource: &asked.resource,
            sub: one(SUB),
            secure: one("aws:SecureTransport").map(|text| text == "true"),
            prefix: one("s3:prefix"),
            leading_keys: match given("dynamodb:LeadingKeys") {
                Some(Given::Many(keys)) => keys,
                _ => &[],
            },
        }
    }

    pub fn decide(&self) -> Outcome {
        if self.action != Action::Other && self.secure == Some(false) {
            return Outcome::ExplicitDeny;
        }
        let allowed = match self.action {
            Action::List => self.resource == BUCKET && begins_with_own(self.prefix, self.sub),
            Action::Object => begins_with_own(in_bucket(self.resource), self.sub),
            Action::Item => is_own_table(self.resource) && self.leading_keys.iter().all(|key| Some(&**key) == self.sub),
            Action::OtherOfS3OrDynamoDb | Action::Other => false,
        };
        if allowed { Outcome::Allowed } else { Outcome::ImplicitDeny }
    }
}

fn in_bucket(resource: &str) -> Option<&str> {
    resource.strip_prefix(BUCKET)?.strip_prefix('/')
}

/// Whether a text is the user's name, a slash, and anything.
fn begins_with_own(text: Option<&str>, sub: Option<&str>) -> bool {
    match (text, sub) {
        (Some(text), Some(sub)) => text.strip_prefix(sub).is_some_and(|rest| rest.starts_with('/')),
        _ => false,
    }
}

fn is_own_table(resource: &str) -> bool {
    resource.strip_prefix(TABLE).is_some_and(|rest| rest.is_empty() || rest.starts_with("/index/"))
}

/// (b): keys in a map of the standard library, in lower case, looked up when deciding.
pub struct Mapped<'a> {
    action: &'a str,
    resource: &'a str,
    context: HashMap<String, &'a Given>,
}

impl<'a> Mapped<'a> {
    pub fn prepare(asked: &'a Asked) -> Self {
        let context = asked.context.iter().map(|(key, value)| (key.to_ascii_lowercase(), value)).collect();
        Mapped { action: &asked.action, resource: &asked.resource, context }
    }

    fn one(&self, key: &str) -> Option<&str> {
        match self.context.get(key) {
            Some(Given::One(text)) => Some(text),
            _ => None,
        }
    }

    pub fn decide(&self) -> Outcome {
        let action = Action::of(self.action);
        if action != Action::Other && self.one("aws:securetransport") == Some("false") {
            return Outcome::ExplicitDeny;
        }
        let allowed = match action {
            Action::List => self.resource == BUCKET && begins_with_own(self.one("s3:prefix"), self.one(SUB)),
            Action::Object => begins_with_own(in_bucket(self.resource), self.one(SUB)),
            Action::Item => {
                is_own_table(self.resource)
                    && match self.context.get("dynamodb:leadingkeys") {
                        Some(Given::Many(keys)) => {
                            let sub = self.one(SUB);
                            keys.iter().all(|key| Some(&**key) == sub)
                        }
                        _ => true,
                    }
            }
            Action::OtherOfS3OrDynamoDb | Action::Other => false,
        };
        if allowed { Outcome::Allowed } else { Outcome::ImplicitDeny }
    }
}

/// Reads every byte of a request once, with the hash function of the standard library.
pub fn sip_hash(asked: &Asked) -> u64 {
    let mut hasher = DefaultHasher::new();
    (asked.principal, &asked.action, &asked.resource, asked.account).hash(&mut hasher);
    for (key, value) in &asked.context {
        key.hash(&mut hasher);
        match value {
            Given::One(text) => text.hash(&mut hasher),
            Given::Many(texts) => texts.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// The plain loop over the rules of W3, claims in a hash map.
pub fn first_rule(rules: &[crate::workloads::w3::Rule], claims: &HashMap<&str, &str>) -> Option<usize> {
    rules.iter().position(|rule| {
        claims.get(&*rule.claim).is_some_and(|claim| match rule.match_type {
            "Equals" => *claim == rule.value,
            "NotEqual" => *claim != rule.value,
            "StartsWith" => claim.starts_with(rule.value),
            _ => claim.contains(rule.value),
        })
    })
}
