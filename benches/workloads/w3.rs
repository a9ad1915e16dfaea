//! W3: 25 role-mapping rules over token claims.

use std::collections::HashMap;

use iamtree::cognito::{self, Claims, VerifiedClaims};
use serde_json::json;

use super::rng::Rng;

/// Under which an app hands its token over.
pub const LOGIN_KEY: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01";

const PROVIDER: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01:3exampleclientid";
const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01";
const DEPARTMENTS: [&str; 8] = ["Sales", "Finance", "Legal", "Support", "Research", "Design", "Security", "Field"];

pub struct Rule {
    pub claim: String,
    pub match_type: &'static str,
    pub value: &'static str,
}

pub struct Login {
    pub claims: Vec<(String, String)>,
    /// The rule that matches.
    pub rule: Option<usize>,
}

impl Login {
    /// The claims in a map.
    pub fn map(&self) -> HashMap<&str, &str> {
        self.claims.iter().map(|(claim, value)| (claim.as_str(), value.as_str())).collect()
    }

    /// The claims as the library takes them.
    pub fn verified(&self, key: &str) -> cognito::Login {
        let claims: serde_json::Map<_, _> =
            self.claims.iter().map(|(claim, value)| (claim.clone(), json!(value))).collect();
        let claims = Claims::parse("claims.json", &serde_json::Value::Object(claims).to_string()).expect("claims");
        cognito::Login::new(key, VerifiedClaims::assume_verified(claims))
    }
}

/// The mapping with the provider that it is of: a pool.
pub fn pool(rules: &[Rule]) -> serde_json::Value {
    let mut pool = mapping(rules);
    pool["IdentityPoolName"] = json!("app");
    pool["AllowUnauthenticatedIdentities"] = json!(false);
    pool["CognitoIdentityProviders"] =
        json!([{"ProviderName": LOGIN_KEY, "ClientId": "3exampleclientid", "ServerSideTokenCheck": false}]);
    pool
}

pub fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut rule = |claim: &str, match_type, value| rules.push(Rule { claim: claim.to_owned(), match_type, value });
    for i in 0..6 {
        rule("custom:dept", "Equals", DEPARTMENTS[i]);
        rule("custom:scopes", "Contains", ["admin", "audit", "billing", "deploy", "export", "write"][i]);
        rule("email", "StartsWith", ["ops-", "svc-", "ext-", "lab-", "qa-", "dev-"][i]);
        rule(&format!("custom:status{i}"), "NotEqual", "active");
    }
    rule("custom:plan", "Equals", "enterprise");
    rules
}

/// The mapping as the AWS CLI prints it.
pub fn mapping(rules: &[Rule]) -> serde_json::Value {
    let rule = |(index, rule): (usize, &Rule)| json!({"Claim": rule.claim, "MatchType": rule.match_type, "Value": rule.value, "RoleARN": role(index)});
    let rules: Vec<_> = rules.iter().enumerate().map(rule).collect();
    json!({
        "IdentityPoolId": super::POOL,
        "Roles": {"authenticated": "arn:aws:iam::111122223333:role/AppAuthenticated"},
        "RoleMappings": {PROVIDER: {"Type": "Rules", "AmbiguousRoleResolution": "Deny",
                                    "RulesConfiguration": {"Rules": rules}}},
    })
}

/// The role of the rule with this index.
pub fn role(index: usize) -> String {
    format!("arn:aws:iam::111122223333:role/Mapped{index:02}")
}

pub fn logins(rules: &[Rule]) -> Vec<Login> {
    let mut rng = Rng::new(&["w3"]);
    (0..1000).map(|_| login(&mut rng, rules)).collect()
}

fn login(rng: &mut Rng, rules: &[Rule]) -> Login {
    // 25 to 29: no rule shall match.
    let target = rng.below(30);
    let sub = rng.uuid();
    let user = format!("u{:05}", rng.below(100_000));
    let name = rng.pick(&["alice", "bob", "carol", "dan", "eve"]);
    let email = format!("{name}.{}@example.com", rng.below(1000));
    let mut claims = vec![
        ("sub".to_owned(), sub),
        ("iss".to_owned(), ISSUER.to_owned()),
        ("aud".to_owned(), "3exampleclientid".to_owned()),
        ("token_use".to_owned(), "id".to_owned()),
        ("cognito:username".to_owned(), user),
        ("email".to_owned(), email.clone()),
        ("email_verified".to_owned(), "true".to_owned()),
        ("locale".to_owned(), rng.pick(&["en-US", "de-DE", "ja-JP"]).to_owned()),
        ("custom:dept".to_owned(), rng.pick(&DEPARTMENTS[6..]).to_owned()),
        ("custom:scopes".to_owned(), rng.pick(&["read", "read list", "list"]).to_owned()),
        ("custom:plan".to_owned(), rng.pick(&["free", "team"]).to_owned()),
    ];
    if rng.below(2) > 0 {
        claims.push((format!("custom:status{}", rng.below(6)), "active".to_owned()));
    }
    let rule = rules.get(target);
    if let Some(rule) = rule {
        let value = match rule.match_type {
            "Equals" => rule.value.to_owned(),
            "Contains" => format!("read {} list", rule.value),
            "StartsWith" => format!("{}{email}", rule.value),
            _ => "suspended".to_owned(),
        };
        match claims.iter_mut().find(|(claim, _)| *claim == rule.claim) {
            Some((_, old)) => *old = value,
            None => claims.push((rule.claim.clone(), value)),
        }
    }
    Login { claims, rule: rule.map(|_| target) }
}
