//! Requests that nearly match a set of policies.

use proptest::prelude::*;
use proptest::{bool as coin, collection, option};

use super::caller::{CallerPlan, account_of, caller_plan};
use super::context::{KeyPlan, Keys, key_plan};
use super::target::{TargetPlan, target_plan};
use super::text::{Pick, pick};
use super::world::{self, Topic};
use crate::document::{PolicyKind, PolicySet, Statement};
use crate::request::{ContextValue, Request, RequestError};

/// A request that owns its texts and need not be well formed.
///
/// # Examples
///
/// ```
/// use iamtree::strategies::RequestSpec;
///
/// let spec = RequestSpec {
///     principal: Some("arn:aws:iam::111122223333:user/alice".to_owned()),
///     action: "s3:GetObject".to_owned(),
///     resource: "arn:aws:s3:::app/x".to_owned(),
///     resource_account: None,
///     issuer: None,
///     context: vec![("s3:prefix".to_owned(), "x".into())],
/// };
/// assert_eq!(spec.request()?.action().name, "GetObject");
///
/// let twice = RequestSpec { context: [spec.context.clone(), spec.context.clone()].concat(), ..spec };
/// assert!(twice.request().is_err());
/// # Ok::<(), iamtree::request::RequestError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSpec {
    /// The caller; `None` leaves it out (Rule E2, "Unnamed").
    pub principal: Option<String>,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// Whose the resource is, if the request says so (Rule E4).
    pub resource_account: Option<String>,
    /// Which user issued a federated user, if the request says so (Rule E44).
    pub issuer: Option<String>,
    /// The context keys that are given, in order.
    pub context: Vec<(String, ContextValue<'static>)>,
}

impl RequestSpec {
    /// The request.
    ///
    /// # Errors
    ///
    /// Returns what [`Request`] refuses.
    ///
    /// # Examples
    ///
    /// See [`RequestSpec`].
    pub fn request(&self) -> Result<Request<'_>, RequestError> {
        let mut request = match &self.principal {
            Some(principal) => Request::new(principal, &self.action, &self.resource)?,
            None => Request::unnamed(&self.action, &self.resource)?,
        };
        if let Some(account) = &self.resource_account {
            request = request.resource_account(account)?;
        }
        if let Some(issuer) = &self.issuer {
            request = request.issued_by(issuer)?;
        }
        self.context.iter().try_fold(request, |request, (key, value)| request.with(key, value.clone()))
    }
}

/// A request before the policies are known that it is to meet.
#[derive(Debug, Clone)]
pub(super) struct RequestPlan {
    /// The statement it is made for.
    anchor: Pick,
    caller: CallerPlan,
    action: TargetPlan,
    resource: TargetPlan,
    owner: OwnerPlan,
    keys: Vec<KeyPlan>,
    /// A key that no policy need mention.
    stranger: Option<Pick>,
    /// Gives the last key twice, which is a mistake (Rule E59).
    repeats: bool,
}

#[derive(Debug, Clone, Copy)]
enum OwnerPlan {
    Absent,
    Callers,
    Account(Pick),
}

pub(super) fn request_plan() -> impl Strategy<Value = RequestPlan> {
    let owner = prop_oneof![
        2 => Just(OwnerPlan::Absent),
        2 => Just(OwnerPlan::Callers),
        1 => pick().prop_map(OwnerPlan::Account),
    ];
    (
        pick(),
        caller_plan(),
        target_plan(1),
        target_plan(2),
        owner,
        collection::vec(key_plan(), 6),
        option::weighted(0.1, pick()),
        coin::weighted(0.01),
    )
        .prop_map(|(anchor, caller, action, resource, owner, keys, stranger, repeats)| RequestPlan {
            anchor,
            caller,
            action,
            resource,
            owner,
            keys,
            stranger,
            repeats,
        })
}

/// The policies as a request meets them.
pub(super) struct Scene<'p> {
    pub policies: &'p PolicySet,
    pub statements: Vec<&'p Statement>,
    /// The statement that the request is made for.
    pub anchor: Option<&'p Statement>,
    pub topics: &'static [Topic],
}

impl RequestPlan {
    /// The request for a set of policies.
    pub(super) fn resolve(&self, policies: &PolicySet) -> RequestSpec {
        let statements: Vec<&Statement> =
            policies.documents().flat_map(|(_, document)| document.statements()).collect();
        let anchor = self.anchor.of(&statements).copied();
        let kind = policies.resource_document().map_or(PolicyKind::Resource, |document| document.kind());
        let scene = Scene { policies, statements, anchor, topics: world::topics_of(kind) };

        let action = self.action.action(&scene);
        let principal = self.caller.principal(&scene, &action);
        let mut keys = Keys::new(principal.as_deref());
        keys.decide_all(&scene, &self.keys);
        self.caller.claim(&scene, &mut keys);
        if let Some(stranger) = self.stranger {
            keys.add(stranger.text(&world::NAME_KEYS), stranger.turned(1).text(&world::NAMES));
        }
        let resource = self.resource.resource(&scene, &|key| keys.text(key));
        let owner = match self.owner {
            OwnerPlan::Absent => None,
            OwnerPlan::Callers => principal.as_deref().and_then(account_of),
            OwnerPlan::Account(pick) => Some(pick.text(&world::ACCOUNTS)),
        };
        // An owner that contradicts the ARN is refused (Rule E4), which teaches nothing about evaluators.
        let owner = owner.filter(|owner| account_of(&resource).is_none_or(|account| account == *owner));
        let resource_account = owner.map(str::to_owned);
        let issuer = self.caller.issuer(&scene, principal.as_deref());
        let mut context = keys.into_context();
        if self.repeats
            && let Some((key, value)) = context.last()
        {
            context.push((key.to_ascii_uppercase(), value.clone()));
        }
        RequestSpec { principal, action, resource, resource_account, issuer, context }
    }
}
