//! Building JSON in the shape of the AWS CLI from JSON of another shape. Every value keeps the place it was read from, so
//! that one reader checks all sources and its messages point into the file at hand.

use crate::json::{Draft, DraftMember, Items, Kind, Member, Members, Value};
use crate::source::Span;

pub(super) fn members(value: Value<'_>) -> Members<'_> {
    match value.kind() {
        Kind::Object(members) => members,
        _ => Members::default(),
    }
}

pub(super) fn items(value: Value<'_>) -> Items<'_> {
    match value.kind() {
        Kind::Array(items) => items,
        _ => Items::default(),
    }
}

pub(super) fn get<'v>(value: Value<'v>, name: &str) -> Option<Value<'v>> {
    members(value).get(name)
}

pub(super) fn text(value: Value<'_>) -> Option<&str> {
    match value.kind() {
        Kind::String(text) => Some(text),
        _ => None,
    }
}

pub(super) fn string<'v>(span: Span, text: &str) -> Draft<'v> {
    Draft::String(span, text.to_owned())
}

/// A list with its items rewritten. What is no list stays as it is: it is for the reader to refuse, and here it must not
/// become an empty one.
pub(super) fn each<'v>(value: Value<'v>, rewrite: impl FnMut(Value<'v>) -> Draft<'v>) -> Draft<'v> {
    match value.kind() {
        Kind::Array(items) => Draft::Array(value.span(), items.iter().map(rewrite).collect()),
        _ => Draft::Kept(value),
    }
}

/// A member as it was read.
pub(super) fn kept(member: Member<'_>) -> DraftMember<'_> {
    named(member.name(), member.name_span(), Draft::Kept(member.value()))
}

/// A member of another name, at the place of the first.
pub(super) fn named<'v>(name: &str, name_span: Span, value: Draft<'v>) -> DraftMember<'v> {
    DraftMember { name: name.to_owned(), name_span, value }
}

/// A member that the file does not have; it stands where its value does.
pub(super) fn added<'v>(name: &str, value: Draft<'v>) -> DraftMember<'v> {
    named(name, value.span(), value)
}
