use super::*;
use crate::cases::{self, EngineChoice};
use crate::document::{Document, Level, PolicyKind, PolicySet};
use crate::engine::Engine;
use crate::request::Request;
use crate::source::Source;

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/App/one";
const ACCOUNT: &str = "111122223333";
const SUB: &str = "cognito-identity.amazonaws.com:sub";

const USER_FOLDER: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "ListOwnFolder", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::app",
      "Condition": {"StringLike": {"s3:prefix": "${cognito-identity.amazonaws.com:sub}/*"}}},
    {"Sid": "OwnObjects", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
      "Resource": "arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*"}
  ]
}"#;

fn document(kind: PolicyKind, name: &str, text: &str) -> Document {
    Document::parse(kind, name, text).unwrap()
}

fn user_folder() -> PolicySet {
    PolicySet::new().identity(document(PolicyKind::Identity, "user-folder.json", USER_FOLDER))
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn shown(set: PolicySet, request: &Request<'_>) -> String {
    plain(&explanation(&Engine::compile(set).unwrap().explain(request).unwrap()))
}

fn ask<'a>(action: &'a str, resource: &'a str) -> Request<'a> {
    Request::new(SESSION, action, resource).unwrap().resource_account(ACCOUNT).unwrap()
}

#[test]
fn a_resource_that_differs() {
    let request = ask("s3:GetObject", "arn:aws:s3:::app/eu-west-1:77aa/cat.jpg").with(SUB, "eu-west-1:1b2f").unwrap();
    insta::assert_snapshot!(shown(user_folder(), &request), @"
    implicitDeny  no identity-based policy allows the s3:GetObject action
    nearest: OwnObjects, user-folder.json:6:5, failed on its resource
       pattern  arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*   with eu-west-1:1b2f
       request  arn:aws:s3:::app/eu-west-1:77aa/cat.jpg
                                 ^^^^^^^^^^^^^^ differs here
    ");
}

#[test]
fn a_mark_under_wide_characters() {
    let request = ask("s3:GetObject", "arn:aws:s3:::app/日本/cat.jpg").with(SUB, "東京").unwrap();
    let shown = shown(user_folder(), &request);
    let mark: Vec<&str> = shown.lines().skip(3).collect();
    assert_eq!(mark, ["   request  arn:aws:s3:::app/日本/cat.jpg", "                             ^^^^ differs here"]);
}

#[test]
fn a_key_that_is_absent() {
    let request = ask("s3:ListBucket", "arn:aws:s3:::app").with(SUB, "ana").unwrap();
    insta::assert_snapshot!(shown(user_folder(), &request), @"
    implicitDeny  no identity-based policy allows the s3:ListBucket action
    nearest: ListOwnFolder, user-folder.json:4:5, failed on its condition
       condition  StringLike s3:prefix   wanted ${cognito-identity.amazonaws.com:sub}/*   with ana   request: absent
    missing: s3:prefix, key of StringLike, which fails without it: ListOwnFolder, user-folder.json:4:5
    ");
}

#[test]
fn a_variable_without_a_value() {
    let request = ask("s3:GetObject", "arn:aws:s3:::app/ana/cat.jpg");
    insta::assert_snapshot!(shown(user_folder(), &request), @"
    implicitDeny  no identity-based policy allows the s3:GetObject action
    nearest: OwnObjects, user-folder.json:6:5, failed on its resource
       pattern  arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*   with no value
       request  arn:aws:s3:::app/ana/cat.jpg
                                 ^^^ differs here
    missing: cognito-identity.amazonaws.com:sub, in the resource arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*, which fails without it: OwnObjects, user-folder.json:6:5
    ");
}

#[test]
fn several_elements_and_lists() {
    let text = r#"{"Statement": {"Effect": "Allow", "NotAction": ["s3:GetObject", "s3:ListBucket"], "NotResource": "arn:aws:s3:::app/*",
        "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b c", ""]}}}}"#;
    let set = PolicySet::new().identity(document(PolicyKind::Identity, "role.json", text));
    let request = ask("s3:GetObject", "arn:aws:s3:::app/x").with("aws:TagKeys", &["a", "z"][..]).unwrap();
    insta::assert_snapshot!(shown(set, &request), @r#"
    implicitDeny  no identity-based policy allows the s3:GetObject action
    nearest: Statement[0], role.json:1:15, failed on its action, resource and condition
       not action  s3:GetObject, s3:ListBucket
       request     s3:GetObject
       not pattern  arn:aws:s3:::app/*
       request      arn:aws:s3:::app/x
       condition  ForAllValues:StringEquals aws:TagKeys   wanted a or "b c" or ""   request: [a, z]
    "#);
}

#[test]
fn the_statements_that_allow() {
    let request = ask("s3:GetObject", "arn:aws:s3:::app/ana/cat.jpg").with(SUB, "ana").unwrap();
    insta::assert_snapshot!(shown(user_folder(), &request), @"
    allowed  an identity-based policy allows the s3:GetObject action
    allowed by: OwnObjects, user-folder.json:6:5
    ");
}

#[test]
fn the_statements_that_deny() {
    let guard = r#"{"Statement": [{"Sid": "Tls", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}]}"#;
    let set = user_folder().identity(document(PolicyKind::Identity, "guard.json", guard));
    let request = ask("s3:GetObject", "arn:aws:s3:::app/ana/cat.jpg").with(SUB, "ana").unwrap();
    insta::assert_snapshot!(shown(set, &request), @"
    explicitDeny  an explicit deny in an identity-based policy
    denied by: Tls, guard.json:1:16
    missing: aws:SecureTransport, key of BoolIfExists, which holds without it: Tls, guard.json:1:16
    ");
}

#[test]
fn several_kinds_of_policy_in_two_accounts() {
    let nothing = r#"{"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}"#;
    let level =
        Level { name: "root".to_owned(), documents: vec![document(PolicyKind::ServiceControl, "scp.json", nothing)] };
    let set = user_folder().service_control(level);
    let request = Request::new(SESSION, "s3:GetObject", "arn:aws:s3:::app/ana/cat.jpg").unwrap();
    let request = request.resource_account("444455556666").unwrap().with(SUB, "ana").unwrap();
    insta::assert_snapshot!(shown(set, &request), @"
    implicitDeny  no service control policy allows the s3:GetObject action
    nearest: Statement[0], scp.json:1:15 (scp), failed on its action
       action   ec2:*
       request  s3:GetObject
    checks: scp root does not allow, resource does not allow, principal allows
    accounts: the caller is of 111122223333, the resource of 444455556666
    ");
}

#[test]
fn the_clock_is_shown() {
    let request = ask("s3:GetObject", "arn:aws:s3:::app/ana/cat.jpg").with(SUB, "ana").unwrap();
    let request = request.with("aws:EpochTime", "0").unwrap();
    assert!(shown(user_folder(), &request).ends_with("\nclock: aws:CurrentTime 1970-01-01T00:00:00Z\n"));
}

#[test]
fn nothing_of_the_input_paints_the_terminal() {
    let request = ask("s3:GetObject", "arn:aws:s3:::app/\u{1b}[2J\u{202e}/x").with(SUB, "\u{1b}]0;x\u{7}").unwrap();
    let shown = explanation(&Engine::compile(user_folder()).unwrap().explain(&request).unwrap());
    let escapes_of_others = shown.replace("\u{1b}[", "").contains('\u{1b}') || shown.contains("[2J\u{202e}");
    assert!(!escapes_of_others && shown.contains(r"\u{1b}[2J\u{202e}"), "{shown}");
}

#[test]
fn a_case_that_fails() {
    let file = r#"
{"name": "a/decided", "source": "L1", "policies": {"identity": []}, "request": {"action": "s3:GetObject", "resource": "*"}, "expect": "allowed"}
{"name": "a/refused", "policies": {"identity": [{"Statement": 7}]}, "request": {"action": "s3:GetObject", "resource": "*"}, "expect": "allowed"}
"#;
    let cases = cases::read(&Source::new("own.jsonl", file), |_| Err(String::new())).unwrap();
    let report = cases::run(&cases, EngineChoice::Both);
    let shown: String = report.failures().iter().map(|failed| plain(&failure(failed))).collect();
    insta::assert_snapshot!(shown, @"
    FAIL a/decided   own.jsonl:2
       rules     L1
       expected  allowed
       got       implicitDeny (ImplicitDeny.Principal)
       implicitDeny  no identity-based policy allows the s3:GetObject action

    FAIL a/refused   own.jsonl:3
       expected  allowed
       got       invalid
       own.jsonl:3#identity[0]:1:15: the statements are no list of objects: found a number, expected an object or a list of objects (rule L7)
    ");
}
