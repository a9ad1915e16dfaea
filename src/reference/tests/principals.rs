//! Whom `Principal` and `NotPrincipal` name.

use super::*;

fn resource(statements: &str) -> PolicySet {
    PolicySet::new().resource(parse(PolicyKind::Resource, "bucket", statements)).unwrap()
}

fn allow(principal: &str) -> PolicySet {
    resource(&format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "*", "Resource": "*"}}"#))
}

/// Rule E17.
#[test]
fn accounts_in_endpoint_policies() {
    let ask = |effect: &str, principal: &'static str, action: &'static str| {
        let statement = format!(
            r#"{{"Effect": "{effect}", "Principal": {{"AWS": "111122223333"}}, "Action": "*", "Resource": "*"}}"#
        );
        let all = r#", {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}"#;
        let statements = if effect == "Deny" { statement + all } else { statement };
        let set = if principal == USER { identity(ALLOW) } else { PolicySet::new() };
        let set = set.endpoint(parse(PolicyKind::Endpoint, "endpoint", &statements)).unwrap();
        reason(&set, &Request::new(principal, action, "*").unwrap())
    };
    let root = "arn:aws:iam::111122223333:root";
    assert_eq!(ask("Allow", USER, "S3:ListAllMyBuckets"), "ImplicitDeny.VpcEndpoint");
    assert_eq!(ask("Allow", USER, "sqs:ListQueues"), "Allowed.Identity");
    assert_eq!(ask("Allow", root, "s3:ListAllMyBuckets"), "Allowed.Root");
    assert_eq!(ask("Deny", USER, "s3:ListAllMyBuckets"), "ExplicitDeny.VpcEndpoint");
    assert_eq!(ask("Deny", root, "s3:ListAllMyBuckets"), "ExplicitDeny.VpcEndpoint");
}

/// Rules E42, E44, E48.
#[test]
fn names_behind_the_caller() {
    let role = r#"{"AWS": "arn:aws:iam::111122223333:role/any/APP"}"#;
    assert_eq!(reason(&allow(role), &get(SESSION)), "Allowed.Resource.ViaRole");
    assert_eq!(reason(&allow(role), &get("arn:aws:iam::111122223333:role/App")), "ImplicitDeny.Principal");
    let federated = || get("arn:aws:sts::111122223333:federated-user/dana");
    let user = allow(&format!(r#"{{"AWS": "{USER}"}}"#));
    let session = user.clone().session(parse(PolicyKind::Session, "s", ALLOW));
    assert_eq!(reason(&user, &federated()), "ImplicitDeny.Session");
    assert_eq!(reason(&session, &federated()), "Allowed.Resource.ViaUser");
    let other = federated().issued_by("arn:aws:iam::111122223333:user/erik").unwrap();
    assert_eq!(reason(&session, &other), "ImplicitDeny.Principal");
    let with_id = |principal, id: &'static str| get(principal).with("aws:userid", id).unwrap();
    assert_eq!(reason(&allow(r#"{"AWS": "AROAX"}"#), &with_id(SESSION, "AROAX:one")), "Allowed.Resource.ViaRole");
    assert_eq!(reason(&allow(r#"{"AWS": "AIDAX"}"#), &with_id(USER, "AIDAX")), "Allowed.Resource.Direct");
    assert_eq!(reason(&allow(r#"{"AWS": "AIDAX"}"#), &get(USER)), "ImplicitDeny.Principal");
}

/// Rule E47.
#[test]
fn canonical_users_are_accounts() {
    let set = allow(r#"{"CanonicalUser": "79a5"}"#);
    let warnings = explain(&set, &get(USER)).explanation.warnings;
    assert_eq!(warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["unknownCanonicalUser"]);
    let known = set.canonical_user("79a5", "111122223333").unwrap();
    let elsewhere =
        |principal| Request::new(principal, "s3:GetObject", OBJECT).unwrap().resource_account("444455556666").unwrap();
    assert_eq!(reason(&known, &elsewhere(USER)), "ImplicitDeny.Principal");
    assert_eq!(explain(&known, &get(USER)).explanation.warnings, []);
    let both = known.clone().identity(parse(PolicyKind::Identity, "i", ALLOW));
    assert_eq!(reason(&both, &elsewhere(USER)), "Allowed.Identity");
    assert_eq!(reason(&known, &elsewhere("arn:aws:iam::111122223333:root")), "Allowed.Resource.Direct");
}

/// Rules E53, E54.
#[test]
fn not_principal_spares_a_complete_chain() {
    let deny = |entries: &str| {
        let deny = r#"{"Effect": "Deny", "NotPrincipal": ENTRIES, "Action": "*", "Resource": "*"}"#;
        resource(&deny.replace("ENTRIES", entries)).identity(parse(PolicyKind::Identity, "identity", ALLOW))
    };
    let account = "111122223333";
    let role = "arn:aws:iam::111122223333:role/App";
    for (entries, principal, expected) in [
        (format!(r#"{{"AWS": ["{account}", "{USER}"]}}"#), USER, "Allowed.Identity"),
        (format!(r#"{{"AWS": "{USER}"}}"#), USER, "ExplicitDeny.Resource"),
        (format!(r#"{{"AWS": "{account}"}}"#), USER, "ExplicitDeny.Resource"),
        (format!(r#"{{"AWS": ["{account}", "{role}", "{SESSION}"]}}"#), SESSION, "Allowed.Identity"),
        (format!(r#"{{"AWS": ["{account}", "{role}"]}}"#), SESSION, "ExplicitDeny.Resource"),
        (format!(r#"{{"AWS": ["{role}", "{SESSION}"]}}"#), SESSION, "ExplicitDeny.Resource"),
        (format!(r#"{{"AWS": ["{account}", "{SESSION}"]}}"#), SESSION, "ExplicitDeny.Resource"),
        (format!(r#"{{"AWS": "{role}"}}"#), role, "ExplicitDeny.Resource"),
        (format!(r#"{{"AWS": ["{account}", "{role}"]}}"#), role, "Allowed.Identity"),
        (r#""*""#.to_owned(), USER, "Allowed.Identity"),
    ] {
        assert_eq!(reason(&deny(&entries), &get(principal)), expected, "{entries}");
        let with_boundary = deny(&entries).boundary(parse(PolicyKind::Boundary, "boundary", ALLOW)).unwrap();
        assert_eq!(reason(&with_boundary, &get(principal)), "ExplicitDeny.Resource");
    }
}
