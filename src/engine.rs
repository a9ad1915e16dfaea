//! A set of policies, compiled once and asked many times.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::decision::{Decision, Evaluator, Explanation};
use crate::document::{Archive, PolicyKind, PolicySet, SetError};
use crate::reference::Reference;
use crate::request::{Request, RequestError, Session};
use crate::tree::{ActionHandle, BoundSession, KeyHandle, Switches, Tree, TreeView};

/// A compiled set of policies: immutable, `Send + Sync`, and cheap to clone.
///
/// [`Engine::decide`] asks the compiled tree. [`Engine::explain`] asks the reference evaluator as well and
/// requires both to agree. For that the engine keeps the texts of its policies, not the documents: they are read
/// again when an explanation asks for them.
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
    shared: Arc<Shared>,
    tree: Arc<Tree>,
}

/// What is needed to explain.
#[derive(Debug)]
struct Shared {
    archive: Archive,
    /// The documents, as long as somebody holds them.
    read: Mutex<Weak<PolicySet>>,
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
        let shared = Shared { archive: Archive::new(&set), read: Mutex::default() };
        Ok(Engine { shared: Arc::new(shared), tree: Arc::new(tree) })
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

    /// Decides one caller's action on many resources: a listing that is to be filtered. The resource of `request`
    /// itself plays no part. The answers are those of [`Engine::decide`] for each resource, in order.
    ///
    /// An error is that of one resource: it is malformed, or its account contradicts the one that the request names.
    /// Treat it as a denial.
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::{Document, Engine, PolicyKind, PolicySet, Request};
    ///
    /// let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::app/red/*"}}"#;
    /// let engine = Engine::compile(PolicySet::new().identity(Document::parse(PolicyKind::Identity, "p.json", text)?))?;
    /// let request = Request::new("arn:aws:iam::111122223333:user/ana", "s3:GetObject", "*")?;
    /// let listing = ["arn:aws:s3:::app/red/1", "arn:aws:s3:::app/blue/2"];
    /// let allowed: Vec<bool> =
    ///     engine.decide_all(&request, listing).iter().map(|one| one.as_ref().is_ok_and(|one| one.is_allowed())).collect();
    /// assert_eq!(allowed, [true, false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decide_all<'t>(
        &self,
        request: &Request<'_>,
        resources: impl IntoIterator<Item = &'t str>,
    ) -> Vec<Result<Decision, RequestError>> {
        self.tree.decide_all(request, resources)
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
        let explained = Reference::new(&self.policies()).explain(request);
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

    /// The policies, read again from their texts unless somebody still holds what was read before.
    pub fn policies(&self) -> Arc<PolicySet> {
        // A poisoned lock holds a weak pointer like any other.
        let mut read = self.shared.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.upgrade() {
            return known;
        }
        let set = Arc::new(self.shared.archive.read());
        *read = Arc::downgrade(&set);
        set
    }

    /// The names of its session policies.
    pub(crate) fn session_policy_names(&self) -> impl Iterator<Item = &str> {
        self.shared.archive.names(PolicyKind::Session)
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
        TreeView { tree: &self.tree, set: self.policies() }
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
