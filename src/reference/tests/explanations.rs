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
    for condition in [
        r#"{"ArnLike": {"aws:SourceArn": "arn:aws:iam::*:role/team/*"}}"#,
        r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/App"}}"#,
    ] {
        let deny = format!(r#"{{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {condition}}}"#);
        assert_eq!(explain(&identity(&deny), &get(SESSION)).explanation.warnings, [], "{condition}");
    }
}

/// Rule E68: near misses are allows of the check that fails, of the level that is silent.
#[test]
fn near_misses_are_of_the_failing_check() {
    use PolicyKind::{Boundary, Endpoint, Identity, Resource, ServiceControl, Session};
    let kinds = [
        (ServiceControl, CheckType::ServiceControlPolicy),
        (Endpoint, CheckType::VpcEndpoint),
        (Resource, CheckType::Resource),
        (Identity, CheckType::Principal),
        (Boundary, CheckType::PermissionsBoundary),
        (Session, CheckType::Session),
    ];
    // In every policy stand an allow and a deny of something else, and an allow of everything unless it is the one
    // that fails.
    let document = |kind: PolicyKind, fails: bool| {
        let others = [SILENT.to_owned(), SILENT.replace("Allow", "Deny")];
        let all = (!fails).then(|| ALLOW.to_owned());
        let mut statements: Vec<String> = others.into_iter().chain(all).collect();
        if matches!(kind, Endpoint | Resource) {
            statements.iter_mut().for_each(|one| *one = one.replacen('{', r#"{"Principal": "*", "#, 1));
        }
        parse(kind, kind.as_str(), &statements.join(","))
    };
    let level = |fails| Level { name: "level".into(), documents: vec![document(ServiceControl, fails)] };
    for (failing, check) in kinds {
        let of = |kind| document(kind, kind == failing);
        let set = PolicySet::new()
            .service_control(level(false))
            .service_control(level(failing == ServiceControl))
            .endpoint(of(Endpoint))
            .unwrap()
            .resource(of(Resource))
            .unwrap()
            .identity(of(Identity))
            .boundary(of(Boundary))
            .unwrap()
            .session(of(Session));
        let request = Request::new(SESSION, "s3:GetObject", OBJECT).unwrap().resource_account("444455556666").unwrap();
        let explanation = explain(&set, &request).explanation;
        let misses: Vec<_> =
            explanation.near_misses.iter().map(|miss| (miss.check_type, miss.policy_id.as_str())).collect();
        assert_eq!(misses, [(check, failing.as_str())], "{failing}");
        assert!(matches!(explanation.near_misses[0].failed[..], [FailedElement::Action { negated: false, .. }]));
    }
    // What matched is no near miss, though it does not help (Rule E35).
    let token = Request::new(SESSION, "sts:GetSessionToken", "*").unwrap();
    assert_eq!(explain(&identity(ALLOW), &token).explanation.near_misses, []);
}

/// Rule E68: whom a statement wanted, and which of several entries is shown.
#[test]
fn failing_principals_and_resources() {
    let failed = |set: &PolicySet, principal| {
        let request = Request::new(principal, "s3:GetObject", OBJECT).unwrap();
        let explanation = explain(set, &request.resource_account("444455556666").unwrap()).explanation;
        explanation.near_misses.into_iter().next().map(|miss| miss.failed)
    };
    let grant = r#"{"Effect": "Allow", "Principal": {"AWS": ["999999999999", "888888888888"]}, "Action": "*", "Resource": "*"}"#;
    let set = identity(ALLOW).resource(parse(PolicyKind::Resource, "bucket", grant)).unwrap();
    let wanted = vec!["999999999999".to_owned(), "888888888888".to_owned()];
    let actual = Some(USER.to_owned());
    assert_eq!(failed(&set, USER), Some(vec![FailedElement::Principal { wanted, actual, negated: false }]));

    for (element, shown, mark_of, is_negated) in [
        (
            r#""Resource": ["arn:aws:s3:::other", "arn:aws:s3:::data/a", "arn:aws:s3:::data/b"]"#,
            "arn:aws:s3:::data/a",
            true,
            false,
        ),
        (r#""NotResource": ["arn:aws:s3:::other", "arn:aws:s3:::data/*"]"#, "arn:aws:s3:::data/*", false, true),
        (r#""NotResource": ["arn:aws:s3:::other", "arn:aws:s3:::${absent}"]"#, "arn:aws:s3:::${absent}", false, true),
    ] {
        let set = identity(&format!(r#"{{"Effect": "Allow", "Action": "*", {element}}}"#));
        let explanation = explain(&set, &get(USER)).explanation;
        let [FailedElement::Resource { wanted, differs, negated, .. }] = &explanation.near_misses[0].failed[..] else {
            panic!("{explanation:#?}")
        };
        assert_eq!((wanted.as_str(), differs.is_some(), *negated), (shown, mark_of, is_negated));
    }
}

/// Rule E67: only what a key that is lacking could have changed.
#[test]
fn keys_that_decided_nothing_are_not_missing() {
    let missing = |statement: &str| {
        let statement = format!(r#"{{"Effect": "Allow", "Action": "s3:*", {statement}}}"#);
        let explanation = explain(&identity(&statement), &get(USER).with("k", "x").unwrap()).explanation;
        let missing = explanation.missing_context_values.into_iter();
        missing.map(|missing| format!("{} {:?}", missing.key, missing.effect)).collect::<Vec<_>>().join(", ")
    };
    let absent = r#""Condition": {"StringEquals": {"c": "x"}}"#;
    for (statement, expected) in [
        (format!(r#""Resource": "arn:aws:s3:::other/x", {absent}"#), ""),
        (format!(r#""Resource": "*", {absent}"#), "c StatementSkipped"),
        (format!(r#""NotResource": ["arn:aws:s3:::data/*", "arn:aws:s3:::${{r}}"], {absent}"#), ""),
        (
            format!(r#""NotResource": ["arn:aws:s3:::other", "arn:aws:s3:::${{r}}"], {absent}"#),
            "r StatementSkipped, c StatementSkipped",
        ),
        (r#""NotResource": "arn:aws:s3:::data/*", "Condition": {"StringEquals": {"c": "x"}}"#.to_owned(), ""),
        (r#""Resource": ["arn:aws:s3:::data/${r}", "arn:aws:s3:::other/${s}"]"#.to_owned(), "r StatementSkipped"),
        (r#""Resource": ["arn:aws:s3:::data/*", "arn:aws:s3:::other/${s}"]"#.to_owned(), "s HeldBecauseAbsent"),
        (r#""Resource": "*", "Condition": {"StringEquals": {"k": ["${v}", "x"]}}"#.to_owned(), "v HeldBecauseAbsent"),
        (r#""Resource": "*", "Condition": {"StringEquals": {"k": ["${v}", "y"]}}"#.to_owned(), "v StatementSkipped"),
        (
            r#""Resource": "*", "Condition": {"StringNotEquals": {"k": ["${v}", "x"]}}"#.to_owned(),
            "v HeldBecauseAbsent",
        ),
    ] {
        assert_eq!(missing(&statement), expected, "{statement}");
    }
}

/// Rules E24, E65: which checks are listed, of which level, and whose statements touched them.
#[test]
fn checks_say_what_touched_them() {
    let of = |set: &PolicySet| {
        let checks = explain(set, &get(USER)).explanation.checks.into_iter();
        let line = |check: CheckResult| {
            let policies = check.matched_policies.iter();
            let policies: Vec<_> =
                policies.map(|policy| format!("{}*{}", policy.policy_id, policy.statements.len())).collect();
            let target = check.target.map_or(String::new(), |target| format!(" {}{}", target.name, target.level));
            format!("{:?}{target} {:?} {}", check.check_type, check.effect, policies.join("+"))
        };
        checks.map(line).collect::<Vec<_>>()
    };
    let two = format!("{ALLOW}, {SILENT}, {ALLOW}");
    let set = identity(&two).identity(parse(PolicyKind::Identity, "second", ALLOW));
    assert_eq!(of(&set), ["Principal Allow identity*2+second*1"]);
    let account = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}"#;
    let set = set.resource(parse(PolicyKind::Resource, "bucket", account)).unwrap();
    let level = |kind, name: &str| Level { name: name.into(), documents: vec![parse(kind, name, ALLOW)] };
    let seal = r#"{"Effect": "Deny", "Principal": "*", "Action": "ec2:*", "Resource": "*"}"#;
    let sealed = Level { name: "rcp".into(), documents: vec![parse(PolicyKind::ResourceControl, "seal", seal)] };
    let set = set
        .service_control(level(PolicyKind::ServiceControl, "root"))
        .service_control(level(PolicyKind::ServiceControl, "unit"))
        .resource_control(sealed);
    assert_eq!(
        of(&set),
        [
            "ResourceControlPolicy rcp0 Allow ",
            "ServiceControlPolicy root0 Allow root*1",
            "ServiceControlPolicy unit1 Allow unit*1",
            "Resource NoImpact bucket*1",
            "Principal Allow identity*2+second*1",
        ]
    );
}

/// Rule E66: how the sentence names callers and refusals that have no policy.
#[test]
fn sentences() {
    let sentence = |set: &PolicySet, request: Request<'_>| explain(set, &request).explanation.message;
    let ask = |principal, action, resource| Request::new(principal, action, resource).unwrap();
    let unnamed = Request::unnamed("s3:GetObject", OBJECT).unwrap();
    assert!(sentence(&identity(ALLOW), unnamed).starts_with("The caller is authorized to perform: s3:GetObject"));
    assert!(sentence(&PolicySet::new(), get("*")).starts_with("User: anonymous is not authorized"));
    let token = sentence(&identity(ALLOW), ask(SESSION, "sts:GetSessionToken", "*"));
    assert!(token.ends_with("because only users and root users may perform the sts:GetSessionToken action"), "{token}");
    let trust = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}"#;
    let trust = PolicySet::new().resource(parse(PolicyKind::Trust, "trust", trust)).unwrap();
    let role = "arn:aws:iam::111122223333:role/App";
    let root = sentence(&trust, ask("arn:aws:iam::111122223333:root", "sts:AssumeRole", role));
    assert!(root.ends_with("because root users cannot assume roles"), "{root}");
    let china = sentence(&identity(ALLOW), get("arn:aws-cn:iam::111122223333:user/dana"));
    assert!(china.ends_with("because the caller is in the partition aws-cn and the resource in aws"), "{china}");
}

/// `NotPrincipal` grants nothing, so a statement with it has no grant level.
#[test]
fn not_principal_has_no_grant_level() {
    let deny = r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}, "Action": "*", "Resource": "*"}"#;
    let set = identity(ALLOW).resource(parse(PolicyKind::Resource, "bucket", deny)).unwrap();
    let explanation = explain(&set, &get(USER)).explanation;
    let levels: Vec<_> = explanation.matched_statements.iter().map(|matched| matched.statement.grant_level).collect();
    assert_eq!(levels, [None]);
}

/// Rule E56: nothing is derived silently.
#[test]
fn derived_keys_are_shown() {
    let derived =
        explain(&identity(ALLOW), &get(USER).with("aws:username", "other").unwrap()).explanation.derived_context;
    assert_eq!(derived.get("aws:PrincipalArn"), Some(&ContextText::Single(USER.into())));
    assert!(!derived.contains_key("aws:username"));
}
