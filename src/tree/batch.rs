//! Many resources of one caller and one action: a listing that is to be filtered.
//!
//! What does not depend on the resource is done once: the class of the action, the values of keys, conditions that
//! several statements share. Each resource costs its own walk.

use super::Tree;
use super::bound::KnownConditions;
use super::scratch::{MOST_AT_ONCE, Sheet, with_scratch};
use super::slots::{Named, Slot, Values};
use super::walk::Question;
use crate::decision::Decision;
use crate::request::{ContextValue, Request, RequestError, RequestResource};

/// The values of a request, that of `aws:ResourceAccount` set anew for each resource.
struct Listed<'r> {
    named: &'r Named<'r>,
    /// The slot of `aws:ResourceAccount`, unless the request gives that key itself.
    account_slot: Option<Slot>,
    account: Option<ContextValue<'r>>,
}

impl Values for Listed<'_> {
    #[inline]
    fn get(&self, slot: Slot) -> Option<&ContextValue<'_>> {
        if self.account_slot == Some(slot) { self.account.as_ref() } else { self.named.get(slot) }
    }
}

impl Tree {
    pub(crate) fn decide_all<'t>(
        &self,
        request: &Request<'_>,
        resources: impl IntoIterator<Item = &'t str>,
    ) -> Vec<Result<Decision, RequestError>> {
        let gives_account = request.context().entry("aws:ResourceAccount").is_some_and(|entry| !entry.derived);
        let account_slot = self.resource_account.filter(|_| !gives_account);
        let mut resources = resources.into_iter();
        let mut decided = Vec::with_capacity(resources.size_hint().0);
        loop {
            let before = decided.len();
            with_scratch(self.room, |Sheet { epoch, found, class, mut notes }| {
                let named = Named { context: request.context(), keys: &self.keys, found, epoch: epoch.number() };
                named.prepare();
                let class = self.actions.classify(&request.head().action, &self.arena, class);
                let decide = |resource: &'t str| {
                    let head = request.head().with_resource(RequestResource::parse(resource)?)?;
                    let account = head.known_resource_account().filter(|_| account_slot.is_some());
                    let values = Listed { named: &named, account_slot, account: account.map(ContextValue::from) };
                    notes = match account_slot {
                        // Results of conditions hold for the next resource too.
                        None => notes.for_another_text(epoch),
                        Some(_) => notes.for_another_request(epoch),
                    };
                    let known = KnownConditions::NONE;
                    self.answer(&Question { head: &head, values: &values, class, notes, known })
                };
                decided.extend(resources.by_ref().take(MOST_AT_ONCE).map(decide));
            });
            if decided.len() - before < MOST_AT_ONCE {
                return decided;
            }
        }
    }
}
