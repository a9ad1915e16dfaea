//! Near misses of an implicit denial (Rule E68).

use super::super::decide::{self, Facts};
use super::super::statement::{Asked, Fit};
use super::super::{principal, wildcard};
use super::{context_text, resolved, statement_ref};
use crate::decision::{CheckType, FailedElement, Gate, Mark, NearMiss, Reason};
use crate::document::{Condition, Effect, Entry, PolicyKind};
use crate::language::arn::ResourcePattern;
use crate::request::RequestResource;

/// How many are shown.
const MOST: usize = 5;

/// An `Allow` that did not match, and how far off it was.
struct Miss<'q> {
    asked: Asked<'q>,
    check_type: CheckType,
    principal: bool,
    action: bool,
    resource: bool,
    conditions: Vec<&'q Condition>,
}

/// Of each failing check the allows with the fewest failing elements; all together the nearest first, those whose
/// action matches before others as near.
pub(super) fn of(facts: &Facts<'_>) -> Vec<NearMiss> {
    if !matches!(facts.reason(), Reason::ImplicitDeny(_)) {
        return Vec::new();
    }
    let mut nearest: Vec<Miss<'_>> = facts.failing.iter().flat_map(|gate| nearest_of(facts, *gate)).collect();
    nearest.sort_by_key(|miss| (miss.distance(), miss.action));
    nearest.truncate(MOST);
    nearest.into_iter().map(Miss::into_near_miss).collect()
}

fn nearest_of<'q>(facts: &Facts<'q>, gate: Gate) -> Vec<Miss<'q>> {
    let silent = facts.silent_levels();
    let could_satisfy = |asked: &Asked<'_>| {
        let is_of_gate = match asked.id.place.kind {
            PolicyKind::ServiceControl => gate == Gate::ServiceControlPolicy && silent.contains(&asked.id.place.level),
            PolicyKind::Endpoint => gate == Gate::VpcEndpoint,
            PolicyKind::Resource | PolicyKind::Trust => gate == Gate::Resource,
            PolicyKind::Identity => gate == Gate::Principal,
            PolicyKind::Boundary => gate == Gate::PermissionsBoundary,
            PolicyKind::Session => gate == Gate::Session,
            // It never has to allow (Rule E14).
            PolicyKind::ResourceControl => false,
        };
        is_of_gate && asked.statement.effect == Effect::Allow
    };
    let candidates = decide::statements(facts.set, facts.request).filter(could_satisfy);
    let mut misses: Vec<Miss<'q>> = candidates.map(Miss::of).filter(|miss| miss.distance() > 0).collect();
    let least = misses.iter().map(Miss::distance).min();
    misses.retain(|miss| Some(miss.distance()) == least);
    misses
}

impl<'q> Miss<'q> {
    fn of(asked: Asked<'q>) -> Self {
        Miss {
            asked,
            check_type: check_type_of(asked.id.place.kind),
            principal: !principal::covers(asked),
            action: !asked.action_matches(),
            resource: !asked.resource_matches(),
            conditions: asked.statement.conditions.iter().filter(|c| !asked.condition_holds(c)).collect(),
        }
    }

    /// How many elements failed.
    fn distance(&self) -> usize {
        usize::from(self.principal) + usize::from(self.action) + usize::from(self.resource) + self.conditions.len()
    }

    fn into_near_miss(self) -> NearMiss {
        let asked = self.asked;
        let mut failed = Vec::new();
        if self.principal {
            failed.extend(failed_principal(asked));
        }
        if self.action {
            failed.push(failed_action(asked));
        }
        if self.resource {
            failed.extend(failed_resource(asked));
        }
        failed.extend(self.conditions.iter().map(|condition| failed_condition(asked, condition)));
        NearMiss {
            check_type: self.check_type,
            policy_id: asked.document.name().to_owned(),
            policy_type: asked.id.place.kind.as_str(),
            statement: statement_ref(asked),
            failed,
        }
    }
}

fn check_type_of(kind: PolicyKind) -> CheckType {
    match kind {
        PolicyKind::ResourceControl => CheckType::ResourceControlPolicy,
        PolicyKind::ServiceControl => CheckType::ServiceControlPolicy,
        PolicyKind::Endpoint => CheckType::VpcEndpoint,
        PolicyKind::Resource | PolicyKind::Trust => CheckType::Resource,
        PolicyKind::Identity => CheckType::Principal,
        PolicyKind::Boundary => CheckType::PermissionsBoundary,
        PolicyKind::Session => CheckType::Session,
    }
}

fn failed_principal(asked: Asked<'_>) -> Option<FailedElement> {
    let element = asked.statement.principal.as_ref()?;
    Some(FailedElement::Principal {
        wanted: element.entries.iter().map(|entry| entry.text.to_string()).collect(),
        actual: asked.request.principal().text().map(str::to_owned),
        negated: element.negated,
    })
}

fn failed_action(asked: Asked<'_>) -> FailedElement {
    let actions = &asked.statement.actions;
    FailedElement::Action {
        wanted: actions.entries.iter().map(|entry| entry.text.to_string()).collect(),
        actual: asked.request.action().text.to_owned(),
        negated: actions.negated,
    }
}

/// The entry that came closest; of `NotResource` the one that matched, or that had no value (Rule L61).
fn failed_resource(asked: Asked<'_>) -> Option<FailedElement> {
    let resources = asked.statement.resources.as_ref()?;
    let (entry, differs) = if resources.negated {
        let fits = |wanted: Fit| resources.entries.iter().find(|entry| asked.resource_fit(&entry.pattern) == wanted);
        (fits(Fit::Matches).or_else(|| fits(Fit::NoValue))?, None)
    } else {
        closest(asked, &resources.entries)?
    };
    Some(FailedElement::Resource {
        wanted: entry.text.to_string(),
        variables: resolved(entry.pattern.variables(), asked.request.context()),
        actual: asked.request.resource().text().to_owned(),
        negated: resources.negated,
        differs,
    })
}

/// The entry that the request's resource follows furthest, and where it leaves it; of several the first.
fn closest<'q>(
    asked: Asked<'_>,
    entries: &'q [Entry<ResourcePattern>],
) -> Option<(&'q Entry<ResourcePattern>, Option<Mark>)> {
    let RequestResource::Arn(arn) = asked.request.resource() else {
        // Only `*` matches a request without a resource (Rule L40): there is no text to point into.
        return entries.first().map(|entry| (entry, None));
    };
    let text = arn.as_str();
    let mut best: Option<(&Entry<ResourcePattern>, usize)> = None;
    for entry in entries {
        let ResourcePattern::Arn(template) = &entry.pattern else { continue };
        let pieces = wildcard::of_resource(template, asked.request.context());
        let Some(at) = wildcard::differs_at(&pieces, text) else { continue };
        if best.is_none_or(|(_, furthest)| at > furthest) {
            best = Some((entry, at));
        }
    }
    best.map(|(entry, at)| (entry, Some(mark(text, at))))
}

/// From a byte of an ARN to before the next `/`, or the next `:` in the first five fields; one character at least.
fn mark(text: &str, at: usize) -> Mark {
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    let is_in_head = before.matches(':').count() < 5;
    let ends = |character: char| character == '/' || character == ':' && is_in_head;
    let width = rest.chars().take_while(|character| !ends(*character)).count();
    let start = before.chars().count();
    let least = usize::from(!rest.is_empty());
    Mark { start, end: start + width.max(least) }
}

fn failed_condition(asked: Asked<'_>, condition: &Condition) -> FailedElement {
    let variables = condition.values.iter().flat_map(|value| value.operand.variables());
    FailedElement::Condition {
        operator: condition.operator.to_string(),
        key: condition.key.to_string(),
        wanted: condition.values.iter().map(|value| value.text.to_string()).collect(),
        variables: resolved(variables, asked.request.context()),
        actual: asked.request.context().get(&condition.key).map(context_text),
    }
}
