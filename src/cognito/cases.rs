//! Case files of identity pools: from a login to a role, a session and decisions.
//!
//! JSON Lines, one case a line:
//!
//! ```text
//! name, source?, tier?       as in the case files of policies
//! pool                       the members of C4 and C5 in one object, and PrincipalTags: {tag-map key: {UseDefaults, PrincipalTags}};
//!                            or the path of a file, or a list of paths
//! roles                      {ROLE_ARN: {trust: DOC, policies: [DOC…], boundary?: DOC, tags?: {KEY: VALUE}, roleId?}}, or the path of a file
//! oidcProviders?             {ARN: {ClientIDList: […]}}
//! login                      null (guest) | LOGIN | [LOGIN…]
//!     LOGIN                  {provider, claims: {…} or a path, groups?: [{GroupName, RoleArn?, Precedence?}], principalTags?: {KEY: VALUE}}
//! identityId, customRoleArn?, flow: enhanced | basic
//! roleArn?, roleSessionName?, sessionPolicies?: [DOC…]       basic flow only
//! expect                     {role: ARN, context?: {KEY: VALUE}, absent?: [KEY…]} | {error: name of the AWS exception}
//! requests?                  [{action, resource, expect: allowed | explicitDeny | implicitDeny, context?, resourcePolicy?: DOC}]
//! ```
//!
//! A pool with a mistake is an answer (`InvalidParameterException`), not a mistake of the file. Paths are relative to
//! the case file; this room opens none.

mod read;
mod run;

pub use read::read;
pub use run::{Mismatch, Report, run};

use super::claims::Claims;
use super::error::{Exception, ReadError};
use super::login::Login;
use super::pool::Pool;
use super::role::Roles;
use crate::decision::Outcome;
use crate::document::Document;
use crate::request::ContextValue;

/// One login, or none, and what has to come of it.
#[derive(Debug, Clone)]
pub struct Case {
    name: String,
    rules: Option<String>,
    file: String,
    line: u32,
    pool: Result<Pool, ReadError>,
    roles: Roles,
    logins: Vec<Login>,
    identity_id: String,
    custom_role: Option<String>,
    basic: Option<super::BasicFlow>,
    expected: Expected,
    questions: Vec<Question>,
}

/// What a case expects of the exchange.
#[derive(Debug, Clone)]
enum Expected {
    Session { role: String, context: Vec<(String, ContextValue<'static>)>, absent: Vec<String> },
    Error(Exception),
}

/// A request of the session and the answer expected.
#[derive(Debug, Clone)]
struct Question {
    action: String,
    resource: String,
    expected: Outcome,
    context: Vec<(String, ContextValue<'static>)>,
    resource_policy: Option<Document>,
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

    /// The name of its file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line of its file on which it begins, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The pool; or, if its document is refused, why.
    pub fn pool(&self) -> Result<&Pool, &ReadError> {
        self.pool.as_ref()
    }

    /// The roles.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The claims of each login, in order.
    pub fn claims(&self) -> impl Iterator<Item = &Claims> {
        self.logins.iter().map(Login::claims)
    }

    /// Whether a line looks like a case of an identity pool rather than one of policies: it has a pool.
    pub fn is_one(line: &str) -> bool {
        #[derive(serde::Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            pool: Option<&'a serde_json::value::RawValue>,
        }
        serde_json::from_str::<Shape<'_>>(line).is_ok_and(|shape| shape.pool.is_some())
    }
}
