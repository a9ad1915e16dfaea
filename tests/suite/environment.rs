//! Environments: what they are read from, what they find for a request, and what they refuse.

use std::path::{Path, PathBuf};

use iamtree::decision::ContextText;
use iamtree::document::{Document, Level, PolicyKind, PolicySet};
use iamtree::environment::{AskError, Environment, EnvironmentError};
use iamtree::source::Source;
use iamtree::{Engine, Explanation, Request};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/App/one";

/// Documents written out in JSON rest as their texts, and are read again where they stand.
#[test]
fn a_document_at_rest_is_the_document_that_was_read() {
    let inline = r#"{"Statement": {"Sid": "Own", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/${aws:userid}"}}"#;
    let text = format!(
        "{{\"accounts\": {{\"111122223333\": {{\"roles\": {{\"App\": {{\"policies\": [\n{inline},\n{inline:?}]}}}}}}}}}}"
    );
    let environment = read_files(&[("environment.json", &text)]).unwrap();
    let (engine, _) = environment.resolve(&request(SESSION, "s3:GetObject", "arn:aws:s3:::app/x")).unwrap();
    let policies = engine.policies();
    let documents = policies.identity_documents();
    let expected = Document::parse(PolicyKind::Identity, "expected", inline).unwrap();
    for (document, name, position) in [
        (&documents[0], "environment.json#accounts.111122223333.roles.App.policies[0]", (2, 15)),
        (&documents[1], "environment.json:3#accounts.111122223333.roles.App.policies[1]", (1, 15)),
    ] {
        assert_eq!(document.name(), name);
        let start = document.source().position(document.statements()[0].span.start);
        assert_eq!((start.line, start.column), position, "{name}");
        assert_eq!(
            document.statements()[0].resources.as_ref().unwrap().entries[0].text,
            expected.statements()[0].resources.as_ref().unwrap().entries[0].text
        );
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// An environment in one file.
fn read(text: &str) -> Result<Environment, EnvironmentError> {
    read_files(&[("environment.yaml", text)])
}

fn read_files(files: &[(&str, &str)]) -> Result<Environment, EnvironmentError> {
    let files = files.iter().map(|(name, text)| Ok(Source::new(name, text)));
    Environment::read(files, |path| match path {
        "shared/allow.json" => Ok(ALLOW.into()),
        _ => Err("no such file".to_owned()),
    })
}

const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

fn mistakes(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn request<'a>(principal: &'a str, action: &'a str, resource: &'a str) -> Request<'a> {
    Request::new(principal, action, resource).unwrap()
}

fn explain(environment: &Environment, request: &Request<'_>) -> Explanation {
    environment.explain(request).unwrap()
}

fn reason(environment: &Environment, request: &Request<'_>) -> String {
    let decided = environment.decide(request).unwrap().reason().to_string();
    assert_eq!(decided, explain(environment, request).reason.to_string());
    decided
}

fn derived(explanation: &Explanation, key: &str) -> Option<String> {
    match explanation.derived_context.get(key)? {
        ContextText::Single(text) => Some(text.clone()),
        ContextText::Multi(members) => Some(members.join("|")),
    }
}

/// An example of `corpus/environments`.
fn example(name: &str) -> Environment {
    let mut paths = vec![repository().join("corpus/environments").join(name)];
    let mut files = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files.push(Source::new(path.to_str().unwrap(), &std::fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort_by(|one, other| one.name().cmp(other.name()));
    Environment::read(files.into_iter().map(Ok), |path| std::fs::read(path).map_err(|error| error.to_string())).unwrap()
}

#[test]
fn the_examples_answer_as_they_say() {
    for (name, principal, action, resource, context, expected) in [
        ("one-account.yaml", SESSION, "s3:GetObject", "arn:aws:s3:::app/blue/x", vec![], "ExplicitDeny.Principal"),
        (
            "one-account.yaml",
            "arn:aws:iam::111122223333:user/ana",
            "s3:ListBucket",
            "arn:aws:s3:::app",
            vec![],
            "Allowed.Identity",
        ),
        (
            "one-account.yaml",
            "arn:aws:iam::111122223333:user/ana",
            "s3:GetObject",
            "arn:aws:s3:::app/public/x",
            vec![],
            "Allowed.Resource.Direct",
        ),
        (
            "company",
            "arn:aws:sts::111122223333:assumed-role/Orders/t1",
            "dynamodb:GetItem",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
            vec![("aws:RequestedRegion", "eu-west-1")],
            "Allowed.Identity",
        ),
        (
            "company",
            "arn:aws:sts::111122223333:assumed-role/Orders/t1",
            "dynamodb:GetItem",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
            vec![("aws:RequestedRegion", "us-east-1")],
            "ExplicitDeny.ServiceControlPolicy",
        ),
        (
            "company",
            "arn:aws:sts::111122223333:assumed-role/Orders/t1",
            "s3:GetObject",
            "arn:aws:s3:::shared-data/x",
            vec![("aws:RequestedRegion", "eu-west-1")],
            "Allowed.Identity",
        ),
        (
            "company",
            "arn:aws:iam::777788889999:user/ben",
            "ec2:RunInstances",
            "*",
            vec![],
            "ImplicitDeny.ServiceControlPolicy",
        ),
        ("company", "arn:aws:iam::999988887777:user/admin", "ec2:RunInstances", "*", vec![], "Allowed.Identity"),
        (
            "company",
            "arn:aws:iam::444455556666:role/Pipeline",
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/Deploy",
            vec![("sts:ExternalId", "release-7")],
            "Allowed.Identity",
        ),
        (
            "company",
            "arn:aws:iam::444455556666:role/Pipeline",
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/Deploy",
            vec![],
            "ImplicitDeny.Resource",
        ),
        (
            "company",
            "arn:aws:iam::123456789012:user/stranger",
            "s3:GetObject",
            "arn:aws:s3:::shared-data/x",
            vec![],
            "ExplicitDeny.ResourceControlPolicy",
        ),
        (
            "imported",
            "arn:aws:iam::111122223333:user/ana",
            "s3:GetObject",
            "arn:aws:s3:::app/ana/x",
            vec![],
            "Allowed.Identity",
        ),
        (
            "imported",
            "arn:aws:iam::111122223333:user/ana",
            "s3:PutObject",
            "arn:aws:s3:::app/ana/x",
            vec![],
            "ImplicitDeny.PermissionsBoundary",
        ),
        (
            "imported",
            "arn:aws:iam::111122223333:user/ana",
            "s3:DeleteObject",
            "arn:aws:s3:::app/ana/x",
            vec![],
            "ExplicitDeny.ServiceControlPolicy",
        ),
        ("imported", SESSION, "s3:GetObject", "arn:aws:s3:::app/x", vec![], "Allowed.Identity"),
        ("imported", SESSION, "s3:PutObject", "arn:aws:s3:::app/x", vec![], "ImplicitDeny.Principal"),
        ("imported", SESSION, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs", vec![], "Allowed.Identity"),
    ] {
        let environment = example(name);
        assert_eq!(environment.refused().count(), 0, "{name}");
        let asked =
            context.iter().try_fold(request(principal, action, resource), |it, (key, value)| it.with(*key, *value));
        assert_eq!(
            reason(&environment, &asked.unwrap()),
            expected,
            "{name}: {principal} {action} {resource} {context:?}"
        );
    }
}

#[test]
fn what_is_found_is_what_a_set_put_together_by_hand_holds() {
    let environment = example("company");
    let folder = repository().join("corpus/environments/company");
    let parse = |kind, file: &str| {
        let path = folder.join(file);
        Document::parse(kind, path.to_str().unwrap(), &std::fs::read_to_string(&path).unwrap()).unwrap()
    };
    let asked = request(
        "arn:aws:sts::111122223333:assumed-role/Orders/t1",
        "kms:Decrypt",
        "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    .with("aws:RequestedRegion", "eu-west-1")
    .unwrap();
    let (engine, completed) = environment.resolve(&asked).unwrap();
    let set = engine.policies();
    assert_eq!(*set.boundary_document().unwrap(), parse(PolicyKind::Boundary, "policies/boundary.json"));
    assert_eq!(*set.resource_document().unwrap(), parse(PolicyKind::Resource, "policies/key.json"));
    assert_eq!(set.identity_documents()[0], parse(PolicyKind::Identity, "policies/own-table.json"));
    let names =
        |levels: &[Level]| levels.iter().map(|level| (level.name.clone(), level.documents.len())).collect::<Vec<_>>();
    let named = |names: [(&str, usize); 3]| names.map(|(name, count)| (name.to_owned(), count)).to_vec();
    assert_eq!(names(set.service_control_levels()), named([("root", 1), ("Workloads", 2), ("production", 1)]));
    assert_eq!(names(set.resource_control_levels()), named([("root", 0), ("Workloads", 1), ("production", 0)]));
    for (key, value) in [
        ("aws:PrincipalArn", "arn:aws:iam::111122223333:role/service/Orders"),
        ("aws:userid", "AROAEXAMPLEORDERS0001:t1"),
        ("aws:PrincipalTag/service", "orders"),
        ("aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        ("aws:ResourceOrgID", "o-a1b2c3d4e5"),
    ] {
        assert_eq!(completed.context().single(key), Some(value), "{key}");
    }
    let explanation = explain(&environment, &asked);
    assert_eq!(explanation.decision.as_str(), "allowed");
    assert_eq!(derived(&explanation, "aws:PrincipalOrgPaths").unwrap(), "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/");
    assert_eq!(derived(&explanation, "aws:PrincipalTag/service").unwrap(), "orders");
}

const TWO_ROLES: &str = r#"
accounts:
  111122223333:
    roles:
      App: {policies: [allow], tags: {team: blue, level: 7}}
      Broken: {policies: [allow, {Statement: {Effect: allow, Action: "*", Resource: "*"}}]}
      Lost: {policies: [nowhere.json]}
      Target:
        path: /a/b/
        trust: {Statement: {Effect: Allow, Principal: {AWS: "arn:aws:iam::111122223333:role/App"}, Action: sts:AssumeRole}}
    users:
      ana: {groups: [dev], id: AIDAANA}
    groups:
      dev: {policies: [shared/allow.json]}
    resources:
      arn:aws:s3:::app: {tags: {stage: test}}
documents:
  allow: '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
"#;

#[test]
fn a_refused_document_stops_only_what_it_takes_part_in() {
    let environment = read(TWO_ROLES).unwrap();
    let ask = |principal| environment.decide(&request(principal, "s3:GetObject", "arn:aws:s3:::app/x"));
    assert!(ask(SESSION).unwrap().is_allowed());
    let error = ask("arn:aws:iam::111122223333:role/Broken").unwrap_err();
    assert_eq!(error.refused_documents().len(), 1);
    assert!(error.to_string().contains("policies[1]:6:55: unknown effect: found `allow`"), "{error}");
    let error = ask("arn:aws:iam::111122223333:role/Lost").unwrap_err();
    assert_eq!(
        error.to_string().lines().nth(1).unwrap(),
        "environment.yaml:7:25: accounts.111122223333.roles.Lost.policies[0]: unknown document: found `nowhere.json`, expected a name in `documents` or a file (nowhere.json: no such file)"
    );
    let refused: Vec<&str> = environment.refused().map(|document| document.name()).collect();
    assert_eq!(
        refused,
        [
            "environment.yaml#accounts.111122223333.roles.Broken.policies[1]",
            "environment.yaml#accounts.111122223333.roles.Lost.policies[0]"
        ]
    );
}

#[test]
fn a_refused_control_policy_stops_whoever_it_limits() {
    let text = r#"
organization:
  root:
    scps: [FullAWSAccess]
    units:
      A: {scps: [{Statement: []}], accounts: [111122223333]}
      B: {scps: [FullAWSAccess], accounts: ["444455556666"]}
accounts:
  111122223333: {scps: [FullAWSAccess], roles: {R: {policies: [shared/allow.json]}}}
  444455556666: {scps: [FullAWSAccess], roles: {R: {policies: [shared/allow.json]}}}
"#;
    let environment = read(text).unwrap();
    let ask = |principal| environment.decide(&request(principal, "s3:ListAllMyBuckets", "*"));
    assert_eq!(ask("arn:aws:iam::111122223333:role/R").unwrap_err().refused_documents().len(), 1);
    assert!(ask("arn:aws:iam::444455556666:role/R").unwrap().is_allowed());
    let refused = environment.refused().next().unwrap();
    assert!(
        refused
            .document_error()
            .unwrap()
            .to_string()
            .starts_with("environment.yaml#organization.root.units.A.scps[0]:6:30: "),
        "{refused}"
    );
}

#[test]
fn unknown_principals_of_known_accounts_are_errors() {
    let environment = read(TWO_ROLES).unwrap();
    let ask = |principal| environment.decide(&request(principal, "s3:GetObject", "arn:aws:s3:::app/x"));
    for (principal, expected) in [
        (
            "arn:aws:iam::111122223333:user/anna",
            "unknown principal `arn:aws:iam::111122223333:user/anna`: the account 111122223333 has no user `anna`, it has `ana`",
        ),
        (
            "arn:aws:iam::111122223333:role/Target",
            "unknown principal `arn:aws:iam::111122223333:role/Target`: the role `Target` of the account 111122223333 is `arn:aws:iam::111122223333:role/a/b/Target`",
        ),
    ] {
        let error = ask(principal).unwrap_err();
        assert!(error.is_unknown_principal());
        assert_eq!(error.to_string(), expected);
    }
    // The name of a federated user tells nothing of the user that issued it (Rule E44).
    let federated = request("arn:aws:sts::111122223333:federated-user/ana", "s3:GetObject", "arn:aws:s3:::app/x");
    let error = environment.decide(&federated).unwrap_err();
    assert_eq!(error.as_request_error().unwrap().rule(), "E44");
    let issued = federated.issued_by("arn:aws:iam::111122223333:user/ana").unwrap();
    assert_eq!(reason(&environment, &issued), "ImplicitDeny.Session");
    // Whoever has no policies of an account needs no entry.
    for principal in ["*", "s3.amazonaws.com", "arn:aws:iam::111122223333:root"] {
        assert!(ask(principal).is_ok(), "{principal}");
    }
    let unnamed = Request::unnamed("s3:GetObject", "arn:aws:s3:::app/x").unwrap();
    assert!(environment.decide(&unnamed).unwrap_err().to_string().contains("names its principal"));
    let explanation =
        explain(&environment, &request("arn:aws:iam::444455556666:user/x", "s3:GetObject", "arn:aws:s3:::app/x"));
    assert_eq!(explanation.warnings[0].code, "unknownAccount");
}

#[test]
fn keys_follow_from_knowing_principal_and_resource() {
    let environment = read(TWO_ROLES).unwrap();
    let explanation = explain(&environment, &request(SESSION, "s3:GetBucketTagging", "arn:aws:s3:::app"));
    assert_eq!(derived(&explanation, "aws:PrincipalTag/team").unwrap(), "blue");
    assert_eq!(derived(&explanation, "aws:PrincipalTag/level").unwrap(), "7");
    assert_eq!(derived(&explanation, "aws:ResourceTag/stage").unwrap(), "test");
    assert_eq!(explanation.resource_account.as_deref(), Some("111122223333"));
    assert!(explanation.warnings.is_empty(), "{:?}", explanation.warnings);
    // What stands below a resource has tags of its own.
    let object = explain(&environment, &request(SESSION, "s3:GetObject", "arn:aws:s3:::app/x"));
    assert_eq!(derived(&object, "aws:ResourceTag/stage"), None);
    // What the request says is not replaced.
    let tagged = request(SESSION, "s3:GetObject", "arn:aws:s3:::app/x").with("aws:principaltag/team", "red").unwrap();
    assert_eq!(derived(&explain(&environment, &tagged), "aws:PrincipalTag/team"), None);
    let user = request("arn:aws:iam::111122223333:user/ana", "s3:GetObject", "arn:aws:s3:::app/x");
    assert_eq!(derived(&explain(&environment, &user), "aws:userid").unwrap(), "AIDAANA");
}

#[test]
fn contradictions_are_errors() {
    let environment = read(TWO_ROLES).unwrap();
    let other_owner = request(SESSION, "s3:GetObject", "arn:aws:s3:::app/x").resource_account("444455556666").unwrap();
    let error = environment.decide(&other_owner).unwrap_err();
    assert_eq!(error.as_request_error().unwrap().rule(), "E4");
    let other_path = request("arn:aws:sts::111122223333:assumed-role/Target/s", "s3:GetObject", "arn:aws:s3:::app/x")
        .with("aws:PrincipalArn", "arn:aws:iam::111122223333:role/other/Target")
        .unwrap();
    let error = environment.decide(&other_path).unwrap_err();
    assert_eq!(error.as_request_error().unwrap().rule(), "E58");
}

#[test]
fn what_is_assumed_is_a_warning() {
    let environment = read(TWO_ROLES).unwrap();
    let codes = |request: &Request<'_>| -> Vec<&str> {
        explain(&environment, request).warnings.iter().map(|warning| warning.code).collect()
    };
    assert_eq!(
        codes(&request(SESSION, "s3:GetObject", "arn:aws:s3:::other/x")),
        ["defaultedResourceAccount", "unknownResource"]
    );
    assert_eq!(
        codes(&request(SESSION, "sqs:SendMessage", "arn:aws:sqs:eu-west-1:444455556666:q")),
        ["unknownResource", "unknownAccount"]
    );
    let text = "organization: {root: {scps: [FullAWSAccess], accounts: [111122223333]}}\naccounts: {111122223333: {roles: {App: {policies: [shared/allow.json]}}}, 444455556666: {roles: {App: {}}}}";
    let environment = read(text).unwrap();
    let explanation = explain(&environment, &request(SESSION, "s3:ListAllMyBuckets", "*"));
    assert_eq!(explanation.warnings[0].code, "defaultedServiceControlPolicies");
    assert_eq!(explanation.decision.as_str(), "allowed");
    let outside = request("arn:aws:iam::444455556666:role/App", "s3:ListAllMyBuckets", "*");
    assert_eq!(explain(&environment, &outside).warnings[0].code, "outsideOrganization");
}

#[test]
fn the_trust_policy_of_a_role_is_found() {
    let environment = read(TWO_ROLES).unwrap();
    let role = "arn:aws:iam::111122223333:role/a/b/Target";
    assert_eq!(reason(&environment, &request(SESSION, "sts:AssumeRole", role)), "Allowed.Resource.ViaRole");
    let user = "arn:aws:iam::111122223333:user/ana";
    assert_eq!(reason(&environment, &request(user, "sts:AssumeRole", role)), "ImplicitDeny.Resource");
    // Another action on the role asks its identity-based policies, not the trust policy.
    assert_eq!(reason(&environment, &request(user, "iam:GetRole", role)), "Allowed.Identity");
}

#[test]
fn attaching_and_detaching_touches_one_principal() {
    let mut environment = read(TWO_ROLES).unwrap();
    let app = request(SESSION, "s3:GetObject", "arn:aws:s3:::app/x");
    let ana = request("arn:aws:iam::111122223333:user/ana", "s3:GetObject", "arn:aws:s3:::app/x");
    assert_eq!(
        (reason(&environment, &app), reason(&environment, &ana)),
        ("Allowed.Identity".into(), "Allowed.Identity".into())
    );
    assert_eq!(environment.cached_engines(), 2);
    let deny = ALLOW.replace("Allow", "Deny");
    let deny = Document::parse(PolicyKind::Identity, "deny.json", &deny).unwrap();
    environment.attach("arn:aws:iam::111122223333:role/App", deny.clone()).unwrap();
    assert_eq!(reason(&environment, &app), "ExplicitDeny.Principal");
    assert_eq!(environment.cached_engines(), 3);
    assert_eq!(reason(&environment, &ana), "Allowed.Identity");
    assert_eq!(environment.cached_engines(), 3);
    assert_eq!(environment.detach("arn:aws:iam::111122223333:role/App", "deny.json"), Ok(1));
    assert_eq!(reason(&environment, &app), "Allowed.Identity");
    // A group passes it on to its members.
    environment.attach("arn:aws:iam::111122223333:group/dev", deny).unwrap();
    assert_eq!(reason(&environment, &ana), "ExplicitDeny.Principal");
    assert_eq!(reason(&environment, &app), "Allowed.Identity");
    assert_eq!(environment.detach("arn:aws:iam::111122223333:group/dev", "deny.json"), Ok(1));
    assert_eq!(reason(&environment, &ana), "Allowed.Identity");
    // Detaching what is refused mends what it stopped.
    let broken = request("arn:aws:iam::111122223333:role/Broken", "s3:GetObject", "arn:aws:s3:::app/x");
    assert!(environment.decide(&broken).is_err());
    let name = "environment.yaml#accounts.111122223333.roles.Broken.policies[1]";
    assert_eq!(environment.detach("arn:aws:iam::111122223333:role/Broken", name), Ok(1));
    assert!(environment.decide(&broken).unwrap().is_allowed());
    assert!(environment.detach("arn:aws:iam::111122223333:role/Nobody", "x").is_err());
    let boundary = Document::parse(PolicyKind::Boundary, "b.json", ALLOW).unwrap();
    assert!(environment.attach("arn:aws:iam::111122223333:role/App", boundary).is_err());
}

#[test]
fn the_cache_is_bounded() {
    let environment = read(TWO_ROLES).unwrap().with_cache(1);
    for principal in [SESSION, "arn:aws:iam::111122223333:user/ana", SESSION] {
        assert!(environment.decide(&request(principal, "s3:GetObject", "arn:aws:s3:::app/x")).unwrap().is_allowed());
        assert_eq!(environment.cached_engines(), 1);
    }
}

#[test]
fn documents_are_shared() {
    let environment = read(TWO_ROLES).unwrap();
    let document = |principal| {
        let (engine, _) = environment.resolve(&request(principal, "s3:GetObject", "arn:aws:s3:::app/x")).unwrap();
        engine.policies().identity_documents()[0].clone()
    };
    let text = "accounts: {111122223333: {roles: {A: {policies: [allow]}, B: {policies: [allow]}}}}\ndocuments: {allow: {Statement: {Effect: Allow, Action: \"s3:*\", Resource: \"*\"}}}";
    let other = read(text).unwrap();
    let of = |name: &str| {
        let arn = format!("arn:aws:iam::111122223333:role/{name}");
        let (engine, _) = other.resolve(&request(&arn, "s3:GetObject", "arn:aws:s3:::app/x")).unwrap();
        engine.policies().identity_documents()[0].clone()
    };
    assert!(std::ptr::eq(of("A").statements(), of("B").statements()));
    assert_eq!(document(SESSION).name(), "environment.yaml:18#documents.allow");
}

#[test]
fn mistakes_name_file_line_and_key() {
    for (text, expected) in [
        (
            "acounts: {}",
            "environment.yaml:1:1: unknown field `acounts`, expected one of `organization`, `accounts`, `documents`",
        ),
        (
            "accounts:\n  111122223333:\n    roles:\n      App: {polices: []}",
            "environment.yaml:4:13: accounts.111122223333.roles.App: unknown field `polices`, expected one of `path`, `id`, `maxSessionDuration`, `trust`, `policies`, `boundary`, `tags`",
        ),
        (
            "accounts:\n  111122223333:\n    roles:\n      App: {policies: allow}",
            "environment.yaml:4:23: accounts.111122223333.roles.App.policies: invalid type: string \"allow\", expected a sequence",
        ),
        (
            "accounts: {1111: {}}",
            "environment.yaml:1:12: accounts.1111: malformed account id: found `1111`, expected twelve digits",
        ),
        (
            "accounts: {111122223333: {users: {ana: {groups: [dev]}}}}",
            "environment.yaml:1:50: accounts.111122223333.users.ana.groups[0]: unknown group: found `dev`, expected a name in `groups` of the account",
        ),
        (
            "accounts: {111122223333: {roles: {A: {path: service}}}}",
            "environment.yaml:1:45: accounts.111122223333.roles.A.path: found `service`, expected a path from `/` to `/`",
        ),
        (
            "accounts: {111122223333: {roles: {App: {}, app: {}}}}",
            "environment.yaml:1:44: accounts.111122223333.roles.app: a second one of the name `app`, expected each name once",
        ),
        (
            "accounts: {111122223333: {resources: {app: {}}}}",
            "environment.yaml:1:39: accounts.111122223333.resources.app: malformed resource: found `app`, expected an ARN",
        ),
        (
            "accounts: {111122223333: {resources: {'arn:aws:sqs:eu-west-1:444455556666:q': {}}}}",
            "environment.yaml:1:39: accounts.111122223333.resources.arn:aws:sqs:eu-west-1:444455556666:q: the resource is another account's: expected one of `111122223333`",
        ),
        (
            "organization: {root: {accounts: [111122223333], units: {A: {accounts: [111122223333]}}}}",
            "environment.yaml:1:72: organization.root.units.A.accounts[0]: the account `111122223333` stands below two units",
        ),
        (
            "accounts: {111122223333: {roles: {A: }}}",
            "environment.yaml:1:36: accounts.111122223333.roles.A: invalid type: `null`, expected an object",
        ),
        ("accounts: [\n", "environment.yaml:2:1: the text is not YAML: "),
    ] {
        let message = mistakes(text);
        assert!(message.starts_with(expected), "{text}\n{message}");
    }
}

#[test]
fn tags_that_differ_in_case_only_are_a_mistake() {
    assert_eq!(
        mistakes("accounts: {111122223333: {roles: {A: {tags: {team: a, Team: b}}}}}"),
        "environment.yaml:1:55: accounts.111122223333.roles.A.tags: a second `Team`, expected each name once in any case"
    );
    assert_eq!(
        mistakes("accounts: {111122223333: {roles: {A: {maxSessionDuration: 1h}}}}"),
        "environment.yaml:1:59: accounts.111122223333.roles.A.maxSessionDuration: found `1h`, expected seconds from 3600 to 43200"
    );
}

#[test]
fn roles_are_found_with_all_that_they_have() {
    let environment = example("company");
    let role = environment.role("arn:aws:iam::111122223333:role/service/Orders").unwrap();
    assert_eq!((role.account(), role.id()), ("111122223333", Some("AROAEXAMPLEORDERS0001")));
    assert_eq!((role.tags().collect::<Vec<_>>(), role.max_session()), (vec![("service", "orders")], Some(3600)));
    assert!(role.trust().unwrap().unwrap().name().ends_with("policies/trust-compute.json"));
    assert!(role.boundary().unwrap().unwrap().name().ends_with("policies/boundary.json"));
    assert_eq!(role.policies().filter_map(Result::ok).count(), 2);
    assert_eq!((role.service_control().unwrap().len(), role.resource_control().unwrap().len()), (3, 3));
    assert!(environment.role("arn:aws:iam::111122223333:role/Orders").is_none());
    assert!(environment.role("arn:aws:iam::777788889999:user/ben").is_none());
    assert_eq!(environment.roles().count(), 3);
    let broken = read(TWO_ROLES).unwrap();
    let role = broken.role("arn:aws:iam::111122223333:role/Lost").unwrap();
    assert!(role.policies().next().unwrap().is_err());
}

/// AWS lets nobody detach the last policy: where a listing names none, it is the listing that is missing.
#[test]
fn missing_listings_stop_whoever_they_limit() {
    let roots =
        r#"{"Roots": [{"Id": "r-ab12", "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]}"#;
    let accounts = r#"{"Accounts": [{"Id": "111122223333"}]}"#;
    let attached =
        r#"{"Policies": [{"Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY"}]}"#;
    let roles = "accounts: {111122223333: {roles: {App: {policies: [shared/allow.json]}}}}";
    let files = [
        ("list-roots.json", roots),
        ("list-accounts-for-parent.r-ab12.json", accounts),
        ("list-policies-for-target.r-ab12.json", attached),
        ("environment.yaml", roles),
        ("list-policies-for-target.111122223333.json", attached),
    ];
    let asked = request(SESSION, "s3:ListAllMyBuckets", "*");
    assert!(read_files(&files).unwrap().decide(&asked).unwrap().is_allowed());
    let error = read_files(&files[..4]).unwrap().decide(&asked).unwrap_err();
    assert_eq!(
        error.to_string().lines().nth(1).unwrap(),
        "list-accounts-for-parent.r-ab12.json:1:22: 111122223333: no listing says which scp policies are attached: expected `list-policies-for-target` of `111122223333`"
    );
}

#[test]
fn a_document_that_is_no_text_is_refused_alone() {
    let text = "accounts: {111122223333: {roles: {App: {policies: [policy.json]}}}}";
    let policy = [ALLOW.as_bytes(), b"\xff"].concat();
    let files =
        || [Source::from_bytes("environment.yaml", text.as_bytes()), Source::from_bytes("policy.json", &policy)];
    let environment = Environment::read(files(), |_| Err("no such file".to_owned())).unwrap();
    let refused: Vec<String> = environment.refused().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].contains("the text is not UTF-8"), "{refused:?}");
    let stray = Environment::read(files().into_iter().skip(1), |_| Err("no such file".to_owned()));
    assert!(stray.unwrap_err().to_string().contains("the text is not UTF-8"));
}

#[test]
fn outputs_that_are_a_part_of_the_whole_are_refused() {
    let details = r#"{"UserDetailList": [], "RoleDetailList": [], "NextToken": "x"}"#;
    let error = read_files(&[("details.json", details)]).unwrap_err().to_string();
    assert!(error.starts_with("details.json:1:1: the output is a part of the whole"), "{error}");
    let roots = r#"{"Roots": [], "NextToken": "x"}"#;
    assert!(read_files(&[("list-roots.json", roots)]).is_err());
    let attached = r#"{"Policies": [{"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY"}]}"#;
    let error = read_files(&[("list-policies-for-target.json", attached)]).unwrap_err().to_string();
    assert!(error.contains("end the name of the file in the id"), "{error}");
}

#[test]
fn what_cannot_be_read_is_refused_unless_it_is_a_document() {
    let error = read_files(&[("environment.yaml", "accounts: {}"), ("stray.json", "{")]).unwrap_err().to_string();
    assert!(error.starts_with("stray.json:1:2: the text is not JSON"), "{error}");
    let text = "accounts: {111122223333: {roles: {App: {policies: [policy.json]}}}}";
    let environment = read_files(&[("environment.yaml", text), ("policy.json", "{"), ("other.json", ALLOW)]).unwrap();
    assert_eq!(environment.refused().next().unwrap().name(), "policy.json");
    assert_eq!(environment.unused().collect::<Vec<_>>(), ["other.json"]);
}

#[test]
fn a_role_has_no_more_than_an_engine_of_its_documents() {
    let environment = read(TWO_ROLES).unwrap();
    let identity = Document::parse(
        PolicyKind::Identity,
        "allow.json",
        r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#,
    );
    let engine = Engine::compile(PolicySet::new().identity(identity.unwrap())).unwrap();
    for action in ["s3:GetObject", "ec2:StartInstances"] {
        let asked = request(SESSION, action, "arn:aws:s3:::app/x").resource_account("111122223333").unwrap();
        let expected = engine.decide(&asked).unwrap().reason();
        assert_eq!(environment.decide(&asked).unwrap().reason(), expected);
    }
}

#[test]
fn errors_are_denials_for_whoever_forgets() {
    // `AskError` holds no decision: there is nothing in it that could be taken for an allow.
    fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
    is_error::<AskError>();
    is_error::<EnvironmentError>();
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Environment>();
}

fn environment_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join("corpus/environments")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found
}

const POOL: &str = r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
    "Roles": {"unauthenticated": "arn:aws:iam::111122223333:role/Guest"}}"#;

fn with_pool(pool: &str, policy: &str) -> Result<Environment, String> {
    let accounts = format!(
        r#"{{"accounts": {{"111122223333": {{"roles": {{"Guest": {{"policies": [{policy}], "trust": {{"Statement":
            {{"Effect": "Allow", "Principal": {{"Federated": "cognito-identity.amazonaws.com"}},
            "Action": "sts:AssumeRoleWithWebIdentity"}}}}}}, "Other": {{}}}}}}}}}}"#
    );
    let files = [Ok(Source::new("accounts.json", &accounts)), Ok(Source::new("pool.json", pool))];
    Environment::read(files, |_| Err("no files".to_owned())).map_err(|error| error.to_string())
}

#[test]
fn a_pool_gets_the_roles_it_names_and_those_that_are_asked_for() {
    let environment = with_pool(POOL, "").unwrap();
    let folder = environment.identity_pool("us-east-1:1a2b", []).unwrap();
    assert_eq!(
        folder.roles.iter().map(|role| role.arn()).collect::<Vec<_>>(),
        ["arn:aws:iam::111122223333:role/Guest"]
    );
    // Without a trust policy nobody assumes a role, and a role that is not there is not known.
    let asked = ["arn:aws:iam::111122223333:role/Other", "arn:aws:iam::111122223333:role/Nobody"];
    assert_eq!(environment.identity_pool("us-east-1:1a2b", asked).unwrap().roles.iter().count(), 1);
    assert!(environment.identity_pool("us-east-1:9f9f", []).unwrap_err().to_string().contains("unknown identity pool"));
}

#[test]
fn a_pool_is_read_whole_or_not_at_all() {
    let mistaken = POOL.replace("\"Roles\"", "\"roles\"");
    let error = with_pool(&mistaken, "").unwrap_err();
    assert!(error.starts_with("pool.json:2:5: unknown member: found `roles`, expected `Roles`"), "{error}");
}

#[test]
fn a_refused_document_keeps_its_role_from_logins() {
    let environment = with_pool(POOL, r#"{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}"#).unwrap();
    let error = environment.identity_pool("us-east-1:1a2b", []).unwrap_err();
    assert_eq!(error.refused_documents().len(), 1, "{error}");
}

#[cfg(feature = "schema")]
mod schema {
    use super::*;
    use iamtree::json::{Kind, Limits, Value};

    /// `UPDATE_SCHEMA=1 cargo test --all-features` writes it anew.
    #[test]
    fn the_shipped_schema_is_the_generated_one() {
        let path = repository().join("corpus/environments/environment.schema.json");
        let generated = iamtree::environment::json_schema().unwrap();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap() == generated, "UPDATE_SCHEMA=1 writes it anew");
    }

    #[test]
    fn every_example_keeps_the_schema() {
        let schema = serde_json::from_str(&iamtree::environment::json_schema().unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let files = environment_files();
        assert!(files.len() >= 3);
        for path in files {
            let source = Source::new(path.to_str().unwrap(), &std::fs::read_to_string(&path).unwrap());
            let value = plain(iamtree::yaml::parse(&source, &Limits::default()).unwrap().root());
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        }
        for mistake in [
            r#"{"acounts": {}}"#,
            r#"{"accounts": {"111122223333": {"roles": {"A": {"policies": "x"}}}}}"#,
            r#"{"organization": {}}"#,
            r#"{"organization": null}"#,
            r#"{"accounts": {"111122223333": {"roles": {"A": {"maxSessionDuration": 60}}}}}"#,
        ] {
            assert!(!validator.is_valid(&serde_json::from_str(mistake).unwrap()), "{mistake}");
        }
    }

    fn plain(value: Value<'_>) -> serde_json::Value {
        match value.kind() {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(boolean) => boolean.into(),
            Kind::Number(number) => serde_json::from_str(number).unwrap(),
            Kind::String(text) => text.into(),
            Kind::Array(items) => items.iter().map(plain).collect(),
            Kind::Object(members) => {
                members.iter().map(|member| (member.name().to_string(), plain(member.value()))).collect()
            }
        }
    }
}
