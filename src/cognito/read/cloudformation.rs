//! CloudFormation templates in JSON: `AWS::Cognito::IdentityPool`, `…RoleAttachment`, `…PrincipalTag`.
//!
//! What only exists after deployment, such as the id of the pool, is taken from values that the caller gives.

use std::collections::BTreeMap;

use super::files::Output;
use super::reader::Reader;
use super::rewrite::{added, each, get, items, kept, members, named, string, text};
use crate::json::{Draft, DraftMember, Kind, Member, Tree, Value};
use crate::source::{Span, quote};

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
    template: Value<'_>,
    values: &BTreeMap<String, String>,
    pool: Option<&str>,
) -> Vec<Output> {
    let Some(resources) = resources(reader, template) else { return Vec::new() };
    let of_type =
        |wanted: &'static str| resources.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, member)| *member);
    let pools: Vec<Member<'_>> = of_type(POOL).collect();
    let asked: Vec<Member<'_>> =
        pools.iter().copied().filter(|member| pool.is_none_or(|pool| member.name() == pool)).collect();
    let &[pool] = asked.as_slice() else {
        let found = format!("{} of them", asked.len());
        let expected = "one pool, named by its logical id if there are several";
        reader.report("C4", template.span(), format!("identity pools of the template (`{POOL}`)"), found, expected);
        return Vec::new();
    };
    let mut resolver = Resolver { values, parameters: get(template, "Parameters"), reader };
    let id = resolver.reference(pool.value().span(), pool.name()).map(str::to_owned);
    // Everything is worked out, known id or not, so that every mistake is told.
    let mut outputs = Vec::new();
    let described = properties(resolver.reader, pool)
        .filter(|_| is_unconditional(resolver.reader, pool))
        .and_then(|properties| resolver.resolved(properties));
    outputs.extend(described.zip(id.as_deref()).map(|(of, id)| {
        let description = description(pool, id, of.root());
        Output::Description(description.tree(resolver.reader.source()))
    }));
    for (kind, rewrite) in [(ATTACHMENT, roles as fn(&mut Reader<'_>, Value<'_>) -> Option<Output>), (TAGS, tag_map)] {
        for member in of_type(kind) {
            let Some(properties) = properties(resolver.reader, member) else { continue };
            let owner = get(properties, "IdentityPoolId").and_then(pool_of_reference);
            let owner = owner.filter(|owner| pools.iter().any(|pool| pool.name() == *owner));
            if owner.is_some_and(|owner| owner != pool.name()) || !is_unconditional(resolver.reader, member) {
                continue;
            }
            // An id that is no reference to a pool of the template is compared by the reader of the outputs.
            let with_id = match owner {
                Some(_) => with_id(properties, id.as_deref().unwrap_or_default()),
                None => Draft::Kept(properties),
            };
            let with_id = with_id.tree(resolver.reader.source());
            let resolved = resolver.resolved(with_id.root()).filter(|_| id.is_some());
            outputs.extend(resolved.and_then(|properties| rewrite(resolver.reader, properties.root())));
        }
    }
    outputs
}

/// The resources with their types; none after reporting one that has none.
fn resources<'v>(reader: &mut Reader<'_>, template: Value<'v>) -> Option<Vec<(&'v str, Member<'v>)>> {
    let Some(resources) = get(template, "Resources") else { return Some(Vec::new()) };
    let typed: Vec<_> = reader
        .map("C4", resources, "an object of resources")?
        .iter()
        .map(|member| {
            if member.name().starts_with("Fn::") {
                let expected = "resources written out";
                let message = "a function that is not worked out";
                reader.report("C4", member.name_span(), message, quote(member.name()), expected);
                return None;
            }
            let kind = reader.member("C4", member.value(), "Type")?;
            Some((reader.string("C4", kind)?, member))
        })
        .collect();
    typed.into_iter().collect()
}

/// The properties of a resource of one of the types read here.
fn properties<'v>(reader: &mut Reader<'_>, resource: Member<'v>) -> Option<Value<'v>> {
    let fields = reader.object("C4", resource.value(), &["Type", "Properties"], &ATTRIBUTES)?;
    let properties = fields.get("Properties")?;
    reader.map("C4", properties, "an object of properties").map(|_| properties)
}

/// Whether a resource is there for certain: conditions are not worked out.
fn is_unconditional(reader: &mut Reader<'_>, resource: Member<'_>) -> bool {
    let Some(condition) = get(resource.value(), "Condition") else { return true };
    let found = text(condition).map_or_else(|| condition.type_name().to_owned(), quote);
    let message = "a resource that is there under a condition only";
    reader.report("C4", condition.span(), message, found, "a resource without `Condition`");
    false
}

/// The logical id whose id a value is: `Ref`, `Fn::GetAtt` of `Id`, or `Fn::Sub` of nothing else.
fn pool_of_reference(id: Value<'_>) -> Option<&str> {
    let function = members(id).first().filter(|_| members(id).len() == 1)?;
    let argument = function.value();
    match function.name() {
        "Ref" => text(argument),
        "Fn::GetAtt" => match items(argument).iter().collect::<Vec<_>>().as_slice() {
            [name, attribute] if text(*attribute) == Some("Id") => text(*name),
            _ => text(argument)?.strip_suffix(".Id"),
        },
        "Fn::Sub" => {
            let name = text(argument)?.strip_prefix("${")?.strip_suffix('}')?;
            Some(name.strip_suffix(".Id").unwrap_or(name))
        }
        _ => None,
    }
}

/// The properties of what is attached to the pool, its id put in.
fn with_id<'v>(properties: Value<'v>, id: &str) -> Draft<'v> {
    let member = |member: Member<'v>| match member.name() {
        "IdentityPoolId" => named(member.name(), member.name_span(), string(member.value().span(), id)),
        _ => kept(member),
    };
    Draft::Object(properties.span(), members(properties).iter().map(member).collect())
}

fn description<'v>(pool: Member<'v>, id: &str, properties: Value<'v>) -> Draft<'v> {
    let mut written = vec![added("IdentityPoolId", string(pool.value().span(), id))];
    if get(properties, "IdentityPoolName").is_none() {
        // CloudFormation makes a name of the logical id.
        written.push(added("IdentityPoolName", string(pool.name_span(), pool.name())));
    }
    for member in members(properties).iter().filter(|member| !SYNC.contains(&member.name())) {
        let value = match member.name() {
            "IdentityPoolTags" => tags_as_object(member.value()),
            "CognitoIdentityProviders" => {
                each(member.value(), |provider| with_booleans(provider, &["ServerSideTokenCheck"]))
            }
            "AllowUnauthenticatedIdentities" | "AllowClassicFlow" => boolean(member.value()),
            _ => Draft::Kept(member.value()),
        };
        written.push(named(member.name(), member.name_span(), value));
    }
    Draft::Object(properties.span(), written)
}

/// A list of `{Key, Value}` as an object. Anything else stays as it is, for the reader of the outputs to refuse.
fn tags_as_object(tags: Value<'_>) -> Draft<'_> {
    let Kind::Array(tags_list) = tags.kind() else { return Draft::Kept(tags) };
    let member = |tag| Some(added(get(tag, "Key").and_then(text)?, Draft::Kept(get(tag, "Value")?)));
    match tags_list.iter().map(member).collect() {
        Some(members) => Draft::Object(tags.span(), members),
        None => Draft::Kept(tags),
    }
}

/// A mapping may name its provider itself; that name wins over its key. What is no mapping, or no object of mappings,
/// stays as it is, for the reader of the outputs to refuse (Rule C6): without it users would get the default role.
fn roles(reader: &mut Reader<'_>, properties: Value<'_>) -> Option<Output> {
    let mut written = Some(Vec::new());
    for member in members(properties) {
        let member = match (member.name(), member.value().kind()) {
            ("RoleMappings", Kind::Object(mappings)) => {
                let mappings: Vec<Option<DraftMember<'_>>> =
                    mappings.iter().map(|mapping| self_named(reader, mapping)).collect();
                let mappings: Option<Vec<DraftMember<'_>>> = mappings.into_iter().collect();
                let object = |mappings| Draft::Object(member.value().span(), mappings);
                mappings.map(|mappings| named(member.name(), member.name_span(), object(mappings)))
            }
            _ => Some(kept(member)),
        };
        written = written.zip(member).map(|(written, member)| [written, vec![member]].concat());
    }
    written.map(|written| Output::Roles(Draft::Object(properties.span(), written).tree(reader.source())))
}

/// A mapping under the name of its provider.
fn self_named<'v>(reader: &mut Reader<'_>, mapping: Member<'v>) -> Option<DraftMember<'v>> {
    let Kind::Object(members) = mapping.value().kind() else { return Some(kept(mapping)) };
    let name = match members.get("IdentityProvider") {
        Some(provider) => reader.string("C5", provider)?,
        None => mapping.name(),
    };
    let others = members.iter().filter(|member| member.name() != "IdentityProvider").map(kept);
    Some(named(name, mapping.name_span(), Draft::Object(mapping.value().span(), others.collect())))
}

/// Without `UseDefaults` a map is not the default one.
fn tag_map(reader: &mut Reader<'_>, properties: Value<'_>) -> Option<Output> {
    let mut written = booleans(properties, &["UseDefaults"]);
    if get(properties, "UseDefaults").is_none() {
        written.push(added("UseDefaults", Draft::Bool(properties.span(), false)));
    }
    Some(Output::TagMap(Draft::Object(properties.span(), written).tree(reader.source())))
}

/// CloudFormation takes `"true"` for `true`.
fn with_booleans<'v>(value: Value<'v>, names: &[&str]) -> Draft<'v> {
    match value.kind() {
        Kind::Object(_) => Draft::Object(value.span(), booleans(value, names)),
        _ => Draft::Kept(value),
    }
}

fn booleans<'v>(value: Value<'v>, names: &[&str]) -> Vec<DraftMember<'v>> {
    let member = |member: Member<'v>| match names.contains(&member.name()) {
        true => named(member.name(), member.name_span(), boolean(member.value())),
        false => kept(member),
    };
    members(value).iter().map(member).collect()
}

fn boolean(value: Value<'_>) -> Draft<'_> {
    match text(value) {
        Some("true") => Draft::Bool(value.span(), true),
        Some("false") => Draft::Bool(value.span(), false),
        _ => Draft::Kept(value),
    }
}

/// Puts texts in the place of intrinsic functions.
struct Resolver<'r, 'a> {
    reader: &'r mut Reader<'a>,
    values: &'r BTreeMap<String, String>,
    parameters: Option<Value<'r>>,
}

impl<'r> Resolver<'r, '_> {
    /// The value with its functions worked out; none after reporting one that cannot be.
    fn resolved(&mut self, value: Value<'_>) -> Option<Tree> {
        Some(self.resolve(value)?.tree(self.reader.source()))
    }

    fn resolve<'v>(&mut self, value: Value<'v>) -> Option<Draft<'v>> {
        match value.kind() {
            Kind::Object(members) => match members.first().filter(|_| members.len() == 1) {
                Some(only) if only.name() == "Ref" || only.name().starts_with("Fn::") => self.function(value, only),
                _ => {
                    let resolved = members.iter().map(|member| {
                        let value = self.resolve(member.value());
                        value.map(|value| named(member.name(), member.name_span(), value))
                    });
                    // All are looked at, so that every mistake is told.
                    let resolved: Vec<Option<DraftMember<'_>>> = resolved.collect();
                    Some(Draft::Object(value.span(), resolved.into_iter().collect::<Option<_>>()?))
                }
            },
            Kind::Array(items) => {
                let resolved: Vec<Option<Draft<'_>>> = items.iter().map(|item| self.resolve(item)).collect();
                Some(Draft::Array(value.span(), resolved.into_iter().collect::<Option<_>>()?))
            }
            _ => Some(Draft::Kept(value)),
        }
    }

    fn function<'v>(&mut self, whole: Value<'v>, function: Member<'v>) -> Option<Draft<'v>> {
        let argument = function.value();
        match function.name() {
            "Ref" => {
                if let Some(name) = text(argument) {
                    return self.reference(whole.span(), name).map(|value| string(whole.span(), value));
                }
            }
            "Fn::GetAtt" => {
                let parts: Option<Vec<&str>> = items(argument).iter().map(text).collect();
                let name = match (text(argument), parts) {
                    (Some(name), _) => name.to_owned(),
                    (None, Some(parts)) => parts.join("."),
                    (None, None) => String::new(),
                };
                return self.reference(whole.span(), &name).map(|value| string(whole.span(), value));
            }
            "Fn::Sub" => {
                if let Some(template) = text(argument) {
                    return self.substitute(whole, template);
                }
            }
            "Fn::Join" => {
                if let &[delimiter, parts] = items(argument).iter().collect::<Vec<_>>().as_slice() {
                    let parts = self.resolved(parts)?;
                    let parts: Option<Vec<&str>> = match parts.root().kind() {
                        Kind::Array(parts) => parts.iter().map(text).collect(),
                        _ => None,
                    };
                    if let Some((delimiter, parts)) = text(delimiter).zip(parts) {
                        return Some(string(whole.span(), &parts.join(delimiter)));
                    }
                }
            }
            _ => {}
        }
        let expected = "`Ref`, `Fn::GetAtt`, `Fn::Join`, or `Fn::Sub` with one text";
        self.reader.report("C4", whole.span(), "a function that is not worked out", quote(function.name()), expected);
        None
    }

    /// A value that the caller gives, or the default of a parameter.
    fn reference(&mut self, span: Span, name: &str) -> Option<&'r str> {
        let default = || {
            let parameter = get(self.parameters?, name)?;
            text(get(parameter, "Default")?)
        };
        match self.values.get(name).map(String::as_str).or_else(default) {
            Some(value) => Some(value),
            None => {
                let expected = format!("a value given for {}", quote(name));
                let message = "a value that only exists after deployment";
                self.reader.report("C4", span, message, quote(name), expected);
                None
            }
        }
    }

    /// `${NAME}` and `${NAME.ATTRIBUTE}`; `${!x}` is the text `${x}`.
    fn substitute<'v>(&mut self, whole: Value<'v>, template: &str) -> Option<Draft<'v>> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once("${") {
            filled.push_str(before);
            let Some((name, after)) = behind.split_once('}') else {
                let expected = "`${NAME}`";
                self.reader.report("C4", whole.span(), "a variable without an end", quote(template), expected);
                return None;
            };
            match name.strip_prefix('!') {
                Some(literal) => filled.push_str(&format!("${{{literal}}}")),
                None => filled.push_str(self.reference(whole.span(), name)?),
            }
            rest = after;
        }
        filled.push_str(rest);
        Some(string(whole.span(), &filled))
    }
}
