//! The conformance cases of identity pools.

use std::fs;
use std::path::{Path, PathBuf};

use iamtree::cognito::cases::{self, Case};
use iamtree::cognito::{Claims, Exchange, Login, PoolFolder, Reach, VerifiedClaims};
use iamtree::source::Source;
use iamtree::{Evaluator, Outcome, Request, reference::Reference};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Vec<Case> {
    let file = Source::new(path.to_str().unwrap(), &fs::read_to_string(path).unwrap());
    cases::read(&file, |path| fs::read(path).map_err(|error| error.to_string()))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The tree and the reference, which must agree.
fn both(engine: &iamtree::Engine, request: &Request<'_>) -> Result<Outcome, String> {
    let explained = engine.explain(request).map_err(|error| error.to_string())?;
    let compiled = engine.decide(request).map_err(|error| error.to_string())?;
    let plain = Reference::new(&engine.policies()).decide(request).map_err(|error| error.to_string())?;
    assert_eq!((compiled.reason(), plain.reason()), (explained.reason, explained.reason));
    Ok(explained.decision)
}

fn check(path: &Path, least: usize) {
    let cases = read(path);
    assert!(cases.len() >= least, "{}: {} cases", path.display(), cases.len());
    let report = cases::run(&cases, both);
    let failures: Vec<String> = report.failures().iter().map(ToString::to_string).collect();
    assert!(report.is_success(), "{report}\n{}", failures.join("\n"));
}

#[test]
fn every_case_of_the_corpus_passes() {
    check(&repository().join("corpus/cases/cognito.jsonl"), 250);
}

#[test]
fn the_corners_of_the_rules_are_as_the_rules_say() {
    check(&repository().join("corpus/cases/cognito-corners.jsonl"), 154);
}

#[test]
fn nothing_personal_is_in_a_debug_text() {
    let PoolFolder { pool, roles, .. } = photo_app();
    let developer = Login::developer("backend", [("team", "secret-team")]);
    assert_eq!(
        format!("{developer:?}"),
        r#"Login { provider: "backend", claims: VerifiedClaims({}), developer_tags: ["team"] }"#
    );
    let login = Login::by_issuer(photo_app_claims("kim-agency.json")).unwrap();
    let exchange = Exchange::new(&pool, &roles, "eu-west-1:3d2c1b0a").login(login);
    let session = exchange.run().unwrap();
    for text in [format!("{session:?}"), format!("{exchange:?}")] {
        for value in ["north-press", "kim-4711"] {
            assert!(!text.contains(value), "{value}: {text}");
        }
    }
    assert!(format!("{session:?}").contains("aws:PrincipalTag/agency"));
}

#[test]
fn the_trust_policy_knows_the_time_if_the_caller_does() {
    let pool = r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
        "Roles": {"unauthenticated": "arn:aws:iam::111122223333:role/Guest"}}"#;
    let roles = r#"{"arn:aws:iam::111122223333:role/Guest": {"policies": [], "trust": {"Statement": {"Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-08-01T00:00:00Z"}}}}}}"#;
    let pool = iamtree::cognito::Pool::parse("pool.json", pool).unwrap();
    let roles = iamtree::cognito::Roles::read("roles.json", roles, |_| Err("no files".to_owned())).unwrap();
    let at = |moment: &str| Exchange::new(&pool, &roles, "us-east-1:0f1e").issued_at(moment).unwrap().run().is_ok();
    assert!(at("2026-07-31T23:59:59Z"));
    assert!(!at("2026-08-01T00:00:00Z"));
    assert!(Exchange::new(&pool, &roles, "us-east-1:0f1e").run().is_err());
}

#[test]
fn the_photo_app_does_what_its_readme_says() {
    check(&repository().join("corpus/photo-app/photo-app.test.jsonl"), 14);
}

/// The photo app as the command line reads it: one folder.
fn photo_app() -> PoolFolder {
    let folder = repository().join("corpus/photo-app");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    PoolFolder::read(files, |path| fs::read(path).map_err(|error| error.to_string())).unwrap()
}

fn photo_app_claims(name: &str) -> VerifiedClaims {
    let path = repository().join("corpus/photo-app/claims").join(name);
    let claims = Claims::parse(name, &fs::read_to_string(path).unwrap()).unwrap();
    VerifiedClaims::assume_verified(claims)
}

#[test]
fn a_trace_tells_the_whole_way() {
    let PoolFolder { pool, roles, .. } = photo_app();
    let login = Login::by_issuer(photo_app_claims("kim-agency.json")).unwrap();
    let exchange = Exchange::new(&pool, &roles, "eu-west-1:3d2c1b0a").login(login);
    let hidden = exchange.run().unwrap().trace().to_string().replace(repository().to_str().unwrap(), "");
    insta::assert_snapshot!(hidden, @r"
    identity eu-west-1:3d2c1b0a of pool eu-west-1:1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d, enhanced flow
    login login.agencies.example, an OIDC provider
      mapping arn:aws:iam::111122223333:oidc-provider/login.agencies.example, type Rules
        Rules[0]  email_verified NotEqual true  does not match
        Rules[1]  groups Contains picture-desk  matches
      role arn:aws:iam::111122223333:role/PhotoAgency, by a rule
    tag agency from claim agency_id
    trust sts:AssumeRoleWithWebIdentity: allowed
      Allow UsersOfAgencies, /corpus/photo-app/policies/trust-agencies.json:4:9
    trust sts:TagSession: allowed
      Allow OnlyTheAgencyIsTagged, /corpus/photo-app/policies/trust-agencies.json:14:9
    keys aws:PrincipalArn, aws:FederatedProvider, cognito-identity.amazonaws.com:aud, cognito-identity.amazonaws.com:sub, cognito-identity.amazonaws.com:amr, aws:PrincipalTag/agency
    ");
    let shown = exchange.show_values().run().unwrap().trace().to_string();
    for value in ["north-press", "kim-4711"] {
        assert!(!hidden.contains(value), "{value} is personal");
        assert!(shown.contains(value), "{value} was asked for");
    }
}

#[test]
fn a_refusal_tells_how_far_it_came() {
    let PoolFolder { pool, roles, .. } = photo_app();
    let login = Login::by_issuer(photo_app_claims("lou-agency-without-desk.json")).unwrap();
    let error = Exchange::new(&pool, &roles, "eu-west-1:3d2c1b0a").login(login).run().unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{}", error.trace()), @r"
    NotAuthorizedException (undecidableClaim): `Rules[1]`, `groups Contains picture-desk`, cannot be decided for this value of its claim (rule C29)
    identity eu-west-1:3d2c1b0a of pool eu-west-1:1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d, enhanced flow
    login login.agencies.example, an OIDC provider
      mapping arn:aws:iam::111122223333:oidc-provider/login.agencies.example, type Rules
        Rules[0]  email_verified NotEqual true  does not match
        Rules[1]  groups Contains picture-desk  cannot be decided
    no role
    ");
}

#[test]
fn what_an_editor_reaches() {
    let PoolFolder { pool, roles, .. } = photo_app();
    let login = Login::by_issuer(photo_app_claims("eli-editor.json")).unwrap();
    let session = Exchange::new(&pool, &roles, "eu-west-1:9c8d7e6f").login(login).run().unwrap();
    let reach = |action| Reach::of(&session, action).unwrap().to_string().replace(repository().to_str().unwrap(), "");
    insta::assert_snapshot!(reach(None), @r"
    s3
      photo-app
        ListBucket
          if s3:prefix StringLike users/eu-west-1:9c8d7e6f/*
      photo-app/
        public/*
          DeleteObject, GetObject, PutObject
            denied: s3:DeleteObject on arn:aws:s3:::photo-app/public/archive/*  (/corpus/photo-app/policies/editor.json:10:9)
          GetObject
        users/eu-west-1:9c8d7e6f/*
          DeleteObject, GetObject, PutObject
    dynamodb
      arn:aws:dynamodb:eu-west-1:111122223333:table/Albums
        DeleteItem, GetItem, PutItem, UpdateItem
          leading keys eu-west-1:9c8d7e6f
        GetItem
    ");
    insta::assert_snapshot!(reach(Some("s3:DeleteObject")), @r"
    s3
      photo-app/
        public/*
          DeleteObject
            denied: s3:DeleteObject on arn:aws:s3:::photo-app/public/archive/*  (/corpus/photo-app/policies/editor.json:10:9)
        users/eu-west-1:9c8d7e6f/*
          DeleteObject
    ");
    assert_eq!(reach(Some("dynamodb:Scan")), "nothing of S3 and DynamoDB\n");
}

/// The cases this project was given, where they are at hand: ours are a copy.
#[test]
fn every_case_beside_the_repository_passes() {
    let given: PathBuf = repository().join("../shared/cases/cognito.jsonl");
    if given.exists() {
        check(&given, 250);
    }
}
