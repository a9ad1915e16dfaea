//! The question to the role (Rules C45 to C49, C52): may identity pools assume it for this login?

use super::error::{FlowKind, Reason, Refusal};
use super::role::LoadedRole;
use super::session::{AMR, AUD, SUB};
use super::tags::Tag;
use super::trace::TrustTrace;
use crate::decision::Outcome;
use crate::request::{Request, RequestError};
use crate::source::quote;

/// Who asks: STS sees the identity pool's token, never the login's (Rule C45).
pub(super) const IDENTITY_POOLS: &str = "cognito-identity.amazonaws.com";

const ASSUME: &str = "sts:AssumeRoleWithWebIdentity";
const TAG: &str = "sts:TagSession";

/// What the token of the pool says, and the session that is asked for.
pub(super) struct Ticket<'a> {
    pub flow: FlowKind,
    pub pool_id: &'a str,
    pub identity_id: &'a str,
    pub amr: &'a [String],
    pub session_name: &'a str,
    pub tags: &'a [Tag],
    /// The account of the pool, if the caller knows it (Rule C49).
    pub pool_account: Option<&'a str>,
    /// When it asks, if the caller passes its clock.
    pub now: Option<&'a str>,
    /// Whether what is told may hold values.
    pub shows_values: bool,
}

/// Asks for the session, and for its tags if there are any. What was asked is told in `told`, admitted or not.
pub(super) fn assume(loaded: &LoadedRole, ticket: &Ticket<'_>, told: &mut Vec<TrustTrace>) -> Result<(), Refusal> {
    let arn = loaded.role.arn();
    if loaded.role.partition() != "aws" {
        let message = format!("the role {} is of another partition than `aws`", quote(arn));
        return Err(Refusal::new(Reason::TrustDenied, "C47", message));
    }
    if ticket.flow == FlowKind::Enhanced && ticket.pool_account.is_some_and(|account| account != loaded.role.account())
    {
        let message = format!("the role {} is of another account than the pool", quote(arn));
        return Err(Refusal::new(Reason::TrustDenied, "C49", message));
    }
    if !ask(loaded, ASSUME, ticket, told) {
        let message = format!("the trust policy of {} does not admit this identity", quote(arn));
        return Err(Refusal::new(Reason::TrustDenied, "C45", message));
    }
    if !ticket.tags.is_empty() && !ask(loaded, TAG, ticket, told) {
        let message = format!("the trust policy of {} does not allow `{TAG}` with these tags", quote(arn));
        return Err(Refusal::new(Reason::TagSessionDenied, "C52", message));
    }
    Ok(())
}

/// Both evaluators have to say yes. A question that cannot be asked, or on which they differ, is a no.
fn ask(loaded: &LoadedRole, action: &'static str, ticket: &Ticket<'_>, told: &mut Vec<TrustTrace>) -> bool {
    let explanation = match question(loaded, action, ticket).map(|request| loaded.trust.explain(&request)) {
        Ok(Ok(explanation)) => explanation,
        Ok(Err(error)) => {
            told.push(TrustTrace::failed(action, error.to_string()));
            return false;
        }
        Err(error) => {
            told.push(TrustTrace::failed(action, error.to_string()));
            return false;
        }
    };
    let is_admitted = explanation.decision == Outcome::Allowed;
    told.push(TrustTrace::decided(action, explanation, ticket.shows_values));
    is_admitted
}

/// Rule C45: principal, action, resource and context; and the time, which every request has (Rule E60).
fn question<'a>(
    loaded: &'a LoadedRole,
    action: &'static str,
    ticket: &'a Ticket<'a>,
) -> Result<Request<'a>, RequestError> {
    let mut request = Request::new(IDENTITY_POOLS, action, loaded.role.arn())?
        .with(AUD, ticket.pool_id)?
        .with(SUB, ticket.identity_id)?
        .with(AMR, ticket.amr)?
        .with("sts:RoleSessionName", ticket.session_name)?;
    if let Some(now) = ticket.now {
        request = request.with("aws:CurrentTime", now)?;
    }
    if ticket.tags.is_empty() {
        return Ok(request);
    }
    for tag in ticket.tags {
        request = request.with(format!("aws:RequestTag/{}", tag.key), &*tag.value)?;
    }
    let keys: Vec<&str> = ticket.tags.iter().map(|tag| &*tag.key).collect();
    request.with("aws:TagKeys", keys)
}
