//! Properties of identity pools that hold for every pool, every login and every identity (Rule C38, threats T11, T12, T19).

mod reach;

use std::sync::LazyLock;

use iamtree::cognito::{
    BasicFlow, Claims, CognitoSession, Exchange, ExchangeError, Login, Pool, Role, Roles, RuleWalk, VerifiedClaims,
};
use iamtree::{Document, PolicyKind};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const POOL: &str = "us-east-1:1a2b";
const IDENTITY: &str = "us-east-1:0f1e";
const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab";
const ACCOUNT: &str = "arn:aws:iam::111122223333";

fn role_arn(name: &str) -> String {
    format!("{ACCOUNT}:role/{name}")
}

/// The roles that generated rules name, all trusting every identity pool.
static ROLES: LazyLock<Roles> = LazyLock::new(|| {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}});
    let role = |name: &&str| {
        let trust = Document::parse(PolicyKind::Trust, "trust.json", &trust.to_string()).unwrap();
        Role::new(&role_arn(name), trust).unwrap()
    };
    ["A", "B", "C", "Default"].iter().map(role).try_fold(Roles::new(), Roles::with).unwrap()
});

/// Texts that nearly match one another.
fn text() -> impl Strategy<Value = String> {
    let pieces = select(vec!["a", "b", "ab", "é", "admin", "1", "true", ".", "[", ",", " ", "\"", "\\"]);
    let few = select(vec!["a", "b", "ab", "ba", "a b"]).prop_map(str::to_owned);
    prop_oneof![3 => few, 1 => vec(pieces, 1..4).prop_map(|pieces| pieces.concat())]
}

fn claim_name() -> impl Strategy<Value = &'static str> {
    // Names that differ in case have one hash.
    select(vec!["cognito:groups", "cognito:groups", "custom:team", "custom:Team", "x"])
}

fn rule() -> impl Strategy<Value = Value> {
    let match_type = select(vec!["Equals", "Contains", "StartsWith", "NotEqual"]);
    (claim_name(), match_type, text(), select(vec!["A", "B", "C"])).prop_map(|(claim, match_type, value, role)| {
        json!({"Claim": claim, "MatchType": match_type, "Value": value, "RoleARN": role_arn(role)})
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => text().prop_map(Value::from),
        1 => Just(json!("")),
        1 => any::<bool>().prop_map(Value::from),
        1 => select(vec![json!(1), json!(-12), json!(123_456_789_012_345_i64), json!(1_234_567_890_123_456_i64), json!(1.5)]),
        1 => Just(Value::Null),
        1 => Just(json!({"a": "ab"})),
    ]
}

fn claim() -> impl Strategy<Value = Value> {
    prop_oneof![2 => scalar(), 3 => vec(text(), 0..4).prop_map(Value::from), 1 => vec(scalar(), 0..3).prop_map(Value::from)]
}

fn claims() -> impl Strategy<Value = Value> {
    btree_map(claim_name(), claim(), 0..4).prop_map(|claims| {
        let mut members = json!({"iss": format!("https://{USER_POOL}"), "aud": "client", "sub": "5f0c"});
        claims.into_iter().for_each(|(name, value)| members[name] = value);
        members
    })
}

fn pool_with(rules: &[Value], ambiguity: &str) -> Pool {
    let mapping =
        json!({"Type": "Rules", "AmbiguousRoleResolution": ambiguity, "RulesConfiguration": {"Rules": rules}});
    let text = json!({
        "IdentityPoolId": POOL, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": false,
        "CognitoIdentityProviders": [{"ProviderName": USER_POOL, "ClientId": "client"}],
        "Roles": {"authenticated": role_arn("Default")},
        "RoleMappings": {format!("{USER_POOL}:client"): mapping},
    });
    Pool::parse("pool.json", &text.to_string()).unwrap()
}

fn login(claims: &Value) -> Login {
    Login::new(USER_POOL, VerifiedClaims::assume_verified(Claims::parse("claims.json", &claims.to_string()).unwrap()))
}

/// Role or reason, and how it came about.
fn outcome(result: &Result<CognitoSession, ExchangeError>) -> (String, String) {
    match result {
        Ok(session) => (session.role_arn().to_owned(), session.trace().to_string()),
        Err(error) => (error.to_string(), error.trace().to_string()),
    }
}

/// The index of the rule that ended the walk.
fn deciding_rule(result: &Result<CognitoSession, ExchangeError>) -> usize {
    let trace = match result {
        Ok(session) => session.trace(),
        Err(error) => error.trace(),
    };
    trace.logins[0].mapping.as_ref().unwrap().rules.last().unwrap().index
}

fn permutation(length: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..length).collect::<Vec<usize>>()).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    /// Rule C38: the tree is the law.
    #[test]
    fn compiled_rules_answer_like_the_list(
        rules in prop_oneof![3 => vec(rule(), 1..6), 1 => vec(rule(), 1..26)],
        claims in claims(),
        ambiguity in select(vec!["Deny", "AuthenticatedRole"]),
        custom in proptest::option::of(select(vec!["A", "B", "C", "Default"])),
    ) {
        let pool = pool_with(&rules, ambiguity);
        let mut exchange = Exchange::new(&pool, &ROLES, IDENTITY).login(login(&claims));
        if let Some(custom) = custom {
            exchange = exchange.custom_role(&role_arn(custom));
        }
        let (compiled, plain) = (exchange.run(), exchange.clone().rule_walk(RuleWalk::Plain).run());
        prop_assert_eq!(outcome(&compiled), outcome(&plain));
    }

    /// Rule C24: a rule behind the first match is never looked at, and so its place does not matter.
    #[test]
    fn rules_behind_the_first_match_can_be_shuffled(
        (rules, order) in vec(rule(), 1..12).prop_flat_map(|rules| { let length = rules.len(); (Just(rules), permutation(length)) }),
        claims in claims(),
    ) {
        let ask = |rules: &[Value]| {
            let pool = pool_with(rules, "Deny");
            Exchange::new(&pool, &ROLES, IDENTITY).login(login(&claims)).run()
        };
        let before = ask(&rules);
        let first = deciding_rule(&before);
        let behind = order.iter().filter(|index| **index > first).map(|index| rules[*index].clone());
        let shuffled: Vec<Value> = rules.iter().take(first + 1).cloned().chain(behind).collect();
        prop_assert_eq!(outcome(&before), outcome(&ask(&shuffled)));
    }

    /// Rule C38: a claim that no rule names says nothing.
    #[test]
    fn claims_that_no_rule_names_change_nothing(
        rules in vec(rule(), 1..8),
        claims in claims(),
        more in btree_map("[a-z]{2,6}", claim(), 1..4),
    ) {
        let pool = pool_with(&rules, "Deny");
        let ask = |claims: &Value| Exchange::new(&pool, &ROLES, IDENTITY).login(login(claims)).run();
        let mut extended = claims.clone();
        for (name, value) in more {
            if extended.get(&name).is_none() && !["email", "aud", "iss", "sub", "azp"].contains(&name.as_str()) {
                extended[name] = value;
            }
        }
        prop_assert_eq!(outcome(&ask(&claims)), outcome(&ask(&extended)));
    }
}

/// Statements that nearly cover the requests of `requests`.
fn statement() -> impl Strategy<Value = Value> {
    let action = select(vec!["s3:GetObject", "s3:Get*", "s3:*", "*", "dynamodb:GetItem", "ssm:GetParameter"]);
    let resource = select(vec![
        "*",
        "arn:aws:s3:::app/*",
        "arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*",
        "arn:aws:s3:::app/public/*",
        "arn:aws:dynamodb:us-east-1:111122223333:table/T",
    ]);
    let condition = select(vec![
        json!({}),
        json!({"ForAnyValue:StringEquals": {"cognito-identity.amazonaws.com:amr": "authenticated"}}),
        json!({"StringNotEquals": {"aws:PrincipalTag/team": "red"}}),
    ]);
    (select(vec!["Allow", "Allow", "Deny"]), vec(action, 1..3), resource, condition).prop_map(
        |(effect, actions, resource, condition)| {
            json!({"Effect": effect, "Action": actions, "Resource": resource, "Condition": condition})
        },
    )
}

fn document(kind: PolicyKind, statements: &[Value]) -> Document {
    let text = json!({"Version": "2012-10-17", "Statement": statements});
    Document::parse(kind, "generated.json", &text.to_string()).unwrap()
}

const REQUESTS: [(&str, &str); 5] = [
    ("s3:GetObject", "arn:aws:s3:::app/us-east-1:0f1e/x"),
    ("s3:GetObject", "arn:aws:s3:::app/public/x"),
    ("s3:PutObject", "arn:aws:s3:::app/us-east-1:77aa/x"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:111122223333:table/T"),
    ("ssm:GetParameter", "arn:aws:ssm:us-east-1:111122223333:parameter/p"),
];

fn allowed(session: &CognitoSession) -> Vec<bool> {
    let ask = |(action, resource): &(&str, &str)| {
        let request = session.request(action, resource).unwrap();
        session.decide(&request).unwrap().is_allowed()
    };
    REQUESTS.iter().map(ask).collect()
}

/// Nothing that was denied is allowed.
fn is_no_wider(narrow: &CognitoSession, wide: &CognitoSession) -> bool {
    allowed(narrow).iter().zip(allowed(wide)).all(|(narrow, wide)| wide || !narrow)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Threat T19, Rules C41, C42: the first session policy, a boundary and the policies of guests only narrow.
    #[test]
    fn what_is_added_to_a_session_never_widens_it(
        permissions in vec(statement(), 1..5),
        boundary in vec(statement(), 1..4),
        session in vec(statement(), 1..4),
    ) {
        let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}});
        let trust = Document::parse(PolicyKind::Trust, "trust.json", &trust.to_string()).unwrap();
        let role = Role::new(&role_arn("A"), trust).unwrap().policy(document(PolicyKind::Identity, &permissions));
        let bounded = role.clone().boundary(document(PolicyKind::Boundary, &boundary)).unwrap();
        let text = json!({"IdentityPoolId": POOL, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
            "AllowClassicFlow": true, "Roles": {"unauthenticated": role_arn("A")}});
        let pool = Pool::parse("pool.json", &text.to_string()).unwrap();
        let basic = || BasicFlow::new(&role_arn("A"), "app").unwrap();
        let narrowed = || basic().session_policy(document(PolicyKind::Session, &session)).unwrap();
        let (free, bounded) = (Roles::new().with(role).unwrap(), Roles::new().with(bounded).unwrap());
        let ask = |roles: &Roles, flow: Option<BasicFlow>| {
            let exchange = Exchange::new(&pool, roles, IDENTITY);
            match flow { Some(flow) => exchange.basic(flow).run().unwrap(), None => exchange.run().unwrap() }
        };
        let wide = ask(&free, Some(basic()));
        prop_assert!(is_no_wider(&ask(&free, Some(narrowed())), &wide), "session policy");
        prop_assert!(is_no_wider(&ask(&bounded, Some(basic())), &wide), "boundary");
        prop_assert!(is_no_wider(&ask(&free, None), &wide), "policies of guests");
        prop_assert!(is_no_wider(&ask(&bounded, None), &ask(&bounded, Some(basic()))), "both");
    }
}

const POOL_TEXT: &str = r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
 "AllowClassicFlow": true, "SupportedLoginProviders": {"accounts.google.com": "app"}, "DeveloperProviderName": "dev",
 "OpenIdConnectProviderARNs": ["arn:aws:iam::111122223333:oidc-provider/login.example.com"],
 "SamlProviderARNs": ["arn:aws:iam::111122223333:saml-provider/Corp"],
 "CognitoIdentityProviders": [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab", "ClientId": "client"}],
 "Roles": {"authenticated": "arn:aws:iam::111122223333:role/A", "unauthenticated": "arn:aws:iam::111122223333:role/B"},
 "RoleMappings": {"arn:aws:iam::111122223333:saml-provider/Corp": {"Type": "Token"},
  "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab:client": {"Type": "Rules", "RulesConfiguration": {"Rules": [
   {"Claim": "x", "MatchType": "Contains", "Value": "a", "RoleARN": "arn:aws:iam::111122223333:role/C"}]}}},
 "PrincipalTags": {"accounts.google.com": {"UseDefaults": true}, "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab":
  {"UseDefaults": false, "PrincipalTags": {"team": "x"}}}}"#;

/// The pool above with some stretches cut out, doubled, or replaced by a value of another type.
fn mutated_pool() -> impl Strategy<Value = String> {
    let edit =
        (0..POOL_TEXT.len(), 0..40_usize, select(vec!["", "null", "[]", "{}", "\"\"", "7", "\"é\"", "\\u0000", ","]));
    vec(edit, 0..3).prop_map(|edits| {
        let mut text: Vec<char> = POOL_TEXT.chars().collect();
        for (start, length, replacement) in edits {
            let start = start.min(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, replacement.chars());
        }
        text.into_iter().collect()
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![scalar(), any::<String>().prop_map(Value::from), any::<i64>().prop_map(Value::from)];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..5).prop_map(|members| json!(members)),
        ]
    })
}

fn any_claims() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        4 => select(vec!["iss", "aud", "sub", "azp", "token_use", "x", "cognito:roles", "cognito:preferred_role",
            "cognito:groups", "https://aws.amazon.com/SAML/Attributes/Role"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let issuer = select(vec![
        "https://accounts.google.com",
        "https://login.example.com",
        "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab",
        "client",
        "app",
        "s",
    ]);
    btree_map(name, prop_oneof![issuer.prop_map(Value::from), any_json()], 0..8).prop_map(|members| json!(members))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Rule C38: any pool document and any claims give a session or an error, never a panic, and always the same one.
    #[test]
    fn every_input_gives_a_session_or_an_error(
        pool in mutated_pool(),
        logins in vec((select(vec![USER_POOL, "accounts.google.com", "login.example.com", "dev",
            "arn:aws:iam::111122223333:saml-provider/Corp", "", "x"]), any_claims()), 0..3),
        identity in prop_oneof![4 => Just(IDENTITY.to_owned()), 1 => any::<String>()],
        custom in proptest::option::of(prop_oneof![select(vec!["A", "B"]).prop_map(role_arn), any::<String>()]),
        basic in any::<bool>(),
    ) {
        let Ok(pool) = Pool::parse("pool.json", &pool) else { return Ok(()) };
        let mut exchange = Exchange::new(&pool, &ROLES, &identity);
        for (provider, claims) in logins {
            let claims = Claims::parse("claims.json", &claims.to_string()).unwrap();
            exchange = exchange.login(Login::new(provider, VerifiedClaims::assume_verified(claims)));
        }
        if let Some(custom) = custom {
            exchange = exchange.custom_role(&custom);
        }
        if basic {
            exchange = exchange.basic(BasicFlow::new(&role_arn("A"), "app").unwrap());
        }
        prop_assert_eq!(outcome(&exchange.run()), outcome(&exchange.run()));
    }

    #[test]
    fn every_text_is_a_pool_or_refused(text in any_json()) {
        let _ = Pool::parse("pool.json", &text.to_string());
        let _ = Pool::read_folder([("a.json", text.to_string()), ("b.json", POOL_TEXT.to_owned())]);
    }
}

#[test]
fn the_pool_that_is_mutated_is_sound() {
    let pool = Pool::parse("pool.json", POOL_TEXT).unwrap();
    assert_eq!(pool.providers().count(), 5);
    assert_eq!(pool.mappings().count(), 2);
}
