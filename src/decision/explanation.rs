//! An explanation as data: the fields of Rule E66, serialized in their order with the names AWS uses.
//!
//! The JSON of `iamtree eval --format json` is this structure. Fields are added in later versions, never renamed
//! or removed.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{GrantLevel, Outcome, Reason};
use crate::document::Effect;
use crate::request::{OwnerSource, PrincipalKind};
use crate::source::Position;

/// Why a request was decided as it was, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The answer, spelled as the simulator API does.
    pub decision: Outcome,
    /// The reason code.
    pub reason: Reason,
    /// One sentence in the form AWS prints.
    pub message: String,
    /// The caller as it was classified (Rule E2).
    pub principal: PrincipalSummary,
    /// The action asked for.
    pub action: String,
    /// The resource asked for.
    pub resource: String,
    /// Whether caller and owner are one account (Rule E5).
    pub same_account: bool,
    /// The owner's account (Rule E4).
    pub resource_account: Option<String>,
    /// What says so.
    pub resource_account_source: OwnerSource,
    /// The checks in AWS's order (Rule E65).
    pub checks: Vec<CheckResult>,
    /// The deny statements if explicitly denied, the allow statements that decided if allowed, else none.
    pub matched_statements: Vec<MatchedStatement>,
    /// Context keys that statements refer to and the request lacks (Rule E67).
    pub missing_context_values: Vec<MissingContextValue>,
    /// Keys the engine derived, with their values (Rules E56, E60).
    pub derived_context: BTreeMap<String, ContextText>,
    /// For an implicit denial, the statements that came closest (Rule E68).
    pub near_misses: Vec<NearMiss>,
    /// What the engine assumed, or could not honour.
    pub warnings: Vec<Warning>,
}

/// The caller as it was classified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrincipalSummary {
    /// The principal as given; none if it was left out.
    pub principal: Option<String>,
    /// Its kind (Rule E2).
    pub kind: PrincipalKind,
    /// Its account (Rule E3).
    pub account: Option<String>,
    /// Its partition (Rule E3).
    pub partition: Option<String>,
    /// Whether it is a service-linked role (Rule E63).
    pub service_linked_role: bool,
}

/// One check and how it came out (Rule E65).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckResult {
    /// Which check.
    pub check_type: CheckType,
    /// The level, for service and resource control policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// How it came out.
    pub effect: CheckEffect,
    /// The kinds of policy that satisfied or touched it, such as `identity`.
    pub relevant_policy_types: Vec<&'static str>,
    /// Policies with statements that matched.
    pub matched_policies: Vec<MatchedPolicy>,
}

/// The checks in AWS's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckType {
    /// Resource control policies of one level.
    ResourceControlPolicy,
    /// Service control policies of one level.
    ServiceControlPolicy,
    /// The VPC endpoint policy.
    VpcEndpoint,
    /// The resource-based or trust policy.
    Resource,
    /// The identity-based policies.
    Principal,
    /// The permissions boundary.
    PermissionsBoundary,
    /// The session policies.
    Session,
}

/// A level of service or resource control policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// From 0 at the organization root.
    pub level: u16,
    /// What the set calls it.
    pub name: String,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CheckEffect {
    /// An allow of it counted.
    Allow,
    /// It neither allowed nor had to.
    NoImpact,
    /// Its allow was required and is missing.
    ImplicitDeny,
    /// One of its denies matched.
    ExplicitDeny,
}

/// A policy with the statements of it that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchedPolicy {
    /// The name of the document.
    pub policy_id: String,
    /// Its kind, such as `identity`.
    pub policy_type: &'static str,
    /// The statements.
    pub statements: Vec<StatementRef>,
}

/// A statement as people find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatementRef {
    /// Its `Sid`, if it has a non-empty one.
    pub sid: Option<String>,
    /// Its index in the document, from 0.
    pub index: u32,
    /// Its effect.
    pub effect: Effect,
    /// How its principal names the caller, in policies that have one: the strongest level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_level: Option<GrantLevel>,
    /// Where it begins.
    pub start_position: Position,
    /// The place behind its last character.
    pub end_position: Position,
}

/// A statement that decided, in the shape of the simulator API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchedStatement {
    /// The name of its document.
    pub source_policy_id: String,
    /// The kind of policy, such as `identity`.
    pub source_policy_type: &'static str,
    /// The statement.
    #[serde(flatten)]
    pub statement: StatementRef,
}

/// A context key that a statement refers to and the request lacks (Rule E67).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingContextValue {
    /// The key, as the statement writes it.
    pub key: String,
    /// The kind of policy.
    pub policy_type: &'static str,
    /// The name of the document.
    pub policy_id: String,
    /// The statement.
    pub statement: StatementRef,
    /// Where the statement refers to it.
    pub place: MissingPlace,
    /// What its absence did.
    pub effect: Absence,
}

/// Where a statement refers to a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingPlace {
    /// As the key of a condition under this operator.
    ConditionKey(String),
    /// In a variable of a value of a condition under this operator.
    ConditionValue(String),
    /// In a variable of this resource pattern.
    Resource(String),
}

/// What the absence of a key did to a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Absence {
    /// The statement did not match because of it.
    StatementSkipped,
    /// The condition or pattern held, or mattered not, although the key was absent.
    HeldBecauseAbsent,
}

/// A statement that nearly allowed (Rule E68).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NearMiss {
    /// The check it would have satisfied.
    pub check_type: CheckType,
    /// The name of its document.
    pub policy_id: String,
    /// The kind of policy.
    pub policy_type: &'static str,
    /// The statement.
    pub statement: StatementRef,
    /// The elements that failed.
    pub failed: Vec<FailedElement>,
}

/// An element of a statement that did not match, what it wanted and what it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "element")]
pub enum FailedElement {
    /// `Principal` or `NotPrincipal`.
    #[serde(rename_all = "camelCase")]
    Principal {
        /// The entries as written.
        wanted: Vec<String>,
        /// The caller; none if it was left out.
        actual: Option<String>,
        /// Whether the element is `NotPrincipal`.
        negated: bool,
    },
    /// `Action` or `NotAction`.
    #[serde(rename_all = "camelCase")]
    Action {
        /// The entries as written.
        wanted: Vec<String>,
        /// The action of the request.
        actual: String,
        /// Whether the element is `NotAction`.
        negated: bool,
    },
    /// `Resource` or `NotResource`.
    #[serde(rename_all = "camelCase")]
    Resource {
        /// The entry that came closest, as written.
        wanted: String,
        /// Its variables with their values; none where there is none (Rule L58).
        variables: Vec<ResolvedVariable>,
        /// The resource of the request.
        actual: String,
        /// Whether the element is `NotResource`.
        negated: bool,
        /// The part of the request's resource opposite the first token of the pattern that cannot match; none if
        /// the pattern failed for another reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        differs: Option<Mark>,
    },
    /// One key under one operator of `Condition`.
    #[serde(rename_all = "camelCase")]
    Condition {
        /// The operator as written.
        operator: String,
        /// The key as written.
        key: String,
        /// The values as written.
        wanted: Vec<String>,
        /// The variables of the values.
        variables: Vec<ResolvedVariable>,
        /// The value of the request; none if the key is absent.
        actual: Option<ContextText>,
    },
}

/// A stretch of a text in Unicode scalar values: `start` inclusive, `end` exclusive, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// A variable and what it stood for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedVariable {
    /// The key, as written.
    pub key: String,
    /// Its value or default; none if it has none.
    pub value: Option<String>,
}

/// A context value as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ContextText {
    /// Of a single-valued key.
    Single(String),
    /// Of a multivalued key.
    Multi(Vec<String>),
}

/// Something the caller of the engine should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Stable code: `defaultedResourceAccount`, `derivedRoleArn` or `unknownCanonicalUser`.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}
