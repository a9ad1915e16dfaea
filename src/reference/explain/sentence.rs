//! The one sentence of Rule E66, in the form AWS prints.

use super::super::decide::Facts;
use crate::decision::{Check, Gate, Grant, Reason};
use crate::document::PolicyKind;
use crate::request::{PrincipalKind, Request};

/// Caller, action and resource, then what decided. Facts are missing where no policy was asked (Rule E35).
pub(super) fn of(request: &Request<'_>, reason: Reason, facts: Option<&Facts<'_>>) -> String {
    let caller = match request.principal().kind() {
        PrincipalKind::Unnamed => "The caller".to_owned(),
        PrincipalKind::Anonymous => "User: anonymous".to_owned(),
        _ => format!("User: {}", request.principal().text().unwrap_or_default()),
    };
    let (verb, cause) = match reason {
        Reason::ExplicitDeny(check) => ("is not authorized", denied(check, request, facts)),
        Reason::ImplicitDeny(gate) => ("is not authorized", not_allowed(gate, request)),
        Reason::Allowed(grant) => ("is authorized", allowed(grant, request, facts)),
    };
    let (action, resource) = (request.action().text, request.resource().text());
    printable(&format!("{caller} {verb} to perform: {action} on resource: \"{resource}\" {cause}"))
}

fn denied(check: Check, request: &Request<'_>, facts: Option<&Facts<'_>>) -> String {
    let kind = match check {
        Check::ResourceControlPolicy => PolicyKind::ResourceControl,
        Check::ServiceControlPolicy => PolicyKind::ServiceControl,
        Check::VpcEndpoint => PolicyKind::Endpoint,
        Check::Resource => request.resource_policy_kind(),
        Check::Principal => PolicyKind::Identity,
        Check::PermissionsBoundary => PolicyKind::Boundary,
        Check::Session => PolicyKind::Session,
    };
    format!("with an explicit deny in {}{}", with_article(kind), deciding_policy(facts))
}

fn not_allowed(gate: Gate, request: &Request<'_>) -> String {
    let action = request.action().text;
    let no_policy = |kind: PolicyKind| format!("because no {} allows the {action} action", kind.phrase());
    match gate {
        Gate::ServiceControlPolicy => no_policy(PolicyKind::ServiceControl),
        Gate::VpcEndpoint => no_policy(PolicyKind::Endpoint),
        Gate::Partition => format!(
            "because the caller is in the partition {} and the resource in {}",
            request.principal().partition().unwrap_or_default(),
            request.resource().partition().unwrap_or_default()
        ),
        Gate::Resource => no_policy(request.resource_policy_kind()),
        Gate::Principal if request.action().is_one_of(&["sts:GetSessionToken"]) => {
            format!("because only users and root users may perform the {action} action")
        }
        Gate::Principal if request.principal().kind() == PrincipalKind::Root => {
            "because root users cannot assume roles".to_owned()
        }
        Gate::Principal => no_policy(PolicyKind::Identity),
        Gate::PermissionsBoundary => no_policy(PolicyKind::Boundary),
        Gate::Session => no_policy(PolicyKind::Session),
    }
}

fn allowed(grant: Grant, request: &Request<'_>, facts: Option<&Facts<'_>>) -> String {
    let action = request.action().text;
    match grant {
        Grant::NoPermissionNeeded => format!("because the {action} action needs no permission"),
        Grant::Root => "because it is the root user of the account that owns the resource".to_owned(),
        Grant::Resource(_) => {
            let policy = with_article(request.resource_policy_kind());
            format!("because {policy} allows the {action} action{}", deciding_policy(facts))
        }
        Grant::Identity => {
            let policy = with_article(PolicyKind::Identity);
            format!("because {policy} allows the {action} action{}", deciding_policy(facts))
        }
    }
}

fn with_article(kind: PolicyKind) -> String {
    let phrase = kind.phrase();
    let article = if phrase.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {phrase}")
}

/// The name of the policy whose statement decided.
fn deciding_policy(facts: Option<&Facts<'_>>) -> String {
    let deciding = facts.map_or(Vec::new(), Facts::deciding);
    deciding.first().map_or(String::new(), |applied| format!(": {}", applied.asked.document.name()))
}

/// Names may hold anything; a sentence holds no control characters.
fn printable(sentence: &str) -> String {
    let mut printable = String::with_capacity(sentence.len());
    for character in sentence.chars() {
        if character.is_control() {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}
