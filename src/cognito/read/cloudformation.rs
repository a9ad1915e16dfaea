//! CloudFormation templates in JSON: `AWS::Cognito::IdentityPool`, `…RoleAttachment`, `…PrincipalTag`.
//!
//! What only exists after deployment, such as the id of the pool, is taken from values that the caller gives.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::rewrite::{added, get, items, list, members, named, object, string, text};
use crate::json::{Kind, Member, Value};
use crate::source::quote;

const POOL: &str = "AWS::Cognito::IdentityPool";
const ATTACHMENT: &str = "AWS::Cognito::IdentityPoolRoleAttachment";
const TAGS: &str = "AWS::Cognito::IdentityPoolPrincipalTag";

/// Properties of a pool that play no part in decisions.
const SYNC: [&str; 3] = ["CognitoEvents", "CognitoStreams", "PushSync"];

/// The outputs of the AWS CLI that a pool of the template would have. `pool` is its logical id, if there are several.
pub(super) fn outputs(
    reader: &mut Reader<'_>,
    template: &Value,
    values: &BTreeMap<String, String>,
    pool: Option<&str>,
) -> Vec<Value> {
    let resources = get(template, "Resources").map(members).unwrap_or_default();
    let of_type = |wanted: &str| {
        let wanted = wanted.to_owned();
        resources.iter().filter(move |member| get(&member.value, "Type").and_then(text) == Some(&wanted))
    };
    let pools: Vec<&Member> = of_type(POOL).filter(|member| pool.is_none_or(|pool| *member.name == *pool)).collect();
    let [pool] = pools.as_slice() else {
        let found = format!("{} of them", pools.len());
        let expected = "one pool, named by its logical id if there are several";
        reader.report("C4", template.span, format!("identity pools of the template (`{POOL}`)"), found, expected);
        return Vec::new();
    };
    let mut resolver = Resolver { values, parameters: get(template, "Parameters"), reader };
    let properties = |member: &Member| get(&member.value, "Properties").cloned();
    let mut outputs = Vec::new();
    if let Some(properties) = properties(pool) {
        let id = resolver.reference(pool.value.span, &pool.name);
        outputs.extend(resolver.resolve(&properties).map(|properties| description(pool, id, &properties)));
    }
    for (kind, rewrite) in [(ATTACHMENT, roles as fn(&Value) -> Value), (TAGS, tag_map)] {
        for member in of_type(kind) {
            let Some(properties) = properties(member).filter(|properties| belongs(properties, pool)) else { continue };
            outputs.extend(resolver.resolve(&properties).map(|properties| rewrite(&properties)));
        }
    }
    outputs
}

/// Whether a resource is attached to this pool: its `IdentityPoolId` refers to it, or is written out.
fn belongs(properties: &Value, pool: &Member) -> bool {
    match get(properties, "IdentityPoolId").map(|id| get(id, "Ref").and_then(text)) {
        Some(Some(reference)) => *reference == *pool.name,
        Some(None) | None => true,
    }
}

fn description(pool: &Member, id: Option<Value>, properties: &Value) -> Value {
    let mut written: Vec<Member> = Vec::new();
    written.extend(id.map(|id| added("IdentityPoolId", id)));
    if get(properties, "IdentityPoolName").is_none() {
        // CloudFormation makes a name of the logical id.
        written.push(added("IdentityPoolName", string(pool.name_span, &pool.name)));
    }
    for member in members(properties).iter().filter(|member| !SYNC.contains(&&*member.name)) {
        let value = match &*member.name {
            "IdentityPoolTags" => tags_as_object(&member.value),
            "CognitoIdentityProviders" => {
                let providers =
                    items(&member.value).iter().map(|provider| with_booleans(provider, &["ServerSideTokenCheck"]));
                list(member.value.span, providers.collect())
            }
            _ => member.value.clone(),
        };
        written.push(named(&member.name, member, value));
    }
    with_booleans(&object(properties.span, written), &["AllowUnauthenticatedIdentities", "AllowClassicFlow"])
}

/// A list of `{Key, Value}` as an object.
fn tags_as_object(tags: &Value) -> Value {
    let Kind::Array(tags_list) = &tags.kind else { return tags.clone() };
    let member = |tag: &Value| Some(added(get(tag, "Key").and_then(text)?, get(tag, "Value")?.clone()));
    object(tags.span, tags_list.iter().filter_map(member).collect())
}

/// A mapping may name its provider itself; that name wins over its key.
fn roles(properties: &Value) -> Value {
    let rewritten = members(properties).iter().map(|member| match &*member.name {
        "RoleMappings" => {
            let mappings = members(&member.value).iter().map(|mapping| {
                let name = get(&mapping.value, "IdentityProvider").and_then(text).unwrap_or(&mapping.name);
                let kept = members(&mapping.value).iter().filter(|member| &*member.name != "IdentityProvider").cloned();
                named(name, mapping, object(mapping.value.span, kept.collect()))
            });
            named("RoleMappings", member, object(member.value.span, mappings.collect()))
        }
        _ => member.clone(),
    });
    object(properties.span, rewritten.collect())
}

/// Without `UseDefaults` a map is not the default one.
fn tag_map(properties: &Value) -> Value {
    let mut written = members(properties).to_vec();
    if get(properties, "UseDefaults").is_none() {
        written.push(added("UseDefaults", Value { span: properties.span, kind: Kind::Bool(false) }));
    }
    with_booleans(&object(properties.span, written), &["UseDefaults"])
}

/// CloudFormation takes `"true"` for `true`.
fn with_booleans(value: &Value, names: &[&str]) -> Value {
    let Kind::Object(members) = &value.kind else { return value.clone() };
    let boolean = |member: &Member| {
        let kind = match text(&member.value) {
            Some("true") if names.contains(&&*member.name) => Kind::Bool(true),
            Some("false") if names.contains(&&*member.name) => Kind::Bool(false),
            _ => return member.clone(),
        };
        named(&member.name, member, Value { span: member.value.span, kind })
    };
    object(value.span, members.iter().map(boolean).collect())
}

/// Puts texts in the place of intrinsic functions.
struct Resolver<'r, 'a> {
    reader: &'r mut Reader<'a>,
    values: &'r BTreeMap<String, String>,
    parameters: Option<&'r Value>,
}

impl Resolver<'_, '_> {
    /// The value with its functions worked out; none after reporting one that cannot be.
    fn resolve(&mut self, value: &Value) -> Option<Value> {
        match &value.kind {
            Kind::Object(members) => match members.as_slice() {
                [only] if &*only.name == "Ref" || only.name.starts_with("Fn::") => self.function(value, only),
                members => {
                    let resolved = members.iter().map(|member| {
                        let value = self.resolve(&member.value);
                        value.map(|value| named(&member.name, member, value))
                    });
                    // All are looked at, so that every mistake is told.
                    let resolved: Vec<Option<Member>> = resolved.collect();
                    Some(object(value.span, resolved.into_iter().collect::<Option<_>>()?))
                }
            },
            Kind::Array(items) => {
                let resolved: Vec<Option<Value>> = items.iter().map(|item| self.resolve(item)).collect();
                Some(list(value.span, resolved.into_iter().collect::<Option<_>>()?))
            }
            _ => Some(value.clone()),
        }
    }

    fn function(&mut self, whole: &Value, function: &Member) -> Option<Value> {
        let argument = &function.value;
        match &*function.name {
            "Ref" => {
                if let Some(name) = text(argument) {
                    return self.reference(whole.span, name);
                }
            }
            "Fn::GetAtt" => {
                let parts: Option<Vec<&str>> = items(argument).iter().map(text).collect();
                let name = match (text(argument), parts) {
                    (Some(name), _) => name.to_owned(),
                    (None, Some(parts)) => parts.join("."),
                    (None, None) => String::new(),
                };
                return self.reference(whole.span, &name);
            }
            "Fn::Sub" => {
                if let Some(template) = text(argument) {
                    return self.substitute(whole, template);
                }
            }
            "Fn::Join" => {
                if let [delimiter, parts] = items(argument) {
                    let parts = self.resolve(parts)?;
                    let parts: Option<Vec<&str>> = items(&parts).iter().map(text).collect();
                    if let Some((delimiter, parts)) = text(delimiter).zip(parts) {
                        return Some(string(whole.span, &parts.join(delimiter)));
                    }
                }
            }
            _ => {}
        }
        let expected = "`Ref`, `Fn::GetAtt`, `Fn::Join`, or `Fn::Sub` with one text";
        self.reader.report("C4", whole.span, "a function that is not worked out", quote(&function.name), expected);
        None
    }

    /// A value that the caller gives, or the default of a parameter.
    fn reference(&mut self, span: crate::source::Span, name: &str) -> Option<Value> {
        let default = || {
            let parameter = get(self.parameters?, name)?;
            text(get(parameter, "Default")?)
        };
        match self.values.get(name).map(String::as_str).or_else(default) {
            Some(value) => Some(string(span, value)),
            None => {
                let expected = format!("a value given for {}", quote(name));
                let message = "a value that only exists after deployment";
                self.reader.report("C4", span, message, quote(name), expected);
                None
            }
        }
    }

    /// `${NAME}` and `${NAME.ATTRIBUTE}`; `${!x}` is the text `${x}`.
    fn substitute(&mut self, whole: &Value, template: &str) -> Option<Value> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((name, after)) = behind.split_once('}') else {
                let expected = "`${NAME}`";
                self.reader.report("C4", whole.span, "a variable without an end", quote(template), expected);
                return None;
            };
            match name.strip_prefix('!') {
                Some(literal) => filled.push_str(&format!("${{{literal}}}")),
                None => filled.push_str(text(&self.reference(whole.span, name)?).unwrap_or_default()),
            }
            rest = after;
        }
        filled.push_str(rest);
        Some(string(whole.span, &filled))
    }
}
