//! Building JSON in the shape of the AWS CLI from JSON of another shape. Every value keeps the place it was read from, so
//! that one reader checks all sources and its messages point into the file at hand.

use crate::json::{Kind, Member, Value};
use crate::source::Span;

pub(super) fn members(value: &Value) -> &[Member] {
    match &value.kind {
        Kind::Object(members) => members,
        _ => &[],
    }
}

pub(super) fn items(value: &Value) -> &[Value] {
    match &value.kind {
        Kind::Array(items) => items,
        _ => &[],
    }
}

pub(super) fn get<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    members(value).iter().find(|member| &*member.name == name).map(|member| &member.value)
}

pub(super) fn text(value: &Value) -> Option<&str> {
    match &value.kind {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

pub(super) fn string(span: Span, text: &str) -> Value {
    Value { span, kind: Kind::String(text.into()) }
}

pub(super) fn list(span: Span, items: Vec<Value>) -> Value {
    Value { span, kind: Kind::Array(items) }
}

pub(super) fn object(span: Span, members: Vec<Member>) -> Value {
    Value { span, kind: Kind::Object(members) }
}

/// A list with its items rewritten. What is no list stays as it is: it is for the reader to refuse, and here it must not
/// become an empty one.
pub(super) fn each(value: &Value, rewrite: impl FnMut(&Value) -> Value) -> Value {
    match &value.kind {
        Kind::Array(items) => list(value.span, items.iter().map(rewrite).collect()),
        _ => value.clone(),
    }
}

/// A member of another name, at the place of the first.
pub(super) fn named(name: &str, member: &Member, value: Value) -> Member {
    Member { name: name.into(), name_span: member.name_span, value }
}

/// A member that the file does not have; it stands where its value does.
pub(super) fn added(name: &str, value: Value) -> Member {
    Member { name: name.into(), name_span: value.span, value }
}
