//! cedar-policy: each statement becomes one Cedar policy.
//!
//! Cedar has no variables in patterns, no `?`, and no wildcards in actions, so what its users would do is done here:
//! * Actions are entities, and an action pattern is a group of actions. The entity store holds the groups, built once. The
//!   action stands in the scope, which Cedar evaluates before the conditions.
//! * A resource without wildcard stands in the scope too; a pattern becomes `like` on an attribute of the context (an
//!   attribute of a resource entity would need an entity store for each request). Variables: see [`crate::mask`].
//! * `?` is only translated at the end of the resource's name or of its bucket, by the length of these.
//! * Values are typed beforehand: addresses are `ipaddr`, Booleans are Booleans, lists are sets.
//! * Patterns come before the other conditions, for `&&` stops early and they reject most.
//!
//! `Authorizer::is_authorized` evaluates every policy, whatever the others say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use crate::Result;
use crate::mask::{self, RESOURCE, View};
use crate::measure::{Answer, Peer};
use crate::workload::{Effect, OneOrMany, Statement, Workload, action_matches};

pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

/// The length of the resource's name, for patterns that end in `?`.
const LENGTH: &str = "resourceLength";
/// The length of its first path segment, the bucket, for patterns whose first segment ends in `?`.
const BUCKET_LENGTH: &str = "bucketLength";

pub struct Source {
    policies: String,
    /// Each action with the groups that it is in; groups are in none.
    actions: Vec<(&'static str, Vec<&'static str>)>,
}

impl Peer for Cedar {
    type Source = Source;
    type Compiled = (PolicySet, Entities);

    fn translate(workload: &'static Workload) -> Result<Source> {
        let mut policies = String::new();
        for statement in &workload.statements {
            policy(&mut policies, statement)?;
        }
        let patterns: BTreeSet<&str> = workload
            .statements
            .iter()
            .flat_map(|statement| [&statement.action, &statement.not_action])
            .flatten()
            .flat_map(|actions| actions.as_slice())
            .map(String::as_str)
            .collect();
        let mut actions: Vec<(&str, Vec<&str>)> = Vec::new();
        for action in workload.actions() {
            let groups = patterns
                .iter()
                .filter(|pattern| action_matches(pattern, action) && !pattern.eq_ignore_ascii_case(action));
            actions.push((action, groups.copied().collect()));
        }
        actions
            .extend(patterns.iter().filter(|pattern| pattern.contains(['*', '?'])).map(|group| (*group, Vec::new())));
        Ok(Source { policies, actions })
    }

    fn compile(source: &Source) -> Result<(PolicySet, Entities)> {
        let mut entities = Vec::new();
        for (action, groups) in &source.actions {
            let groups = groups.iter().map(|group| uid("Action", group)).collect::<Result<_>>()?;
            entities.push(Entity::new_no_attrs(uid("Action", action)?, groups));
        }
        Ok((source.policies.parse()?, Entities::from_entities(entities, None)?))
    }

    fn prepare((policies, entities): (PolicySet, Entities), workload: &'static Workload) -> Result<Self> {
        let types = types(workload)?;
        let views = mask::views(workload)?;
        let mut requests = Vec::new();
        for ask in &workload.asks {
            let asked = &ask.request;
            let mut pairs: BTreeMap<String, RestrictedExpression> = BTreeMap::new();
            for (key, given) in &asked.context {
                let value = match (given, types.get(key.as_str())) {
                    (OneOrMany::One(text), Some(Type::Bool)) => RestrictedExpression::new_bool(text.parse()?),
                    (OneOrMany::One(text), Some(Type::Ip)) => RestrictedExpression::new_ip(text),
                    (OneOrMany::One(text), _) => RestrictedExpression::new_string(text.clone()),
                    (OneOrMany::Many(texts), _) => {
                        RestrictedExpression::new_set(texts.iter().cloned().map(RestrictedExpression::new_string))
                    }
                };
                pairs.insert(key.clone(), value);
            }
            for view in &views {
                if let Some(text) = view.text(asked)? {
                    pairs.insert(view.name(), RestrictedExpression::new_string(text));
                }
            }
            let bucket = asked.resource.split('/').next().unwrap_or_default();
            for (name, text) in [(LENGTH, asked.resource.as_str()), (BUCKET_LENGTH, bucket)] {
                let length = i64::try_from(text.chars().count())?;
                pairs.insert(name.to_owned(), RestrictedExpression::new_long(length));
            }
            requests.push(Request::new(
                uid("Caller", &asked.principal)?,
                uid("Action", &asked.action)?,
                uid("Resource", &asked.resource)?,
                Context::from_pairs(pairs)?,
                None,
            )?);
        }
        Ok(Cedar { authorizer: Authorizer::new(), policies, entities, requests })
    }

    fn decide(&mut self, index: usize) -> Answer {
        let Some(request) = self.requests.get(index) else { return Answer::Failed };
        let response = self.authorizer.is_authorized(request, &self.policies, &self.entities);
        // A policy that fails is skipped, which is no error to the caller. A denial that names a policy is explicit.
        match (response.decision(), response.diagnostics().reason().next()) {
            (Decision::Allow, _) => Answer::Allowed,
            (Decision::Deny, None) => Answer::ImplicitDeny,
            (Decision::Deny, Some(_)) => Answer::ExplicitDeny,
        }
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid> {
    Ok(EntityUid::from_type_name_and_id(kind.parse::<EntityTypeName>()?, EntityId::new(id)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    Ip,
}

/// The type that the operators of the policies give a key.
fn types(workload: &Workload) -> Result<BTreeMap<&str, Type>> {
    let mut types = BTreeMap::new();
    for statement in &workload.statements {
        for (operator, keys) in &statement.condition {
            let kind = match operator.as_str() {
                "Bool" => Type::Bool,
                "IpAddress" | "NotIpAddress" => Type::Ip,
                _ => continue,
            };
            for key in keys.keys() {
                if types.insert(key.as_str(), kind).is_some_and(|before| before != kind) {
                    return Err(format!("{key} has two types").into());
                }
            }
        }
    }
    Ok(types)
}

/// Writes the policy of one statement.
fn policy(text: &mut String, statement: &Statement) -> Result<()> {
    let mut conditions = Vec::new();
    let list = |actions: &OneOrMany| {
        let names: Vec<String> = actions.as_slice().iter().map(|action| format!("Action::{}", quote(action))).collect();
        match names.as_slice() {
            [one] => one.clone(),
            _ => format!("[{}]", names.join(", ")),
        }
    };
    let action = match (&statement.action, &statement.not_action) {
        (Some(OneOrMany::One(one)), None) if !one.contains(['*', '?']) => format!("action == Action::{}", quote(one)),
        (Some(actions), None) => format!("action in {}", list(actions)),
        (None, Some(actions)) => {
            conditions.push(format!("!(action in {})", list(actions)));
            "action".to_owned()
        }
        _ => return Err("a statement needs Action or NotAction".into()),
    };
    let resource = match statement.resource.as_slice() {
        [all] if all == "*" => "resource".to_owned(),
        [one] if !one.contains(['*', '?', '$']) => format!("resource == Resource::{}", quote(one)),
        patterns => {
            let patterns = patterns.iter().map(|pattern| like(RESOURCE, pattern)).collect::<Result<Vec<_>>>()?;
            conditions.insert(0, any(&patterns));
            "resource".to_owned()
        }
    };
    for (operator, keys) in &statement.condition {
        for (key, values) in keys {
            conditions.push(condition(operator, key, values.as_slice())?);
        }
    }
    let effect = match statement.effect {
        Effect::Allow => "permit",
        Effect::Deny => "forbid",
    };
    write!(text, "{effect} (principal, {action}, {resource})")?;
    if !conditions.is_empty() {
        write!(text, " when {{ {} }}", conditions.join(" && "))?;
    }
    text.push_str(";\n");
    Ok(())
}

fn condition(operator: &str, key: &str, values: &[String]) -> Result<String> {
    let attribute = format!("context[{}]", quote(key));
    let has = format!("context has {}", quote(key));
    let texts: Vec<String> = values.iter().map(|value| quote(value)).collect();
    let equals = || match texts.as_slice() {
        [one] => format!("{attribute} == {one}"),
        _ => format!("[{}].contains({attribute})", texts.join(", ")),
    };
    let in_range = || {
        let ranges: Vec<String> = texts.iter().map(|text| format!("{attribute}.isInRange(ip({text}))")).collect();
        any(&ranges)
    };
    Ok(match operator {
        "StringLike" => {
            let patterns = values.iter().map(|value| like(key, value)).collect::<Result<Vec<_>>>()?;
            format!("{has} && {}", any(&patterns))
        }
        "StringEquals" => format!("{has} && {}", equals()),
        "StringNotEquals" => format!("!({has} && {})", equals()),
        "Bool" => match values {
            [value] if value == "false" || value == "true" => format!("{has} && {attribute} == {value}"),
            _ => return Err(format!("no Boolean for {key}").into()),
        },
        "IpAddress" => format!("{has} && {}", in_range()),
        "NotIpAddress" => format!("!({has} && {})", in_range()),
        // A missing variable is an error in Cedar, and the policy does not apply: as in IAM.
        "ForAllValues:StringEquals" => {
            let members = values.iter().map(|value| match value.strip_prefix("${").and_then(|v| v.strip_suffix('}')) {
                Some(variable) => format!("context[{}]", quote(variable)),
                None => quote(value),
            });
            let members: Vec<String> = members.collect();
            format!("(!({has}) || [{}].containsAll({attribute}))", members.join(", "))
        }
        _ => return Err(format!("no translation of {operator}").into()),
    })
}

/// A pattern on an attribute.
fn like(key: &str, pattern: &str) -> Result<String> {
    let view = View::of(key, pattern)?;
    let attribute = format!("context[{}]", quote(&view.name()));
    if !pattern.contains('?') {
        let operator = if pattern.contains('*') { "like" } else { "==" };
        return Ok(format!("{attribute} {operator} {}", quote(pattern)));
    }
    // `?` only at the end of the name or of the bucket, which has no path separator in its name.
    let (counted, length, rest) = match pattern.strip_suffix("/*") {
        Some(bucket) => (bucket, BUCKET_LENGTH, "/*"),
        None => (pattern, LENGTH, ""),
    };
    let head = counted.trim_end_matches('?');
    if key != RESOURCE || head.contains(['*', '?', '$']) || (!rest.is_empty() && head.contains('/')) {
        return Err(format!("no translation of the pattern {pattern}").into());
    }
    let text = quote(&format!("{head}*{rest}"));
    Ok(format!("(context.{length} == {} && {attribute} like {text})", counted.chars().count()))
}

fn any(alternatives: &[String]) -> String {
    match alternatives {
        [one] => one.clone(),
        _ => format!("({})", alternatives.join(" || ")),
    }
}

/// A string of Cedar. None of the characters that it escapes otherwise than Rust occurs in the workloads.
fn quote(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}
