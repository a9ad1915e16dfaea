//! CloudFormation templates in JSON: `AWS::Cognito::IdentityPool`, `…RoleAttachment`, `…PrincipalTag`.
//!
//! What only exists after deployment, such as the id of the pool, is taken from values that the caller gives.

use std::collections::BTreeMap;

use super::files::Output;
use super::reader::Reader;
use super::rewrite::{added, each, get, items, list, members, named, object, string, text};
use crate::json::{Kind, Member, Value};
use crate::source::quote;

const POOL: &str = "AWS::Cognito::IdentityPool";
const ATTACHMENT: &str = "AWS::Cognito::IdentityPoolRoleAttachment";
const TAGS: &str = "AWS::Cognito::IdentityPoolPrincipalTag";

/// Properties of a pool that play no part in decisions.
const SYNC: [&str; 3] = ["CognitoEvents", "CognitoStreams", "PushSync"];

/// Attributes of a resource. `Condition` is known so that it can be refused where it matters.
const ATTRIBUTES: [&str; 9] = [
    "Type",
    "Properties",
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// The outputs of the AWS CLI that a pool of the template would have. `pool` is its logical id, if there are several.
pub(super) fn outputs(
    reader: &mut Reader<'_>,
    template: &Value,
    values: &BTreeMap<String, String>,
    pool: Option<&str>,
) -> Vec<Output> {
    let Some(resources) = resources(reader, template) else { return Vec::new() };
    let of_type =
        |wanted: &'static str| resources.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, member)| *member);
    let pools: Vec<&Member> = of_type(POOL).collect();
    let asked: Vec<&Member> =
        pools.iter().copied().filter(|member| pool.is_none_or(|pool| *member.name == *pool)).collect();
    let [pool] = asked.as_slice() else {
        let found = format!("{} of them", asked.len());
        let expected = "one pool, named by its logical id if there are several";
        reader.report("C4", template.span, format!("identity pools of the template (`{POOL}`)"), found, expected);
        return Vec::new();
    };
    let mut resolver = Resolver { values, parameters: get(template, "Parameters"), reader };
    let id = resolver.reference(pool.value.span, &pool.name);
    // Everything is worked out, known id or not, so that every mistake is told.
    let mut outputs = Vec::new();
    let described = properties(resolver.reader, pool)
        .filter(|_| is_unconditional(resolver.reader, pool))
        .and_then(|properties| resolver.resolve(properties));
    outputs.extend(described.zip(id.clone()).map(|(of, id)| Output::Description(description(pool, id, &of))));
    for (kind, rewrite) in [(ATTACHMENT, roles as fn(&mut Reader<'_>, &Value) -> Option<Output>), (TAGS, tag_map)] {
        for member in of_type(kind) {
            let Some(properties) = properties(resolver.reader, member) else { continue };
            let owner = get(properties, "IdentityPoolId").and_then(pool_of_reference);
            let owner = owner.filter(|owner| pools.iter().any(|pool| *pool.name == **owner));
            if owner.as_ref().is_some_and(|owner| **owner != *pool.name) || !is_unconditional(resolver.reader, member) {
                continue;
            }
            // An id that is no reference to a pool of the template is compared by the reader of the outputs.
            let with_id = match (owner, &id) {
                (Some(_), Some(id)) => with_id(properties, id),
                (Some(_), None) => with_id(properties, &string(pool.name_span, "")),
                (None, _) => properties.clone(),
            };
            let resolved = resolver.resolve(&with_id).filter(|_| id.is_some());
            outputs.extend(resolved.and_then(|properties| rewrite(resolver.reader, &properties)));
        }
    }
    outputs
}

/// The resources with their types; none after reporting one that has none.
fn resources<'v>(reader: &mut Reader<'_>, template: &'v Value) -> Option<Vec<(&'v str, &'v Member)>> {
    let Some(resources) = get(template, "Resources") else { return Some(Vec::new()) };
    let typed: Vec<_> = reader
        .map("C4", resources, "an object of resources")?
        .iter()
        .map(|member| {
            if member.name.starts_with("Fn::") {
                let expected = "resources written out";
                let message = "a function that is not worked out";
                reader.report("C4", member.name_span, message, quote(&member.name), expected);
                return None;
            }
            let kind = reader.member("C4", &member.value, "Type")?;
            Some((reader.string("C4", kind)?, member))
        })
        .collect();
    typed.into_iter().collect()
}

/// The properties of a resource of one of the types read here.
fn properties<'v>(reader: &mut Reader<'_>, resource: &'v Member) -> Option<&'v Value> {
    let fields = reader.object("C4", &resource.value, &["Type", "Properties"], &ATTRIBUTES)?;
    let properties = fields.get("Properties")?;
    reader.map("C4", properties, "an object of properties").map(|_| properties)
}

/// Whether a resource is there for certain: conditions are not worked out.
fn is_unconditional(reader: &mut Reader<'_>, resource: &Member) -> bool {
    let Some(condition) = get(&resource.value, "Condition") else { return true };
    let found = text(condition).map_or_else(|| condition.type_name().to_owned(), quote);
    let message = "a resource that is there under a condition only";
    reader.report("C4", condition.span, message, found, "a resource without `Condition`");
    false
}

/// The logical id whose id a value is: `Ref`, `Fn::GetAtt` of `Id`, or `Fn::Sub` of nothing else.
fn pool_of_reference(id: &Value) -> Option<Box<str>> {
    let [function] = members(id) else { return None };
    let name = match (&*function.name, items(&function.value)) {
        ("Ref", _) => text(&function.value)?,
        ("Fn::GetAtt", [name, attribute]) if text(attribute) == Some("Id") => text(name)?,
        ("Fn::GetAtt", _) => text(&function.value)?.strip_suffix(".Id")?,
        ("Fn::Sub", _) => {
            let name = text(&function.value)?.strip_prefix("${")?.strip_suffix('}')?;
            name.strip_suffix(".Id").unwrap_or(name)
        }
        _ => return None,
    };
    Some(name.into())
}

/// The properties of what is attached to the pool, its id put in.
fn with_id(properties: &Value, id: &Value) -> Value {
    let member = |member: &Member| match &*member.name {
        "IdentityPoolId" => named("IdentityPoolId", member, Value { span: member.value.span, kind: id.kind.clone() }),
        _ => member.clone(),
    };
    object(properties.span, members(properties).iter().map(member).collect())
}

fn description(pool: &Member, id: Value, properties: &Value) -> Value {
    let mut written = vec![added("IdentityPoolId", id)];
    if get(properties, "IdentityPoolName").is_none() {
        // CloudFormation makes a name of the logical id.
        written.push(added("IdentityPoolName", string(pool.name_span, &pool.name)));
    }
    for member in members(properties).iter().filter(|member| !SYNC.contains(&&*member.name)) {
        let value = match &*member.name {
            "IdentityPoolTags" => tags_as_object(&member.value),
            "CognitoIdentityProviders" => {
                each(&member.value, |provider| with_booleans(provider, &["ServerSideTokenCheck"]))
            }
            _ => member.value.clone(),
        };
        written.push(named(&member.name, member, value));
    }
    with_booleans(&object(properties.span, written), &["AllowUnauthenticatedIdentities", "AllowClassicFlow"])
}

/// A list of `{Key, Value}` as an object. Anything else stays as it is, for the reader of the outputs to refuse.
fn tags_as_object(tags: &Value) -> Value {
    let Kind::Array(tags_list) = &tags.kind else { return tags.clone() };
    let member = |tag: &Value| Some(added(get(tag, "Key").and_then(text)?, get(tag, "Value")?.clone()));
    match tags_list.iter().map(member).collect() {
        Some(members) => object(tags.span, members),
        None => tags.clone(),
    }
}

/// A mapping may name its provider itself; that name wins over its key. What is no mapping, or no object of mappings,
/// stays as it is, for the reader of the outputs to refuse (Rule C6): without it users would get the default role.
fn roles(reader: &mut Reader<'_>, properties: &Value) -> Option<Output> {
    let mut written = Some(Vec::new());
    for member in members(properties) {
        let member = match (&*member.name, &member.value.kind) {
            ("RoleMappings", Kind::Object(mappings)) => {
                let mappings: Vec<Option<Member>> =
                    mappings.iter().map(|mapping| self_named(reader, mapping)).collect();
                let mappings: Option<Vec<Member>> = mappings.into_iter().collect();
                mappings.map(|mappings| named("RoleMappings", member, object(member.value.span, mappings)))
            }
            _ => Some(member.clone()),
        };
        written = written.zip(member).map(|(written, member)| [written, vec![member]].concat());
    }
    written.map(|written| Output::Roles(object(properties.span, written)))
}

/// A mapping under the name of its provider.
fn self_named(reader: &mut Reader<'_>, mapping: &Member) -> Option<Member> {
    let Kind::Object(members) = &mapping.value.kind else { return Some(mapping.clone()) };
    let provider = members.iter().find(|member| &*member.name == "IdentityProvider");
    let name = match provider {
        Some(provider) => reader.string("C5", &provider.value)?,
        None => &mapping.name,
    };
    let kept = members.iter().filter(|member| &*member.name != "IdentityProvider").cloned();
    Some(named(name, mapping, object(mapping.value.span, kept.collect())))
}

/// Without `UseDefaults` a map is not the default one.
fn tag_map(_: &mut Reader<'_>, properties: &Value) -> Option<Output> {
    let mut written = members(properties).to_vec();
    if get(properties, "UseDefaults").is_none() {
        written.push(added("UseDefaults", Value { span: properties.span, kind: Kind::Bool(false) }));
    }
    Some(Output::TagMap(with_booleans(&object(properties.span, written), &["UseDefaults"])))
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
                    let parts: Option<Vec<&str>> = match &parts.kind {
                        Kind::Array(parts) => parts.iter().map(text).collect(),
                        _ => None,
                    };
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
