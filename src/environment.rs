//! Accounts with their principals, policies and resources: what a request need not say.
//!
//! A request to an [`Engine`] brings all policies that apply. A request to an [`Environment`] only names principal,
//! action, resource and context; the environment finds
//!
//! - the identity-based policies of the caller, those of its groups (Rule E61), and its boundary,
//! - the service control policies of every level above the caller's account (Rules E12, E13),
//! - the resource control policies of every level above the owner's account (Rules E14, E15),
//! - the policy of the resource, or the trust policy of the role that is assumed (Rule E33),
//! - whose the resource is (Rule E4), the path of the caller's role (Rule E58), unique ids, tags and the organization
//!   as context keys.
//!
//! What it assumed stands among the warnings of the explanation; what it added to the context, among the derived keys.
//!
//! # Files
//!
//! An environment is read from texts with names: files in its own format (`corpus/environments/` has examples and the
//! JSON Schema), policy documents that they refer to, and what the AWS CLI prints for `aws iam
//! get-account-authorization-details`, the listings of `aws organizations`, and `aws cognito-identity`. This room opens no
//! files.
//!
//! A mistake in the format refuses the environment. A *policy document* that breaks a rule does not: questions that it
//! would take part in are errors that name it, all others are answered ([`Environment::refused`]).
//!
//! # Memory
//!
//! Each document exists once, however many principals it is attached to; one that is written out where it is used rests as
//! its text. A principal is a list of documents; its merged tree is made when it is first asked about and kept in a bounded
//! cache.

mod cache;
mod error;
mod files;
pub(crate) mod format;
mod held;
mod import;
mod library;
mod model;
mod percent;
mod pools;
mod question;
mod reader;
mod role;
#[cfg(feature = "schema")]
mod schema;

use std::sync::Arc;

use cache::Cache;
pub use error::{AskError, EnvironmentError, RefusedDocument};
use held::Held;
use model::{Model, Slot};
use question::Question;
pub use role::Role;
#[cfg(feature = "schema")]
pub use schema::json_schema;

use crate::decision::{ContextText, Decision, Explanation};
use crate::document::{Document, PolicyKind};
use crate::engine::Engine;
use crate::request::{ContextValue, Request};
use crate::source::{Diagnostic, Source, quote};

/// The most bytes a file of an environment may have.
pub const MAX_FILE_BYTES: usize = files::LIMITS.bytes;

/// Accounts, their principals and resources, and the organization they are in.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use iamtree::environment::Environment;
/// use iamtree::source::Source;
/// use iamtree::{Outcome, Request};
///
/// let text = r#"
/// accounts:
///   111122223333:
///     roles:
///       App:
///         path: /service/
///         tags: {team: blue}
///         policies:
///           - Statement:
///               Effect: Allow
///               Action: s3:GetObject
///               Resource: arn:aws:s3:::app/${aws:PrincipalTag/team}/*
///             Version: 2012-10-17
///     resources:
///       arn:aws:s3:::app: {}
/// "#;
/// let file = Source::new("environment.yaml", text);
/// let environment = Environment::read([Ok(file)], |_| Err("no files here".to_owned()))?;
///
/// let session = "arn:aws:sts::111122223333:assumed-role/App/one";
/// let request = Request::new(session, "s3:GetObject", "arn:aws:s3:::app/blue/cat.jpg")?;
/// assert_eq!(environment.decide(&request)?.outcome(), Outcome::Allowed);
///
/// let stranger = Request::new("arn:aws:iam::111122223333:role/Ap", "s3:GetObject", "arn:aws:s3:::app/blue/cat.jpg")?;
/// assert_eq!(
///     environment.decide(&stranger).unwrap_err().to_string(),
///     "unknown principal `arn:aws:iam::111122223333:role/Ap`: the account 111122223333 has no role `Ap`, it has `App`"
/// );
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Environment {
    model: Model,
    refused: Vec<Arc<RefusedDocument>>,
    unused: Vec<Box<str>>,
    cache: Cache,
}

impl Environment {
    /// Reads an environment from its files, each as [`Source::from_bytes`] returns it. A document may be given as a path
    /// relative to the file that names it; `open` gets such a path if it is none of the files, and returns the bytes
    /// found there, or says why there are none.
    ///
    /// # Errors
    ///
    /// Returns every mistake in the format of the files, and every contradiction between them. Policy documents that
    /// break rules are no such mistakes: see [`Environment::refused`].
    pub fn read(
        files: impl IntoIterator<Item = Result<Source, Box<Diagnostic>>>,
        open: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, EnvironmentError> {
        let reader::Read { model, refused, unused } = reader::read(files, open)?;
        Ok(Environment { model, refused, unused, cache: Cache::new(cache::DEFAULT_CAPACITY) })
    }

    /// Keeps the merged trees of at most so many combinations of caller, resource and accounts, at least of one. The
    /// default is 512.
    #[must_use]
    pub fn with_cache(self, engines: usize) -> Self {
        Environment { cache: Cache::new(engines), ..self }
    }

    /// The policy documents that are refused, each with its mistakes.
    pub fn refused(&self) -> impl Iterator<Item = &RefusedDocument> {
        self.refused.iter().map(Arc::as_ref)
    }

    /// Names of files that hold policy documents nothing refers to.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        self.unused.iter().map(|name| &**name)
    }

    /// The ARNs of all roles and users, account by account.
    pub fn principals(&self) -> impl Iterator<Item = &str> {
        let all = self.model.accounts.iter().flat_map(|account| account.roles.values().chain(account.users.values()));
        all.map(|principal| &*principal.arn)
    }

    /// A role by its ARN, in its exact spelling and with its path.
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::environment::Environment;
    /// use iamtree::source::Source;
    ///
    /// let text = r#"{"accounts": {"111122223333": {"roles": {"App": {"tags": {"team": "blue"}, "maxSessionDuration": 7200}}}}}"#;
    /// let file = Source::new("environment.json", text);
    /// let environment = Environment::read([Ok(file)], |_| Err("no files here".to_owned()))?;
    /// let role = environment.role("arn:aws:iam::111122223333:role/App").ok_or("no such role")?;
    /// assert_eq!(role.tags().collect::<Vec<_>>(), [("team", "blue")]);
    /// assert_eq!((role.max_session(), role.trust()), (Some(7200), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn role(&self, arn: &str) -> Option<Role<'_>> {
        Role::find(&self.model, arn)
    }

    /// All roles, account by account.
    pub fn roles(&self) -> impl Iterator<Item = Role<'_>> {
        Role::all(&self.model)
    }

    /// The ARNs of all resources, in order.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        let mut arns: Vec<&str> = self.model.resources.keys().map(|arn| &**arn).collect();
        arns.sort_unstable();
        arns.into_iter()
    }

    /// Decides a request.
    ///
    /// # Errors
    ///
    /// Returns an error if the principal is not known although its account is, if a refused document would take part,
    /// or if the question cannot be asked; treat each as a denial.
    pub fn decide(&self, request: &Request<'_>) -> Result<Decision, AskError> {
        let question = Question::new(&self.model, request)?;
        Ok(self.engine(&question)?.decide(&question.request)?)
    }

    /// Decides a request and says why. The explanation tells what the environment assumed and added.
    ///
    /// # Errors
    ///
    /// Returns what [`Environment::decide`] returns, and an error if the two evaluators differ, which is a bug of this
    /// crate.
    pub fn explain(&self, request: &Request<'_>) -> Result<Explanation, AskError> {
        let question = Question::new(&self.model, request)?;
        self.explain_with(&self.engine(&question)?, question, request)
    }

    /// Decides a request with policies that an environment does not keep, because they belong to a session or a way
    /// through the network: session policies, and the policy of a VPC endpoint. Says why, as [`Environment::explain`].
    ///
    /// # Errors
    ///
    /// Returns what [`Environment::explain`] returns, and an error if a document was read as another kind, or there are
    /// two policies of an endpoint.
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::environment::Environment;
    /// use iamtree::source::Source;
    /// use iamtree::{Document, Outcome, PolicyKind, Request};
    ///
    /// let text = r#"{"accounts": {"111122223333": {"roles": {"App": {"policies": [{"Statement": {"Effect": "Allow",
    ///     "Action": "s3:*", "Resource": "*"}}]}}}}}"#;
    /// let environment = Environment::read([Ok(Source::new("e.json", text))], |_| Err("no files here".to_owned()))?;
    /// let request = Request::new("arn:aws:sts::111122223333:assumed-role/App/one", "s3:ListAllMyBuckets", "*")?;
    /// let nothing = r#"{"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}"#;
    /// let nothing = Document::parse(PolicyKind::Session, "session.json", nothing)?;
    /// assert_eq!(environment.explain(&request)?.decision, Outcome::Allowed);
    /// assert_eq!(environment.explain_beside(&request, [nothing])?.decision, Outcome::ImplicitDeny);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain_beside(
        &self,
        request: &Request<'_>,
        documents: impl IntoIterator<Item = Document>,
    ) -> Result<Explanation, AskError> {
        let question = Question::new(&self.model, request)?;
        let mut set = question.policies(&self.model)?;
        for document in documents {
            set = match document.kind() {
                PolicyKind::Session => set.session(document),
                PolicyKind::Endpoint => set.endpoint(document)?,
                kind => {
                    let message = format!("{}: an environment keeps {kind} policies itself", document.name());
                    return Err(AskError::contradiction("E6", message));
                }
            };
        }
        self.explain_with(&Engine::compile(set)?, question, request)
    }

    fn explain_with(
        &self,
        engine: &Engine,
        question: Question<'_>,
        request: &Request<'_>,
    ) -> Result<Explanation, AskError> {
        let mut explanation = engine.explain(&question.request)?;
        explanation.warnings.extend(question.warnings);
        for entry in question.request.context().entries() {
            let is_added = request.context().entry(&entry.key).is_none_or(|before| before.derived && !entry.derived);
            if is_added {
                explanation.derived_context.insert(entry.key.to_string(), context_text(&entry.value));
            }
        }
        Ok(explanation)
    }

    /// The merged tree that a request is asked of, and the request with what the environment adds to it: for callers
    /// that go on with [`Engine::bind`].
    ///
    /// # Errors
    ///
    /// Returns what [`Environment::decide`] returns before it decides.
    pub fn resolve<'e>(&'e self, request: &Request<'e>) -> Result<(Engine, Request<'e>), AskError> {
        let question = Question::new(&self.model, request)?;
        Ok((self.engine(&question)?, question.request))
    }

    fn engine(&self, question: &Question<'_>) -> Result<Engine, AskError> {
        if let Some(engine) = self.cache.get(&question.key) {
            return Ok(engine);
        }
        let engine = Engine::compile(question.policies(&self.model)?)?;
        self.cache.insert(question.key, engine.clone());
        Ok(engine)
    }

    /// How many merged trees are kept at the moment.
    pub fn cached_engines(&self) -> usize {
        self.cache.len()
    }

    /// Attaches an identity-based policy to a role, user or group, given by its ARN. Only trees of that principal, or of
    /// the members of that group, are made anew.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such principal, or the document was not read as [`PolicyKind::Identity`].
    pub fn attach(&mut self, arn: &str, document: Document) -> Result<(), AskError> {
        if document.kind() != PolicyKind::Identity {
            let message =
                format!("{}: read as {} policy, attached as identity policy", document.name(), document.kind());
            return Err(AskError::contradiction("E6", message));
        }
        self.policies_of(arn)?.push(Ok(Held::Read(document)));
        Ok(())
    }

    /// Takes the policies of this name from a role, user or group, and says how many there were. A refused document is
    /// taken by its name as well.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such principal.
    pub fn detach(&mut self, arn: &str, document: &str) -> Result<usize, AskError> {
        let is_meant = |slot: &Slot| match slot {
            Ok(held) => held.name() == document,
            Err(refused) => refused.name() == document,
        };
        let policies = self.policies_of(arn)?;
        let before = policies.len();
        policies.retain(|slot| !is_meant(slot));
        Ok(before - policies.len())
    }

    fn policies_of(&mut self, arn: &str) -> Result<&mut Vec<Slot>, AskError> {
        let unknown = || AskError::unknown(format!("unknown principal {}", quote(arn)));
        self.model.touch(arn).ok_or_else(unknown)
    }
}

fn context_text(value: &ContextValue<'_>) -> ContextText {
    match value {
        ContextValue::Single(text) => ContextText::Single(text.to_string()),
        ContextValue::Multi(members) => ContextText::Multi(members.iter().map(ToString::to_string).collect()),
    }
}
