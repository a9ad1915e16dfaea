//! Terraform: the JSON of a plan or a state (`terraform show -json`), with `aws_cognito_identity_pool`,
//! `…_roles_attachment` and `…_provider_principal_tag`.
//!
//! What is dropped here nobody misses, and a user would get the default role in place of a mapped one. So whatever is
//! unknown, missing or of another type is refused (Rule C6).
//!
//! | File | Holds |
//! |---|---|
//! | `attributes` | attributes of blocks under the names of the AWS CLI |
//! | `plan` | the resources of a plan, and what it does not know of them yet |
//! | `attached` | which pool a resource is attached to |

mod attached;
mod attributes;
mod plan;

use attributes::{ATTACHMENT_NAMES, MAPPING_NAMES, POOL_NAMES, PROVIDER_NAMES, RULE_NAMES, TAG_NAMES, renamed};
use plan::{Plan, Resource};

use super::files::Output;
use super::reader::Reader;
use super::rewrite::{added, each, get, named, string, text};
use crate::json::{Draft, DraftMember, Kind, Value};
use crate::source::quote;

const POOL: &str = "aws_cognito_identity_pool";
const ATTACHMENT: &str = "aws_cognito_identity_pool_roles_attachment";
const TAGS: &str = "aws_cognito_identity_pool_provider_principal_tag";

/// The outputs of the AWS CLI that a pool of the plan would have. `pool` is its address, such as
/// `module.app.aws_cognito_identity_pool.main`, if there are several; `id` is its id, if the plan does not know it yet.
pub(super) fn outputs(reader: &mut Reader<'_>, plan: Value<'_>, pool: Option<&str>, id: Option<&str>) -> Vec<Output> {
    let Some(read) = Plan::read(reader, plan) else { return Vec::new() };
    let asked: Vec<&Resource<'_>> =
        read.of_type(POOL).filter(|resource| pool.is_none_or(|pool| resource.address == pool)).collect();
    let [described] = asked.as_slice() else {
        let found = format!("{} of them", asked.len());
        let message = format!("identity pools of the plan (`{POOL}`)");
        reader.report("C4", plan.span(), message, found, "one pool, named by its address if there are several");
        return Vec::new();
    };
    let Some(id) = id_of(reader, described, id) else { return Vec::new() };
    let mut outputs = Vec::new();
    if read.is_known(reader, described) {
        let description = description(reader, described.values, id);
        outputs.extend(description.map(|description| Output::Description(description.tree(reader.source()))));
    }
    for kind in [ATTACHMENT, TAGS] {
        for resource in read.of_type(kind) {
            if read.is_attached(reader, resource, described, id) != Some(true) || !read.is_known(reader, resource) {
                continue;
            }
            outputs.extend(match kind {
                ATTACHMENT => {
                    roles(reader, resource.values, id).map(|roles| Output::Roles(roles.tree(reader.source())))
                }
                _ => tag_map(reader, resource.values, id).map(|map| Output::TagMap(map.tree(reader.source()))),
            });
        }
    }
    outputs
}

/// The id of the pool: the plan's, or else the one given beside it.
fn id_of<'v>(reader: &mut Reader<'_>, pool: &Resource<'v>, given: Option<&'v str>) -> Option<&'v str> {
    let planned = get(pool.values, "id").filter(|id| id.kind() != Kind::Null);
    match (planned.and_then(text), given) {
        (Some(planned), Some(given)) if planned != given => {
            let span = get(pool.values, "id").map_or(pool.values.span(), |id| id.span());
            let expected = format!("{}, which is given beside the plan", quote(given));
            reader.report("C5", span, "another id than the one given", quote(planned), expected);
            None
        }
        (Some(id), _) | (None, Some(id)) => Some(id),
        (None, None) => {
            let message = "an id that only exists after the plan is applied";
            reader.report("C4", pool.values.span(), message, "no `id`", "the id of the pool given beside the plan");
            None
        }
    }
}

fn description<'v>(reader: &mut Reader<'_>, values: Value<'v>, id: &str) -> Option<Draft<'v>> {
    let mut written = renamed(reader, "C4", values, &POOL_NAMES)?;
    written.push(added("IdentityPoolId", string(values.span(), id)));
    if let Some(providers) = get(values, "cognito_identity_providers").filter(|value| value.kind() != Kind::Null) {
        let mut are_sound = true;
        let providers = each(providers, |provider| block(reader, "C4", provider, &PROVIDER_NAMES, &mut are_sound));
        written.push(added("CognitoIdentityProviders", providers));
        are_sound.then_some(())?;
    }
    Some(Draft::Object(values.span(), written))
}

fn roles<'v>(reader: &mut Reader<'_>, values: Value<'v>, id: &str) -> Option<Draft<'v>> {
    let written = renamed(reader, "C5", values, &ATTACHMENT_NAMES);
    // A plan leaves out what it does not know, and writes no mapping as an empty list.
    let mappings = reader.member("C5", values, "role_mapping")?;
    let entries: Vec<Option<DraftMember<'_>>> =
        reader.list("C5", mappings)?.iter().map(|entry| mapping(reader, entry)).collect();
    let entries: Vec<DraftMember<'_>> = entries.into_iter().collect::<Option<_>>()?;
    let mut written = written?;
    written.push(added("IdentityPoolId", string(values.span(), id)));
    written.push(added("RoleMappings", Draft::Object(mappings.span(), entries)));
    Some(Draft::Object(values.span(), written))
}

/// A mapping under the name of its provider.
fn mapping<'v>(reader: &mut Reader<'_>, value: Value<'v>) -> Option<DraftMember<'v>> {
    let provider =
        reader.member("C5", value, "identity_provider").and_then(|name| Some((reader.string("C5", name)?, name)));
    let written = renamed(reader, "C5", value, &MAPPING_NAMES);
    let mut are_sound = true;
    let rules = get(value, "mapping_rule").filter(|value| value.kind() != Kind::Null).map(|rules| {
        let rules = each(rules, |rule| block(reader, "C6", rule, &RULE_NAMES, &mut are_sound));
        added("RulesConfiguration", Draft::Object(rules.span(), vec![added("Rules", rules)]))
    });
    are_sound.then_some(())?;
    let ((name, place), mut written) = provider.zip(written)?;
    written.extend(rules);
    Some(named(name, place.span(), Draft::Object(value.span(), written)))
}

fn tag_map<'v>(reader: &mut Reader<'_>, values: Value<'v>, id: &str) -> Option<Draft<'v>> {
    let written = renamed(reader, "C7", values, &TAG_NAMES);
    let tags = reader.member("C7", values, "principal_tags")?;
    let mut written = written?;
    written.push(added("IdentityPoolId", string(values.span(), id)));
    let is_unset = match tags.kind() {
        Kind::Null => true,
        Kind::Object(members) => members.is_empty(),
        _ => false,
    };
    if !is_unset {
        written.push(added("PrincipalTags", Draft::Kept(tags)));
    }
    Some(Draft::Object(values.span(), written))
}

/// A block inside a list. What is no block stays as it is, for the reader of the outputs to refuse.
fn block<'v>(
    reader: &mut Reader<'_>,
    rule: &'static str,
    value: Value<'v>,
    names: &[(&'static str, attributes::Becomes)],
    is_sound: &mut bool,
) -> Draft<'v> {
    if !matches!(value.kind(), Kind::Object(_)) {
        return Draft::Kept(value);
    }
    let written = renamed(reader, rule, value, names);
    *is_sound &= written.is_some();
    Draft::Object(value.span(), written.unwrap_or_default())
}
