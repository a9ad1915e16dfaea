//! Many resources of one caller and one action: a listing that is to be filtered.
//!
//! What does not depend on the resource is done once: the class of the action, the values of keys, conditions that
//! several statements share. Each resource costs its own walk, from where it leaves that of the one before.

use super::Tree;
use super::bound::KnownConditions;
use super::few::Short;
use super::ordinary::Ordinary;
use super::prefix::Trail;
use super::question::Question;
use super::resource::Passed;
use super::scratch::{MOST_AT_ONCE, Sheet, with_scratch};
use super::slots::{Named, Slot, ValueRef, Values};
use crate::decision::Decision;
use crate::language::arn::Arn;
use crate::request::{Request, RequestError, RequestResource};
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

/// The resource before, of which the next one often has the beginning: a listing is sorted more often than not.
struct Before<'t>(Option<Arn<'t>>);

impl<'t> Before<'t> {
    /// Reads the next resource; returns how many bytes it shares with the one before.
    fn parse(&mut self, text: &'t str, is_used: bool) -> Result<(RequestResource<'t>, usize), RequestError> {
        let Some(before) = self.0.filter(|_| is_used) else {
            let resource = RequestResource::parse(text)?;
            self.note(&resource);
            return Ok((resource, 0));
        };
        let common = bytes::common(before.as_str().as_bytes(), text.as_bytes());
        let resource = match before.parse_like(text, common) {
            Some(arn) => RequestResource::Arn(arn),
            None => RequestResource::parse(text)?,
        };
        self.note(&resource);
        Ok((resource, common))
    }

    fn note(&mut self, resource: &RequestResource<'t>) {
        self.0 = match resource {
            RequestResource::Arn(arn) => Some(*arn),
            RequestResource::None => None,
        };
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
                named.prepare(self.switches.lazy);
                let class = self.actions.classify(&request.head().action, &self.arena, class);
                let known = KnownConditions::NONE;
                let head = request.head();
                let ordinary = Ordinary::of(self, head, &named);
                let (mut before, mut passed, mut trail) = (Before(None), Passed::NONE, Trail::new());
                let mut shared = usize::MAX;
                let decide = |resource: &'t str| {
                    let (resource, common) = before.parse(resource, self.switches.trail)?;
                    // What the last walked one shares with all behind it.
                    shared = shared.min(common);
                    notes = match account_slot {
                        // Results of conditions hold for the next resource too.
                        None => notes.for_another_text(epoch),
                        Some(_) => notes.for_another_request(epoch),
                    };
                    if let Some(ordinary) = &ordinary
                        && let Some((standing, account)) = ordinary.standing(
                            head.principal.text().unwrap_or_default(),
                            head.named_account(),
                            &resource,
                        )
                    {
                        let values = Listed { named: &named, account_slot, account };
                        let (text, head, places) = (resource.arn_text(), None, ordinary.applicable());
                        return Ok(match class.few() {
                            Some(few) => {
                                let short = Short { text, head, values: &values, known };
                                self.walk_few(few, &short, &standing, places, places)
                            }
                            None => {
                                let (arena, values) = (&self.arena, &values);
                                let question = Question { text, head, arena, values, class, notes, known };
                                self.resources.pass_on(text, shared, &mut passed, &mut trail);
                                shared = usize::MAX;
                                self.walk_passed(&question, &passed, &standing, places, places)
                            }
                        });
                    }
                    let head = head.with_resource(resource)?;
                    let account = head.known_resource_account().filter(|_| account_slot.is_some());
                    let values = Listed { named: &named, account_slot, account };
                    let (text, arena) = (head.resource.arn_text(), &self.arena);
                    let question = Question { text, head: Some(&head), arena, values: &values, class, notes, known };
                    self.answer(&head, &question)
                };
                decided.extend(resources.by_ref().take(MOST_AT_ONCE).map(decide));
            });
            if decided.len() - before < MOST_AT_ONCE {
                return decided;
            }
        }
    }
}
