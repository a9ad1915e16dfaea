//! What people paste instead of a document: it is named, and the way to unwrap it is said.

use crate::json::{Kind, Member, Members};
use crate::source::Source;

/// Top-level members under which the AWS CLI prints a document, with the command that does and the way to it.
const WRAPPERS: [(&str, &str, &str); 7] = [
    ("PolicyDocument", "aws iam get-role-policy, get-user-policy or get-group-policy", ".PolicyDocument"),
    ("PolicyVersion", "aws iam get-policy-version", ".PolicyVersion.Document"),
    ("Role", "aws iam get-role", ".Role.AssumeRolePolicyDocument"),
    ("AssumeRolePolicyDocument", "aws iam get-role --query Role", ".AssumeRolePolicyDocument"),
    ("Document", "aws iam get-policy-version --query PolicyVersion", ".Document"),
    ("Policy", "a command such as aws s3api get-bucket-policy or aws kms get-key-policy", ".Policy | fromjson"),
    ("ResourcePolicy", "aws secretsmanager get-resource-policy", ".ResourcePolicy | fromjson"),
];

/// What a top-level object without `Statement` is, if it is known, and how to unwrap it.
pub(super) fn object(members: Members<'_>) -> Option<(&'static str, String)> {
    if members.iter().any(|member| member.name() == "Statement") {
        return None;
    }
    let is_content = |member: Member<'_>| match member.value().kind() {
        Kind::Object(_) => true,
        // A document inside a string, percent-encoded or not.
        Kind::String(text) => text.trim_start().starts_with('{') || text.starts_with("%7B"),
        _ => false,
    };
    let (name, command, path) =
        WRAPPERS.iter().find(|(name, ..)| members.iter().any(|member| member.name() == *name && is_content(member)))?;
    let raw = if path.contains("fromjson") { "" } else { "; if it is a string there, decode it first" };
    Some((
        name,
        format!("this is the output of {command}; take the document out of it, for example with `jq '{path}'`{raw}"),
    ))
}

/// What a text that is no JSON object is, if it is known, and how to unwrap it.
pub(super) fn text(source: &Source) -> Option<(&'static str, &'static str)> {
    let text = source.text().trim_start();
    let encoded = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%7b"));
    let quoted_encoded = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("\"%7b"));
    if encoded || quoted_encoded {
        return Some((
            "URL-encoded text",
            "this is a URL-encoded document, as the IAM API returns it; decode it first, for example with `python3 -c 'import sys, urllib.parse; print(urllib.parse.unquote(sys.stdin.read()))'`",
        ));
    }
    if text.starts_with("\"{") {
        return Some((
            "a document inside a JSON string",
            "this is a document written as a JSON string; decode it first, for example with `jq -r .`",
        ));
    }
    if text.starts_with("---") || text.starts_with("Version:") || text.starts_with("Statement:") {
        return Some(("YAML", "this looks like YAML, which is read from files whose names end in `.yaml` or `.yml`"));
    }
    None
}
