//! Compiled conditions (Rules L70 to L98). Each distinct one exists once, so that a request evaluates it at most
//! once.

use std::collections::hash_map::Entry;
use std::hash::Hash;

use ipnet::IpNet;

use super::hash::FoldMap;
use super::pattern::{Arena, ArenaBuilder, Exact, FoldAscii, Program, Text, is_straight};
use super::slots::{KeyBuilder, Slot, ValueRef, Values};
use crate::document::{self, Effect, Operand};
use crate::language::arn::Arn;
use crate::language::date::Instant;
use crate::language::decimal::Decimal;
use crate::language::network::{parse_address, parse_network};
use crate::language::operator::{Quantifier, Test};

/// The number of a distinct condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ConditionId(pub u32);

/// An operator, a key and the values it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Condition {
    slot: Slot,
    quantifier: Option<Quantifier>,
    test: Test,
    negated: bool,
    if_exists: bool,
    /// What a negated operator makes of an ill-typed comparison (Rule L81): false under `Allow`, true under
    /// `Deny`. Always false for positive operators, so that both effects share a condition.
    ill_typed_holds: bool,
    /// Whether several statements ask for it: only then is its result worth keeping.
    is_shared: bool,
    values: List,
}

/// The values of a condition: most have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum List {
    One(Value),
    /// A range of all values.
    Many {
        start: u32,
        length: u32,
    },
}

/// A value of the policy, read as far as its operator can read it when compiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Value {
    /// A text without variables or wildcards.
    Literal(Text),
    /// `true` or `false` of `Bool`.
    Boolean(bool),
    /// Strings and booleans.
    Text(Program),
    /// Strings whose case counts, by a [straight](is_straight) program.
    Straight(Program),
    /// Number of its six fields.
    Arn(u32),
    /// Fewer than six fields: ill-typed if its variables have values.
    ShortArn(Program),
    Number(Text),
    /// Number of an instant.
    Instant(u32),
    /// Number of a network.
    Network(u32),
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

/// A condition with more values demands none of them: each would take a place of its own.
const MOST_DEMANDED: usize = 4;

/// All conditions of a tree.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    all: Box<[Condition]>,
    has_shared: bool,
    values: Box<[Value]>,
    arns: Box<[[Program; 6]]>,
    instants: Box<[Instant]>,
    networks: Box<[IpNet]>,
}

pub(super) struct ConditionBuilder {
    /// Whether straight programs are told from others.
    tells_straight: bool,
    ids: FoldMap<(Condition, Box<[Value]>), ConditionId>,
    all: Vec<Condition>,
    values: Vec<Value>,
    arns: Numbered<[Program; 6]>,
    instants: Numbered<Instant>,
    networks: Numbered<IpNet>,
}

/// Distinct things, numbered in the order first met.
struct Numbered<T> {
    numbers: FoldMap<T, u32>,
    all: Vec<T>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered { numbers: FoldMap::default(), all: Vec::new() }
    }
}

impl<T: Copy + Eq + Hash> Numbered<T> {
    fn number(&mut self, thing: T) -> u32 {
        let next = narrow(self.all.len());
        let number = *self.numbers.entry(thing).or_insert(next);
        if number == next {
            self.all.push(thing);
        }
        number
    }
}

impl ConditionBuilder {
    pub(super) fn new(tells_straight: bool) -> Self {
        ConditionBuilder {
            tells_straight,
            ids: FoldMap::default(),
            all: Vec::new(),
            values: Vec::new(),
            arns: Numbered::default(),
            instants: Numbered::default(),
            networks: Numbered::default(),
        }
    }

    pub(super) fn add(
        &mut self,
        condition: &document::Condition,
        effect: Effect,
        arena: &mut ArenaBuilder,
        keys: &mut KeyBuilder,
    ) -> ConditionId {
        let operator = condition.operator;
        let values: Box<[Value]> =
            condition.values.iter().map(|value| self.value(operator.test, value, arena, keys)).collect();
        let head = Condition {
            slot: keys.slot(&condition.key),
            quantifier: operator.quantifier,
            test: operator.test,
            negated: operator.negated,
            if_exists: operator.if_exists,
            ill_typed_holds: operator.negated && effect == Effect::Deny,
            is_shared: false,
            values: List::Many { start: 0, length: 0 },
        };
        let next = ConditionId(narrow(self.all.len()));
        let list = match *values {
            [only] => List::One(only),
            _ => List::Many { start: narrow(self.values.len()), length: narrow(values.len()) },
        };
        let id = match self.ids.entry((head, values)) {
            Entry::Occupied(known) => {
                if let Some(known) = self.all.get_mut(known.get().0 as usize) {
                    known.is_shared = true;
                }
                return *known.get();
            }
            Entry::Vacant(free) => {
                if let List::Many { .. } = list {
                    self.values.extend_from_slice(&free.key().1);
                }
                *free.insert(next)
            }
        };
        self.all.push(Condition { values: list, ..head });
        id
    }

    fn value(
        &mut self,
        test: Test,
        value: &document::ConditionValue,
        arena: &mut ArenaBuilder,
        keys: &mut KeyBuilder,
    ) -> Value {
        let text = &*value.text;
        match (&value.operand, test) {
            (Operand::Text(template), _) => match template.as_literal() {
                Some(text) if test == Test::Bool && text.eq_ignore_ascii_case("true") => Value::Boolean(true),
                Some(text) if test == Test::Bool && text.eq_ignore_ascii_case("false") => Value::Boolean(false),
                Some(text) => Value::Literal(arena.text(text)),
                None => {
                    let program = arena.template(template.tokens(), keys);
                    let folds = matches!(test, Test::StringEqualsIgnoreCase | Test::Bool);
                    let is_straight = self.tells_straight && !folds && is_straight(arena.arena().program(program));
                    if is_straight { Value::Straight(program) } else { Value::Text(program) }
                }
            },
            (Operand::Arn(arn), _) => Value::Arn(self.arns.number(arena.fields(arn, keys))),
            (Operand::ShortArn(template), _) => Value::ShortArn(arena.template(template.tokens(), keys)),
            (Operand::Plain, Test::Numeric(_)) if Decimal::parse(text).is_some() => Value::Number(arena.text(text)),
            (Operand::Plain, Test::Date(_)) => {
                Instant::parse(text).map_or(Value::IllTyped, |instant| Value::Instant(self.instants.number(instant)))
            }
            (Operand::Plain, Test::IpAddress) => {
                parse_network(text).map_or(Value::IllTyped, |network| Value::Network(self.networks.number(network)))
            }
            (Operand::Plain, Test::Binary) if data_encoding::BASE64.decode(text.as_bytes()).is_ok() => {
                Value::Base64(arena.text(text))
            }
            (Operand::Plain, Test::Null) if text.eq_ignore_ascii_case("true") => Value::Presence { is_absent: true },
            (Operand::Plain, Test::Null) if text.eq_ignore_ascii_case("false") => Value::Presence { is_absent: false },
            (Operand::Plain, _) => Value::IllTyped,
        }
    }

    /// How much work a condition is, roughly: of several the cheaper ones are asked first.
    pub(super) fn cost(&self, id: ConditionId) -> u32 {
        let Some(condition) = self.all.get(id.0 as usize) else { return 0 };
        let of_test = match condition.test {
            Test::Null => 0,
            Test::Bool | Test::StringEquals | Test::Binary => 1,
            Test::StringEqualsIgnoreCase | Test::Numeric(_) => 2,
            Test::StringLike | Test::IpAddress => 3,
            Test::Arn | Test::Date(_) => 4,
        };
        let several = u32::from(condition.quantifier.is_some()) + u32::from(!matches!(condition.values, List::One(_)));
        of_test * 2 + several * 3
    }

    pub(super) fn finish(self) -> Conditions {
        Conditions {
            has_shared: self.all.iter().any(|condition| condition.is_shared),
            all: self.all.into(),
            values: self.values.into(),
            arns: self.arns.all.into(),
            instants: self.instants.all.into(),
            networks: self.networks.all.into(),
        }
    }
}

/// Offsets fit 32 bits: a set is at most as large as its texts.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Conditions {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many results may be worth keeping.
    pub(super) fn room(&self) -> usize {
        if self.has_shared { self.all.len() } else { 0 }
    }

    /// Whether several statements ask for a condition.
    pub(super) fn is_shared(&self, id: ConditionId) -> bool {
        self.all.get(id.0 as usize).is_some_and(|condition| condition.is_shared)
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.all.len() * size_of::<Condition>()
            + self.values.len() * size_of::<Value>()
            + self.arns.len() * size_of::<[Program; 6]>()
            + self.instants.len() * size_of::<Instant>()
            + self.networks.len() * size_of::<IpNet>()
    }

    fn values<'c>(&'c self, condition: &'c Condition) -> &'c [Value] {
        match &condition.values {
            List::One(value) => std::slice::from_ref(value),
            List::Many { start, length } => {
                self.values.get(*start as usize..(*start + *length) as usize).unwrap_or_default()
            }
        }
    }

    /// The keys a condition reads: its own, and those of the variables in its values.
    pub(super) fn slots<'t>(&'t self, id: ConditionId, arena: &'t Arena) -> impl Iterator<Item = Slot> + 't {
        let condition = self.all.get(id.0 as usize);
        let values = condition.into_iter().flat_map(|condition| self.values(condition));
        let programs = values.flat_map(|value| match value {
            Value::Text(program) | Value::Straight(program) | Value::ShortArn(program) => std::slice::from_ref(program),
            Value::Arn(index) => self.arns.get(*index as usize).map(|fields| &fields[..]).unwrap_or_default(),
            _ => &[],
        });
        condition.map(|condition| condition.slot).into_iter().chain(programs.flat_map(|program| arena.slots(*program)))
    }

    /// The key and the few values of which a request must give one, and that alone, if that is what a condition asks.
    pub(super) fn demanded(&self, id: ConditionId) -> Option<(Slot, Vec<Text>)> {
        let condition = self.all.get(id.0 as usize)?;
        let is_plain = condition.quantifier.is_none() && !condition.negated && !condition.if_exists;
        let values = self.values(condition);
        if !is_plain
            || !matches!(condition.test, Test::StringEquals | Test::StringLike)
            || !(1..=MOST_DEMANDED).contains(&values.len())
        {
            return None;
        }
        let text = |value: &Value| match value {
            Value::Literal(text) => Some(*text),
            _ => None,
        };
        let texts: Option<Vec<Text>> = values.iter().map(text).collect();
        Some((condition.slot, texts?))
    }

    /// A condition by its number.
    #[inline(always)]
    pub(super) fn get(&self, id: ConditionId) -> Option<&Condition> {
        self.all.get(id.0 as usize)
    }

    /// Whether a condition holds for a request (section 1.2 of the language rules).
    #[inline(always)]
    pub(super) fn holds<V: Values>(&self, id: ConditionId, arena: &Arena, values: &V) -> bool {
        // An unknown id cannot arise; if it did, nothing would match it.
        self.get(id).is_some_and(|condition| self.condition_holds(condition, arena, values))
    }

    /// The same for a condition at hand.
    #[inline(always)]
    pub(super) fn condition_holds<V: Values>(&self, condition: &Condition, arena: &Arena, values: &V) -> bool {
        // The most frequent conditions of all, with less ado.
        let List::One(value @ (Value::Boolean(_) | Value::Straight(_))) = condition.values else {
            return self.holds_in_general(condition, arena, values);
        };
        if let Some(quantifier) = condition.quantifier {
            return match value {
                Value::Straight(program) => straight_set_holds(condition, quantifier, program, arena, values),
                _ => self.holds_in_general(condition, arena, values),
            };
        }
        match values.get(condition.slot) {
            Some(ValueRef::Single(text)) => {
                let matched = match value {
                    Value::Boolean(wanted) => is_the_boolean(text, wanted),
                    Value::Straight(program) => arena.matches_straight(program, text.as_bytes(), values),
                    _ => false,
                };
                matched != condition.negated
            }
            Some(ValueRef::Multi(members)) if !members.is_empty() => false,
            _ => condition.if_exists || condition.negated,
        }
    }

    #[inline(never)]
    fn holds_in_general<V: Values>(&self, condition: &Condition, arena: &Arena, values: &V) -> bool {
        Asked { all: self, condition, wanted: self.values(condition), arena, values }.holds()
    }
}

/// One condition, asked for one request.
struct Asked<'a, V> {
    all: &'a Conditions,
    condition: &'a Condition,
    /// The values of the policy.
    wanted: &'a [Value],
    arena: &'a Arena,
    values: &'a V,
}

impl<V: Values> Asked<'_, V> {
    #[inline]
    fn holds(&self) -> bool {
        let condition = self.condition;
        let given = self.values.get(condition.slot);
        if condition.test == Test::Null {
            return self.null_holds(given);
        }
        if let Some(quantifier) = condition.quantifier {
            return self.set_holds(quantifier, given);
        }
        match given {
            // An empty value list with `IfExists` holds only for an absent key (Rule L80).
            Some(ValueRef::Single(text)) => self.test_holds(text) && !(condition.if_exists && self.wanted.is_empty()),
            // An empty list counts as absent (Rule L77).
            Some(ValueRef::Multi(members)) if !members.is_empty() => false,
            _ => condition.if_exists || condition.negated,
        }
    }

    /// Rules L74, L77, L79, L80.
    fn null_holds(&self, given: Option<ValueRef<'_>>) -> bool {
        // An empty list counts as absent (Rule L77).
        match self.condition.quantifier {
            Some(Quantifier::ForAllValues) => true,
            Some(Quantifier::ForAnyValue) => false,
            None => {
                let absent = match given {
                    None => true,
                    Some(ValueRef::Single(_)) => false,
                    Some(ValueRef::Multi(members)) => members.iter().all(|member| member.is_empty()),
                };
                self.wanted.contains(&Value::Presence { is_absent: absent })
            }
        }
    }

    /// Rules L76 to L78, L80, L82.
    fn set_holds(&self, quantifier: Quantifier, given: Option<ValueRef<'_>>) -> bool {
        if self.wanted.is_empty() {
            return quantifier == Quantifier::ForAllValues && is_empty(given);
        }
        members_hold(quantifier, given, |member| self.test_holds(member))
    }

    /// One value of the request against the list of the policy (Rules L70, L81).
    #[inline]
    fn test_holds(&self, text: &str) -> bool {
        if let [value] = self.wanted {
            return match self.compare(*value, text) {
                Compared::Yes => !self.condition.negated,
                Compared::No => self.condition.negated,
                Compared::IllTyped => self.condition.ill_typed_holds,
            };
        }
        let mut ill_typed = false;
        for value in self.wanted {
            match self.compare(*value, text) {
                Compared::Yes => return !self.condition.negated,
                Compared::No => {}
                Compared::IllTyped => ill_typed = true,
            }
        }
        self.condition.negated && (!ill_typed || self.condition.ill_typed_holds)
    }

    #[inline(always)]
    fn compare(&self, value: Value, text: &str) -> Compared {
        match value {
            Value::Straight(program) if self.arena.matches_straight(program, text.as_bytes(), self.values) => {
                Compared::Yes
            }
            Value::Straight(_) => Compared::No,
            other => self.compare_others(other, text),
        }
    }

    fn compare_others(&self, value: Value, text: &str) -> Compared {
        let yes = |matched: bool| if matched { Compared::Yes } else { Compared::No };
        let arena = self.arena;
        match (value, self.condition.test) {
            (Value::Literal(wanted), Test::StringEqualsIgnoreCase) => yes(arena.str(wanted).eq_ignore_ascii_case(text)),
            (Value::Boolean(wanted), _) => yes(is_the_boolean(text, wanted)),
            // No boolean of the request equals another text.
            (Value::Literal(_), Test::Bool) => Compared::No,
            (Value::Literal(wanted), _) => yes(arena.str(wanted) == text),
            (Value::Text(program), Test::StringEqualsIgnoreCase) => {
                yes(arena.matches::<FoldAscii, _>(program, text, self.values))
            }
            (Value::Text(program), Test::Bool) => {
                yes(is_boolean(text) && arena.matches::<FoldAscii, _>(program, text, self.values))
            }
            (Value::Text(program), _) => yes(arena.matches::<Exact, _>(program, text, self.values)),
            (Value::Arn(index), _) => {
                let Some(fields) = self.all.arns.get(index as usize) else { return Compared::IllTyped };
                // A variable without value goes before the types (Rule L62).
                if !fields.iter().all(|field| arena.has_values(*field, self.values)) {
                    return Compared::No;
                }
                let Some(arn) = Arn::parse(text) else { return Compared::IllTyped };
                let mut pairs = fields.iter().zip(arn.fields());
                yes(pairs.all(|(field, text)| arena.matches::<Exact, _>(*field, text, self.values)))
            }
            (Value::ShortArn(program), _) if arena.has_values(program, self.values) => Compared::IllTyped,
            (Value::ShortArn(_), _) => Compared::No,
            (Value::Number(wanted), Test::Numeric(comparison)) => {
                match (Decimal::parse(text), Decimal::parse(arena.str(wanted))) {
                    (Some(given), Some(wanted)) => yes(comparison.holds(given.cmp(&wanted))),
                    _ => Compared::IllTyped,
                }
            }
            (Value::Instant(index), Test::Date(comparison)) => {
                match (Instant::parse(text), self.all.instants.get(index as usize)) {
                    (Some(given), Some(wanted)) => yes(comparison.holds(given.cmp(wanted))),
                    _ => Compared::IllTyped,
                }
            }
            (Value::Network(index), _) => match (parse_address(text), self.all.networks.get(index as usize)) {
                (Some(address), Some(network)) => yes(network.contains(&address)),
                _ => Compared::IllTyped,
            },
            (Value::Base64(wanted), _) => yes(arena.str(wanted) == text),
            _ => Compared::IllTyped,
        }
    }
}

/// The most frequent condition of a set: its members against a single value, by a [straight](is_straight) program.
#[inline(never)]
fn straight_set_holds<V: Values>(
    condition: &Condition,
    quantifier: Quantifier,
    program: Program,
    arena: &Arena,
    values: &V,
) -> bool {
    members_hold(quantifier, values.get(condition.slot), |member| {
        arena.matches_straight(program, member.as_bytes(), values) != condition.negated
    })
}

/// Whether all or any members of a key hold (Rules L76 to L78, L82).
#[inline(always)]
fn members_hold(quantifier: Quantifier, given: Option<ValueRef<'_>>, mut holds: impl FnMut(&str) -> bool) -> bool {
    // What follows if no member says otherwise.
    let default = quantifier == Quantifier::ForAllValues;
    let (mut member, mut others) = match given {
        Some(ValueRef::Single(text)) => (text, [].as_slice()),
        Some(ValueRef::Multi([first, others @ ..])) => (&**first, others),
        Some(ValueRef::Multi([])) | None => return default,
    };
    loop {
        if holds(member) != default {
            // Where there is nothing to test none does; asked last, because there nearly always is.
            return default == is_empty(given);
        }
        let Some((next, behind)) = others.split_first() else { return default };
        (member, others) = (next, behind);
    }
}

/// Whether a key has nothing to test: it is absent, or all its members are empty.
fn is_empty(given: Option<ValueRef<'_>>) -> bool {
    match given {
        None => true,
        Some(ValueRef::Single(text)) => text.is_empty(),
        Some(ValueRef::Multi(members)) => members.iter().all(|member| member.is_empty()),
    }
}

fn is_boolean(text: &str) -> bool {
    is_the_boolean(text, true) || is_the_boolean(text, false)
}

/// Whether a text spells a boolean, in any case (Rule L95).
#[inline(always)]
fn is_the_boolean(text: &str, wanted: bool) -> bool {
    // Of the bytes that this bit turns into a small letter, one is that letter and one its capital.
    const SMALL: u32 = 0x2020_2020;
    let word = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) | SMALL;
    match text.as_bytes().split_first_chunk::<4>() {
        Some((head, [])) => wanted && word(head) == u32::from_le_bytes(*b"true"),
        Some((head, [last])) => !wanted && word(head) == u32::from_le_bytes(*b"fals") && last | 0x20 == b'e',
        _ => false,
    }
}
