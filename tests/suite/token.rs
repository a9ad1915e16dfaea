//! Tokens, and every trick that is played with them (threats T1, T14, T15, T16).

use data_encoding::BASE64URL_NOPAD;
use iamtree::cognito::token::{Jwks, TokenErrorKind, TokenVerifier};
use iamtree::cognito::{Exchange, Pool, Reason, Roles};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const RSA: &[u8] = include_bytes!("token/rsa.der");
const RSA_OF_SOMEBODY_ELSE: &[u8] = include_bytes!("token/rsa-of-somebody-else.der");
const EC: &[u8] = include_bytes!("token/ec.der");

const PROVIDER: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_PhotoApp1";
const OIDC: &str = "login.agencies.example";
const NOW: i64 = 1_785_585_600;

fn pool() -> Pool {
    let pool = json!({
        "IdentityPoolId": "eu-west-1:1a2b", "IdentityPoolName": "photos", "AllowUnauthenticatedIdentities": false,
        "CognitoIdentityProviders": [{"ProviderName": PROVIDER, "ClientId": "client1"}],
        "OpenIdConnectProviderARNs": [format!("arn:aws:iam::111122223333:oidc-provider/{OIDC}")],
        "Roles": {"authenticated": "arn:aws:iam::111122223333:role/Member"},
    });
    Pool::parse("pool.json", &pool.to_string()).unwrap()
}

fn roles() -> Roles {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"}}});
    let roles = json!({"arn:aws:iam::111122223333:role/Member": {"trust": trust, "policies": []}});
    Roles::read("roles.json", &roles.to_string(), |_| Err("no files".to_owned())).unwrap()
}

fn rsa() -> EncodingKey {
    EncodingKey::from_rsa_der(RSA)
}

fn somebody_else() -> EncodingKey {
    EncodingKey::from_rsa_der(RSA_OF_SOMEBODY_ELSE)
}

fn ec() -> EncodingKey {
    EncodingKey::from_ec_der(EC)
}

/// A key as its issuer publishes it. Without `algorithm` it allows all of its kind.
fn published(key: &EncodingKey, id: &str, algorithm: Algorithm, names_it: bool) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
    jwk.common.key_id = Some(id.to_owned());
    let mut jwk = serde_json::to_value(jwk).unwrap();
    let members = jwk.as_object_mut().unwrap();
    if !names_it {
        members.remove("alg");
    }
    members.insert("use".to_owned(), "sig".into());
    jwk
}

fn key_set(keys: &[Value]) -> Jwks {
    Jwks::parse("jwks.json", &json!({"keys": keys}).to_string()).unwrap()
}

fn keys() -> Jwks {
    let symmetric = json!({"kid": "symmetric", "kty": "oct", "k": "c2VjcmV0", "alg": "HS256"});
    let encryption = json!({"kid": "encryption", "kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"});
    key_set(&[
        published(&rsa(), "key-1", Algorithm::RS256, true),
        published(&ec(), "key-2", Algorithm::ES256, false),
        published(&rsa(), "any-rsa", Algorithm::RS256, false),
        symmetric,
        encryption,
    ])
}

fn claims() -> Value {
    json!({"iss": format!("https://{PROVIDER}"), "aud": "client1", "sub": "5f0c", "token_use": "id",
        "iat": NOW - 60, "auth_time": NOW - 60, "exp": NOW + 3600, "email": "ana@example.com"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn signed(algorithm: Algorithm, id: &str, claims: &Value, key: &EncodingKey) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

fn token(claims: &Value) -> String {
    signed(Algorithm::RS256, "key-1", claims, &rsa())
}

fn encoded(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

/// A token of any header and payload, properly signed as RS256 whatever the header says.
fn raw(header: &str, payload: &str, key: &EncodingKey) -> String {
    let message = format!("{}.{}", encoded(header), encoded(payload));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

fn verify_at(token: &str, now: i64) -> Result<iamtree::cognito::Login, TokenErrorKind> {
    let pool = pool();
    let verifier = TokenVerifier::new(&pool).keys(PROVIDER, keys()).keys(OIDC, keys());
    verifier.verify(token, now).map_err(|error| {
        let message = error.to_string();
        for personal in ["ana@example.com", "5f0c", "client1"] {
            assert!(!message.contains(personal), "{message}");
        }
        error.kind()
    })
}

#[track_caller]
fn refused(token: &str, kind: TokenErrorKind) {
    assert_eq!(verify_at(token, NOW).map(|login| login.provider().to_owned()), Err(kind));
}

#[test]
fn a_good_token_becomes_a_login() {
    for token in [
        token(&claims()),
        signed(Algorithm::ES256, "key-2", &claims(), &ec()),
        signed(Algorithm::PS512, "any-rsa", &claims(), &rsa()),
    ] {
        let login = verify_at(&token, NOW).unwrap();
        assert_eq!(login.provider(), PROVIDER);
        let (pool, roles) = (pool(), roles());
        let session = Exchange::new(&pool, &roles, "eu-west-1:0f1e").login(login).run().unwrap();
        assert_eq!(session.role_arn(), "arn:aws:iam::111122223333:role/Member");
    }
}

#[test]
fn algorithms_are_those_of_the_key() {
    let header = |header: Value| raw(&header.to_string(), &claims().to_string(), &rsa());
    for name in ["none", "None", "HS256", "RS384", "rs256", "PS256", "ES256", "RS256 ", "", "dir"] {
        let kind = if name.is_empty() { TokenErrorKind::Malformed } else { TokenErrorKind::Algorithm };
        refused(&header(json!({"alg": name, "kid": "key-1"})), kind);
    }
    refused(&header(json!({"kid": "key-1"})), TokenErrorKind::Malformed);
    refused(&header(json!({"alg": ["RS256"], "kid": "key-1"})), TokenErrorKind::Malformed);
    refused(&header(json!({"alg": "RS256", "kid": "key-1", "crit": ["exp"]})), TokenErrorKind::Malformed);
    let unsigned = format!("{}.{}.", encoded(r#"{"alg": "none", "kid": "key-1"}"#), encoded(&claims().to_string()));
    refused(&unsigned, TokenErrorKind::Algorithm);
    // The same without a signature, but claiming one.
    let unsigned = format!("{}.{}.", encoded(r#"{"alg": "RS256", "kid": "key-1"}"#), encoded(&claims().to_string()));
    refused(&unsigned, TokenErrorKind::Signature);
}

#[test]
fn public_keys_are_no_secrets() {
    let public = published(&rsa(), "key-1", Algorithm::RS256, true);
    let modulus = public["n"].as_str().unwrap();
    for secret in [modulus.as_bytes().to_vec(), BASE64URL_NOPAD.decode(modulus.as_bytes()).unwrap(), b"secret".to_vec()]
    {
        let key = EncodingKey::from_secret(&secret);
        for (id, kind) in [
            ("key-1", TokenErrorKind::Algorithm),
            ("any-rsa", TokenErrorKind::Algorithm),
            ("symmetric", TokenErrorKind::Key),
            ("encryption", TokenErrorKind::Key),
        ] {
            refused(&signed(Algorithm::HS256, id, &claims(), &key), kind);
        }
    }
}

#[test]
fn keys_come_from_the_caller_only() {
    let claims = claims().to_string();
    let own = published(&somebody_else(), "key-1", Algorithm::RS256, true);
    let address = "https://attacker.example/jwks.json";
    for header in [
        json!({"alg": "RS256", "kid": "key-1", "jwk": own}),
        json!({"alg": "RS256", "kid": "key-1", "jku": address}),
        json!({"alg": "RS256", "kid": "key-1", "x5u": address}),
        json!({"alg": "RS256", "kid": "key-1", "x5c": ["MIIB"]}),
        json!({"alg": "RS256", "kid": "key-1"}),
    ] {
        refused(&raw(&header.to_string(), &claims, &somebody_else()), TokenErrorKind::Signature);
    }
    for id in ["", "key-3", "KEY-1", "../../../../dev/null", address, "key-1\u{0}", "' OR 1=1 --"] {
        let kind = if id.is_empty() { TokenErrorKind::Malformed } else { TokenErrorKind::Key };
        refused(&raw(&json!({"alg": "RS256", "kid": id}).to_string(), &claims, &somebody_else()), kind);
    }
    refused(&raw(r#"{"alg": "RS256"}"#, &claims, &rsa()), TokenErrorKind::Malformed);
    refused(&raw(r#"{"alg": "RS256", "kid": 1}"#, &claims, &rsa()), TokenErrorKind::Malformed);
}

#[test]
fn keys_belong_to_their_issuer() {
    let pool = pool();
    let other = key_set(&[published(&somebody_else(), "key-1", Algorithm::RS256, true)]);
    let verifier = TokenVerifier::new(&pool).keys(PROVIDER, keys()).keys(OIDC, other);
    let forged = signed(Algorithm::RS256, "key-1", &claims(), &somebody_else());
    assert_eq!(verifier.verify(&forged, NOW).unwrap_err().kind(), TokenErrorKind::Signature);
    let unknown = TokenVerifier::new(&pool).verify(&token(&claims()), NOW).unwrap_err();
    assert_eq!(unknown.kind(), TokenErrorKind::Key);
}

#[test]
fn times_are_whole_seconds() {
    let wrong = [
        json!("9999999999"),
        json!([NOW + 3600]),
        json!({"t": NOW}),
        json!(-1),
        json!(1_785_590_000.5),
        json!(1e12),
        json!(253_402_300_800_i64),
        json!(u64::MAX),
        json!(true),
    ];
    for name in ["exp", "nbf", "iat"] {
        for value in &wrong {
            refused(&token(&with(name, value.clone())), TokenErrorKind::Claim);
        }
        refused(&token(&with(name, Value::Null)), TokenErrorKind::Claim);
    }
}

#[test]
fn what_has_to_be_there_is_there_in_its_type() {
    for name in ["exp", "aud", "sub", "token_use", "iss"] {
        refused(&token(&without(name)), TokenErrorKind::Claim);
        for value in [json!(7), json!({}), json!([]), json!(""), Value::Null, json!([["x"]])] {
            // An empty audience is a text, which the exchange compares; a small number is a time.
            let is_fine = name == "aud" && value == json!("") || name == "exp" && value == json!(7);
            if !is_fine {
                refused(&token(&with(name, value)), TokenErrorKind::Claim);
            }
        }
    }
}

#[test]
fn tokens_are_valid_for_a_while() {
    let token = token(&claims());
    assert!(verify_at(&token, NOW + 3599).is_ok());
    assert_eq!(verify_at(&token, NOW + 3600).unwrap_err(), TokenErrorKind::Time);
    assert_eq!(verify_at(&token, NOW - 361).unwrap_err(), TokenErrorKind::Time);
    refused(&self::token(&with("nbf", json!(NOW + 301))), TokenErrorKind::Time);
    // An OIDC issuer's clock may be off by five minutes.
    let oidc = json!({"iss": format!("https://{OIDC}"), "aud": "app", "sub": "kim", "exp": NOW});
    let oidc = signed(Algorithm::RS256, "key-1", &oidc, &rsa());
    assert!(verify_at(&oidc, NOW + 299).is_ok());
    assert_eq!(verify_at(&oidc, NOW + 300).unwrap_err(), TokenErrorKind::Time);
}

#[test]
fn tokens_for_something_else_are_refused() {
    refused(&token(&with("token_use", json!("access"))), TokenErrorKind::Claim);
    for issuer in [
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other",
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_PhotoApp1/",
        "http://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_PhotoApp1",
    ] {
        refused(&token(&with("iss", json!(issuer))), TokenErrorKind::Issuer);
    }
    // The client is compared by the exchange (Rule C12).
    let (pool, roles) = (pool(), roles());
    for audience in [json!("client2"), json!(["client1", "client2"]), json!("")] {
        let verified = verify_at(&token(&with("aud", audience.clone())), NOW);
        match verified {
            Err(kind) => assert_eq!(kind, TokenErrorKind::Claim, "{audience}"),
            Ok(login) => {
                let error = Exchange::new(&pool, &roles, "eu-west-1:0f1e").login(login).run().unwrap_err();
                assert_eq!(error.reason(), Reason::TokenNotForThisPool, "{audience}");
            }
        }
    }
}

#[test]
fn malformed_tokens_are_refused() {
    let good = token(&claims());
    let (header, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    for token in [
        String::new(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(" {good}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{}.{payload}.{signature}", encoded("[]")),
        format!("{header}.{}.{signature}", BASE64URL_NOPAD.encode(b"\xff\xfe")),
        format!("{header}.{}.{signature}", "A".repeat(50_000)),
    ] {
        refused(&token, TokenErrorKind::Malformed);
    }
    let twice = claims().to_string().replacen('{', r#"{"token_use": "access", "#, 1);
    refused(&raw(r#"{"alg": "RS256", "kid": "key-1"}"#, &twice, &rsa()), TokenErrorKind::Malformed);
    let header = r#"{"alg": "none", "alg": "RS256", "kid": "key-1"}"#;
    refused(&raw(header, &claims().to_string(), &rsa()), TokenErrorKind::Malformed);
}

#[test]
fn no_character_of_a_token_can_be_changed() {
    let good = signed(Algorithm::ES256, "key-2", &claims(), &ec());
    for at in 0..good.len() {
        let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut changed = good.clone();
        changed.replace_range(at..=at, other);
        assert!(verify_at(&changed, NOW).is_err(), "{at}");
    }
}

#[test]
fn key_sets_are_read_strictly() {
    for (text, place) in [
        (r#"{"keys": [{"kid": "a"}, {"kid": "a"}]}"#, "jwks.json:1:33: two keys of one id"),
        (r#"{"keys": {}}"#, "jwks.json:1:10: a value of the wrong type"),
        (r#"{"keys": [{"kid": "a", "n": "x", "n": "y"}]}"#, "jwks.json:1:34: a member is repeated"),
        ("{}", "jwks.json:1:1: a member is missing"),
        ("", "jwks.json:1:1"),
    ] {
        let error = Jwks::parse("jwks.json", text).unwrap_err().to_string();
        assert!(error.starts_with(place), "{error}");
    }
}

#[test]
fn unsuitable_keys_verify_nothing() {
    let mut short = published(&rsa(), "key-1", Algorithm::RS256, true);
    let mut for_encryption = short.clone();
    for_encryption["key_ops"] = json!(["encrypt"]);
    let modulus = short["n"].as_str().unwrap().chars().take(340).collect::<String>();
    short["n"] = modulus.into();
    let nameless = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    let pool = pool();
    for key in [short, for_encryption, nameless] {
        let keys = Jwks::parse("jwks.json", &json!({"keys": [key], "next_update": 1}).to_string()).unwrap();
        let verifier = TokenVerifier::new(&pool).keys(PROVIDER, keys);
        assert_eq!(verifier.verify(&token(&claims()), NOW).unwrap_err().kind(), TokenErrorKind::Key);
    }
}
