//! A trace for people.

use std::fmt::{Display, Formatter, Result};

use super::{KeyTrace, LoginTrace, TagTrace, Trace, TrustTrace};
use crate::cognito::error::FlowKind;
use crate::decision::ContextText;

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let flow = match self.flow {
            FlowKind::Enhanced => "enhanced flow",
            FlowKind::Basic => "basic flow",
        };
        let who = if self.guest { "guest" } else { "identity" };
        writeln!(f, "{who} {} of pool {}, {flow}", self.identity_id, self.identity_pool_id)?;
        self.logins.iter().try_for_each(|login| write_login(f, login))?;
        // Of a single login, its own lines say it.
        match &self.role {
            Some(_) if matches!(self.logins.as_slice(), [only] if only.role.is_some()) => {}
            Some(role) => writeln!(f, "role {}, by {}", role.arn, role.chosen_by.phrase())?,
            None => writeln!(f, "no role")?,
        }
        self.tags.iter().try_for_each(|tag| write_tag(f, tag))?;
        self.trust.iter().try_for_each(|trust| write_trust(f, trust))?;
        self.session_policies.iter().try_for_each(|name| writeln!(f, "session policy {name}"))?;
        write_keys(f, &self.session_keys)
    }
}

fn write_login(f: &mut Formatter<'_>, login: &LoginTrace) -> Result {
    writeln!(f, "login {}, {}", login.provider, login.provider_kind.phrase())?;
    if let Some(mapping) = &login.mapping {
        writeln!(f, "  mapping {}, type {}", mapping.key, mapping.kind)?;
        for rule in &mapping.rules {
            writeln!(f, "    Rules[{}]  {}  {}", rule.index, rule.text, rule.outcome.phrase())?;
        }
    }
    match &login.role {
        Some(role) => writeln!(f, "  role {}, by {}", role.arn, role.chosen_by.phrase()),
        None => Ok(()),
    }
}

fn write_tag(f: &mut Formatter<'_>, tag: &TagTrace) -> Result {
    let origin = match &tag.claim {
        Some(claim) => format!("claim {claim}"),
        None => "the back end".to_owned(),
    };
    let value = match (&tag.value, tag.is_set) {
        (_, false) => "  left out: the claim is absent".to_owned(),
        (Some(value), true) => format!("  = {value}"),
        (None, true) => String::new(),
    };
    writeln!(f, "tag {} from {origin}{value}", tag.key)
}

fn write_trust(f: &mut Formatter<'_>, trust: &TrustTrace) -> Result {
    match (&trust.decision, &trust.error) {
        (Some(decision), _) => writeln!(f, "trust {}: {decision}", trust.action)?,
        (None, Some(error)) => writeln!(f, "trust {}: not decided, which denies: {error}", trust.action)?,
        (None, None) => writeln!(f, "trust {}: not decided, which denies", trust.action)?,
    }
    for matched in &trust.statements {
        let place = matched.statement.start_position;
        let name = match &matched.statement.sid {
            Some(sid) => sid.clone(),
            None => format!("Statement[{}]", matched.statement.index),
        };
        let file = &matched.source_policy_id;
        writeln!(f, "  {} {name}, {file}:{}:{}", matched.statement.effect.as_str(), place.line, place.column)?;
    }
    Ok(())
}

/// The names on one line; with their values, a line each.
fn write_keys(f: &mut Formatter<'_>, keys: &[KeyTrace]) -> Result {
    if !keys.is_empty() && keys.iter().all(|key| key.value.is_none()) {
        let names: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
        return writeln!(f, "keys {}", names.join(", "));
    }
    for KeyTrace { key, value } in keys {
        match value {
            None => writeln!(f, "key {key}")?,
            Some(ContextText::Single(text)) => writeln!(f, "key {key} = {text}")?,
            Some(ContextText::Multi(members)) => writeln!(f, "key {key} = [{}]", members.join(", "))?,
        }
    }
    Ok(())
}
