//! Why a command ends without a result.

use super::{Status, diagnostics};
use crate::cases::{CaseFileError, Refusal};
use crate::cognito::ReadError;
use crate::document::{DocumentError, SetError};
use crate::engine::ExplainError;
use crate::request::RequestError;
use crate::source::Diagnostic;

/// A report for standard error, and the status that goes with it. The report may be styled.
#[derive(Debug)]
pub(super) struct Stop {
    status: Status,
    report: String,
}

impl Stop {
    /// A mistake in the input. `message` is lower case and has no full stop.
    pub(super) fn mistake(message: impl std::fmt::Display) -> Self {
        Stop { status: Status::Mistake, report: diagnostics::error(message) }
    }

    /// A bug of this program.
    pub(super) fn internal(message: impl std::fmt::Display) -> Self {
        Stop { status: Status::Internal, report: diagnostics::error(message) }
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }

    pub(super) fn report(&self) -> &str {
        &self.report
    }

    /// Mistakes that are drawn already.
    pub(super) fn drawn(reports: impl IntoIterator<Item = String>) -> Self {
        let reports: Vec<String> = reports.into_iter().collect();
        Stop { status: Status::Mistake, report: reports.join("\n\n") }
    }
}

impl From<Box<Diagnostic>> for Stop {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Stop::drawn([diagnostics::draw(&diagnostic)])
    }
}

impl From<DocumentError> for Stop {
    fn from(error: DocumentError) -> Self {
        Stop::drawn(diagnostics::draw_all(&error))
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Stop::drawn(diagnostics::draw_list(error.diagnostics(), error.left_out()))
    }
}

#[cfg(feature = "token")]
impl From<crate::cognito::token::TokenError> for Stop {
    fn from(error: crate::cognito::token::TokenError) -> Self {
        Stop::mistake(error)
    }
}

impl From<SetError> for Stop {
    fn from(error: SetError) -> Self {
        // What has a place in a document is drawn there; the messages before it have none.
        let placed: Vec<String> = error.diagnostics().iter().map(ToString::to_string).collect();
        let message = error.to_string();
        let message = message.strip_suffix(&placed.join("\n")).unwrap_or(&message).trim_end();
        let message = (!message.is_empty()).then(|| diagnostics::error(message));
        Stop::drawn(message.into_iter().chain(error.diagnostics().iter().map(diagnostics::draw)))
    }
}

impl From<RequestError> for Stop {
    fn from(error: RequestError) -> Self {
        Stop::mistake(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Documents(errors) => Stop::drawn(errors.iter().flat_map(diagnostics::draw_all)),
            Refusal::Set(error) => error.into(),
            Refusal::Request(error) => error.into(),
        }
    }
}

impl From<CaseFileError> for Stop {
    fn from(error: CaseFileError) -> Self {
        Stop::mistake(error)
    }
}

impl From<ExplainError> for Stop {
    fn from(error: ExplainError) -> Self {
        if error.is_disagreement() { Stop::internal(error) } else { Stop::mistake(error) }
    }
}
