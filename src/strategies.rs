//! Proptest strategies for policies and for requests that nearly match them (feature `proptest`).
//!
//! Random texts hardly ever meet: a request drawn by itself is denied because nothing speaks about it. Here a request
//! is drawn from the policies' own literals, values and principals and then changed a little: one character more or
//! less, a key left out or spelled in another case, a value that holds `*`, `?`, `${`, `/` or `:`, a list instead of a
//! single value, a session of the role that is named, a user of the account that is not.
//!
//! Whatever is generated is first a plan of small choices and then resolved, so that policies and requests shrink
//! together: a policy can lose statements while the request that is drawn from it keeps its choices.
//!
//! # Examples
//!
//! A property of your own: nothing an application may do reaches its audit log.
//!
//! ```
//! use iamtree::{Document, Engine, PolicyKind, PolicySet};
//! use iamtree::strategies::{document, request_for};
//! use proptest::prelude::*;
//!
//! let deny = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::audit/*"}}"#;
//! let guard = Document::parse(PolicyKind::Identity, "guard.json", deny)?;
//! let guarded = PolicySet::new().identity(guard);
//!
//! proptest!(ProptestConfig::with_cases(64), |(spec in request_for(&guarded), extra in document(PolicyKind::Identity))| {
//!     let engine = Engine::compile(guarded.clone().identity(extra)).unwrap();
//!     if let Ok(request) = spec.request() && spec.resource.starts_with("arn:aws:s3:::audit/") {
//!         // Two actions of STS need no permission, so no policy stops them (Rule E35).
//!         let reason = engine.decide(&request).map(|decision| decision.reason().as_str());
//!         prop_assert!(!reason.is_ok_and(|code| code.starts_with("Allowed.") && code != "Allowed.NoPermissionNeeded"));
//!     }
//! });
//! # Ok::<(), iamtree::document::DocumentError>(())
//! ```

mod caller;
mod context;
mod document;
mod json;
mod request;
mod set;
mod target;
mod text;
mod world;

use std::fmt;
use std::sync::Arc;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;

pub use request::RequestSpec;

use crate::document::{Document, PolicyKind, PolicySet};

/// JSON texts of policy documents of a kind, in both versions of the language.
///
/// They hold every element that the kind may hold, wildcards in all places, short ARNs, variables with and without
/// default, every operator with every prefix and suffix, empty value lists, values of the wrong type, numbers and
/// booleans without quotation marks. Each keeps all rules, so that it can be read.
///
/// # Examples
///
/// ```
/// use iamtree::{Document, PolicyKind};
/// use iamtree::strategies::document_text;
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(16), |(text in document_text(PolicyKind::Trust))| {
///     prop_assert!(Document::parse(PolicyKind::Trust, "trust.json", &text).is_ok());
/// });
/// ```
pub fn document_text(kind: PolicyKind) -> impl Strategy<Value = String> {
    (text::pick(), document::document_plan(3, 0.1)).prop_map(move |(topic, plan)| {
        let topic = topic.of(world::topics_of(kind)).copied().unwrap_or(world::TOPICS[0]);
        plan.resolve(kind, topic).to_json()
    })
}

/// Policy documents of a kind: what [`document_text`] generates, read.
///
/// A `Deny` in a resource-based policy may name the canonical user `0f0f0f`, whose account a set must know
/// ([`PolicySet::canonical_user`]); [`policy_set`] takes care of it.
///
/// # Examples
///
/// ```
/// use iamtree::PolicyKind;
/// use iamtree::strategies::document;
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(16), |(document in document(PolicyKind::Resource))| {
///     prop_assert!(document.statements().iter().all(|statement| statement.principal.is_some()));
/// });
/// ```
pub fn document(kind: PolicyKind) -> impl Strategy<Value = Document> {
    document_text(kind).prop_filter_map("a generated document keeps all rules", move |text| {
        Document::parse(kind, &format!("{kind}.json"), &text).ok()
    })
}

/// Sets of one to three identity-based policies about one topic.
///
/// # Examples
///
/// ```
/// use iamtree::strategies::identity_set;
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(16), |(set in identity_set())| {
///     prop_assert!(!set.identity_documents().is_empty() && set.resource_document().is_none());
/// });
/// ```
pub fn identity_set() -> impl Strategy<Value = PolicySet> {
    set::identity_plan().prop_map(|plan| plan.resolve())
}

/// Sets of policies of all kinds about one topic, each kind given or not. Every such set compiles.
///
/// # Examples
///
/// ```
/// use iamtree::strategies::policy_set;
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(16), |(set in policy_set())| {
///     prop_assert!(set.check().is_ok());
/// });
/// ```
pub fn policy_set() -> impl Strategy<Value = PolicySet> {
    set::set_plan().prop_map(|plan| plan.resolve())
}

/// Requests that nearly match a set of policies, by callers of every kind that are related to those it names.
///
/// A few of them are refused when they are made ([`RequestSpec::request`]) or asked.
///
/// # Examples
///
/// ```
/// use iamtree::{Document, PolicyKind, PolicySet};
/// use iamtree::strategies::request_for;
/// use proptest::prelude::*;
///
/// let text = r#"{"Statement": {"Effect": "Allow", "Action": "sqs:Send*", "Resource": "arn:aws:sqs:*:*:jobs"}}"#;
/// let set = PolicySet::new().identity(Document::parse(PolicyKind::Identity, "jobs.json", text)?);
/// proptest!(ProptestConfig::with_cases(16), |(spec in request_for(&set))| {
///     prop_assume!(spec.request().is_ok());
///     prop_assert!(spec.action.contains(':'));
/// });
/// # Ok::<(), iamtree::document::DocumentError>(())
/// ```
pub fn request_for(policies: &PolicySet) -> impl Strategy<Value = RequestSpec> + use<> {
    let policies = Arc::new(policies.clone());
    request::request_plan().prop_map(move |plan| plan.resolve(&policies))
}

/// A set of policies with requests that nearly match it.
///
/// `Debug` prints what to look at when a property fails: the policies as text, then the requests.
///
/// # Examples
///
/// ```
/// use iamtree::Engine;
/// use iamtree::strategies::{identity_set, questions};
/// use proptest::prelude::*;
///
/// proptest!(ProptestConfig::with_cases(4), |(questions in questions(identity_set(), 8))| {
///     let engine = Engine::compile(questions.policies).unwrap();
///     for request in questions.requests.iter().flat_map(|spec| spec.request()) {
///         let _ = engine.decide(&request);
///     }
/// });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Questions {
    /// The policies.
    pub policies: PolicySet,
    /// The requests.
    pub requests: Vec<RequestSpec>,
}

/// Policies of a strategy, each set with as many requests as `count` says that nearly match it. To ask one set
/// several times is cheaper than to make a set for each request.
///
/// # Examples
///
/// See [`Questions`].
pub fn questions(
    policies: impl Strategy<Value = PolicySet>,
    count: impl Into<SizeRange>,
) -> impl Strategy<Value = Questions> {
    (policies, vec(request::request_plan(), count)).prop_map(|(policies, plans)| {
        let requests = plans.iter().map(|plan| plan.resolve(&policies)).collect();
        Questions { policies, requests }
    })
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, document) in self.policies.documents() {
            writeln!(f, "{}[{}][{}]: {}", place.kind, place.level, place.document, document.source().text())?;
        }
        self.requests.iter().try_for_each(|request| writeln!(f, "{request:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_generated_document_keeps_all_rules() {
        for kind in PolicyKind::ALL {
            proptest!(ProptestConfig::with_cases(400), |(text in document_text(kind))| {
                let document = Document::parse(kind, "p.json", &text);
                prop_assert!(document.is_ok(), "{}\n{}", text, document.unwrap_err());
            });
        }
    }
}
