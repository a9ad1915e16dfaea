//! What a session reaches: the S3 buckets and prefixes, the DynamoDB tables and leading keys its policies open.
//!
//! Nothing is sampled. Every statement is taken with the values of the session filled in (`residual`): variables become
//! text, conditions that only read keys of the session are decided, what is left is a statement about the request alone.
//! A grant is then one allow of the role, of the boundary if there is one, and of a session policy if there is one,
//! taken together (`combine`); the denies that can hit it stay beside it as cuts. So for every request
//!
//! ```text
//! allowed  ⇔  some grant covers action and resource, its conditions hold, and no cut of it hits
//! ```
//!
//! which a property test holds against [`CognitoSession::decide`] for resources of the role's account. Resource policies
//! and control policies of organizations are not looked at; in another account the owner has to allow as well.

mod budget;
mod combine;
mod glob;
mod residual;
mod space;
mod text;

use serde::Serialize;

use super::session::CognitoSession;
use crate::decision::MatchedStatement;
use crate::request::{RequestAction, RequestError, RequestErrorKind};
use crate::source::quote;

/// The services whose resources are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Buckets and objects.
    S3,
    /// Tables and indexes.
    DynamoDb,
}

/// What a session reaches.
///
/// Serialized, it is the JSON of `iamtree reach`; `Display` draws it as a tree of prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reach {
    /// The role of the session.
    pub role_arn: String,
    /// The identity.
    pub identity_id: String,
    /// What is open, in the order of services and resources.
    pub grants: Vec<ResourceGrant>,
}

/// Resources that are open, to whom of the actions, and what limits it.
///
/// Patterns are texts of a policy of version 2012-10-17: `*` and `?` are wildcards, `${*}` is a star, and `${key}` is
/// the value of a key of the request. Nothing reaches out of the partition of the role (Rule E7): `*` is everything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceGrant {
    /// The service.
    pub service: Service,
    /// The resources: one pattern, or several that all have to match.
    pub resource: Patterns,
    /// Whether the resources belong to another account, whose owner has to allow too (Rule E28).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub owner_must_allow: bool,
    /// Of these resources, those that are not open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except_resources: Vec<String>,
    /// The actions: any of them.
    pub actions: Vec<Patterns>,
    /// Of these actions, those that are not open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except_actions: Vec<String>,
    /// What the request has to look like besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RemainingCondition>,
    /// The statements that allow it, one of each kind of policy that has a say.
    pub statements: Vec<MatchedStatement>,
    /// The denies that cut into it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<Cut>,
}

/// One pattern, or several that all have to match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum Patterns {
    /// One.
    One(String),
    /// All of these.
    All(Vec<String>),
}

/// A deny that hits some of what is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cut {
    /// The actions it denies: any of them.
    pub actions: Vec<String>,
    /// The actions it does not deny.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except_actions: Vec<String>,
    /// The resources it denies: any of them.
    pub resources: Vec<String>,
    /// The resources it does not deny.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except_resources: Vec<String>,
    /// When it denies; always if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RemainingCondition>,
    /// The statement.
    pub statement: MatchedStatement,
}

/// A condition that the session alone does not decide, its values filled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemainingCondition {
    /// The operator.
    pub operator: String,
    /// The context key.
    pub key: String,
    /// The values, as texts of a policy.
    pub values: Vec<String>,
}

impl Reach {
    /// Works out what a session reaches, with any action or with one.
    ///
    /// # Errors
    ///
    /// Returns an error if the action is malformed or belongs to another service than S3 and DynamoDB, and if the policies
    /// are so many or their patterns so long that laying them over each other would not end in good time (T3, T8). There
    /// is no partial answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::cognito::{Exchange, Pool, Reach, Role, Roles};
    /// use iamtree::{Document, PolicyKind};
    ///
    /// let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    ///     "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}}"#;
    /// let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
    ///     "Resource": "arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"}}"#;
    /// let trust = Document::parse(PolicyKind::Trust, "trust.json", trust)?;
    /// let policy = Document::parse(PolicyKind::Identity, "visitor.json", policy)?;
    /// let roles = Roles::new().with(Role::new("arn:aws:iam::111122223333:role/Visitor", trust)?.policy(policy))?;
    /// let pool = Pool::parse("pool.json", r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "photos",
    ///     "AllowUnauthenticatedIdentities": true, "Roles": {"unauthenticated": "arn:aws:iam::111122223333:role/Visitor"}}"#)?;
    /// let session = Exchange::new(&pool, &roles, "us-east-1:0f1e").run()?;
    ///
    /// let reach = Reach::of(&session, None)?;
    /// assert_eq!(reach.to_string(), "\
    /// s3
    ///   photos/us-east-1:0f1e/*
    ///     GetObject
    /// ");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(session: &CognitoSession, action: Option<&str>) -> Result<Self, RequestError> {
        let action = match action {
            Some(text) => Some(wanted(text)?),
            None => None,
        };
        Ok(Reach {
            role_arn: session.role_arn().to_owned(),
            identity_id: session.trace().identity_id.clone(),
            grants: combine::grants(session, action)?,
        })
    }
}

/// The service and the name of an action.
fn wanted(text: &str) -> Result<(Service, &str), RequestError> {
    let action = RequestAction::parse(text)?;
    match Service::ALL.into_iter().find(|service| service.prefix().eq_ignore_ascii_case(action.service)) {
        Some(service) => Ok((service, action.name)),
        None => {
            let message =
                format!("an action of another service: found {}, expected one of `s3` or `dynamodb`", quote(text));
            Err(RequestError::new(RequestErrorKind::Action, "C65", message))
        }
    }
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 2] = [Service::S3, Service::DynamoDb];

    /// What actions and ARNs call it.
    pub fn prefix(self) -> &'static str {
        match self {
            Service::S3 => "s3",
            Service::DynamoDb => "dynamodb",
        }
    }
}

impl Patterns {
    /// All the patterns.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Patterns::One(text) => std::slice::from_ref(text),
            Patterns::All(texts) => texts.as_slice(),
        };
        texts.iter().map(String::as_str)
    }
}

/// Keys whose values name the partition key of an item (Rule C66).
const LEADING_KEYS: [&str; 2] = ["dynamodb:LeadingKeys", "dynamodb:FirstPartitionKeyValues"];

impl ResourceGrant {
    /// The leading keys of the items that are open, if a condition limits them; and whether a request that names none is
    /// open as well, because `ForAllValues` is true of nothing (Rule C66).
    pub fn leading_keys(&self) -> Option<(&[String], bool)> {
        let tests_keys =
            |condition: &&RemainingCondition| is_of_leading_keys(condition) && condition.operator != "Null";
        let condition = self.conditions.iter().find(tests_keys)?;
        let is_guarded = self.conditions.iter().any(|other| {
            other.operator == "Null" && other.key.eq_ignore_ascii_case(&condition.key) && other.values == ["false"]
        });
        Some((&condition.values, !is_guarded))
    }
}

/// A condition that the line of leading keys tells whole: a test of equality or likeness, or the guard beside it.
fn is_of_leading_keys(condition: &RemainingCondition) -> bool {
    let is_key = LEADING_KEYS.iter().any(|key| key.eq_ignore_ascii_case(&condition.key));
    let is_test = ["ForAllValues:StringEquals", "ForAllValues:StringLike"].contains(&condition.operator.as_str());
    let is_guard = condition.operator == "Null" && condition.values == ["false"];
    is_key && (is_test || is_guard)
}
