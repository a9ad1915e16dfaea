//! Conditions and variables.

use super::*;

fn holds(condition: &str, context: &[(&'static str, &'static str)]) -> bool {
    let statement = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {condition}}}"#);
    let request = context.iter().fold(get(USER), |request, (key, value)| request.with(*key, *value).unwrap());
    explain(&identity(&statement), &request).decision.is_allowed()
}

/// Rules L62, L81: no value comes before the wrong type, also where the value is no ARN.
#[test]
fn a_value_that_is_missing_is_not_ill_typed() {
    let arn = [("k", "arn:aws:s3:::x")];
    assert!(holds(r#"{"ArnNotEquals": {"k": "${absent}"}}"#, &arn));
    assert!(holds(r#"{"ArnNotEquals": {"k": "arn:aws:s3:::${absent}"}}"#, &arn));
    assert!(!holds(r#"{"ArnNotEquals": {"k": "short"}}"#, &arn));
    assert!(!holds(r#"{"ArnNotEquals": {"k": "${aws:PrincipalArn}"}}"#, &arn));
    assert!(!holds(r#"{"NumericNotEquals": {"k": "1"}}"#, &[("k", "one")]));
    assert!(holds(r#"{"StringNotEquals": {"k": ["${absent}", "b"]}}"#, &[("k", "a")]));
}

/// Rule L55: a value is never a pattern.
#[test]
fn values_are_literal() {
    let like = r#"{"StringLike": {"k": "${v}/*"}}"#;
    assert!(!holds(like, &[("k", "ana/x"), ("v", "*")]));
    assert!(holds(like, &[("k", "*/x"), ("v", "*")]));
    assert!(holds(like, &[("k", "${k}/x"), ("v", "${k}")]));
}

/// Rules L58, L59.
#[test]
fn defaults() {
    let equals = r#"{"StringEquals": {"k": "${v, 'none'}"}}"#;
    assert!(holds(equals, &[("k", "none")]));
    assert!(holds(equals, &[("k", "none"), ("v", "")]));
    assert!(!holds(equals, &[("k", "none"), ("v", "x")]));
}
