//! Context values that conditions and variables nearly match.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::{bool as coin, option};

use super::document::values_of;
use super::request::Scene;
use super::target::Filling;
use super::text::{Pick, Twist, pick, recased, twist};
use super::world;
use crate::document::{Condition, ConditionValue, Operand};
use crate::language::arn::Arn;
use crate::language::operator::Test;
use crate::language::pattern::Variable;
use crate::request::{ContextValue, DERIVED_KEYS};

/// A context key before the conditions are known that read it.
#[derive(Debug, Clone)]
pub(super) struct KeyPlan {
    wish: Wish,
    value: Pick,
    fill: Pick,
    twist: Twist,
    recased: Option<Pick>,
    /// A list where a single value belongs, and the other way round.
    wrong_arity: bool,
    members: usize,
}

/// What the value is to be to a condition on its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// One that the condition's values match.
    Match,
    /// One of the same type, whatever it is.
    Other,
    Absent,
    Empty,
}

pub(super) fn key_plan() -> impl Strategy<Value = KeyPlan> {
    let wish = prop_oneof![
        7 => Just(Wish::Match),
        2 => Just(Wish::Other),
        2 => Just(Wish::Absent),
        1 => Just(Wish::Empty),
    ];
    (wish, pick(), pick(), twist(2), option::weighted(0.2, pick()), coin::weighted(0.1), 0..=3usize).prop_map(
        |(wish, value, fill, twist, recased, wrong_arity, members)| KeyPlan {
            wish,
            value,
            fill,
            twist,
            recased,
            wrong_arity,
            members,
        },
    )
}

/// The context while it is made. What is decided stays decided, also that a key is absent: so later conditions on a
/// key meet what the first one chose.
pub(super) struct Keys<'p> {
    principal: Option<&'p str>,
    /// By the name in lower case: the name as given, and the value.
    entries: BTreeMap<String, (String, Option<ContextValue<'static>>)>,
}

impl<'p> Keys<'p> {
    pub(super) fn new(principal: Option<&'p str>) -> Self {
        Keys { principal, entries: BTreeMap::new() }
    }

    pub(super) fn principal(&self) -> Option<&'p str> {
        self.principal
    }

    /// Decides every key that the policies mention, those of the anchor first.
    pub(super) fn decide_all(&mut self, scene: &Scene<'_>, plans: &[KeyPlan]) {
        let mut plans = plans.iter().cycle();
        for statement in scene.anchor.iter().chain(&scene.statements) {
            for (condition, plan) in statement.conditions.iter().zip(&mut plans) {
                self.decide(&condition.key, plan, |keys| plan.value_for(condition, keys));
            }
            for (Variable { key, .. }, plan) in statement.variables().zip(&mut plans) {
                self.decide(key, plan, |_| plan.value_of_variable());
            }
        }
    }

    /// Keys that AWS derives are mostly left to it: a value that contradicts the caller is refused (Rule E58).
    fn decide(&mut self, key: &str, plan: &KeyPlan, value: impl FnOnce(&Self) -> Option<ContextValue<'static>>) {
        let is = |name: &str| name.eq_ignore_ascii_case(key);
        let contradicts = self.principal.is_some() && (is("aws:PrincipalArn") || is("aws:PrincipalAccount"));
        let is_left = contradicts || (DERIVED_KEYS.iter().any(|name| is(name)) && plan.fill.below(8) != 0);
        if !is_left && !self.entries.contains_key(&key.to_ascii_lowercase()) {
            let name = plan.recased.map_or(key.to_owned(), |at| recased(key, at));
            let entry = (name, value(self));
            self.entries.insert(key.to_ascii_lowercase(), entry);
        }
    }

    /// Gives a key, whatever was decided.
    pub(super) fn set(&mut self, key: &str, value: String) {
        self.entries.insert(key.to_ascii_lowercase(), (key.to_owned(), Some(value.into())));
    }

    /// Gives a key that nobody has decided and AWS does not derive.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        if !DERIVED_KEYS.iter().any(|name| name.eq_ignore_ascii_case(key)) {
            let entry = || (key.to_owned(), Some(value.to_owned().into()));
            self.entries.entry(key.to_ascii_lowercase()).or_insert_with(entry);
        }
    }

    /// What a variable of the key will stand for.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.entries.get(&key.to_ascii_lowercase()) {
            Some((_, Some(ContextValue::Single(text)))) => Some(text.to_string()),
            Some(_) => None,
            None => {
                let arn = Arn::parse(self.principal?)?;
                if key.eq_ignore_ascii_case("aws:username") {
                    arn.resource().strip_prefix("user/")?.rsplit('/').next().map(str::to_owned)
                } else {
                    key.eq_ignore_ascii_case("aws:PrincipalAccount").then(|| arn.account().to_owned())
                }
            }
        }
    }

    pub(super) fn into_context(self) -> Vec<(String, ContextValue<'static>)> {
        self.entries.into_values().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

impl KeyPlan {
    fn value_of_variable(&self) -> Option<ContextValue<'static>> {
        let name = self.twist.apply(self.value.text(&world::NAMES));
        match self.wish {
            Wish::Absent => None,
            Wish::Empty => Some("".into()),
            Wish::Match | Wish::Other if self.wrong_arity => Some(vec![name].into()),
            Wish::Match | Wish::Other => Some(name.into()),
        }
    }

    fn value_for(&self, condition: &Condition, keys: &Keys<'_>) -> Option<ContextValue<'static>> {
        let operator = condition.operator;
        let is_absent = if operator.test == Test::Null {
            let wants_absence = self.value.of(&condition.values).is_some_and(|value| &*value.text == "true");
            wants_absence == (self.wish == Wish::Match)
        } else {
            self.wish == Wish::Absent
        };
        if is_absent {
            return None;
        }
        let is_list = operator.quantifier.is_some() != self.wrong_arity;
        Some(if is_list {
            (0..self.members).map(|turn| self.member(condition, keys, turn)).collect::<Vec<_>>().into()
        } else {
            self.member(condition, keys, 0).into()
        })
    }

    /// A single value, or the `turn`-th of a list.
    fn member(&self, condition: &Condition, keys: &Keys<'_>, turn: usize) -> String {
        let wanted = self.value.turned(turn).of(&condition.values).filter(|_| self.wish == Wish::Match && turn < 2);
        let text = match (wanted, condition.operator.test) {
            _ if self.wish == Wish::Empty => String::new(),
            (Some(wanted), test) => self.matching(test, wanted, keys),
            (None, Test::IpAddress) => self.value.turned(turn).text(&world::ADDRESSES).to_owned(),
            (None, test) => self.value.turned(turn).text(values_of(test)).to_owned(),
        };
        self.twist.apply(&text)
    }

    /// A request value that the policy's value matches, or nearly so.
    fn matching(&self, test: Test, wanted: &ConditionValue, keys: &Keys<'_>) -> String {
        let filling = Filling { pick: self.fill, value: &|key| keys.text(key) };
        match (&wanted.operand, test) {
            (Operand::Text(template) | Operand::ShortArn(template), _) => filling.fill(template.tokens()),
            (Operand::Arn(arn), _) => arn.fields().map(|field| filling.fill(field)).join(":"),
            (Operand::Plain, Test::IpAddress) => wanted.text.split('/').next().unwrap_or_default().to_owned(),
            // A neighbour, so that the ordered comparisons hold as well.
            (Operand::Plain, Test::Numeric(_) | Test::Date(_)) if self.fill.below(2) == 1 => {
                self.fill.text(values_of(test)).to_owned()
            }
            (Operand::Plain, _) => wanted.text.to_string(),
        }
    }
}
