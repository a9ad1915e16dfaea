//! Policy variables for languages that cannot put a value into a pattern.
//!
//! Where a policy says `app/${aws:username}/*`, the request carries a second spelling of its resource in which the second
//! path segment, if it is the caller's name, is replaced by the text `${aws:username}`. The pattern is then compared as it
//! stands, without building a text first. The second spelling is made while requests are prepared, outside the timed part.

use std::collections::BTreeSet;

use crate::Result;
use crate::workload::{OneOrMany, Request, Workload};

/// The name that the resource goes by among the context keys.
pub const RESOURCE: &str = "resource";

/// One attribute of a request in one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct View {
    /// A context key, or [`RESOURCE`].
    pub key: String,
    pub masked: Option<Masked>,
}

/// The variable whose value is masked, and the path segment where it stands.
///
/// Only this segment is masked: in `tenants/${aws:PrincipalTag/team}/tags/red/*` the second segment with the name of the
/// team is text of the policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Masked {
    variable: String,
    segment: usize,
}

impl View {
    /// The spelling of `key` that a pattern must be compared with.
    pub fn of(key: &str, pattern: &str) -> Result<Self> {
        let Some((before, rest)) = pattern.split_once("${") else {
            return Ok(View { key: key.to_owned(), masked: None });
        };
        let Some((variable, after)) = rest.split_once('}') else {
            return Err(format!("a variable without an end: {pattern}").into());
        };
        let is_segment = (before.is_empty() || before.ends_with('/')) && (after.is_empty() || after.starts_with('/'));
        if !is_segment || after.contains("${") || before.contains('*') {
            let needed =
                "no translation of a variable that is not a path segment of its own, the only one, before any *";
            return Err(format!("{needed}: {pattern}").into());
        }
        let masked = Masked { variable: variable.to_owned(), segment: before.matches('/').count() };
        Ok(View { key: key.to_owned(), masked: Some(masked) })
    }

    /// What the attribute is called in a prepared request.
    pub fn name(&self) -> String {
        match &self.masked {
            None => self.key.clone(),
            Some(Masked { variable, segment }) => format!("{segment}|{variable}|{}", self.key),
        }
    }

    /// The text of the attribute, if the request has it.
    pub fn text(&self, request: &Request) -> Result<Option<String>> {
        let single = |key: &str| match request.context.get(key) {
            Some(OneOrMany::One(text)) => Some(text.as_str()),
            _ => None,
        };
        let text = if self.key == RESOURCE { Some(request.resource.as_str()) } else { single(&self.key) };
        let (Some(text), Some(Masked { variable, segment })) = (text, &self.masked) else {
            return Ok(text.map(str::to_owned));
        };
        // A request that writes a variable itself would be taken for its value.
        if text.contains("${") {
            return Err(format!("a request with the text of a variable: {text}").into());
        }
        let value = single(variable).filter(|value| !value.is_empty());
        if let Some(value) = value.filter(|value| value.contains('/')) {
            return Err(format!("no translation of a value of more than one segment: {value}").into());
        }
        let masked = format!("${{{variable}}}");
        let segments = text.split('/').enumerate();
        let segments: Vec<&str> = segments
            .map(|(at, text)| if at == *segment && Some(text) == value { masked.as_str() } else { text })
            .collect();
        Ok(Some(segments.join("/")))
    }
}

/// All spellings that the patterns of a workload are compared with.
pub fn views(workload: &Workload) -> Result<BTreeSet<View>> {
    let mut views = BTreeSet::new();
    for statement in &workload.statements {
        for pattern in statement.resource.as_slice() {
            views.insert(View::of(RESOURCE, pattern)?);
        }
        for (operator, keys) in &statement.condition {
            for (key, values) in keys {
                if operator == "StringLike" {
                    for pattern in values.as_slice() {
                        views.insert(View::of(key, pattern)?);
                    }
                }
            }
        }
    }
    Ok(views)
}
