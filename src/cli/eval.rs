//! `iamtree eval`: one question, decided and explained.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::context::{self, KeyValue};
use super::input::Input;
use super::policies::Policies;
use super::stop::Stop;
use super::{Status, clock, output, render, simulate};
use crate::decision::{ContextText, Explanation, Outcome};
use crate::engine::Engine;
use crate::request::{ContextValue, Request, RequestError};

/// Decide one request and explain the decision
///
/// Exit status: 0 allowed, 1 denied, 2 a mistake in the input, 3 a bug of this program.
///
/// The keys aws:CurrentTime and aws:EpochTime are set from the clock unless you give one of them.
#[derive(Debug, Args)]
#[command(override_usage = "iamtree eval --policy <FILE>... --action <ACTION> --resource <ARN> [OPTIONS]")]
pub(super) struct Arguments {
    #[command(flatten)]
    policies: Policies,

    /// Who asks: the ARN of a user, role, session or root, a service name, `*` for nobody known. If you leave it
    /// out, somebody of the owner's account asks, and only identity-based policies can answer
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    principal: Option<String>,

    /// What is asked for, as service:Name
    #[arg(long, value_name = "ACTION", help_heading = "Request")]
    action: String,

    /// On what: an ARN, or `*` for actions without a resource
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    resource: String,

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
    let policies = arguments.policies.read(&mut input)?;
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
    let engine = Engine::compile(policies.parse(request.resource_policy_kind())?)?;
    let mut explanation = engine.explain(&request)?;
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

impl Arguments {
    fn request(&self, context: Vec<(String, ContextValue<'static>)>) -> Result<Request<'_>, RequestError> {
        let mut request = match &self.principal {
            Some(principal) => Request::new(principal, &self.action, &self.resource)?,
            None => Request::unnamed(&self.action, &self.resource)?,
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
