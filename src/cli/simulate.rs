//! `--format simulate`: the response of `SimulateCustomPolicy` (Rule E69), for programs that read that one.
//!
//! A response has one result an action, and in it one for each resource; here there is one of both. What the simulator
//! withholds stays out, as there: statements and keys of organization policies, and the details of a simulation that
//! such a policy ended. `EvalResourceName` of the outer result is `*`, because it names no single resource any more.

use serde::Serialize;

use super::format;
use super::stop::Stop;
use crate::decision::{CheckEffect, CheckType, Explanation, MatchedStatement, Outcome};
use crate::source::Position;

/// The explanation in the simulator's words (Rule E69).
pub(super) fn json(explanation: &Explanation) -> Result<String, Stop> {
    format::json(&Response::of(explanation))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response<'e> {
    evaluation_results: [EvaluationResult<'e>; 1],
    is_truncated: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EvaluationResult<'e> {
    eval_action_name: &'e str,
    eval_resource_name: &'static str,
    eval_decision: Outcome,
    matched_statements: Vec<Statement<'e>>,
    missing_context_values: Vec<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizations_decision_detail: Option<OrganizationsDecisionDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_decision_details: Option<EvalDecisionDetails>,
    resource_specific_results: Vec<ResourceSpecificResult<'e>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResourceSpecificResult<'e> {
    eval_resource_name: &'e str,
    eval_resource_decision: Outcome,
    matched_statements: Vec<Statement<'e>>,
    missing_context_values: Vec<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_decision_details: Option<EvalDecisionDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary_decision_detail: Option<PermissionsBoundaryDecisionDetail>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'e> {
    source_policy_id: &'e str,
    source_policy_type: &'static str,
    start_position: Place,
    end_position: Place,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Place {
    line: u32,
    column: u32,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct OrganizationsDecisionDetail {
    allowed_by_organizations: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PermissionsBoundaryDecisionDetail {
    allowed_by_permissions_boundary: bool,
}

/// What each side said, across accounts only; within an account it is there and empty.
#[derive(Clone, Copy, Default, Serialize)]
struct EvalDecisionDetails {
    #[serde(rename = "IAM Policy", skip_serializing_if = "Option::is_none")]
    identity: Option<Outcome>,
    #[serde(rename = "Resource Policy", skip_serializing_if = "Option::is_none")]
    resource: Option<Outcome>,
}

impl<'e> Response<'e> {
    fn of(explanation: &'e Explanation) -> Self {
        let matched: Vec<Statement<'e>> = explanation.matched_statements.iter().filter_map(statement).collect();
        let missing = missing(explanation);
        let boundary = boundary(explanation);
        let has_resource = explanation.resource != "*";
        let organizations = organizations(explanation);
        // The simulation ends with the organization's policies if they deny.
        let details = organizations.is_none_or(|it| it.allowed_by_organizations).then(|| details(explanation));
        let by_resource = ResourceSpecificResult {
            eval_resource_name: &explanation.resource,
            eval_resource_decision: explanation.decision,
            matched_statements: matched.clone(),
            missing_context_values: missing.clone(),
            eval_decision_details: details,
            permissions_boundary_decision_detail: boundary,
        };
        let result = EvaluationResult {
            eval_action_name: &explanation.action,
            eval_resource_name: "*",
            eval_decision: explanation.decision,
            matched_statements: matched,
            missing_context_values: missing,
            organizations_decision_detail: organizations,
            permissions_boundary_decision_detail: boundary,
            eval_decision_details: details,
            resource_specific_results: if has_resource { vec![by_resource] } else { Vec::new() },
        };
        Response { evaluation_results: [result], is_truncated: false }
    }
}

/// A statement that decided; those of organization policies are withheld.
fn statement(matched: &MatchedStatement) -> Option<Statement<'_>> {
    let source_policy_type = match matched.source_policy_type {
        "scp" | "rcp" => return None,
        "resource" | "trust" => "resource",
        "endpoint" => "none",
        _ => "IAM Policy",
    };
    let place = |Position { line, column }| Place { line, column };
    Some(Statement {
        source_policy_id: &matched.source_policy_id,
        source_policy_type,
        start_position: place(matched.statement.start_position),
        end_position: place(matched.statement.end_position),
    })
}

/// Each key once; those that only organization policies refer to are withheld.
fn missing(explanation: &Explanation) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for missing in &explanation.missing_context_values {
        let is_known = keys.iter().any(|key| key.eq_ignore_ascii_case(&missing.key));
        if !is_known && !matches!(missing.policy_type, "scp" | "rcp") {
            keys.push(&missing.key);
        }
    }
    keys
}

fn organizations(explanation: &Explanation) -> Option<OrganizationsDecisionDetail> {
    let mut levels = explanation
        .checks
        .iter()
        .filter(|check| check.check_type == CheckType::ServiceControlPolicy)
        .map(|check| check.effect == CheckEffect::Allow)
        .peekable();
    levels.peek()?;
    Some(OrganizationsDecisionDetail { allowed_by_organizations: levels.all(|allows| allows) })
}

/// A boundary that is silent does not allow either.
fn boundary(explanation: &Explanation) -> Option<PermissionsBoundaryDecisionDetail> {
    let check = explanation.checks.iter().find(|check| check.check_type == CheckType::PermissionsBoundary)?;
    Some(PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: check.effect == CheckEffect::Allow })
}

fn details(explanation: &Explanation) -> EvalDecisionDetails {
    if explanation.same_account {
        return EvalDecisionDetails::default();
    }
    let side = |wanted: CheckType| {
        let check = explanation.checks.iter().find(|check| check.check_type == wanted)?;
        Some(match check.effect {
            CheckEffect::Allow => Outcome::Allowed,
            CheckEffect::ExplicitDeny => Outcome::ExplicitDeny,
            CheckEffect::NoImpact | CheckEffect::ImplicitDeny => Outcome::ImplicitDeny,
        })
    };
    EvalDecisionDetails { identity: side(CheckType::Principal), resource: side(CheckType::Resource) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Level, PolicyKind, PolicySet};
    use crate::engine::Engine;
    use crate::request::Request;

    const USER: &str = "arn:aws:iam::111122223333:user/ana";

    fn document(kind: PolicyKind, statement: &str) -> Document {
        Document::parse(kind, kind.as_str(), &format!(r#"{{"Statement": {statement}}}"#)).unwrap()
    }

    fn shown(set: PolicySet, request: &Request<'_>) -> serde_json::Value {
        let explanation = Engine::compile(set).unwrap().explain(request).unwrap();
        serde_json::from_str(&json(&explanation).unwrap()).unwrap()
    }

    #[test]
    fn an_allowed_request() {
        let identity = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}"#;
        let set = PolicySet::new().identity(document(PolicyKind::Identity, identity));
        let request = Request::new(USER, "s3:GetObject", "arn:aws:s3:::app/x").unwrap();
        let explanation = Engine::compile(set).unwrap().explain(&request).unwrap();
        insta::assert_snapshot!(json(&explanation).unwrap(), @r#"
        {
          "EvaluationResults": [
            {
              "EvalActionName": "s3:GetObject",
              "EvalResourceName": "*",
              "EvalDecision": "allowed",
              "MatchedStatements": [
                {
                  "SourcePolicyId": "identity",
                  "SourcePolicyType": "IAM Policy",
                  "StartPosition": {
                    "Line": 1,
                    "Column": 15
                  },
                  "EndPosition": {
                    "Line": 1,
                    "Column": 131
                  }
                }
              ],
              "MissingContextValues": [
                "aws:SourceVpc"
              ],
              "EvalDecisionDetails": {},
              "ResourceSpecificResults": [
                {
                  "EvalResourceName": "arn:aws:s3:::app/x",
                  "EvalResourceDecision": "allowed",
                  "MatchedStatements": [
                    {
                      "SourcePolicyId": "identity",
                      "SourcePolicyType": "IAM Policy",
                      "StartPosition": {
                        "Line": 1,
                        "Column": 15
                      },
                      "EndPosition": {
                        "Line": 1,
                        "Column": 131
                      }
                    }
                  ],
                  "MissingContextValues": [
                    "aws:SourceVpc"
                  ],
                  "EvalDecisionDetails": {}
                }
              ]
            }
          ],
          "IsTruncated": false
        }
        "#);
    }

    #[test]
    fn organization_policies_are_withheld() {
        let allow = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
        let guard = r#"{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}"#;
        let set = PolicySet::new()
            .identity(document(PolicyKind::Identity, allow))
            .boundary(document(PolicyKind::Boundary, r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}"#))
            .unwrap()
            .service_control(Level {
                name: "root".into(),
                documents: vec![document(PolicyKind::ServiceControl, guard)],
            });
        let result = shown(set, &Request::new(USER, "s3:ListAllMyBuckets", "*").unwrap());
        let result = &result["EvaluationResults"][0];
        assert_eq!(result["EvalDecision"], "explicitDeny");
        assert_eq!(result["MatchedStatements"], serde_json::json!([]));
        assert_eq!(result["MissingContextValues"], serde_json::json!([]));
        assert_eq!(result["OrganizationsDecisionDetail"]["AllowedByOrganizations"], false);
        assert_eq!(result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"], false);
        assert_eq!(result["ResourceSpecificResults"], serde_json::json!([]));
        assert!(result.get("EvalDecisionDetails").is_none(), "the simulation ended before them");
    }

    #[test]
    fn both_sides_are_told_across_accounts() {
        let allow = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
        let set = PolicySet::new().identity(document(PolicyKind::Identity, allow));
        let request = Request::new(USER, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:q").unwrap();
        let result = shown(set, &request);
        let details = &result["EvaluationResults"][0]["EvalDecisionDetails"];
        assert_eq!(*details, serde_json::json!({"IAM Policy": "allowed", "Resource Policy": "implicitDeny"}));
    }
}
