//! JSON text as a tree that remembers where everything stood.
//!
//! Members keep their order and their repetitions, numbers their spelling, and every value the bytes it was
//! read from. `serde_json` decides what is JSON (RFC 8259), without recursion; what it accepts is built into a tree
//! in one pass of our own, whose recursion ends at the limit of depth.

mod build;
pub(crate) mod de;
mod draft;
mod tree;
mod value;

use std::ops::Range;

use serde::de::IgnoredAny;

use build::{Fault, build};
pub(crate) use draft::{Draft, DraftMember};
pub use tree::Tree;
#[cfg(feature = "yaml")]
pub(crate) use tree::{Opened, What};
pub use value::{Items, Iter, Kind, List, Member, Members, Value};

use crate::source::{Diagnostic, Source, Span, quote};

/// Bounds on what a reader accepts, checked while reading (threats T3 and T8).
///
/// # Examples
///
/// ```
/// use iamtree::document::{Document, PolicyKind};
/// use iamtree::json::Limits;
///
/// let limits = Limits { bytes: 10, ..Limits::default() };
/// let text = r#"{"Statement": []}"#;
/// assert!(Document::parse_within(&limits, PolicyKind::Identity, "long.json", text).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document. Default 16 MiB.
    pub bytes: usize,
    /// Nesting of objects and lists. Default 32.
    pub depth: usize,
    /// Statements of one document, and entries of one list. Default 100,000.
    pub entries: usize,
    /// Bytes of one pattern, variable template or condition value. Default 64 KiB.
    pub pattern_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 16 << 20, depth: 32, entries: 100_000, pattern_bytes: 64 << 10 }
    }
}

/// Reads one JSON value (Rule L1).
///
/// # Errors
///
/// Returns the first place at which the text is not JSON, exceeds `limits`, begins with a byte-order mark or
/// holds an escape that is half a surrogate pair.
pub fn parse(source: &Source, limits: &Limits) -> Result<Tree, Box<Diagnostic>> {
    parse_in(source, 0, source, limits)
}

/// The same for the part of `whole` that stands behind `before` bytes: `source` is that part by itself.
fn parse_in(whole: &Source, before: usize, source: &Source, limits: &Limits) -> Result<Tree, Box<Diagnostic>> {
    let text = source.text();
    if text.len() > limits.bytes {
        return Err(Box::new(
            source
                .mistake("L19", Span::default(), "the text is too long")
                .found(format!("{} bytes", text.len()))
                .expected(format!("at most {} bytes", limits.bytes)),
        ));
    }
    if text.starts_with('\u{feff}') {
        return Err(Box::new(
            source
                .mistake("L1", Span::new(0, 3), "the text begins with a byte-order mark")
                .found("U+FEFF")
                .expected("JSON")
                .help("save the file as UTF-8 without a byte-order mark"),
        ));
    }
    let syntax = serde_json::from_str::<IgnoredAny>(text).map_err(|error| Box::new(syntax_error(source, &error)));
    let depth = limits.depth.min(MOST_DEPTH);
    let tree = syntax.and_then(|_| build(whole, before, text, depth).map_err(|fault| refusal(source, fault)));
    // Depth is counted only in what is refused; it goes before any other mistake.
    tree.or_else(|mistake| check_depth(source, limits).and(Err(mistake)))
}

/// Trees are walked by recursion, so no limit allows more.
const MOST_DEPTH: usize = 512;

fn refusal(source: &Source, fault: Fault) -> Box<Diagnostic> {
    let (span, expected) = match fault {
        Fault::HalfPair { place, what } => {
            let digits = source.slice(place).get(2..6).unwrap_or_default();
            let why = format!("Invalid unicode escape sequence. '{digits} ({what})' is not a valid UTF8 character");
            (place, format!("JSON ({why})"))
        }
        Fault::Deep => (Span::default(), format!("at most {MOST_DEPTH} levels")),
        Fault::Unknown { at } => (Span::new(at, at), "JSON".to_owned()),
    };
    Box::new(source.mistake("L1", span, "the text is not JSON").found(quote(source.slice(span))).expected(expected))
}

/// Reads the JSON value that stands at a place of a larger text; its places are those of the larger text.
///
/// # Errors
///
/// Returns what [`parse`] refuses. The places of its messages are those of the part.
pub(crate) fn parse_part(source: &Source, span: Span, limits: &Limits) -> Result<Tree, Box<Diagnostic>> {
    parse_in(source, span.start as usize, &Source::new(source.name(), source.slice(span)), limits)
}

/// The bytes of the source that a part of a string value was written as, escapes counted.
///
/// `span` is that of a string or of any other scalar; `part` counts bytes of its decoded text. Of a scalar of YAML that
/// stands on several lines it is the whole.
pub fn locate(source: &Source, span: Span, part: Range<usize>) -> Span {
    let raw = source.slice(span);
    if raw.contains('\n') {
        return span;
    }
    let (quotation, next_character): (char, NextCharacter) = match raw.chars().next() {
        Some('"') => ('"', next_character),
        Some('\'') => ('\'', next_character_between_apostrophes),
        _ => return Span::new(span.start as usize + part.start, span.start as usize + part.end),
    };
    let inner = raw.strip_prefix(quotation).unwrap_or(raw);
    let base = span.start as usize + 1;
    // Decoded offset → raw offset, found by walking both texts in step.
    let raw_offset = |wanted: usize| {
        let mut decoded = 0;
        let mut at = 0;
        while decoded < wanted {
            let Some((width, length)) = inner.get(at..).and_then(next_character) else { break };
            at += width;
            decoded += length;
        }
        base + at
    };
    Span::new(raw_offset(part.start), raw_offset(part.end))
}

/// Raw width and decoded length, both in bytes, of the first character of a text with escapes.
type NextCharacter = fn(&str) -> Option<(usize, usize)>;

/// [`NextCharacter`] for the inside of a YAML scalar between apostrophes, where an apostrophe is written twice.
fn next_character_between_apostrophes(raw: &str) -> Option<(usize, usize)> {
    let first = raw.chars().next()?;
    Some(if first == '\'' { (2, 1) } else { (first.len_utf8(), first.len_utf8()) })
}

/// [`NextCharacter`] for the inside of a JSON string, or of a YAML scalar in quotation marks, which has more escapes.
fn next_character(raw: &str) -> Option<(usize, usize)> {
    let mut characters = raw.chars();
    let first = characters.next()?;
    if first != '\\' {
        return Some((first.len_utf8(), first.len_utf8()));
    }
    let length = |code: Option<&str>| Some(char::from_u32(u32::from_str_radix(code?, 16).ok()?)?.len_utf8());
    match characters.next()? {
        'u' => {}
        'x' => return Some((4, length(raw.get(2..4))?)),
        'U' => return Some((10, length(raw.get(2..10))?)),
        'N' | '_' => return Some((2, 2)),
        'L' | 'P' => return Some((2, 3)),
        _ => return Some((2, 1)),
    }
    let unit = |at: usize| u32::from_str_radix(raw.get(at..at + 4)?, 16).ok();
    let high = unit(2)?;
    if (0xd800..0xdc00).contains(&high) {
        return Some((12, 4));
    }
    Some((6, char::from_u32(high)?.len_utf8()))
}

/// Counts brackets outside strings. On text that is not JSON the count may be off; the gate behind it refuses
/// such text.
fn check_depth(source: &Source, limits: &Limits) -> Result<(), Box<Diagnostic>> {
    let text = source.text().as_bytes();
    let most = limits.depth.min(MOST_DEPTH);
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at + 1),
            b'[' | b'{' => {
                depth += 1;
                if depth > most {
                    return Err(Box::new(
                        source
                            .mistake("L19", Span::new(at, at + 1), "the text is nested too deeply")
                            .found(format!("level {depth}"))
                            .expected(format!("at most {most} levels")),
                    ));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Where a string ends: its closing quotation mark, or the end of the text.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        match text.get(at) {
            None | Some(b'"') => return at,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

fn syntax_error(source: &Source, error: &serde_json::Error) -> Diagnostic {
    let text = source.text();
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (line_start + error.column().saturating_sub(1)).min(text.len());
    let message = error.to_string();
    let wanted = message.split(" at line ").next().unwrap_or_default();
    if error.is_eof() {
        let expected = wanted.strip_prefix("EOF while parsing ").map_or("JSON".to_owned(), |what| match what {
            "a value" => "a value".to_owned(),
            other => format!("the rest of {other}"),
        });
        return source
            .mistake("L1", source.end(), "the text is not JSON")
            .found("the end of the text")
            .expected(expected);
    }
    let at = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
    let found = text.get(at..).and_then(|rest| rest.chars().next());
    let span = Span::new(at, at + found.map_or(0, char::len_utf8));
    let (message, expected) = match wanted {
        "trailing comma" => ("a comma before the closing bracket", "another element or no comma"),
        "trailing characters" => ("something stands behind the JSON value", "the end of the text"),
        "key must be a string" => ("the text is not JSON", "a member name in quotation marks"),
        "expected value" => ("the text is not JSON", "a value"),
        "invalid escape" => {
            ("unknown escape in a string", "one of `\\\"`, `\\\\`, `\\/`, `\\b`, `\\f`, `\\n`, `\\r`, `\\t`, `\\u`")
        }
        "invalid number" => ("the text is not JSON", "a number"),
        other if other.starts_with("control character") => {
            ("a control character in a string", "the escape of the character")
        }
        other => ("the text is not JSON", other.strip_prefix("expected ").unwrap_or("JSON")),
    };
    let found = found.map_or("the end of the text".to_owned(), |character| quote(&character.to_string()));
    source.mistake("L1", span, message).found(found).expected(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tree, Box<Diagnostic>> {
        parse(&Source::new("t.json", text), &Limits::default())
    }

    fn refusal(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn keeps_spelling_order_and_repetitions() {
        let tree = read(r#"{"a": 1.20, "a": true}"#).unwrap();
        let Kind::Object(members) = tree.root().kind() else { panic!("not an object") };
        let members: Vec<_> = members.iter().collect();
        assert_eq!(members.len(), 2);
        assert_eq!(members[0].value().kind(), Kind::Number("1.20"));
        assert_eq!(members[0].name_span(), Span::new(1, 4));
        assert_eq!(members[1].value().span(), Span::new(17, 21));
    }

    #[test]
    fn a_part_of_a_text_is_read_where_it_stands() {
        let source = Source::new("t.json", r#"{"é": [1, {"b": ["x"]}]}"#);
        let whole = parse(&source, &Limits::default()).unwrap();
        let part = whole.at(Span::new(11, 23)).unwrap();
        assert_eq!(source.slice(part.span()), r#"{"b": ["x"]}"#);
        assert_eq!(parse_part(&source, part.span(), &Limits::default()).unwrap().root(), part);
    }

    #[test]
    fn extensions_are_refused() {
        for text in [
            "// c\n{}",
            "{} {}",
            "{\"a\":1,}",
            "[1,]",
            "{a:1}",
            "{'a':1}",
            "[0x1]",
            "[+1]",
            "[.5]",
            "[5.]",
            "[NaN]",
            "[\"\\x41\"]",
            "[\"\u{1}\"]",
            "\u{a0}{}",
            "",
            "  ",
            "[1 2]",
            "[01]",
            "\u{feff}{}",
            "[\"\\ud800\"]",
            "[\"\\udc00\\ud800\"]",
            "[\"\\ud800x\"]",
        ] {
            assert!(read(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn messages_name_place_found_and_expected() {
        assert_eq!(
            refusal("{\n  \"é\": allow\n}"),
            "t.json:2:8: the text is not JSON: found `a`, expected a value (rule L1)"
        );
        assert_eq!(
            refusal("{\"a\": 1,}"),
            "t.json:1:9: the text is not JSON: found `}`, expected a member name in quotation marks (rule L1)"
        );
        assert_eq!(
            refusal("{\"a\": [1"),
            "t.json:1:9: the text is not JSON: found the end of the text, expected the rest of a list (rule L1)"
        );
        assert_eq!(
            refusal("{} x"),
            "t.json:1:4: something stands behind the JSON value: found `x`, expected the end of the text (rule L1)"
        );
    }

    #[test]
    fn depth_is_bounded_before_anything_recurses() {
        let deep = "[".repeat(100_000);
        assert!(refusal(&deep).starts_with("t.json:1:33: the text is nested too deeply"));
        assert!(read(&format!("{}{}", "[".repeat(32), "]".repeat(32))).is_ok());
        assert!(read(r#"["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[["]"#).is_ok());
    }

    #[test]
    fn places_inside_strings_count_escapes() {
        let text = r#"["a\u00e9\n\ud834\udd1e$x"]"#;
        let source = Source::new("t", text);
        let tree = parse(&source, &Limits::default()).unwrap();
        let Kind::Array(items) = tree.root().kind() else { panic!("not a list") };
        let item = items.first().unwrap();
        let Kind::String(decoded) = item.kind() else { panic!("not a string") };
        let at = decoded.find('$').unwrap();
        assert_eq!(source.slice(locate(&source, item.span(), at..at + 2)), "$x");
        assert_eq!(source.slice(locate(&source, item.span(), 1..3)), "\\u00e9");
    }
}
