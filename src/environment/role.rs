//! A role as an environment knows it: for whoever makes sessions of it.

use std::sync::Arc;

use super::error::{AskError, RefusedDocument};
use super::held::Held;
use super::model::{Account, Model, Principal, Slot};
use super::question::Shelf;
use crate::document::{Document, Level};

/// A role of an [`Environment`](super::Environment): what it is attached to, and what is attached to it.
///
/// A document that is refused is an error in its place; whatever it would take part in must then not be decided.
#[derive(Debug, Clone, Copy)]
pub struct Role<'e> {
    model: &'e Model,
    account: &'e Account,
    principal: &'e Principal,
}

impl<'e> Role<'e> {
    pub(super) fn find(model: &'e Model, arn: &str) -> Option<Self> {
        let principal = model.principal(arn)?;
        Role::all(model).find(|role| std::ptr::eq(role.principal, principal))
    }

    pub(super) fn all(model: &'e Model) -> impl Iterator<Item = Self> {
        let of_account =
            move |account: &'e Account| account.roles.values().map(move |principal| Role { model, account, principal });
        model.accounts.iter().flat_map(of_account)
    }

    /// Its ARN, path included.
    pub fn arn(&self) -> &'e str {
        &self.principal.arn
    }

    /// The id of its account.
    pub fn account(&self) -> &'e str {
        &self.account.id
    }

    /// Its unique id, `AROA…`, if it is known.
    pub fn id(&self) -> Option<&'e str> {
        self.principal.id.as_deref()
    }

    /// How many seconds a session of it lasts at most, if that is known.
    pub fn max_session(&self) -> Option<u32> {
        self.principal.max_session
    }

    /// Its tags in order.
    pub fn tags(&self) -> impl Iterator<Item = (&'e str, &'e str)> {
        self.principal.tags.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Its trust policy; `None` if it has none.
    pub fn trust(&self) -> Option<Result<Document, Arc<RefusedDocument>>> {
        self.principal.trust.as_ref().map(document)
    }

    /// Its identity-based policies, attached and inline.
    pub fn policies(&self) -> impl Iterator<Item = Result<Document, Arc<RefusedDocument>>> {
        self.principal.policies.iter().map(document)
    }

    /// Its permissions boundary; `None` if it has none.
    pub fn boundary(&self) -> Option<Result<Document, Arc<RefusedDocument>>> {
        self.principal.boundary.as_ref().map(document)
    }

    /// The service control policies that limit its sessions, level by level (Rules E12, E13).
    ///
    /// # Errors
    ///
    /// Returns the documents among them that are refused.
    pub fn service_control(&self) -> Result<Vec<Level>, AskError> {
        let mut shelf = Shelf::default();
        let levels = self.model.organization.as_ref().map(|it| shelf.service_control(it, Some(self.account)));
        shelf.check()?;
        Ok(levels.unwrap_or_default())
    }

    /// The resource control policies that limit who assumes it, level by level (Rules E14, E15).
    ///
    /// # Errors
    ///
    /// Returns the documents among them that are refused.
    pub fn resource_control(&self) -> Result<Vec<Level>, AskError> {
        let mut shelf = Shelf::default();
        let levels = self.model.organization.as_ref().map(|it| shelf.resource_control(it, Some(self.account)));
        shelf.check()?;
        Ok(levels.unwrap_or_default())
    }
}

fn document(slot: &Slot) -> Result<Document, Arc<RefusedDocument>> {
    slot.as_ref().map_err(Arc::clone).and_then(Held::document)
}
