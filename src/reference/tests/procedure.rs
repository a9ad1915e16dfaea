//! Which policies are asked, and what comes of their answers together.

use std::collections::BTreeSet;

use super::*;

/// What one combination of policies gives, in the words of section 1.3.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    Nothing,
    Silent,
    Allow,
    Deny,
}

const ALL: [Says; 4] = [Says::Nothing, Says::Silent, Says::Allow, Says::Deny];

fn document(kind: PolicyKind, says: Says) -> Option<Document> {
    let statement = match says {
        Says::Nothing => return None,
        Says::Silent => SILENT.to_owned(),
        Says::Allow => ALLOW.to_owned(),
        Says::Deny => DENY.to_owned(),
    };
    let with_principal = match kind {
        PolicyKind::Endpoint => statement.replacen('{', r#"{"Principal": "*", "#, 1),
        _ => statement,
    };
    Some(parse(kind, kind.as_str(), &with_principal))
}

/// The last part of section 1.3, word by word.
struct Answers<'a> {
    kind: &'a str,
    same_account: bool,
    is_kms_key: bool,
    assumes_role: bool,
    levels: &'a BTreeSet<&'static str>,
    identity: Says,
    boundary: Says,
    session: Says,
}

fn grants(a: &Answers<'_>) -> bool {
    let meets = |levels: &[&str]| levels.iter().any(|level| a.levels.contains(level));
    let id = a.identity == Says::Allow;
    let boundary = matches!(a.boundary, Says::Nothing | Says::Allow);
    let session = match a.kind {
        "federated user" => a.session == Says::Allow,
        _ => matches!(a.session, Says::Nothing | Says::Allow),
    };
    let strict = a.is_kms_key || a.assumes_role;
    match a.kind {
        "anonymous" => return meets(&["Everyone"]),
        "service" => return meets(&["Direct", "Everyone"]),
        "root" if a.assumes_role => return false,
        "root" if a.same_account && !strict => return true,
        "root" => return !a.levels.is_empty(),
        _ => {}
    }
    if a.same_account {
        return meets(&["Direct", "Everyone"])
            || meets(&["ViaRole", "ViaUser"]) && boundary && session
            || id && boundary && session && (!strict || meets(&["Account"]));
    }
    !a.levels.is_empty() && id && boundary && session
}

/// A kind of caller: its name here, the principal, and at which level entries of a policy name it.
type Caller = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const CALLERS: [Caller; 7] = [
    ("user", USER, &[(USER, "Direct"), ("111122223333", "Account")]),
    (
        "session",
        SESSION,
        &[(SESSION, "Direct"), ("arn:aws:iam::111122223333:role/x/app", "ViaRole"), ("111122223333", "Account")],
    ),
    (
        "role",
        "arn:aws:iam::111122223333:role/x/App",
        &[("arn:aws:iam::111122223333:role/x/App", "ViaRole"), ("111122223333", "Account")],
    ),
    (
        "federated user",
        "arn:aws:sts::111122223333:federated-user/dana",
        &[("arn:aws:sts::111122223333:federated-user/dana", "Direct"), (USER, "ViaUser"), ("111122223333", "Account")],
    ),
    ("root", "arn:aws:iam::111122223333:root", &[("arn:aws:iam::111122223333:root", "Direct")]),
    ("anonymous", "*", &[]),
    ("service", "events.amazonaws.com", &[]),
];

const TARGETS: [(&str, &str); 3] = [
    ("s3:GetObject", OBJECT),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:ACCOUNT:key/k"),
    ("sts:AssumeRole", "arn:aws:iam::ACCOUNT:role/Target"),
];

fn resource(kind: PolicyKind, principal: &str, effect: &str) -> Document {
    let resource = if kind == PolicyKind::Trust { "" } else { r#", "Resource": "*""# };
    let principal = if principal == "*" { r#""*""#.to_owned() } else { format!(r#"{{"AWS": "{principal}"}}"#) };
    let statement = format!(r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": "*"{resource}}}"#);
    parse(kind, "resource", &statement)
}

/// What the three kinds of policy on the caller's side say, as far as the caller takes them: every combination.
fn callers_side(request: &Request<'_>) -> Vec<([Says; 3], PolicySet)> {
    let only = |takes: bool| if takes { &ALL[..] } else { &ALL[..1] };
    let takes_identity = only(request.principal().takes_identity_policies());
    let takes_session = only(request.principal().takes_session_policies());
    let identity = ALL.map(|says| document(PolicyKind::Identity, says));
    let boundary = ALL.map(|says| document(PolicyKind::Boundary, says));
    let session = ALL.map(|says| document(PolicyKind::Session, says));
    let mut sets = Vec::new();
    for (says_identity, identity) in takes_identity.iter().zip(&identity) {
        for (says_boundary, boundary) in takes_identity.iter().zip(&boundary) {
            for (says_session, session) in takes_session.iter().zip(&session) {
                let mut set = PolicySet::new();
                set = identity.iter().fold(set, |set, document| set.identity(document.clone()));
                set = boundary.iter().fold(set, |set, document| set.boundary(document.clone()).unwrap());
                set = session.iter().fold(set, |set, document| set.session(document.clone()));
                sets.push(([*says_identity, *says_boundary, *says_session], set));
            }
        }
    }
    sets
}

/// What the policy of the resource says: a document, the levels at which it names the caller, whether it denies.
fn resources_side(
    kind: PolicyKind,
    levels: &[(&str, &'static str)],
) -> Vec<(Option<Document>, BTreeSet<&'static str>, bool)> {
    let mut sides = vec![
        (None, BTreeSet::new(), false),
        (Some(resource(kind, "*", "Allow")), ["Everyone"].into(), false),
        (Some(resource(kind, "*", "Deny")), BTreeSet::new(), true),
        (Some(resource(kind, "999999999999", "Allow")), BTreeSet::new(), false),
    ];
    sides.extend(levels.iter().map(|(entry, level)| (Some(resource(kind, entry, "Allow")), [*level].into(), false)));
    sides
}

/// Section 1.3 and Rule E65 over every combination of what the policies say.
#[test]
fn the_gates_are_the_procedure() {
    let mut seen = BTreeSet::new();
    let questions = CALLERS.into_iter().flat_map(|caller| TARGETS.map(|target| (caller, target)));
    for ((kind, principal, levels), (action, target)) in questions {
        for owner in ["111122223333", "444455556666"] {
            let target = target.replace("ACCOUNT", owner);
            let request = Request::new(principal, action, &target).unwrap().resource_account(owner).unwrap();
            for (document, levels, denies) in resources_side(request.resource_policy_kind(), levels) {
                for (says, set) in callers_side(&request) {
                    let set = document.iter().fold(set, |set, document| set.resource(document.clone()).unwrap());
                    let [identity, boundary, session] = says;
                    let answers = Answers {
                        kind,
                        same_account: owner == "111122223333",
                        is_kms_key: action == "kms:Decrypt",
                        assumes_role: action == "sts:AssumeRole",
                        levels: &levels,
                        identity,
                        boundary,
                        session,
                    };
                    let expected = match (denies || says.contains(&Says::Deny), grants(&answers)) {
                        (true, _) => Outcome::ExplicitDeny,
                        (false, true) => Outcome::Allowed,
                        (false, false) => Outcome::ImplicitDeny,
                    };
                    let decision = explain(&set, &request).decision;
                    assert_eq!(decision.outcome(), expected, "{kind} {action} {owner} {set:?}");
                    seen.insert(decision.reason().as_str());
                }
            }
        }
    }
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [
            "Allowed.Identity",
            "Allowed.Resource.Direct",
            "Allowed.Resource.Everyone",
            "Allowed.Resource.ViaRole",
            "Allowed.Resource.ViaUser",
            "Allowed.Root",
            "ExplicitDeny.PermissionsBoundary",
            "ExplicitDeny.Principal",
            "ExplicitDeny.Resource",
            "ExplicitDeny.Session",
            "ImplicitDeny.PermissionsBoundary",
            "ImplicitDeny.Principal",
            "ImplicitDeny.Resource",
            "ImplicitDeny.Session",
        ]
    );
}

/// Rules E12, E13, E15, E16: the guardrails around an allow.
#[test]
fn guardrails() {
    let level = |kind, statements: &str| Level { name: "ou".into(), documents: vec![parse(kind, "guard", statements)] };
    let scp = |statements| identity(ALLOW).service_control(level(PolicyKind::ServiceControl, statements));
    let deny_for_all =
        DENY.replacen('{', r#"{"Principal": "*", "#, 1).replace(r#""Action": "*""#, r#""Action": "s3:*""#);
    let rcp = || identity(ALLOW).resource_control(level(PolicyKind::ResourceControl, &deny_for_all));
    let endpoint = |says| identity(ALLOW).endpoint(document(PolicyKind::Endpoint, says).unwrap()).unwrap();
    for (set, expected) in [
        (scp(ALLOW), "Allowed.Identity"),
        (scp(SILENT), "ImplicitDeny.ServiceControlPolicy"),
        (scp(ALLOW).service_control(Level::default()), "ImplicitDeny.ServiceControlPolicy"),
        (scp(DENY), "ExplicitDeny.ServiceControlPolicy"),
        (rcp(), "ExplicitDeny.ResourceControlPolicy"),
        (endpoint(Says::Allow), "Allowed.Identity"),
        (endpoint(Says::Silent), "ImplicitDeny.VpcEndpoint"),
        (endpoint(Says::Deny), "ExplicitDeny.VpcEndpoint"),
    ] {
        assert_eq!(reason(&set, &get(USER)), expected);
    }
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/R";
    assert_eq!(reason(&scp(DENY), &get(linked)), "Allowed.Identity");
    assert_eq!(reason(&rcp(), &get(linked)), "Allowed.Identity");
    let checks = explain(&rcp(), &get(linked)).explanation.checks;
    assert_eq!((checks[0].check_type, checks[0].effect), (CheckType::ResourceControlPolicy, CheckEffect::NoImpact));
}

/// Rule E7.
#[test]
fn partitions_are_walls() {
    let request = Request::new(USER, "sns:Publish", "arn:aws-cn:sns:cn-north-1:111122223333:t").unwrap();
    let explained = explain(&identity(ALLOW), &request);
    assert_eq!(explained.decision.reason().as_str(), "ImplicitDeny.Partition");
    let effects: Vec<_> = explained.explanation.checks.iter().map(|check| (check.check_type, check.effect)).collect();
    assert_eq!(effects, [(CheckType::Resource, CheckEffect::ImplicitDeny), (CheckType::Principal, CheckEffect::Allow)]);
    assert_eq!(reason(&identity(DENY), &request), "ExplicitDeny.Principal");
}

/// Rules E35, E2.
#[test]
fn actions_that_need_no_permission() {
    let ask = |principal, action| reason(&PolicySet::new(), &Request::new(principal, action, "*").unwrap());
    assert_eq!(ask(SESSION, "sts:getcalleridentity"), "Allowed.NoPermissionNeeded");
    assert_eq!(ask("*", "sts:GetCallerIdentity"), "ImplicitDeny.Resource");
    assert_eq!(ask(USER, "sts:GetSessionToken"), "Allowed.NoPermissionNeeded");
    assert_eq!(ask(SESSION, "sts:GetSessionToken"), "ImplicitDeny.Principal");
    let unnamed = |action| reason(&PolicySet::new(), &Request::unnamed(action, "*").unwrap());
    assert_eq!(unnamed("sts:GetCallerIdentity"), "Allowed.NoPermissionNeeded");
    assert_eq!(unnamed("sts:GetSessionToken"), "ImplicitDeny.Principal");
    let request = Request::new(SESSION, "sts:GetSessionToken", "*").unwrap();
    assert_eq!(reason(&identity(ALLOW), &request), "ImplicitDeny.Principal");
    assert!(
        explain(&identity(DENY), &Request::new(SESSION, "sts:GetCallerIdentity", "*").unwrap())
            .explanation
            .checks
            .is_empty()
    );
}

/// Rule E26.
#[test]
fn the_owner_is_not_locked_out_of_its_bucket_policy() {
    let deny = r#"{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}"#;
    let set = PolicySet::new().resource(parse(PolicyKind::Resource, "bucket", deny)).unwrap();
    let ask = |principal, action| {
        let request = Request::new(principal, action, "arn:aws:s3:::data").unwrap();
        reason(&set, &request.resource_account("111122223333").unwrap())
    };
    let root = "arn:aws:iam::111122223333:root";
    assert_eq!(ask(root, "S3:putbucketpolicy"), "Allowed.Root");
    assert_eq!(ask(root, "s3:PutBucketAcl"), "ExplicitDeny.Resource");
    assert_eq!(ask(USER, "s3:PutBucketPolicy"), "ExplicitDeny.Resource");
    assert_eq!(ask("arn:aws:iam::444455556666:root", "s3:PutBucketPolicy"), "ExplicitDeny.Resource");
}

/// Rules E2, E6, E33.
#[test]
fn policies_that_cannot_be_asked() {
    let error = |set: PolicySet, request: &Request<'_>| {
        let error = Reference::new(&set).decide(request).unwrap_err();
        (error.kind(), error.rule())
    };
    let root = get("arn:aws:iam::111122223333:root");
    assert_eq!(error(identity(ALLOW), &root), (RequestErrorKind::Inapplicable, "E6"));
    let session = || PolicySet::new().session(parse(PolicyKind::Session, "s", ALLOW));
    assert_eq!(error(session(), &get(USER)), (RequestErrorKind::Inapplicable, "E6"));
    let trust = r#"{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}"#;
    let trust = PolicySet::new().resource(parse(PolicyKind::Trust, "t", trust)).unwrap();
    assert_eq!(error(trust, &get(USER)), (RequestErrorKind::Inapplicable, "E33"));

    let unnamed = Request::unnamed("s3:GetObject", OBJECT).unwrap();
    assert_eq!(error(session(), &unnamed), (RequestErrorKind::Principal, "E2"));
    let level = PolicySet::new().service_control(Level::default());
    assert_eq!(error(level, &unnamed), (RequestErrorKind::Principal, "E2"));
    for statement in [
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {"AWS:username": "true"}}}"#,
        r#"{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:s3:::${aws:username, 'x'}"}"#,
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"k": "${aws:PrincipalArn}"}}}"#,
    ] {
        assert_eq!(error(identity(statement), &unnamed), (RequestErrorKind::Principal, "E2"), "{statement}");
        let set = identity(statement);
        let given = unnamed.clone().with("aws:username", "dana").unwrap().with("aws:PrincipalArn", USER).unwrap();
        assert!(Reference::new(&set).decide(&given).is_ok());
    }
}
