//! Text with wildcards and variables (Rules L30, L50 to L57), grammar `grammar/pattern.abnf`.
//!
//! A text is cut into tokens once. What a variable stands for is never pasted into a text again (Rule L55), so
//! that no value can become a wildcard or another variable.

use std::borrow::Cow;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::combinator::{cut, opt};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use super::{SyntaxError, Version};
use crate::source::{Text, bytes};

/// A text cut into tokens.
///
/// Neighbouring literals are one token and `**` is one `*`, so two spellings of one meaning are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Template {
    tokens: Tokens,
}

/// Most texts are one literal, and most fields of an ARN are; these take no room of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
enum Tokens {
    #[default]
    None,
    One(Token),
    /// Two at least.
    More(Vec<Token>),
}

impl Tokens {
    fn push(&mut self, token: Token) {
        match self {
            Tokens::None => *self = Tokens::One(token),
            Tokens::One(_) => {
                let mut tokens = Vec::with_capacity(4);
                if let Tokens::One(first) = std::mem::take(self) {
                    tokens.push(first);
                }
                tokens.push(token);
                *self = Tokens::More(tokens);
            }
            Tokens::More(tokens) => tokens.push(token),
        }
    }

    fn as_slice(&self) -> &[Token] {
        match self {
            Tokens::None => &[],
            Tokens::One(token) => std::slice::from_ref(token),
            Tokens::More(tokens) => tokens,
        }
    }
}

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Token {
    /// Exactly this text; also what `${*}`, `${?}` and `${$}` write (Rule L56).
    Literal(Text),
    /// `*`: any run of characters, also none (Rule L30).
    AnyRun,
    /// `?`: exactly one Unicode scalar value (Rule L30).
    AnyOne,
    /// `${key}` or `${key, 'default'}` (Rule L51).
    Variable(Box<Variable>),
}

/// A reference to a context key (Rules L51, L54, L59).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variable {
    /// The context key, as written; keys compare without regard to ASCII case.
    pub key: Text,
    /// The text to use if the key is absent or holds the empty string.
    pub default: Option<Text>,
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
    /// assert_eq!(template.tokens().len(), 4);
    /// assert_eq!(template.tokens().last(), Some(&Token::AnyRun));
    ///
    /// let error = Template::parse("home/${aws:username", Version::V2012, Wildcards::Match).unwrap_err();
    /// assert_eq!(error.rule(), "L52");
    /// # Ok::<(), iamtree::language::SyntaxError>(())
    /// ```
    pub fn parse(text: &str, version: Version, wildcards: Wildcards) -> Result<Self, SyntaxError> {
        Template::of(text, &Text::from(text), version, wildcards)
    }

    /// The same for a part of a text, which the tokens share.
    pub(crate) fn of(text: &str, whole: &Text, version: Version, wildcards: Wildcards) -> Result<Self, SyntaxError> {
        let specials = match (version, wildcards) {
            (Version::V2012, Wildcards::Match) => [b'$', b'*', b'?'],
            (Version::V2012, Wildcards::AreText) => [b'$'; 3],
            (Version::V2008, Wildcards::Match) => [b'*', b'?', b'?'],
            (Version::V2008, Wildcards::AreText) => return Ok(Template::literal(text, whole)),
        };
        if !bytes::contains_any(text.as_bytes(), specials) {
            return Ok(Template::literal(text, whole));
        }
        let mut pieces = Pieces::of(whole);
        let mut rest = text;
        while let Some(at) = bytes::find_any(rest.as_bytes(), specials) {
            let (literal, behind) = rest.split_at_checked(at).unwrap_or_default();
            let (behind, piece) = match behind.as_bytes() {
                [b'$', b'{', ..] => reference(text, behind)?,
                [b'*', ..] => (behind.get(1..).unwrap_or_default(), Piece::Token(Token::AnyRun)),
                [b'?', ..] => (behind.get(1..).unwrap_or_default(), Piece::Token(Token::AnyOne)),
                // A `$` that does not begin `${` is ordinary text (Rule L57).
                _ => {
                    let (dollar, behind) = behind.split_at_checked(1).unwrap_or_default();
                    (behind, Piece::Text(dollar))
                }
            };
            pieces.add(Piece::Text(literal));
            pieces.add(piece);
            rest = behind;
        }
        pieces.add(Piece::Text(rest));
        Ok(pieces.finish())
    }

    fn literal(text: &str, whole: &Text) -> Self {
        let tokens = if text.is_empty() { Tokens::None } else { Tokens::One(Token::Literal(whole.share(text))) };
        Template { tokens }
    }

    /// The tokens in order.
    pub fn tokens(&self) -> &[Token] {
        self.tokens.as_slice()
    }

    /// `*` alone.
    pub fn any() -> Self {
        Template { tokens: Tokens::One(Token::AnyRun) }
    }

    /// The variables in order of appearance.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.tokens().iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(&**variable),
            _ => None,
        })
    }

    /// The text if it is all literal, the empty text included.
    pub fn as_literal(&self) -> Option<&str> {
        match self.tokens() {
            [] => Some(""),
            [Token::Literal(text)] => Some(text),
            _ => None,
        }
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

/// Joins neighbouring literals and runs of `*` while pieces come in.
struct Pieces<'a> {
    whole: &'a Text,
    done: Tokens,
    literal: Cow<'a, str>,
}

/// What one parse step yields: literals borrow from the text.
#[derive(Debug, Clone, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Variable { key: &'a str, default: Option<&'a str> },
    Token(Token),
}

impl<'a> Pieces<'a> {
    fn of(whole: &'a Text) -> Self {
        Pieces { whole, done: Tokens::None, literal: Cow::Borrowed("") }
    }

    fn add(&mut self, piece: Piece<'a>) {
        match piece {
            Piece::Text(text) => self.literal += text,
            Piece::Variable { key, default } => {
                self.flush();
                let default = default.map(|default| self.whole.share(default));
                let variable = Variable { key: self.whole.share(key), default };
                self.done.push(Token::Variable(Box::new(variable)));
            }
            Piece::Token(token) => {
                self.flush();
                if token != Token::AnyRun || self.done.as_slice().last() != Some(&Token::AnyRun) {
                    self.done.push(token);
                }
            }
        }
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            let literal = self.whole.share(&std::mem::take(&mut self.literal));
            self.done.push(Token::Literal(literal));
        }
    }

    fn finish(mut self) -> Template {
        self.flush();
        Template { tokens: self.done }
    }
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
fn special(input: &str) -> Step<'_, Piece<'_>> {
    delimited(tag("${"), alt((tag("*"), tag("?"), tag("$"))), tag("}")).map(Piece::Text).parse(input)
}

/// `variable` of Rule L51 with a name. Behind `${` nothing but a variable may follow (Rule L52).
fn variable(input: &str) -> Step<'_, Piece<'_>> {
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
    Ok((rest, Piece::Variable { key, default }))
}

fn is_name_character(character: char) -> bool {
    // The "blank" of Rule L51 is read as any white space of JSON: refusing a document denies.
    !matches!(character, ' ' | '\t' | '\n' | '\r' | ',' | '\'' | '{' | '}' | '$' | '*' | '?')
}

/// What `${` at the beginning of `behind`, the end of `text`, refers to, and what stands behind it (Rule L51).
fn reference<'a>(text: &str, behind: &'a str) -> Result<(&'a str, Piece<'a>), SyntaxError> {
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
    use nom::multi::{fold_many0, many1_count};

    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        Template::parse(text, Version::V2012, Wildcards::Match).unwrap().tokens().to_vec()
    }

    fn literal_of(text: &str) -> Token {
        Token::Literal(text.into())
    }

    fn variable_of(key: &str, default: Option<&str>) -> Token {
        Token::Variable(Box::new(Variable { key: key.into(), default: default.map(Text::from) }))
    }

    #[test]
    fn cuts_into_tokens() {
        assert_eq!(tokens(""), []);
        assert_eq!(tokens("a**b?"), [literal_of("a"), Token::AnyRun, literal_of("b"), Token::AnyOne]);
        assert_eq!(tokens("a${*}b${$}{c}$"), [literal_of("a*b${c}$")]);
        assert_eq!(tokens("${a:b}${c, ''}"), [variable_of("a:b", None), variable_of("c", Some(""))]);
        assert_eq!(tokens("$${a}"), [literal_of("$"), variable_of("a", None)]);
        assert_eq!(tokens("${t, 'x, ${y*?'}"), [variable_of("t", Some("x, ${y*?"))]);
    }

    #[test]
    fn the_old_version_has_no_variables() {
        let template = Template::parse("${a*}", Version::V2008, Wildcards::Match).unwrap();
        assert_eq!(template.tokens(), [literal_of("${a"), Token::AnyRun, literal_of("}")]);
    }

    #[test]
    fn wildcards_can_be_text() {
        let template = Template::parse("*?${*}${a}", Version::V2012, Wildcards::AreText).unwrap();
        assert_eq!(template.tokens(), [literal_of("*?*"), variable_of("a", None)]);
    }

    fn with<'a>(mut pieces: Pieces<'a>, piece: Piece<'a>) -> Pieces<'a> {
        pieces.add(piece);
        pieces
    }

    /// The language as nom would read it whole.
    fn by_grammar(text: &str, version: Version, wildcards: Wildcards) -> Option<Template> {
        let whole = Text::from(text);
        let token = |input| match version {
            Version::V2012 => alt((special, variable, wildcard(wildcards), literal(version, wildcards))).parse(input),
            Version::V2008 => alt((wildcard(wildcards), literal(version, wildcards))).parse(input),
        };
        let (_, pieces) = all_consuming(fold_many0(token, || Pieces::of(&whole), with)).parse(text).ok()?;
        Some(pieces.finish())
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
