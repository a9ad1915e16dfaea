//! Writing a trace down while the exchange runs.

use super::{KeyTrace, LoginTrace, MappingTrace, RoleTrace, RuleTrace, TagTrace, Trace, TrustTrace};
use crate::cognito::choice::{Chosen, ChosenBy};
use crate::cognito::error::FlowKind;
use crate::cognito::login::Admitted;
use crate::cognito::pool::{MappingKind, Pool, RoleMapping};
use crate::cognito::rules::{RuleOutcome, Walk};
use crate::cognito::tags::Tag;
use crate::decision::{ContextText, Explanation, Outcome};
use crate::request::{ContextValue, Session};

impl Trace {
    pub(in crate::cognito) fn new(flow: FlowKind, pool: &Pool, identity_id: &str, guest: bool) -> Self {
        Trace {
            flow,
            identity_pool_id: pool.id().to_owned(),
            identity_id: identity_id.to_owned(),
            guest,
            logins: Vec::new(),
            role: None,
            tags: Vec::new(),
            trust: Vec::new(),
            session_policies: Vec::new(),
            session_keys: Vec::new(),
        }
    }

    pub(in crate::cognito) fn record_tags(&mut self, pool: &Pool, logins: &[Admitted<'_>], tags: &[Tag], shows: bool) {
        for login in logins {
            let mapped = pool.tag_map(login.provider).into_iter().flat_map(|map| map.tags());
            let given = login.login.tags_of_developer().iter().map(|(key, _)| (&**key, None));
            let is_developer = login.provider.tag_map_key().is_none();
            let named = mapped.map(|(key, claim)| (key, Some(claim))).chain(given.filter(|_| is_developer));
            self.tags.extend(named.map(|(key, claim)| {
                let tag = tags.iter().find(|tag| *tag.key == *key);
                let is_set = claim.is_none_or(|claim| login.claim(claim).is_some());
                TagTrace {
                    key: key.to_owned(),
                    provider: login.provider.login_key().to_owned(),
                    claim: claim.map(str::to_owned),
                    is_set,
                    value: tag.filter(|_| shows && is_set).map(|tag| tag.value.to_string()),
                }
            }));
        }
    }

    pub(in crate::cognito) fn record_session(&mut self, session: &Session, shows: bool) {
        let keys = session.context().map(|(key, value)| KeyTrace {
            key: key.to_owned(),
            value: shows.then(|| match value {
                ContextValue::Single(text) => ContextText::Single(text.to_string()),
                ContextValue::Multi(members) => {
                    ContextText::Multi(members.iter().map(|member| member.to_string()).collect())
                }
            }),
        });
        self.session_keys = keys.collect();
    }
}

impl RoleTrace {
    pub(in crate::cognito) fn new(arn: &str, chosen_by: ChosenBy) -> Self {
        RoleTrace { arn: arn.to_owned(), chosen_by }
    }
}

impl LoginTrace {
    /// A login that is admitted, and not yet looked at.
    pub(in crate::cognito) fn admitted(login: &Admitted<'_>) -> Self {
        LoginTrace {
            provider: login.provider.login_key().to_owned(),
            provider_kind: login.provider.kind(),
            mapping: None,
            role: None,
        }
    }

    pub(in crate::cognito) fn record_choice(&mut self, login: &Admitted<'_>, chosen: &Chosen<'_>) {
        self.mapping = chosen.mapping.as_ref().map(|(key, mapping)| MappingTrace {
            key: key.clone(),
            kind: match mapping.kind() {
                MappingKind::Token { .. } => "Token",
                MappingKind::Rules(_) => "Rules",
            },
            ambiguous_role_resolution: mapping.ambiguity(),
            rules: chosen.walk.map_or_else(Vec::new, |walk| rules(login, mapping, walk, chosen.is_custom)),
        });
        self.role = chosen.role.as_ref().ok().map(|(arn, by)| RoleTrace::new(arn, *by));
    }
}

/// The rules up to the one that ends the walk; all of them if a role was asked for.
fn rules(login: &Admitted<'_>, mapping: &RoleMapping, walk: Walk, is_custom: bool) -> Vec<RuleTrace> {
    let looked_at = match walk {
        Walk::At(index, _) if !is_custom => index + 1,
        Walk::At(..) | Walk::NoMatch => mapping.rules().len(),
    };
    let rules = mapping.rules().iter().enumerate().take(looked_at);
    let told = rules.map(|(index, rule)| RuleTrace {
        index,
        text: rule.to_string(),
        role_arn: rule.role_arn().to_owned(),
        outcome: rule.test(login.rule_claim(rule.claim())),
    });
    told.collect()
}

impl TrustTrace {
    pub(in crate::cognito) fn decided(action: &'static str, explanation: Explanation, shows: bool) -> Self {
        let is_told = shows && explanation.decision != Outcome::Allowed;
        TrustTrace {
            action,
            decision: Some(explanation.decision),
            statements: explanation.matched_statements.clone(),
            explanation: is_told.then(|| Box::new(explanation)),
            error: None,
        }
    }

    pub(in crate::cognito) fn failed(action: &'static str, error: String) -> Self {
        TrustTrace { action, decision: None, statements: Vec::new(), explanation: None, error: Some(error) }
    }
}

impl RuleOutcome {
    /// As a sentence says it.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            RuleOutcome::Matches => "matches",
            RuleOutcome::NoMatch => "does not match",
            RuleOutcome::ClaimAbsent => "claim absent",
            RuleOutcome::Undecidable => "cannot be decided",
        }
    }
}

impl ChosenBy {
    /// As a sentence says it.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            ChosenBy::Default => "the pool's default role",
            ChosenBy::PreferredRole => "`cognito:preferred_role`",
            ChosenBy::CustomRole => "the role asked for",
            ChosenBy::OnlyRole => "the only role of the assertion",
            ChosenBy::Rule => "a rule",
            ChosenBy::AmbiguousRoleResolution => "`AmbiguousRoleResolution`",
            ChosenBy::Client => "the client",
        }
    }
}
