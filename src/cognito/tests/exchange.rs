use super::*;
use crate::document::{Document, PolicyKind};

const IDENTITY: &str = "us-east-1:0f1e";
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    "Principal": {"Federated": "cognito-identity.amazonaws.com"},
    "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}}"#;

fn role(arn: &str) -> Role {
    Role::new(arn, Document::parse(PolicyKind::Trust, "trust.json", TRUST).unwrap()).unwrap()
}

fn roles() -> Roles {
    let names = ["A", "B", "G"].map(|name| format!("arn:aws:iam::111122223333:role/{name}"));
    let others = ["arn:aws-cn:iam::111122223333:role/Far", "arn:aws:iam::444455556666:role/Other"].map(str::to_owned);
    names.iter().chain(&others).map(|arn| role(arn)).try_fold(Roles::new(), Roles::with).unwrap()
}

fn login(provider: &str, claims: &str) -> Login {
    Login::new(provider, VerifiedClaims::assume_verified(Claims::parse("claims", claims).unwrap()))
}

fn user(more: &str) -> Login {
    login(USER_POOL, &format!(r#"{{"iss": "https://{USER_POOL}", "aud": "c1", "sub": "s"{more}}}"#))
}

fn saml(more: &str) -> Login {
    login("arn:aws:iam::111122223333:saml-provider/Corp", &format!("{{{more}}}"))
}

fn google(audience: &str) -> Login {
    login(
        "accounts.google.com",
        &format!(r#"{{"iss": "https://accounts.google.com", "aud": "{audience}", "sub": "g"}}"#),
    )
}

fn ask(pool: &Pool, logins: &[Login]) -> Result<CognitoSession, ExchangeError> {
    let roles = roles();
    logins.iter().cloned().fold(Exchange::new(pool, &roles, IDENTITY), Exchange::login).run()
}

fn reason(result: Result<CognitoSession, ExchangeError>) -> Result<String, Reason> {
    result
        .map(|session| session.role_arn().rsplit(['/', ':']).next().unwrap().to_owned())
        .map_err(|error| error.reason())
}

fn token_mapping(key: &str, resolution: &str) -> Pool {
    pool_and(&format!(r#""RoleMappings": {{"{key}": {{"Type": "Token"{resolution}}}}}"#))
}

#[test]
fn reasons_have_the_exceptions_of_the_table() {
    let pool = Pool::parse("pool.json", POOL).unwrap();
    let roles = roles();
    let exchange = || Exchange::new(&pool, &roles, IDENTITY);
    let unknown = BasicFlow::new("arn:aws:iam::111122223333:role/None", "app").unwrap();
    let far = BasicFlow::new("arn:aws-cn:iam::111122223333:role/Far", "app").unwrap();
    for (result, expected, reason) in [
        (exchange().basic(unknown).run(), Exception::AccessDenied, Reason::RoleUnknown),
        (exchange().basic(far).run(), Exception::AccessDenied, Reason::TrustDenied),
        (
            exchange().login(user(r#", "token_use": "access""#)).run(),
            Exception::NotAuthorizedException,
            Reason::TokenNotForThisPool,
        ),
        (exchange().login(login("x", "{}")).run(), Exception::NotAuthorizedException, Reason::ProviderNotConfigured),
        (Exchange::new(&pool, &roles, "x").run(), Exception::InvalidParameterException, Reason::InvalidIdentityId),
        (
            Exchange::new(&pool, &roles, "eu-west-1:0f").run(),
            Exception::ResourceNotFoundException,
            Reason::IdentityNotInPool,
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!((error.exception(), error.reason()), (expected, reason), "{error}");
    }
}

/// Rule C11: social before OIDC; if neither takes the token, the error is that of the social declaration.
#[test]
fn declarations_of_one_key_are_tried_in_order() {
    let pool = pool_and(r#""IdentityPoolTags": {}"#)
        .client_ids("arn:aws:iam::111122223333:oidc-provider/accounts.google.com", ["web"]);
    for (audience, kind) in [("app", ProviderKind::Social), ("web", ProviderKind::Oidc)] {
        let session = ask(&pool, &[google(audience)]).unwrap();
        assert_eq!(session.trace().logins[0].provider_kind, kind);
    }
    let error = ask(&pool, &[google("none")]).unwrap_err();
    assert_eq!(error.message(), "the claim `aud` is no client of `accounts.google.com` that the pool declares");
}

#[test]
fn tokens_that_are_not_for_this_pool() {
    let pool = Pool::parse("pool.json", POOL).unwrap();
    for (claims, expected) in [
        (r#"{"iss": "https://ISS", "aud": "c1", "sub": "s"}"#, Ok("A".to_owned())),
        (r#"{"iss": "https://ISS", "aud": ["c1"], "sub": "s", "token_use": null}"#, Ok("A".to_owned())),
        (r#"{"iss": "ISS", "aud": "c1", "sub": "s"}"#, Err(Reason::IssuerMismatch)),
        (r#"{"iss": "http://ISS", "aud": "c1", "sub": "s"}"#, Err(Reason::IssuerMismatch)),
        (r#"{"aud": "c1", "sub": "s"}"#, Err(Reason::IssuerMismatch)),
        (r#"{"iss": "https://ISS", "sub": "s"}"#, Err(Reason::TokenNotForThisPool)),
        (r#"{"iss": "https://ISS", "aud": ["c1", "c1"], "sub": "s"}"#, Err(Reason::TokenNotForThisPool)),
        (r#"{"iss": "https://ISS", "aud": "c1", "sub": 7}"#, Err(Reason::TokenNotForThisPool)),
        (r#"{"iss": "https://ISS", "aud": "c1", "sub": "s", "token_use": "access"}"#, Err(Reason::TokenNotForThisPool)),
    ] {
        assert_eq!(reason(ask(&pool, &[login(USER_POOL, &claims.replace("ISS", USER_POOL))])), expected, "{claims}");
    }
}

#[test]
fn claims_that_name_roles() {
    let pool = token_mapping(&format!("{USER_POOL}:c1"), r#", "AmbiguousRoleResolution": "AuthenticatedRole""#);
    let (a, b) = ("arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/B");
    for (claims, expected) in [
        (String::new(), Ok("A")),
        (format!(r#", "cognito:preferred_role": "{b}""#), Ok("B")),
        (format!(r#", "cognito:preferred_role": null, "cognito:roles": ["{b}"]"#), Ok("A")),
        (r#", "cognito:roles": []"#.to_owned(), Ok("A")),
        (r#", "cognito:roles": [""]"#.to_owned(), Err(Reason::MalformedRoleClaims)),
        (r#", "cognito:roles": [7]"#.to_owned(), Err(Reason::MalformedRoleClaims)),
        (format!(r#", "cognito:roles": "{a},,{b}""#), Err(Reason::MalformedRoleClaims)),
        (r#", "cognito:preferred_role": """#.to_owned(), Err(Reason::MalformedRoleClaims)),
        (format!(r#", "cognito:preferred_role": ["{b}"]"#), Err(Reason::MalformedRoleClaims)),
    ] {
        assert_eq!(reason(ask(&pool, &[user(&claims)])), expected.map(str::to_owned), "{claims}");
    }
    let without_resolution = token_mapping(&format!("{USER_POOL}:c1"), "");
    let error = ask(&without_resolution, &[user("")]).unwrap_err();
    assert_eq!((error.reason(), error.rule()), (Reason::AmbiguousRole, "C23"));
}

#[test]
fn roles_of_a_saml_assertion() {
    let provider = "arn:aws:iam::111122223333:saml-provider/Corp";
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let attribute = |values: &[String]| format!(r#""https://aws.amazon.com/SAML/Attributes/Role": {values:?}"#);
    let pair = |name: &str| format!("{},{provider}", role(name));
    let without_mapping = Pool::parse("pool.json", POOL).unwrap();
    let with_mapping = token_mapping(provider, r#", "AmbiguousRoleResolution": "AuthenticatedRole""#);
    for (claims, plain, mapped) in [
        (String::new(), Ok("A"), Ok("A")),
        (attribute(&[pair("B")]), Ok("B"), Ok("B")),
        (attribute(&[pair("B"), pair("B")]), Ok("B"), Ok("B")),
        (attribute(&[pair("B"), pair("G")]), Err(Reason::AmbiguousRole), Ok("A")),
        (attribute(&[]), Err(Reason::AmbiguousRole), Ok("A")),
        (attribute(&[pair("B").replace("Corp", "Other")]), Err(Reason::AmbiguousRole), Ok("A")),
        (attribute(&[pair("B").replace("Corp", "Other"), pair("G")]), Ok("G"), Ok("G")),
        (attribute(&[role("B")]), Err(Reason::MalformedRoleClaims), Err(Reason::MalformedRoleClaims)),
        (
            attribute(&[format!("arn:aws-cn:iam::111122223333:role/Far,{provider}")]),
            Err(Reason::TrustDenied),
            Err(Reason::TrustDenied),
        ),
        (format!(r#""https://aws.amazon.com/SAML/Attributes/Role": "{}""#, pair("B")), Ok("B"), Ok("B")),
        (r#""https://aws.amazon.com/saml/attributes/role": "x""#.to_owned(), Ok("A"), Ok("A")),
        (r#""https://aws.amazon.com/SAML/Attributes/Role": null"#.to_owned(), Ok("A"), Ok("A")),
    ] {
        assert_eq!(reason(ask(&without_mapping, &[saml(&claims)])), plain.map(str::to_owned), "{claims}");
        assert_eq!(reason(ask(&with_mapping, &[saml(&claims)])), mapped.map(str::to_owned), "with mapping: {claims}");
    }
}

#[test]
fn custom_roles_need_a_choice() {
    let pool = Pool::parse("pool.json", POOL).unwrap();
    let roles = roles();
    let mapped = token_mapping("dev", "");
    let a = "arn:aws:iam::111122223333:role/A";
    for (exchange, rule) in [
        (Exchange::new(&pool, &roles, IDENTITY), "C33"),
        (Exchange::new(&pool, &roles, IDENTITY).login(user("")), "C33"),
        (Exchange::new(&pool, &roles, IDENTITY).login(saml("")), "C33"),
        (Exchange::new(&mapped, &roles, IDENTITY).login(Login::developer("dev", [])), "C33"),
        (Exchange::new(&pool, &roles, IDENTITY).basic(BasicFlow::new(a, "app").unwrap()), "C33"),
    ] {
        let error = exchange.custom_role(a).run().unwrap_err();
        assert_eq!((error.reason(), error.rule()), (Reason::CustomRoleNotAllowed, rule), "{error}");
    }
}

#[test]
fn roles_of_other_accounts() {
    let pool = pool_and(r#""RoleMappings": {}"#);
    let roles = roles();
    let exchange = || Exchange::new(&pool, &roles, IDENTITY);
    assert!(exchange().pool_account("111122223333").run().is_ok());
    let error = exchange().pool_account("444455556666").run().unwrap_err();
    assert_eq!((error.reason(), error.rule()), (Reason::TrustDenied, "C49"));
    let elsewhere = BasicFlow::new("arn:aws:iam::444455556666:role/Other", "app").unwrap();
    assert!(exchange().pool_account("111122223333").basic(elsewhere).run().is_ok());
}

#[test]
fn tags_of_developers_and_their_limits() {
    let pool = Pool::parse("pool.json", POOL).unwrap();
    let many: Vec<String> = (0..51).map(|index| format!("k{index}")).collect();
    let long = "x".repeat(257);
    for (tags, expected) in [
        (vec![("team", "red")], Ok("A".to_owned())),
        (vec![("team", "")], Ok("A".to_owned())),
        (vec![("", "red")], Err(Reason::IllegalTag)),
        (vec![("team", "a|b")], Err(Reason::IllegalTag)),
        (vec![("team", "AWS:x")], Err(Reason::IllegalTag)),
        (vec![("team", long.as_str())], Err(Reason::IllegalTag)),
        (vec![("team", "red"), ("Team", "red")], Err(Reason::TagConflict)),
        (vec![("team", "red"), ("team", "red")], Ok("A".to_owned())),
        (many.iter().map(|key| (key.as_str(), "v")).collect(), Err(Reason::IllegalTag)),
        (many.iter().skip(1).map(|key| (key.as_str(), "v")).collect(), Ok("A".to_owned())),
    ] {
        assert_eq!(reason(ask(&pool, &[Login::developer("dev", tags.clone())])), expected, "{tags:?}");
    }
    // Claims of a developer login do not exist, and tags of another login neither.
    let claims = VerifiedClaims::assume_verified(Claims::default().with("team", "red"));
    let session = ask(&pool, &[Login::new("dev", claims)]).unwrap();
    assert!(session.trace().tags.is_empty());
    let session = ask(&pool, &[user("").developer_tags([("team", "red")])]).unwrap();
    assert!(session.trace().tags.is_empty());
}

#[test]
fn a_session_carries_a_clock_only_if_it_is_given_one() {
    let pool = Pool::parse("pool.json", POOL).unwrap();
    let roles = roles();
    let exchange = || Exchange::new(&pool, &roles, IDENTITY);
    let has_time = |session: &CognitoSession| session.session().context().any(|(key, _)| key == "aws:TokenIssueTime");
    assert!(!has_time(&exchange().run().unwrap()));
    assert!(has_time(&exchange().issued_at("2026-11-26T08:00:00Z").unwrap().run().unwrap()));
    assert!(exchange().issued_at("yesterday").is_err());
}

#[test]
fn users_of_one_role_share_its_policies() {
    let pool = Pool::parse("pool.json", POOL).unwrap();
    let roles = roles();
    let one = Exchange::new(&pool, &roles, IDENTITY).login(user("")).run().unwrap();
    let two = Exchange::new(&pool, &roles, "us-east-1:77aa").login(user("")).run().unwrap();
    assert!(std::sync::Arc::ptr_eq(&one.policies(), &two.policies()));
    // What a service keeps for each logged-in user, beside the texts of the session.
    let bound = one.bind().unwrap();
    assert!(bound.heap_bytes() < 1_000, "{} bytes", bound.heap_bytes());
}

#[test]
fn roles_that_cannot_be_loaded() {
    let trust = || Document::parse(PolicyKind::Trust, "trust.json", TRUST).unwrap();
    for arn in ["", "arn:aws:iam::1:role/A", "arn:aws:iam::111122223333:role/a/", "arn:aws:iam::111122223333:role/a*"] {
        assert!(Role::new(arn, trust()).is_err(), "{arn}");
    }
    let arn = "arn:aws:iam::111122223333:role/A";
    assert!(role(arn).tag("team", "a").unwrap().tag("TEAM", "b").is_err());
    assert!(Roles::new().with(role(arn)).unwrap().with(role(arn)).is_err());
    let session = Document::parse(
        PolicyKind::Session,
        "s",
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
    );
    assert!(Roles::new().with(role(arn).policy(session.unwrap())).is_err());
    let text = format!(r#"{{"{arn}": {{"trust": {{"Statement": 7}}, "policies": ["gone.json"], "tag": {{}}}}}}"#);
    let error = Roles::read("dir/roles.json", &text, |path| Err(format!("no {path}"))).unwrap_err();
    let rules: Vec<&str> = error.diagnostics().iter().map(|diagnostic| diagnostic.rule()).collect();
    assert_eq!(rules, ["C7", "L7", "C3"], "{error}");
    assert!(error.to_string().contains("no dir/gone.json"), "{error}");
}
