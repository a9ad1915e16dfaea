//! A tree as text, so that people can see what their policies became.

use std::fmt;
use std::sync::Arc;

use super::{Branch, NodeId, Tree};
use crate::document::{Effect, PolicySet, Statement};

/// A compiled tree with the policies it was made of, to be printed.
///
/// Each line adds to the beginning of the resource; below it stand the statements that hang there, with what is
/// left to test of their patterns, their actions and their conditions.
#[derive(Debug, Clone)]
pub struct TreeView<'e> {
    pub(crate) tree: &'e Tree,
    pub(crate) set: Arc<PolicySet>,
}

impl fmt::Display for TreeView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = self.tree;
        let statements = tree.denies.ids.len() + tree.allows.ids.len();
        writeln!(
            f,
            "{statements} statements, {} distinct conditions, {} context keys, {} bytes",
            tree.conditions.len(),
            tree.keys.len(),
            tree.heap_bytes()
        )?;
        for (effect, branch) in [(Effect::Deny, &tree.denies), (Effect::Allow, &tree.allows)] {
            writeln!(f, "{}", effect.as_str())?;
            self.branch(f, effect, branch)?;
        }
        Ok(())
    }
}

impl TreeView<'_> {
    fn branch(&self, f: &mut fmt::Formatter<'_>, effect: Effect, branch: &Branch) -> fmt::Result {
        let tree = self.tree;
        for (level, label, entries) in tree.resources.outline(effect, &tree.arena, |slot| tree.keys.name(slot)) {
            // The root of the radix tree has no label of its own.
            if entries.is_empty() && (label.is_empty() || level == 0) {
                continue;
            }
            let indent = "  ".repeat(level.max(1));
            writeln!(f, "{indent}{label}")?;
            for (rest, node) in entries {
                let rest = if rest.is_empty() { String::new() } else { format!("…{rest}  ") };
                writeln!(f, "{indent}  {rest}{}", self.statement(branch, node))?;
            }
        }
        Ok(())
    }

    /// Actions, conditions, and where the statement stands.
    fn statement(&self, branch: &Branch, node: NodeId) -> String {
        let Some(id) = branch.id(node) else { return String::new() };
        let (Some(document), Some(statement)) = (self.set.document(id.place), self.set.statement(id)) else {
            return id.to_string();
        };
        let position = document.source().position(statement.span.start);
        let name = match &statement.sid {
            Some(sid) if !sid.is_empty() => sid.to_string(),
            _ => format!("statement {}", id.statement),
        };
        format!(
            "{}{}  ← {name}, {}:{}:{}",
            actions(statement),
            conditions(statement),
            document.name(),
            position.line,
            position.column
        )
    }
}

fn actions(statement: &Statement) -> String {
    let entries: Vec<&str> = statement.actions.entries.iter().map(|entry| &*entry.text).collect();
    format!("{}{}", if statement.actions.negated { "all but " } else { "" }, entries.join(", "))
}

fn conditions(statement: &Statement) -> String {
    let condition = |condition: &crate::document::Condition| {
        let values: Vec<&str> = condition.values.iter().map(|value| &*value.text).collect();
        format!("{} {} [{}]", condition.operator, condition.key, values.join(", "))
    };
    let all: Vec<String> = statement.conditions.iter().map(condition).collect();
    if all.is_empty() { String::new() } else { format!("  if {}", all.join(" and ")) }
}
