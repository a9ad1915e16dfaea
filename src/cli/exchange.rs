//! The options of an exchange, and what became of it as text or JSON.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use super::environment::EnvironmentPath;
use super::format::{self, Format};
use super::input::Input;
use super::login::Who;
use super::policies::SessionPolicies;
use super::pool::{FoundPool, PoolFiles};
use super::render::safe;
use super::stop::Stop;
use super::style::{self, dress};
use super::{Status, output};
use crate::cognito::{BasicFlow, CognitoSession, Exchange, ExchangeError, Login, Trace};

/// A pool, who logs in to it, and how: what `role` and `reach` begin with.
#[derive(Debug, Args)]
#[command(mut_arg("pool", |pool| pool.required(true)))]
pub(super) struct LoginArguments {
    #[command(flatten)]
    environment: EnvironmentPath,

    #[command(flatten)]
    pool: PoolFiles,

    #[command(flatten)]
    who: Who,

    #[command(flatten)]
    options: Options,

    #[command(flatten)]
    policies: SessionPolicies,
}

impl LoginArguments {
    /// Exchanges the login for a session.
    pub(super) fn run(&self) -> Result<Result<CognitoSession, ExchangeError>, Stop> {
        let mut input = Input::default();
        let environment = self.environment.load()?;
        let found = self.pool.read(environment.as_ref(), &mut input)?;
        let logins = self.who.logins(&found.folder.pool, &mut input)?;
        self.options.run(found, logins, &self.policies, &mut input)
    }
}

/// How a login is exchanged.
#[derive(Debug, Args)]
#[command(next_help_heading = "Exchange")]
pub(super) struct Options {
    /// The id Cognito gave the identity, REGION:GUID. Without it, a made-up one stands in for it
    #[arg(long, value_name = "ID")]
    identity_id: Option<String>,

    /// Ask for this role, as CustomRoleArn does
    #[arg(long, value_name = "ARN")]
    custom_role: Option<String>,

    /// Who picks the role: the pool, or the client, which then asks STS
    #[arg(long, value_enum, default_value_t = Flow::Enhanced)]
    flow: Flow,

    /// The role the client asks STS for, in the basic flow
    #[arg(long, value_name = "ARN")]
    role: Option<String>,

    /// The session name the client gives, in the basic flow [default: session]
    #[arg(long, value_name = "NAME")]
    session_name: Option<String>,

    /// The account of the pool: roles elsewhere are then refused in the enhanced flow
    #[arg(long, value_name = "ID")]
    pool_account: Option<String>,

    /// When the credentials are issued [default: now]
    #[arg(long, value_name = "DATE")]
    issued_at: Option<String>,

    /// Show the values of claims, tags and context keys. They are personal data
    #[arg(long)]
    show_values: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Flow {
    /// GetCredentialsForIdentity: the pool picks the role
    Enhanced,
    /// GetOpenIdToken, then STS: the client names the role
    Basic,
}

/// The session name if the client gives none.
const SESSION_NAME: &str = "session";

impl Options {
    /// Whether an option is given that makes no sense without a pool.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            ("--identity-id", self.identity_id.is_some()),
            ("--custom-role", self.custom_role.is_some()),
            ("--flow", self.flow == Flow::Basic),
            ("--role", self.role.is_some()),
            ("--session-name", self.session_name.is_some()),
            ("--pool-account", self.pool_account.is_some()),
            ("--issued-at", self.issued_at.is_some()),
            ("--show-values", self.show_values),
        ]
        .into_iter()
        .find_map(|(name, is_given)| is_given.then_some(name))
    }

    /// Exchanges logins for a session.
    pub(super) fn run(
        &self,
        mut found: FoundPool<'_>,
        logins: Vec<Login>,
        policies: &SessionPolicies,
        input: &mut Input,
    ) -> Result<Result<CognitoSession, ExchangeError>, Stop> {
        let asked: Vec<&str> = self.custom_role.iter().chain(&self.role).map(String::as_str).collect();
        found.load_roles(&logins, &asked)?;
        let folder = &found.folder;
        let identity_id = self.identity_id.clone().unwrap_or_else(|| {
            let stand_in = format!("{}:00000000-0000-4000-8000-000000000000", folder.pool.region());
            output::warning(&format!("no identity id is given: {} stands in for it", safe(&stand_in)));
            stand_in
        });
        let mut exchange = Exchange::new(&folder.pool, &folder.roles, &identity_id);
        exchange = logins.into_iter().fold(exchange, Exchange::login);
        if let Some(role) = &self.custom_role {
            exchange = exchange.custom_role(role);
        }
        if let Some(account) = &self.pool_account {
            exchange = exchange.pool_account(account);
        }
        if let Some(flow) = self.basic(policies, input)? {
            exchange = exchange.basic(flow);
        }
        if self.show_values {
            exchange = exchange.show_values();
        }
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default().to_string();
        Ok(exchange.issued_at(self.issued_at.as_deref().unwrap_or(&now))?.run())
    }

    fn basic(&self, policies: &SessionPolicies, input: &mut Input) -> Result<Option<BasicFlow>, Stop> {
        let documents = policies.parse(input)?;
        if self.flow == Flow::Enhanced {
            let given = [
                ("--role", self.role.is_some()),
                ("--session-name", self.session_name.is_some()),
                ("--session-policy", !documents.is_empty()),
            ];
            return match given.into_iter().find(|(_, is_given)| *is_given) {
                None => Ok(None),
                Some((option, _)) => {
                    Err(Stop::mistake(format_args!("`{option}` is for the basic flow: expected `--flow basic`")))
                }
            };
        }
        let Some(role) = &self.role else {
            return Err(Stop::mistake("in the basic flow the client names the role: expected `--role ARN`"));
        };
        let name = self.session_name.as_deref().unwrap_or(SESSION_NAME);
        let flow = documents.into_iter().try_fold(BasicFlow::new(role, name)?, BasicFlow::session_policy)?;
        Ok(Some(flow))
    }
}

/// A trace as text, every line ended.
pub(super) fn text(trace: &Trace) -> String {
    trace.to_string().lines().map(|line| format!("{}\n", safe(line))).collect()
}

/// Prints why there is no session, and how far the exchange came.
pub(super) fn refused(error: &ExchangeError, format: Format) -> Result<Status, Stop> {
    output::result(&match format {
        Format::Text => {
            let head = dress(style::BAD, error.exception());
            let message = format!("{}: {} (rule {})", error.reason(), error.message(), error.rule());
            format!("{head}  {}\n{}", safe(&message), text(error.trace()))
        }
        Format::Json => format::json(&RefusedJson {
            error: ErrorJson {
                exception: error.exception().as_str(),
                reason: error.reason().as_str(),
                rule: error.rule(),
                message: error.message(),
            },
            exchange: error.trace(),
        })?,
    })?;
    Ok(Status::Bad)
}

#[derive(Serialize)]
struct RefusedJson<'a> {
    error: ErrorJson<'a>,
    exchange: &'a Trace,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    exception: &'a str,
    reason: &'a str,
    rule: &'a str,
    message: &'a str,
}
