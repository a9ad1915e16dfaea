//! One case asked: which evaluator, and what can come back.

use std::fmt;

use super::{Case, Expected};
use crate::decision::{Evaluator, Explanation, Outcome, Reason};
use crate::document::{DocumentError, SetError};
use crate::engine::{Engine, ExplainError};
use crate::reference::Reference;
use crate::request::{Request, RequestError};

/// Which evaluator is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EngineChoice {
    /// The compiled tree, which decides in production.
    Compiled,
    /// The reference, the rules as a plain program.
    Reference,
    /// Both. They must agree on outcome, reason and statement, or on the error; a difference is a failure even if
    /// one of them gives the answer expected.
    #[default]
    Both,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// A decision, for this reason.
    Decided(Reason),
    /// The question was refused.
    Refused(Refusal),
    /// The evaluators differ: a bug of this crate.
    Differ(ExplainError),
}

/// Why a question was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Documents break rules.
    Documents(Vec<DocumentError>),
    /// The documents do not go together.
    Set(SetError),
    /// The request is malformed, or cannot be asked of these policies.
    Request(RequestError),
}

impl EngineChoice {
    /// Every choice.
    pub const ALL: [EngineChoice; 3] = [EngineChoice::Compiled, EngineChoice::Reference, EngineChoice::Both];

    /// `compiled`, `reference` or `both`.
    pub fn as_str(self) -> &'static str {
        match self {
            EngineChoice::Compiled => "compiled",
            EngineChoice::Reference => "reference",
            EngineChoice::Both => "both",
        }
    }

    /// Asks an engine; for the reference, the policies it was compiled from.
    pub fn ask(self, engine: &Engine, request: &Request<'_>) -> Answer {
        let decided = match self {
            EngineChoice::Compiled => engine.decide(request),
            EngineChoice::Reference => Reference::new(&engine.policies()).decide(request),
            EngineChoice::Both => {
                return match engine.explain(request) {
                    Ok(explanation) => Answer::Decided(explanation.reason),
                    Err(error) => match error.as_request_error() {
                        Some(error) => Answer::Refused(Refusal::Request(error.clone())),
                        None => Answer::Differ(error),
                    },
                };
            }
        };
        match decided {
            Ok(decision) => Answer::Decided(decision.reason()),
            Err(error) => Answer::Refused(Refusal::Request(error)),
        }
    }
}

impl Case {
    /// Asks the question.
    pub fn ask(&self, engine: EngineChoice) -> Answer {
        match self.prepare() {
            Ok((compiled, request)) => engine.ask(&compiled, &request),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// Why the reference decides the question as it does; none if it is refused.
    pub fn explain(&self) -> Option<Explanation> {
        let (compiled, request) = self.prepare().ok()?;
        let explained = Reference::new(&compiled.policies()).explain(&request).ok()?;
        Some(explained.explanation)
    }

    fn prepare(&self) -> Result<(Engine, Request<'_>), Refusal> {
        let request = self.request()?;
        let policies = self.policies.parse(request.resource_policy_kind())?;
        Ok((Engine::compile(policies)?, request))
    }

    /// The request, if it is one.
    pub(crate) fn request(&self) -> Result<Request<'_>, RequestError> {
        let asked = &self.question;
        let mut request = match &asked.principal {
            Some(principal) => Request::new(principal, &asked.action, &asked.resource)?,
            None => Request::unnamed(&asked.action, &asked.resource)?,
        };
        if let Some(account) = &asked.resource_account {
            request = request.resource_account(account)?;
        }
        asked.context.iter().try_fold(request, |request, (key, value)| request.with(key.as_str(), value.clone()))
    }
}

impl Answer {
    /// Whether it is the answer expected. A refused document counts only if its mistake has a place.
    pub fn is(&self, expected: Expected) -> bool {
        match self {
            Answer::Decided(reason) => match reason.outcome() {
                Outcome::Allowed => expected == Expected::Allowed,
                Outcome::ExplicitDeny => expected == Expected::ExplicitDeny,
                Outcome::ImplicitDeny => expected == Expected::ImplicitDeny,
            },
            Answer::Refused(Refusal::Documents(errors)) => {
                expected == Expected::Invalid && errors.iter().all(|error| !error.diagnostics().is_empty())
            }
            Answer::Refused(_) => expected == Expected::Invalid,
            Answer::Differ(_) => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Decided(reason) => write!(f, "{} ({reason})", reason.outcome()),
            Answer::Refused(refusal) => write!(f, "invalid: {refusal}"),
            Answer::Differ(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Documents(errors) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                f.write_str(&errors.join("\n"))
            }
            Refusal::Set(error) => error.fmt(f),
            Refusal::Request(error) => error.fmt(f),
        }
    }
}

impl From<SetError> for Refusal {
    fn from(error: SetError) -> Self {
        Refusal::Set(error)
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        Refusal::Request(error)
    }
}

impl std::error::Error for Refusal {}
