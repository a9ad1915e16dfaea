//! What the conformance cases do not hold: messages and their places, several files, and the corners of the exchange.

mod exchange;
mod pool;
mod runner;
mod templates;

use super::*;

const USER_POOL: &str = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab";
const POOL: &str = r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
 "AllowClassicFlow": true,
 "CognitoIdentityProviders": [{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab", "ClientId": "c1"}],
 "SupportedLoginProviders": {"accounts.google.com": "app"}, "DeveloperProviderName": "dev",
 "OpenIdConnectProviderARNs": ["arn:aws:iam::111122223333:oidc-provider/accounts.google.com"],
 "SamlProviderARNs": ["arn:aws:iam::111122223333:saml-provider/Corp"],
 "Roles": {"authenticated": "arn:aws:iam::111122223333:role/A", "unauthenticated": "arn:aws:iam::111122223333:role/G"}}"#;

/// The pool with one stretch of its text replaced.
fn pool_text(from: &str, to: &str) -> String {
    assert!(POOL.contains(from), "{from}");
    POOL.replacen(from, to, 1)
}

/// The pool with members added.
fn pool_and(members: &str) -> Pool {
    Pool::parse(
        "pool.json",
        &pool_text("\"AllowClassicFlow\": true,", &format!("\"AllowClassicFlow\": true, {members},")),
    )
    .unwrap_or_else(|error| panic!("{error}"))
}
