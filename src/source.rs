//! A named text, places in it, and the mistakes found there.
//!
//! This room knows nothing of JSON, of IAM or of terminals. Every later room reports a mistake as a
//! [`Diagnostic`], so that all of them name file, line, column, what was found and what was expected.

pub(crate) mod bytes;
mod text;

use std::fmt;
use std::sync::Arc;

pub use text::Text;

/// A text with the name people know it by, usually a file name.
///
/// # Examples
///
/// ```
/// use iamtree::source::{Source, Span};
///
/// let source = Source::new("role.json", "{\n  \"Version\": 7\n}");
/// let position = source.position(15);
/// assert_eq!((position.line, position.column), (2, 14));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// Byte offset at which each line begins; the first is always 0.
    line_starts: Arc<[u32]>,
    /// How many characters stand before each block of [`BLOCK`] bytes: a document may be one line of megabytes, and
    /// an explanation may ask for the places of all its statements.
    character_counts: Arc<[u32]>,
}

/// Bytes between two entries of [`Source::character_counts`].
const BLOCK: usize = 1 << 10;

/// A range of bytes in a source: `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

/// A line and a column, both from 1; a column counts Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Position {
    /// Line, the first is 1. Lines end with a line feed.
    pub line: u32,
    /// Column in Unicode scalar values, the first is 1.
    pub column: u32,
}

/// The largest text a [`Source`] holds, in bytes: offsets are 32 bits wide.
pub const MAX_SOURCE_BYTES: usize = u32::MAX as usize;

impl Source {
    /// Names a text. A text longer than [`MAX_SOURCE_BYTES`] is cut there, which no reader of this crate
    /// accepts anyway: their limits are far lower.
    pub fn new(name: &str, text: &str) -> Self {
        let text = text.get(..floor_char_boundary(text, MAX_SOURCE_BYTES)).unwrap_or_default();
        let mut line_starts = vec![0];
        // The standard library searches a character many bytes at a time.
        line_starts.extend(text.match_indices('\n').map(|(at, _)| offset(at + 1)));
        let mut character_counts = vec![0];
        for block in text.as_bytes().chunks(BLOCK) {
            character_counts.push(character_counts.last().unwrap_or(&0) + characters(block));
        }
        Source {
            name: name.into(),
            text: text.into(),
            line_starts: line_starts.into(),
            character_counts: character_counts.into(),
        }
    }

    /// Decodes what a file held.
    ///
    /// # Errors
    ///
    /// Returns a [`Diagnostic`] if the bytes are not UTF-8. UTF-16 with a byte-order mark, which some shells
    /// write when output is redirected, is named as such.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Box<Diagnostic>> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Source::new(name, text)),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let source = Source::new(name, &String::from_utf8_lossy(valid));
                let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                let end = source.end();
                let diagnostic = source
                    .mistake("L1", end, "the text is not UTF-8")
                    .found(format!("the byte 0x{byte:02x}"))
                    .expected("UTF-8 text");
                Err(Box::new(match bytes {
                    [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => diagnostic
                        .help("this is UTF-16, as some shells write when output is redirected; save it as UTF-8 without a byte-order mark"),
                    _ => diagnostic,
                }))
            }
        }
    }

    /// The same text under another name: for a part of it that people know by a name of its own.
    #[must_use]
    pub(crate) fn renamed(&self, name: &str) -> Self {
        Source { name: name.into(), ..self.clone() }
    }

    /// The name, as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty if the span is not one of this source.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The whole text, shared.
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// A text that shares a part of this source if it is one, else a copy.
    pub(crate) fn share(&self, part: &str) -> Text {
        Text::share(&self.text, part)
    }

    /// The empty span behind the last byte.
    pub fn end(&self) -> Span {
        let end = offset(self.text.len());
        Span { start: end, end }
    }

    /// Line and column of a byte offset. An offset behind the end is taken as the end.
    pub fn position(&self, byte: u32) -> Position {
        let line = self.line_starts.partition_point(|&start| start <= byte).saturating_sub(1);
        let start = self.line_starts.get(line).copied().unwrap_or_default();
        let end = floor_char_boundary(&self.text, (byte as usize).min(self.text.len()));
        let column = self.characters_before(end) - self.characters_before(start as usize) + 1;
        Position { line: offset(line + 1), column }
    }

    /// How many characters begin before a byte.
    fn characters_before(&self, byte: usize) -> u32 {
        let block = byte / BLOCK;
        let in_block = self.text.as_bytes().get(block * BLOCK..byte).unwrap_or_default();
        self.character_counts.get(block).copied().unwrap_or_default() + characters(in_block)
    }

    /// Starts the report of an error in this source. `rule` is the number of the rule that is broken, such as
    /// `L10`; `message` is lower case and has no full stop.
    pub fn mistake(&self, rule: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            rule,
            severity: Severity::Error,
            message: message.into(),
            source: self.clone(),
            span,
            found: None,
            expected: None,
            help: None,
        }
    }
}

impl Span {
    /// The span from `start` up to but not including `end`, in bytes.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start: offset(start), end: offset(end) }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Accepted, but probably not what was meant.
    Warning,
    /// Refused.
    Error,
}

/// One mistake in a source: the rule it breaks, where, what was found and what was expected.
///
/// `Display` prints `file:line:column: message: found …, expected … (rule L10)` on one line, then the help on
/// a second one if there is any.
///
/// # Examples
///
/// ```
/// use iamtree::source::{Source, Span};
///
/// let source = Source::new("role.json", "allow");
/// let diagnostic = source
///     .mistake("L10", Span::new(0, 5), "unknown effect")
///     .found("`allow`")
///     .expected("`Allow` or `Deny`");
/// assert_eq!(
///     diagnostic.to_string(),
///     "role.json:1:1: unknown effect: found `allow`, expected `Allow` or `Deny` (rule L10)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    rule: &'static str,
    severity: Severity,
    message: String,
    source: Source,
    span: Span,
    found: Option<String>,
    expected: Option<String>,
    help: Option<String>,
}

impl Diagnostic {
    /// Says what stands there.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// Says what should stand there.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Number of the rule that is broken, such as `L10`: the stable code of this finding.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong, without place, found and expected.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What was found, if that can be said.
    pub fn found_text(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// What was expected, if that can be said.
    pub fn expected_text(&self) -> Option<&str> {
        self.expected.as_deref()
    }

    /// How to mend it, if that is known.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The text the mistake stands in.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes the mistake covers.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Line and column of the first character it covers.
    pub fn position(&self) -> Position {
        self.source.position(self.span.start)
    }

    /// Message, found and expected as one sentence, without the place.
    pub fn sentence(&self) -> String {
        let mut sentence = self.message.clone();
        let parts = [("found", &self.found), ("expected", &self.expected)];
        let mut separator = ": ";
        for (word, part) in parts {
            if let Some(part) = part {
                sentence = format!("{sentence}{separator}{word} {part}");
                separator = ", ";
            }
        }
        sentence
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position();
        write!(f, "{}:{line}:{column}: {} (rule {})", self.source.name(), self.sentence(), self.rule)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Quotes text of the user in back-ticks for a message, shortened to 60 characters, control characters escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    let mut characters = text.chars();
    for character in characters.by_ref().take(60) {
        if character.is_control() {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    if characters.next().is_some() {
        quoted.push('…');
    }
    quoted.push('`');
    quoted
}

/// Offsets fit 32 bits because a source is cut at [`MAX_SOURCE_BYTES`].
fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// How many characters begin in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> u32 {
    if bytes.is_ascii() {
        return offset(bytes.len());
    }
    offset(bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count())
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position_of(text: &str, needle: &str) -> (u32, u32) {
        let source = Source::new("t", text);
        let position = source.position(text.find(needle).unwrap() as u32);
        (position.line, position.column)
    }

    #[test]
    fn columns_count_scalar_values() {
        assert_eq!(position_of("é€𝄞x", "x"), (1, 4));
        assert_eq!(position_of("a\r\n\u{e9}\u{301}x", "x"), (2, 3));
        assert_eq!(position_of("a\n", "\n"), (1, 2));
    }

    #[test]
    fn an_offset_behind_the_end_is_the_end() {
        let source = Source::new("t", "ab\ncd");
        assert_eq!(source.position(999), Position { line: 2, column: 3 });
        assert_eq!(source.position(source.end().start), Position { line: 2, column: 3 });
    }

    #[test]
    fn bytes_that_are_no_utf8_name_the_place() {
        let error = Source::from_bytes("f", b"a\nb\xffc").unwrap_err();
        assert_eq!(error.position(), Position { line: 2, column: 2 });
        assert_eq!(error.found_text(), Some("the byte 0xff"));
    }

    #[test]
    fn utf16_is_named() {
        let error = Source::from_bytes("f", b"\xff\xfe{\0}\0").unwrap_err();
        assert!(error.help_text().unwrap().contains("UTF-16"));
    }

    #[test]
    fn quoting_shortens_and_escapes() {
        assert_eq!(quote("a\nb"), "`a\\nb`");
        assert_eq!(quote(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
    }
}
