//! Trees that are written rather than read: what one reader understands, put into the shape that another one expects.

use super::tree::{Tree, What};
use super::value::{Kind, Value};
use crate::source::{Source, Span};

/// A value that is being written. Every part keeps the place it was read from, so that messages point there.
#[derive(Debug, Clone)]
pub(crate) enum Draft<'t> {
    /// A value as it was read, and all that is in it.
    Kept(Value<'t>),
    Bool(Span, bool),
    String(Span, String),
    Array(Span, Vec<Draft<'t>>),
    Object(Span, Vec<DraftMember<'t>>),
}

/// A member that is being written.
#[derive(Debug, Clone)]
pub(crate) struct DraftMember<'t> {
    pub name: String,
    pub name_span: Span,
    pub value: Draft<'t>,
}

impl Draft<'_> {
    /// The tree, whose places are those of `source`.
    pub(crate) fn tree(&self, source: &Source) -> Tree {
        let mut tree = Tree::new(source);
        self.add_to(&mut tree);
        tree
    }

    /// A draft is hardly deeper than what it was made from.
    fn add_to(&self, tree: &mut Tree) {
        match self {
            Draft::Kept(value) => tree.add(*value),
            Draft::Bool(span, boolean) => tree.add_scalar(*span, Kind::Bool(*boolean)),
            Draft::String(span, text) => tree.add_scalar(*span, Kind::String(text)),
            Draft::Array(span, items) => {
                let opened = tree.open();
                items.iter().for_each(|item| item.add_to(tree));
                tree.close(opened, *span, What::Array(count(items)));
            }
            Draft::Object(span, members) => {
                let opened = tree.open();
                for member in members {
                    tree.add_name(member.name_span, &member.name);
                    member.value.add_to(tree);
                }
                tree.close(opened, *span, What::Object(count(members)));
            }
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Draft::Kept(value) => value.span(),
            Draft::Bool(span, _) | Draft::String(span, _) | Draft::Array(span, _) | Draft::Object(span, _) => *span,
        }
    }
}

/// Drafts are made of what was read from a source, whose bytes 32 bits count.
fn count<T>(parts: &[T]) -> u32 {
    u32::try_from(parts.len()).unwrap_or(u32::MAX)
}
