//! Terraform: the JSON of a plan or a state (`terraform show -json`), with `aws_cognito_identity_pool`,
//! `…_roles_attachment` and `…_provider_principal_tag`.

use super::files::Output;
use super::reader::Reader;
use super::rewrite::{added, get, items, list, members, named, object, string, text};
use crate::json::{Kind, Member, Value};

const POOL: &str = "aws_cognito_identity_pool";
const ATTACHMENT: &str = "aws_cognito_identity_pool_roles_attachment";
const TAGS: &str = "aws_cognito_identity_pool_provider_principal_tag";

/// Attributes of a pool and the members of the AWS CLI that they become. Others play no part in decisions.
const NAMES: [(&str, &str); 9] = [
    ("id", "IdentityPoolId"),
    ("identity_pool_name", "IdentityPoolName"),
    ("allow_unauthenticated_identities", "AllowUnauthenticatedIdentities"),
    ("allow_classic_flow", "AllowClassicFlow"),
    ("supported_login_providers", "SupportedLoginProviders"),
    ("developer_provider_name", "DeveloperProviderName"),
    ("openid_connect_provider_arns", "OpenIdConnectProviderARNs"),
    ("saml_provider_arns", "SamlProviderARNs"),
    ("tags", "IdentityPoolTags"),
];

/// The outputs of the AWS CLI that a pool of the plan would have. `pool` is its address, such as
/// `module.app.aws_cognito_identity_pool.main`, if there are several; `id` is its id, if the plan does not know it yet.
pub(super) fn outputs(reader: &mut Reader<'_>, plan: &Value, pool: Option<&str>, id: Option<&str>) -> Vec<Output> {
    let values = get(plan, "planned_values").or_else(|| get(plan, "values"));
    let mut resources = Vec::new();
    if let Some(root) = values.and_then(|values| get(values, "root_module")) {
        collect(root, &mut resources);
    }
    let of_type = |wanted: &'static str| {
        let is_wanted = move |resource: &&&Value| {
            let is_managed = get(resource, "mode").and_then(text).is_none_or(|mode| mode == "managed");
            is_managed && get(resource, "type").and_then(text) == Some(wanted)
        };
        resources.iter().filter(is_wanted).filter_map(|resource| Some((*resource, get(resource, "values")?)))
    };
    let address = |resource: &Value| get(resource, "address").and_then(text).map(str::to_owned);
    let is_asked = |resource: &Value| pool.is_none_or(|pool| address(resource).as_deref() == Some(pool));
    let pools: Vec<&Value> =
        of_type(POOL).filter(|(resource, _)| is_asked(resource)).map(|(_, values)| values).collect();
    let [described] = pools.as_slice() else {
        let found = format!("{} of them", pools.len());
        let message = format!("identity pools of the plan (`{POOL}`)");
        reader.report("C4", plan.span, message, found, "one pool, named by its address if there are several");
        return Vec::new();
    };
    let Some(id) = id.or_else(|| get(described, "id").and_then(text)) else {
        let message = "an id that only exists after the plan is applied";
        reader.report("C4", described.span, message, "no `id`", "the id of the pool given beside the plan");
        return Vec::new();
    };
    // What is planned together with the pool does not know its id either.
    let is_attached = |values: &&Value| get(values, "identity_pool_id").and_then(text).is_none_or(|of| of == id);
    let mut outputs = vec![Output::Description(description(described, id))];
    let attached = |kind| of_type(kind).map(|(_, values)| values).filter(is_attached);
    outputs.extend(attached(ATTACHMENT).map(|values| Output::Roles(roles(values, id))));
    outputs.extend(attached(TAGS).map(|values| Output::TagMap(tag_map(values, id))));
    outputs
}

/// The resources of a module and of those in it. The text is no deeper than the limit of the reader.
fn collect<'v>(module: &'v Value, resources: &mut Vec<&'v Value>) {
    resources.extend(get(module, "resources").map(items).unwrap_or_default());
    for child in get(module, "child_modules").map(items).unwrap_or_default() {
        collect(child, resources);
    }
}

/// Terraform writes what is not set as `null`, or as nothing of its type.
fn is_set(value: &Value) -> bool {
    match &value.kind {
        Kind::Null => false,
        Kind::String(text) => !text.is_empty(),
        Kind::Array(items) => !items.is_empty(),
        Kind::Object(members) => !members.is_empty(),
        Kind::Bool(_) | Kind::Number(_) => true,
    }
}

/// The members that are set, under their other names.
fn renamed(value: &Value, names: &[(&str, &str)]) -> Vec<Member> {
    let set = members(value).iter().filter(|member| is_set(&member.value));
    set.filter_map(|member| {
        let (_, name) = names.iter().find(|(from, _)| *from == &*member.name)?;
        Some(named(name, member, member.value.clone()))
    })
    .collect()
}

fn description(values: &Value, id: &str) -> Value {
    let mut written = renamed(values, &NAMES);
    with_id(&mut written, values, id);
    if let Some(providers) = get(values, "cognito_identity_providers").filter(|value| is_set(value)) {
        let names = [
            ("provider_name", "ProviderName"),
            ("client_id", "ClientId"),
            ("server_side_token_check", "ServerSideTokenCheck"),
        ];
        let entries = items(providers).iter().map(|entry| object(entry.span, renamed(entry, &names)));
        written.push(added("CognitoIdentityProviders", list(providers.span, entries.collect())));
    }
    object(values.span, written)
}

fn roles(values: &Value, id: &str) -> Value {
    let mut written = renamed(values, &[("roles", "Roles")]);
    with_id(&mut written, values, id);
    if let Some(mappings) = get(values, "role_mapping").filter(|value| is_set(value)) {
        let entries = items(mappings).iter().filter_map(mapping);
        written.push(added("RoleMappings", object(mappings.span, entries.collect())));
    }
    object(values.span, written)
}

fn mapping(value: &Value) -> Option<Member> {
    let provider = members(value).iter().find(|member| &*member.name == "identity_provider")?;
    let mut written = renamed(value, &[("type", "Type"), ("ambiguous_role_resolution", "AmbiguousRoleResolution")]);
    if let Some(rules) = get(value, "mapping_rule").filter(|value| is_set(value)) {
        let names = [("claim", "Claim"), ("match_type", "MatchType"), ("value", "Value"), ("role_arn", "RoleARN")];
        let rewritten = items(rules).iter().map(|rule| object(rule.span, renamed(rule, &names)));
        let rules_list = added("Rules", list(rules.span, rewritten.collect()));
        written.push(added("RulesConfiguration", object(rules.span, vec![rules_list])));
    }
    Some(named(text(&provider.value)?, provider, object(value.span, written)))
}

fn tag_map(values: &Value, id: &str) -> Value {
    let names = [("identity_provider_name", "IdentityProviderName"), ("principal_tags", "PrincipalTags")];
    let mut written = renamed(values, &names);
    with_id(&mut written, values, id);
    let use_defaults = get(values, "use_defaults").filter(|value| is_set(value)).cloned();
    let absent = Value { span: values.span, kind: Kind::Bool(false) };
    written.push(added("UseDefaults", use_defaults.unwrap_or(absent)));
    object(values.span, written)
}

fn with_id(written: &mut Vec<Member>, values: &Value, id: &str) {
    written.retain(|member| &*member.name != "IdentityPoolId");
    written.push(added("IdentityPoolId", string(values.span, id)));
}
