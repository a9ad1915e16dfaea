//! The checks in AWS's order (Rule E65).

use super::super::decide::{self, Applied, Facts};
use super::statement_ref;
use crate::decision::{Check, CheckEffect, CheckResult, CheckType, Gate, MatchedPolicy, Target};
use crate::document::{Effect, Level, PolicyKind};
use crate::request::PrincipalKind;

/// Every check whose policies were given or required.
pub(super) fn of(facts: &Facts<'_>) -> Vec<CheckResult> {
    let mut checks = resource_control(facts);
    checks.extend(service_control(facts));
    checks.extend(endpoint(facts));
    checks.extend(resource(facts));
    checks.extend(principal(facts));
    checks.extend(boundary(facts));
    checks.extend(session(facts));
    checks
}

/// Rules E14, E15: a level allows unless it denies; the full-access policy hangs there undetachably.
fn resource_control(facts: &Facts<'_>) -> Vec<CheckResult> {
    let applies = decide::resource_control_applies(facts.request);
    let check = |(level, index): (&Level, u16)| {
        let touched = touched(facts, Check::ResourceControlPolicy, Some(index));
        let outcome = Outcome { fails: false, allows: applies };
        let mut result = result(CheckType::ResourceControlPolicy, outcome, &touched);
        if applies {
            result.relevant_policy_types = vec![PolicyKind::ResourceControl.as_str()];
        }
        CheckResult { target: Some(Target { level: index, name: level.name.clone() }), ..result }
    };
    facts.set.resource_control_levels().iter().zip(0..).map(check).collect()
}

/// Rules E12, E13: every level must allow.
fn service_control(facts: &Facts<'_>) -> Vec<CheckResult> {
    let silent = facts.silent_levels();
    let check = |(level, index): (&Level, u16)| {
        let touched = touched(facts, Check::ServiceControlPolicy, Some(index));
        let outcome = Outcome { fails: silent.contains(&index), allows: some_allow(&touched) };
        let target = Some(Target { level: index, name: level.name.clone() });
        CheckResult { target, ..result(CheckType::ServiceControlPolicy, outcome, &touched) }
    };
    facts.set.service_control_levels().iter().zip(0..).map(check).collect()
}

/// Rule E16.
fn endpoint(facts: &Facts<'_>) -> Option<CheckResult> {
    facts.set.endpoint_document()?;
    let touched = touched(facts, Check::VpcEndpoint, None);
    let outcome = Outcome { fails: facts.failing.contains(&Gate::VpcEndpoint), allows: some_allow(&touched) };
    Some(result(CheckType::VpcEndpoint, outcome, &touched))
}

/// Listed when a policy was given or required, or when the partitions differ (Rules E7, E65). An `Account` grant in
/// the same account changes nothing (Rule E24).
fn resource(facts: &Facts<'_>) -> Option<CheckResult> {
    let fails = facts.failing.contains(&Gate::Resource) || facts.failing.contains(&Gate::Partition);
    if facts.set.resource_document().is_none() && !facts.resource_is_required() && !fails {
        return None;
    }
    let counts = facts.resource_is_required() || facts.resource_stands_in();
    let touched = touched(facts, Check::Resource, None);
    let outcome = Outcome { fails, allows: counts && !facts.levels.is_empty() };
    Some(result(CheckType::Resource, outcome, &touched))
}

/// Rules E18, E22, E23: satisfied by an identity policy, or by a grant of the resource in the same account.
fn principal(facts: &Facts<'_>) -> Option<CheckResult> {
    let fails = facts.failing.contains(&Gate::Principal);
    if !facts.request.principal().takes_identity_policies() && !fails {
        return None;
    }
    let touched = touched(facts, Check::Principal, None);
    let stands_in = facts.resource_stands_in();
    let outcome = Outcome { fails, allows: some_allow(&touched) || stands_in };
    let mut result = result(CheckType::Principal, outcome, &touched);
    if let Some(document) = facts.set.resource_document().filter(|_| stands_in) {
        result.relevant_policy_types.push(document.kind().as_str());
    }
    Some(result)
}

/// Rule E19.
fn boundary(facts: &Facts<'_>) -> Option<CheckResult> {
    facts.set.boundary_document()?;
    let touched = touched(facts, Check::PermissionsBoundary, None);
    let outcome = Outcome { fails: facts.failing.contains(&Gate::PermissionsBoundary), allows: some_allow(&touched) };
    Some(result(CheckType::PermissionsBoundary, outcome, &touched))
}

/// Rule E20: required of a federated user also when there is none.
fn session(facts: &Facts<'_>) -> Option<CheckResult> {
    let is_federated_user = facts.request.principal().kind() == PrincipalKind::FederatedUser;
    if facts.set.session_documents().is_empty() && !is_federated_user {
        return None;
    }
    let touched = touched(facts, Check::Session, None);
    let outcome = Outcome { fails: facts.failing.contains(&Gate::Session), allows: some_allow(&touched) };
    Some(result(CheckType::Session, outcome, &touched))
}

/// What a check came to, denies aside.
struct Outcome {
    /// Its allow was required and is missing, or cannot count.
    fails: bool,
    /// An allow counted.
    allows: bool,
}

/// The statements that matched in the policies of a check, of one level where there are levels.
fn touched<'f, 'q>(facts: &'f Facts<'q>, check: Check, level: Option<u16>) -> Vec<&'f Applied<'q>> {
    let of_check = facts.applied.iter().filter(|applied| decide::check_of(applied.kind()) == check);
    of_check.filter(|applied| level.is_none_or(|level| applied.asked.id.place.level == level)).collect()
}

fn some_allow(touched: &[&Applied<'_>]) -> bool {
    touched.iter().any(|applied| applied.is(Effect::Allow))
}

/// Rule E65: the effect of a check and the policies with statements that matched.
fn result(check_type: CheckType, outcome: Outcome, touched: &[&Applied<'_>]) -> CheckResult {
    let effect = if touched.iter().any(|applied| applied.is(Effect::Deny)) {
        CheckEffect::ExplicitDeny
    } else if outcome.fails {
        CheckEffect::ImplicitDeny
    } else if outcome.allows {
        CheckEffect::Allow
    } else {
        CheckEffect::NoImpact
    };
    let mut matched_policies: Vec<MatchedPolicy> = Vec::new();
    let mut last_place = None;
    for applied in touched {
        let place = applied.asked.id.place;
        let statement = statement_ref(applied.asked);
        match matched_policies.last_mut() {
            Some(policy) if last_place == Some(place) => policy.statements.push(statement),
            _ => matched_policies.push(MatchedPolicy {
                policy_id: applied.asked.document.name().to_owned(),
                policy_type: place.kind.as_str(),
                statements: vec![statement],
            }),
        }
        last_place = Some(place);
    }
    let mut relevant_policy_types: Vec<&'static str> =
        matched_policies.iter().map(|policy| policy.policy_type).collect();
    relevant_policy_types.dedup();
    CheckResult { check_type, target: None, effect, relevant_policy_types, matched_policies }
}
