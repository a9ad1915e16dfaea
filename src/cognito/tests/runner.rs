use super::*;
use crate::source::Source;

/// A case that passes.
const CASE: &str = r#"{"name": "n", "pool": POOL, "identityId": "us-east-1:0f1e", "flow": "enhanced", "login": null,
 "roles": {"arn:aws:iam::111122223333:role/G": {"trust": {"Version": "2012-10-17", "Statement": {"Effect": "Allow",
  "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}},
  "policies": [{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::app/*"}}]}},
 "expect": {"role": "arn:aws:iam::111122223333:role/G", "context": {"cognito-identity.amazonaws.com:amr": ["unauthenticated"]}, "absent": ["aws:username"]},
 "requests": [{"action": "s3:GetObject", "resource": "arn:aws:s3:::app/x", "expect": "allowed"}]}"#;

fn line(from: &str, to: &str) -> String {
    assert!(CASE.contains(from), "{from}");
    CASE.replacen(from, to, 1).replace("POOL", POOL).replace('\n', " ")
}

fn read(text: &str) -> Result<Vec<cases::Case>, ReadError> {
    cases::read(&Source::new("dir/own.jsonl", text), |path| match path {
        "dir/pool.json" => Ok(POOL.as_bytes().to_vec()),
        _ => Err("no such file".to_owned()),
    })
}

fn report(text: &str) -> String {
    let cases = read(text).unwrap_or_else(|error| panic!("{error}"));
    let report = cases::run(&cases, |engine, request| {
        engine.explain(request).map(|explanation| explanation.decision).map_err(|error| error.to_string())
    });
    let failures: Vec<String> = report.failures().iter().map(|failure| failure.found.clone()).collect();
    format!("{report}: {}", failures.join("; "))
}

#[test]
fn every_expectation_is_held() {
    for (from, to, expected) in [
        ("", "", "1 passed, 0 failed: "),
        ("POOL", "\"pool.json\"", "1 passed, 0 failed: "),
        ("POOL", "[\"pool.json\"]", "1 passed, 0 failed: "),
        (
            "\"role\": \"arn:aws:iam::111122223333:role/G\"",
            "\"role\": \"x\"",
            "0 passed, 1 failed: arn:aws:iam::111122223333:role/G",
        ),
        (
            "[\"unauthenticated\"]",
            "\"unauthenticated\"",
            "0 passed, 1 failed: cognito-identity.amazonaws.com:amr = Some(Multi([\"unauthenticated\"]))",
        ),
        (
            "[\"unauthenticated\"]",
            "[\"authenticated\"]",
            "0 passed, 1 failed: cognito-identity.amazonaws.com:amr = Some(Multi([\"unauthenticated\"]))",
        ),
        (
            "\"aws:username\"",
            "\"aws:PrincipalArn\"",
            "0 passed, 1 failed: aws:PrincipalArn = Single(\"arn:aws:iam::111122223333:role/G\")",
        ),
        ("\"allowed\"", "\"implicitDeny\"", "0 passed, 1 failed: s3:GetObject `arn:aws:s3:::app/x`: allowed"),
        (
            "s3:GetObject\", \"resource\"",
            "s3:*\", \"resource\"",
            "0 passed, 1 failed: s3:* `arn:aws:s3:::app/x`: a wildcard in the action of a request: found `*`, expected one action (rule L26)",
        ),
    ] {
        assert_eq!(report(&line(from, to)), expected, "{from} → {to}");
    }
    let refused = line("\"Allow\"", "\"Deny\"");
    assert!(
        report(&refused).starts_with("0 passed, 1 failed: InvalidIdentityPoolConfigurationException (trustDenied)")
    );
    let wants_error = CASE.split("\"expect\"").next().unwrap().to_owned() + r#""expect": {"error": "AccessDenied"}}"#;
    let text = wants_error.replace("POOL", POOL).replace('\n', " ");
    assert_eq!(report(&text), "0 passed, 1 failed: arn:aws:iam::111122223333:role/G");
}

#[test]
fn a_pool_that_is_refused_is_an_answer() {
    let text = line("POOL", "{}").replacen(
        "\"role\": \"arn:aws:iam::111122223333:role/G\"",
        "\"error\": \"InvalidParameterException\"",
        1,
    );
    assert_eq!(report(&text), "1 passed, 0 failed: ");
    let text = line("POOL", "{}");
    assert!(
        report(&text).starts_with("0 passed, 1 failed: invalidPoolDocument: dir/own.jsonl:1:1:"),
        "{}",
        report(&text)
    );
}

#[test]
fn mistakes_of_a_file_name_their_place() {
    for (from, to, expected) in [
        ("\"flow\": \"enhanced\"", "\"flow\": \"fast\"", "malformed flow: found `fast`"),
        ("\"login\": null", "\"login\": {}", "a member is missing: found the end of the object, expected `provider`"),
        ("\"name\": \"n\", ", "", "a member is missing: found the end of the object, expected `name`"),
        ("\"name\"", "\"nom\"", "unknown member: found `nom`"),
        ("POOL", "\"gone.json\"", "cannot read `dir/gone.json`: found no such file"),
        ("\"allowed\"", "\"yes\"", "malformed answer: found `yes`"),
        ("\"Action\": \"s3:GetObject\"", "\"Action\": \"s3\"", "malformed action: found `s3`"),
    ] {
        let error = read(&line(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.starts_with("dir/own.jsonl:1:"), "{error}");
    }
    let twice = format!("{}\n\n{}", line("", ""), line("", ""));
    assert!(read(&twice).unwrap_err().to_string().contains("a second case of one name"));
    assert!(cases::Case::is_one(&line("", "")));
    assert!(!cases::Case::is_one(r#"{"name": "a", "policies": {}}"#));
}
