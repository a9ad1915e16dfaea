//! The trickiest rules, and what an explanation says.

mod conditions;
mod explanations;
mod principals;
mod procedure;

use super::{Explained, Reference};
use crate::decision::{
    Absence, CheckEffect, CheckResult, CheckType, ContextText, Evaluator, FailedElement, Mark, MissingPlace, Outcome,
};
use crate::document::{Document, Level, PolicyKind, PolicySet};
use crate::request::{Request, RequestErrorKind};

const USER: &str = "arn:aws:iam::111122223333:user/dana";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/App/one";
const OBJECT: &str = "arn:aws:s3:::data/report";

fn parse(kind: PolicyKind, name: &str, statements: &str) -> Document {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    Document::parse(kind, name, &text).unwrap()
}

fn identity(statements: &str) -> PolicySet {
    PolicySet::new().identity(parse(PolicyKind::Identity, "identity", statements))
}

fn explain(set: &PolicySet, request: &Request<'_>) -> Explained {
    let explained = Reference::new(set).explain(request).unwrap();
    assert_eq!(Reference::new(set).decide(request), Ok(explained.decision));
    assert_eq!(by_checks(&explained), explained.decision.outcome(), "{explained:#?}");
    explained
}

/// The invariant of Rule E65.
fn by_checks(explained: &Explained) -> Outcome {
    let has = |effect| explained.explanation.checks.iter().any(|check| check.effect == effect);
    match (has(CheckEffect::ExplicitDeny), has(CheckEffect::ImplicitDeny)) {
        (true, _) => Outcome::ExplicitDeny,
        (false, true) => Outcome::ImplicitDeny,
        (false, false) => Outcome::Allowed,
    }
}

fn reason(set: &PolicySet, request: &Request<'_>) -> &'static str {
    explain(set, request).decision.reason().as_str()
}

fn get(principal: &'static str) -> Request<'static> {
    Request::new(principal, "s3:GetObject", OBJECT).unwrap().resource_account("111122223333").unwrap()
}

const ALLOW: &str = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
const DENY: &str = r#"{"Effect": "Deny", "Action": "*", "Resource": "*"}"#;
const SILENT: &str = r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}"#;
