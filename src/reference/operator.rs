//! One condition: a key under an operator (Rules L62 to L82, L90 to L98). It reads like section 1.2 of the law.

use data_encoding::BASE64;

use super::statement::Asked;
use super::variable;
use super::wildcard;
use crate::document::{Condition, ConditionValue, Effect, Operand};
use crate::language::arn::{Arn, ArnTemplate};
use crate::language::date::Instant;
use crate::language::decimal::Decimal;
use crate::language::network::{parse_address, parse_network};
use crate::language::operator::{Comparison, Quantifier, Test};
use crate::request::ContextValue;

/// How a value of the policy compares to one value of the request (Rule L81).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Yes,
    No,
    /// One of the two cannot be read as the operator's type.
    IllTyped,
}

/// Whether a condition holds (Rule L70: the statement needs all of them). The context is taken as given (Rule L100),
/// keys in any case of their letters (Rule L71).
pub(super) fn holds(condition: &Condition, asked: Asked<'_>) -> bool {
    let value = present(asked.request.context().get(&condition.key));
    let operator = condition.operator;
    if operator.test == Test::Null {
        return null_holds(condition, value);
    }
    if condition.values.is_empty()
        && let Some(answer) = holds_without_values(condition, value)
    {
        return answer;
    }
    if let Some(quantifier) = operator.quantifier {
        return set_holds(quantifier, condition, value, asked);
    }
    match value {
        None => holds_without_key(condition),
        // Rule L75: a plain operator never holds of a multivalued key.
        Some(ContextValue::Multi(_)) => false,
        Some(ContextValue::Single(text)) => member_passes(condition, text, asked),
    }
}

/// Rule L77: an empty list is as good as an absent key.
fn present<'v, 'a>(value: Option<&'v ContextValue<'a>>) -> Option<&'v ContextValue<'a>> {
    value.filter(|value| !matches!(value, ContextValue::Multi(members) if members.is_empty()))
}

/// Rules L74, L77, L79: `Null`.
fn null_holds(condition: &Condition, value: Option<&ContextValue<'_>>) -> bool {
    match condition.operator.quantifier {
        Some(Quantifier::ForAllValues) => return true,
        Some(Quantifier::ForAnyValue) => return false,
        None => {}
    }
    let is_null = match value {
        None => true,
        Some(ContextValue::Single(_)) => false,
        Some(ContextValue::Multi(members)) => members.iter().all(|member| member.is_empty()),
    };
    let wanted = if is_null { "true" } else { "false" };
    condition.values.iter().any(|value| value.text.eq_ignore_ascii_case(wanted))
}

/// Rule L80: an empty list of values under a set prefix or with `IfExists`; `None` for plain operators, of which the
/// other rules speak.
fn holds_without_values(condition: &Condition, value: Option<&ContextValue<'_>>) -> Option<bool> {
    match condition.operator.quantifier {
        Some(Quantifier::ForAllValues) => Some(has_nothing_to_test(value)),
        Some(Quantifier::ForAnyValue) => Some(false),
        None if condition.operator.if_exists => Some(value.is_none()),
        None => None,
    }
}

/// Rules L72, L73: a plain operator on an absent key.
fn holds_without_key(condition: &Condition) -> bool {
    condition.operator.if_exists || condition.operator.negated
}

/// Rule L77: whether a set operator finds nothing to test.
fn has_nothing_to_test(value: Option<&ContextValue<'_>>) -> bool {
    match value {
        None => true,
        Some(ContextValue::Single(text)) => text.is_empty(),
        Some(ContextValue::Multi(members)) => members.iter().all(|member| member.is_empty()),
    }
}

/// Rules L76, L77, L78, L82: each member by itself, with the operator's own negation. `IfExists` changes nothing.
fn set_holds(
    quantifier: Quantifier,
    condition: &Condition,
    value: Option<&ContextValue<'_>>,
    asked: Asked<'_>,
) -> bool {
    if has_nothing_to_test(value) {
        return quantifier == Quantifier::ForAllValues;
    }
    let members: Vec<&str> = match value {
        None => Vec::new(),
        Some(ContextValue::Single(text)) => vec![text],
        Some(ContextValue::Multi(members)) => members.iter().map(|member| &**member).collect(),
    };
    let passes = |member: &&str| member_passes(condition, member, asked);
    match quantifier {
        Quantifier::ForAllValues => members.iter().all(passes),
        Quantifier::ForAnyValue => members.iter().any(passes),
    }
}

/// Rules L70, L81: one value of the request against all values of the policy, joined by OR, or by NOR if the
/// operator is negated. What cannot be read counts against the request.
fn member_passes(condition: &Condition, member: &str, asked: Asked<'_>) -> bool {
    let mut is_unreadable = false;
    for value in &condition.values {
        match compare(condition.operator.test, value, member, asked) {
            Compared::Yes => return !condition.operator.negated,
            Compared::IllTyped => is_unreadable = true,
            Compared::No => {}
        }
    }
    // No value matched.
    condition.operator.negated && (!is_unreadable || asked.statement.effect == Effect::Deny)
}

/// One value of the policy against one value of the request, the operator in its positive form.
///
/// Rule L62: a value with a variable that has no value is like nothing, and never of the wrong type.
fn compare(test: Test, value: &ConditionValue, member: &str, asked: Asked<'_>) -> Compared {
    let context = asked.request.context();
    if value.operand.variables().any(|variable| variable::resolve(variable, context).is_none()) {
        return Compared::No;
    }
    // Rule L63: only some operators fill in variables; the others see the text as it stands.
    let text = match &value.operand {
        Operand::Text(template) => variable::fill_in(template, context).unwrap_or_default(),
        Operand::Plain | Operand::Arn(_) | Operand::ShortArn(_) => value.text.to_string(),
    };
    match test {
        Test::StringEquals => yes_or_no(text == member),
        Test::StringEqualsIgnoreCase => yes_or_no(text.eq_ignore_ascii_case(member)),
        Test::StringLike => compare_like(&value.operand, member, asked),
        Test::Numeric(comparison) => compare_numbers(comparison, &text, member),
        Test::Date(comparison) => compare_dates(comparison, &text, member),
        Test::Bool => compare_booleans(&text, member),
        Test::Binary => compare_bytes(&text, member),
        Test::IpAddress => compare_addresses(&text, member),
        Test::Arn => match &value.operand {
            Operand::Arn(pattern) => compare_arns(pattern, member, asked),
            _ => Compared::IllTyped,
        },
        // `Null` compares nothing.
        Test::Null => Compared::No,
    }
}

fn yes_or_no(is_match: bool) -> Compared {
    if is_match { Compared::Yes } else { Compared::No }
}

/// Joins two readings: ill-typed if one of them failed.
fn if_both<T>(policy: Option<T>, request: Option<T>, holds: impl FnOnce(T, T) -> bool) -> Compared {
    match (policy, request) {
        (Some(policy), Some(request)) => yes_or_no(holds(policy, request)),
        _ => Compared::IllTyped,
    }
}

/// Rule L92: wildcards on the whole value.
fn compare_like(operand: &Operand, member: &str, asked: Asked<'_>) -> Compared {
    match operand {
        Operand::Text(template) => {
            yes_or_no(wildcard::matches(&wildcard::of_text(template.tokens(), asked.request.context()), member))
        }
        Operand::Plain | Operand::Arn(_) | Operand::ShortArn(_) => Compared::IllTyped,
    }
}

/// Rule L93: exact decimal numbers, the request's on the left.
fn compare_numbers(comparison: Comparison, policy: &str, request: &str) -> Compared {
    if_both(Decimal::parse(policy), Decimal::parse(request), |policy, request| comparison.holds(request.cmp(&policy)))
}

/// Rule L94: instants, the request's on the left.
fn compare_dates(comparison: Comparison, policy: &str, request: &str) -> Compared {
    if_both(Instant::parse(policy), Instant::parse(request), |policy, request| comparison.holds(request.cmp(&policy)))
}

/// Rule L95: `true` or `false` on both sides, in any case of the letters.
fn compare_booleans(policy: &str, request: &str) -> Compared {
    let read = |text: &str| match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    if_both(read(policy), read(request), |policy, request| policy == request)
}

/// Rule L96: base64 on both sides; the bytes are compared.
fn compare_bytes(policy: &str, request: &str) -> Compared {
    let read = |text: &str| BASE64.decode(text.as_bytes()).ok();
    if_both(read(policy), read(request), |policy, request| policy == request)
}

/// Rule L97: an address of the request in a network of the policy; the families never match each other.
fn compare_addresses(policy: &str, request: &str) -> Compared {
    match (parse_network(policy), parse_address(request)) {
        (Some(network), Some(address)) => yes_or_no(network.contains(&address)),
        _ => Compared::IllTyped,
    }
}

/// Rule L98: field by field; no wildcard reaches into the next one. (A value with fewer than six fields is no
/// [`Operand::Arn`].)
fn compare_arns(pattern: &ArnTemplate, request: &str, asked: Asked<'_>) -> Compared {
    let Some(arn) = Arn::parse(request) else { return Compared::IllTyped };
    let mut fields = pattern.fields().into_iter().zip(arn.fields());
    yes_or_no(
        fields.all(|(pattern, field)| wildcard::matches(&wildcard::of_text(pattern, asked.request.context()), field)),
    )
}
