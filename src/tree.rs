//! The compiled form of a set of policies, and the walk that decides.
//!
//! # How a request meets the tree
//!
//! ```text
//! Request ─ action ────────► class       the sets of actions that contain it, a bit each
//!         ─ resource ──────► candidates  a radix tree over the literal beginnings of the patterns; deny first
//!         ─ candidate ─────► conditions  each distinct condition exists once
//!         ─ facts ─────────► verdict     a pure function of what matched, and where
//! ```
//!
//! An action that has few candidates takes a short way: they are tested one by one, without the radix tree.
//!
//! Everything that repeats exists once: action lists, patterns, conditions, texts. Context keys are numbers
//! (slots). A variable is a step of a pattern that is compared with its value; no text is ever put together
//! (Rule L55).
//!
//! # Bounds
//!
//! A walk visits the patterns whose literal beginning is one of the request's resource and whose actions contain
//! the request's, tests each of them in time bounded by the product of the lengths of pattern and resource, and
//! evaluates each distinct condition that several matching statements share once (on the short way, once for each of
//! its at most twelve candidates). Of many patterns at one place that begin with a wildcard or a variable it tests
//! those whose longest literal the resource holds; of many statements there whose conditions demand a value of one
//! key, those that demand the value given. After its first request a thread allocates nothing.
//! `benches/instructions` counts shapes made to be slow; `DESIGN.md` explains.
//!
//! This room knows nothing of [`reference`](crate::reference), and shares no evaluation code with it.

mod action;
mod batch;
mod bound;
mod by_action;
mod condition;
mod entry;
mod few;
mod handle;
mod hash;
mod heading;
mod names;
mod needle;
mod ordinary;
mod pattern;
mod plain;
mod prefix;
mod principal;
mod print;
mod question;
mod resource;
mod scratch;
mod slots;
mod verdict;
mod walk;

use action::{ActionBuilder, ActionIndex};
pub use bound::BoundSession;
use bound::KnownConditions;
use by_action::ByActionBuilder;
use condition::{ConditionBuilder, ConditionId, Conditions};
pub use handle::{ActionHandle, KeyHandle};
use pattern::{Arena, ArenaBuilder};
use principal::Principals;
pub use print::TreeView;
use question::Question;
use resource::{Owner, ResourceBuilder, ResourceIndex};
use scratch::{Room, Sheet, with_scratch};
use slots::{KeyBuilder, KeyTable, Named, Slot};
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
    resources: ResourceIndex,
    denies: Branch,
    allows: Branch,
    principals: Box<[Principals]>,
    given: Given,
    /// Derived keys that some policy names: an unnamed caller must be given them (Rule E2).
    derived: Box<[Slot]>,
    /// The slot of `aws:ResourceAccount`, which each check of a bound session derives.
    resource_account: Option<Slot>,
    switches: Switches,
    /// What a decision needs to write down.
    room: Room,
    /// Tells handles of this tree from those of another.
    serial: u64,
}

/// The statements of one effect.
#[derive(Debug)]
struct Branch {
    /// What is read of the one that decides.
    ids: Box<[StatementId]>,
    /// Lists of conditions, one behind the other.
    conditions: Box<[ConditionId]>,
    /// Where this branch has statements.
    places: Places,
}

/// The number of a statement in its branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NodeId(u32);

/// A compiled statement, as far as actions and resources do not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    /// The only condition, or where the list of them begins in the conditions of the branch.
    first_condition: ConditionId,
    conditions: u32,
    /// Index in the principals of the tree, or [`NO_PRINCIPALS`].
    principals: u32,
}

const NO_PRINCIPALS: u32 = u32::MAX;

impl Node {
    fn principals(&self) -> Option<usize> {
        (self.principals != NO_PRINCIPALS).then_some(self.principals as usize)
    }
}

impl Branch {
    fn id(&self, node: NodeId) -> Option<StatementId> {
        self.ids.get(node.0 as usize).copied()
    }

    fn conditions_of<'b>(&'b self, node: &'b Node) -> &'b [ConditionId] {
        match node.conditions {
            1 => std::slice::from_ref(&node.first_condition),
            count => {
                let start = node.first_condition.0 as usize;
                self.conditions.get(start..start + count as usize).unwrap_or_default()
            }
        }
    }

    fn heap_bytes(&self) -> usize {
        self.ids.len() * size_of::<StatementId>() + self.conditions.len() * size_of::<ConditionId>()
    }
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

impl Given {
    /// Whether there are policies other than identity-based ones.
    fn has_more_than_identity(&self) -> bool {
        self.boundary
            || self.session
            || self.endpoint
            || self.resource.is_some()
            || self.service_control_levels > 0
            || self.resource_control
    }
}

/// Switches single optimisations off, so that tests can compare a tree with itself. None changes a decision.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    /// Look patterns of actions and resources up by their literal beginnings instead of testing all.
    pub prefixes: bool,
    /// Find actions that policies spell out by their hash.
    pub known_actions: bool,
    /// Find the statements of an action that few statements name by it alone.
    pub by_action: bool,
    /// Sort the entries of long lists by their actions and places.
    pub groups: bool,
    /// Find patterns without literal beginning by the longest text in them.
    pub needles: bool,
    /// Evaluate each condition that several statements share once a request.
    pub memo: bool,
    /// End the walk when nothing can change any more.
    pub early_end: bool,
    /// Evaluate conditions on the keys of a session when it is bound.
    pub binding: bool,
    /// Walk on, in a listing, from where a resource leaves the way of the one before.
    pub trail: bool,
    /// Work out once what actions that no rule singles out do not ask of each resource.
    pub ordinary: bool,
    /// Match patterns without wildcard before a last `*` without the general matcher.
    pub straight: bool,
    /// Look values up when a condition first asks for them.
    pub lazy: bool,
    /// Split the ARNs of a bound session as the patterns of their service are split.
    pub headings: bool,
    /// Decide the everyday checks of a bound session without what they cannot need.
    pub plain: bool,
    /// Find statements of crowded places by the value that their conditions demand of a key.
    pub values: bool,
}

impl Switches {
    /// Everything on.
    pub const ON: Switches = Switches {
        prefixes: true,
        known_actions: true,
        by_action: true,
        groups: true,
        needles: true,
        memo: true,
        early_end: true,
        binding: true,
        trail: true,
        ordinary: true,
        straight: true,
        lazy: true,
        headings: true,
        plain: true,
        values: true,
    };

    /// Everything on, and each alone off.
    pub fn each_off() -> [Switches; 16] {
        [
            Switches::ON,
            Switches { prefixes: false, ..Switches::ON },
            Switches { known_actions: false, ..Switches::ON },
            Switches { by_action: false, ..Switches::ON },
            Switches { groups: false, ..Switches::ON },
            Switches { needles: false, ..Switches::ON },
            Switches { memo: false, ..Switches::ON },
            Switches { early_end: false, ..Switches::ON },
            Switches { binding: false, ..Switches::ON },
            Switches { trail: false, ..Switches::ON },
            Switches { ordinary: false, ..Switches::ON },
            Switches { straight: false, ..Switches::ON },
            Switches { lazy: false, ..Switches::ON },
            Switches { headings: false, ..Switches::ON },
            Switches { plain: false, ..Switches::ON },
            Switches { values: false, ..Switches::ON },
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

    fn branch(&self, effect: Effect) -> &Branch {
        match effect {
            Effect::Deny => &self.denies,
            Effect::Allow => &self.allows,
        }
    }

    /// Bytes on the heap, sources and documents not counted.
    pub fn heap_bytes(&self) -> usize {
        let principals: usize = self.principals.iter().map(Principals::heap_bytes).sum();
        self.arena.heap_bytes()
            + self.keys.heap_bytes()
            + self.actions.heap_bytes()
            + self.conditions.heap_bytes()
            + self.resources.heap_bytes()
            + self.denies.heap_bytes()
            + self.allows.heap_bytes()
            + self.principals.len() * size_of::<Principals>()
            + principals
            + self.derived.len() * size_of::<Slot>()
    }
}

impl Evaluator for Tree {
    fn decide(&self, request: &Request<'_>) -> Result<Decision, RequestError> {
        with_scratch(self.room, |Sheet { epoch, found, class, notes }| {
            let values = Named { context: request.context(), keys: &self.keys, found, epoch: epoch.number() };
            values.prepare(self.switches.lazy);
            let class = self.actions.classify(&request.head().action, &self.arena, class);
            let head = request.head();
            let known = KnownConditions::NONE;
            let (text, arena) = (head.resource.arn_text(), &self.arena);
            self.answer(head, &Question { text, head: Some(head), arena, values: &values, class, notes, known })
        })
    }
}

/// Collects a set into the parts of a tree.
struct Compiler {
    switches: Switches,
    arena: ArenaBuilder,
    keys: KeyBuilder,
    actions: ActionBuilder,
    by_action: ByActionBuilder,
    conditions: ConditionBuilder,
    resources: ResourceBuilder,
    denies: BranchBuilder,
    allows: BranchBuilder,
    principals: Vec<Principals>,
}

struct BranchBuilder {
    ids: Vec<StatementId>,
    conditions: Vec<ConditionId>,
    places: Places,
}

impl BranchBuilder {
    fn new() -> Self {
        BranchBuilder { ids: Vec::new(), conditions: Vec::new(), places: Places::default() }
    }

    fn finish(self) -> Branch {
        Branch { ids: self.ids.into(), conditions: self.conditions.into(), places: self.places }
    }
}

impl Compiler {
    fn new(switches: Switches) -> Self {
        Compiler {
            switches,
            arena: ArenaBuilder::default(),
            keys: KeyBuilder::new(),
            actions: ActionBuilder::default(),
            by_action: ByActionBuilder::new(switches.by_action),
            conditions: ConditionBuilder::new(switches.straight),
            resources: ResourceBuilder::new(switches),
            denies: BranchBuilder::new(),
            allows: BranchBuilder::new(),
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
        let mut conditions: Vec<ConditionId> = statement
            .conditions
            .iter()
            .map(|condition| self.conditions.add(condition, statement.effect, &mut self.arena, &mut self.keys))
            .collect();
        conditions.sort_by_key(|id| self.conditions.cost(*id));
        let first_condition = match *conditions {
            [only] => only,
            _ => {
                let start = ConditionId(narrow(branch.conditions.len()));
                branch.conditions.extend_from_slice(&conditions);
                start
            }
        };
        let principals = statement.principal.as_ref().map(|element| {
            self.principals.push(Principals::compile(element, id.place.kind, set));
            narrow(self.principals.len() - 1)
        });
        let number = NodeId(narrow(branch.ids.len()));
        let node = Node {
            first_condition,
            conditions: narrow(conditions.len()),
            principals: principals.unwrap_or(NO_PRINCIPALS),
        };
        branch.ids.push(id);
        branch.places = branch.places.with(place);
        let actions = self.actions.add(&statement.actions);
        let owner = Owner { statement: number, node, actions, place, effect: statement.effect };
        let resources = statement.resources.as_ref();
        self.resources.add(owner, resources, &mut self.arena, &mut self.keys, &mut self.by_action);
    }

    fn finish(mut self, set: &PolicySet) -> Tree {
        let by_action = self.by_action.finish();
        let actions = self.actions.finish(&mut self.arena, &mut self.keys, by_action, self.switches);
        let derived = DERIVED_KEYS.iter().filter_map(|key| self.keys.mentioned(key)).collect();
        let resource_account = self.keys.mentioned("aws:ResourceAccount");
        let is_limited = !set.service_control_levels().is_empty() || !set.resource_control_levels().is_empty();
        self.keys.checks_read_all = is_limited || !self.principals.is_empty();
        let arena = self.arena.finish();
        let keys = self.keys.finish();
        let conditions = self.conditions.finish();
        let (denies, allows) = (self.denies.finish(), self.allows.finish());
        let resources = self.resources.finish(&arena, |entry| {
            let branch = if entry.effect == Effect::Deny { &denies } else { &allows };
            branch.conditions_of(&entry.node).iter().find_map(|id| conditions.demanded(*id))
        });
        let room =
            Room { slots: keys.len(), words: actions.words(), conditions: conditions.room(), lists: resources.room() };
        Tree {
            resources,
            denies,
            allows,
            arena,
            keys,
            actions,
            conditions,
            room,
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
            serial: handle::next_serial(),
        }
    }
}

#[cfg(test)]
mod tests;
