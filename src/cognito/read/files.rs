//! The outputs of the AWS CLI (Rules C4, C5, C7). What a file is shows in its members.

use super::assemble::{Description, Parts, Settings};
use super::reader::{Fields, Mistakes, Reader};
use super::{mapping, tag_map};
use crate::cognito::error::ReadError;
use crate::cognito::names::{self, Form};
use crate::cognito::pool::Pool;
use crate::json::{self, Kind, Limits, Tree, Value};
use crate::source::Source;

const DESCRIPTION: [&str; 10] = [
    "IdentityPoolId",
    "IdentityPoolName",
    "AllowUnauthenticatedIdentities",
    "AllowClassicFlow",
    "SupportedLoginProviders",
    "DeveloperProviderName",
    "OpenIdConnectProviderARNs",
    "SamlProviderARNs",
    "CognitoIdentityProviders",
    "IdentityPoolTags",
];

const ROLES: [&str; 3] = ["IdentityPoolId", "Roles", "RoleMappings"];

/// Reads all files of one pool.
pub(in crate::cognito) fn pool(files: &[Source]) -> Result<Pool, ReadError> {
    let mut mistakes = Mistakes::default();
    let pool = pool_into(files, &mut mistakes);
    mistakes.into_result(pool)
}

/// Reads all files of one pool beside others.
pub(in crate::cognito) fn pool_into(files: &[Source], mistakes: &mut Mistakes) -> Option<Pool> {
    let mut parts = Parts::default();
    for source in files {
        match json::parse(source, &Limits::default()) {
            Ok(tree) => file(&mut Reader::new(source, mistakes), tree.root(), &mut parts),
            Err(diagnostic) => {
                // It may have been the description.
                parts.is_described = true;
                mistakes.add(*diagnostic);
            }
        }
    }
    let last = files.last().cloned().unwrap_or_else(|| Source::new("identity pool", ""));
    parts.assemble(&last, mistakes)
}

/// What the AWS CLI would print of one resource of a template. Which it is, its type says and not its members, so that a
/// member of another output is an unknown one.
pub(super) enum Output {
    Description(Tree),
    Roles(Tree),
    TagMap(Tree),
}

/// Reads a pool from a template: `outputs` writes down what the AWS CLI would print.
pub(in crate::cognito) fn template(
    source: &Source,
    outputs: impl FnOnce(&mut Reader<'_>, Value<'_>) -> Vec<Output>,
) -> Result<Pool, ReadError> {
    let mut mistakes = Mistakes::default();
    let mut parts = Parts::default();
    match json::parse(source, &Limits::default()) {
        Ok(tree) => {
            let value = tree.root();
            let mut reader = Reader::new(source, &mut mistakes);
            // A member that is there twice says two things, and whatever is read further would be one of them.
            let outputs = if reader.repeats_no_member(value) { outputs(&mut reader, value) } else { Vec::new() };
            for output in &outputs {
                match output {
                    Output::Description(tree) => described(&mut reader, tree.root(), &DESCRIPTION, &mut parts),
                    Output::Roles(tree) => roles_file(&mut reader, tree.root(), &mut parts),
                    Output::TagMap(tree) => tag_map_file(&mut reader, tree.root(), &mut parts),
                }
            }
        }
        Err(diagnostic) => mistakes.add(*diagnostic),
    }
    // If it is not described because of a mistake, that has been told.
    parts.is_described |= !mistakes.is_empty();
    let pool = parts.assemble(source, &mut mistakes);
    mistakes.into_result(pool)
}

/// The clients of OIDC providers: what `get-open-id-connect-provider` prints, under the ARN of the provider (Rule C12).
pub(in crate::cognito) fn client_ids(
    reader: &mut Reader<'_>,
    value: Value<'_>,
) -> Option<Vec<(Box<str>, Vec<String>)>> {
    let known = ["ClientIDList", "Url", "ThumbprintList", "CreateDate", "Tags"];
    let mut clients = Some(Vec::new());
    for member in reader.map("C12", value, "an object of providers")? {
        let fields = reader.object("C12", member.value(), &["ClientIDList"], &known);
        let ids = fields.and_then(|fields| reader.texts("C12", fields.get("ClientIDList")?));
        clients = clients.zip(ids).map(|(mut clients, ids)| {
            clients.push((Box::from(member.name()), ids));
            clients
        });
    }
    clients
}

fn file(reader: &mut Reader<'_>, value: Value<'_>, parts: &mut Parts) {
    let Kind::Object(members) = value.kind() else {
        return reader.wrong_type("C4", value, "an object, as the AWS CLI prints it");
    };
    // Wrong letter case is a mistake of its own, told by the reader of the file (Rule C7).
    let holds = |name: &&str| members.iter().any(|member| member.name().eq_ignore_ascii_case(name));
    if ["IdentityProviderName", "UseDefaults"].iter().any(holds) {
        tag_map_file(reader, value, parts);
    } else if DESCRIPTION.iter().skip(1).any(holds) {
        description_file(reader, value, parts);
    } else {
        roles_file(reader, value, parts);
    }
}

/// `describe-identity-pool`, alone or with the members of the other outputs merged in (Rule C4).
fn description_file(reader: &mut Reader<'_>, value: Value<'_>, parts: &mut Parts) {
    let known: Vec<&str> = DESCRIPTION.iter().chain(ROLES.iter().skip(1)).copied().chain(["PrincipalTags"]).collect();
    described(reader, value, &known, parts);
}

/// `describe-identity-pool` with the members that are known where it stands.
fn described(reader: &mut Reader<'_>, value: Value<'_>, known: &[&str], parts: &mut Parts) {
    parts.is_described = true;
    let required = ["IdentityPoolId", "IdentityPoolName", "AllowUnauthenticatedIdentities"];
    let Some(fields) = reader.object("C4", value, &required, known) else { return };
    pool_id(reader, fields, parts);
    let description = description(reader, fields);
    parts.describe(reader, value, description);
    if fields.get("Roles").is_some() || fields.get("RoleMappings").is_some() {
        let settings = settings(reader, fields);
        parts.settle(reader, value, settings);
    }
    if let Some(maps) = fields.get("PrincipalTags").and_then(|maps| reader.map("C7", maps, "an object of tag maps")) {
        for member in maps {
            let name = (member.name(), member.name_span());
            tag_map::merged(reader, name, member.value(), parts);
        }
    }
}

/// `get-identity-pool-roles` (Rule C5).
fn roles_file(reader: &mut Reader<'_>, value: Value<'_>, parts: &mut Parts) {
    let Some(fields) = reader.object("C5", value, &["IdentityPoolId"], &ROLES) else { return };
    pool_id(reader, fields, parts);
    let settings = settings(reader, fields);
    parts.settle(reader, value, settings);
}

/// `get-principal-tag-attribute-map` (Rule C7).
fn tag_map_file(reader: &mut Reader<'_>, value: Value<'_>, parts: &mut Parts) {
    let required = ["IdentityPoolId", "IdentityProviderName", "UseDefaults"];
    let known = ["IdentityPoolId", "IdentityProviderName", "UseDefaults", "PrincipalTags"];
    let Some(fields) = reader.object("C7", value, &required, &known) else { return };
    pool_id(reader, fields, parts);
    let Some(provider) = fields.get("IdentityProviderName") else { return };
    let name = reader.form("C7", provider, "provider name", &names::PROVIDER_NAME);
    if let Some(name) = name {
        tag_map::fields(reader, (name, provider.span()), value, fields, parts);
    }
}

/// Rules C4, C5 and C47: one id in all files, of partition `aws`.
fn pool_id(reader: &mut Reader<'_>, fields: Fields<'_>, parts: &mut Parts) {
    let Some(value) = fields.get("IdentityPoolId") else { return };
    let Some(text) = reader.string("C4", value) else { return };
    let Some(region) = names::region_of_id(text) else {
        reader.check("C4", value.span(), "identity pool id", text, false, "`REGION:GUID`, at most 55 characters");
        return;
    };
    let expected = "a region of partition `aws`";
    if reader
        .check("C47", value.span(), "identity pool id", text, !names::is_foreign_region(region), expected)
        .is_some()
    {
        parts.identify(reader, value, text);
    }
}

fn description(reader: &mut Reader<'_>, fields: Fields<'_>) -> Description {
    let mut description = Description::default();
    if let Some(value) = fields.get("IdentityPoolName") {
        let name = reader.form("C4", value, "name of an identity pool", &names::POOL_NAME);
        description.name = name.unwrap_or_default().into();
    }
    if let Some(value) = fields.get("AllowUnauthenticatedIdentities") {
        description.admits_guests = reader.boolean("C4", value).unwrap_or_default();
    }
    description.classic_flow = fields.get("AllowClassicFlow").and_then(|value| reader.boolean("C4", value));
    if let Some(value) = fields.get("SupportedLoginProviders") {
        description.social = social(reader, value);
    }
    if let Some(value) = fields.get("DeveloperProviderName") {
        let name = reader.form("C4", value, "developer provider name", &names::DEVELOPER_NAME);
        description.developer = name.map(Box::from);
    }
    if let Some(value) = fields.get("OpenIdConnectProviderARNs") {
        description.oidc = provider_arns(reader, value, "oidc-provider/");
    }
    if let Some(value) = fields.get("SamlProviderARNs") {
        description.saml = provider_arns(reader, value, "saml-provider/");
    }
    if let Some(value) = fields.get("CognitoIdentityProviders") {
        let entries = reader.list("C4", value).unwrap_or_default();
        description.user_pools = entries.iter().filter_map(|entry| user_pool(reader, entry)).collect();
    }
    // They play no part in decisions (Rule C4), but a file is checked whole.
    if let Some(tags) = fields.get("IdentityPoolTags").and_then(|value| reader.map("C4", value, "an object of strings"))
    {
        tags.iter().for_each(|tag| {
            reader.string("C4", tag.value());
        });
    }
    description
}

fn social(reader: &mut Reader<'_>, value: Value<'_>) -> Vec<(Box<str>, Box<str>)> {
    let members = reader.map("C4", value, "an object of app ids").unwrap_or_default();
    if members.len() > 10 {
        let found = format!("{} providers", members.len());
        reader.report("C4", value.span(), "too many social providers", found, "at most 10");
    }
    let mut providers = Vec::new();
    for member in members {
        let Form { expected, .. } = names::PROVIDER_NAME;
        let fits = names::PROVIDER_NAME.fits(member.name());
        let name = reader.check("C4", member.name_span(), "provider name", member.name(), fits, expected);
        let app = reader.form("C4", member.value(), "app id", &names::APP_ID);
        providers.extend(name.zip(app).map(|(name, app)| (name.into(), app.into())));
    }
    providers
}

fn provider_arns(reader: &mut Reader<'_>, value: Value<'_>, word: &str) -> Vec<Box<str>> {
    let items = reader.list("C4", value).unwrap_or_default();
    let expected = format!("`arn:aws:iam::ACCOUNT:{word}NAME`, 20 to 2,048 characters");
    let mut arns = Vec::new();
    for item in items {
        let Some(text) = reader.string("C4", item) else { continue };
        let fits = names::provider_of_arn(text, word).is_some();
        arns.extend(reader.check("C4", item.span(), "provider ARN", text, fits, &expected).map(Box::from));
    }
    arns
}

fn user_pool(reader: &mut Reader<'_>, value: Value<'_>) -> Option<(Box<str>, Box<str>)> {
    let known = ["ProviderName", "ClientId", "ServerSideTokenCheck"];
    let fields = reader.object("C4", value, &["ProviderName", "ClientId"], &known)?;
    if let Some(value) = fields.get("ServerSideTokenCheck") {
        reader.boolean("C4", value);
    }
    let provider = fields.get("ProviderName")?;
    let name = reader.form("C4", provider, "provider name", &names::USER_POOL_NAME);
    let name = name.and_then(|name| {
        let is_ours = !names::is_foreign_user_pool(name);
        reader.check("C47", provider.span(), "provider name", name, is_ours, "a user pool of partition `aws`")
    });
    let client = reader.form("C4", fields.get("ClientId")?, "client id", &names::CLIENT_ID);
    Some((name?.into(), client?.into()))
}

fn settings(reader: &mut Reader<'_>, fields: Fields<'_>) -> Settings {
    let mut settings = Settings::default();
    let names = ["authenticated", "unauthenticated"];
    if let Some(roles) = fields.get("Roles").and_then(|value| reader.object("C5", value, &[], &names)) {
        let mut role = |name| roles.get(name).and_then(|value| mapping::role_arn(reader, value)).map(Box::from);
        settings.authenticated = role("authenticated");
        settings.unauthenticated = role("unauthenticated");
    }
    if let Some(value) = fields.get("RoleMappings") {
        settings.mappings = mapping::mappings(reader, value);
    }
    settings
}
