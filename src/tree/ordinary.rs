//! Requests that no rule singles out: what is worked out once for a caller, and the little that a resource adds.
//!
//! An ordinary action assumes no role, takes no token and needs its permission like any other. If besides no policy
//! names principals, a verdict asks of the resource only its partition, its account, and whether it is a key of KMS.

use super::Tree;
use super::plain::PlainHeadings;
use super::slots::Values;
use super::verdict::{Places, Standing};
use crate::request::{Head, PrincipalKind, RequestResource, is_account, is_kms_key};
use crate::source::bytes;

/// What holds of every ordinary request of a caller.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ordinary {
    kind: PrincipalKind,
    /// Where the policies are that apply.
    applicable: Places,
    /// Whether the owner's account is the caller's, where the request names it.
    is_owner: Option<bool>,
    /// How far the caller's ARN reaches up to its partition; 0 without ARN.
    partition_end: u32,
    /// Where the caller's account begins in its text; 0 if it has none.
    account: u32,
    pub(super) plain: PlainHeadings,
}

impl Ordinary {
    /// `None` if the tree asks for more, or if the question cannot be asked of its policies. `head` has an ordinary
    /// action and any resource; an account that it names is the owner's of all.
    pub(super) fn of(tree: &Tree, head: &Head<'_>, values: &impl Values) -> Option<Self> {
        let principal = &head.principal;
        let asks_for_more = !tree.principals.is_empty() || principal.kind() == PrincipalKind::Unnamed;
        if !tree.switches.ordinary
            || asks_for_more
            || !head.action.parts().is_ordinary()
            || tree.check_applicable(head, values).is_err()
        {
            return None;
        }
        let end = |text: &str| u32::try_from(text.len()).ok();
        let (partition_end, account) = match (principal.text(), principal.partition(), principal.account()) {
            (Some(text), Some(partition), Some(account)) => {
                (end("arn::")?.checked_add(end(partition)?)?, u32::try_from(text.find(account)?).ok()?)
            }
            _ => (0, 0),
        };
        let mut ordinary = Ordinary {
            kind: principal.kind(),
            applicable: tree.applicable(head, values),
            is_owner: head.named_account().map(|owner| principal.account() == Some(owner)),
            partition_end,
            account,
            plain: PlainHeadings::default(),
        };
        ordinary.plain = PlainHeadings::of(tree, &ordinary, head);
        Some(ordinary)
    }

    pub(super) fn kind(&self) -> PrincipalKind {
        self.kind
    }

    pub(super) fn applicable(&self) -> Places {
        self.applicable
    }

    /// How the caller stands to a resource, and the value of `aws:ResourceAccount`. `owner` is the account that the
    /// request names; `None` if the resource contradicts it.
    #[inline(always)]
    pub(super) fn standing<'r>(
        &self,
        caller: &str,
        owner: Option<&'r str>,
        resource: &RequestResource<'r>,
    ) -> Option<(Standing, Option<&'r str>)> {
        let mut standing = Standing {
            kind: self.kind,
            same_account: true,
            partitions_differ: false,
            assumes_role: false,
            is_strict: false,
            gets_session_token: false,
        };
        let mut account = None;
        if let RequestResource::Arn(arn) = resource {
            // An ARN begins with its partition and the colons around it.
            let own = caller.as_bytes().get(..self.partition_end as usize)?;
            standing.partitions_differ = !bytes::begins(arn.as_str().as_bytes(), own);
            standing.is_strict = is_kms_key(arn);
            account = Some(arn.account()).filter(|account| account.len() == 12);
        }
        if let Some(owner) = owner {
            if account.is_some_and(|other| !bytes::same(other.as_bytes(), owner.as_bytes()) && is_account(other)) {
                return None;
            }
            account = Some(owner);
        } else {
            account = account.filter(|account| is_account(account));
        }
        standing.same_account = self.is_same_account(caller, account);
        Some((standing, account))
    }

    /// Whether the caller is of the owner's account. `account` is that of the resource, if it names one.
    #[inline(always)]
    fn is_same_account(&self, caller: &str, account: Option<&str>) -> bool {
        match (self.is_owner, account, self.account) {
            (Some(is_owner), ..) => is_owner,
            (None, _, 0) => false,
            (None, None, _) => true,
            (None, Some(account), start) => {
                let own = caller.as_bytes().get(start as usize..);
                own.is_some_and(|own| bytes::begins(own, account.as_bytes()))
            }
        }
    }
}
