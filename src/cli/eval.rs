//! `iamtree eval`: one question, decided and explained.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use super::context::{self, KeyValue};
use super::environment::EnvironmentPath;
use super::exchange::{self, Options};
use super::format;
use super::input::Input;
use super::login::Who;
use super::policies::Policies;
use super::pool::PoolFiles;
use super::stop::Stop;
use super::{Status, clock, environment, output, render, simulate};
use crate::cases::policies::PolicyTexts;
use crate::cognito::Trace;
use crate::decision::{ContextText, Explanation, Outcome};
use crate::document::{Document, PolicyKind, PolicySet};
use crate::engine::Engine;
use crate::environment::Environment;
use crate::request::{ContextValue, Request};

/// Decide one request and explain the decision
///
/// The policies are named one by one, or found in an environment.
///
/// Exit status: 0 allowed, 1 denied, 2 a mistake in the input, 3 a bug of this program.
///
/// The keys aws:CurrentTime and aws:EpochTime are set from the clock unless you give one of them.
#[derive(Debug, Args)]
#[command(override_usage = "iamtree eval --policy <FILE>... --action <ACTION> --resource <ARN> [OPTIONS]\n       \
    iamtree eval --env <DIR_OR_FILE> --principal <ARN> --action <ACTION> --resource <ARN> [OPTIONS]\n       \
    iamtree eval --env <DIR_OR_FILE> --check\n       \
    iamtree eval --pool <DIR> --claims <FILE> --action <ACTION> --resource <ARN> [OPTIONS]")]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: Policies,

    #[command(flatten)]
    environment: EnvironmentPath,

    /// List the documents of the environment that are refused, and ask nothing
    #[arg(long, requires = "env", conflicts_with = "pool", help_heading = "Environment")]
    check: bool,

    #[command(flatten)]
    pool: PoolFiles,

    #[command(flatten)]
    who: Who,

    #[command(flatten)]
    options: Options,

    /// Who asks: the ARN of a user, role, session or root, a service name, `*` for nobody known. If you leave it
    /// out, somebody of the owner's account asks, and only identity-based policies can answer
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    principal: Option<String>,

    /// Which user issued the federated user that asks. In an environment it is needed: its policies are that user's
    #[arg(long, value_name = "ARN", requires = "principal", help_heading = "Request")]
    issued_by: Option<String>,

    /// What is asked for, as service:Name
    #[arg(long, value_name = "ACTION", help_heading = "Request", required_unless_present = "check")]
    action: Option<String>,

    /// On what: an ARN, or `*` for actions without a resource
    #[arg(long, value_name = "ARN", help_heading = "Request", required_unless_present = "check")]
    resource: Option<String>,

    /// Whose the resource is, if its ARN does not say so. ARNs of S3 do not
    #[arg(long, value_name = "ID", help_heading = "Request")]
    resource_account: Option<String>,

    /// A context key. The first `=` ends the key; `KEY=` is the empty text; a repeated key is a list, as is
    /// KEY=[a,b]; KEY=[] is the empty list
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Request")]
    context: Vec<KeyValue>,

    /// Context keys as a JSON object, or as the ContextEntries of the IAM policy simulator. `-` is standard input
    #[arg(long, value_name = "JSON", help_heading = "Request")]
    context_file: Option<PathBuf>,

    /// How to print the explanation
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For programs that read the response of SimulateCustomPolicy
    Simulate,
}

impl Format {
    /// How a refused exchange is printed: the simulator has no response for one.
    fn plain(self) -> format::Format {
        match self {
            Format::Text => format::Format::Text,
            Format::Json | Format::Simulate => format::Format::Json,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Status, Stop> {
    let mut input = Input::default();
    if arguments.pool.is_given() {
        return arguments.ask_as_login(&mut input);
    }
    arguments.refuse_login()?;
    let environment = arguments.environment.load()?;
    let known = match &environment {
        Some(environment) if arguments.check => return environment::check(environment),
        Some(environment) => Known::Environment(environment, arguments.policies.read_beside_environment(&mut input)?),
        None => Known::Policies(Box::new((arguments.policies.read(&mut input)?, PolicySet::new()))),
    };
    let context = arguments.context(&mut input)?;
    let (action, resource) = arguments.asked();
    let mut request = match &arguments.principal {
        Some(principal) => Request::new(principal, action, resource)?,
        None => Request::unnamed(action, resource)?,
    };
    if let Some(user) = &arguments.issued_by {
        request = request.issued_by(user)?;
    }
    arguments.answer(request, context, &known, None)
}

/// What is known of policies.
enum Known<'e> {
    /// Those of this question, beside others that are parsed already.
    Policies(Box<(PolicyTexts, PolicySet)>),
    /// Those of everybody, and those of the session and the endpoint.
    Environment(&'e Environment, Vec<Document>),
}

impl Known<'_> {
    fn explain(&self, request: &Request<'_>) -> Result<Explanation, Stop> {
        Ok(match self {
            Known::Policies(policies) => {
                let (texts, set) = &**policies;
                let set = texts.parse_into(set.clone(), request.resource_policy_kind())?;
                Engine::compile(set)?.explain(request)?
            }
            Known::Environment(environment, beside) if beside.is_empty() => environment.explain(request)?,
            Known::Environment(environment, beside) => environment.explain_beside(request, beside.iter().cloned())?,
        })
    }
}

impl Arguments {
    /// The action and the resource. Clap asks for both, unless nothing is asked.
    fn asked(&self) -> (&str, &str) {
        (self.action.as_deref().unwrap_or_default(), self.resource.as_deref().unwrap_or_default())
    }

    /// What needs a pool is a mistake without one, never ignored.
    fn refuse_login(&self) -> Result<(), Stop> {
        let given = self.options.given().or_else(|| self.who.is_given().then_some("a login"));
        match given {
            Some(given) => Err(Stop::mistake(format_args!("{given} needs an identity pool: expected `--pool DIR`"))),
            None => Ok(()),
        }
    }

    /// Exchanges a login for a session, which asks.
    fn ask_as_login(&self, input: &mut Input) -> Result<Status, Stop> {
        if self.principal.is_some() {
            let message = "`--principal` and `--pool` cannot be used together: the session of the pool asks";
            return Err(Stop::mistake(message));
        }
        let environment = self.environment.load()?;
        let found = self.pool.read(environment.as_ref(), input)?;
        let logins = self.who.logins(&found.folder.pool, input)?;
        let context = self.context(input)?;
        let session = match self.options.run(found, logins, self.policies.session(), input)? {
            Ok(session) => session,
            Err(error) => return exchange::refused(&error, self.format.plain()),
        };
        let (action, resource) = self.asked();
        let known = match &environment {
            Some(environment) => {
                let mut beside = self.policies.read_beside_environment(input)?;
                beside.retain(|document| document.kind() != PolicyKind::Session);
                beside.extend(session.policies().session_documents().iter().cloned());
                Known::Environment(environment, beside)
            }
            None => {
                let policies = self.policies.read_beside_session(input)?;
                Known::Policies(Box::new((policies, PolicySet::clone(&session.policies()))))
            }
        };
        self.answer(session.request(action, resource)?, context, &known, Some(session.trace()))
    }

    fn context(&self, input: &mut Input) -> Result<Vec<(String, ContextValue<'static>)>, Stop> {
        let mut context = match &self.context_file {
            Some(path) => context::file(&input.document(path)??)?,
            None => Vec::new(),
        };
        context.extend(context::gather(&self.context));
        Ok(context)
    }

    /// Decides and explains.
    fn answer<'a>(
        &'a self,
        mut request: Request<'a>,
        context: Vec<(String, ContextValue<'static>)>,
        known: &Known<'_>,
        trace: Option<&Trace>,
    ) -> Result<Status, Stop> {
        if let Some(account) = &self.resource_account {
            request = request.resource_account(account)?;
        }
        request = context.into_iter().try_fold(request, |request, (key, value)| request.with(key, value))?;
        let reads_clock = !clock::is_known(&request);
        if reads_clock {
            request = clock::tell(request, Timestamp::now())?;
        }
        let mut explanation = known.explain(&request)?;
        if reads_clock {
            show_clock(&mut explanation, &request);
        }

        explanation.warnings.iter().for_each(|warning| output::warning(&render::safe(&warning.message)));
        output::result(&match self.format {
            Format::Text => {
                let trace = trace.map(|trace| format!("{}\n", exchange::text(trace))).unwrap_or_default();
                trace + &render::explanation(&explanation)
            }
            Format::Simulate => simulate::json(&explanation)?,
            Format::Json => format::json(&AnswerJson { exchange: trace, explanation: &explanation })?,
        })?;
        Ok(match explanation.decision {
            Outcome::Allowed => Status::Good,
            Outcome::ImplicitDeny | Outcome::ExplicitDeny => Status::Bad,
        })
    }
}

/// The explanation, and before it how the session came about.
#[derive(Serialize)]
struct AnswerJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<&'a Trace>,
    #[serde(flatten)]
    explanation: &'a Explanation,
}

/// The engine was given the time like any other key. For whoever reads the explanation it is derived: nothing silent.
fn show_clock(explanation: &mut Explanation, request: &Request<'_>) {
    for key in clock::KEYS {
        if let Some(text) = request.context().single(key) {
            explanation.derived_context.insert(key.to_owned(), ContextText::Single(text.to_owned()));
        }
    }
}
