//! How an exchange came to its result, as data (Rule C37): provider → mapping → rules → role → tags → trust → session.
//!
//! It names claims. Their values are personal data and are in it only if the exchange was asked to show them.

mod record;
mod text;

use serde::Serialize;

use super::choice::ChosenBy;
use super::error::FlowKind;
use super::pool::Ambiguity;
use super::provider::ProviderKind;
use super::rules::RuleOutcome;
use crate::decision::{ContextText, Explanation, MatchedStatement, Outcome};

/// Why an exchange ended as it did. A step that was not reached is empty.
///
/// `Display` prints it for people; serialized, it is the JSON of `iamtree role`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Trace {
    /// The flow (Rules C40, C41).
    pub flow: FlowKind,
    /// The id of the pool.
    pub identity_pool_id: String,
    /// The identity.
    pub identity_id: String,
    /// Whether it is a guest (Rule C10).
    pub guest: bool,
    /// The logins that were admitted, in order, each with the role it leads to.
    pub logins: Vec<LoginTrace>,
    /// The role, and what chose it.
    pub role: Option<RoleTrace>,
    /// The tags the maps name, and those of a back end (Rules C50, C34).
    pub tags: Vec<TagTrace>,
    /// What the role's trust policy was asked (Rules C45, C52).
    pub trust: Vec<TrustTrace>,
    /// The session policies that were added (Rules C41, C42).
    pub session_policies: Vec<String>,
    /// The context keys that every request of the session carries (Rule C60).
    pub session_keys: Vec<KeyTrace>,
}

/// One login on its way to a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginTrace {
    /// The login key.
    pub provider: String,
    /// What it names.
    pub provider_kind: ProviderKind,
    /// The mapping that applies; none in the basic flow, and where the default role does (Rules C16, C17).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingTrace>,
    /// The role, and what chose it; none if this login failed, was not looked at, or the client names the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleTrace>,
}

/// A role mapping and what became of its rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MappingTrace {
    /// Its key in `RoleMappings`.
    pub key: String,
    /// `Token` or `Rules`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `AmbiguousRoleResolution`, if the file says it.
    pub ambiguous_role_resolution: Option<Ambiguity>,
    /// The rules that were looked at, in order. The walk ends at the first that matches or is undecidable; for a
    /// custom role, all are looked at (Rules C24, C31).
    pub rules: Vec<RuleTrace>,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleTrace {
    /// Its index in `Rules`, from 0.
    pub index: usize,
    /// Its claim, match type and value.
    pub text: String,
    /// Its role.
    pub role_arn: String,
    /// What became of it.
    pub outcome: RuleOutcome,
}

/// A role and what chose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleTrace {
    /// The role.
    pub arn: String,
    /// What chose it.
    pub chosen_by: ChosenBy,
}

/// A tag that a map or a back end names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TagTrace {
    /// Its key.
    pub key: String,
    /// The login key of the provider.
    pub provider: String,
    /// The claim it is filled from; none if a back end passes it.
    pub claim: Option<String>,
    /// Whether the session has it; not if the claim is absent (Rule C51).
    pub is_set: bool,
    /// Its value, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// A question to the role's trust policy and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustTrace {
    /// `sts:AssumeRoleWithWebIdentity` or `sts:TagSession`.
    pub action: &'static str,
    /// The answer; none if the question could not be asked.
    pub decision: Option<Outcome>,
    /// The statements that admitted or refused.
    pub statements: Vec<MatchedStatement>,
    /// The whole explanation, if the answer is no and values may be shown: it holds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Box<Explanation>>,
    /// Why the question could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A context key of the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyTrace {
    /// Its name.
    pub key: String,
    /// Its value, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<ContextText>,
}
