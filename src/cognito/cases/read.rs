//! Text → cases. Every mistake of a file is collected; a file with one is refused whole.

use std::collections::HashSet;

use super::{Case, Expected, Question};
use crate::cognito::claims::{Claims, VerifiedClaims};
use crate::cognito::error::{Exception, ReadError};
use crate::cognito::exchange::BasicFlow;
use crate::cognito::groups::with_groups;
use crate::cognito::login::Login;
use crate::cognito::pool::Pool;
use crate::cognito::read::{self, Mistakes, Opener, Reader};
use crate::cognito::role::Roles;
use crate::decision::Outcome;
use crate::document::{Document, PolicyKind};
use crate::json::{self, Kind, Limits, Member, Members, Value};
use crate::request::{ContextValue, Request, RequestError};
use crate::source::{Source, quote};

/// Reads a case file. `open` returns the bytes of a file that a case names, its path joined to the folder of the case
/// file, or says why there are none.
///
/// # Errors
///
/// Returns every mistake of the file, with line and column. A pool that breaks a rule is no mistake of the file: a
/// case may expect that.
pub fn read(file: &Source, mut open: impl FnMut(&str) -> Result<Vec<u8>, String>) -> Result<Vec<Case>, ReadError> {
    let mut mistakes = Mistakes::default();
    let mut opener = Opener::new(&mut open);
    let mut names = HashSet::new();
    let mut cases = Vec::new();
    for (line, text) in (1..).zip(file.text().lines()).filter(|(_, text)| !text.trim().is_empty()) {
        // A case is read as a text of its own, called after its line: each has its own limits.
        let source = Source::new(&format!("{}:{line}", file.name()), text);
        match json::parse(&source, &Limits::default()) {
            Ok(tree) => {
                let value = tree.root();
                let mut reader = Reader::new(&source, &mut mistakes);
                let Some(case) = case(&mut reader, value, (file, line), &mut opener) else { continue };
                if !names.insert(case.name.clone()) {
                    let found = quote(&case.name);
                    reader.report("C3", value.span(), "a second case of one name", found, "a unique name");
                }
                cases.push(case);
            }
            Err(diagnostic) => mistakes.add(*diagnostic),
        }
    }
    mistakes.into_result(Some(cases))
}

const MEMBERS: [&str; 15] = [
    "name",
    "source",
    "tier",
    "pool",
    "roles",
    "oidcProviders",
    "login",
    "identityId",
    "customRoleArn",
    "flow",
    "roleArn",
    "roleSessionName",
    "sessionPolicies",
    "expect",
    "requests",
];

const REQUIRED: [&str; 7] = ["name", "pool", "roles", "login", "identityId", "flow", "expect"];

fn case(
    reader: &mut Reader<'_>,
    value: Value<'_>,
    (file, line): (&Source, u32),
    opener: &mut Opener<'_>,
) -> Option<Case> {
    let fields = reader.object("C3", value, &REQUIRED, &MEMBERS)?;
    let mut text = |name: &str| fields.get(name).map(|value| reader.string("C3", value).map(str::to_owned));
    let (name, rules) = (text("name")?, text("source"));
    let (identity_id, flow) = (text("identityId")?, text("flow")?);
    let (custom_role, role_arn, session_name) = (text("customRoleArn"), text("roleArn"), text("roleSessionName"));
    let pool = pool(reader, fields.get("pool")?, fields.get("oidcProviders"), opener);
    let roles = roles(reader, fields.get("roles")?, opener);
    let logins = logins(reader, fields.get("login")?, opener);
    let session_policies = match fields.get("sessionPolicies") {
        Some(value) => documents(reader, PolicyKind::Session, value, opener),
        None => Some(Vec::new()),
    };
    let flow_value = fields.get("flow")?;
    let basic = match flow?.as_str() {
        "enhanced" => None,
        "basic" => {
            let session_name = session_name.map_or(Some("session".to_owned()), |name| name)?;
            let basic = basic(&role_arn.unwrap_or(Some(String::new()))?, &session_name, session_policies?);
            Some(note(reader, flow_value, basic)?)
        }
        other => {
            reader.check("C40", flow_value.span(), "flow", other, false, "`enhanced` or `basic`");
            return None;
        }
    };
    let expected = expected(reader, fields.get("expect")?);
    let questions = match fields.get("requests") {
        Some(value) => {
            let items = reader.list("C3", value)?;
            items.iter().map(|item| question(reader, item, opener)).collect()
        }
        None => Some(Vec::new()),
    };
    Some(Case {
        name: name?,
        rules: rules.flatten(),
        file: file.name().to_owned(),
        line,
        pool: pool?,
        roles: roles?,
        logins: logins?,
        identity_id: identity_id?,
        custom_role: match custom_role {
            Some(role) => Some(role?),
            None => None,
        },
        basic,
        expected: expected?,
        questions: questions?,
    })
}

fn basic(role_arn: &str, session_name: &str, policies: Vec<Document>) -> Result<BasicFlow, RequestError> {
    policies.into_iter().try_fold(BasicFlow::new(role_arn, session_name)?, BasicFlow::session_policy)
}

/// The pool; what is wrong with it is an answer. `None` is a mistake of the file.
fn pool(
    reader: &mut Reader<'_>,
    value: Value<'_>,
    oidc: Option<Value<'_>>,
    opener: &mut Opener<'_>,
) -> Option<Result<Pool, ReadError>> {
    let files: Vec<Source> = match value.kind() {
        Kind::String(path) => vec![opener.open(reader, value, path)?],
        Kind::Array(items) => {
            let open = |item| {
                let path = reader.string("C3", item)?;
                opener.open(reader, item, path)
            };
            items.iter().map(open).collect::<Option<_>>()?
        }
        _ => vec![read::inline(reader.source(), value)],
    };
    let mut pool = read::pool(&files);
    if let Some(oidc) = oidc {
        let clients = read::client_ids(reader, oidc)?;
        pool = pool.map(|pool| clients.into_iter().fold(pool, |pool, (arn, ids)| pool.client_ids(&arn, ids)));
    }
    Some(pool)
}

fn roles(reader: &mut Reader<'_>, value: Value<'_>, opener: &mut Opener<'_>) -> Option<Roles> {
    let Kind::String(path) = value.kind() else { return read::roles(reader, value, opener) };
    let source = opener.open(reader, value, path)?;
    match json::parse(&source, &Limits::default()) {
        Ok(tree) => reader.within(&source, |inner| read::roles(inner, tree.root(), opener)),
        Err(diagnostic) => {
            reader.pass_on(*diagnostic);
            None
        }
    }
}

fn logins(reader: &mut Reader<'_>, value: Value<'_>, opener: &mut Opener<'_>) -> Option<Vec<Login>> {
    match value.kind() {
        Kind::Null => Some(Vec::new()),
        Kind::Array(items) => items.iter().map(|item| login(reader, item, opener)).collect(),
        _ => login(reader, value, opener).map(|login| vec![login]),
    }
}

fn login(reader: &mut Reader<'_>, value: Value<'_>, opener: &mut Opener<'_>) -> Option<Login> {
    let known = ["provider", "claims", "groups", "principalTags"];
    let fields = reader.object("C3", value, &["provider", "claims"], &known)?;
    let provider = reader.string("C8", fields.get("provider")?)?;
    let mut claims = claims(reader, fields.get("claims")?, opener)?;
    if let Some(value) = fields.get("groups") {
        claims = with_groups(claims, &read::groups(reader, value)?);
    }
    let tags = match fields.get("principalTags") {
        Some(value) => reader.map("C34", value, "an object of texts")?,
        None => Members::default(),
    };
    let tag = |tag: Member<'_>| Some((Box::from(tag.name()), reader.string("C34", tag.value())?.to_owned()));
    let tags: Vec<(Box<str>, String)> = tags.iter().map(tag).collect::<Option<_>>()?;
    let tags = tags.iter().map(|(key, value)| (&**key, value.as_str()));
    Some(Login::new(provider, VerifiedClaims::assume_verified(claims)).developer_tags(tags))
}

fn claims(reader: &mut Reader<'_>, value: Value<'_>, opener: &mut Opener<'_>) -> Option<Claims> {
    let Kind::String(path) = value.kind() else { return Claims::read(reader, value) };
    let source = opener.open(reader, value, path)?;
    match Claims::parse(source.name(), source.text()) {
        Ok(claims) => Some(claims),
        Err(error) => {
            error.diagnostics().iter().cloned().for_each(|diagnostic| reader.pass_on(diagnostic));
            None
        }
    }
}

fn expected(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Expected> {
    let fields = reader.object("C3", value, &[], &["role", "context", "absent", "error"])?;
    if let Some(error) = fields.get("error") {
        let name = reader.string("C3", error)?;
        let exception = Exception::ALL.into_iter().find(|exception| exception.as_str() == name);
        let names = Exception::ALL.map(Exception::as_str).join(", ");
        reader.check("C3", error.span(), "name of an exception", name, exception.is_some(), &names)?;
        return exception.map(Expected::Error);
    }
    let Some(role) = fields.get("role") else {
        reader.report("C3", value.span(), "nothing is expected", "neither a role nor an error", "one of the two");
        return None;
    };
    let role = reader.string("C3", role)?.to_owned();
    let context = context(reader, fields.get("context"))?;
    let absent = fields.get("absent").map_or(Some(Vec::new()), |value| reader.texts("C3", value))?;
    Some(Expected::Session { role, context, absent })
}

fn question(reader: &mut Reader<'_>, value: Value<'_>, opener: &mut Opener<'_>) -> Option<Question> {
    let known = ["action", "resource", "expect", "context", "resourcePolicy"];
    let fields = reader.object("C3", value, &["action", "resource", "expect"], &known)?;
    let action = reader.string("C3", fields.get("action")?)?.to_owned();
    let resource = reader.string("C3", fields.get("resource")?)?.to_owned();
    let expect = fields.get("expect")?;
    let text = reader.string("C3", expect)?;
    let outcomes = [Outcome::Allowed, Outcome::ExplicitDeny, Outcome::ImplicitDeny];
    let outcome = outcomes.into_iter().find(|outcome| outcome.as_str() == text);
    let names = outcomes.map(Outcome::as_str).join(", ");
    reader.check("C3", expect.span(), "answer", text, outcome.is_some(), &names)?;
    let context = context(reader, fields.get("context"))?;
    let resource_policy = match fields.get("resourcePolicy") {
        // The session's caller is a role session, whoever it is; what the policy is read as is up to the rest (Rule E33).
        Some(value) => {
            let kind =
                Request::unnamed(&action, &resource).map_or(PolicyKind::Resource, |asked| asked.resource_policy_kind());
            Some(read::document(reader, kind, value, opener)?)
        }
        None => None,
    };
    Some(Question { action, resource, expected: outcome?, context, resource_policy })
}

fn context(reader: &mut Reader<'_>, value: Option<Value<'_>>) -> Option<Vec<(String, ContextValue<'static>)>> {
    let members =
        value.map_or(Some(Members::default()), |value| reader.map("C60", value, "an object of context keys"))?;
    let entry = |member: Member<'_>| {
        let value = match member.value().kind() {
            Kind::Array(_) => ContextValue::from(reader.texts("C60", member.value())?),
            _ => ContextValue::from(reader.string("C60", member.value())?.to_owned()),
        };
        Some((member.name().to_string(), value))
    };
    members.iter().map(entry).collect()
}

fn documents(
    reader: &mut Reader<'_>,
    kind: PolicyKind,
    value: Value<'_>,
    opener: &mut Opener<'_>,
) -> Option<Vec<Document>> {
    let items = reader.list("C3", value)?;
    items.iter().map(|item| read::document(reader, kind, item, opener)).collect()
}

fn note<T>(reader: &mut Reader<'_>, value: Value<'_>, result: Result<T, RequestError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            reader.report("C41", value.span(), "a basic flow that cannot be", error.to_string(), "one that can");
            None
        }
    }
}
