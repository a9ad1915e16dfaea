//! `iamtree eval`: one question, decided and explained.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::context::{self, KeyValue};
use super::environment::EnvironmentArguments;
use super::input::Input;
use super::policies::Policies;
use super::stop::Stop;
use super::{Status, clock, environment, output, render, simulate};
use crate::cases::policies::PolicyTexts;
use crate::decision::{ContextText, Explanation, Outcome};
use crate::engine::Engine;
use crate::environment::Environment;
use crate::request::{ContextValue, Request, RequestError};

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
    iamtree eval --env <DIR_OR_FILE> --check")]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: Policies,

    #[command(flatten)]
    environment: EnvironmentArguments,

    /// Who asks: the ARN of a user, role, session or root, a service name, `*` for nobody known. If you leave it
    /// out, somebody of the owner's account asks, and only identity-based policies can answer
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    principal: Option<String>,

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

pub(super) fn run(arguments: Arguments) -> Result<Status, Stop> {
    let mut input = Input::default();
    let known = match arguments.environment.load()? {
        Some(environment) if arguments.environment.only_checks() => return environment::check(&environment),
        Some(environment) => Known::Environment(environment),
        None => Known::Policies(arguments.policies.read(&mut input)?),
    };
    let mut context = match &arguments.context_file {
        Some(path) => context::file(&input.document(path)??)?,
        None => Vec::new(),
    };
    context.extend(context::gather(&arguments.context));

    let mut request = arguments.request(context)?;
    let reads_clock = !clock::is_known(&request);
    if reads_clock {
        request = clock::tell(request, Timestamp::now())?;
    }
    let mut explanation = known.explain(&request)?;
    if reads_clock {
        show_clock(&mut explanation, &request);
    }

    explanation.warnings.iter().for_each(|warning| output::warning(&render::safe(&warning.message)));
    output::result(&match arguments.format {
        Format::Text => render::explanation(&explanation),
        Format::Json => json(&explanation)?,
        Format::Simulate => simulate::json(&explanation)?,
    })?;
    Ok(match explanation.decision {
        Outcome::Allowed => Status::Good,
        Outcome::ImplicitDeny | Outcome::ExplicitDeny => Status::Bad,
    })
}

/// What is known of policies.
enum Known {
    /// Those of this question.
    Policies(PolicyTexts),
    /// Those of everybody.
    Environment(Environment),
}

impl Known {
    fn explain(&self, request: &Request<'_>) -> Result<Explanation, Stop> {
        Ok(match self {
            Known::Policies(texts) => {
                Engine::compile(texts.parse(request.resource_policy_kind())?)?.explain(request)?
            }
            Known::Environment(environment) => environment.explain(request)?,
        })
    }
}

impl Arguments {
    fn request(&self, context: Vec<(String, ContextValue<'static>)>) -> Result<Request<'_>, RequestError> {
        // Clap asks for both, unless nothing is asked.
        let action = self.action.as_deref().unwrap_or_default();
        let resource = self.resource.as_deref().unwrap_or_default();
        let mut request = match &self.principal {
            Some(principal) => Request::new(principal, action, resource)?,
            None => Request::unnamed(action, resource)?,
        };
        if let Some(account) = &self.resource_account {
            request = request.resource_account(account)?;
        }
        context.into_iter().try_fold(request, |request, (key, value)| request.with(key, value))
    }
}

/// The engine was given the time like any other key. For whoever reads the explanation it is derived: nothing silent.
fn show_clock(explanation: &mut Explanation, request: &Request<'_>) {
    for key in clock::KEYS {
        if let Some(text) = request.context().single(key) {
            explanation.derived_context.insert(key.to_owned(), ContextText::Single(text.to_owned()));
        }
    }
}

fn json(explanation: &Explanation) -> Result<String, Stop> {
    let mut text = serde_json::to_string_pretty(explanation)
        .map_err(|error| Stop::mistake(format_args!("cannot write the explanation as JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}
