//! Who is admitted (Rules C9 to C14): a login, and the provider of the pool that vouches for it.

use std::fmt;

use super::claims::{Claim, Claims, VerifiedClaims};
use super::error::{Reason, Refusal};
use super::pool::Pool;
use super::provider::{Provider, ProviderKind};
use crate::source::quote;

/// One login: the key under which an app hands over a token, and what the token says.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::{Claims, Login, VerifiedClaims};
///
/// let claims = Claims::parse("ana.json", r#"{"iss": "https://accounts.google.com", "aud": "app", "sub": "1092"}"#)?;
/// let login = Login::new("accounts.google.com", VerifiedClaims::assume_verified(claims));
/// assert_eq!(login.provider(), "accounts.google.com");
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
///
/// `Debug` prints names of claims and tags, not values: these are personal data (Rule C37).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    provider: Box<str>,
    claims: VerifiedClaims,
    developer_tags: Vec<(Box<str>, Box<str>)>,
}

impl Login {
    /// A login under its key (Rule C8). Keys compare exactly (Rule C9).
    pub fn new(provider: &str, claims: VerifiedClaims) -> Self {
        Login { provider: provider.into(), claims, developer_tags: Vec::new() }
    }

    /// A login under the key that its issuer is: the claim `iss` without its scheme (Rule C12). So a token says by itself
    /// which provider it is of; a SAML assertion and a developer login do not. None without `iss`.
    pub fn by_issuer(claims: VerifiedClaims) -> Option<Self> {
        let issuer = claims.claims().get("iss").and_then(Claim::as_text)?;
        let key = issuer.strip_prefix("https://").unwrap_or(issuer).to_owned();
        Some(Login::new(&key, claims))
    }

    /// A login that the owner's back end vouches for, with the `PrincipalTags` of its call (Rule C34).
    pub fn developer<'t>(provider: &str, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        Login::new(provider, VerifiedClaims::none()).developer_tags(tags)
    }

    /// Adds the `PrincipalTags` that a back end passes. Only a developer login has them (Rule C34).
    #[must_use]
    pub fn developer_tags<'t>(mut self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        self.developer_tags.extend(tags.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Every text of the claims that may be the ARN of a role, however a claim writes it (Rules C18, C32): for callers
    /// that load roles on demand. Most of the texts are something else.
    pub fn named_roles(&self) -> impl Iterator<Item = &str> {
        fn texts(claim: &Claim) -> Vec<&str> {
            match claim {
                // The name of a role may hold a comma itself.
                Claim::Text(text) => text.split(',').map(str::trim).chain([&**text]).collect(),
                Claim::List(items) => items.iter().flat_map(texts).collect(),
                _ => Vec::new(),
            }
        }
        let claims = self.claims();
        let all = claims.names().filter_map(|name| claims.get(name)).flat_map(texts);
        all.filter(|text| text.starts_with("arn:") && text.contains(":role/"))
    }

    /// Its key.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Its claims.
    pub fn claims(&self) -> &Claims {
        self.claims.claims()
    }

    pub(super) fn tags_of_developer(&self) -> &[(Box<str>, Box<str>)] {
        &self.developer_tags
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<&str> = self.developer_tags.iter().map(|(key, _)| &**key).collect();
        let mut shown = f.debug_struct("Login");
        shown.field("provider", &self.provider).field("claims", &self.claims).field("developer_tags", &tags).finish()
    }
}

/// A login that a provider of the pool vouches for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admitted<'a> {
    pub login: &'a Login,
    pub provider: &'a Provider,
}

impl<'a> Admitted<'a> {
    /// A claim as roles and tags read it: absent if `null`, an audience or a SAML attribute of one value is that
    /// value (Rules C12, C26, C30, C51). A developer has none (Rule C34).
    pub fn claim(&self, name: &str) -> Option<&'a Claim> {
        if self.provider.kind() == ProviderKind::Developer {
            return None;
        }
        Some(self.as_read(name, self.login.claims().present(name)?))
    }

    fn as_read(&self, name: &str, claim: &'a Claim) -> &'a Claim {
        let Claim::List(items) = claim else { return claim };
        let single = match items.as_slice() {
            [only] if only.text().is_some() => Some(only),
            _ => None,
        };
        let is_audience = name == "aud" && self.provider.is_token();
        let is_unpacked = is_audience || self.provider.kind() == ProviderKind::Saml;
        single.filter(|_| is_unpacked).unwrap_or(claim)
    }

    /// The same for rules, which may not use every claim (Rule C27).
    pub fn rule_claim(&self, name: &str) -> Option<&'a Claim> {
        self.claim(name).filter(|_| self.provider.lends_to_rules(name))
    }

    /// The same for a claim that is at hand.
    pub fn lent_to_rules(&self, name: &str, claim: &'a Claim) -> Option<&'a Claim> {
        self.provider.lends_to_rules(name).then(|| self.as_read(name, claim))
    }

    /// The text of a claim that has to be a string.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.claim(name).and_then(Claim::as_text)
    }

    /// The audience, which is the client of a user pool (Rule C16).
    pub fn client(&self) -> &'a str {
        self.text("aud").unwrap_or_default()
    }

    /// The `sub` of the token.
    pub fn subject(&self) -> &'a str {
        self.text("sub").unwrap_or_default()
    }
}

/// Rules C11 and C14: every login is vouched for by a provider of the pool.
pub(super) fn admit<'a>(pool: &'a Pool, logins: &'a [Login]) -> Result<Vec<Admitted<'a>>, Refusal> {
    if logins.len() > 10 {
        let message = format!("too many logins: found {}, expected at most 10", logins.len());
        return Err(Refusal::new(Reason::InvalidLogins, "C14", message));
    }
    for (index, login) in logins.iter().enumerate() {
        if logins.iter().take(index).any(|other| other.provider == login.provider) {
            let message = format!("a provider is given twice: found {}, expected each once", quote(&login.provider));
            return Err(Refusal::new(Reason::InvalidLogins, "C14", message));
        }
    }
    logins.iter().map(|login| admit_one(pool, login)).collect()
}

/// Rule C11: the first declaration that takes the token; if none does, the error is that of the first.
fn admit_one<'a>(pool: &'a Pool, login: &'a Login) -> Result<Admitted<'a>, Refusal> {
    let mut first_error = None;
    for provider in pool.providers_of(&login.provider) {
        let admitted = Admitted { login, provider };
        match check(pool, &admitted) {
            Ok(()) => return Ok(admitted),
            Err(refusal) => first_error = first_error.or(Some(refusal)),
        }
    }
    Err(first_error.unwrap_or_else(|| {
        let message = format!("the pool declares no provider {}", quote(&login.provider));
        Refusal::new(Reason::ProviderNotConfigured, "C11", message)
    }))
}

/// Rule C12: the token must be for this pool. Messages name claims, never their values (Rule C37).
fn check(pool: &Pool, admitted: &Admitted<'_>) -> Result<(), Refusal> {
    let provider = admitted.provider;
    let key = provider.login_key();
    let foreign = |message: String| Err(Refusal::new(Reason::TokenNotForThisPool, "C12", message));
    if !provider.is_token() {
        return Ok(());
    }
    let issuer = admitted.text("iss");
    let is_issuer = match provider.kind() {
        ProviderKind::UserPool => issuer.and_then(|issuer| issuer.strip_prefix("https://")) == Some(key),
        _ => issuer.map(|issuer| issuer.strip_prefix("https://").unwrap_or(issuer)) == Some(key),
    };
    if !is_issuer {
        let message = format!("the claim `iss` is not the issuer {}", quote(key));
        return Err(Refusal::new(Reason::IssuerMismatch, "C12", message));
    }
    let audience = match admitted.claim("aud") {
        None => None,
        Some(Claim::Text(text)) => Some(&**text),
        Some(_) => return foreign("the claim `aud` is neither one text nor a list of one text".to_owned()),
    };
    match provider.kind() {
        ProviderKind::Oidc => {
            let client = match admitted.claim("azp") {
                Some(party) => party.as_text(),
                None => audience,
            };
            let listed = pool.client_ids_of(provider);
            if listed.is_some_and(|ids| !ids.iter().any(|id| Some(&**id) == client)) {
                return foreign(format!("the token is made for no client of {}", quote(key)));
            }
        }
        _ => {
            if !provider.audiences().any(|known| Some(known) == audience) {
                return foreign(format!("the claim `aud` is no client of {} that the pool declares", quote(key)));
            }
        }
    }
    if provider.kind() != ProviderKind::Social && admitted.text("sub").is_none() {
        return foreign("the claim `sub` is no text".to_owned());
    }
    let token_use = admitted.claim("token_use").filter(|_| provider.kind() == ProviderKind::UserPool);
    if token_use.is_some_and(|token_use| token_use.as_text() != Some("id")) {
        return foreign("the claim `token_use` is not `id`: an ID token is expected".to_owned());
    }
    Ok(())
}
