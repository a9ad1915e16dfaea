//! The rules, executed: a plain interpreter of the law that stands beside it in [`law`].
//!
//! This is the specification in code. A function states a rule and names it; nothing is computed ahead of a
//! request, nothing is shared with the compiled tree, and where a table of a rule can be written down as a table
//! it is. It is slow on purpose. The tree decides; this room explains ([`Reference::explain`]), and whoever asks
//! for an explanation has both compared.
//!
//! | File | Rules |
//! |---|---|
//! | `decide` | the procedure: which policies apply, which gates fail, what grants (E2 to E37, E63, E66) |
//! | `statement` | one statement against one request (L22 to L24, L34 to L41, L60, L61, E8) |
//! | `principal` | whom `Principal` and `NotPrincipal` name (E17, E21, E39 to E54) |
//! | `operator` | one condition (L62 to L82, L90 to L98) |
//! | `variable` | what a variable stands for (L54 to L59) |
//! | `wildcard` | patterns against texts (L30, L34) |
//! | `explain` | the explanation (E64 to E68) |

mod decide;
mod explain;
pub mod law;
mod operator;
mod principal;
mod statement;
#[cfg(test)]
mod tests;
mod variable;
mod wildcard;

use crate::decision::{Decision, Evaluator, Explanation};
use crate::document::{PolicySet, StatementId};
use crate::request::{Request, RequestError};

/// Interprets a set of policies, rule by rule.
///
/// It expects a set without the mistakes of [`PolicySet::check`]; of a canonical user id without an account it
/// holds that it names nobody (Rule E47).
///
/// # Examples
///
/// ```
/// use iamtree::reference::Reference;
/// use iamtree::{Document, Evaluator, PolicyKind, PolicySet, Request};
///
/// let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::app/*"}}"#;
/// let set = PolicySet::new().identity(Document::parse(PolicyKind::Identity, "role.json", text)?);
/// let request = Request::unnamed("s3:GetObject", "arn:aws:s3:::app/cat.jpg")?;
/// assert!(Reference::new(&set).decide(&request)?.is_allowed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Reference<'s> {
    set: &'s PolicySet,
}

/// A decision with everything that led to it (Rule E64).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The decision.
    pub decision: Decision,
    /// Why, for people and for programs.
    pub explanation: Explanation,
    /// Every statement that another evaluator may name as the one that decided: the denies of the check that
    /// denied, or the allows that granted in the way that the reason says. Empty where no statement decides.
    pub matched: Vec<StatementId>,
}

impl<'s> Reference<'s> {
    /// An interpreter of these policies.
    pub fn new(set: &'s PolicySet) -> Self {
        Reference { set }
    }

    /// Decides a request and says why (Rules E64 to E68).
    ///
    /// # Errors
    ///
    /// Returns an error if the question cannot be asked of these policies (Rules E2, E6, E33); treat it as a denial.
    pub fn explain(&self, request: &Request<'_>) -> Result<Explained, RequestError> {
        explain::explain(self.set, request)
    }
}

impl Evaluator for Reference<'_> {
    fn decide(&self, request: &Request<'_>) -> Result<Decision, RequestError> {
        Ok(decide::judge(self.set, request)?.decision())
    }
}
