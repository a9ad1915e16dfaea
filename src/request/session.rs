//! A caller with the context that stays the same while it is logged in.

use super::context::{ContextValue, key_hash};
use super::error::RequestError;
use super::principal::Principal;
use super::{Request, RequestAction};

/// A principal and the part of its context that every request shares, such as its tags and token claims. It owns
/// its texts; this is what a service keeps for each logged-in user.
///
/// # Examples
///
/// ```
/// use iamtree::request::Session;
///
/// let session = Session::new("arn:aws:sts::111122223333:assumed-role/App/one")?
///     .with("cognito-identity.amazonaws.com:sub", "us-east-1:1b2f")?
///     .resource_account("111122223333")?;
/// let request = session.request("s3:GetObject", "arn:aws:s3:::app/us-east-1:1b2f/cat.jpg")?;
/// assert_eq!(request.context().single("cognito-identity.amazonaws.com:sub"), Some("us-east-1:1b2f"));
/// # Ok::<(), iamtree::request::RequestError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    principal: Box<str>,
    resource_account: Option<Box<str>>,
    context: Vec<Kept>,
}

/// A context key that a session gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub key: Box<str>,
    pub hash: u32,
    pub value: ContextValue<'static>,
}

/// An action that no rule treats specially, to check a session by itself.
const ANY_ACTION: &str = "iamtree:Check";

impl Session {
    /// A session of a principal, without context.
    ///
    /// # Errors
    ///
    /// Returns an error if the principal is none of the kinds of Rule E2 that every action knows: a token caller
    /// is none, its kind depends on the action.
    pub fn new(principal: &str) -> Result<Self, RequestError> {
        Principal::classify(principal, &RequestAction::parse(ANY_ACTION)?)?;
        Ok(Session { principal: principal.into(), resource_account: None, context: Vec::new() })
    }

    /// Gives a context key, as [`Request::with`] does.
    ///
    /// # Errors
    ///
    /// As [`Request::with`].
    pub fn with<'v>(mut self, key: &str, value: impl Into<ContextValue<'v>>) -> Result<Self, RequestError> {
        self.context.push(Kept { key: key.into(), hash: key_hash(key), value: value.into().into_owned() });
        self.request(ANY_ACTION, "*")?;
        Ok(self)
    }

    /// Says whose the resources are that the session reaches (Rule E4).
    ///
    /// # Errors
    ///
    /// Returns an error if the account is not twelve digits.
    pub fn resource_account(mut self, account: &str) -> Result<Self, RequestError> {
        self.resource_account = Some(account.into());
        self.request(ANY_ACTION, "*")?;
        Ok(self)
    }

    /// A request of the session; further keys can be given to it.
    ///
    /// # Errors
    ///
    /// Returns what is malformed, as [`Request::new`].
    pub fn request<'a>(&'a self, action: &'a str, resource: &'a str) -> Result<Request<'a>, RequestError> {
        let mut request = Request::new(&self.principal, action, resource)?;
        if let Some(account) = &self.resource_account {
            request = request.resource_account(account)?;
        }
        self.context.iter().try_fold(request, |request, kept| request.with(&*kept.key, kept.value.borrowed()))
    }

    /// The principal.
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The owner's account, if the session names it (Rule E4).
    pub fn owner(&self) -> Option<&str> {
        self.resource_account.as_deref()
    }

    /// The context keys that were given, in order.
    pub fn context(&self) -> impl Iterator<Item = (&str, &ContextValue<'static>)> {
        self.context.iter().map(|kept| (&*kept.key, &kept.value))
    }

    pub(crate) fn kept(&self) -> &[Kept] {
        &self.context
    }

    /// Gives back memory that was reserved for more.
    pub(crate) fn shrink(&mut self) {
        self.context.shrink_to_fit();
    }
}
