//! Looks at a tree: values, members, lists of them.

use std::fmt;
use std::marker::PhantomData;

use part::Part;

use super::tree::{Node, Tree, What};
use crate::source::Span;

/// A JSON value and the bytes it was read from. It is as small as a text, to be handed on.
#[derive(Clone, Copy)]
pub struct Value<'t> {
    pub(super) tree: &'t Tree,
    pub(super) node: u32,
}

/// A member of an object.
#[derive(Clone, Copy)]
pub struct Member<'t> {
    tree: &'t Tree,
    /// That of the name; the value stands behind it.
    node: u32,
}

/// What a JSON value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'t> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in the spelling of the source (`1.20` stays `1.20`).
    Number(&'t str),
    /// A string, escapes decoded.
    String(&'t str),
    /// A list.
    Array(Items<'t>),
    /// An object: its members in order, repeated names included.
    Object(Members<'t>),
}

/// The values of a list.
pub type Items<'t> = List<'t, Value<'t>>;

/// The members of an object.
pub type Members<'t> = List<'t, Member<'t>>;

/// Values or members, in order.
pub struct List<'t, T> {
    /// None if the list is empty and of no tree.
    tree: Option<&'t Tree>,
    /// The node of the first.
    node: u32,
    pub(super) length: u32,
    of: PhantomData<T>,
}

/// Goes through a [`List`].
pub struct Iter<'t, T> {
    rest: List<'t, T>,
}

impl<'t> Value<'t> {
    /// Where it stands, quotation marks and brackets included.
    #[inline]
    pub fn span(self) -> Span {
        self.tree.node(self.node).span
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> Kind<'t> {
        let Node { span, what, .. } = self.tree.node(self.node);
        match what {
            What::Null | What::Name(_) => Kind::Null,
            What::Bool(boolean) => Kind::Bool(boolean),
            What::Number(written) => Kind::Number(self.tree.text(span, written)),
            What::String(written) => Kind::String(self.tree.text(span, written)),
            What::Array(length) => Kind::Array(List::new(self.tree, self.node + 1, length)),
            What::Object(length) => Kind::Object(List::new(self.tree, self.node + 1, length)),
        }
    }

    /// The items of a list; any other value as the only item of one.
    pub(crate) fn one_or_many(self) -> Items<'t> {
        match self.kind() {
            Kind::Array(items) => items,
            _ => List::new(self.tree, self.node, 1),
        }
    }

    /// The kind of value in words, for messages.
    pub fn type_name(self) -> &'static str {
        match self.kind() {
            Kind::Null => "`null`",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Array(_) => "a list",
            Kind::Object(_) => "an object",
        }
    }
}

impl<'t> Member<'t> {
    /// The name, escapes decoded.
    #[inline]
    pub fn name(self) -> &'t str {
        let Node { span, what, .. } = self.tree.node(self.node);
        match what {
            What::Name(written) => self.tree.text(span, written),
            _ => "",
        }
    }

    /// Where the name stands, quotation marks included.
    #[inline]
    pub fn name_span(self) -> Span {
        self.tree.node(self.node).span
    }

    /// The value.
    #[inline]
    pub fn value(self) -> Value<'t> {
        Value { tree: self.tree, node: self.node + 1 }
    }
}

impl<'t, T: Part<'t>> List<'t, T> {
    #[inline]
    fn new(tree: &'t Tree, node: u32, length: u32) -> Self {
        List { tree: Some(tree), node, length, of: PhantomData }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first, if there is one.
    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }

    /// All of them in order.
    pub fn iter(&self) -> Iter<'t, T> {
        Iter { rest: *self }
    }
}

impl<'t> Members<'t> {
    /// The value of the first member of a name.
    pub fn get(&self, name: &str) -> Option<Value<'t>> {
        self.iter().find(|member| member.name() == name).map(|member| member.value())
    }
}

impl<'t, T: Part<'t>> Iterator for Iter<'t, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let List { tree: Some(tree), node, length, .. } = &mut self.rest else { return None };
        *length = length.checked_sub(1)?;
        let part = T::of(tree, *node);
        *node = tree.node(part.last_node()).behind;
        Some(part)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rest.len(), Some(self.rest.len()))
    }
}

impl<'t, T: Part<'t>> ExactSizeIterator for Iter<'t, T> {}

impl<'t, T: Part<'t>> IntoIterator for List<'t, T> {
    type Item = T;
    type IntoIter = Iter<'t, T>;

    fn into_iter(self) -> Iter<'t, T> {
        self.iter()
    }
}

/// What lists are of.
mod part {
    use super::{Member, Tree, Value};

    pub trait Part<'t>: Copy {
        fn of(tree: &'t Tree, node: u32) -> Self;

        /// The last of its own nodes; what that holds stands behind it.
        fn last_node(self) -> u32;
    }

    impl<'t> Part<'t> for Value<'t> {
        fn of(tree: &'t Tree, node: u32) -> Self {
            Value { tree, node }
        }

        fn last_node(self) -> u32 {
            self.node
        }
    }

    impl<'t> Part<'t> for Member<'t> {
        fn of(tree: &'t Tree, node: u32) -> Self {
            Member { tree, node }
        }

        fn last_node(self) -> u32 {
            self.node + 1
        }
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.span(), self.kind()) == (other.span(), other.kind())
    }
}

impl Eq for Value<'_> {}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl PartialEq for Member<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.name_span(), self.name(), self.value()) == (other.name_span(), other.name(), other.value())
    }
}

impl Eq for Member<'_> {}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Member").field(&self.name()).field(&self.value()).finish()
    }
}

// Not derived: what they are of is not held.
impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        List { tree: None, node: 0, length: 0, of: PhantomData }
    }
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Iter { rest: self.rest }
    }
}

impl<'t, T: Part<'t> + PartialEq> PartialEq for List<'t, T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'t, T: Part<'t> + Eq> Eq for List<'t, T> {}

impl<'t, T: Part<'t> + fmt::Debug> fmt::Debug for List<'t, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
