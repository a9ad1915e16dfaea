//! One statement against one request (Rules L22 to L24, L34 to L41, L60, L61, E8).

use super::{operator, principal, wildcard};
use crate::document::{Condition, Document, Effect, PolicySet, Statement, StatementId};
use crate::language::action::ActionPattern;
use crate::language::arn::ResourcePattern;
use crate::language::pattern::Tokens;
use crate::request::{Request, RequestAction, RequestResource};

/// A statement of a set, and the request it is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'q> {
    pub set: &'q PolicySet,
    pub request: &'q Request<'q>,
    pub document: &'q Document,
    pub statement: &'q Statement,
    pub id: StatementId,
}

/// How an entry of `Resource` or `NotResource` stands to the resource of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Matches,
    Differs,
    /// A variable of it has no value, so it matches no resource (Rules L60, L61).
    NoValue,
}

impl<'q> Asked<'q> {
    /// Rule E8: the statement applies if action, resource and conditions match and the caller is covered.
    pub(super) fn applies(self) -> bool {
        self.action_matches() && self.resource_matches() && self.conditions_hold() && principal::covers(self)
    }

    /// Rule L24: some entry of `Action`, no entry of `NotAction`.
    pub(super) fn action_matches(self) -> bool {
        let actions = &self.statement.actions;
        let some = actions.entries.iter().any(|entry| action_entry_matches(&entry.pattern, self.request.action()));
        some != actions.negated
    }

    /// Rule L41: some entry of `Resource`, no entry of `NotResource`. Rule E33: a trust policy has neither, and
    /// speaks of its role.
    pub(super) fn resource_matches(self) -> bool {
        let Some(resources) = &self.statement.resources else { return true };
        let fits: Vec<Fit> = resources.entries.iter().map(|entry| self.resource_fit(&entry.pattern)).collect();
        let some = fits.contains(&Fit::Matches);
        if !resources.negated {
            return some;
        }
        // Rule L61: each effect takes the restrictive reading of an entry without a value.
        let is_unknown = fits.contains(&Fit::NoValue);
        !some && (!is_unknown || self.statement.effect == Effect::Deny)
    }

    /// Rules L34, L40: one entry against the resource of the request.
    pub(super) fn resource_fit(self, pattern: &ResourcePattern) -> Fit {
        let ResourcePattern::Arn(template) = pattern else { return Fit::Matches };
        let pieces = wildcard::of_resource(template, self.request.context());
        if pieces.iter().any(|piece| matches!(piece, wildcard::Piece::NoValue(_))) {
            return Fit::NoValue;
        }
        match self.request.resource() {
            RequestResource::Arn(arn) if wildcard::matches(&pieces, arn.as_str()) => Fit::Matches,
            RequestResource::Arn(_) | RequestResource::None => Fit::Differs,
        }
    }

    /// Rule L70: every condition.
    fn conditions_hold(self) -> bool {
        self.statement.conditions.iter().all(|condition| self.condition_holds(condition))
    }

    /// One condition.
    pub(super) fn condition_holds(self, condition: &Condition) -> bool {
        operator::holds(condition, self)
    }
}

/// Rules L22, L23: service with service and name with name, without regard to ASCII case.
fn action_entry_matches(pattern: &ActionPattern, action: RequestAction<'_>) -> bool {
    match pattern {
        ActionPattern::All => true,
        ActionPattern::Named(named) => {
            action_part_matches(named.service(), action.service) && action_part_matches(named.name(), action.name)
        }
    }
}

fn action_part_matches(pattern: Tokens<'_>, text: &str) -> bool {
    wildcard::matches(&wildcard::of_action_part(pattern), &text.to_ascii_lowercase())
}
