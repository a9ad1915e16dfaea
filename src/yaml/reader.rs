//! Events of the parser → tree.

use std::collections::HashSet;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::offsets::Offsets;
use super::scalar;
use crate::json::{Kind, Limits, Opened, Tree, What};
use crate::source::{Diagnostic, Source, Span, quote};

type Result<T> = std::result::Result<T, Box<Diagnostic>>;

pub(super) fn read(source: &Source, limits: &Limits) -> Result<Tree> {
    let text = source.text();
    if text.len() > limits.bytes {
        return Err(Box::new(
            source
                .mistake("L19", Span::default(), "the text is too long")
                .found(format!("{} bytes", text.len()))
                .expected(format!("at most {} bytes", limits.bytes)),
        ));
    }
    characters(source)?;
    let mut builder = Builder { source, limits, open: Vec::new(), tree: Tree::new(source), is_complete: false };
    let offsets = Offsets::new(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| Box::new(syntax(source, &offsets, &error)))?;
        builder.event(event, offsets.span(span))?;
    }
    match builder.is_complete {
        true => Ok(builder.tree),
        false => Err(Box::new(source.mistake("L1", source.end(), "the text is empty").expected("YAML"))),
    }
}

/// What YAML calls printable, section 5.1; the parser would take U+0000 for the end of the text.
fn characters(source: &Source) -> Result<()> {
    let is_printable = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
            && c != '\u{feff}'
    };
    let Some((at, character)) = source.text().char_indices().find(|&(_, character)| !is_printable(character)) else {
        return Ok(());
    };
    let span = Span::new(at, at + character.len_utf8());
    let diagnostic = match (at, character) {
        (0, '\u{feff}') => source
            .mistake("L1", span, "the text begins with a byte-order mark")
            .help("save the file as UTF-8 without a byte-order mark"),
        _ => source.mistake("L1", span, "a character that YAML does not allow"),
    };
    Err(Box::new(diagnostic.found(format!("U+{:04X}", u32::from(character))).expected("printable characters")))
}

fn syntax(source: &Source, offsets: &Offsets<'_>, error: &ScanError) -> Diagnostic {
    let at = offsets.byte(error.marker().index());
    let found = source.text().get(at..).and_then(|rest| rest.chars().next());
    let span = Span::new(at, at + found.map_or(0, char::len_utf8));
    let found = found.map_or("the end of the text".to_owned(), |character| quote(&character.to_string()));
    source.mistake("L1", span, format!("the text is not YAML: {}", error.info())).found(found)
}

/// Puts the tree together. What is open is a list, not a recursion: depth costs no stack.
struct Builder<'s> {
    source: &'s Source,
    limits: &'s Limits,
    open: Vec<Open>,
    tree: Tree,
    /// Whether the outermost value has ended.
    is_complete: bool,
}

/// A mapping or sequence whose end has not come.
struct Open {
    start: Span,
    opened: Opened,
    is_mapping: bool,
    /// How many values or members it has.
    length: u32,
    /// In a mapping, the place of the name whose value has not come.
    name: Option<Span>,
    /// Where the last value ends.
    end: Option<u32>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<()> {
        match event {
            Event::DocumentStart(_) if self.is_complete => Err(self.refuse(span, "a second document", "one document")),
            Event::Alias(_) => Err(self.refuse(span, "an alias", "the value itself")),
            Event::Scalar(text, style, anchor, tag) => {
                self.plain_node(span, anchor, tag.is_some())?;
                self.scalar(&text, style, span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain_node(span, anchor, tag.is_some())?;
                self.open(span, false)
            }
            Event::MappingStart(anchor, tag) => {
                self.plain_node(span, anchor, tag.is_some())?;
                self.open(span, true)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn refuse(&self, span: Span, found: &str, expected: &str) -> Box<Diagnostic> {
        Box::new(self.source.mistake("L1", span, "more than plain YAML").found(found).expected(expected))
    }

    fn plain_node(&self, span: Span, anchor: usize, tagged: bool) -> Result<()> {
        match (anchor, tagged) {
            (0, false) => Ok(()),
            (0, true) => Err(self.refuse(span, "a tag", "a value without one")),
            _ => Err(self.refuse(span, "an anchor", "a value without one")),
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<()> {
        if let Some(Open { is_mapping: true, name: name @ None, .. }) = self.open.last_mut() {
            if text.is_empty() && style == ScalarStyle::Plain {
                return Err(self.refuse(span, "a member without a name", "a name"));
            }
            *name = Some(span);
            self.tree.add_name(span, text);
            return Ok(());
        }
        self.tree.add_scalar(span, scalar::kind(text, style));
        self.ended(span);
        Ok(())
    }

    fn open(&mut self, span: Span, is_mapping: bool) -> Result<()> {
        if let Some(Open { is_mapping: true, name: None, .. }) = self.open.last() {
            return Err(self.refuse(span, "a list or mapping as the name of a member", "a text"));
        }
        let opened = self.tree.open();
        self.open.push(Open { start: span, opened, is_mapping, length: 0, name: None, end: None });
        if self.open.len() > self.limits.depth {
            return Err(Box::new(
                self.source
                    .mistake("L19", span, "the text is nested too deeply")
                    .found(format!("level {}", self.open.len()))
                    .expected(format!("at most {} levels", self.limits.depth)),
            ));
        }
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<()> {
        let Some(Open { start, opened, is_mapping, length, end: last, .. }) = self.open.pop() else { return Ok(()) };
        // The end of a block is found where the next thing begins, many lines further down perhaps.
        let span = Span { start: start.start, end: end.end };
        let is_flow = self.source.slice(span).starts_with(['{', '[']);
        let end = if is_flow { end.end } else { last.unwrap_or(start.end) };
        let span = Span { end, ..span };
        let what = if is_mapping { What::Object(length) } else { What::Array(length) };
        self.tree.close(opened, span, what);
        self.once_each(opened)?;
        self.ended(span);
        Ok(())
    }

    fn once_each(&self, opened: Opened) -> Result<()> {
        let Kind::Object(members) = self.tree.opened(opened).kind() else { return Ok(()) };
        let mut seen = HashSet::with_capacity(members.len());
        match members.iter().find(|member| !seen.insert(member.name())) {
            None => Ok(()),
            Some(second) => Err(Box::new(
                self.source
                    .mistake("L3", second.name_span(), "a member is repeated")
                    .found(format!("a second {}", quote(second.name())))
                    .expected("each member once"),
            )),
        }
    }

    /// Counts a value that stands in the tree now.
    fn ended(&mut self, span: Span) {
        let Some(open) = self.open.last_mut() else {
            self.is_complete = true;
            return;
        };
        open.length += 1;
        // A value that is left out stands nowhere.
        let name_end = open.name.take().map_or(0, |name| name.end);
        open.end = Some(span.end.max(name_end));
    }
}
