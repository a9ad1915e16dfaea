//! The exchange itself (Rules C1, C36): one function, pure and total.

use super::choice::{self, ChosenBy, Question, RuleWalk};
use super::error::{ExchangeError, FlowKind, Reason, Refusal};
use super::login::{self, Admitted, Login};
use super::names;
use super::pool::Pool;
use super::provider::ProviderKind;
use super::role::{LoadedRole, Roles};
use super::session::{self, CognitoSession, SessionParts};
use super::tags;
use super::trace::{LoginTrace, RoleTrace, Trace};
use super::trust::{self, Ticket};
use crate::document::{Document, PolicyKind, PolicySet};
use crate::engine::Engine;
use crate::language::date::Instant;
use crate::request::{RequestError, RequestErrorKind};
use crate::source::quote;

/// The session name of the enhanced flow, of users and guests alike (Rules C40, C62).
const ENHANCED_SESSION: &str = "CognitoIdentityCredentials";

/// Everything an exchange depends on (Rule C1).
///
/// Without a login it asks for a guest; without [`Exchange::basic`] it takes the enhanced flow.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::{Exchange, Pool, Reason, Roles};
///
/// let pool = Pool::parse("pool.json", r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "photos",
///     "AllowUnauthenticatedIdentities": false}"#)?;
/// let error = Exchange::new(&pool, &Roles::new(), "us-east-1:0f1e").run().unwrap_err();
/// assert_eq!(error.reason(), Reason::GuestsNotEnabled);
/// assert_eq!(error.exception().as_str(), "NotAuthorizedException");
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Exchange<'a> {
    pool: &'a Pool,
    roles: &'a Roles,
    identity_id: &'a str,
    logins: Vec<Login>,
    custom_role: Option<Box<str>>,
    basic: Option<BasicFlow>,
    pool_account: Option<Box<str>>,
    issued_at: Option<Box<str>>,
    shows_values: bool,
    walk: RuleWalk,
}

/// What the client asks STS for in the basic flow (Rule C41).
///
/// # Examples
///
/// ```
/// use iamtree::cognito::BasicFlow;
///
/// assert!(BasicFlow::new("arn:aws:iam::111122223333:role/Reader", "app").is_ok());
/// assert!(BasicFlow::new("arn:aws:iam::111122223333:role/Reader", "a/b").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicFlow {
    role_arn: Box<str>,
    session_name: Box<str>,
    session_policies: Vec<Document>,
}

impl BasicFlow {
    /// Names a role and a session.
    ///
    /// # Errors
    ///
    /// Returns an error if STS would not take the session name: it has 2 to 64 letters, digits or `_+=,.@-`.
    pub fn new(role_arn: &str, session_name: &str) -> Result<Self, RequestError> {
        if !names::SESSION_NAME.fits(session_name) {
            let (found, expected) = (quote(session_name), names::SESSION_NAME.expected);
            let message = format!("malformed session name: found {found}, expected {expected}");
            return Err(RequestError::new(RequestErrorKind::Principal, "C41", message));
        }
        Ok(BasicFlow { role_arn: role_arn.into(), session_name: session_name.into(), session_policies: Vec::new() })
    }

    /// Adds a session policy of the client.
    ///
    /// # Errors
    ///
    /// Returns an error if the document was not read as [`PolicyKind::Session`].
    pub fn session_policy(mut self, document: Document) -> Result<Self, RequestError> {
        if document.kind() != PolicyKind::Session {
            let message = format!("{}: read as {} policy, given as session policy", document.name(), document.kind());
            return Err(RequestError::new(RequestErrorKind::Inapplicable, "E20", message));
        }
        self.session_policies.push(document);
        Ok(self)
    }
}

impl<'a> Exchange<'a> {
    /// Asks a pool for credentials of an identity: the id that Cognito returned (Rule C15).
    pub fn new(pool: &'a Pool, roles: &'a Roles, identity_id: &'a str) -> Self {
        Exchange {
            pool,
            roles,
            identity_id,
            logins: Vec::new(),
            custom_role: None,
            basic: None,
            pool_account: None,
            issued_at: None,
            shows_values: false,
            walk: RuleWalk::default(),
        }
    }

    /// Adds a login. Several are linked to the one identity (Rule C14).
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.logins.push(login);
        self
    }

    /// Asks for a certain role, `CustomRoleArn` (Rules C19, C31 to C33).
    #[must_use]
    pub fn custom_role(mut self, arn: &str) -> Self {
        self.custom_role = Some(arn.into());
        self
    }

    /// Takes the basic flow (Rule C41).
    #[must_use]
    pub fn basic(mut self, flow: BasicFlow) -> Self {
        self.basic = Some(flow);
        self
    }

    /// Says which account the pool is in: its file does not name it. Roles elsewhere are then refused in the
    /// enhanced flow (Rule C49).
    #[must_use]
    pub fn pool_account(mut self, account: &str) -> Self {
        self.pool_account = Some(account.into());
        self
    }

    /// Sets the moment the credentials are issued: the time of the question to the role's trust policy (Rule E60), and
    /// `aws:TokenIssueTime` of the session (Rule C60). This crate reads no clock; without the moment, neither is there.
    ///
    /// # Errors
    ///
    /// Returns an error if it is no date of the policy language (Rule L94).
    pub fn issued_at(mut self, moment: &str) -> Result<Self, RequestError> {
        if Instant::parse(moment).is_none() {
            let message = format!("malformed moment: found {}, expected a date or seconds", quote(moment));
            return Err(RequestError::new(RequestErrorKind::Context, "C60", message));
        }
        self.issued_at = Some(moment.into());
        Ok(self)
    }

    /// Puts values of claims, tags and keys into the trace: personal data (Rule C37). Nothing else changes.
    #[must_use]
    pub fn show_values(mut self) -> Self {
        self.shows_values = true;
        self
    }

    /// How rules are walked, for tests: the answer is the same (Rule C38).
    #[doc(hidden)]
    #[must_use]
    pub fn rule_walk(mut self, walk: RuleWalk) -> Self {
        self.walk = walk;
        self
    }

    /// Exchanges logins, or none, for a session of one role (Rules C1, C2).
    ///
    /// # Errors
    ///
    /// Returns the first check that fails, in the order of Rule C36.
    pub fn run(&self) -> Result<CognitoSession, ExchangeError> {
        let flow = if self.basic.is_some() { FlowKind::Basic } else { FlowKind::Enhanced };
        let mut trace = Trace::new(flow, self.pool, self.identity_id, self.is_guest());
        match self.steps(flow, &mut trace) {
            Ok((session, loaded, engine)) => {
                trace.record_session(&session, self.shows_values);
                Ok(CognitoSession::new(session, &loaded.role, engine, trace))
            }
            Err(refusal) => Err(ExchangeError::new(flow, refusal, trace)),
        }
    }

    fn is_guest(&self) -> bool {
        self.logins.is_empty()
    }

    /// Rule C36. That the pool document is sound is the first check, and has been made: there is a [`Pool`].
    fn steps(&self, flow: FlowKind, trace: &mut Trace) -> Result<Outcome<'a>, Refusal> {
        self.check_identity()?;
        let logins = self.check_logins()?;
        trace.logins = logins.iter().map(LoginTrace::admitted).collect();
        self.check_flow(&logins)?;
        let (role_arn, chosen_by) = self.choose(&logins, trace)?;
        trace.role = Some(RoleTrace::new(&role_arn, chosen_by));
        let tags = tags::tags(self.pool, &logins)?;
        trace.record_tags(self.pool, &logins, &tags, self.shows_values);
        let loaded = self.roles.loaded(&role_arn).ok_or_else(|| {
            Refusal::new(Reason::RoleUnknown, "C48", format!("there is no role {}", quote(&role_arn)))
        })?;
        let amr = self.amr(&logins);
        let session_name = self.basic.as_ref().map_or(ENHANCED_SESSION, |basic| &*basic.session_name);
        let ticket = Ticket {
            flow,
            pool_id: self.pool.id(),
            identity_id: self.identity_id,
            amr: &amr,
            session_name,
            tags: &tags,
            pool_account: self.pool_account.as_deref(),
            now: self.issued_at.as_deref(),
            shows_values: self.shows_values,
        };
        trust::assume(loaded, &ticket, &mut trace.trust)?;
        // What follows cannot fail for a pool and roles that were read; if it did, there is no session.
        let broken = |error: String| Refusal::new(Reason::TrustDenied, "C48", error);
        let engine = self.engine(loaded).map_err(broken)?;
        trace.session_policies = engine.session_policy_names().map(str::to_owned).collect();
        let parts = SessionParts {
            role: &loaded.role,
            session_name,
            pool_id: self.pool.id(),
            identity_id: self.identity_id,
            amr: &amr,
            tags: &tags,
            issued_at: self.issued_at.as_deref(),
        };
        let session = session::session(&parts).map_err(|error| broken(error.to_string()))?;
        Ok((session, loaded, engine))
    }

    /// Rule C15.
    fn check_identity(&self) -> Result<(), Refusal> {
        match names::region_of_id(self.identity_id) {
            None => {
                let found = quote(self.identity_id);
                let message = format!("malformed identity id: found {found}, expected `REGION:GUID`");
                Err(Refusal::new(Reason::InvalidIdentityId, "C15", message))
            }
            Some(region) if region != self.pool.region() => {
                let (found, expected) = (quote(region), quote(self.pool.region()));
                let message = format!("an identity of another region: found {found}, expected {expected}");
                Err(Refusal::new(Reason::IdentityNotInPool, "C15", message))
            }
            Some(_) => Ok(()),
        }
    }

    /// Rules C10 to C14.
    fn check_logins(&self) -> Result<Vec<Admitted<'_>>, Refusal> {
        if self.is_guest() && !self.pool.admits_guests() {
            return Err(Refusal::new(Reason::GuestsNotEnabled, "C10", "the pool admits no guests"));
        }
        login::admit(self.pool, &self.logins)
    }

    /// Rule C41. An absent `AllowClassicFlow` refuses.
    fn check_flow(&self, logins: &[Admitted<'_>]) -> Result<(), Refusal> {
        let refuse = |reason, message| Err(Refusal::new(reason, "C41", message));
        if self.basic.is_none() {
            return Ok(());
        }
        match self.pool.classic_flow() {
            Some(true) => {}
            Some(false) => return refuse(Reason::ClassicFlowDisabled, "the pool does not allow the basic flow"),
            None => return refuse(Reason::ClassicFlowDisabled, "the pool does not say that it allows the basic flow"),
        }
        if self.pool.mappings().next().is_some() {
            return refuse(Reason::RoleMappingsInBasicFlow, "a pool with role mappings has no basic flow");
        }
        if logins.iter().any(|login| login.provider.kind() == ProviderKind::Saml) {
            return refuse(Reason::SamlInBasicFlow, "a SAML login has no basic flow");
        }
        Ok(())
    }

    /// Rules C16 to C34; several logins must agree (Rule C14).
    fn choose(&self, logins: &[Admitted<'_>], trace: &mut Trace) -> Result<(Box<str>, ChosenBy), Refusal> {
        let custom = self.custom_role.as_deref();
        if let Some(basic) = &self.basic {
            if custom.is_some() {
                let message = "the role asked for is not to be had: the basic flow takes no custom role";
                return Err(Refusal::new(Reason::CustomRoleNotAllowed, "C33", message));
            }
            return Ok((basic.role_arn.clone(), ChosenBy::Client));
        }
        if logins.is_empty() {
            return choice::guest_role(self.pool, custom).map(|(role, by)| (role.into(), by));
        }
        let mut chosen: Option<(Box<str>, ChosenBy)> = None;
        let mut disagree = false;
        for (login, told) in logins.iter().zip(&mut trace.logins) {
            let choice = choice::choose(Question { pool: self.pool, login: *login, custom, walk: self.walk });
            told.record_choice(login, &choice);
            let (role, by) = choice.role?;
            match &chosen {
                None => chosen = Some((role.into(), by)),
                Some((first, _)) => disagree |= **first != *role,
            }
        }
        match chosen {
            Some(chosen) if !disagree => Ok(chosen),
            _ => Err(Refusal::new(Reason::LoginsDisagree, "C14", "the logins lead to several roles, expected one")),
        }
    }

    /// Rule C46.
    fn amr(&self, logins: &[Admitted<'_>]) -> Vec<String> {
        if logins.is_empty() {
            return vec!["unauthenticated".to_owned()];
        }
        let of_logins = logins.iter().flat_map(|login| login.provider.amr(login.subject()));
        std::iter::once("authenticated".to_owned()).chain(of_logins).collect()
    }

    /// Rules C40 to C43: guests of the enhanced flow are narrowed, a client may narrow itself.
    fn engine(&self, loaded: &LoadedRole) -> Result<Engine, String> {
        match &self.basic {
            None if self.is_guest() => self.roles.engine_for_guests(loaded),
            None => Ok(loaded.users.clone()),
            Some(basic) if basic.session_policies.is_empty() => Ok(loaded.users.clone()),
            Some(basic) => {
                let documents = basic.session_policies.iter().cloned();
                let set = documents.fold(loaded.role.policies().clone(), PolicySet::session);
                Engine::compile(set).map_err(|error| error.to_string())
            }
        }
    }
}

/// The session, its role, and the policies it is under.
type Outcome<'a> = (crate::request::Session, &'a LoadedRole, Engine);
