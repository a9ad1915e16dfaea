//! An [`Explanation`] as text for people.
//!
//! ```text
//! implicitDeny  no identity-based policy allows the s3:GetObject action
//! nearest: OwnObjects, user-folder.json:9:7, failed on its resource
//!    pattern  arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*   with eu-west-1:1b2f…
//!    request  arn:aws:s3:::app/eu-west-1:77aa…/cat.jpg
//!                              ^^^^^^^^^^^^^^^ differs here
//! ```
//!
//! Everything that the input wrote passes through [`safe`]: a policy must not be able to paint the terminal.

mod element;
mod text;

use std::fmt::Write;

use super::style::{self, dress};
use crate::cases::{Answer, Failure, Refusal};
use crate::cognito::cases::Mismatch;
use crate::decision::{
    Absence, CheckEffect, CheckResult, CheckType, ContextText, Explanation, MissingContextValue, MissingPlace,
    NearMiss, Outcome, StatementRef,
};
use crate::source::Position;

pub(super) use text::safe;

/// How many missing keys are shown.
const SHOWN: usize = 5;

/// The whole explanation, every line ended.
pub(super) fn explanation(explanation: &Explanation) -> String {
    let mut lines = vec![headline(explanation)];
    lines.extend(deciding(explanation));
    lines.extend(near_misses(explanation));
    lines.extend(missing(explanation));
    lines.extend(checks(explanation));
    lines.extend(accounts(explanation));
    lines.extend(clock(explanation));
    lines.push(String::new());
    lines.join("\n")
}

/// A case of policies that failed: what was expected, what came, and the explanation.
pub(super) fn failure(failure: &Failure<'_>) -> String {
    let case = failure.case;
    let got = match &failure.answer {
        Answer::Decided(reason) => format!("{} ({reason})", reason.outcome()),
        Answer::Refused(_) => "invalid".to_owned(),
        Answer::Differ(_) => "two answers".to_owned(),
    };
    let place = format!("{}:{}", case.file(), case.line());
    let mut text = failed((case.name(), &place, case.rules()), case.expected().as_str(), &got);
    let details = match &failure.answer {
        Answer::Refused(Refusal::Documents(errors)) => errors.iter().map(|error| format!("{error}\n")).collect(),
        Answer::Refused(refusal) => format!("{refusal}\n"),
        Answer::Differ(error) => format!("{error}\n"),
        Answer::Decided(_) => String::new(),
    };
    let reason = failure.explanation.as_deref().map(explanation).unwrap_or_default();
    for line in details.lines().map(safe).chain(reason.lines().map(str::to_owned)) {
        let _ = writeln!(text, "   {line}");
    }
    text.push('\n');
    text
}

/// A case of a login that failed.
pub(super) fn mismatch(mismatch: &Mismatch<'_>) -> String {
    let case = mismatch.case;
    let place = format!("{}:{}", case.file(), case.line());
    failed((case.name(), &place, case.rules()), &mismatch.expected, &mismatch.found) + "\n"
}

/// The name, place and rules of a case, what was expected of it, and what it got.
fn failed((name, place, rules): (&str, &str, Option<&str>), expected: &str, got: &str) -> String {
    let place = dress(style::LABEL, safe(place));
    let mut text = format!("{} {}   {place}\n", dress(style::BAD, "FAIL"), dress(style::STRONG, safe(name)));
    for (field, value) in rules.map(|rules| ("rules", rules)).into_iter().chain([("expected", expected), ("got", got)])
    {
        let _ = writeln!(text, "   {}  {}", dress(style::LABEL, format_args!("{field:<8}")), safe(value));
    }
    text
}

/// The answer, and the end of the sentence that AWS prints: who asks for what is known to whoever asked, and the
/// policy at its end stands in the next line.
fn headline(explanation: &Explanation) -> String {
    let asked = format!("on resource: \"{}\" ", explanation.resource);
    let cause = explanation.message.split_once(&asked).map(|(_, cause)| cause);
    let reason = cause.and_then(|cause| cause.strip_prefix("because ").or_else(|| cause.strip_prefix("with ")));
    let reason = reason.unwrap_or(&explanation.message);
    let policies = explanation.matched_statements.iter().map(|matched| format!(": {}", matched.source_policy_id));
    let reason = policies.into_iter().find_map(|policy| reason.strip_suffix(&policy)).unwrap_or(reason);
    format!("{}  {}", outcome(explanation.decision), safe(reason))
}

fn outcome(outcome: Outcome) -> String {
    let style = if outcome == Outcome::Allowed { style::GOOD } else { style::BAD };
    dress(style, outcome)
}

/// The statements that decided.
fn deciding(explanation: &Explanation) -> impl Iterator<Item = String> {
    let label = match explanation.decision {
        Outcome::Allowed => "allowed by:",
        Outcome::ExplicitDeny => "denied by:",
        Outcome::ImplicitDeny => "decided by:",
    };
    explanation.matched_statements.iter().map(move |matched| {
        let place = place(&matched.statement, &matched.source_policy_id);
        format!("{} {place}{}", dress(style::LABEL, label), kind(matched.source_policy_type))
    })
}

fn near_misses(explanation: &Explanation) -> impl Iterator<Item = String> {
    let lines = |near: &NearMiss| std::iter::once(near_miss(near)).chain(element::lines(&near.failed));
    explanation.near_misses.iter().flat_map(lines)
}

fn near_miss(near: &NearMiss) -> String {
    format!(
        "{} {}{}, failed on its {}",
        dress(style::LABEL, "nearest:"),
        place(&near.statement, &near.policy_id),
        kind(near.policy_type),
        element::names(&near.failed)
    )
}

/// Context keys that are missing, with what that did.
fn missing(explanation: &Explanation) -> impl Iterator<Item = String> {
    let missing = &explanation.missing_context_values;
    let more = missing.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| format!("{} and {more} more keys", dress(style::LABEL, "missing:")));
    missing.iter().take(SHOWN).map(missing_value).chain(more)
}

fn missing_value(missing: &MissingContextValue) -> String {
    let MissingContextValue { key, policy_id, statement, place: wanted_by, effect, .. } = missing;
    let wanted_by = match wanted_by {
        MissingPlace::ConditionKey(operator) => format!("key of {}", safe(operator)),
        MissingPlace::ConditionValue(operator) => format!("in a value of {}", safe(operator)),
        MissingPlace::Resource(pattern) => format!("in the resource {}", text::value(pattern)),
    };
    let effect = match effect {
        Absence::StatementSkipped => "which fails without it",
        Absence::HeldBecauseAbsent => "which holds without it",
    };
    let place = place(statement, policy_id);
    format!("{} {}, {wanted_by}, {effect}: {place}", dress(style::LABEL, "missing:"), safe(key))
}

/// How each check came out, if there is more than the one that the headline tells of.
fn checks(explanation: &Explanation) -> Option<String> {
    let checks = &explanation.checks;
    let list: Vec<String> = checks.iter().map(check).collect();
    (checks.len() > 1).then(|| format!("{} {}", dress(style::LABEL, "checks:"), list.join(", ")))
}

fn check(check: &CheckResult) -> String {
    let name = match check.check_type {
        CheckType::ResourceControlPolicy => "rcp",
        CheckType::ServiceControlPolicy => "scp",
        CheckType::VpcEndpoint => "endpoint",
        CheckType::Resource => "resource",
        CheckType::Principal => "principal",
        CheckType::PermissionsBoundary => "boundary",
        CheckType::Session => "session",
    };
    let level = check.target.as_ref().map(|target| format!(" {}", safe(&target.name))).unwrap_or_default();
    let effect = match check.effect {
        CheckEffect::Allow => "allows",
        CheckEffect::NoImpact => "has no say",
        CheckEffect::ImplicitDeny => "does not allow",
        CheckEffect::ExplicitDeny => "denies",
    };
    format!("{name}{level} {effect}")
}

/// Whose caller and resource are, if they are not of one account.
fn accounts(explanation: &Explanation) -> Option<String> {
    if explanation.same_account {
        return None;
    }
    let account = |account: &Option<String>| account.as_deref().map_or("no account".to_owned(), safe);
    let (caller, owner) = (account(&explanation.principal.account), account(&explanation.resource_account));
    Some(format!("{} the caller is of {caller}, the resource of {owner}", dress(style::LABEL, "accounts:")))
}

/// The time that counted, if the request was told one of its keys only or the clock was read.
fn clock(explanation: &Explanation) -> Option<String> {
    let key = |key: &str| match explanation.derived_context.get(key)? {
        ContextText::Single(text) => Some(format!("{key} {}", safe(text))),
        ContextText::Multi(_) => None,
    };
    let keys: Vec<String> = super::clock::KEYS.iter().filter_map(|name| key(name)).collect();
    (!keys.is_empty()).then(|| format!("{} {}", dress(style::LABEL, "clock:"), keys.join(", ")))
}

/// A statement as people find it: `OwnObjects, user-folder.json:9:7`.
fn place(statement: &StatementRef, policy: &str) -> String {
    let name = match &statement.sid {
        Some(sid) => safe(sid),
        None => format!("Statement[{}]", statement.index),
    };
    let Position { line, column } = statement.start_position;
    format!("{}, {}:{line}:{column}", dress(style::STRONG, name), safe(policy))
}

/// The kind of a policy, if it is not the usual one.
fn kind(kind: &str) -> String {
    if kind == "identity" { String::new() } else { format!(" ({kind})") }
}

#[cfg(test)]
mod tests;
