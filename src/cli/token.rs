//! The options that hand over tokens, and the keys to verify them with.

use std::path::Path;

use clap::Args;
use jiff::Timestamp;

use super::input::Input;
use super::stop::Stop;
use crate::cognito::token::{Jwks, TokenVerifier};
use crate::cognito::{Login, Pool, Provider, ProviderKind};
use crate::source::quote;

/// Tokens instead of claims.
#[derive(Debug, Args)]
#[command(next_help_heading = "Login")]
pub(super) struct Tokens {
    /// An ID token. It is verified, and its issuer names the provider. `@FILE` reads it from a file, `-` from standard
    /// input: a token on the command line can be seen by others
    #[arg(long, value_name = "JWT", conflicts_with = "guest")]
    token: Vec<String>,

    /// The keys of the tokens' issuer, a JSON Web Key Set; those of one provider, if its login key stands in front. Of a
    /// user pool they are fetched from AWS if they are not given
    #[arg(long, value_name = "[PROVIDER=]FILE|URL", requires = "token")]
    jwks: Vec<String>,
}

impl Tokens {
    pub(super) fn is_given(&self) -> bool {
        !self.token.is_empty()
    }

    /// Verifies every token.
    pub(super) fn logins(&self, pool: &Pool, input: &mut Input) -> Result<Vec<Login>, Stop> {
        let tokens: Vec<String> = self.token.iter().map(|token| text(token, input)).collect::<Result<_, _>>()?;
        let mut issuers: Vec<&Provider> = Vec::new();
        for token in &tokens {
            let issuer = TokenVerifier::provider_of(pool, token)?;
            if !issuers.iter().any(|known| known.login_key() == issuer.login_key()) {
                issuers.push(issuer);
            }
        }
        let mut verifier = TokenVerifier::new(pool);
        for issuer in &issuers {
            let keys = self.keys(pool, issuer, issuers.len() == 1, input)?;
            verifier = verifier.keys(issuer.login_key(), keys);
        }
        let now = Timestamp::now().as_second();
        tokens.iter().map(|token| Ok(verifier.verify(token, now)?)).collect()
    }

    /// The keys given for an issuer. Keys without a provider are those of the only issuer there is (threat T14).
    fn keys(&self, pool: &Pool, issuer: &Provider, is_only: bool, input: &mut Input) -> Result<Jwks, Stop> {
        let login_key = issuer.login_key();
        let mut given = Vec::new();
        for jwks in &self.jwks {
            // An address may hold a `=`: what stands before it counts if it is a provider.
            match jwks.split_once('=').filter(|(provider, _)| !pool.providers_of(provider).is_empty()) {
                Some((provider, place)) if provider == login_key => given.push(place),
                Some(_) => {}
                None if is_only => given.push(jwks),
                None => {
                    let message = "the tokens have several issuers: expected `--jwks PROVIDER=` for the keys of each";
                    return Err(Stop::mistake(message));
                }
            }
        }
        let well_known = format!("https://{login_key}/.well-known/jwks.json");
        match given.as_slice() {
            [place] => read(place, input),
            [] if issuer.kind() == ProviderKind::UserPool => read(&well_known, input),
            [] => Err(Stop::mistake(format_args!(
                "no keys of {} are given: expected `--jwks FILE` or `--jwks URL`",
                quote(login_key)
            ))),
            _ => Err(Stop::mistake(format_args!("keys of {} are given twice: expected them once", quote(login_key)))),
        }
    }
}

fn text(argument: &str, input: &mut Input) -> Result<String, Stop> {
    let path = match argument.strip_prefix('@') {
        Some(path) => path,
        None if argument == "-" => argument,
        None => return Ok(argument.to_owned()),
    };
    Ok(input.document(Path::new(path))??.text().trim().to_owned())
}

fn read(place: &str, input: &mut Input) -> Result<Jwks, Stop> {
    if place.contains("://") {
        return Ok(Jwks::parse(place, &fetch(place)?)?);
    }
    let source = input.document(Path::new(place))??;
    Ok(Jwks::parse(source.name(), source.text())?)
}

#[cfg(feature = "fetch")]
fn fetch(url: &str) -> Result<String, Stop> {
    super::fetch::text(url)
}

#[cfg(not(feature = "fetch"))]
fn fetch(url: &str) -> Result<String, Stop> {
    let url = quote(url);
    Err(Stop::mistake(format_args!("cannot fetch {url}: this program was built without `fetch`; expected a file")))
}
