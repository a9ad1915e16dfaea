//! A reach for people: a tree of prefixes.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Result};

use super::{Cut, Patterns, Reach, RemainingCondition, ResourceGrant, Service, is_of_leading_keys};
use crate::language::arn::Arn;

impl Display for Reach {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if self.grants.is_empty() {
            return writeln!(f, "nothing of S3 and DynamoDB");
        }
        for service in Service::ALL {
            let mut root = Node::default();
            for grant in self.grants.iter().filter(|grant| grant.service == service) {
                root.add(&path(&grant.resource), grant);
            }
            if !root.children.is_empty() {
                writeln!(f, "{}", service.prefix())?;
                root.write(f, 1)?;
            }
        }
        Ok(())
    }
}

/// A stretch of resource names that begin alike.
#[derive(Default)]
struct Node<'r> {
    children: BTreeMap<String, Node<'r>>,
    grants: Vec<&'r ResourceGrant>,
}

impl<'r> Node<'r> {
    fn add(&mut self, path: &[String], grant: &'r ResourceGrant) {
        match path.split_first() {
            Some((first, rest)) => self.children.entry(first.clone()).or_default().add(rest, grant),
            None => self.grants.push(grant),
        }
    }

    fn write(&self, f: &mut Formatter<'_>, depth: usize) -> Result {
        for (name, child) in &self.children {
            // A stretch that does not branch is one line.
            let (mut name, mut child) = (name.clone(), child);
            while let (true, Some((next, below)), 1) =
                (child.grants.is_empty(), child.children.iter().next(), child.children.len())
            {
                name.push_str(next);
                child = below;
            }
            writeln!(f, "{}{name}", indent(depth))?;
            child.grants.iter().try_for_each(|grant| write_grant(f, grant, depth + 1))?;
            child.write(f, depth + 1)?;
        }
        Ok(())
    }
}

/// The names on the way to a resource, each with its slash. The head of an ARN is one name, and left out if it only says
/// S3 of partition `aws`.
fn path(resource: &Patterns) -> Vec<String> {
    let pattern = resource.texts().next().unwrap_or_default();
    let Some(arn) = Arn::parse(pattern) else { return vec![pattern.to_owned()] };
    let head = pattern.strip_suffix(arn.resource()).unwrap_or_default();
    let mut path: Vec<String> = match head {
        "arn:aws:s3:::" => Vec::new(),
        head => vec![head.to_owned()],
    };
    // The tree is as deep as the path is long, and drawn by recursion: whatever is deeper is one name (T3).
    path.extend(split_inclusive(arn.resource(), MOST_NAMES));
    path
}

/// How deep a path is told apart.
const MOST_NAMES: usize = 64;

/// The names with their slashes, the last one whatever is left.
fn split_inclusive(text: &str, most: usize) -> Vec<String> {
    let mut names: Vec<String> = text.splitn(most, '/').map(|name| format!("{name}/")).collect();
    if let Some(last) = names.last_mut() {
        last.pop();
    }
    names.retain(|name| !name.is_empty());
    names
}

fn write_grant(f: &mut Formatter<'_>, grant: &ResourceGrant, depth: usize) -> Result {
    let prefix = format!("{}:", grant.service.prefix());
    let name = |text: &str| text.strip_prefix(&prefix).unwrap_or(text).to_owned();
    let actions: Vec<String> =
        grant.actions.iter().map(|patterns| patterns.texts().map(name).collect::<Vec<_>>().join(" and ")).collect();
    let mut line = actions.join(", ");
    if !grant.except_actions.is_empty() {
        let except: Vec<String> = grant.except_actions.iter().map(|text| name(text)).collect();
        line = format!("{line} but not {}", except.join(", "));
    }
    writeln!(f, "{}{line}", indent(depth))?;
    let depth = depth + 1;
    for pattern in grant.resource.texts().skip(1) {
        writeln!(f, "{}only where {pattern} matches too", indent(depth))?;
    }
    if grant.owner_must_allow {
        writeln!(f, "{}of another account: its owner has to allow it too", indent(depth))?;
    }
    if !grant.except_resources.is_empty() {
        writeln!(f, "{}but not {}", indent(depth), grant.except_resources.join(", "))?;
    }
    let leading = grant.leading_keys();
    if let Some((keys, is_vacuous)) = leading {
        let open = if is_vacuous { "; or a request that names no key" } else { "" };
        writeln!(f, "{}leading keys {}{open}", indent(depth), keys.join(", "))?;
    }
    // The line of leading keys has said that these conditions are there.
    let is_told = |condition: &&RemainingCondition| match leading {
        Some((keys, _)) if is_of_leading_keys(condition) => condition.operator != "Null" && condition.values != keys,
        _ => true,
    };
    for condition in grant.conditions.iter().filter(is_told) {
        writeln!(f, "{}if {}", indent(depth), sentence(condition))?;
    }
    grant.cuts.iter().try_for_each(|cut| write_cut(f, cut, depth))
}

fn write_cut(f: &mut Formatter<'_>, cut: &Cut, depth: usize) -> Result {
    let but_not = |except: &[String]| match except {
        [] => String::new(),
        except => format!(" but {}", except.join(", ")),
    };
    let (actions, resources) = (cut.actions.join(", "), cut.resources.join(", "));
    let (spared_actions, spared) = (but_not(&cut.except_actions), but_not(&cut.except_resources));
    write!(f, "{}denied: {actions}{spared_actions} on {resources}{spared}", indent(depth))?;
    for (index, condition) in cut.conditions.iter().enumerate() {
        write!(f, " {} {}", if index == 0 { "if" } else { "and" }, sentence(condition))?;
    }
    let place = cut.statement.statement.start_position;
    writeln!(f, "  ({}:{}:{})", cut.statement.source_policy_id, place.line, place.column)
}

fn sentence(condition: &RemainingCondition) -> String {
    format!("{} {} {}", condition.key, condition.operator, condition.values.join(", "))
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_paths_end_in_one_name() {
        assert_eq!(path(&Patterns::One("arn:aws:s3:::b/c//d/".to_owned())), ["b/", "c/", "/", "d/"]);
        assert_eq!(path(&Patterns::One("arn:aws:s3:::b".to_owned())), ["b"]);
        assert_eq!(path(&Patterns::One(format!("arn:aws:s3:::{}", "a/".repeat(30_000)))).len(), MOST_NAMES);
    }
}
