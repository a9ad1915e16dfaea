//! `RoleMappings` (Rules C5, C6, C23).

use super::reader::Reader;
use crate::cognito::names::{self, Form};
use crate::cognito::pool::{Ambiguity, MappingKind, RoleMapping, RuleList};
use crate::cognito::rules::{MatchType, Rule};
use crate::json::Value;
use crate::source::{Source, Span};

/// A mapping whose key is still to be checked: that takes the pool's providers (Rule C8).
pub(super) struct KeyedMapping {
    pub key: Box<str>,
    pub source: Source,
    pub key_span: Span,
    pub mapping: RoleMapping,
}

pub(super) fn mappings(reader: &mut Reader<'_>, value: Value<'_>) -> Vec<KeyedMapping> {
    let members = reader.map("C5", value, "an object of role mappings").unwrap_or_default();
    if members.len() > 10 {
        let found = format!("{} mappings", members.len());
        reader.report("C6", value.span(), "too many role mappings", found, "at most 10");
    }
    let mut mappings = Vec::new();
    for member in members {
        let mapping = mapping(reader, member.value());
        mappings.extend(mapping.map(|mapping| KeyedMapping {
            key: Box::from(member.name()),
            source: reader.source().clone(),
            key_span: member.name_span(),
            mapping,
        }));
    }
    mappings
}

fn mapping(reader: &mut Reader<'_>, value: Value<'_>) -> Option<RoleMapping> {
    let fields = reader.object("C5", value, &["Type"], &["Type", "AmbiguousRoleResolution", "RulesConfiguration"])?;
    let ambiguity = fields.get("AmbiguousRoleResolution").and_then(|value| {
        let known = [("AuthenticatedRole", Ambiguity::AuthenticatedRole), ("Deny", Ambiguity::Deny)];
        one_of(reader, "C5", value, "ambiguous role resolution", &known)
    });
    let configuration = fields.get("RulesConfiguration");
    let rules = configuration.and_then(|value| rules(reader, value));
    let is_token = one_of(reader, "C5", fields.get("Type")?, "type of mapping", &[("Token", true), ("Rules", false)])?;
    if is_token {
        return Some(RoleMapping { kind: MappingKind::Token { unused_rules: rules.unwrap_or_default() }, ambiguity });
    }
    let Some(configuration) = configuration else {
        reader.report("C6", value.span(), "a mapping without rules", "no `RulesConfiguration`", "at least one rule");
        return None;
    };
    let rules = rules?;
    if rules.is_empty() {
        reader.report("C6", configuration.span(), "a mapping without rules", "an empty list", "at least one rule");
    }
    Some(RoleMapping { kind: MappingKind::Rules(RuleList::new(rules)), ambiguity })
}

/// The rules in order; none at all if one of them is malformed.
fn rules(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Vec<Rule>> {
    let list = reader.object("C5", value, &["Rules"], &["Rules"])?.get("Rules")?;
    let items = reader.list("C5", list)?;
    if items.len() > 400 {
        let found = format!("{} rules", items.len());
        reader.report("C6", list.span(), "too many rules", found, "at most 400");
        return None;
    }
    let rules: Vec<Option<Rule>> = items.iter().map(|item| rule(reader, item)).collect();
    rules.into_iter().collect()
}

fn rule(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Rule> {
    let names = ["Claim", "MatchType", "Value", "RoleARN"];
    let fields = reader.object("C6", value, &names, &names)?;
    let claim = reader.form("C6", fields.get("Claim")?, "claim name", &names::RULE_CLAIM);
    let match_type = one_of(reader, "C6", fields.get("MatchType")?, "match type", &MatchType::NAMES);
    let wanted = reader.form("C6", fields.get("Value")?, "value of a rule", &names::RULE_VALUE);
    let role = role_arn(reader, fields.get("RoleARN")?);
    Some(Rule::new(claim?, match_type?, wanted?, role?))
}

pub(super) fn role_arn<'v>(reader: &mut Reader<'_>, value: Value<'v>) -> Option<&'v str> {
    const EXPECTED: &str = "`arn:aws:iam::ACCOUNT:role/NAME`, 20 to 2,048 characters";
    let text = reader.string("C6", value)?;
    reader.check("C6", value.span(), "role ARN", text, names::is_role_arn(text), EXPECTED)
}

fn one_of<T: Copy>(
    reader: &mut Reader<'_>,
    rule: &'static str,
    value: Value<'_>,
    what: &str,
    known: &[(&str, T)],
) -> Option<T> {
    let text = reader.string(rule, value)?;
    let found = known.iter().find(|(name, _)| *name == text).map(|(_, meaning)| *meaning);
    if found.is_none() {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("`{name}`")).collect();
        let expected = format!("one of {}", names.join(", "));
        reader.check(rule, value.span(), what, text, false, &expected);
    }
    found
}

/// The form of a text that is a member's name.
pub(super) fn name_fits<'v>(
    reader: &mut Reader<'_>,
    rule: &'static str,
    (name, span): (&'v str, Span),
    what: &str,
    form: &Form,
) -> Option<&'v str> {
    reader.check(rule, span, what, name, form.fits(name), form.expected)
}
