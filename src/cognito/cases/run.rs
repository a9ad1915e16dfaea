//! Cases asked: the exchange first, then the requests of its session.

use std::fmt;

use super::{Case, Expected, Question};
use crate::cognito::error::{Exception, ExchangeError};
use crate::cognito::exchange::Exchange;
use crate::cognito::session::CognitoSession;
use crate::decision::Outcome;
use crate::document::{PolicySet, SetError};
use crate::engine::Engine;
use crate::language::arn::Arn;
use crate::request::{ContextValue, Request, RequestError};
use crate::source::quote;

/// What became of many cases.
///
/// `Display` prints the line `N passed, N failed`.
#[derive(Debug, Clone, Default)]
pub struct Report<'c> {
    passed: usize,
    failures: Vec<Mismatch<'c>>,
}

/// A case that did not come out as it expects.
///
/// `Display` prints its name, its rules, its place and what differs.
#[derive(Debug, Clone)]
pub struct Mismatch<'c> {
    /// The case.
    pub case: &'c Case,
    /// What was expected.
    pub expected: String,
    /// What came back.
    pub found: String,
}

/// Asks every case. `decide` decides a request; it says why if it cannot, and that fails the case.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::cases;
/// use iamtree::source::Source;
///
/// let file = Source::new("own.jsonl", r#"{"name": "guests/refused", "identityId": "us-east-1:0f1e", "flow": "enhanced",
///     "pool": {"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": false},
///     "roles": {}, "login": null, "expect": {"error": "NotAuthorizedException"}}"#.replace('\n', " ").as_str());
/// let cases = cases::read(&file, |_| Err("no files here".to_owned()))?;
/// // Both evaluators are asked, and must agree.
/// let report = cases::run(&cases, |engine, request| {
///     engine.explain(request).map(|explanation| explanation.decision).map_err(|error| error.to_string())
/// });
/// assert!(report.is_success());
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
pub fn run<'c>(
    cases: impl IntoIterator<Item = &'c Case>,
    mut decide: impl FnMut(&Engine, &Request<'_>) -> Result<Outcome, String>,
) -> Report<'c> {
    let mut report = Report::default();
    for case in cases {
        match case.check(&mut decide) {
            Ok(()) => report.passed += 1,
            Err((expected, found)) => report.failures.push(Mismatch { case, expected, found }),
        }
    }
    report
}

impl<'c> Report<'c> {
    /// How many passed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Those that failed, in order.
    pub fn failures(&self) -> &[Mismatch<'c>] {
        &self.failures
    }

    /// Whether something was asked, and nothing failed.
    pub fn is_success(&self) -> bool {
        self.passed > 0 && self.failures.is_empty()
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failures.len())
    }
}

impl fmt::Display for Mismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.case.name())?;
        if let Some(rules) = self.case.rules() {
            write!(f, " ({rules})")?;
        }
        write!(f, ", {}:{}", self.case.file(), self.case.line())?;
        write!(f, "\n  expected  {}\n  got       {}", self.expected, self.found)
    }
}

/// What was expected, and what was found.
type Difference = (String, String);

impl Case {
    /// The exchange of the case, if its pool can be read.
    pub fn exchange(&self) -> Option<Exchange<'_>> {
        let mut exchange = Exchange::new(self.pool.as_ref().ok()?, &self.roles, &self.identity_id);
        exchange = self.logins.iter().cloned().fold(exchange, Exchange::login);
        exchange = self.custom_role.iter().fold(exchange, |exchange, role| exchange.custom_role(role));
        Some(self.basic.iter().cloned().fold(exchange, Exchange::basic))
    }

    fn check(
        &self,
        decide: &mut impl FnMut(&Engine, &Request<'_>) -> Result<Outcome, String>,
    ) -> Result<(), Difference> {
        let answer = match (&self.pool, self.exchange()) {
            (Ok(_), Some(exchange)) => exchange.run().map_err(|error| (error.exception(), error_text(&error))),
            // Rule C3: a refused pool document.
            (Err(error), _) => Err((Exception::InvalidParameterException, format!("invalidPoolDocument: {error}"))),
            (Ok(_), None) => Err((Exception::InvalidParameterException, "invalidPoolDocument".to_owned())),
        };
        match (&self.expected, answer) {
            (Expected::Error(expected), Err((found, _))) if *expected == found => Ok(()),
            (Expected::Error(expected), Err((_, text))) => Err((expected.to_string(), text)),
            (Expected::Error(expected), Ok(session)) => Err((expected.to_string(), session.role_arn().to_owned())),
            (Expected::Session { role, .. }, Err((_, text))) => Err((role.clone(), text)),
            (Expected::Session { role, .. }, Ok(session)) if session.role_arn() != role => {
                Err((role.clone(), session.role_arn().to_owned()))
            }
            (Expected::Session { context, absent, .. }, Ok(session)) => {
                check_context(&session, context, absent)?;
                self.questions.iter().try_for_each(|question| question.check(&session, decide))
            }
        }
    }
}

fn error_text(error: &ExchangeError) -> String {
    error.to_string()
}

/// Key names compare exactly here, and lists as sets.
fn check_context(
    session: &CognitoSession,
    expected: &[(String, ContextValue<'static>)],
    absent: &[String],
) -> Result<(), Difference> {
    let request = session.request("iamtree:Check", "*").map_err(|error| ("a session".to_owned(), error.to_string()))?;
    let entries = request.context().entries();
    let value_of = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
    for (key, wanted) in expected {
        let found = value_of(key);
        if found.is_none_or(|found| !is_same(found, wanted)) {
            return Err((format!("{key} = {wanted:?}"), format!("{key} = {found:?}")));
        }
    }
    for key in absent {
        if let Some(found) = value_of(key) {
            return Err((format!("no {key}"), format!("{key} = {found:?}")));
        }
    }
    Ok(())
}

fn is_same(one: &ContextValue<'_>, other: &ContextValue<'_>) -> bool {
    match (one, other) {
        (ContextValue::Multi(one), ContextValue::Multi(other)) => {
            let sorted = |members: &[std::borrow::Cow<'_, str>]| {
                let mut members: Vec<String> = members.iter().map(ToString::to_string).collect();
                members.sort_unstable();
                members.dedup();
                members
            };
            sorted(one) == sorted(other)
        }
        (one, other) => one == other,
    }
}

impl Question {
    /// Decided with the session's policies and, if there is one, the policy of the resource, which belongs to the
    /// role's account unless its ARN says otherwise.
    fn check(
        &self,
        session: &CognitoSession,
        decide: &mut impl FnMut(&Engine, &Request<'_>) -> Result<Outcome, String>,
    ) -> Result<(), Difference> {
        let name = format!("{} {}", self.action, quote(&self.resource));
        let expected = || format!("{name}: {}", self.expected);
        let refuse = |error: String| (expected(), format!("{name}: {error}"));
        let engine = self.engine(session).map_err(|error| refuse(error.to_string()))?;
        let request = self.request(session).map_err(|error| refuse(error.to_string()))?;
        let found = decide(&engine, &request).map_err(refuse)?;
        if found == self.expected { Ok(()) } else { Err((expected(), format!("{name}: {found}"))) }
    }

    fn engine(&self, session: &CognitoSession) -> Result<Engine, SetError> {
        match &self.resource_policy {
            None => Ok(session.engine().clone()),
            Some(document) => Engine::compile(PolicySet::clone(&session.policies()).resource(document.clone())?),
        }
    }

    fn request<'a>(&'a self, session: &'a CognitoSession) -> Result<Request<'a>, RequestError> {
        let mut request = session.request(&self.action, &self.resource)?;
        let names_account = Arn::parse(&self.resource).is_some_and(|arn| !arn.account().is_empty());
        if !names_account && let Some(arn) = Arn::parse(session.role_arn()) {
            request = request.resource_account(arn.account())?;
        }
        self.context.iter().try_fold(request, |request, (key, value)| request.with(key.as_str(), value.clone()))
    }
}
