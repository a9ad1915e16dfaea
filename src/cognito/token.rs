//! The token layer (Rule C13): a token's text and its issuer's keys → a [`Login`].
//!
//! | Trick | What happens |
//! |---|---|
//! | `alg` is `none`, a symmetric one, or not one of the key's (threat T14) | refused: the key says which algorithms there are |
//! | keys in the token, or the address of keys: `jwk`, `jku`, `x5c`, `x5u` (T14) | not looked at: keys are given by the caller, by issuer |
//! | `kid` is a path, an address, or unknown (T14) | it is compared with the ids of the keys, nothing else |
//! | `exp`, `nbf` or `iat` is no whole number of seconds (T15) | refused |
//! | a claim is repeated (T1) | refused |
//! | an access token, a token of another pool or client (T16) | refused, here and by the exchange (Rule C12) |
//!
//! Nothing here reads a clock or fetches a key. Whether a user was signed out is not to be seen in a token; where a pool
//! sets `ServerSideTokenCheck`, ask the user pool.

mod error;
mod keys;
mod parts;

pub use error::{TokenError, TokenErrorKind};
pub use keys::Jwks;

use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde::de::IgnoredAny;

use super::claims::{Claim, Claims, VerifiedClaims};
use super::login::Login;
use super::pool::Pool;
use super::provider::{Provider, ProviderKind};
use crate::source::quote;
use keys::Key;
use parts::Parts;

/// How far the clock of an issuer may be off, in seconds: what Cognito allows OIDC tokens (Rule C13).
const SKEW: i64 = 300;

/// Verifies the tokens of a pool's providers, each with the keys of its issuer.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::Pool;
/// use iamtree::cognito::token::{Jwks, TokenErrorKind, TokenVerifier};
///
/// let pool = Pool::parse("pool.json", r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "photos",
///     "AllowUnauthenticatedIdentities": false, "CognitoIdentityProviders": [{"ClientId": "c1",
///     "ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab"}]}"#)?;
/// let keys = Jwks::parse("jwks.json", r#"{"keys": []}"#)?;
/// let verifier = TokenVerifier::new(&pool).keys("cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab", keys);
/// let error = verifier.verify("not.a.token", 1_785_585_600).unwrap_err();
/// assert_eq!(error.kind(), TokenErrorKind::Malformed);
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TokenVerifier<'p> {
    pool: &'p Pool,
    /// By login key.
    keys: Vec<(Box<str>, Jwks)>,
}

impl<'p> TokenVerifier<'p> {
    /// Verifies tokens for a pool; of no provider, until its keys are given.
    pub fn new(pool: &'p Pool) -> Self {
        TokenVerifier { pool, keys: Vec::new() }
    }

    /// Gives the keys of the provider with this login key (Rule C8). The keys given last count.
    #[must_use]
    pub fn keys(mut self, login_key: &str, keys: Jwks) -> Self {
        self.keys.retain(|(known, _)| **known != *login_key);
        self.keys.push((login_key.into(), keys));
        self
    }

    /// The provider whose keys a token has to be verified with, by the `iss` it claims. Nothing is verified yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is no token, or its issuer no provider of the pool.
    pub fn provider_of(pool: &'p Pool, token: &str) -> Result<&'p Provider, TokenError> {
        provider(pool, &Parts::read(token)?.claims)
    }

    /// Verifies a token and makes a login of it. `now` is the time, in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// Returns the first check that fails. The message holds names of claims, never their values (Rule C37).
    pub fn verify(&self, token: &str, now: i64) -> Result<Login, TokenError> {
        let Parts { header, claims } = Parts::read(token)?;
        let provider = provider(self.pool, &claims)?;
        let login_key = provider.login_key();
        let keys = self.keys.iter().find(|(known, _)| **known == *login_key).map(|(_, keys)| keys);
        let Some(keys) = keys else {
            let message = format!("no keys are given for the issuer {}", quote(login_key));
            return Err(TokenError::new(TokenErrorKind::Key, message));
        };
        check_signature(token, keys.find(&header.key_id)?, &header.algorithm)?;
        check_claims(&claims, provider.kind(), now)?;
        Ok(Login::new(login_key, VerifiedClaims::assume_verified(claims)))
    }
}

/// Rule C12: the issuer is the login key of a provider. Unverified, it only says whose keys are tried.
fn provider<'p>(pool: &'p Pool, claims: &Claims) -> Result<&'p Provider, TokenError> {
    let issuer = text(claims, "iss")?;
    let key = issuer.strip_prefix("https://").unwrap_or(issuer);
    let known = pool.providers_of(key).iter().find(|provider| provider.is_token());
    known.ok_or_else(|| TokenError::new(TokenErrorKind::Issuer, "the claim `iss` names no provider of the pool"))
}

/// The signature, by an algorithm that the key allows (threat T14).
fn check_signature(token: &str, key: &Key, algorithm: &str) -> Result<(), TokenError> {
    let Some(allowed) = key.algorithm(algorithm) else {
        let message = format!("the algorithm is none of the key's: found {}", quote(algorithm));
        return Err(TokenError::new(TokenErrorKind::Algorithm, message));
    };
    // The claims are checked below, strictly and against a given time; here it is the signature.
    let mut validation = Validation::new(allowed);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    match jsonwebtoken::decode::<IgnoredAny>(token, key.key(), &validation) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::Json(_)) => {
            Err(TokenError::new(TokenErrorKind::Claim, "a claim that every token has is of the wrong type"))
        }
        Err(_) => Err(TokenError::new(TokenErrorKind::Signature, "the signature is not of this key and this token")),
    }
}

/// Rule C13 and threats T15, T16: what has to be there, in its type, and the times.
fn check_claims(claims: &Claims, kind: ProviderKind, now: i64) -> Result<(), TokenError> {
    text(claims, "sub")?;
    check_audience(claims)?;
    let expires = seconds(claims, "exp")?.ok_or_else(|| missing("exp"))?;
    let skew = if kind == ProviderKind::UserPool { 0 } else { SKEW };
    if now >= expires.saturating_add(skew) {
        return Err(TokenError::new(TokenErrorKind::Time, "the token has expired: `exp` is past"));
    }
    for name in ["nbf", "iat"] {
        if seconds(claims, name)?.is_some_and(|from| from > now.saturating_add(SKEW)) {
            let message = format!("the token is not valid yet: `{name}` is in the future");
            return Err(TokenError::new(TokenErrorKind::Time, message));
        }
    }
    if kind == ProviderKind::UserPool && text(claims, "token_use")? != "id" {
        let message = "the claim `token_use` is not `id`: an ID token is expected";
        return Err(TokenError::new(TokenErrorKind::Claim, message));
    }
    Ok(())
}

fn check_audience(claims: &Claims) -> Result<(), TokenError> {
    match claims.present("aud") {
        None => Err(missing("aud")),
        Some(Claim::Text(_)) => Ok(()),
        Some(Claim::List(items)) if !items.is_empty() && items.iter().all(|item| item.as_text().is_some()) => Ok(()),
        Some(_) => Err(wrong_type("aud", "a text or a list of texts")),
    }
}

fn text<'c>(claims: &'c Claims, name: &str) -> Result<&'c str, TokenError> {
    let claim = claims.present(name).ok_or_else(|| missing(name))?;
    claim.as_text().filter(|text| !text.is_empty()).ok_or_else(|| wrong_type(name, "a text"))
}

/// A time, if it is there: whole seconds, not negative, at most the year 9999.
fn seconds(claims: &Claims, name: &str) -> Result<Option<i64>, TokenError> {
    let number = match claims.get(name) {
        None => return Ok(None),
        Some(Claim::Number(number)) => number.parse().ok(),
        Some(_) => None,
    };
    match number {
        Some(seconds @ 0..=253_402_300_799) => Ok(Some(seconds)),
        _ => Err(wrong_type(name, "whole seconds since 1970")),
    }
}

fn missing(name: &str) -> TokenError {
    TokenError::new(TokenErrorKind::Claim, format!("the claim `{name}` is missing"))
}

fn wrong_type(name: &str, expected: &str) -> TokenError {
    TokenError::new(TokenErrorKind::Claim, format!("the claim `{name}` is of the wrong type: expected {expected}"))
}
