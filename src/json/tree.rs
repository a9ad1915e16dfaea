//! The tree: one list of small nodes in the order of the text.
//!
//! Nothing in it has an allocation of its own but what is written with escapes, so a tree of a hundred thousand values
//! is built and dropped like one. [`Value`] and what it holds are looks at it, made when asked for.

use std::fmt;
use std::sync::Arc;

use super::value::{Kind, Value};
use crate::source::{Source, Span};

/// JSON as it was read: a value and all that is in it.
///
/// # Examples
///
/// ```
/// use iamtree::json::{self, Kind, Limits};
/// use iamtree::source::Source;
///
/// let source = Source::new("limits.json", r#"{"Rate": [1.20, "x"]}"#);
/// let tree = json::parse(&source, &Limits::default())?;
/// let Kind::Object(members) = tree.root().kind() else { panic!("not an object") };
/// let rate = members.get("Rate").expect("a member");
/// assert_eq!(source.slice(rate.span()), r#"[1.20, "x"]"#);
///
/// let Kind::Array(items) = rate.kind() else { panic!("not a list") };
/// let kinds: Vec<Kind<'_>> = items.iter().map(|item| item.kind()).collect();
/// assert_eq!(kinds, [Kind::Number("1.20"), Kind::String("x")]);
/// # Ok::<(), Box<iamtree::source::Diagnostic>>(())
/// ```
#[derive(Clone)]
pub struct Tree {
    text: Arc<str>,
    nodes: Vec<Node>,
    /// The texts that do not stand in the source as they are.
    apart: Vec<Box<str>>,
}

/// A value, or the name of a member, which stands before its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub span: Span,
    /// The node behind it and all that is in it.
    pub behind: u32,
    pub what: What,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Name(Written),
    Null,
    Bool(bool),
    Number(Written),
    String(Written),
    /// So many values, which stand behind it.
    Array(u32),
    /// So many members, each of which is a name and a value.
    Object(u32),
}

/// Where the text of a node stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Written {
    /// It is what stands at its place.
    Bare,
    /// The same between two quotation marks.
    Quoted,
    /// It is one of [`Tree::apart`].
    Apart(u32),
}

/// A list or object that was begun: its node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened(usize);

impl Tree {
    /// The outermost value.
    pub fn root(&self) -> Value<'_> {
        Value { tree: self, node: 0 }
    }

    /// The list or object that was opened, once it is closed.
    #[cfg(feature = "yaml")]
    pub(crate) fn opened(&self, Opened(node): Opened) -> Value<'_> {
        Value { tree: self, node: u32::try_from(node).unwrap_or(u32::MAX) }
    }

    /// The value that stands at a place, the outermost if there are several.
    pub(crate) fn at(&self, span: Span) -> Option<Value<'_>> {
        let first = self.nodes.partition_point(|node| node.span.start < span.start);
        let mut here = (first..).zip(self.nodes.get(first..)?).take_while(|(_, node)| node.span.start == span.start);
        let is_value = |node: &Node| node.span == span && !matches!(node.what, What::Name(_));
        let (node, _) = here.find(|(_, node)| is_value(node))?;
        Some(Value { tree: self, node: u32::try_from(node).ok()? })
    }

    #[inline]
    pub(super) fn node(&self, node: u32) -> Node {
        // All that is handed out has a node.
        const NONE: Node = Node { span: Span { start: 0, end: 0 }, behind: u32::MAX, what: What::Null };
        self.nodes.get(node as usize).copied().unwrap_or(NONE)
    }

    #[inline]
    pub(super) fn text(&self, Span { start, end }: Span, written: Written) -> &str {
        let (start, end) = (start as usize, end as usize);
        let text = match written {
            Written::Bare => self.text.get(start..end),
            Written::Quoted => self.text.get(start + 1..end - 1),
            Written::Apart(number) => self.apart.get(number as usize).map(|text| &**text),
        };
        text.unwrap_or_default()
    }
}

/// Building: values are added in the order of the text, what is in a list or object behind its node.
impl Tree {
    pub(crate) fn new(source: &Source) -> Self {
        Tree { text: source.shared(), nodes: Vec::new(), apart: Vec::new() }
    }

    pub(super) fn reserve(&mut self, nodes: usize) {
        self.nodes.reserve_exact(nodes);
    }

    /// Adds a value that holds no others, or a name.
    #[inline]
    pub(super) fn push(&mut self, span: Span, what: What) {
        let behind = self.next() + 1;
        self.nodes.push(Node { span, behind, what });
    }

    /// The next node. There are no more of them than bytes in a source, which 32 bits count.
    fn next(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX - 1)
    }

    /// Adds a value as it was read from another tree, and what is in it.
    pub(crate) fn add(&mut self, value: Value<'_>) {
        let span = value.span();
        match value.kind() {
            Kind::Array(items) => {
                let node = self.open();
                items.iter().for_each(|item| self.add(item));
                self.close(node, span, What::Array(items.length));
            }
            Kind::Object(members) => {
                let node = self.open();
                for member in members {
                    self.add_name(member.name_span(), member.name());
                    self.add(member.value());
                }
                self.close(node, span, What::Object(members.length));
            }
            scalar => self.add_scalar(span, scalar),
        }
    }

    /// Adds a value that holds no others.
    pub(crate) fn add_scalar(&mut self, span: Span, kind: Kind<'_>) {
        let what = match kind {
            Kind::Null => What::Null,
            Kind::Bool(boolean) => What::Bool(boolean),
            Kind::Number(text) => What::Number(self.written(span, text)),
            Kind::String(text) => What::String(self.written(span, text)),
            Kind::Array(_) => What::Array(0),
            Kind::Object(_) => What::Object(0),
        };
        self.push(span, what);
    }

    /// Adds the name of a member; its value is to follow.
    pub(crate) fn add_name(&mut self, span: Span, name: &str) {
        let written = self.written(span, name);
        self.push(span, What::Name(written));
    }

    /// Begins a list or object, which [`Tree::close`] ends.
    pub(crate) fn open(&mut self) -> Opened {
        self.push(Span::default(), What::Null);
        Opened(self.nodes.len() - 1)
    }

    /// Ends a list or object; `what` says how much is in it.
    pub(crate) fn close(&mut self, Opened(node): Opened, span: Span, what: What) {
        let behind = self.next();
        if let Some(opened) = self.nodes.get_mut(node) {
            *opened = Node { span, behind, what };
        }
    }

    /// Where a text stands that was read at a place: there, if it was written as it reads.
    fn written(&mut self, span: Span, text: &str) -> Written {
        match self.text.get(span.start as usize..span.end as usize) {
            Some(here) if here == text => Written::Bare,
            Some(here) if here.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(text) => {
                Written::Quoted
            }
            _ => self.set_apart(text),
        }
    }

    /// Keeps a text that does not stand in the source as it reads.
    pub(super) fn set_apart(&mut self, text: &str) -> Written {
        let number = u32::try_from(self.apart.len()).unwrap_or(u32::MAX);
        self.apart.push(text.into());
        Written::Apart(number)
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl Eq for Tree {}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().fmt(f)
    }
}
