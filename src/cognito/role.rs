//! The roles that sessions are made of, and their policies compiled once (Rules C42, C45, C54, C60).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use super::error::ReadError;
use super::guests::GuestPolicies;
use super::names;
use super::read::{self, Mistakes, Opener, Reader};
use crate::document::{Document, Level, PolicyKind, PolicySet, SetError};
use crate::engine::Engine;
use crate::json::{self, Limits};
use crate::language::arn::Arn;
use crate::request::Session;
use crate::source::{Source, quote};

/// A role: who may assume it, what it may do, and what it is tagged with.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::Role;
/// use iamtree::{Document, PolicyKind};
///
/// let trust = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
///     "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}}"#;
/// let trust = Document::parse(PolicyKind::Trust, "trust.json", trust)?;
/// let role = Role::new("arn:aws:iam::111122223333:role/photos/Editor", trust)?.tag("team", "red")?;
/// assert_eq!((role.account(), role.name()), ("111122223333", "Editor"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    arn: Box<str>,
    role_id: Option<Box<str>>,
    tags: Vec<(Box<str>, Box<str>)>,
    trust: Document,
    resource_control: Vec<Level>,
    policies: PolicySet,
}

impl Role {
    /// A role without permissions. `trust` is read as [`PolicyKind::Trust`].
    ///
    /// # Errors
    ///
    /// Returns an error if the ARN is not that of a role, or the document is of another kind.
    pub fn new(arn: &str, trust: Document) -> Result<Self, RoleError> {
        let refuse = |message| Err(RoleError { message });
        if !names::is_role_arn_of_any_partition(arn) {
            return refuse(format!(
                "malformed role ARN: found {}, expected `arn:aws:iam::ACCOUNT:role/NAME`",
                quote(arn)
            ));
        }
        if trust.kind() != PolicyKind::Trust {
            let (name, kind) = (trust.name(), trust.kind().phrase());
            return refuse(format!("{name}: read as {kind}, given as role trust policy"));
        }
        let role = Role {
            arn: arn.into(),
            role_id: None,
            tags: Vec::new(),
            trust,
            resource_control: Vec::new(),
            policies: PolicySet::new(),
        };
        match Session::new(&role.session_principal("session")) {
            Ok(_) => Ok(role),
            Err(error) => refuse(format!("malformed role ARN: found {}: {error}", quote(arn))),
        }
    }

    /// Adds a permission policy, read as [`PolicyKind::Identity`].
    #[must_use]
    pub fn policy(mut self, document: Document) -> Self {
        self.policies = self.policies.identity(document);
        self
    }

    /// Sets the permissions boundary, read as [`PolicyKind::Boundary`].
    ///
    /// # Errors
    ///
    /// Returns an error if there is one already.
    pub fn boundary(mut self, document: Document) -> Result<Self, RoleError> {
        self.policies = self.policies.boundary(document)?;
        Ok(self)
    }

    /// Adds a tag of the role itself (Rule C54).
    ///
    /// # Errors
    ///
    /// Returns an error if the key is empty or there already, in any spelling of its case.
    pub fn tag(mut self, key: &str, value: &str) -> Result<Self, RoleError> {
        if key.is_empty() || self.tags.iter().any(|(known, _)| known.eq_ignore_ascii_case(key)) {
            let message =
                format!("a tag of the role {}: found {}, expected each key once", quote(&self.arn), quote(key));
            return Err(RoleError { message });
        }
        self.tags.push((key.into(), value.into()));
        Ok(self)
    }

    /// Sets the unique id, `AROA…`: with it sessions have `aws:userid` (Rule C60).
    #[must_use]
    pub fn role_id(mut self, id: &str) -> Self {
        self.role_id = Some(id.into());
        self
    }

    /// Adds a level of resource control policies of the role's account, below those there are. They have a say in
    /// whether the role can be assumed, and in nothing else (Rules C49, E34).
    #[must_use]
    pub fn resource_control(mut self, level: Level) -> Self {
        self.resource_control.push(level);
        self
    }

    /// The ARN, path included.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The account.
    pub fn account(&self) -> &str {
        Arn::parse(&self.arn).map_or("", |arn| arn.account())
    }

    /// The partition.
    pub fn partition(&self) -> &str {
        Arn::parse(&self.arn).map_or("", |arn| arn.partition())
    }

    /// The name without path.
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }

    /// The tags of the role itself.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (&**key, &**value))
    }

    /// The unique id, if it is known.
    pub fn id(&self) -> Option<&str> {
        self.role_id.as_deref()
    }

    /// The trust policy.
    pub fn trust(&self) -> &Document {
        &self.trust
    }

    /// The permission policies and the boundary.
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// The principal of a session: without the role's path (Rule C60).
    pub(super) fn session_principal(&self, session_name: &str) -> String {
        format!("arn:{}:sts::{}:assumed-role/{}/{session_name}", self.partition(), self.account(), self.name())
    }
}

/// Roles by ARN, ready to be assumed: their policies are checked and compiled.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    roles: BTreeMap<Box<str>, LoadedRole>,
    guests: Option<GuestPolicies>,
}

/// A role with its compiled policies.
#[derive(Debug, Clone)]
pub(super) struct LoadedRole {
    pub role: Role,
    pub trust: Engine,
    /// What signed-in users may do (Rule C43).
    pub users: Engine,
    /// What guests of the enhanced flow may do (Rule C42), compiled when the first one comes.
    guests: OnceLock<Result<Engine, String>>,
}

impl Roles {
    /// No roles.
    pub fn new() -> Self {
        Roles::default()
    }

    /// Reads roles from a JSON object: `{ROLE_ARN: {"trust": DOC, "policies": [DOC…], "boundary"?: DOC,
    /// "tags"?: {KEY: VALUE}, "roleId"?: "AROA…"}}`. DOC is a policy document, or the path of one relative to the
    /// file. `open` gets such a path joined to the folder in the name of the file, and returns the bytes found there,
    /// or says why there are none.
    ///
    /// # Errors
    ///
    /// Returns every mistake of the file and of the documents it names.
    pub fn read(
        name: &str,
        text: &str,
        mut open: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, ReadError> {
        let source = Source::new(name, text);
        let mut mistakes = Mistakes::default();
        let roles = match json::parse(&source, &Limits::default()) {
            Ok(tree) => read::roles(&mut Reader::new(&source, &mut mistakes), tree.root(), &mut Opener::new(&mut open)),
            Err(diagnostic) => {
                mistakes.add(*diagnostic);
                None
            }
        };
        mistakes.into_result(roles)
    }

    /// Adds a role.
    ///
    /// # Errors
    ///
    /// Returns an error if its documents do not go together, or there is one of that ARN already.
    pub fn with(mut self, role: Role) -> Result<Self, RoleError> {
        let trust = PolicySet::new().resource(role.trust.clone())?;
        let trust = role.resource_control.iter().cloned().fold(trust, PolicySet::resource_control);
        let loaded = LoadedRole {
            trust: Engine::compile(trust)?,
            users: Engine::compile(role.policies.clone())?,
            guests: OnceLock::new(),
            role,
        };
        match self.roles.insert(loaded.role.arn.clone(), loaded) {
            None => Ok(self),
            Some(first) => Err(RoleError { message: format!("the role {} is given twice", quote(first.role.arn())) }),
        }
    }

    /// Uses other session policies for guests than [`GuestPolicies::standard`] (Rule C42).
    #[must_use]
    pub fn guest_policies(mut self, policies: GuestPolicies) -> Self {
        self.guests = Some(policies);
        self.roles.values_mut().for_each(|loaded| loaded.guests = OnceLock::new());
        self
    }

    /// A role by its exact ARN.
    pub fn get(&self, arn: &str) -> Option<&Role> {
        self.loaded(arn).map(|loaded| &loaded.role)
    }

    /// The roles, in the order of their ARNs.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.roles.values().map(|loaded| &loaded.role)
    }

    pub(super) fn loaded(&self, arn: &str) -> Option<&LoadedRole> {
        self.roles.get(arn)
    }

    /// Rule C42: what a guest of the enhanced flow may do with a role.
    pub(super) fn engine_for_guests(&self, loaded: &LoadedRole) -> Result<Engine, String> {
        let compile = || -> Result<Engine, String> {
            let standard;
            let policies = match &self.guests {
                Some(policies) => policies,
                None => {
                    standard = GuestPolicies::standard().map_err(|error| error.to_string())?;
                    &standard
                }
            };
            let documents = policies.iter().map(|policy| policy.document().clone());
            let set = documents.fold(loaded.role.policies.clone(), PolicySet::session);
            Engine::compile(set).map_err(|error| error.to_string())
        };
        loaded.guests.get_or_init(compile).clone()
    }
}

/// Why a role is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleError {
    message: String,
}

impl From<SetError> for RoleError {
    fn from(error: SetError) -> Self {
        RoleError { message: error.to_string() }
    }
}

impl fmt::Display for RoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RoleError {}
