//! Text with wildcards and variables (Rules L30, L50 to L57), grammar `grammar/pattern.abnf`.
//!
//! A text is cut into tokens once. What a variable stands for is never pasted into a text again (Rule L55), so
//! that no value can become a wildcard or another variable.

mod tokens;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::combinator::{cut, opt};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use tokens::Special;
pub use tokens::{Iter, Token, Tokens, Variable};
pub(super) use tokens::{Mark, Marks};

use super::{SyntaxError, Version};
use crate::source::{Text, bytes};

/// A text cut into [`Tokens`].
#[derive(Clone)]
pub struct Template {
    text: Text,
    marks: Marks,
}

/// Whether `*` and `?` are wildcards in a text (Rule L30: only in actions, resources, `StringLike` and the ARN
/// operators).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wildcards {
    /// They match.
    Match,
    /// They are ordinary characters.
    AreText,
}

impl Template {
    /// Cuts a text into tokens. Only texts of [`Version::V2012`] hold variables (Rule L50).
    ///
    /// # Errors
    ///
    /// Returns where a `${` does not begin a variable of Rule L51 (Rule L52).
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::language::Version;
    /// use iamtree::language::pattern::{Template, Token, Wildcards};
    ///
    /// let template = Template::parse("home/${aws:username}/*", Version::V2012, Wildcards::Match)?;
    /// assert_eq!(template.tokens().iter().count(), 4);
    /// assert_eq!(template.tokens().iter().last(), Some(Token::AnyRun));
    ///
    /// let error = Template::parse("home/${aws:username", Version::V2012, Wildcards::Match).unwrap_err();
    /// assert_eq!(error.rule(), "L52");
    /// # Ok::<(), iamtree::language::SyntaxError>(())
    /// ```
    pub fn parse(text: &str, version: Version, wildcards: Wildcards) -> Result<Self, SyntaxError> {
        Template::of(&Text::from(text), version, wildcards)
    }

    /// The same; the template shares the text.
    pub(crate) fn of(text: &Text, version: Version, wildcards: Wildcards) -> Result<Self, SyntaxError> {
        let mut marks = Marks::None;
        let text = mark(text, version, wildcards, &mut marks)?;
        Ok(Template { text, marks })
    }

    /// The tokens in order.
    pub fn tokens(&self) -> Tokens<'_> {
        // No text is longer than 32 bits count.
        Tokens::of_part(&self.text, 0, u32::try_from(self.text.len()).unwrap_or(u32::MAX), self.marks.as_slice()).0
    }

    /// The variables in order of appearance.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        self.tokens().variables()
    }

    /// The text if it is all literal, the empty text included.
    pub fn as_literal(&self) -> Option<&str> {
        self.tokens().as_literal()
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.tokens() == other.tokens()
    }
}

impl Eq for Template {}

impl Hash for Template {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.tokens().hash(state);
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens().fmt(f)
    }
}

/// Finds what is not literal in a text. The marks are those of the text that is returned: it is the same, but for
/// `${*}`, `${?}` and `${$}`, which are written out in it.
pub(super) fn mark(
    text: &Text,
    version: Version,
    wildcards: Wildcards,
    marks: &mut Marks,
) -> Result<Text, SyntaxError> {
    let specials = match (version, wildcards) {
        (Version::V2012, Wildcards::Match) => [b'$', b'*', b'?'],
        (Version::V2012, Wildcards::AreText) => [b'$'; 3],
        (Version::V2008, Wildcards::Match) => [b'*', b'?', b'?'],
        (Version::V2008, Wildcards::AreText) => [0; 3],
    };
    if u32::try_from(text.len()).is_err() {
        return Err(SyntaxError::new("L19", text, 0..0, "the text is too long", "at most 4 GiB"));
    }
    let mut marker = Marker { text, marks, plain: String::new(), copied: 0 };
    let mut at = 0;
    while let Some(found) = next_special(text.as_bytes().get(at..).unwrap_or_default(), specials) {
        let start = at + found;
        let behind = text.get(start..).unwrap_or_default();
        at = match behind.as_bytes() {
            [b'$', b'{', ..] => {
                let (rest, reference) = reference(text, behind)?;
                let end = text.len() - rest.len();
                match reference {
                    Reference::Escape(character) => marker.escape(start..end, character),
                    Reference::Variable(Variable { key, .. }) => {
                        let key_end = marker.place(start + 2 + key.len());
                        marker.mark(start..end, Special::Variable { key_end });
                    }
                }
                end
            }
            [b'*', ..] => {
                marker.mark(start..start + 1, Special::AnyRun);
                start + 1
            }
            [b'?', ..] => {
                marker.mark(start..start + 1, Special::AnyOne);
                start + 1
            }
            // A `$` that does not begin `${` is ordinary text (Rule L57).
            _ => start + 1,
        };
    }
    Ok(marker.finish())
}

fn next_special(text: &[u8], specials: [u8; 3]) -> Option<usize> {
    if specials == [0; 3] { None } else { bytes::find_any(text, specials) }
}

/// Gathers marks while a text is gone through.
struct Marker<'t> {
    text: &'t Text,
    marks: &'t mut Marks,
    /// The text with what was escaped written out, as far as it was copied; nothing as long as nothing was escaped.
    plain: String,
    copied: usize,
}

impl Marker<'_> {
    /// A place of the text in the one that is returned.
    fn place(&self, at: usize) -> u32 {
        // Checked to fit before.
        u32::try_from(self.plain.len() + (at - self.copied)).unwrap_or(u32::MAX)
    }

    fn mark(&mut self, bytes: Range<usize>, what: Special) {
        let (start, end) = (self.place(bytes.start), self.place(bytes.end));
        match self.marks.last_mut() {
            Some(last) if what == Special::AnyRun && last.what == what && last.end == start => last.end = end,
            _ => self.marks.push(Mark { start, end, what }),
        }
    }

    fn escape(&mut self, bytes: Range<usize>, character: &str) {
        self.plain.push_str(self.text.get(self.copied..bytes.start).unwrap_or_default());
        self.plain.push_str(character);
        self.copied = bytes.end;
    }

    fn finish(mut self) -> Text {
        if self.copied == 0 {
            return self.text.clone();
        }
        self.plain.push_str(self.text.get(self.copied..).unwrap_or_default());
        Text::from(&*self.plain)
    }
}

/// Writes a text so that a pattern of [`Version::V2012`] matches exactly it (threat T4): `*` becomes `${*}`,
/// `?` becomes `${?}`, and a `$` becomes `${$}`.
///
/// # Examples
///
/// ```
/// use iamtree::language::pattern::escape_literal;
///
/// assert_eq!(escape_literal("a*b${x}"), "a${*}b${$}{x}");
/// ```
pub fn escape_literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '*' => escaped.push_str("${*}"),
            '?' => escaped.push_str("${?}"),
            '$' => escaped.push_str("${$}"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// What `${` begins (Rule L51).
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reference<'a> {
    Escape(&'a str),
    Variable(Variable<'a>),
}

/// A nom error that keeps where it happened and what would have been right.
#[derive(Debug, Clone, PartialEq)]
struct Fault<'a> {
    rest: &'a str,
    expected: &'static str,
}

impl<'a> nom::error::ParseError<&'a str> for Fault<'a> {
    fn from_error_kind(rest: &'a str, _: nom::error::ErrorKind) -> Self {
        Fault { rest, expected: "a variable" }
    }

    fn append(_: &'a str, _: nom::error::ErrorKind, other: Self) -> Self {
        other
    }
}

type Step<'a, O> = IResult<&'a str, O, Fault<'a>>;

/// Gives a failing parser the words for what it wanted.
fn wanting<'a, O>(
    expected: &'static str,
    mut parser: impl Parser<&'a str, Output = O, Error = Fault<'a>>,
) -> impl FnMut(&'a str) -> Step<'a, O> {
    move |input| parser.parse(input).map_err(|error| error.map(|fault: Fault<'a>| Fault { rest: fault.rest, expected }))
}

/// `special` of Rule L51: `${*}`, `${?}`, `${$}`.
fn special(input: &str) -> Step<'_, Reference<'_>> {
    delimited(tag("${"), alt((tag("*"), tag("?"), tag("$"))), tag("}")).map(Reference::Escape).parse(input)
}

/// `variable` of Rule L51 with a name. Behind `${` nothing but a variable may follow (Rule L52).
fn variable(input: &str) -> Step<'_, Reference<'_>> {
    let name = wanting("a context key", take_while1(is_name_character));
    let quoted = delimited(
        wanting("a default in single quotes", tag("'")),
        take_while(|c| c != '\'' && c != '}'),
        wanting("the closing quote of the default", tag("'")),
    );
    let default = opt(preceded(tag(", "), cut(quoted)));
    let close = wanting("`}`, or `, '` and a default", tag("}"));
    let (rest, (key, default)) =
        preceded(tag("${"), cut((name, default, close).map(|(key, default, _)| (key, default)))).parse(input)?;
    Ok((rest, Reference::Variable(Variable { key, default })))
}

fn is_name_character(character: char) -> bool {
    // The "blank" of Rule L51 is read as any white space of JSON: refusing a document denies.
    !matches!(character, ' ' | '\t' | '\n' | '\r' | ',' | '\'' | '{' | '}' | '$' | '*' | '?')
}

/// What `${` at the beginning of `behind`, the end of `text`, refers to, and what stands behind it (Rule L51).
fn reference<'a>(text: &str, behind: &'a str) -> Result<(&'a str, Reference<'a>), SyntaxError> {
    alt((special, variable)).parse(behind).map_err(|error| match error {
        nom::Err::Failure(fault) | nom::Err::Error(fault) => {
            let at = text.len() - fault.rest.len();
            let width = fault.rest.chars().next().map_or(0, char::len_utf8);
            SyntaxError::new("L52", text, at..at + width, "malformed variable", fault.expected)
        }
        nom::Err::Incomplete(_) => {
            SyntaxError::new("L52", text, text.len()..text.len(), "malformed variable", "the rest of it")
        }
    })
}

#[cfg(test)]
mod tests {
    use nom::bytes::complete::is_not;
    use nom::combinator::{all_consuming, not, recognize, value};
    use nom::multi::{many0, many1_count};

    use super::*;

    /// Holds the tokens of a text against some, whose literals are those of no text.
    fn check(text: &str, version: Version, wildcards: Wildcards, expected: &[Token<'_>]) {
        let template = Template::parse(text, version, wildcards).unwrap();
        assert_eq!(template.tokens().iter().collect::<Vec<_>>(), expected, "{text}");
    }

    fn variable_of<'t>(key: &'t str, default: Option<&'t str>) -> Token<'t> {
        Token::Variable(Variable { key, default })
    }

    #[test]
    fn cuts_into_tokens() {
        let check = |text, expected: &[Token<'_>]| check(text, Version::V2012, Wildcards::Match, expected);
        check("", &[]);
        check("a**b?", &[Token::Literal("a"), Token::AnyRun, Token::Literal("b"), Token::AnyOne]);
        check("a${*}b${$}{c}$", &[Token::Literal("a*b${c}$")]);
        check(
            "*${*}**${?}${x}é",
            &[
                Token::AnyRun,
                Token::Literal("*"),
                Token::AnyRun,
                Token::Literal("?"),
                variable_of("x", None),
                Token::Literal("é"),
            ],
        );
        check("${a:b}${c, ''}", &[variable_of("a:b", None), variable_of("c", Some(""))]);
        check("$${a}", &[Token::Literal("$"), variable_of("a", None)]);
        check("${t, 'x, ${y*?'}", &[variable_of("t", Some("x, ${y*?"))]);
    }

    #[test]
    fn the_old_version_has_no_variables() {
        let expected = [Token::Literal("${a"), Token::AnyRun, Token::Literal("}")];
        check("${a*}", Version::V2008, Wildcards::Match, &expected);
    }

    #[test]
    fn wildcards_can_be_text() {
        let expected = [Token::Literal("*?*"), variable_of("a", None)];
        check("*?${*}${a}", Version::V2012, Wildcards::AreText, &expected);
    }

    #[test]
    fn equal_is_what_has_the_same_tokens() {
        let read = |text| Template::parse(text, Version::V2012, Wildcards::Match).unwrap();
        assert_eq!(read("a**${*}"), read("a***${*}"));
        assert_ne!(read("a*${*}"), read("a**"));
        assert_ne!(read("a"), read("${a}"));
    }

    /// A step of the language as nom would read it whole.
    #[derive(Debug, Clone, Copy)]
    enum Piece<'a> {
        Text(&'a str),
        Token(Token<'a>),
    }

    /// The same with literals of their own.
    #[derive(Debug, PartialEq)]
    enum Joined {
        Literal(String),
        Other(String),
    }

    fn joined<'a>(pieces: impl IntoIterator<Item = Piece<'a>>) -> Vec<Joined> {
        let mut joined = Vec::new();
        for piece in pieces {
            match (piece, joined.last_mut()) {
                (Piece::Text(text) | Piece::Token(Token::Literal(text)), Some(Joined::Literal(before))) => {
                    before.push_str(text);
                }
                (Piece::Text(text) | Piece::Token(Token::Literal(text)), _) => {
                    joined.push(Joined::Literal(text.to_owned()));
                }
                (Piece::Token(token), last) => {
                    let token = Joined::Other(format!("{token:?}"));
                    if last != Some(&mut token_of_run()) || token != token_of_run() {
                        joined.push(token);
                    }
                }
            }
        }
        joined
    }

    fn token_of_run() -> Joined {
        Joined::Other(format!("{:?}", Token::AnyRun))
    }

    fn by_grammar(text: &str, version: Version, wildcards: Wildcards) -> Option<Vec<Joined>> {
        let of_reference = |reference| match reference {
            Reference::Escape(character) => Piece::Text(character),
            Reference::Variable(variable) => Piece::Token(Token::Variable(variable)),
        };
        let token = |input| match version {
            Version::V2012 => {
                let reference = alt((special, variable)).map(of_reference);
                alt((reference, wildcard(wildcards), literal(version, wildcards))).parse(input)
            }
            Version::V2008 => alt((wildcard(wildcards), literal(version, wildcards))).parse(input),
        };
        let (_, pieces) = all_consuming(many0(token)).parse(text).ok()?;
        Some(joined(pieces))
    }

    fn wildcard<'a>(wildcards: Wildcards) -> impl Parser<&'a str, Output = Piece<'a>, Error = Fault<'a>> {
        move |input: &'a str| match wildcards {
            Wildcards::Match => {
                alt((value(Piece::Token(Token::AnyRun), tag("*")), value(Piece::Token(Token::AnyOne), tag("?"))))
                    .parse(input)
            }
            Wildcards::AreText => Err(nom::Err::Error(Fault { rest: input, expected: "a wildcard" })),
        }
    }

    /// A run of ordinary characters; a `$` that does not begin `${` is one (Rule L57).
    fn literal<'a>(
        version: Version,
        wildcards: Wildcards,
    ) -> impl Parser<&'a str, Output = Piece<'a>, Error = Fault<'a>> {
        let stops = match (version, wildcards) {
            (Version::V2012, Wildcards::Match) => "$*?",
            (Version::V2012, Wildcards::AreText) => "$",
            (Version::V2008, Wildcards::Match) => "*?",
            (Version::V2008, Wildcards::AreText) => "",
        };
        move |input: &'a str| {
            if stops.is_empty() {
                return take_while1(|_| true).map(Piece::Text).parse(input);
            }
            if version == Version::V2008 {
                return is_not(stops).map(Piece::Text).parse(input);
            }
            let dollar = recognize((tag("$"), not(tag("{"))));
            recognize(many1_count(alt((is_not(stops), dollar)))).map(Piece::Text).parse(input)
        }
    }

    #[test]
    fn texts_are_cut_as_the_grammar_says() {
        let pieces = [
            "",
            "a",
            "*",
            "**",
            "?",
            "é",
            "{",
            "}",
            "$",
            "${",
            "${*}",
            "${a}",
            "${b:c, '*d'}",
            "${}",
            "${a b}",
            ", 'x'}",
        ];
        for one in pieces {
            for two in pieces {
                for three in pieces {
                    let text = format!("{one}{two}{three}");
                    for (version, wildcards) in [
                        (Version::V2012, Wildcards::Match),
                        (Version::V2012, Wildcards::AreText),
                        (Version::V2008, Wildcards::Match),
                        (Version::V2008, Wildcards::AreText),
                    ] {
                        let cut = Template::parse(&text, version, wildcards).ok();
                        let cut = cut.map(|cut| joined(cut.tokens().iter().map(Piece::Token)));
                        assert_eq!(cut, by_grammar(&text, version, wildcards), "{text} {version:?} {wildcards:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn malformed_variables_name_the_place() {
        for (text, range, expected) in [
            ("x${", 3..3, "a context key"),
            ("x${}", 3..4, "a context key"),
            ("${a b}", 3..4, "`}`, or `, '` and a default"),
            ("${a,'b'}", 3..4, "`}`, or `, '` and a default"),
            ("${a, b}", 5..6, "a default in single quotes"),
            ("${a, 'b}", 7..8, "the closing quote of the default"),
            ("${a, 'b'", 8..8, "`}`, or `, '` and a default"),
            ("${a${b}}", 3..4, "`}`, or `, '` and a default"),
            ("${*x}", 2..3, "a context key"),
        ] {
            let error = Template::parse(text, Version::V2012, Wildcards::Match).unwrap_err();
            assert_eq!((error.range(), error.expected()), (range, expected), "{text}");
        }
    }

    #[test]
    fn an_escaped_text_is_one_literal() {
        for text in ["a*b?c$d${e}", "", "${", "$", "***"] {
            let template = Template::parse(&escape_literal(text), Version::V2012, Wildcards::Match).unwrap();
            assert_eq!(template.as_literal(), Some(text));
        }
    }
}
