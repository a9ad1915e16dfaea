//! Context keys that statements refer to and the request lacks (Rule E67).

use std::collections::HashSet;

use super::super::decide::{self, Facts};
use super::super::statement::{Asked, Fit};
use super::super::{principal, wildcard};
use super::statement_ref;
use crate::decision::{Absence, MissingContextValue, MissingPlace};
use crate::document::{Condition, Entry};
use crate::language::arn::ResourcePattern;
use crate::request::RequestResource;

/// How many are listed: a hostile document can refer to millions.
const MOST: usize = 1_000;

/// Those of every kind of policy that applies, in the order of the checks.
pub(super) fn of(facts: &Facts<'_>) -> Vec<MissingContextValue> {
    let statements = decide::statements(facts.set, facts.request);
    let asked_for = statements.filter(|asked| asked.action_matches() && principal::covers(*asked));
    let missing = asked_for.flat_map(|asked| {
        if asked.resource_matches() {
            // It did so without the value, or because of another entry.
            of_statement(asked, Absence::HeldBecauseAbsent)
        } else if lacks_only_values(asked) {
            of_statement(asked, Absence::StatementSkipped)
        } else {
            Vec::new()
        }
    });
    missing.take(MOST).collect()
}

/// Whether the statement failed on its resource only because a variable had no value (Rules L60, L61).
fn lacks_only_values(asked: Asked<'_>) -> bool {
    let Some(resources) = &asked.statement.resources else { return false };
    if resources.negated {
        // No entry matched, or it would not matter that one had no value.
        let fits: Vec<Fit> = resources.entries.iter().map(|entry| asked.resource_fit(&entry.pattern)).collect();
        return !fits.contains(&Fit::Matches) && fits.contains(&Fit::NoValue);
    }
    resources.entries.iter().any(|entry| could_match(asked, entry))
}

/// Whether an entry would match if its variables without a value had the right one.
fn could_match(asked: Asked<'_>, entry: &Entry<ResourcePattern>) -> bool {
    match (&entry.pattern, asked.request.resource()) {
        (ResourcePattern::Arn(template), RequestResource::Arn(arn)) => {
            asked.resource_fit(&entry.pattern) == Fit::NoValue
                && wildcard::could_match(wildcard::of_resource(template, asked.request.context()), arn.as_str())
        }
        _ => false,
    }
}

/// The keys that one statement refers to and the request lacks; `on_resource` is what that did to its resource.
fn of_statement(asked: Asked<'_>, on_resource: Absence) -> Vec<MissingContextValue> {
    let mut found: Vec<(Box<str>, MissingPlace, Absence)> = Vec::new();
    if let Some(resources) = &asked.statement.resources {
        // Of a `Resource` that did not match, only the entries that could have.
        let is_concerned = |entry: &&Entry<ResourcePattern>| {
            on_resource == Absence::HeldBecauseAbsent || resources.negated || could_match(asked, entry)
        };
        for entry in resources.entries.iter().filter(is_concerned) {
            for key in lacking(asked, entry.pattern.variables().map(|variable| variable.key)) {
                found.push((key, MissingPlace::Resource(entry.text.to_string()), on_resource));
            }
        }
    }
    for condition in &asked.statement.conditions {
        let operator = condition.operator.to_string();
        for key in lacking(asked, [&*condition.key]) {
            found.push((key, MissingPlace::ConditionKey(operator.clone()), key_absence(asked, condition)));
        }
        let variables = condition.values.iter().flat_map(|value| value.operand.variables());
        for key in lacking(asked, variables.map(|variable| variable.key)) {
            found.push((key, MissingPlace::ConditionValue(operator.clone()), value_absence(asked, condition)));
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    let statement = statement_ref(asked);
    let missing = found.into_iter().map(|(key, place, effect)| MissingContextValue {
        key: key.into(),
        policy_type: asked.id.place.kind.as_str(),
        policy_id: asked.document.name().to_owned(),
        statement: statement.clone(),
        place,
        effect,
    });
    missing.collect()
}

/// The keys the request lacks, each once. A key given as an empty list is not lacking: the request speaks of it.
fn lacking<'k>(asked: Asked<'_>, keys: impl IntoIterator<Item = &'k str>) -> Vec<Box<str>> {
    let mut seen = HashSet::new();
    let keys = keys.into_iter().filter(|key| asked.request.context().get(key).is_none());
    keys.filter(|key| seen.insert(key.to_ascii_lowercase())).map(Box::from).take(MOST).collect()
}

/// Rules L72 to L78: what it did that the key of a condition is absent.
fn key_absence(asked: Asked<'_>, condition: &Condition) -> Absence {
    if asked.condition_holds(condition) { Absence::HeldBecauseAbsent } else { Absence::StatementSkipped }
}

/// Rule L62: what it did that a value of a condition could not be filled in. It never makes a negated operator fail.
fn value_absence(asked: Asked<'_>, condition: &Condition) -> Absence {
    if condition.operator.negated || asked.condition_holds(condition) {
        Absence::HeldBecauseAbsent
    } else {
        Absence::StatementSkipped
    }
}
