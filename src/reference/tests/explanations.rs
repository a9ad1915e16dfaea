//! What an explanation says.

use super::*;

const FOLDERS: &str = r#"
    {"Sid": "List", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::app",
     "Condition": {"StringLike": {"s3:prefix": "${cognito-identity.amazonaws.com:sub}/*"}}},
    {"Sid": "OwnObjects", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
     "Resource": ["arn:aws:s3:::app", "arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*"]}"#;

fn marked(text: &str, mark: Mark) -> String {
    text.chars().skip(mark.start).take(mark.end - mark.start).collect()
}

/// What `differs` marks for one pattern and one resource.
fn mark(pattern: &str, resource: &'static str) -> Option<String> {
    let statement = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{pattern}"}}"#);
    let request = Request::new(SESSION, "s3:GetObject", resource).unwrap().with("v", "one:two").unwrap();
    let set = identity(&statement);
    let explanation = explain(&set, &request).explanation;
    match &explanation.near_misses[0].failed[..] {
        [FailedElement::Resource { differs, actual, .. }] => differs.map(|mark| marked(actual, mark)),
        other => panic!("{other:?}"),
    }
}

/// Rule E68, the example people are shown.
#[test]
fn the_nearest_statement_and_where_it_differs() {
    let set = identity(FOLDERS);
    let resource = "arn:aws:s3:::app/eu-west-1:77aa/cat.jpg";
    let request = Request::new(SESSION, "s3:GetObject", resource)
        .unwrap()
        .with("cognito-identity.amazonaws.com:sub", "eu-west-1:1b2f")
        .unwrap();
    let explanation = explain(&set, &request).explanation;
    assert_eq!(
        explanation.message,
        "User: arn:aws:sts::111122223333:assumed-role/App/one is not authorized to perform: s3:GetObject on \
         resource: \"arn:aws:s3:::app/eu-west-1:77aa/cat.jpg\" because no identity-based policy allows the \
         s3:GetObject action"
    );
    let [miss] = &explanation.near_misses[..] else { panic!("{explanation:#?}") };
    assert_eq!(miss.statement.sid.as_deref(), Some("OwnObjects"));
    let [FailedElement::Resource { wanted, variables, differs: Some(mark), .. }] = &miss.failed[..] else {
        panic!("{miss:#?}")
    };
    assert_eq!(wanted, "arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*");
    assert_eq!(variables[0].value.as_deref(), Some("eu-west-1:1b2f"));
    assert_eq!(marked(resource, *mark), "eu-west-1:77aa");
    let codes: Vec<_> = explanation.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["defaultedResourceAccount"]);
}

#[test]
fn marks() {
    for (pattern, resource, expected) in [
        ("arn:aws:s3:::app/x", "arn:aws:s3:::app/y/z", "y"),
        ("arn:aws:s3:::app/x", "arn:aws:s3:::app/xyz", "yz"),
        ("arn:aws:s3:::app/x/y", "arn:aws:s3:::app/x", ""),
        ("arn:aws:s3:::app/${v}", "arn:aws:s3:::app/one:three/x", "one:three"),
        ("arn:aws:s3:::app/${absent}/*", "arn:aws:s3:::app/one/x", "one"),
        ("arn:aws:s3:::app/*.jpg", "arn:aws:s3:::app/a.jpeg", "eg"),
        ("arn:aws:sqs:eu-west-1:*:q", "arn:aws:sqs:eu-west-2:111122223333:q", "2"),
        ("arn:aws:sqs:${v}:*:q", "arn:aws:sqs:eu-west-2:111122223333:q", "eu-west-2"),
        ("arn:aws:s3:::äpp/x", "arn:aws:s3:::äpp//x", "/"),
    ] {
        assert_eq!(mark(pattern, resource).as_deref(), Some(expected), "{pattern} {resource}");
    }
}

/// Rule E68: every failing element, conditions with what was wanted and seen.
#[test]
fn failing_conditions() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
        "StringEquals": {"aws:PrincipalTag/team": ["red", "${t}"]}, "Bool": {"aws:SecureTransport": true},
        "ForAllValues:StringLike": {"aws:TagKeys": "a*"}}}"#;
    let request =
        get(USER).with("aws:principaltag/TEAM", "blue").unwrap().with("aws:TagKeys", vec!["ab", "b"]).unwrap();
    let explanation = explain(&identity(statement), &request).explanation;
    let failed = &explanation.near_misses[0].failed;
    assert_eq!(failed.len(), 3);
    let FailedElement::Condition { operator, key, wanted, variables, actual } = &failed[0] else { panic!() };
    assert_eq!((operator.as_str(), key.as_str()), ("StringEquals", "aws:PrincipalTag/team"));
    assert_eq!((&wanted[..], variables[0].value.as_deref()), (&["red".to_owned(), "${t}".to_owned()][..], None));
    assert_eq!(*actual, Some(ContextText::Single("blue".into())));
    let FailedElement::Condition { actual: None, .. } = &failed[1] else { panic!("{:?}", failed[1]) };
    let FailedElement::Condition { actual: Some(ContextText::Multi(_)), .. } = &failed[2] else { panic!() };
}

/// Rule E67.
#[test]
fn missing_keys() {
    let statements = r#"
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
            "StringEquals": {"absent:a": "x"}, "StringNotEquals": {"absent:b": "${absent:c}"}}},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::data/${absent:d}"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::other/${absent:e}"},
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"Bool": {"absent:f": "true"}}},
        {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::${absent:g}/*"}"#;
    let level = Level {
        name: "root".into(),
        documents: vec![parse(
            PolicyKind::ServiceControl,
            "scp",
            r#"{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"absent:h": "true"}}}"#,
        )],
    };
    let explanation = explain(&identity(statements).service_control(level), &get(USER)).explanation;
    let missing: Vec<_> = explanation
        .missing_context_values
        .iter()
        .map(|missing| (missing.policy_type, missing.key.as_str(), missing.place.clone(), missing.effect))
        .collect();
    let key = |operator: &str| MissingPlace::ConditionKey(operator.into());
    assert_eq!(
        missing,
        [
            ("scp", "absent:h", key("Bool"), Absence::StatementSkipped),
            ("identity", "absent:a", key("StringEquals"), Absence::StatementSkipped),
            ("identity", "absent:b", key("StringNotEquals"), Absence::HeldBecauseAbsent),
            (
                "identity",
                "absent:c",
                MissingPlace::ConditionValue("StringNotEquals".into()),
                Absence::HeldBecauseAbsent
            ),
            (
                "identity",
                "absent:d",
                MissingPlace::Resource("arn:aws:s3:::data/${absent:d}".into()),
                Absence::StatementSkipped
            ),
            (
                "identity",
                "absent:g",
                MissingPlace::Resource("arn:aws:s3:::${absent:g}/*".into()),
                Absence::HeldBecauseAbsent
            ),
        ]
    );
}

/// Rule E65: a grant of the resource satisfies the check of the principal, and a silent boundary does not matter.
#[test]
fn checks_of_a_direct_grant() {
    let grant = format!(r#"{{"Effect": "Allow", "Principal": {{"AWS": "{USER}"}}, "Action": "*", "Resource": "*"}}"#);
    let set = PolicySet::new()
        .resource(parse(PolicyKind::Resource, "bucket", &grant))
        .unwrap()
        .boundary(parse(PolicyKind::Boundary, "boundary", SILENT))
        .unwrap();
    let explained = explain(&set, &get(USER));
    let checks: Vec<_> = explained
        .explanation
        .checks
        .iter()
        .map(|check| (check.check_type, check.effect, check.relevant_policy_types.as_slice()))
        .collect();
    assert_eq!(
        checks,
        [
            (CheckType::Resource, CheckEffect::Allow, &["resource"][..]),
            (CheckType::Principal, CheckEffect::Allow, &["resource"]),
            (CheckType::PermissionsBoundary, CheckEffect::NoImpact, &[]),
        ]
    );
    assert_eq!(
        explained.explanation.message,
        "User: arn:aws:iam::111122223333:user/dana is authorized to perform: s3:GetObject on resource: \
         \"arn:aws:s3:::data/report\" because a resource-based policy allows the s3:GetObject action: bucket"
    );
    assert_eq!(explained.explanation.matched_statements.len(), 1);
}

/// Rule E66: an explicit deny names its policy, and every deny is listed.
#[test]
fn explicit_denies() {
    let set = identity(&format!("{ALLOW}, {DENY}")).boundary(parse(PolicyKind::Boundary, "boundary", DENY)).unwrap();
    let explained = explain(&set, &get(USER));
    assert!(explained.explanation.message.ends_with("with an explicit deny in an identity-based policy: identity"));
    assert_eq!(explained.explanation.matched_statements.len(), 2);
    assert_eq!(explained.matched.len(), 1);
    assert_eq!(explained.decision.statement(), explained.matched.first().copied());
    assert!(explained.explanation.near_misses.is_empty());
}

/// Rule E58.
#[test]
fn a_derived_role_arn_is_warned_of() {
    let statement = r#"{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
        "ArnLike": {"aws:principalarn": "arn:aws:iam::*:role/team/*"}}}"#;
    let codes = |request: &Request<'_>| {
        let warnings = explain(&identity(statement), request).explanation.warnings;
        warnings.iter().map(|warning| warning.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&get(SESSION)), ["derivedRoleArn"]);
    let given = get(SESSION).with("aws:PrincipalArn", "arn:aws:iam::111122223333:role/team/App").unwrap();
    assert_eq!(codes(&given), [""; 0]);
}
