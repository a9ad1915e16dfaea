//! What the engine assumed, or could not honour (Rule E66).

use std::collections::BTreeSet;

use crate::decision::Warning;
use crate::document::{Condition, PolicySet, PrincipalName};
use crate::request::{OwnerSource, PrincipalKind, Request, RequestResource};
use crate::source::quote;

/// All that hold.
pub(super) fn of(set: &PolicySet, request: &Request<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warnings.extend(defaulted_resource_account(request));
    warnings.extend(derived_role_arn(set, request));
    warnings.extend(unknown_canonical_users(set));
    warnings
}

/// Rule E4: nothing says whose the resource is, so it was taken to be the caller's.
fn defaulted_resource_account(request: &Request<'_>) -> Option<Warning> {
    let owner = request.owner();
    let is_arn = matches!(request.resource(), RequestResource::Arn(_));
    let account = owner.account.filter(|_| is_arn && owner.source == OwnerSource::DefaultedToCaller)?;
    Some(Warning {
        code: "defaultedResourceAccount",
        message: format!(
            "nothing says whose the resource is: it was taken to be in the caller's account {account}; give the resource account"
        ),
    })
}

/// Rule E58: a session's ARN does not carry the path of its role.
fn derived_role_arn(set: &PolicySet, request: &Request<'_>) -> Option<Warning> {
    let is_derived = request.context().entry("aws:PrincipalArn").is_some_and(|entry| entry.derived);
    if request.principal().kind() != PrincipalKind::Session || !is_derived {
        return None;
    }
    let conditions = set.documents().flat_map(|(_, document)| {
        let conditions = document.statements().iter().flat_map(|statement| &statement.conditions);
        conditions.map(move |condition| (document, condition))
    });
    let (document, _) = conditions.into_iter().find(|(_, condition)| compares_with_pathed_role(condition))?;
    Some(Warning {
        code: "derivedRoleArn",
        message: format!(
            "{} compares aws:PrincipalArn with a role that has a path, but the ARN of a session does not tell the path: give aws:PrincipalArn",
            quote(document.name())
        ),
    })
}

fn compares_with_pathed_role(condition: &Condition) -> bool {
    let names_pathed_role = |text: &str| text.split_once(":role/").is_some_and(|(_, name)| name.contains('/'));
    condition.key.eq_ignore_ascii_case("aws:PrincipalArn")
        && condition.values.iter().any(|value| names_pathed_role(&value.text))
}

/// Rule E47: an `Allow` that names a canonical user id whose account is not known covers nobody.
fn unknown_canonical_users(set: &PolicySet) -> Vec<Warning> {
    let statements = set.documents().flat_map(|(_, document)| document.statements());
    let entries = statements.filter_map(|statement| statement.principal.as_ref()).flat_map(|element| &element.entries);
    let unknown: BTreeSet<&str> = entries
        .filter_map(|entry| match &entry.name {
            PrincipalName::CanonicalUser(id) if set.account_of_canonical_user(id).is_none() => Some(&**id),
            _ => None,
        })
        .collect();
    let warn = |id: &str| Warning {
        code: "unknownCanonicalUser",
        message: format!("the account of the canonical user id {} is not known, so it names nobody", quote(id)),
    };
    unknown.into_iter().map(warn).collect()
}
