//! One question: who wants to do what to which resource, in which context (Rules E1 to E7, E56 to E60).
//!
//! A [`Request`] borrows its texts. Everything about it that does not depend on policies is worked out here, once:
//! the kind of caller, the owner of the resource, the context keys that AWS derives. This room knows no policies.

mod action;
mod context;
mod error;
mod principal;
mod session;

use std::borrow::Cow;

pub use action::RequestAction;
pub(crate) use action::{ActionParts, Special};
use context::DerivedKey;
pub use context::{Context, ContextEntry, ContextValue, MAX_CONTEXT_KEYS, MAX_CONTEXT_VALUES};
pub(crate) use context::{key_hash, same_key};
pub use error::{RequestError, RequestErrorKind};
pub use principal::{Principal, PrincipalKind};
pub(crate) use principal::{PrincipalParts, is_account};
pub use session::Session;

use crate::document::PolicyKind;
use crate::language::arn::Arn;
use crate::source::{bytes, quote};

/// One principal, one action, one resource and one context (Rule E1).
///
/// # Examples
///
/// ```
/// use iamtree::request::{PrincipalKind, Request};
///
/// let request = Request::new(
///     "arn:aws:sts::111122223333:assumed-role/App/one",
///     "s3:GetObject",
///     "arn:aws:s3:::app/cat.jpg",
/// )?
/// .resource_account("111122223333")?
/// .with("aws:SecureTransport", "true")?
/// .with("aws:TagKeys", &["team"][..])?;
/// assert_eq!(request.principal().kind(), PrincipalKind::Session);
/// assert!(request.context().get("AWS:securetransport").is_some());
/// # Ok::<(), iamtree::request::RequestError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// In one place: a request is passed on whenever something is added to it.
    parts: Box<Parts<'a>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts<'a> {
    head: Head<'a>,
    context: Context<'a>,
}

/// A request without its context: what a compiled engine can classify without allocating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub principal: Principal<'a>,
    pub action: RequestAction<'a>,
    pub resource: RequestResource<'a>,
    resource_account: Option<&'a str>,
    /// The account field of the resource's ARN if it is one.
    account_in_arn: Option<&'a str>,
    pub issuer: Option<&'a str>,
}

/// The resource of a request (Rules L32, L40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestResource<'a> {
    /// `*`: the action has no resource.
    None,
    /// An ARN of six fields.
    Arn(Arn<'a>),
}

/// The owner's account and how it is known (Rule E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The account; `None` if nothing says it and the caller has none either.
    pub account: Option<&'a str>,
    /// What says so.
    pub source: OwnerSource,
}

/// What says whose a resource is (Rule E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnerSource {
    /// The request names the account.
    Request,
    /// The account field of the resource's ARN.
    Arn,
    /// Nothing: it is taken to be the caller's, and never becomes `aws:ResourceAccount`.
    DefaultedToCaller,
}

impl<'a> Request<'a> {
    /// Asks for a principal: an ARN, a service name, `*` for an unsigned request, or an identity provider for the
    /// actions that take a token (Rule E2).
    ///
    /// # Errors
    ///
    /// Returns what is malformed: principal, action (Rule L26) or resource (Rule L40).
    pub fn new(principal: &'a str, action: &'a str, resource: &'a str) -> Result<Self, RequestError> {
        let action = RequestAction::parse(action)?;
        let principal = Principal::classify(principal, &action)?;
        Ok(Request::of(principal, action, RequestResource::parse(resource)?))
    }

    /// Asks without naming the principal: it is somebody of the owner's account, and only identity-based policies
    /// can be asked so (Rule E2, "Unnamed").
    ///
    /// # Errors
    ///
    /// Returns what is malformed: action (Rule L26) or resource (Rule L40).
    pub fn unnamed(action: &'a str, resource: &'a str) -> Result<Self, RequestError> {
        Ok(Request::of(Principal::unnamed(), RequestAction::parse(action)?, RequestResource::parse(resource)?))
    }

    fn of(principal: Principal<'a>, action: RequestAction<'a>, resource: RequestResource<'a>) -> Self {
        let head = Head::new(principal, action, resource);
        let mut parts = Box::new(Parts { head, context: Context::default() });
        parts.head.principal.derive_keys(&mut parts.context);
        let mut request = Request { parts };
        request.derive_resource_account();
        request
    }

    /// Rule E56: from the request or the ARN, never from the default of Rule E4.
    fn derive_resource_account(&mut self) {
        if let Some(account) = self.parts.head.known_resource_account() {
            self.parts.context.derive(RESOURCE_ACCOUNT, account);
        }
    }

    /// Says whose the resource is: a twelve-digit account (Rule E4). S3 ARNs do not tell it.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not twelve digits or contradicts the account in the resource's ARN.
    #[inline]
    pub fn resource_account(mut self, account: &'a str) -> Result<Self, RequestError> {
        self.set_resource_account(account)?;
        Ok(self)
    }

    fn set_resource_account(&mut self, account: &'a str) -> Result<(), RequestError> {
        self.parts.head.set_resource_account(account)?;
        self.derive_resource_account();
        Ok(())
    }

    /// Says which user issued the caller, a federated user (Rule E44): the user's ARN.
    ///
    /// # Errors
    ///
    /// Returns an error if the caller is no federated user or the issuer is no user of its account.
    pub fn issued_by(mut self, user: &'a str) -> Result<Self, RequestError> {
        let issuer = Principal::classify(user, &self.parts.head.action)?;
        let principal = self.parts.head.principal;
        let fits = principal.kind() == PrincipalKind::FederatedUser
            && issuer.kind() == PrincipalKind::User
            && (issuer.account(), issuer.partition()) == (principal.account(), principal.partition());
        if !fits {
            return Err(RequestError::new(
                RequestErrorKind::Principal,
                "E44",
                format!("{} cannot have issued {}", quote(user), quote(principal.text().unwrap_or_default())),
            ));
        }
        self.parts.head.issuer = Some(user);
        Ok(self)
    }

    /// Gives a context key: a text is a single value, a list is a multivalued one, even with one member (Rule L75).
    ///
    /// # Errors
    ///
    /// Returns an error if the key is empty or given already in any spelling (Rule E59), contradicts the principal
    /// (Rule E58), or there are more keys or values than [`MAX_CONTEXT_KEYS`] or [`MAX_CONTEXT_VALUES`].
    #[inline]
    pub fn with(
        mut self,
        key: impl Into<Cow<'a, str>>,
        value: impl Into<ContextValue<'a>>,
    ) -> Result<Self, RequestError> {
        let (key, value) = (key.into(), value.into());
        let hash = key_hash(&key);
        if !value.is_too_long() && !is_special_key(hash) && self.parts.context.is_new(hash, &key) {
            self.parts.context.add(key, hash, value, false);
        } else {
            self.give(key, hash, value)?;
        }
        Ok(self)
    }

    /// Gives a key with everything that may be wrong with it.
    fn give(&mut self, key: Cow<'a, str>, hash: u32, value: ContextValue<'a>) -> Result<(), RequestError> {
        self.parts.head.principal.check_given(&key, hash, &value)?;
        self.parts.context.give(key, hash, value)
    }

    /// The caller.
    pub fn principal(&self) -> &Principal<'a> {
        &self.parts.head.principal
    }

    /// The action.
    pub fn action(&self) -> RequestAction<'a> {
        self.parts.head.action
    }

    /// The resource.
    pub fn resource(&self) -> RequestResource<'a> {
        self.parts.head.resource
    }

    /// The user that issued a federated user, if the request says so (Rule E44).
    pub fn issuer(&self) -> Option<&'a str> {
        self.parts.head.issuer
    }

    /// The context: keys given and keys derived (Rules E56, E60).
    pub fn context(&self) -> &Context<'a> {
        &self.parts.context
    }

    pub(crate) fn head(&self) -> &Head<'a> {
        &self.parts.head
    }

    /// Whose the resource is (Rule E4).
    pub fn owner(&self) -> Owner<'a> {
        self.parts.head.owner()
    }

    /// Whether the caller belongs to the owner's account (Rule E5). An unnamed caller does (Rule E2); a caller
    /// without account does not.
    pub fn is_same_account(&self) -> bool {
        self.parts.head.is_same_account()
    }

    /// Whether the action assumes a role: one of five STS actions on the ARN of a role (Rule E33).
    pub fn assumes_role(&self) -> bool {
        self.parts.head.assumes_role()
    }

    /// Whether the role that is assumed is service-linked (Rules E15, E63).
    pub fn assumes_service_linked_role(&self) -> bool {
        self.parts.head.assumes_service_linked_role()
    }

    /// Whether the resource is a KMS key (Rule E32).
    pub fn is_kms_key(&self) -> bool {
        self.parts.head.is_kms_key()
    }

    /// Whether the caller is a service-linked role, by its own ARN or by `aws:PrincipalArn` (Rule E63).
    pub fn is_service_linked(&self) -> bool {
        self.parts.head.is_service_linked(self.parts.context.single(PRINCIPAL_ARN))
    }

    /// The kind of policy that decides on the side of the resource: [`PolicyKind::Trust`] if the action assumes a
    /// role, else [`PolicyKind::Resource`] (Rule E33).
    pub fn resource_policy_kind(&self) -> PolicyKind {
        if self.assumes_role() { PolicyKind::Trust } else { PolicyKind::Resource }
    }
}

impl<'a> Head<'a> {
    /// Puts together what is classified already.
    pub(crate) fn new(principal: Principal<'a>, action: RequestAction<'a>, resource: RequestResource<'a>) -> Self {
        let account_in_arn = match resource {
            RequestResource::Arn(arn) => Some(arn.account()).filter(|account| is_account(account)),
            RequestResource::None => None,
        };
        Head { principal, action, resource, resource_account: None, account_in_arn, issuer: None }
    }

    /// The same caller and action on another resource. An account that the request names is the owner's of every
    /// resource.
    pub(crate) fn with_resource<'o>(&self, resource: RequestResource<'o>) -> Result<Head<'o>, RequestError>
    where
        'a: 'o,
    {
        let mut head = Head::new(self.principal, self.action, resource);
        head.issuer = self.issuer;
        if let Some(account) = self.resource_account {
            head.set_known_resource_account(account)?;
        }
        Ok(head)
    }

    fn set_resource_account(&mut self, account: &'a str) -> Result<(), RequestError> {
        if !is_account(account) {
            let message = format!("malformed resource account: found {}, expected twelve digits", quote(account));
            return Err(RequestError::new(RequestErrorKind::ResourceAccount, "E4", message));
        }
        self.set_known_resource_account(account)
    }

    /// The same for an account that is known to be twelve digits.
    pub(crate) fn set_known_resource_account(&mut self, account: &'a str) -> Result<(), RequestError> {
        if let Some(other) = self.account_in_arn.filter(|other| *other != account) {
            let (found, expected) = (quote(account), quote(other));
            let message = format!("the resource account contradicts the resource: found {found}, expected {expected}");
            return Err(RequestError::new(RequestErrorKind::ResourceAccount, "E4", message));
        }
        self.resource_account = Some(account);
        Ok(())
    }

    /// The account that the request names as the owner's.
    pub(crate) fn named_account(&self) -> Option<&'a str> {
        self.resource_account
    }

    /// The value of `aws:ResourceAccount` (Rule E56); an unnamed caller has none of the derived keys (Rule E2).
    pub(crate) fn known_resource_account(&self) -> Option<&'a str> {
        let account = self.resource_account.or(self.account_in_arn);
        account.filter(|_| self.principal.kind() != PrincipalKind::Unnamed)
    }

    pub(crate) fn owner(&self) -> Owner<'a> {
        if let Some(account) = self.resource_account {
            return Owner { account: Some(account), source: OwnerSource::Request };
        }
        match self.account_in_arn {
            Some(account) => Owner { account: Some(account), source: OwnerSource::Arn },
            None => Owner { account: self.principal.account(), source: OwnerSource::DefaultedToCaller },
        }
    }

    pub(crate) fn is_same_account(&self) -> bool {
        self.principal.kind() == PrincipalKind::Unnamed
            || self.principal.account().is_some_and(|account| {
                self.owner().account.is_some_and(|owner| bytes::same(owner.as_bytes(), account.as_bytes()))
            })
    }

    pub(crate) fn assumes_role(&self) -> bool {
        self.action.is(Special::AssumesRole) && self.role_arn().is_some()
    }

    pub(crate) fn assumes_service_linked_role(&self) -> bool {
        self.assumes_role() && self.role_arn().is_some_and(|arn| principal::is_service_linked(arn.resource()))
    }

    pub(crate) fn is_kms_key(&self) -> bool {
        matches!(&self.resource, RequestResource::Arn(arn) if is_kms_key(arn))
    }

    /// `principal_arn` is the value of `aws:PrincipalArn`.
    pub(crate) fn is_service_linked(&self, principal_arn: Option<&str>) -> bool {
        let by_name = matches!(self.principal.kind(), PrincipalKind::Role | PrincipalKind::Session);
        let is_linked = |arn: Arn<'_>| principal::is_service_linked(arn.resource());
        by_name
            && (principal::is_service_linked(self.principal.resource())
                || principal_arn.and_then(Arn::parse).is_some_and(is_linked))
    }

    fn role_arn(&self) -> Option<Arn<'a>> {
        match self.resource {
            RequestResource::Arn(arn) if arn.service() == "iam" && arn.resource().starts_with("role/") => Some(arn),
            _ => None,
        }
    }
}

/// Whether a hash is that of a key that rules single out (Rules E58, E60).
#[inline]
fn is_special_key(hash: u32) -> bool {
    [principal::ACCOUNT, principal::ARN, context::CURRENT_TIME, context::EPOCH_TIME].iter().any(|key| key.hash == hash)
}

#[cold]
fn malformed_resource(text: &str) -> RequestError {
    let message = format!("malformed resource: found {}, expected `*` or an ARN of six fields", quote(text));
    RequestError::new(RequestErrorKind::Resource, "L40", message)
}

/// Rule E32.
#[inline]
pub(crate) fn is_kms_key(arn: &Arn<'_>) -> bool {
    arn.is_of("kms") && arn.resource().starts_with("key/")
}

const RESOURCE_ACCOUNT: DerivedKey = DerivedKey::new("aws:ResourceAccount");
const PRINCIPAL_ARN: &str = "aws:PrincipalArn";

/// The context keys that AWS derives from the request itself (Rule E56, `aws:ResourceAccount` included).
pub const DERIVED_KEYS: [&str; 8] = [
    PRINCIPAL_ARN,
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:userid",
    "aws:username",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    RESOURCE_ACCOUNT.name,
];

impl<'a> RequestResource<'a> {
    /// Reads a resource of a request.
    ///
    /// # Errors
    ///
    /// Returns an error if it is neither `*` nor an ARN of six fields (Rule L40).
    #[inline]
    pub fn parse(text: &'a str) -> Result<Self, RequestError> {
        match Arn::parse(text) {
            Some(arn) => Ok(RequestResource::Arn(arn)),
            None if text == "*" => Ok(RequestResource::None),
            None => Err(malformed_resource(text)),
        }
    }

    /// The text, `*` included.
    pub fn text(&self) -> &'a str {
        match self {
            RequestResource::None => "*",
            RequestResource::Arn(arn) => arn.as_str(),
        }
    }

    /// The text of the ARN.
    pub(crate) fn arn_text(&self) -> Option<&'a str> {
        match self {
            RequestResource::None => None,
            RequestResource::Arn(arn) => Some(arn.as_str()),
        }
    }

    /// The partition of the ARN.
    pub fn partition(&self) -> Option<&'a str> {
        match self {
            RequestResource::None => None,
            RequestResource::Arn(arn) => Some(arn.partition()),
        }
    }
}

#[cfg(test)]
mod tests;
