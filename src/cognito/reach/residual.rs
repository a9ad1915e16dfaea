//! What is left of a statement once the values of a session are filled in (Rules L54 to L64, C60, C63).

use std::rc::Rc;

use super::budget::{Budget, Exhausted};
use super::glob::Glob;
use super::space::{Shape, Space};
use super::{RemainingCondition, Service};
use crate::decision::{MatchedStatement, StatementRef};
use crate::document::{Condition, Document, Effect, Operand, Patterns, PolicyKind, PolicySet, Statement};
use crate::engine::Engine;
use crate::language::Version;
use crate::language::action::ActionPattern;
use crate::language::arn::{ArnTemplate, ResourcePattern};
use crate::language::operator::Test;
use crate::language::pattern::{Token, Tokens, Variable, escape_literal};
use crate::request::{Context, ContextValue, Request};

/// A statement about requests of one session to one service.
#[derive(Debug, Clone)]
pub(super) struct Residual {
    pub effect: Effect,
    pub actions: Space<Glob>,
    pub resources: Space<Resource>,
    pub conditions: Vec<RemainingCondition>,
    pub statement: MatchedStatement,
}

/// A resource pattern with the session's values filled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// `*`.
    All,
    /// Six fields. They are shared: a pattern stands in many combinations.
    Arn(Rc<Fields>),
}

/// The fields of an ARN pattern.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fields {
    each: [Glob; 6],
    /// All of them with their colons.
    whole: Glob,
}

impl Resource {
    fn arn(each: [Glob; 6]) -> Self {
        let whole = Glob::join(each.iter(), ':');
        Resource::Arn(Rc::new(Fields { each, whole }))
    }

    /// As a policy writes it.
    pub fn text(&self) -> String {
        match self {
            Resource::All => "*".to_owned(),
            Resource::Arn(fields) => fields.whole.text().to_owned(),
        }
    }

    /// Whether its account is written out, and is another than this one.
    pub fn is_of_another_account(&self, account: &str) -> bool {
        match self {
            Resource::All => false,
            Resource::Arn(fields) => {
                let [_, _, _, _, field, _] = &fields.each;
                let text = field.text();
                text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) && text != account
            }
        }
    }
}

impl Shape for Resource {
    /// Field by field: a star that is a whole field matches whatever the other pattern has there (Rule L34).
    fn covers(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted> {
        match (self, other) {
            (Resource::All, _) => Ok(true),
            (Resource::Arn(_), Resource::All) => Ok(false),
            (Resource::Arn(wide), Resource::Arn(narrow)) => {
                let [wide_head @ .., wide_last] = &wide.each;
                let [narrow_head @ .., narrow_last] = &narrow.each;
                budget.spend(narrow_head.iter().map(Glob::size).sum())?;
                let is_head = |(wide, narrow): (&Glob, &Glob)| wide.is_any() || wide == narrow;
                Ok(wide_head.iter().zip(narrow_head).all(is_head) && wide_last.covers(narrow_last, budget)?)
            }
        }
    }

    fn is_disjoint(&self, other: &Self, budget: &Budget) -> Result<bool, Exhausted> {
        match (self, other) {
            (Resource::Arn(one), Resource::Arn(other)) => one.whole.is_disjoint(&other.whole, budget),
            // `*` matches what every pattern matches.
            _ => Ok(false),
        }
    }

    fn size(&self) -> usize {
        match self {
            Resource::All => 1,
            Resource::Arn(fields) => fields.whole.size(),
        }
    }
}

impl RemainingCondition {
    /// What keeping it costs.
    pub(super) fn size(&self) -> usize {
        const OF_A_TEXT: usize = 64;
        self.values.iter().map(|value| value.len() + OF_A_TEXT).sum::<usize>() + self.key.len() + OF_A_TEXT
    }
}

/// The values a session has for good.
pub(super) struct Values<'s> {
    request: Request<'s>,
    /// The partition of the role, which nothing reaches out of (Rule E7).
    partition: &'s str,
}

/// What a variable is once the session is known.
enum Known<'v> {
    /// This text.
    Text(&'v str),
    /// Nothing (Rule L58).
    Nothing,
    /// A matter of the request.
    Open,
}

impl<'s> Values<'s> {
    /// `request` is any request of the session.
    pub fn new(request: Request<'s>, partition: &'s str) -> Self {
        Values { request, partition }
    }

    fn context(&self) -> &Context<'s> {
        self.request.context()
    }

    /// Whether the session alone says what a key is, be it absent (Rules C60, C63).
    fn is_fixed(&self, key: &str) -> bool {
        let is_named = |prefix: &&str| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        self.context().get(key).is_some() || OF_SESSIONS.iter().any(is_named)
    }

    /// Rules L58 and L59.
    fn known<'v>(&'v self, variable: Variable<'v>) -> Known<'v> {
        let default = || variable.default.map_or(Known::Nothing, Known::Text);
        match self.context().get(variable.key) {
            Some(ContextValue::Single(text)) if !text.is_empty() => Known::Text(text),
            Some(ContextValue::Single(_)) => default(),
            Some(ContextValue::Multi(_)) => Known::Nothing,
            None if self.is_fixed(variable.key) => default(),
            None => Known::Open,
        }
    }

    /// Whether a condition that only reads keys of the session holds: the engine itself is asked. A question that cannot
    /// be asked is `None`, and the condition stays.
    fn decide(&self, version: Version, condition: &Condition, budget: &Budget) -> Result<Option<bool>, Exhausted> {
        let variables = condition.values.iter().flat_map(|value| value.operand.variables());
        let mut keys = variables.map(|variable| variable.key).chain([&*condition.key]);
        if !keys.all(|key| self.is_fixed(key)) {
            return Ok(None);
        }
        budget
            .decision(condition.values.iter().map(|value| value.text.len() + 64).sum::<usize>().saturating_mul(16))?;
        Ok(self.ask(version, condition))
    }

    fn ask(&self, version: Version, condition: &Condition) -> Option<bool> {
        let version = match version {
            Version::V2008 => "2008-10-17",
            Version::V2012 => "2012-10-17",
        };
        let values: Vec<&str> = condition.values.iter().map(|value| &*value.text).collect();
        let tests = serde_json::json!({ &*condition.key: values });
        let text = serde_json::json!({"Version": version, "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {condition.operator.to_string(): tests}}});
        let document = Document::parse(PolicyKind::Identity, "condition", &text.to_string()).ok()?;
        let engine = Engine::compile(PolicySet::new().identity(document)).ok()?;
        engine.decide(&self.request).ok().map(|decision| decision.is_allowed())
    }
}

/// Beginnings of the keys that a session has or has not, whatever the request is (Rule C63). `aws:TokenIssueTime`,
/// multi-factor keys and those of the organization are not among them: AWS knows them, and a request may give them.
const OF_SESSIONS: [&str; 13] = [
    "aws:PrincipalTag/",
    "aws:PrincipalServiceName",
    "aws:userid",
    "aws:username",
    "aws:FederatedProvider",
    "aws:SourceIdentity",
    "cognito-identity.amazonaws.com:",
    "cognito-idp.",
    "accounts.google.com:",
    "graph.facebook.com:",
    "www.amazon.com:",
    "saml:",
    "sts:",
];

/// What is left of a statement for one service; none if it says nothing about it, or nothing at all to this session.
pub(super) fn residual(
    values: &Values<'_>,
    service: Service,
    document: &Document,
    (statement, index): (&Statement, u32),
    budget: &Budget,
) -> Result<Option<Residual>, Exhausted> {
    let Some(actions) = actions(service, &statement.actions, budget)? else { return Ok(None) };
    let Some(resources) = resources(values, service, statement, budget)? else { return Ok(None) };
    let mut conditions = Vec::new();
    for condition in &statement.conditions {
        match values.decide(document.version(), condition, budget)? {
            Some(true) => {}
            Some(false) => return Ok(None),
            None => conditions.push(remaining(values, condition)),
        }
    }
    conditions.extend(needed_by_exceptions(values, statement));
    budget.sorting(conditions.len(), conditions.iter().map(RemainingCondition::size).sum())?;
    conditions.sort();
    conditions.dedup();
    Ok(Some(Residual {
        effect: statement.effect,
        actions,
        resources,
        conditions,
        statement: named(document, statement, index),
    }))
}

fn named(document: &Document, statement: &Statement, index: u32) -> MatchedStatement {
    let place = |at| document.source().position(at);
    MatchedStatement {
        source_policy_id: document.name().to_owned(),
        source_policy_type: document.kind().as_str(),
        statement: StatementRef {
            sid: statement.sid.as_deref().filter(|sid| !sid.is_empty()).map(str::to_owned),
            index,
            effect: statement.effect,
            grant_level: None,
            start_position: place(statement.span.start),
            end_position: place(statement.span.end),
        },
    }
}

/// The names of a service's actions that an element covers.
fn actions(
    service: Service,
    actions: &Patterns<ActionPattern>,
    budget: &Budget,
) -> Result<Option<Space<Glob>>, Exhausted> {
    let mut prefix = Glob::empty();
    prefix.literal(service.prefix());
    let mut names = Vec::new();
    for entry in &actions.entries {
        match &entry.pattern {
            ActionPattern::All => names.push(Glob::any()),
            ActionPattern::Named(action) => {
                if plain(action.service()).folded().covers(&prefix, budget)? {
                    names.push(plain(action.name()).folded());
                }
            }
        }
    }
    let space = match actions.negated {
        true => Space::new(vec![vec![Glob::any()]], names, budget)?,
        false => Space::new(names.into_iter().map(|name| vec![name]).collect(), Vec::new(), budget)?,
    };
    Ok(Some(space).filter(|space| !space.is_empty()))
}

/// A template without variables.
fn plain(tokens: Tokens<'_>) -> Glob {
    let mut glob = Glob::empty();
    for token in tokens {
        match token {
            Token::Literal(text) => glob.literal(text),
            Token::AnyRun => glob.run(),
            Token::AnyOne => glob.one(),
            Token::Variable(variable) => glob.hole(&written(variable)),
        }
    }
    glob
}

/// The resources of a service that a statement covers, inside the partition of the role (Rules L41, L60, L61, E7).
fn resources(
    values: &Values<'_>,
    service: Service,
    statement: &Statement,
    budget: &Budget,
) -> Result<Option<Space<Resource>>, Exhausted> {
    let Some(element) = statement.resources.as_ref() else { return Ok(None) };
    let filled: Vec<Filled> = element.entries.iter().map(|entry| fill(values, &entry.pattern)).collect();
    let is_unknown = filled.iter().any(|filled| matches!(filled, Filled::NoValue));
    if element.negated && is_unknown && statement.effect == Effect::Allow {
        return Ok(None);
    }
    let mut known = Vec::new();
    for filled in filled {
        match filled {
            Filled::Resource(resource) if is_of(service, &resource) => {
                known.extend(within(values.partition, resource, budget)?);
            }
            Filled::Resource(_) | Filled::NoValue | Filled::Never => {}
        }
    }
    let space = match element.negated {
        true => Space::new(vec![vec![Resource::All]], known, budget)?,
        false => Space::new(known.into_iter().map(|resource| vec![resource]).collect(), Vec::new(), budget)?,
    };
    Ok(Some(space).filter(|space| !space.is_empty()))
}

/// A pattern as far as it matches in a partition; none if it does not (Rule E7). `*` stays: it matches requests without a
/// resource as well, and nobody takes it for a partition. The field holds no variables (Rule L31).
fn within(partition: &str, resource: Resource, budget: &Budget) -> Result<Option<Resource>, Exhausted> {
    let Resource::Arn(fields) = &resource else { return Ok(Some(resource)) };
    let mut own = Glob::empty();
    own.literal(partition);
    let [arn, written, service, region, account, last] = fields.each.clone();
    if written.is_disjoint(&own, budget)? {
        return Ok(None);
    }
    Ok(Some(Resource::arn([arn, own, service, region, account, last])))
}

/// Rule L61: an `Allow` whose `NotResource` holds a variable without a value grants nothing, so what it grants needs one.
fn needed_by_exceptions(values: &Values<'_>, statement: &Statement) -> Vec<RemainingCondition> {
    let Some(element) = statement.resources.as_ref() else { return Vec::new() };
    if !element.negated || statement.effect == Effect::Deny {
        return Vec::new();
    }
    let variables = element.entries.iter().flat_map(|entry| entry.pattern.variables());
    let open =
        variables.filter(|variable| variable.default.is_none() && matches!(values.known(*variable), Known::Open));
    let needs = |variable: Variable<'_>| RemainingCondition {
        operator: "StringLike".to_owned(),
        key: variable.key.to_string(),
        values: vec!["?*".to_owned()],
    };
    open.map(needs).collect()
}

/// The third field of a pattern is the service itself (Rule L31).
fn is_of(service: Service, resource: &Resource) -> bool {
    match resource {
        Resource::All => true,
        Resource::Arn(fields) => {
            let [_, _, field, ..] = &fields.each;
            field.text() == service.prefix()
        }
    }
}

/// A resource pattern once the session is known.
enum Filled {
    Resource(Resource),
    /// A variable has no value (Rule L60).
    NoValue,
    /// A value with a colon stands in front of the resource part (Rule L34).
    Never,
}

fn fill(values: &Values<'_>, pattern: &ResourcePattern) -> Filled {
    let ResourcePattern::Arn(arn) = pattern else { return Filled::Resource(Resource::All) };
    let mut fields = Vec::new();
    let mut is_misplaced = false;
    for (index, field) in arn.fields().into_iter().enumerate() {
        let mut glob = Glob::empty();
        for token in field {
            match token {
                Token::Literal(text) => glob.literal(text),
                Token::AnyRun => glob.run(),
                Token::AnyOne => glob.one(),
                Token::Variable(variable) => match values.known(variable) {
                    Known::Text(text) => {
                        is_misplaced |= index < 5 && text.contains(':');
                        glob.literal(text);
                    }
                    Known::Nothing => return Filled::NoValue,
                    Known::Open => glob.hole(&written(variable)),
                },
            }
        }
        fields.push(glob);
    }
    match <[Glob; 6]>::try_from(fields) {
        Ok(fields) if !is_misplaced => Filled::Resource(Resource::arn(fields)),
        _ => Filled::Never,
    }
}

/// A condition with the values of the session filled in. A value that has none is left out: it stands for nothing
/// (Rule L62).
fn remaining(values: &Values<'_>, condition: &Condition) -> RemainingCondition {
    let has_wildcards = condition.operator.test == Test::StringLike;
    let texts = condition.values.iter().filter_map(|value| match &value.operand {
        Operand::Plain => Some(value.text.to_string()),
        Operand::Text(template) | Operand::ShortArn(template) => filled_text(values, template.tokens(), has_wildcards),
        Operand::Arn(arn) => filled_arn(values, arn),
    });
    RemainingCondition {
        operator: condition.operator.to_string(),
        key: condition.key.to_string(),
        values: texts.collect(),
    }
}

fn filled_text(values: &Values<'_>, tokens: Tokens<'_>, has_wildcards: bool) -> Option<String> {
    // Without wildcards only `${` has a meaning of its own.
    let escape = |text: &str| if has_wildcards { escape_literal(text) } else { text.replace("${", "${$}{") };
    let mut filled = String::new();
    for token in tokens {
        match token {
            Token::Literal(text) => filled.push_str(&escape(text)),
            Token::AnyRun => filled.push('*'),
            Token::AnyOne => filled.push('?'),
            Token::Variable(variable) => match values.known(variable) {
                Known::Text(text) => filled.push_str(&escape(text)),
                Known::Nothing => return None,
                Known::Open => filled.push_str(&written(variable)),
            },
        }
    }
    Some(filled)
}

/// A value with a colon cannot be written into a field of an ARN: its variable stays (Rule L64).
fn filled_arn(values: &Values<'_>, arn: &ArnTemplate) -> Option<String> {
    let mut fields = Vec::new();
    for field in arn.fields() {
        let has_colon = |variable| matches!(values.known(variable), Known::Text(text) if text.contains(':'));
        fields.push(if field.variables().any(has_colon) {
            plain(field).text().to_owned()
        } else {
            filled_text(values, field, true)?
        });
    }
    Some(fields.join(":"))
}

/// A variable as a policy writes it.
fn written(variable: Variable<'_>) -> String {
    match variable.default {
        Some(default) => format!("${{{}, '{default}'}}", variable.key),
        None => format!("${{{}}}", variable.key),
    }
}
