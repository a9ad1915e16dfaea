//! `iamtree whatif`: the role of somebody who does not exist yet.

use clap::Args;

use super::context::{self, KeyValue};
use super::environment::EnvironmentPath;
use super::exchange::{self, Options};
use super::format::Format;
use super::input::Input;
use super::policies::SessionPolicies;
use super::pool::PoolFiles;
use super::render::safe;
use super::role;
use super::stop::Stop;
use super::{Status, output};
use crate::cognito::{Claim, Claims, Group, Login, PoolFolder, Provider, ProviderKind, VerifiedClaims, with_groups};
use crate::request::ContextValue;
use crate::source::quote;

/// Say which role a made-up user would get
///
/// The groups become the claims that Cognito derives from them: cognito:groups, cognito:roles and
/// cognito:preferred_role. A pre-token-generation trigger can overwrite all three, so where you have a token, ask
/// `iamtree role`.
#[derive(Debug, Args)]
#[command(mut_arg("pool", |pool| pool.required(true)))]
#[command(override_usage = "iamtree whatif --pool <DIR> --groups <NAME,NAME> [OPTIONS]")]
pub(super) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentPath,

    #[command(flatten)]
    pool: PoolFiles,

    /// Groups of the user pool, by name. Their roles and precedences stand in list-groups.json of the pool's folder
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', help_heading = "Login")]
    groups: Vec<String>,

    /// A further claim, as in --context of `iamtree eval`; it replaces one that would be made up or derived
    #[arg(long, value_name = "CLAIM=VALUE", help_heading = "Login")]
    claim: Vec<KeyValue>,

    /// The provider, by its login key [default: the only user pool]
    #[arg(long, value_name = "PROVIDER", help_heading = "Login")]
    provider: Option<String>,

    /// The client of the provider [default: the only one]
    #[arg(long, value_name = "ID", help_heading = "Login")]
    client: Option<String>,

    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    policies: SessionPolicies,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

/// The user who does not exist.
const SUBJECT: &str = "00000000-0000-4000-8000-000000000000";

pub(super) fn run(arguments: &Arguments) -> Result<Status, Stop> {
    let mut input = Input::default();
    let environment = arguments.environment.load()?;
    let found = arguments.pool.read(environment.as_ref(), &mut input)?;
    let provider = arguments.provider(&found.folder)?;
    let claims = arguments.claims(&found.folder, provider)?;
    if arguments.format == Format::Text {
        output::result(&text(&claims))?;
    }
    let login = Login::new(provider.login_key(), VerifiedClaims::assume_verified(claims));
    match arguments.options.run(found, vec![login], &arguments.policies, &mut input)? {
        Ok(session) => role::show(&session, arguments.format),
        Err(error) => exchange::refused(&error, arguments.format),
    }
}

/// The claims, which are nobody's: they were made up here.
fn text(claims: &Claims) -> String {
    let line = |name| format!("claim {} = {}\n", safe(name), claims.get(name).map(value).unwrap_or_default());
    claims.names().map(line).collect()
}

fn value(claim: &Claim) -> String {
    match claim {
        Claim::List(members) => format!("[{}]", members.iter().map(value).collect::<Vec<_>>().join(", ")),
        claim => safe(&claim.text().unwrap_or_default()),
    }
}

impl Arguments {
    fn provider<'p>(&self, folder: &'p PoolFolder) -> Result<&'p Provider, Stop> {
        let pool = &folder.pool;
        let candidates: Vec<&Provider> = match &self.provider {
            Some(key) => pool.providers_of(key).iter().take(1).collect(),
            None => pool.providers().filter(|provider| provider.kind() == ProviderKind::UserPool).collect(),
        };
        if let [only] = candidates.as_slice() {
            return Ok(only);
        }
        let known: Vec<String> = pool.providers().map(|provider| quote(provider.login_key())).collect();
        let wanted = match &self.provider {
            Some(key) => format!("the pool declares no provider {}", quote(key)),
            None => format!("the pool declares {} user pools", candidates.len()),
        };
        Err(Stop::mistake(format_args!("{wanted}: expected `--provider` with one of {}", known.join(", "))))
    }

    fn claims(&self, folder: &PoolFolder, provider: &Provider) -> Result<Claims, Stop> {
        let mut claims = Claims::default();
        if !matches!(provider.kind(), ProviderKind::Saml | ProviderKind::Developer) {
            claims = claims.with("iss", &*format!("https://{}", provider.login_key())).with("sub", SUBJECT);
            if let Some(client) = self.client(folder, provider)? {
                claims = claims.with("aud", client);
            }
        }
        if provider.kind() == ProviderKind::UserPool {
            claims = claims.with("token_use", "id");
        }
        for (name, value) in context::gather(&self.claim) {
            claims = claims.with(&name, claim(&value));
        }
        Ok(with_groups(claims, &self.groups(folder, provider)?))
    }

    fn client<'c>(&'c self, folder: &'c PoolFolder, provider: &'c Provider) -> Result<Option<&'c str>, Stop> {
        let is_given = self.claim.iter().any(|claim| claim.key() == "aud");
        let known: Vec<&str> = match folder.pool.client_ids_of(provider) {
            Some(ids) => ids.iter().map(|id| &**id).collect(),
            None => provider.audiences().collect(),
        };
        match (&self.client, known.as_slice()) {
            (Some(client), _) => Ok(Some(client)),
            (None, [only]) => Ok(Some(only)),
            (None, [_, _, ..]) if !is_given => {
                let known: Vec<String> = known.into_iter().map(quote).collect();
                let message = format!("the provider has {} clients: expected `--client` with one of ", known.len());
                Err(Stop::mistake(message + &known.join(", ")))
            }
            (None, _) => Ok(None),
        }
    }

    fn groups(&self, folder: &PoolFolder, provider: &Provider) -> Result<Vec<Group>, Stop> {
        let user_pool = provider.login_key().rsplit('/').next().unwrap_or_default();
        if !self.groups.is_empty() && provider.kind() != ProviderKind::UserPool {
            let found = provider.kind().phrase();
            return Err(Stop::mistake(format_args!("groups are of user pools: found {found}, expected a user pool")));
        }
        let of_pool = |group: &&Group| group.user_pool_id.as_deref().is_none_or(|id| id == user_pool);
        let known: Vec<&Group> = folder.groups.iter().filter(of_pool).collect();
        self.groups.iter().map(|name| named(&known, name)).collect()
    }
}

fn named(known: &[&Group], name: &str) -> Result<Group, Stop> {
    let named: Vec<&&Group> = known.iter().filter(|group| group.name == name).collect();
    match named.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => Ok(Group::clone(first)),
        [_, ..] => {
            let found = quote(name);
            Err(Stop::mistake(format_args!(
                "the group {found} is listed several times, with differences: expected it once"
            )))
        }
        [] => {
            let names: Vec<String> = known.iter().map(|group| quote(&group.name)).collect();
            let expected = if names.is_empty() {
                "the output of `aws cognito-idp list-groups` as list-groups.json in the pool's folder".to_owned()
            } else {
                format!("one of {}", names.join(", "))
            };
            Err(Stop::mistake(format_args!("unknown group: found {}, expected {}", quote(name), safe(&expected))))
        }
    }
}

fn claim(value: &ContextValue<'_>) -> Claim {
    match value {
        ContextValue::Single(text) => Claim::from(&**text),
        ContextValue::Multi(members) => Claim::List(members.iter().map(|member| Claim::from(&**member)).collect()),
    }
}
