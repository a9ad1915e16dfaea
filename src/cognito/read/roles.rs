//! Roles with their documents: `{ROLE_ARN: {"trust", "policies", "boundary"?, "tags"?, "roleId"?}}`.

use super::open::Opener;
use super::reader::Reader;
use crate::cognito::role::{Role, RoleError, Roles};
use crate::document::{Document, PolicyKind};
use crate::json::{Kind, Member, Members, Value};
use crate::source::Source;

pub(in crate::cognito) fn roles(reader: &mut Reader<'_>, value: Value<'_>, opener: &mut Opener<'_>) -> Option<Roles> {
    let members = reader.map("C3", value, "an object of roles")?;
    let mut roles = Some(Roles::new());
    for member in members {
        let role = role(reader, member, opener);
        roles = match (roles, role) {
            (Some(roles), Some(role)) => note(reader, member, roles.with(role)),
            _ => None,
        };
    }
    roles
}

fn role(reader: &mut Reader<'_>, member: Member<'_>, opener: &mut Opener<'_>) -> Option<Role> {
    let known = ["trust", "policies", "boundary", "tags", "roleId"];
    let fields = reader.object("C3", member.value(), &["trust", "policies"], &known)?;
    let policies = reader.list("C3", fields.get("policies")?);
    // Every document is read, so that every mistake is told.
    let trust = document(reader, PolicyKind::Trust, fields.get("trust")?, opener);
    let policies: Vec<Option<Document>> =
        policies?.iter().map(|value| document(reader, PolicyKind::Identity, value, opener)).collect();
    let boundary = fields.get("boundary").map(|value| document(reader, PolicyKind::Boundary, value, opener));
    let tags = fields.get("tags").map(|value| reader.map("C54", value, "an object of texts"));
    let id = fields.get("roleId").map(|value| reader.string("C60", value));

    let mut role = note(reader, member, Role::new(member.name(), trust?))?;
    for policy in policies {
        role = role.policy(policy?);
    }
    if let Some(boundary) = boundary {
        role = note(reader, member, role.boundary(boundary?))?;
    }
    for tag in tags.unwrap_or(Some(Members::default()))? {
        let value = reader.string("C54", tag.value())?;
        role = note(reader, tag, role.tag(tag.name(), value))?;
    }
    match id {
        Some(id) => Some(role.role_id(id?)),
        None => Some(role),
    }
}

/// A document, written out or as the path of its file.
pub(in crate::cognito) fn document(
    reader: &mut Reader<'_>,
    kind: PolicyKind,
    value: Value<'_>,
    opener: &mut Opener<'_>,
) -> Option<Document> {
    let parsed = match value.kind() {
        Kind::String(path) => {
            let file = opener.open(reader, value, path)?;
            Document::parse(kind, file.name(), file.text())
        }
        _ => {
            let inline = inline(reader.source(), value);
            Document::parse(kind, inline.name(), inline.text())
        }
    };
    match parsed {
        Ok(document) => Some(document),
        Err(error) => {
            error.diagnostics().iter().cloned().for_each(|diagnostic| reader.pass_on(diagnostic));
            None
        }
    }
}

/// The text of a value that stands inside a file, called after its place: `roles.json:7`.
pub(in crate::cognito) fn inline(source: &Source, value: Value<'_>) -> Source {
    let line = source.position(value.span().start).line;
    Source::new(&format!("{}:{line}", source.name()), source.slice(value.span()))
}

fn note<T>(reader: &mut Reader<'_>, member: Member<'_>, result: Result<T, RoleError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            reader.report("C3", member.name_span(), "a role that cannot be loaded", error.to_string(), "a sound role");
            None
        }
    }
}
