//! Small-scope exhaustion: every policy and every request of tiny alphabets, both evaluators equal.
//!
//! Most mistakes in an evaluator show in some small example. So here are all of them.

use iamtree::document::{Document, Level, PolicyKind, PolicySet};
use iamtree::reference::Reference;
use iamtree::request::ContextValue;
use iamtree::tree::Tree;
use iamtree::{Evaluator, Request};

/// One statement of the alphabet of the language: `Allow` or `Deny`, an action element, a resource element, a
/// condition or none.
fn statements() -> Vec<String> {
    let mut statements = Vec::new();
    for effect in ["Allow", "Deny"] {
        for action in [r#""Action": "s3:a""#, r#""Action": "s?:*""#, r#""NotAction": "S3:A""#] {
            for resource in [
                r#""Resource": "arn:aws:s3:::a""#,
                r#""Resource": "arn:aws:s3:::${k}*""#,
                r#""NotResource": "arn:aws:s3:::${k}""#,
                r#""Resource": "*""#,
            ] {
                for condition in [
                    "",
                    r#", "Condition": {"StringEquals": {"k": ["a", "b"]}}"#,
                    r#", "Condition": {"StringNotLike": {"K": "a*"}}"#,
                    r#", "Condition": {"NumericNotEqualsIfExists": {"k": "1"}}"#,
                    r#", "Condition": {"ForAllValues:StringNotEquals": {"k": "a"}}"#,
                    r#", "Condition": {"ForAnyValue:StringLike": {"k": "${k}"}}"#,
                    r#", "Condition": {"Null": {"k": "true"}}"#,
                ] {
                    statements.push(format!(r#"{{"Effect": "{effect}", {action}, {resource}{condition}}}"#));
                }
            }
        }
    }
    statements
}

/// Every request of the alphabet of the language.
fn requests() -> Vec<Request<'static>> {
    let values: [Option<ContextValue<'static>>; 10] = [
        None,
        Some("a".into()),
        Some("b".into()),
        Some("".into()),
        Some("*".into()),
        Some("1.0".into()),
        Some(Vec::<&str>::new().into()),
        Some(vec!["a"].into()),
        Some(vec!["a", "b"].into()),
        Some(vec![""].into()),
    ];
    let mut requests = Vec::new();
    for action in ["s3:a", "s3:b"] {
        for resource in ["arn:aws:s3:::a", "arn:aws:s3:::b", "*"] {
            for value in &values {
                let request = Request::unnamed(action, resource).unwrap();
                requests.push(match value {
                    Some(value) => request.with("k", value.clone()).unwrap(),
                    None => request,
                });
            }
        }
    }
    requests
}

/// # Panics
///
/// If the two evaluators differ on any of the requests; how many pairs that were otherwise.
fn compare(set: &PolicySet, requests: &[Request<'_>]) -> usize {
    let (tree, reference) = (Tree::compile(set), Reference::new(set));
    for request in requests {
        let (compiled, interpreted) = (tree.decide(request), reference.decide(request));
        let agree = match (&compiled, &interpreted) {
            (Ok(compiled), Ok(interpreted)) => compiled.reason() == interpreted.reason(),
            (Err(compiled), Err(interpreted)) => compiled.kind() == interpreted.kind(),
            _ => false,
        };
        if !agree {
            let texts: Vec<String> = set
                .documents()
                .map(|(place, document)| format!("{}: {}", place.kind, document.source().text()))
                .collect();
            panic!("tree {compiled:?}\nreference {interpreted:?}\n{request:#?}\n{}", texts.join("\n"));
        }
    }
    requests.len()
}

#[test]
fn every_small_identity_policy() {
    let (statements, requests) = (statements(), requests());
    let mut pairs = 0;
    for (index, first) in statements.iter().enumerate() {
        for version in ["2012-10-17", "2008-10-17"] {
            // The order of statements never matters (a property test holds that), so each pair is met once.
            let others = statements.iter().skip(index).map(|second| format!("[{first}, {second}]"));
            let alone = std::iter::once(first.clone());
            // Without variables the old version is another language only where they stand.
            let differs = version == "2012-10-17" || first.contains("${");
            for statement in alone.chain(others).filter(|_| differs) {
                let text = format!(r#"{{"Version": "{version}", "Statement": {statement}}}"#);
                let document = Document::parse(PolicyKind::Identity, "p.json", &text).unwrap();
                pairs += compare(&PolicySet::new().identity(document), &requests);
            }
        }
    }
    println!("{pairs} pairs of a policy of up to two statements and a request");
    assert!(pairs >= 1_000_000, "only {pairs} pairs");
}

/// What a kind of policy can say about a request: nothing, because there is none or because it speaks of something
/// else; yes; no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Absent,
    Silent,
    Allows,
    Denies,
}

const VOICES: [Voice; 4] = [Voice::Absent, Voice::Silent, Voice::Allows, Voice::Denies];

fn document(kind: PolicyKind, effect: &str, principal: &str, action: &str) -> Document {
    let resource = if kind == PolicyKind::Trust { "" } else { r#", "Resource": "*""# };
    let text = format!(r#"{{"Statement": {{"Effect": "{effect}"{principal}, "Action": "{action}"{resource}}}}}"#);
    Document::parse(kind, kind.as_str(), &text).unwrap()
}

fn voice(kind: PolicyKind, voice: Voice) -> Option<Document> {
    use PolicyKind::{Endpoint, ResourceControl};
    let principal = if matches!(kind, Endpoint | ResourceControl) { r#", "Principal": "*""# } else { "" };
    match voice {
        Voice::Absent => None,
        Voice::Silent => Some(document(kind, "Allow", principal, "other:Action")),
        Voice::Allows => Some(document(kind, "Allow", principal, "*")),
        Voice::Denies if kind == ResourceControl => Some(document(kind, "Deny", principal, "s*:*")),
        Voice::Denies => Some(document(kind, "Deny", principal, "*")),
    }
}

/// Everything a resource's policy can say of the callers below.
fn resource_policies(kind: PolicyKind) -> Vec<Option<Document>> {
    let mut policies = vec![None, Some(document(kind, "Allow", r#", "Principal": "*""#, "other:Action"))];
    let names = [
        r#"{"AWS": "*"}"#,
        r#"{"AWS": "111122223333"}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:user/bo"}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:role/R"}"#,
        r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/R/one"}"#,
        r#"{"AWS": "arn:aws:sts::111122223333:federated-user/bo"}"#,
        r#"{"Service": "s3.amazonaws.com"}"#,
        r#"{"Federated": "accounts.google.com"}"#,
    ];
    for name in names {
        for effect in ["Allow", "Deny"] {
            policies.push(Some(document(kind, effect, &format!(r#", "Principal": {name}"#), "*")));
        }
    }
    if kind == PolicyKind::Resource {
        for names in [
            r#""111122223333""#,
            r#"["111122223333", "arn:aws:iam::111122223333:user/bo"]"#,
            r#"["111122223333", "arn:aws:iam::111122223333:role/R"]"#,
            r#"["111122223333", "arn:aws:iam::111122223333:role/R", "arn:aws:sts::111122223333:assumed-role/R/one"]"#,
        ] {
            policies.push(Some(document(kind, "Deny", &format!(r#", "NotPrincipal": {{"AWS": {names}}}"#), "*")));
        }
    }
    policies
}

const CALLERS: [&str; 9] = [
    "arn:aws:iam::111122223333:user/bo",
    "arn:aws:sts::111122223333:assumed-role/R/one",
    "arn:aws:iam::111122223333:role/R",
    "arn:aws:sts::111122223333:federated-user/bo",
    "arn:aws:iam::111122223333:root",
    "arn:aws-cn:iam::111122223333:user/bo",
    "*",
    "s3.amazonaws.com",
    "arn:aws:iam::111122223333:role/aws-service-role/x/R",
];

/// Rules E10 to E37 as a truth table: every kind of policy absent, silent, allowing or denying, each with every form
/// of the resource's policy, asked by every kind of caller of its own and of another account.
#[test]
fn every_verdict() {
    let asked = |principal, action, resource, account: Option<&'static str>| {
        let request = Request::new(principal, action, resource).unwrap();
        account.map_or(Ok(request.clone()), |account| request.resource_account(account)).unwrap()
    };
    let mut ordinary = Vec::new();
    let mut trust = Vec::new();
    for caller in CALLERS {
        for account in [Some("111122223333"), Some("444455556666")] {
            ordinary.push(asked(caller, "s3:GetBucketPolicy", "arn:aws:s3:::b", account));
        }
        ordinary.push(asked(caller, "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1", None));
        ordinary.push(asked(caller, "sts:GetSessionToken", "*", None));
        ordinary.push(asked(caller, "sts:GetCallerIdentity", "*", None));
        trust.push(asked(caller, "sts:AssumeRole", "arn:aws:iam::111122223333:role/R", None));
        trust.push(asked(caller, "sts:TagSession", "arn:aws:iam::444455556666:role/R", None));
    }
    trust.push(asked("accounts.google.com", "sts:AssumeRoleWithWebIdentity", "arn:aws:iam::111122223333:role/R", None));
    let mut pairs = 0;
    for (kind, requests) in [(PolicyKind::Resource, ordinary), (PolicyKind::Trust, trust)] {
        let resource_policies = resource_policies(kind);
        for set in sets_of_identity_kinds() {
            for set in sets_of_gates(&set) {
                for resource in &resource_policies {
                    let set = match resource {
                        Some(document) => set.clone().resource(document.clone()).unwrap(),
                        None => set.clone(),
                    };
                    pairs += compare(&set, &requests);
                }
            }
        }
    }
    println!("{pairs} pairs of a set of policies of all kinds and a request");
    assert!(pairs >= 1_000_000, "only {pairs} pairs");
}

fn sets_of_identity_kinds() -> Vec<PolicySet> {
    let mut sets = Vec::new();
    for identity in VOICES {
        for boundary in VOICES {
            for session in VOICES {
                let mut set = PolicySet::new();
                set = voice(PolicyKind::Identity, identity).into_iter().fold(set, PolicySet::identity);
                set = voice(PolicyKind::Session, session).into_iter().fold(set, PolicySet::session);
                if let Some(document) = voice(PolicyKind::Boundary, boundary) {
                    set = set.boundary(document).unwrap();
                }
                sets.push(set);
            }
        }
    }
    sets
}

/// The set with every combination of gates: none, open, closed and denying, levels of them where there are levels.
fn sets_of_gates(set: &PolicySet) -> Vec<PolicySet> {
    use Voice::{Absent, Allows, Denies, Silent};
    let level = |kind, said| Level { name: String::new(), documents: voice(kind, said).into_iter().collect() };
    let mut sets = Vec::new();
    // A level whose voice is absent holds no document and so closes the gate (Rule E12).
    for service_control in [&[][..], &[Absent], &[Allows, Silent], &[Allows, Denies]] {
        for resource_control in [&[][..], &[Allows, Denies]] {
            for endpoint in VOICES {
                let mut set = set.clone();
                for said in service_control {
                    set = set.service_control(level(PolicyKind::ServiceControl, *said));
                }
                for said in resource_control {
                    set = set.resource_control(level(PolicyKind::ResourceControl, *said));
                }
                if let Some(document) = voice(PolicyKind::Endpoint, endpoint) {
                    set = set.endpoint(document).unwrap();
                }
                sets.push(set);
            }
        }
    }
    sets
}

/// Entries of `Principal`: of each kind one that names a caller below and one that is near it.
const NAMES: [(&str, &str); 20] = [
    ("AWS", "*"),
    ("AWS", "111122223333"),
    ("AWS", "arn:aws:iam::111122223333:root"),
    ("AWS", "444455556666"),
    ("AWS", "arn:aws:iam::111122223333:user/bo"),
    ("AWS", "arn:aws:iam::111122223333:user/al"),
    ("AWS", "arn:aws:iam::111122223333:role/R"),
    ("AWS", "arn:aws:iam::111122223333:role/x/r"),
    ("AWS", "arn:aws-cn:iam::111122223333:role/R"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/R/one"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/R/two"),
    ("AWS", "arn:aws:sts::111122223333:federated-user/bo"),
    ("AWS", "AIDAX"),
    ("AWS", "AROAX"),
    ("Service", "s3.amazonaws.com"),
    ("Service", "ec2.amazonaws.com"),
    ("Federated", "accounts.google.com"),
    ("Federated", "arn:aws:iam::111122223333:oidc-provider/id"),
    ("CanonicalUser", "0f0f"),
    ("CanonicalUser", "1e1e"),
];

/// Callers that such entries name, or nearly name, each with the key or the issuer that tells it apart.
fn named_callers(action: &'static str, resource: &'static str) -> Vec<Request<'static>> {
    let ask = |principal| Request::new(principal, action, resource).unwrap();
    let with_id = |principal, id: &'static str| ask(principal).with("aws:userid", id).unwrap();
    let federated_user = || ask("arn:aws:sts::111122223333:federated-user/bo");
    let callers = CALLERS.into_iter().chain([
        "arn:aws:iam::111122223333:role/x/R",
        "arn:aws:sts::111122223333:assumed-role/r/one",
        "arn:aws-cn:sts::111122223333:assumed-role/R/one",
        "arn:aws:sts::444455556666:assumed-role/R/one",
        "arn:aws:sts::444455556666:federated-user/bo",
        "arn:aws:iam::444455556666:user/bo",
    ]);
    let mut requests: Vec<Request<'static>> = callers.map(ask).collect();
    requests.push(with_id("arn:aws:iam::111122223333:user/bo", "AIDAX"));
    requests.push(with_id("arn:aws:iam::111122223333:user/bo", "AROAX"));
    requests.push(with_id("arn:aws:sts::111122223333:assumed-role/R/one", "AROAX:one"));
    requests.push(with_id("arn:aws:iam::111122223333:role/R", "AROAX"));
    requests.push(with_id("arn:aws:iam::111122223333:role/R", "AIDAX"));
    if action == "sts:AssumeRoleWithWebIdentity" {
        requests.push(ask("accounts.google.com"));
        requests.push(ask("arn:aws:iam::111122223333:oidc-provider/id"));
    } else {
        let issuers = ["arn:aws:iam::111122223333:user/bo", "arn:aws:iam::111122223333:user/al"];
        requests.extend(issuers.map(|issuer| federated_user().issued_by(issuer).unwrap()));
    }
    requests
}

/// Rules E17, E21, E38 to E54: every pair of entries, in every kind of policy that names principals.
#[test]
fn every_pair_of_principals() {
    let allow = document(PolicyKind::Identity, "Allow", "", "*");
    let boundary = document(PolicyKind::Boundary, "Allow", "", "*");
    let (role, other_role) = ("arn:aws:iam::111122223333:role/R", "arn:aws:iam::444455556666:role/R");
    let kinds = [
        (
            PolicyKind::Resource,
            ["s3:GetObject", "sqs:SendMessage"],
            ["arn:aws:s3::111122223333:b", "arn:aws:s3::444455556666:b"],
        ),
        (PolicyKind::Endpoint, ["S3:GetObject", "sqs:SendMessage"], ["arn:aws:s3:::b", "*"]),
        (PolicyKind::Trust, ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"], [role, other_role]),
    ];
    let mut pairs = 0;
    for (kind, actions, resources) in kinds {
        let questions = actions.into_iter().flat_map(|action| resources.map(|resource| (action, resource)));
        let requests: Vec<_> = questions.flat_map(|(action, resource)| named_callers(action, resource)).collect();
        for (index, one) in NAMES.iter().enumerate() {
            for other in NAMES.iter().skip(index) {
                let names = if one.0 == other.0 {
                    format!(r#"{{"{}": ["{}", "{}"]}}"#, one.0, one.1, other.1)
                } else {
                    format!(r#"{{"{}": "{}", "{}": "{}"}}"#, one.0, one.1, other.0, other.1)
                };
                for (effect, element) in [("Allow", "Principal"), ("Deny", "Principal"), ("Deny", "NotPrincipal")] {
                    let everything = if kind == PolicyKind::Trust { "" } else { r#", "Resource": "*""# };
                    let text = format!(
                        r#"{{"Statement": {{"Effect": "{effect}", "{element}": {names}, "Action": "*"{everything}}}}}"#
                    );
                    // Some kinds refuse some entries.
                    let Ok(document) = Document::parse(kind, "p.json", &text) else { continue };
                    let set = PolicySet::new().canonical_user("0f0f", "111122223333").unwrap();
                    let set = match kind {
                        PolicyKind::Endpoint => set.endpoint(document),
                        _ => set.resource(document),
                    };
                    let set = set.unwrap();
                    let with_identity = set.clone().identity(allow.clone());
                    let with_boundary = with_identity.clone().boundary(boundary.clone()).unwrap();
                    for set in [set, with_identity, with_boundary] {
                        pairs += compare(&set, &requests);
                    }
                }
            }
        }
    }
    println!("{pairs} pairs of a policy that names principals and a request");
    assert!(pairs >= 100_000, "only {pairs} pairs");
}

/// Conditions of one value have ways of their own in the tree: every one of a few operators, with every value of a few.
#[test]
fn every_condition_of_one_value() {
    let list = |members: &'static [&'static str]| Some(ContextValue::from(members));
    let values = [
        None,
        Some("".into()),
        Some("a".into()),
        Some("ab".into()),
        Some("true".into()),
        list(&[]),
        list(&[""]),
        list(&["", ""]),
        list(&["a"]),
        list(&["", "a"]),
        list(&["a", ""]),
        list(&["b", ""]),
        list(&["a", "b"]),
        list(&["b", "a"]),
        list(&["b", "b", "a"]),
        list(&["a", "a", "a"]),
        list(&["true", "b"]),
    ];
    let operators = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "Bool"];
    let mut counts = [0; 2];
    for (quantifier, operator) in
        ["", "ForAnyValue:", "ForAllValues:"].iter().flat_map(|quantifier| operators.map(|one| (quantifier, one)))
    {
        for (if_exists, wanted) in ["", "IfExists"]
            .iter()
            .flat_map(|one| [r#""a""#, r#""a*""#, r#""${k:w}""#, r#""true""#, "[]"].map(|wanted| (one, wanted)))
        {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "*", "Resource": "*",
                    "Condition": {{"{quantifier}{operator}{if_exists}": {{"k:v": {wanted}}}}}}}}}"#
            );
            let Ok(document) = Document::parse(PolicyKind::Identity, "t.json", &text) else { continue };
            let set = PolicySet::new().identity(document);
            let tree = Tree::compile(&set);
            for (value, other) in values.iter().flat_map(|value| [None, Some("a")].map(|other| (value, other))) {
                let mut request = Request::new(
                    "arn:aws:sts::111122223333:assumed-role/App/one",
                    "s3:GetObject",
                    "arn:aws:s3:::app/x",
                )
                .unwrap();
                if let Some(value) = value {
                    request = request.with("k:v", value.clone()).unwrap();
                }
                if let Some(other) = other {
                    request = request.with("k:w", other).unwrap();
                }
                let decided = tree.decide(&request).unwrap();
                assert_eq!(decided, Reference::new(&set).decide(&request).unwrap(), "{text} {value:?} {other:?}");
                counts[usize::from(decided.is_allowed())] += 1;
            }
        }
    }
    assert!(counts.iter().all(|count| *count > 1_000), "{counts:?}");
}
