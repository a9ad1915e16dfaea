//! Case files: questions with the answers that are expected, asked of either evaluator or of both.
//!
//! A file is JSON Lines, one case a line, or one list of cases in JSON or, by the name of the file, in YAML:
//!
//! ```text
//! name      a unique path
//! source    the rules it tests (optional)
//! tier      core: settled by a public source   edge: a ruling of this project where sources are silent (optional)
//! policies  identity: [DOC…]   boundary: DOC   session: [DOC…]   resource: DOC
//!           scp: [[DOC…]…]     rcp: [[DOC…]…]  levels, organization root first      endpoint: DOC
//!           DOC is a policy document, written out or as a string of JSON, or the path of one relative to the case file
//! request   principal?  action  resource  resourceAccount?  context?: KEY -> "text" (single-valued) | ["text"…] (multivalued)
//! expect    allowed | explicitDeny | implicitDeny | invalid
//! ```
//!
//! A file with a mistake in it is refused whole: a case that is left out would count as passed. This room opens
//! no files; the reader is handed a function that does.

mod error;
mod format;
pub(crate) mod policies;
mod read;
mod report;
mod run;

use std::fmt;

pub use error::CaseFileError;
use policies::PolicyTexts;
pub use read::read;
pub use report::{Failure, Report, run};
pub use run::{Answer, EngineChoice, Refusal};

use crate::request::ContextValue;

/// One question and the answer expected.
///
/// # Examples
///
/// ```
/// use iamtree::cases::{self, EngineChoice};
/// use iamtree::source::Source;
///
/// let text = r#"[{
///     "name": "own/read",
///     "policies": {"identity": ["read.json"]},
///     "request": {"action": "s3:GetObject", "resource": "arn:aws:s3:::app/cat.jpg"},
///     "expect": "allowed"
/// }]"#;
/// let policy = r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}"#;
/// let open = |path: &str| if path == "tests/read.json" { Ok(policy.into()) } else { Err("no such file".into()) };
///
/// let cases = cases::read(&Source::new("tests/own.json", text), open)?;
/// assert_eq!((cases[0].name(), cases[0].line()), ("own/read", 1));
/// let report = cases::run(&cases, EngineChoice::Both);
/// assert_eq!(report.to_string(), "1 passed, 0 failed");
/// # Ok::<(), iamtree::cases::CaseFileError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Case {
    name: String,
    rules: Option<String>,
    tier: Option<Tier>,
    file: String,
    line: usize,
    policies: PolicyTexts,
    question: Question,
    expected: Expected,
}

/// The request of a case before it is checked: a malformed one is an answer, not a mistake of the file.
#[derive(Debug, Clone)]
struct Question {
    principal: Option<String>,
    action: String,
    resource: String,
    resource_account: Option<String>,
    context: Vec<(String, ContextValue<'static>)>,
}

/// What settles a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Tier {
    /// A public source.
    Core,
    /// A ruling of this project where sources are silent.
    Edge,
}

/// The answer a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Expected {
    /// The request is allowed.
    Allowed,
    /// A `Deny` matches.
    ExplicitDeny,
    /// Some required allow is missing.
    ImplicitDeny,
    /// A document is refused, the documents do not go together, or the question cannot be asked.
    Invalid,
}

impl Case {
    /// The name, unique in its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules it tests, as the file gives them.
    pub fn rules(&self) -> Option<&str> {
        self.rules.as_deref()
    }

    /// What settles it, if the file says so.
    pub fn tier(&self) -> Option<Tier> {
        self.tier
    }

    /// The name of its file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of its file on which it begins, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The texts of its policies.
    #[cfg(feature = "cli")]
    pub(crate) fn policies(&self) -> &PolicyTexts {
        &self.policies
    }

    /// The answer it expects.
    pub fn expected(&self) -> Expected {
        self.expected
    }
}

impl Expected {
    /// `allowed`, `explicitDeny`, `implicitDeny` or `invalid`.
    pub fn as_str(self) -> &'static str {
        match self {
            Expected::Allowed => "allowed",
            Expected::ExplicitDeny => "explicitDeny",
            Expected::ImplicitDeny => "implicitDeny",
            Expected::Invalid => "invalid",
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
