//! The compiled form of a set of policies, and the walk that decides.
//!
//! # How a request meets the tree
//!
//! ```text
//! Request ─ action ────────► class       the sets of actions that contain it, a bit each
//!         ─ effect, resource ► candidates  a radix tree over the literal beginnings of the patterns; deny first
//!         ─ candidate ─────► conditions  each distinct condition once, evaluated at most once a request
//!         ─ facts ─────────► verdict     a pure function of what matched, and where
//! ```
//!
//! Everything that repeats exists once: action lists, patterns, conditions, texts. Context keys are numbers
//! (slots). A variable is a step of a pattern that is compared with its value; no text is ever put together
//! (Rule L55).
//!
//! # Bounds
//!
//! A walk visits the patterns whose literal beginning is one of the request's resource, tests each of them in
//! time bounded by the product of the lengths of pattern and resource, and evaluates each distinct condition of
//! the matching statements once. After its first request a thread allocates nothing.
//!
//! This room knows nothing of [`reference`](crate::reference), and shares no evaluation code with it.

mod action;
mod bound;
mod condition;
mod pattern;
mod prefix;
mod principal;
mod print;
mod resource;
mod scratch;
mod slots;
mod verdict;
mod walk;

use action::{ActionBuilder, ActionIndex, ActionSet};
pub use bound::{ActionHandle, BoundSession, KeyHandle};
use condition::{ConditionBuilder, ConditionId, Conditions};
use pattern::{Arena, ArenaBuilder};
use principal::Principals;
pub use print::TreeView;
use resource::{ResourceBuilder, ResourceIndex};
use scratch::with_scratch;
use slots::{Entries, KeyBuilder, KeyTable, Slot};
use verdict::{Place, Places};

use crate::decision::{Decision, Evaluator};
use crate::document::{Document, Effect, PolicyKind, PolicySet, Statement, StatementId};
use crate::request::{DERIVED_KEYS, Request, RequestError};

/// A compiled set of policies.
#[derive(Debug)]
pub struct Tree {
    arena: Arena,
    keys: KeyTable,
    actions: ActionIndex,
    conditions: Conditions,
    denies: Branch,
    allows: Branch,
    principals: Box<[Principals]>,
    given: Given,
    /// Derived keys that some policy names: an unnamed caller must be given them (Rule E2).
    derived: Box<[Slot]>,
    /// The slot of `aws:ResourceAccount`, which each check of a bound session derives.
    resource_account: Option<Slot>,
    switches: Switches,
    /// Tells handles of this tree from those of another.
    serial: u64,
}

/// The statements of one effect.
#[derive(Debug)]
struct Branch {
    statements: Box<[Node]>,
    /// Lists of conditions, one behind the other.
    conditions: Box<[ConditionId]>,
    resources: ResourceIndex<NodeId>,
    /// Where this branch has statements.
    places: Places,
}

/// The number of a statement in its branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NodeId(u32);

/// A compiled statement.
#[derive(Debug)]
struct Node {
    id: StatementId,
    place: Place,
    actions: ActionSet,
    /// Range in the conditions of the branch.
    conditions: std::ops::Range<u32>,
    /// Index in the principals of the tree.
    principals: Option<u32>,
}

/// Which kinds of policy a set holds.
#[derive(Debug, Clone, Copy)]
struct Given {
    identity: bool,
    boundary: bool,
    session: bool,
    endpoint: bool,
    resource: Option<PolicyKind>,
    service_control_levels: u32,
    resource_control: bool,
}

/// Switches single optimisations off, so that tests can compare a tree with itself. None changes a decision.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// Look patterns of actions and resources up by their literal beginnings instead of testing all.
    pub prefixes: bool,
    /// Evaluate each distinct condition once a request.
    pub memo: bool,
    /// End the walk when nothing can change any more.
    pub early_end: bool,
    /// Evaluate conditions on the keys of a session when it is bound.
    pub binding: bool,
}

impl Switches {
    /// Everything on.
    pub const ON: Switches = Switches { prefixes: true, memo: true, early_end: true, binding: true };

    /// Everything on, and each alone off.
    pub fn each_off() -> [Switches; 5] {
        [
            Switches::ON,
            Switches { prefixes: false, ..Switches::ON },
            Switches { memo: false, ..Switches::ON },
            Switches { early_end: false, ..Switches::ON },
            Switches { binding: false, ..Switches::ON },
        ]
    }
}

impl Tree {
    /// Compiles a set of policies that passed [`PolicySet::check`].
    pub fn compile(set: &PolicySet) -> Self {
        Tree::compile_with(set, Switches::ON)
    }

    #[doc(hidden)]
    pub fn compile_with(set: &PolicySet, switches: Switches) -> Self {
        let mut compiler = Compiler::new(switches);
        for (place, document) in set.documents() {
            for (statement, index) in document.statements().iter().zip(0..) {
                compiler.statement(StatementId { place, statement: index }, statement, set);
            }
        }
        compiler.finish(set)
    }

    /// Bytes on the heap, sources and documents not counted.
    pub fn heap_bytes(&self) -> usize {
        let branch = |branch: &Branch| {
            branch.statements.len() * size_of::<Node>()
                + branch.conditions.len() * size_of::<ConditionId>()
                + branch.resources.heap_bytes()
        };
        self.arena.heap_bytes()
            + self.actions.heap_bytes()
            + self.conditions.heap_bytes()
            + branch(&self.denies)
            + branch(&self.allows)
    }
}

impl Evaluator for Tree {
    fn decide(&self, request: &Request<'_>) -> Result<Decision, RequestError> {
        with_scratch(|scratch| {
            scratch.fit(self.keys.len(), self.conditions.len());
            for (entry, index) in request.context().entries().iter().zip(0..) {
                if let Some(slot) = self.keys.find(&entry.key) {
                    scratch.fill(slot, index);
                }
            }
            self.actions.classify(&request.action(), &self.arena, &mut scratch.class);
            let (question, memo) = scratch.question(request.head(), Entries::Named(request.context().entries()));
            self.answer(&question, memo)
        })
    }
}

/// Collects a set into the parts of a tree.
struct Compiler {
    switches: Switches,
    arena: ArenaBuilder,
    keys: KeyBuilder,
    actions: ActionBuilder,
    conditions: ConditionBuilder,
    denies: BranchBuilder,
    allows: BranchBuilder,
    principals: Vec<Principals>,
}

struct BranchBuilder {
    statements: Vec<Node>,
    conditions: Vec<ConditionId>,
    resources: ResourceBuilder<NodeId>,
    places: Places,
}

impl BranchBuilder {
    fn new(switches: Switches) -> Self {
        BranchBuilder {
            statements: Vec::new(),
            conditions: Vec::new(),
            resources: ResourceBuilder::new(switches.prefixes),
            places: Places::default(),
        }
    }

    fn finish(self) -> Branch {
        Branch {
            statements: self.statements.into(),
            conditions: self.conditions.into(),
            resources: self.resources.finish(),
            places: self.places,
        }
    }
}

impl Compiler {
    fn new(switches: Switches) -> Self {
        Compiler {
            switches,
            arena: ArenaBuilder::default(),
            keys: KeyBuilder::new(),
            actions: ActionBuilder::default(),
            conditions: ConditionBuilder::default(),
            denies: BranchBuilder::new(switches),
            allows: BranchBuilder::new(switches),
            principals: Vec::new(),
        }
    }

    fn statement(&mut self, id: StatementId, statement: &Statement, set: &PolicySet) {
        let branch = match statement.effect {
            Effect::Deny => &mut self.denies,
            Effect::Allow => &mut self.allows,
        };
        let place = match id.place.kind {
            PolicyKind::Identity => Place::Identity,
            PolicyKind::Boundary => Place::Boundary,
            PolicyKind::Session => Place::Session,
            PolicyKind::ServiceControl => Place::ServiceControl,
            PolicyKind::ResourceControl => Place::ResourceControl,
            PolicyKind::Resource | PolicyKind::Trust => Place::Resource,
            PolicyKind::Endpoint => Place::Endpoint,
        };
        let narrow = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let first_condition = narrow(branch.conditions.len());
        for condition in &statement.conditions {
            let id = self.conditions.add(condition, statement.effect, &mut self.arena, &mut self.keys);
            branch.conditions.push(id);
        }
        let principals = statement.principal.as_ref().map(|element| {
            self.principals.push(Principals::compile(element, id.place.kind, set));
            narrow(self.principals.len() - 1)
        });
        let node = NodeId(narrow(branch.statements.len()));
        branch.statements.push(Node {
            id,
            place,
            actions: self.actions.add(&statement.actions),
            conditions: first_condition..narrow(branch.conditions.len()),
            principals,
        });
        branch.places = branch.places.with(place);
        let resources = statement.resources.as_ref();
        branch.resources.add(node, statement.effect, resources, &mut self.arena, &mut self.keys);
    }

    fn finish(mut self, set: &PolicySet) -> Tree {
        let actions = self.actions.finish(&mut self.arena, &mut self.keys, self.switches.prefixes);
        let derived = DERIVED_KEYS.iter().filter_map(|key| self.keys.mentioned(key)).collect();
        let resource_account = self.keys.mentioned("aws:ResourceAccount");
        Tree {
            arena: self.arena.finish(),
            keys: self.keys.finish(),
            actions,
            conditions: self.conditions.finish(),
            denies: self.denies.finish(),
            allows: self.allows.finish(),
            principals: self.principals.into(),
            given: Given {
                identity: !set.identity_documents().is_empty(),
                boundary: set.boundary_document().is_some(),
                session: !set.session_documents().is_empty(),
                endpoint: set.endpoint_document().is_some(),
                resource: set.resource_document().map(Document::kind),
                service_control_levels: u32::try_from(set.service_control_levels().len()).unwrap_or(u32::MAX),
                resource_control: !set.resource_control_levels().is_empty(),
            },
            derived,
            resource_account,
            switches: self.switches,
            serial: bound::next_serial(),
        }
    }
}

#[cfg(test)]
mod tests;
