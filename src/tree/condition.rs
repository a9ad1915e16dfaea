//! Compiled conditions (Rules L70 to L98). Each distinct one exists once, so that a request evaluates it at most
//! once.

use std::collections::HashMap;

use ipnet::IpNet;

use super::pattern::{Arena, ArenaBuilder, Exact, FoldAscii, Program, Text};
use super::slots::{KeyBuilder, Slot, Values};
use crate::document::{self, Effect, Operand};
use crate::language::arn::Arn;
use crate::language::date::Instant;
use crate::language::decimal::Decimal;
use crate::language::network::{parse_address, parse_network};
use crate::language::operator::{Quantifier, Test};
use crate::request::ContextValue;

/// The number of a distinct condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ConditionId(pub u32);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Condition {
    slot: Slot,
    quantifier: Option<Quantifier>,
    test: Test,
    negated: bool,
    if_exists: bool,
    /// What a negated operator makes of an ill-typed comparison (Rule L81): false under `Allow`, true under
    /// `Deny`. Always false for positive operators, so that both effects share a condition.
    ill_typed_holds: bool,
    values: Box<[Value]>,
}

/// A value of the policy, read as far as its operator can read it when compiling.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Value {
    /// Strings and booleans.
    Text(Program),
    Arn(Box<[Program; 6]>),
    /// Fewer than six fields: ill-typed if its variables have values.
    ShortArn(Program),
    Number(Text),
    Instant(Instant),
    Network(IpNet),
    /// Base64 in its only valid spelling: equal texts are equal bytes.
    Base64(Text),
    /// `true` or `false` of `Null`.
    Presence {
        is_absent: bool,
    },
    IllTyped,
}

/// How one value of the request compares with one of the policy, in the positive form of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Yes,
    No,
    IllTyped,
}

/// All conditions of a tree.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    all: Box<[Condition]>,
}

#[derive(Default)]
pub(super) struct ConditionBuilder {
    ids: HashMap<Condition, ConditionId>,
    all: Vec<Condition>,
}

impl ConditionBuilder {
    pub(super) fn add(
        &mut self,
        condition: &document::Condition,
        effect: Effect,
        arena: &mut ArenaBuilder,
        keys: &mut KeyBuilder,
    ) -> ConditionId {
        let operator = condition.operator;
        let values = condition.values.iter().map(|value| compile_value(operator.test, value, arena, keys)).collect();
        let condition = Condition {
            slot: keys.slot(&condition.key),
            quantifier: operator.quantifier,
            test: operator.test,
            negated: operator.negated,
            if_exists: operator.if_exists,
            ill_typed_holds: operator.negated && effect == Effect::Deny,
            values,
        };
        let next = ConditionId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry(condition.clone()).or_insert(next);
        if id == next {
            self.all.push(condition);
        }
        id
    }

    pub(super) fn finish(self) -> Conditions {
        Conditions { all: self.all.into() }
    }
}

fn compile_value(
    test: Test,
    value: &document::ConditionValue,
    arena: &mut ArenaBuilder,
    keys: &mut KeyBuilder,
) -> Value {
    let text = &*value.text;
    match (&value.operand, test) {
        (Operand::Text(template), _) => Value::Text(arena.template(template, keys)),
        (Operand::Arn(arn), _) => Value::Arn(Box::new(arena.fields(arn, keys))),
        (Operand::ShortArn(template), _) => Value::ShortArn(arena.template(template, keys)),
        (Operand::Plain, Test::Numeric(_)) if Decimal::parse(text).is_some() => Value::Number(arena.text(text)),
        (Operand::Plain, Test::Date(_)) => Instant::parse(text).map_or(Value::IllTyped, Value::Instant),
        (Operand::Plain, Test::IpAddress) => parse_network(text).map_or(Value::IllTyped, Value::Network),
        (Operand::Plain, Test::Binary) if data_encoding::BASE64.decode(text.as_bytes()).is_ok() => {
            Value::Base64(arena.text(text))
        }
        (Operand::Plain, Test::Null) if text.eq_ignore_ascii_case("true") => Value::Presence { is_absent: true },
        (Operand::Plain, Test::Null) if text.eq_ignore_ascii_case("false") => Value::Presence { is_absent: false },
        (Operand::Plain, _) => Value::IllTyped,
    }
}

impl Conditions {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let arns =
            |condition: &Condition| condition.values.iter().filter(|value| matches!(value, Value::Arn(_))).count();
        let values = |condition: &Condition| {
            condition.values.len() * size_of::<Value>() + arns(condition) * size_of::<[Program; 6]>()
        };
        self.all.len() * size_of::<Condition>() + self.all.iter().map(values).sum::<usize>()
    }

    /// The keys a condition reads: its own, and those of the variables in its values.
    pub(super) fn slots<'t>(&'t self, id: ConditionId, arena: &'t Arena) -> impl Iterator<Item = Slot> + 't {
        let condition = self.all.get(id.0 as usize);
        let values = condition.into_iter().flat_map(|condition| &*condition.values);
        let programs = values.flat_map(|value| match value {
            Value::Text(program) | Value::ShortArn(program) => std::slice::from_ref(program),
            Value::Arn(fields) => &fields[..],
            _ => &[],
        });
        condition.map(|condition| condition.slot).into_iter().chain(programs.flat_map(|program| arena.slots(*program)))
    }

    /// Whether a condition holds for a request (section 1.2 of the language rules).
    pub(super) fn holds(&self, id: ConditionId, arena: &Arena, values: &Values<'_>) -> bool {
        // An unknown id cannot arise; if it did, nothing would match it.
        self.all.get(id.0 as usize).is_some_and(|condition| condition.holds(arena, values))
    }
}

impl Condition {
    fn holds(&self, arena: &Arena, values: &Values<'_>) -> bool {
        let given = values.get(self.slot);
        // An empty list counts as absent (Rule L77).
        let given = given.filter(|value| !matches!(value, ContextValue::Multi(members) if members.is_empty()));
        if self.test == Test::Null {
            return self.null_holds(given);
        }
        if let Some(quantifier) = self.quantifier {
            return self.set_holds(quantifier, given, arena, values);
        }
        match given {
            // An empty value list with `IfExists` holds only for an absent key (Rule L80).
            None => self.if_exists || self.negated,
            Some(_) if self.values.is_empty() && self.if_exists => false,
            Some(ContextValue::Multi(_)) => false,
            Some(ContextValue::Single(text)) => self.test_holds(text, arena, values),
        }
    }

    /// Rules L74, L77, L79, L80.
    fn null_holds(&self, given: Option<&ContextValue<'_>>) -> bool {
        match self.quantifier {
            Some(Quantifier::ForAllValues) => true,
            Some(Quantifier::ForAnyValue) => false,
            None => {
                let absent = match given {
                    None => true,
                    Some(ContextValue::Single(_)) => false,
                    Some(ContextValue::Multi(members)) => members.iter().all(|member| member.is_empty()),
                };
                self.values.contains(&Value::Presence { is_absent: absent })
            }
        }
    }

    /// Rules L76 to L78, L80, L82.
    fn set_holds(
        &self,
        quantifier: Quantifier,
        given: Option<&ContextValue<'_>>,
        arena: &Arena,
        values: &Values<'_>,
    ) -> bool {
        let nothing_to_test = match given {
            None => true,
            Some(ContextValue::Single(text)) => text.is_empty(),
            Some(ContextValue::Multi(members)) => members.iter().all(|member| member.is_empty()),
        };
        if nothing_to_test || self.values.is_empty() {
            return nothing_to_test && quantifier == Quantifier::ForAllValues;
        }
        let holds = |member: &str| self.test_holds(member, arena, values);
        match (given, quantifier) {
            (Some(ContextValue::Multi(members)), Quantifier::ForAllValues) => {
                members.iter().all(|member| holds(member))
            }
            (Some(ContextValue::Multi(members)), Quantifier::ForAnyValue) => members.iter().any(|member| holds(member)),
            (Some(ContextValue::Single(text)), _) => holds(text),
            (None, _) => false,
        }
    }

    /// One value of the request against the list of the policy (Rules L70, L81).
    fn test_holds(&self, text: &str, arena: &Arena, values: &Values<'_>) -> bool {
        let mut ill_typed = false;
        for value in &self.values {
            match self.compare(value, text, arena, values) {
                Compared::Yes => return !self.negated,
                Compared::No => {}
                Compared::IllTyped => ill_typed = true,
            }
        }
        self.negated && (!ill_typed || self.ill_typed_holds)
    }

    fn compare(&self, value: &Value, text: &str, arena: &Arena, values: &Values<'_>) -> Compared {
        let yes = |matched: bool| if matched { Compared::Yes } else { Compared::No };
        match (value, self.test) {
            (Value::Text(program), Test::StringEqualsIgnoreCase) => {
                yes(arena.matches::<FoldAscii>(*program, text, values))
            }
            (Value::Text(program), Test::Bool) => {
                let is_boolean = text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
                yes(is_boolean && arena.matches::<FoldAscii>(*program, text, values))
            }
            (Value::Text(program), _) => yes(arena.matches::<Exact>(*program, text, values)),
            (Value::Arn(fields), _) => {
                // A variable without value goes before the types (Rule L62).
                if !fields.iter().all(|field| arena.has_values(*field, values)) {
                    return Compared::No;
                }
                let Some(arn) = Arn::parse(text) else { return Compared::IllTyped };
                let mut pairs = fields.iter().zip(arn.fields());
                yes(pairs.all(|(field, text)| arena.matches::<Exact>(*field, text, values)))
            }
            (Value::ShortArn(program), _) if arena.has_values(*program, values) => Compared::IllTyped,
            (Value::ShortArn(_), _) => Compared::No,
            (Value::Number(wanted), Test::Numeric(comparison)) => {
                match (Decimal::parse(text), Decimal::parse(arena.str(*wanted))) {
                    (Some(given), Some(wanted)) => yes(comparison.holds(given.cmp(&wanted))),
                    _ => Compared::IllTyped,
                }
            }
            (Value::Instant(wanted), Test::Date(comparison)) => match Instant::parse(text) {
                Some(given) => yes(comparison.holds(given.cmp(wanted))),
                None => Compared::IllTyped,
            },
            (Value::Network(network), _) => match parse_address(text) {
                Some(address) => yes(network.contains(&address)),
                None => Compared::IllTyped,
            },
            (Value::Base64(wanted), _) => yes(arena.str(*wanted) == text),
            _ => Compared::IllTyped,
        }
    }
}
