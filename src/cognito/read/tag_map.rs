//! Maps of principal tags (Rules C7, C50, C53).

use super::assemble::Parts;
use super::mapping::name_fits;
use super::reader::{Fields, Reader};
use crate::cognito::names;
use crate::cognito::pool::{TagMap, default_tags};
use crate::json::Value;
use crate::source::{Span, quote};

/// The map of a provider inside a merged file: `{"UseDefaults", "PrincipalTags"}` under the provider's name.
pub(super) fn merged(reader: &mut Reader<'_>, name: (&str, Span), value: Value<'_>, parts: &mut Parts) {
    name_fits(reader, "C7", name, "provider name", &names::PROVIDER_NAME);
    if let Some(inner) = reader.object("C7", value, &["UseDefaults"], &["UseDefaults", "PrincipalTags"]) {
        fields(reader, name, value, inner, parts);
    }
}

/// `UseDefaults` and `PrincipalTags`, wherever they stand. `name` is the provider's.
pub(super) fn fields(
    reader: &mut Reader<'_>,
    (name, name_span): (&str, Span),
    value: Value<'_>,
    fields: Fields<'_>,
    parts: &mut Parts,
) {
    let Some(use_defaults) = fields.get("UseDefaults").and_then(|value| reader.boolean("C7", value)) else { return };
    let written = fields.get("PrincipalTags").map(|value| (value.span(), tags(reader, value)));
    let tags = match (use_defaults, written, default_tags(name)) {
        (false, written, _) => written.and_then(|(_, tags)| tags).unwrap_or_default(),
        (true, None, Some(defaults)) => defaults.iter().map(|(key, claim)| ((*key).into(), (*claim).into())).collect(),
        (true, Some((span, tags)), Some(defaults)) => {
            let tags = tags.unwrap_or_default();
            let is_default = |(key, claim): &(Box<str>, Box<str>)| defaults.contains(&(&**key, &**claim));
            if tags.len() != defaults.len() || !tags.iter().all(is_default) {
                let expected = defaults.map(|(key, claim)| format!("`{key}` from `{claim}`")).join(" and ");
                reader.report("C50", span, "tags that are not the defaults", "`UseDefaults` is true", expected);
            }
            tags
        }
        // No source gives the default keys of SAML, so they have to be there.
        (true, written, None) => {
            let span = written.as_ref().map_or(value.span(), |(span, _)| *span);
            let tags = written.and_then(|(_, tags)| tags).unwrap_or_default();
            if tags.is_empty() {
                let expected = "`PrincipalTags` written out";
                reader.report("C50", span, "default tags of a SAML provider", "no tags", expected);
            }
            tags
        }
    };
    let map = TagMap { use_defaults, tags };
    if parts.tag_maps.insert(name.into(), map).is_some() {
        let found = format!("a second one of {}", quote(name));
        reader.report("C7", name_span, "a tag map is given twice", found, "one tag map a provider");
    }
}

fn tags(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Vec<(Box<str>, Box<str>)>> {
    let members = reader.map("C7", value, "an object of claim names")?;
    if members.len() > 50 {
        let found = format!("{} tags", members.len());
        reader.report("C7", value.span(), "too many tags", found, "at most 50");
    }
    let mut tags: Vec<(Box<str>, Box<str>)> = Vec::new();
    for member in members {
        let key = name_fits(reader, "C7", (member.name(), member.name_span()), "tag key", &names::MAP_KEY);
        let claim = reader.form("C7", member.value(), "claim name", &names::MAP_CLAIM);
        // The same spelling twice is a repeated member, told already.
        let other =
            tags.iter().find(|(known, _)| known.eq_ignore_ascii_case(member.name()) && **known != *member.name());
        if let Some((other, _)) = other {
            let found = format!("{} and {}", quote(other), quote(member.name()));
            reader.report("C53", member.name_span(), "two tag keys that differ only in case", found, "one of the two");
        }
        tags.extend(key.zip(claim).map(|(key, claim)| (key.into(), claim.into())));
    }
    Some(tags)
}
