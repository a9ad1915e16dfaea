//! Many resources of one caller and one action: a listing that is to be filtered.
//!
//! What does not depend on the resource is done once: the class of the action, the values of keys, conditions that
//! several statements share. Each resource costs its own walk, from where it leaves that of the one before.

use super::Tree;
use super::action::Class;
use super::bound::KnownConditions;
use super::few::Short;
use super::ordinary::Ordinary;
use super::prefix::Trail;
use super::question::Question;
use super::resource::Passed;
use super::scratch::{Epoch, MOST_AT_ONCE, Notes, Sheet, with_scratch};
use super::slots::{Named, Slot, ValueRef, Values};
use super::verdict::{Places, Standing};
use crate::decision::Decision;
use crate::language::arn::Arn;
use crate::request::{Head, Request, RequestError, RequestResource};
use crate::source::bytes;

/// The values of a request, that of `aws:ResourceAccount` set anew for each resource.
struct Listed<'r> {
    named: &'r Named<'r>,
    /// The slot of `aws:ResourceAccount`, unless the request gives that key itself.
    account_slot: Option<Slot>,
    account: Option<&'r str>,
}

impl Values for Listed<'_> {
    #[inline]
    fn get(&self, slot: Slot) -> Option<ValueRef<'_>> {
        if self.account_slot == Some(slot) { self.account.map(ValueRef::Single) } else { self.named.get(slot) }
    }
}

/// A listing on its way: what holds for all of its resources, and what the last one left behind.
struct Listing<'l, 't> {
    tree: &'l Tree,
    head: &'l Head<'l>,
    named: &'l Named<'l>,
    class: Class<'l>,
    ordinary: Option<Ordinary>,
    /// Whether its requests are [plain](super::plain).
    is_plain: bool,
    account_slot: Option<Slot>,
    epoch: &'l Epoch,
    notes: Notes<'l>,
    /// The resource before, of which the next one often has the beginning: a listing is sorted more often than not.
    before: Option<Arn<'t>>,
    way: Way,
}

/// How the last resource that was walked went down the index.
struct Way {
    passed: Passed,
    trail: Trail,
    /// How many bytes it shares with all resources since.
    shared: usize,
}

impl<'t> Listing<'_, 't> {
    fn decide(&mut self, resource: &'t str) -> Result<Decision, RequestError> {
        let resource = self.read(resource)?;
        self.notes = match self.account_slot {
            // Results of conditions hold for the next resource too.
            None => self.notes.for_another_text(self.epoch),
            Some(_) => self.notes.for_another_request(self.epoch),
        };
        let (caller, owner) = (self.head.principal.text().unwrap_or_default(), self.head.named_account());
        let standing = self.ordinary.and_then(|ordinary| ordinary.standing(caller, owner, &resource));
        match (self.ordinary, standing) {
            (Some(ordinary), Some((standing, account))) => {
                Ok(self.decide_ordinary(&resource, ordinary.applicable(), &standing, account))
            }
            _ => self.decide_special(resource),
        }
    }

    /// Reads the next resource.
    fn read(&mut self, text: &'t str) -> Result<RequestResource<'t>, RequestError> {
        let before = self.before.filter(|_| self.tree.switches.trail);
        let common = before.map_or(0, |before| bytes::common(before.as_str().as_bytes(), text.as_bytes()));
        let resource = match before.and_then(|before| before.parse_like(text, common)) {
            Some(arn) => RequestResource::Arn(arn),
            None => RequestResource::parse(text)?,
        };
        self.way.shared = self.way.shared.min(common);
        self.before = match resource {
            RequestResource::Arn(arn) => Some(arn),
            RequestResource::None => None,
        };
        Ok(resource)
    }

    fn decide_ordinary(
        &mut self,
        resource: &RequestResource<'t>,
        places: Places,
        standing: &Standing,
        account: Option<&str>,
    ) -> Decision {
        let tree = self.tree;
        let values = &Listed { named: self.named, account_slot: self.account_slot, account };
        let (text, head, known) = (resource.arn_text(), None, KnownConditions::NONE);
        if let Some(few) = self.class.few() {
            return tree.walk_few(few, &Short { text, head, values, known }, standing, places, places);
        }
        let Way { passed, trail, shared } = &mut self.way;
        tree.resources.pass_on(text, *shared, passed, trail);
        *shared = usize::MAX;
        let (arena, class, notes) = (&tree.arena, self.class, self.notes);
        let question = Question { text, head, arena, values, class, notes, known };
        if self.is_plain {
            return tree.walk_plain(&question, passed, standing.closed_gate());
        }
        tree.walk_passed(&question, passed, standing, places, places)
    }

    /// Decides with everything that rules may ask of a request.
    fn decide_special(&self, resource: RequestResource<'t>) -> Result<Decision, RequestError> {
        let head = self.head.with_resource(resource)?;
        let account = head.known_resource_account().filter(|_| self.account_slot.is_some());
        let values = &Listed { named: self.named, account_slot: self.account_slot, account };
        let (text, arena, known) = (head.resource.arn_text(), &self.tree.arena, KnownConditions::NONE);
        let (class, notes) = (self.class, self.notes);
        self.tree.answer(&head, &Question { text, head: Some(&head), arena, values, class, notes, known })
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
            with_scratch(self.room, |Sheet { epoch, found, class, notes }| {
                let named = Named { context: request.context(), keys: &self.keys, found, epoch: epoch.number() };
                named.prepare(self.switches.lazy);
                let ordinary = Ordinary::of(self, request.head(), &named);
                let mut listing = Listing {
                    tree: self,
                    head: request.head(),
                    named: &named,
                    class: self.actions.classify(&request.head().action, &self.arena, class),
                    is_plain: ordinary.is_some_and(|ordinary| self.is_plain(ordinary.kind())),
                    ordinary,
                    account_slot,
                    epoch,
                    notes,
                    before: None,
                    way: Way { passed: Passed::NONE, trail: Trail::new(), shared: usize::MAX },
                };
                decided.extend(resources.by_ref().take(MOST_AT_ONCE).map(|resource| listing.decide(resource)));
            });
            if decided.len() - before < MOST_AT_ONCE {
                return decided;
            }
        }
    }
}
