//! JSON as a tree, in one pass over a text that `serde_json` has accepted.
//!
//! So there is no grammar here and no message about one. Should the two ever disagree, the text is refused.

use super::tree::{Tree, What, Written};
use crate::source::{Source, Span, bytes};

/// Why a text is refused that `serde_json` accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is nested more deeply than allowed.
    Deep,
    /// An escape is half of a surrogate pair.
    HalfPair { place: Span, what: &'static str },
    /// It is not JSON to this reader.
    Unknown { at: usize },
}

/// Reads a whole text, nested no more deeply than `depth`: that bounds the recursion. It is the part of `source` that
/// stands behind `before` bytes, and the places of the tree are those of the source.
pub(super) fn build(source: &Source, before: usize, text: &str, depth: usize) -> Result<Tree, Fault> {
    let mut tree = Tree::new(source);
    tree.reserve(text.len() / BYTES_A_NODE + 1);
    let mut builder = Builder { text, before, at: 0, depth, tree };
    builder.value()?;
    builder.white_space();
    if builder.at == text.len() { Ok(builder.tree) } else { Err(builder.unknown()) }
}

/// Policies that are not indented have no fewer.
const BYTES_A_NODE: usize = 12;

struct Builder<'s> {
    text: &'s str,
    before: usize,
    at: usize,
    /// How many levels may still open.
    depth: usize,
    tree: Tree,
}

impl<'s> Builder<'s> {
    fn unknown(&self) -> Fault {
        Fault::Unknown { at: self.at }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over a byte if it stands here.
    fn passes(&mut self, byte: u8) -> bool {
        let is_here = self.byte() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    fn pass(&mut self, byte: u8) -> Result<(), Fault> {
        if self.passes(byte) { Ok(()) } else { Err(self.unknown()) }
    }

    fn white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    /// The place of what began at `start` and ends here.
    fn span(&self, start: usize) -> Span {
        Span::new(self.before + start, self.before + self.at)
    }

    fn value(&mut self) -> Result<(), Fault> {
        self.white_space();
        let start = self.at;
        let what = match self.byte() {
            Some(b'"') => What::String(self.string()?),
            Some(b'{') => return self.nested(Self::object),
            Some(b'[') => return self.nested(Self::list),
            Some(b't') => self.word("true", What::Bool(true))?,
            Some(b'f') => self.word("false", What::Bool(false))?,
            Some(b'n') => self.word("null", What::Null)?,
            _ => self.number()?,
        };
        self.tree.push(self.span(start), what);
        Ok(())
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<What, Fault>) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::Deep)?;
        let (start, opened) = (self.at, self.tree.open());
        self.at += 1;
        self.white_space();
        let what = read(self)?;
        self.tree.close(opened, self.span(start), what);
        self.depth += 1;
        Ok(())
    }

    fn list(&mut self) -> Result<What, Fault> {
        if self.passes(b']') {
            return Ok(What::Array(0));
        }
        let mut length = 0;
        loop {
            self.value()?;
            length += 1;
            self.white_space();
            if !self.passes(b',') {
                break;
            }
        }
        self.pass(b']')?;
        Ok(What::Array(length))
    }

    fn object(&mut self) -> Result<What, Fault> {
        if self.passes(b'}') {
            return Ok(What::Object(0));
        }
        let mut length = 0;
        loop {
            self.white_space();
            let start = self.at;
            let name = self.string()?;
            self.tree.push(self.span(start), What::Name(name));
            self.white_space();
            self.pass(b':')?;
            self.value()?;
            length += 1;
            self.white_space();
            if !self.passes(b',') {
                break;
            }
        }
        self.pass(b'}')?;
        Ok(What::Object(length))
    }

    fn word(&mut self, word: &str, what: What) -> Result<What, Fault> {
        if !self.rest().starts_with(word) {
            return Err(self.unknown());
        }
        self.at += word.len();
        Ok(what)
    }

    fn number(&mut self) -> Result<What, Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.byte() {
            self.at += 1;
        }
        if self.at == start { Err(self.unknown()) } else { Ok(What::Number(Written::Bare)) }
    }

    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over a string. Only if it is written with escapes, its text has to be kept.
    fn string(&mut self) -> Result<Written, Fault> {
        self.pass(b'"')?;
        let start = self.at;
        self.unescaped()?;
        if self.passes(b'"') { Ok(Written::Quoted) } else { self.escaped(start) }
    }

    /// The rest of a string that began at `start`, from its first escape on.
    fn escaped(&mut self, start: usize) -> Result<Written, Fault> {
        let mut text = String::from(self.text.get(start..self.at).unwrap_or_default());
        while !self.passes(b'"') {
            text.push(self.escape()?);
            let start = self.at;
            self.unescaped()?;
            text.push_str(self.text.get(start..self.at).unwrap_or_default());
        }
        Ok(self.tree.set_apart(&text))
    }

    /// Passes over the part of a string up to its end or the next escape.
    fn unescaped(&mut self) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += bytes::find_any(rest, [b'"', b'\\']).ok_or(self.unknown())?;
        Ok(())
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        self.pass(b'\\')?;
        let escaped = self.byte().ok_or(self.unknown())?;
        self.at += 1;
        Ok(match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_point(start),
            _ => return Err(self.unknown()),
        })
    }

    /// The character of an escape that begins at `start` with `\u`, of two if it takes two.
    fn code_point(&mut self, start: usize) -> Result<char, Fault> {
        let half = |end, what| Fault::HalfPair { place: Span::new(start, end), what };
        let unit = self.unit()?;
        match unit {
            0xd800..0xdc00 => {}
            0xdc00..0xe000 => return Err(half(self.at, "unpaired low surrogate")),
            _ => return char::from_u32(unit).ok_or(self.unknown()),
        }
        // The place ends with the character at which it is clear that the other half is missing.
        let end = |builder: &Self| builder.at + builder.rest().chars().next().map_or(0, char::len_utf8);
        for wanted in [b'\\', b'u'] {
            if !self.passes(wanted) {
                return Err(half(end(self), "unpaired high surrogate"));
            }
        }
        let low = self.unit()?;
        if !(0xdc00..0xe000).contains(&low) {
            return Err(half(self.at, "high surrogate not followed by low surrogate"));
        }
        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)).ok_or(self.unknown())
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Fault> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(self.unknown())?;
        self.at += 4;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;
    use crate::json::{Kind, Limits, Value, parse};

    const DEPTH: usize = 64;

    fn build(text: &str, depth: usize) -> Result<Tree, Fault> {
        super::build(&Source::new("t.json", text), 0, text, depth)
    }

    /// JSON texts with escapes of every kind, white space, repeated names and numbers of every spelling.
    fn json() -> impl Strategy<Value = String> {
        let space = || prop_oneof![6 => Just(""), 1 => Just(" "), 1 => Just("\n\t"), 1 => Just("\r\n ")];
        let piece = prop_oneof![
            4 => "[a-z:/*${}]{1,9}",
            1 => "[é€𝄞\u{7f}\u{2028}]{1,3}",
            1 => prop_oneof![Just(r#"\""#), Just(r"\\"), Just(r"\/"), Just(r"\b"), Just(r"\f"), Just(r"\n"), Just(r"\r"), Just(r"\t")]
                .prop_map(str::to_owned),
            1 => prop_oneof![Just(r"\u0000"), Just(r"\u00e9"), Just(r"\u20AC"), Just(r"\ud834\udd1e"), Just(r"\uDBFF\uDFFF")]
                .prop_map(str::to_owned),
        ];
        let string = prop::collection::vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()));
        let scalar = prop_oneof![
            3 => string.clone(),
            1 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?",
            1 => prop_oneof![Just("null"), Just("true"), Just("false"), Just("[]"), Just("{}"), Just("[ ]"), Just("{\n}")]
                .prop_map(str::to_owned),
        ];
        let nested = scalar.prop_recursive(6, 60, 5, move |inner| {
            let item =
                (space(), inner.clone(), space()).prop_map(|(before, item, after)| format!("{before}{item}{after}"));
            let member = (space(), string.clone(), space(), item.clone());
            let member = member.prop_map(|(before, name, after, value)| format!("{before}{name}{after}:{value}"));
            prop_oneof![
                prop::collection::vec(item, 1..5).prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec(member, 1..5).prop_map(|members| format!("{{{}}}", members.join(","))),
            ]
        });
        (space(), nested, space()).prop_map(|(before, value, after)| format!("{before}{value}{after}"))
    }

    /// Holds a tree against what `serde_json` reads at the same place.
    fn agrees(text: &str, value: Value<'_>) {
        let at = |span: Span| text.get(span.start as usize..span.end as usize).unwrap();
        let raw = at(value.span());
        match value.kind() {
            Kind::Null => assert_eq!(raw, "null"),
            Kind::Bool(boolean) => assert_eq!(raw, boolean.to_string()),
            Kind::Number(number) => {
                assert_eq!(raw, number);
                // Not read as an `f64`: JSON has numbers beyond its range (RFC 8259, section 6).
                assert!(raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()), "{raw}");
                assert!(serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok(), "{raw}");
            }
            Kind::String(string) => assert_eq!(serde_json::from_str::<String>(raw).unwrap(), string),
            Kind::Array(items) => {
                let raws: Vec<&RawValue> = serde_json::from_str(raw).unwrap();
                let places: Vec<&str> = items.iter().map(|item| at(item.span())).collect();
                assert_eq!(raws.iter().map(|raw| raw.get()).collect::<Vec<_>>(), places);
                items.iter().for_each(|item| agrees(text, item));
            }
            Kind::Object(members) => {
                // A map of serde_json keeps the last of repeated members.
                let raws: std::collections::HashMap<String, &RawValue> = serde_json::from_str(raw).unwrap();
                let last = members.iter().map(|member| (String::from(member.name()), at(member.value().span())));
                let last: std::collections::HashMap<String, &str> = last.collect();
                assert_eq!(
                    raws.into_iter().map(|(name, raw)| (name, raw.get())).collect::<std::collections::HashMap<_, _>>(),
                    last
                );
                for member in members {
                    assert_eq!(serde_json::from_str::<String>(at(member.name_span())).unwrap(), member.name());
                    agrees(text, member.value());
                }
            }
        }
    }

    proptest! {
        // What a run finds becomes a case here.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_tree_is_what_serde_json_reads(text in json()) {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{text}");
            agrees(&text, build(&text, DEPTH).unwrap().root());
        }

        /// Every prefix and every changed byte: nothing panics, and the gate has the last word.
        #[test]
        fn a_text_that_is_no_json_does_no_harm(text in json(), cut in any::<prop::sample::Index>(), byte in 0x20u8..0x7f) {
            let text = text.trim();
            let at = text.floor_char_boundary(cut.index(text.len()));
            let (before, behind) = text.split_at(at);
            let behind = behind.chars().skip(1).collect::<String>();
            let changed = format!("{before}{}{behind}", char::from(byte));
            for text in [before, &changed] {
                let built = build(text, DEPTH);
                if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
                    built.iter().for_each(|tree| agrees(text, tree.root()));
                    prop_assert!(!matches!(built, Err(Fault::Deep | Fault::Unknown { .. })), "{text}");
                } else {
                    prop_assert!(parse(&Source::new("t.json", text), &Limits::default()).is_err(), "{text}");
                }
            }
        }
    }

    #[test]
    fn repeated_members_and_the_spelling_of_numbers_stay() {
        let tree = build(r#"{"a": 1.20, "\u0061": 1e+05}"#, 1).unwrap();
        let Kind::Object(members) = tree.root().kind() else { panic!("an object") };
        let kept: Vec<_> = members.iter().map(|member| (member.name(), member.value().kind())).collect();
        assert_eq!(kept, [("a", Kind::Number("1.20")), ("a", Kind::Number("1e+05"))]);
    }

    #[test]
    fn half_a_number_is_no_number() {
        for text in ["-", "- .0", "-.0", "0.", "01", "1e", "+1"] {
            assert!(parse(&Source::new("t.json", text), &Limits::default()).is_err(), "{text}");
        }
    }

    #[test]
    fn half_pairs_end_where_they_are_clear() {
        for (text, end, what) in [
            (r#""\ud800""#, 8, "unpaired high surrogate"),
            (r#""\ud800é""#, 9, "unpaired high surrogate"),
            (r#""\ud800\n""#, 9, "unpaired high surrogate"),
            (r#""\ud800\u0041""#, 13, "high surrogate not followed by low surrogate"),
            (r#""\udfff\ud800""#, 7, "unpaired low surrogate"),
        ] {
            assert_eq!(build(text, 0), Err(Fault::HalfPair { place: Span::new(1, end), what }), "{text}");
        }
    }

    #[test]
    fn recursion_ends_at_the_depth() {
        assert_eq!(build("[[]]", 1), Err(Fault::Deep));
        assert_eq!(build(&r#"{"a":["#.repeat(100_000), 32), Err(Fault::Deep));
        assert!(build("[[],{},[]]", 2).is_ok());
    }
}
