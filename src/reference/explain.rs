//! The explanation (Rules E64 to E68), made from the same facts as the decision.

mod checks;
mod missing;
mod near;
mod sentence;
mod warnings;

use std::collections::BTreeMap;

use super::decide::{self, Applied, Facts, Judgement};
use super::statement::Asked;
use super::{Explained, principal, variable};
use crate::decision::{ContextText, Explanation, MatchedStatement, PrincipalSummary, ResolvedVariable, StatementRef};
use crate::document::{Effect, PolicySet};
use crate::language::pattern::Variable;
use crate::request::{Context, ContextValue, Request, RequestError};

/// Rule E64: one evaluation, decided and explained.
pub(super) fn explain(set: &PolicySet, request: &Request<'_>) -> Result<Explained, RequestError> {
    let judgement = decide::judge(set, request)?;
    let decision = judgement.decision();
    let reason = decision.reason();
    let facts = match &judgement {
        Judgement::NoPermissionNeeded => None,
        Judgement::Judged(facts) => Some(facts),
    };
    let owner = request.owner();
    let explanation = Explanation {
        decision: decision.outcome(),
        reason,
        message: sentence::of(request, reason, facts),
        principal: principal_summary(request),
        action: request.action().text.to_owned(),
        resource: request.resource().text().to_owned(),
        same_account: request.is_same_account(),
        resource_account: owner.account.map(str::to_owned),
        resource_account_source: owner.source,
        checks: facts.map_or(Vec::new(), checks::of),
        matched_statements: facts.map_or(Vec::new(), matched_statements),
        missing_context_values: facts.map_or(Vec::new(), missing::of),
        derived_context: derived_context(request.context()),
        near_misses: facts.map_or(Vec::new(), near::of),
        warnings: warnings::of(set, request),
    };
    let deciding = facts.map_or(Vec::new(), Facts::deciding);
    Ok(Explained { decision, explanation, matched: deciding.iter().map(|applied| applied.asked.id).collect() })
}

/// Rules E2, E3, E63: the caller as it was classified.
fn principal_summary(request: &Request<'_>) -> PrincipalSummary {
    let caller = request.principal();
    PrincipalSummary {
        principal: caller.text().map(str::to_owned),
        kind: caller.kind(),
        account: caller.account().map(str::to_owned),
        partition: caller.partition().map(str::to_owned),
        service_linked_role: request.is_service_linked(),
    }
}

/// Rules E56, E60: what the engine added to the context.
fn derived_context(context: &Context<'_>) -> BTreeMap<String, ContextText> {
    let derived = context.entries().iter().filter(|entry| entry.derived);
    derived.map(|entry| (entry.key.to_string(), context_text(&entry.value))).collect()
}

fn context_text(value: &ContextValue<'_>) -> ContextText {
    match value {
        ContextValue::Single(text) => ContextText::Single(text.to_string()),
        ContextValue::Multi(members) => ContextText::Multi(members.iter().map(ToString::to_string).collect()),
    }
}

/// Rule E66: every deny if explicitly denied; the allows that decided if allowed, those of the resource's policy
/// included where they were required beside an identity policy.
fn matched_statements(facts: &Facts<'_>) -> Vec<MatchedStatement> {
    use crate::decision::{Check, Grant, Reason};
    let mut matched: Vec<&Applied<'_>> = match facts.reason() {
        Reason::ExplicitDeny(_) => facts.applied.iter().filter(|applied| applied.is(Effect::Deny)).collect(),
        _ => facts.deciding(),
    };
    if facts.reason() == Reason::Allowed(Grant::Identity) && facts.resource_is_required() {
        matched.extend(facts.of(Check::Resource, Effect::Allow));
    }
    let matched = matched.into_iter().map(|applied| MatchedStatement {
        source_policy_id: applied.asked.document.name().to_owned(),
        source_policy_type: applied.kind().as_str(),
        statement: statement_ref(applied.asked),
    });
    matched.collect()
}

/// A statement as people find it (Rule E65).
fn statement_ref(asked: Asked<'_>) -> StatementRef {
    let source = asked.document.source();
    StatementRef {
        sid: asked.statement.sid.as_deref().filter(|sid| !sid.is_empty()).map(str::to_owned),
        index: asked.id.statement,
        effect: asked.statement.effect,
        grant_level: principal::levels(asked).first().copied(),
        start_position: source.position(asked.statement.span.start),
        end_position: source.position(asked.statement.span.end),
    }
}

/// Variables with what they stand for, each key once.
fn resolved<'v>(variables: impl IntoIterator<Item = Variable<'v>>, context: &Context<'_>) -> Vec<ResolvedVariable> {
    let mut resolved: Vec<ResolvedVariable> = Vec::new();
    let mut seen: Vec<Variable<'_>> = Vec::new();
    for variable in variables {
        if !seen.contains(&variable) {
            seen.push(variable);
            let value = variable::resolve(variable, context).map(str::to_owned);
            resolved.push(ResolvedVariable { key: variable.key.to_string(), value });
        }
    }
    resolved
}
