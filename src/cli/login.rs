//! The options that say who logs in to an identity pool.

use std::path::PathBuf;

use clap::Args;

use super::input::Input;
use super::pool::name_value;
use super::stop::Stop;
use crate::cognito::{Claims, Login, Pool, VerifiedClaims};

/// Who logs in. Several logins are linked to one identity.
#[derive(Debug, Args)]
#[command(next_help_heading = "Login")]
pub(super) struct Who {
    /// Claims of a token that somebody has verified, a JSON object. The claim `iss` names the provider; a SAML
    /// assertion needs it in front. A second one is a second login of the same identity
    #[arg(long, value_name = "[PROVIDER=]FILE", value_parser = claims_file)]
    claims: Vec<ClaimsFile>,

    /// Nobody logs in: a guest
    #[arg(long, conflicts_with_all = ["claims", "developer"])]
    guest: bool,

    /// A login that your own back end vouches for, by the name of its provider
    #[arg(long, value_name = "PROVIDER")]
    developer: Option<String>,

    /// A principal tag that the back end passes
    #[arg(long, value_name = "KEY=VALUE", value_parser = name_value, requires = "developer")]
    developer_tag: Vec<(String, String)>,

    #[cfg(feature = "token")]
    #[command(flatten)]
    tokens: super::token::Tokens,
}

/// What `--claims` takes.
#[derive(Debug, Clone)]
struct ClaimsFile {
    provider: Option<String>,
    file: PathBuf,
}

/// The first `=` ends the provider. A path that holds one is given with its provider.
fn claims_file(text: &str) -> Result<ClaimsFile, &'static str> {
    match text.split_once('=') {
        None => Ok(ClaimsFile { provider: None, file: text.into() }),
        Some((provider, file)) if !provider.is_empty() && !file.is_empty() => {
            Ok(ClaimsFile { provider: Some(provider.to_owned()), file: file.into() })
        }
        Some(_) => Err("expected FILE or PROVIDER=FILE"),
    }
}

#[cfg(feature = "token")]
const WAYS_IN: &str = "`--claims FILE`, `--token JWT`, `--developer PROVIDER` or `--guest`";
#[cfg(not(feature = "token"))]
const WAYS_IN: &str = "`--claims FILE`, `--developer PROVIDER` or `--guest`";

impl Who {
    /// Whether somebody is named, a guest included.
    pub(super) fn is_given(&self) -> bool {
        self.guest || !self.claims.is_empty() || self.developer.is_some() || self.has_tokens()
    }

    #[cfg(feature = "token")]
    fn has_tokens(&self) -> bool {
        self.tokens.is_given()
    }

    #[cfg(not(feature = "token"))]
    fn has_tokens(&self) -> bool {
        false
    }

    /// The logins; none of a guest. Tokens are verified for the pool.
    #[cfg_attr(not(feature = "token"), expect(unused_variables, reason = "only tokens are verified for a pool"))]
    pub(super) fn logins(&self, pool: &Pool, input: &mut Input) -> Result<Vec<Login>, Stop> {
        if !self.is_given() {
            return Err(Stop::mistake(format_args!("nobody logs in: expected {WAYS_IN}")));
        }
        #[cfg(feature = "token")]
        let mut logins = self.tokens.logins(pool, input)?;
        #[cfg(not(feature = "token"))]
        let mut logins = Vec::new();
        for claims in &self.claims {
            logins.push(claims.login(input)?);
        }
        if let Some(provider) = &self.developer {
            let tags = self.developer_tag.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            logins.push(Login::developer(provider, tags));
        }
        Ok(logins)
    }
}

impl ClaimsFile {
    fn login(&self, input: &mut Input) -> Result<Login, Stop> {
        let source = input.document(&self.file)??;
        let claims = VerifiedClaims::assume_verified(Claims::parse(source.name(), source.text())?);
        match &self.provider {
            Some(provider) => Ok(Login::new(provider, claims)),
            None => Login::by_issuer(claims).ok_or_else(|| {
                let name = source.name();
                Stop::mistake(format!("{name}: no text as claim `iss`: expected one, or `--claims PROVIDER={name}`"))
            }),
        }
    }
}
