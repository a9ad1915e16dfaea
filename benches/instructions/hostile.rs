//! Policies made to be slow. What each may cost stands in the head of the module `tree`.

use iamtree::{Document, Engine, PolicyKind, PolicySet, Request};

use super::{Asking, decide_each, keep};

const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/App/one";

fn engine(documents: impl IntoIterator<Item = String>) -> Engine {
    let parse = |text: String| Document::parse(PolicyKind::Identity, "hostile.json", &text).expect("a document");
    Engine::compile(documents.into_iter().map(parse).fold(PolicySet::new(), PolicySet::identity)).expect("a set")
}

fn document(statements: impl IntoIterator<Item = String>) -> String {
    let statements: Vec<String> = statements.into_iter().collect();
    format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","))
}

fn statement(resource: &str, condition: &str) -> String {
    format!(r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "{resource}"{condition}}}"#)
}

fn asking(engine: Engine, resource: &str, keys: &[(&'static str, &'static str)]) -> Asking {
    let request = Request::new(CALLER, "s3:GetObject", keep(resource.to_owned())).expect("a request");
    let request = keys.iter().fold(request, |request, (key, value)| request.with(*key, *value).expect("a key"));
    let asking = keep((engine, vec![request]));
    decide_each(asking);
    asking
}

/// 10,000 statements on one resource that differ in their conditions; none holds.
pub fn one_prefix() -> Asking {
    let condition =
        |index: usize| format!(r#", "Condition": {{"StringEquals": {{"aws:PrincipalTag/team": "t{index}"}}}}"#);
    let statements = (0..10_000).map(|index| statement("arn:aws:s3:::app/*", &condition(index)));
    asking(engine([document(statements)]), "arn:aws:s3:::app/x", &[("aws:PrincipalTag/team", "none")])
}

/// 10,000 patterns that begin with a star; one of them fits.
pub fn leading_stars() -> Asking {
    let statements = (0..10_000).map(|index| statement(&format!("arn:aws:s3:::*-exports/t{index:05}/*.csv"), ""));
    asking(engine([document(statements)]), "arn:aws:s3:::daily-exports/t07777/2026/q1.csvx", &[])
}

/// The same where all of them demand one value of a key, which the request gives.
pub fn one_organization() -> Asking {
    let condition = r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}"#;
    let statements =
        (0..10_000).map(|index| statement(&format!("arn:aws:s3:::*-exports/t{index:05}/*.csv"), condition));
    let resource = "arn:aws:s3:::daily-exports/t07777/2026/q1.csvx";
    asking(engine([document(statements)]), resource, &[("aws:PrincipalOrgID", "o-1")])
}

/// One pattern of 1,000 stars against a resource of 1,024 bytes that it nearly fits.
pub fn thousand_stars() -> Asking {
    let pattern = format!("arn:aws:s3:::{}b", "a*".repeat(1_000));
    let resource = format!("arn:aws:s3:::{}", "a".repeat(1_011));
    asking(engine([document([statement(&pattern, "")])]), &resource, &[])
}

/// 50 documents that all use one variable.
pub fn one_variable() -> Asking {
    let documents = (0..50).map(|index| {
        document(
            (0..20).map(|part| statement(&format!("arn:aws:s3:::app/${{aws:PrincipalTag/team}}/{index}/{part}/*"), "")),
        )
    });
    asking(engine(documents), "arn:aws:s3:::app/red/49/20/x", &[("aws:PrincipalTag/team", "red")])
}
