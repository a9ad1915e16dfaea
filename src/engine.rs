//! A set of policies, compiled once and asked many times.

use std::fmt;
use std::sync::Arc;

use crate::decision::{Decision, Evaluator, Explanation};
use crate::document::{PolicySet, SetError};
use crate::reference::Reference;
use crate::request::{Request, RequestError, Session};
use crate::tree::{ActionHandle, BoundSession, KeyHandle, Switches, Tree, TreeView};

/// A compiled set of policies: immutable, `Send + Sync`, and cheap to clone.
///
/// [`Engine::decide`] asks the compiled tree. [`Engine::explain`] asks the reference evaluator as well and
/// requires both to agree.
///
/// # Examples
///
/// ```
/// use iamtree::{Document, Engine, Outcome, PolicyKind, PolicySet, Request};
///
/// let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
///     "Resource": "arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*"}}"#;
/// let document = Document::parse(PolicyKind::Identity, "role.json", text)?;
/// let engine = Engine::compile(PolicySet::new().identity(document))?;
///
/// let request = Request::new(
///     "arn:aws:sts::111122223333:assumed-role/App/one",
///     "s3:GetObject",
///     "arn:aws:s3:::app/us-east-1:1b2f/cat.jpg",
/// )?
/// .with("cognito-identity.amazonaws.com:sub", "us-east-1:1b2f")?;
/// assert_eq!(engine.decide(&request)?.outcome(), Outcome::Allowed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Engine {
    set: Arc<PolicySet>,
    tree: Arc<Tree>,
}

impl Engine {
    /// Compiles a set of policies.
    ///
    /// # Errors
    ///
    /// Returns what only the whole set shows (see [`PolicySet::check`]).
    pub fn compile(set: PolicySet) -> Result<Self, SetError> {
        Engine::compile_with(set, Switches::ON)
    }

    #[doc(hidden)]
    pub fn compile_with(set: PolicySet, switches: Switches) -> Result<Self, SetError> {
        set.check()?;
        let tree = Tree::compile_with(&set, switches);
        Ok(Engine { set: Arc::new(set), tree: Arc::new(tree) })
    }

    /// Decides a request. After the first calls of a thread it allocates nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the question cannot be asked of these policies (Rule E6, and Rule E2 for unnamed
    /// callers); treat it as a denial.
    pub fn decide(&self, request: &Request<'_>) -> Result<Decision, RequestError> {
        self.tree.decide(request)
    }

    /// Decides a request and says why. The explanation is made by the reference evaluator; the compiled tree is
    /// asked too, and must agree.
    ///
    /// # Errors
    ///
    /// Returns an error if the question cannot be asked, or if the evaluators differ, which is a bug of this
    /// crate; treat either as a denial.
    pub fn explain(&self, request: &Request<'_>) -> Result<Explanation, ExplainError> {
        let compiled = self.tree.decide(request);
        let explained = Reference::new(&self.set).explain(request);
        match (compiled, explained) {
            (Ok(compiled), Ok(explained)) => {
                let same_reason = compiled.reason() == explained.decision.reason();
                let known_statement = compiled.statement().is_none_or(|id| explained.matched.contains(&id));
                if same_reason && known_statement {
                    return Ok(explained.explanation);
                }
                Err(ExplainError::disagreement(format!(
                    "compiled {} by {:?}, reference {}",
                    compiled.reason(),
                    compiled.statement(),
                    explained.decision.reason()
                )))
            }
            (Err(compiled), Err(explained)) if compiled.kind() == explained.kind() => {
                Err(ExplainError::request(explained))
            }
            (compiled, explained) => Err(ExplainError::disagreement(format!(
                "compiled {compiled:?}, reference {:?}",
                explained.map(|explained| explained.decision)
            ))),
        }
    }

    /// The policies.
    pub fn policies(&self) -> &PolicySet {
        &self.set
    }

    /// Looks a context key up once, for [`BoundSession::decide`].
    pub fn key(&self, name: &str) -> KeyHandle {
        self.tree.key(name)
    }

    /// Looks an action up once, for [`BoundSession::decide`].
    ///
    /// # Errors
    ///
    /// Returns an error if it is no action of a request (Rule L26).
    pub fn action(&self, action: &str) -> Result<ActionHandle, RequestError> {
        self.tree.action(action)
    }

    /// Works out once what only depends on a session: its caller, the values of its keys, and the conditions that
    /// read no others.
    ///
    /// # Errors
    ///
    /// Returns an error if the context of the session is malformed.
    pub fn bind(&self, session: &Session) -> Result<BoundSession, RequestError> {
        self.tree.bind(session)
    }

    /// The compiled tree, to be printed.
    pub fn tree(&self) -> TreeView<'_> {
        TreeView { tree: &self.tree, set: &self.set }
    }

    /// Bytes of the compiled tree on the heap, sources and documents not counted.
    pub fn heap_bytes(&self) -> usize {
        self.tree.heap_bytes()
    }
}

impl Evaluator for Engine {
    fn decide(&self, request: &Request<'_>) -> Result<Decision, RequestError> {
        Engine::decide(self, request)
    }
}

/// Why there is no explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainError {
    cause: Cause,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    Request(RequestError),
    Disagreement(String),
}

impl ExplainError {
    fn request(error: RequestError) -> Self {
        ExplainError { cause: Cause::Request(error) }
    }

    fn disagreement(message: String) -> Self {
        ExplainError { cause: Cause::Disagreement(message) }
    }

    /// The mistake in the request, if that is the cause.
    pub fn as_request_error(&self) -> Option<&RequestError> {
        match &self.cause {
            Cause::Request(error) => Some(error),
            Cause::Disagreement(_) => None,
        }
    }

    /// Whether the two evaluators differ: a bug of this crate.
    pub fn is_disagreement(&self) -> bool {
        matches!(self.cause, Cause::Disagreement(_))
    }
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Request(error) => error.fmt(f),
            Cause::Disagreement(message) => write!(f, "internal error: the two evaluators differ ({message})"),
        }
    }
}

impl std::error::Error for ExplainError {}
