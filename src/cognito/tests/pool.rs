use super::*;

fn mistakes(text: &str) -> Vec<String> {
    let error = Pool::parse("pool.json", text).unwrap_err();
    error.diagnostics().iter().map(ToString::to_string).collect()
}

#[test]
fn a_mistake_names_its_place_and_its_rule() {
    for (from, to, expected) in [
        (
            "us-east-1:1a2b",
            "us-east-1:XYZ",
            "pool.json:1:20: malformed identity pool id: found `us-east-1:XYZ`, expected `REGION:GUID`, at most 55 characters (rule C4)",
        ),
        (
            "us-east-1:1a2b",
            "cn-north-1:1a2b",
            "pool.json:1:20: malformed identity pool id: found `cn-north-1:1a2b`, expected a region of partition `aws` (rule C47)",
        ),
        (
            "\"p\"",
            "\"p|\"",
            "pool.json:1:58: malformed name of an identity pool: found `p|`, expected 1 to 128 letters, digits, blanks or `_+=,.@-` (rule C4)",
        ),
        ("\"p\"", "null", "pool.json:1:58: a value of the wrong type: found `null`, expected a string (rule C4)"),
        (
            "true",
            "\"true\"",
            "pool.json:1:97: a value of the wrong type: found a string, expected `true` or `false` (rule C4)",
        ),
        (
            "\"AllowClassicFlow\"",
            "\"allowClassicFlow\"",
            "pool.json:2:2: unknown member: found `allowClassicFlow`, expected `AllowClassicFlow` (rule C7)",
        ),
        (
            "\"AllowClassicFlow\": true",
            "\"IdentityPoolName\": \"q\"",
            "pool.json:2:2: a member is repeated: found a second `IdentityPoolName`, expected each member once (rule C7)",
        ),
        (
            "\"IdentityPoolName\": \"p\", ",
            "",
            "pool.json:7:119: a member is missing: found the end of the object, expected `IdentityPoolName` (rule C4)",
        ),
        (
            ", \"ClientId\": \"c1\"",
            "",
            "pool.json:3:98: a member is missing: found the end of the object, expected `ClientId` (rule C4)",
        ),
        (
            "\"c1\"",
            "\"c 1\"",
            "pool.json:3:112: malformed client id: found `c 1`, expected 1 to 128 letters, digits or `_` (rule C4)",
        ),
        (
            "\"app\"",
            "\"\"",
            "pool.json:4:53: malformed app id: found ``, expected 1 to 128 letters, digits or `_.;/-` (rule C4)",
        ),
        (
            "arn:aws:iam::111122223333:saml-provider/Corp",
            "arn:aws-cn:iam::111122223333:saml-provider/Corp",
            "pool.json:6:23: malformed provider ARN: found `arn:aws-cn:iam::111122223333:saml-provider/Corp`, expected `arn:aws:iam::ACCOUNT:saml-provider/NAME`, 20 to 2,048 characters (rule C4)",
        ),
        (
            "role/G",
            "user/G",
            "pool.json:7:84: malformed role ARN: found `arn:aws:iam::111122223333:user/G`, expected `arn:aws:iam::ACCOUNT:role/NAME`, 20 to 2,048 characters (rule C6)",
        ),
        (
            "\"unauthenticated\"",
            "\"guest\"",
            "pool.json:7:65: unknown member: found `guest`, expected `authenticated`, `unauthenticated` (rule C7)",
        ),
    ] {
        assert_eq!(mistakes(&pool_text(from, to)), [expected], "{from} → {to}");
    }
}

#[test]
fn every_mistake_is_told_in_one_pass() {
    let text = POOL.replace("\"p\"", "7").replace("\"dev\"", "\"d v\"").replace("role/A", "role/");
    let rules: Vec<&str> = Pool::parse("p", &text).unwrap_err().diagnostics().iter().map(|d| d.rule()).collect();
    assert_eq!(rules, ["C4", "C4", "C6"]);
}

fn mapping(key: &str, mapping: &str) -> Result<Pool, ReadError> {
    Pool::parse(
        "pool.json",
        &pool_text(
            "\"AllowClassicFlow\"",
            &format!("\"RoleMappings\": {{\"{key}\": {mapping}}}, \"AllowClassicFlow\""),
        ),
    )
}

#[test]
fn keys_of_role_mappings_have_a_form() {
    for (key, is_read) in [
        (format!("{USER_POOL}:c1"), true),
        (format!("{USER_POOL}:gone"), true),
        (USER_POOL.to_owned(), false),
        (format!("https://{USER_POOL}:c1"), false),
        ("accounts.google.com".to_owned(), true),
        ("graph.facebook.com".to_owned(), true),
        ("social.example".to_owned(), false),
        ("dev".to_owned(), true),
        ("dev2".to_owned(), false),
        ("arn:aws:iam::444455556666:oidc-provider/x.example".to_owned(), true),
        ("arn:aws-cn:iam::444455556666:oidc-provider/x.example".to_owned(), false),
        ("x.example".to_owned(), false),
        ("arn:aws:iam::111122223333:saml-provider/Corp".to_owned(), true),
    ] {
        let read = mapping(&key, r#"{"Type": "Token"}"#);
        assert_eq!(read.is_ok(), is_read, "{key}");
        if let Err(error) = read {
            assert_eq!(error.diagnostics()[0].rule(), "C8", "{error}");
        }
    }
}

#[test]
fn rules_are_checked_whatever_the_type_is() {
    let rule = r#"{"Claim": "c", "MatchType": "Equals", "Value": "v", "RoleARN": "arn:aws:iam::111122223333:role/A"}"#;
    let rules = |rules: &str| format!(r#""RulesConfiguration": {{"Rules": [{rules}]}}"#);
    for (text, is_read) in [
        (format!(r#"{{"Type": "Rules", {}}}"#, rules(rule)), true),
        (format!(r#"{{"Type": "Rules", {}}}"#, rules(&vec![rule; 400].join(","))), true),
        (format!(r#"{{"Type": "Rules", {}}}"#, rules(&vec![rule; 401].join(","))), false),
        (format!(r#"{{"Type": "Rules", {}}}"#, rules("")), false),
        (r#"{"Type": "Rules"}"#.to_owned(), false),
        (r#"{"Type": "Rules", "RulesConfiguration": {}}"#.to_owned(), false),
        (r#"{"Type": "rules"}"#.to_owned(), false),
        (r#"{"AmbiguousRoleResolution": "Deny"}"#.to_owned(), false),
        (r#"{"Type": "Token", "AmbiguousRoleResolution": "deny"}"#.to_owned(), false),
        (format!(r#"{{"Type": "Token", {}}}"#, rules("")), true),
        (format!(r#"{{"Type": "Token", {}}}"#, rules(&rule.replace("Equals", "Like"))), false),
        (format!(r#"{{"Type": "Rules", {}}}"#, rules(&rule.replace("\"c\"", "\"a b\""))), false),
        (format!(r#"{{"Type": "Rules", {}}}"#, rules(&rule.replace("\"v\"", "\"\""))), false),
        (format!(r#"{{"Type": "Rules", {}}}"#, rules(&rule.replace("\"v\"", "\"a b\""))), true),
        (
            format!(r#"{{"Type": "Rules", {}}}"#, rules(&rule.replace("\"c\"", &format!("\"{}\"", "c".repeat(65))))),
            false,
        ),
        (
            format!(r#"{{"Type": "Rules", {}}}"#, rules(&rule.replace("\"v\"", &format!("\"{}\"", "é".repeat(128))))),
            true,
        ),
        (format!(r#"{{"Type": "Rules", {}}}"#, rules(&rule.replace("\"Claim\"", "\"claim\""))), false),
    ] {
        assert_eq!(mapping(&format!("{USER_POOL}:c1"), &text).is_ok(), is_read, "{text}");
    }
}

fn tag_map(key: &str, map: &str) -> Result<Pool, ReadError> {
    Pool::parse(
        "pool.json",
        &pool_text("\"AllowClassicFlow\"", &format!("\"PrincipalTags\": {{\"{key}\": {map}}}, \"AllowClassicFlow\"")),
    )
}

#[test]
fn tag_maps_are_checked() {
    let saml = "arn:aws:iam::111122223333:saml-provider/Corp";
    for (key, map, is_read) in [
        (USER_POOL, r#"{"UseDefaults": false}"#, true),
        (USER_POOL, r#"{"PrincipalTags": {}}"#, false),
        (USER_POOL, r#"{"UseDefaults": true}"#, true),
        (USER_POOL, r#"{"UseDefaults": true, "PrincipalTags": {"client": "aud", "username": "sub"}}"#, true),
        (USER_POOL, r#"{"UseDefaults": true, "PrincipalTags": {"client": "aud"}}"#, false),
        (USER_POOL, r#"{"UseDefaults": true, "PrincipalTags": {}}"#, false),
        ("www.amazon.com", r#"{"UseDefaults": true, "PrincipalTags": {"client": "aud", "username": "user_id"}}"#, true),
        ("www.amazon.com", r#"{"UseDefaults": true, "PrincipalTags": {"client": "aud", "username": "sub"}}"#, false),
        (saml, r#"{"UseDefaults": true}"#, false),
        (saml, r#"{"UseDefaults": true, "PrincipalTags": {"team": "urn:team"}}"#, true),
        ("of no provider at all", r#"{"UseDefaults": false, "PrincipalTags": {"team": "x"}}"#, true),
        (USER_POOL, r#"{"UseDefaults": false, "PrincipalTags": {"team": "x", "Team": "y"}}"#, false),
        (USER_POOL, r#"{"UseDefaults": false, "PrincipalTags": {"": "x"}}"#, false),
        (USER_POOL, r#"{"UseDefaults": false, "PrincipalTags": {"team": ""}}"#, false),
        (USER_POOL, r#"{"UseDefaults": false, "PrincipalTags": {"team": 7}}"#, false),
        (USER_POOL, r#"{"UseDefaults": false, "IdentityProviderName": "x"}"#, false),
    ] {
        assert_eq!(tag_map(key, map).is_ok(), is_read, "{key} {map}");
    }
}

#[test]
fn a_pool_of_several_files() {
    let describe =
        r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": false}"#;
    let roles = r#"{"IdentityPoolId": "us-east-1:1a2b"}"#;
    let tags = |provider: &str| {
        format!(r#"{{"IdentityPoolId": "us-east-1:1a2b", "IdentityProviderName": "{provider}", "UseDefaults": true}}"#)
    };
    let read = |files: &[(&str, &str)]| Pool::read_folder(files.iter().copied());
    assert!(read(&[("d", describe), ("r", roles), ("t", &tags("a")), ("u", &tags("b"))]).is_ok());
    let refusal = |files: &[(&str, &str)]| read(files).unwrap_err().to_string();
    for (files, expected) in [
        (
            &[("r", roles)][..],
            "r:1:37: no file describes the pool: found no output of `describe-identity-pool`, expected one (rule C4)",
        ),
        (
            &[],
            "identity pool:1:1: no file describes the pool: found no output of `describe-identity-pool`, expected one (rule C4)",
        ),
        (
            &[("d", describe), ("e", describe)],
            "e:1:1: a pool is described twice: found a second description, expected one `describe-identity-pool` (rule C5)",
        ),
        (
            &[("d", describe), ("r", roles), ("s", roles)],
            "s:1:1: a pool has two sets of roles: found a second set of roles, expected one `get-identity-pool-roles` (rule C5)",
        ),
        (
            &[("d", describe), ("r", "{\"IdentityPoolId\": \"us-east-1:77aa\"}")],
            "r:1:20: files of two identity pools: found `us-east-1:77aa`, expected `us-east-1:1a2b` (rule C5)",
        ),
        (
            &[("d", describe), ("t", &tags("a")), ("u", &tags("a"))],
            "u:1:62: a tag map is given twice: found a second one of `a`, expected one tag map a provider (rule C7)",
        ),
        (
            &[("d", describe), ("x", "[]")],
            "x:1:1: a value of the wrong type: found a list, expected an object, as the AWS CLI prints it (rule C4)",
        ),
        (
            &[("d", describe), ("x", "{")],
            "x:1:2: the text is not JSON: found the end of the text, expected the rest of an object (rule L1)",
        ),
    ] {
        assert_eq!(refusal(files), expected);
    }
}

#[test]
fn the_standard_is_kept_when_nothing_is_said() {
    let pool = Pool::parse("pool.json", POOL).unwrap();
    assert_eq!((pool.id(), pool.region(), pool.classic_flow()), ("us-east-1:1a2b", "us-east-1", Some(true)));
    let kinds: Vec<ProviderKind> = pool.providers_of("accounts.google.com").iter().map(Provider::kind).collect();
    assert_eq!(kinds, [ProviderKind::Social, ProviderKind::Oidc]);
    assert_eq!(pool.named_roles(), ["arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/G"]);
}
