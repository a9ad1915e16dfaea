//! Patterns against texts (Rules L30, L34, L55).
//!
//! A pattern is a row of pieces. Matching keeps the set of places that the pieces so far can have reached and moves
//! it over one piece after another: the rows of the textbook's table, with only the true cells kept. Time is
//! O(pattern × text) at worst, and no text is ever built from a pattern and a value.

use std::borrow::Cow;

use super::variable::resolve;
use crate::language::arn::{ArnTemplate, ends_with_star};
use crate::language::pattern::{Token, Tokens};
use crate::request::Context;

/// One piece of a pattern whose variables have been looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'p> {
    /// Text of the document.
    Literal(Cow<'p, str>),
    /// The value of a variable: literal text, whatever it holds (Rule L55).
    Value(&'p str),
    /// `?`.
    AnyOne(Colons),
    /// `*`.
    AnyRun(Colons),
    /// A variable without a value: nothing is like it (Rules L60, L62).
    NoValue(Colons),
    /// A value that cannot stand where its variable stands (Rule L34).
    Misplaced,
}

/// Whether a wildcard matches colons (Rule L34).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colons {
    /// As any other character.
    Match,
    /// Never.
    Stop,
}

/// Rule L30: a text with wildcards that match every character.
pub(super) fn of_text<'p>(tokens: Tokens<'p>, context: &'p Context<'_>) -> Vec<Piece<'p>> {
    tokens.iter().map(|token| of_token(token, context, Colons::Match)).collect()
}

/// Rule L22: as [`of_text`] for the part of an action, which holds no variables; ASCII letters are folded, and
/// must be folded in the text too.
pub(super) fn of_action_part(tokens: Tokens<'_>) -> Vec<Piece<'_>> {
    let folded = |token| match token {
        Token::Literal(text) => Piece::Literal(Cow::Owned(text.to_ascii_lowercase())),
        Token::AnyOne => Piece::AnyOne(Colons::Match),
        Token::AnyRun => Piece::AnyRun(Colons::Match),
        Token::Variable(_) => Piece::NoValue(Colons::Match),
    };
    tokens.iter().map(folded).collect()
}

/// Rule L34: the six fields of a resource pattern and the colons between them. In the first five, `?` matches no
/// colon and neither does `*`, but for a `*` that ends its field; a value with a colon stands for nothing.
pub(super) fn of_resource<'p>(pattern: &'p ArnTemplate, context: &'p Context<'_>) -> Vec<Piece<'p>> {
    let [head @ .., resource] = pattern.fields();
    let mut pieces = Vec::new();
    for field in head {
        let mut of_field: Vec<_> = field.iter().map(|token| of_token(token, context, Colons::Stop)).collect();
        for piece in &mut of_field {
            if matches!(piece, Piece::Value(text) if text.contains(':')) {
                *piece = Piece::Misplaced;
            }
        }
        if ends_with_star(field) {
            of_field.pop();
            of_field.push(Piece::AnyRun(Colons::Match));
        }
        pieces.extend(of_field);
        pieces.push(Piece::Literal(Cow::Borrowed(":")));
    }
    pieces.extend(of_text(resource, context));
    pieces
}

fn of_token<'p>(token: Token<'p>, context: &'p Context<'_>, colons: Colons) -> Piece<'p> {
    match token {
        Token::Literal(text) => Piece::Literal(Cow::Borrowed(text)),
        Token::AnyOne => Piece::AnyOne(colons),
        Token::AnyRun => Piece::AnyRun(colons),
        Token::Variable(variable) => resolve(variable, context).map_or(Piece::NoValue(colons), Piece::Value),
    }
}

/// Whether the pieces match the whole text (Rule L30). Neither is cleaned up before: blanks, slashes, dots and percent
/// signs are characters like any other (Rules L25, L36, L37), and `*` matches an empty field too (Rule L35).
pub(super) fn matches(pieces: &[Piece<'_>], text: &str) -> bool {
    let mut reached = vec![0];
    for piece in pieces {
        reached = step(piece, text, &reached);
        if reached.is_empty() {
            return false;
        }
    }
    reached.last() == Some(&text.len())
}

/// Whether the pieces would match the text if variables without a value had the right one (Rule E67).
pub(super) fn could_match(pieces: Vec<Piece<'_>>, text: &str) -> bool {
    let pieces = pieces.into_iter().map(|piece| match piece {
        Piece::NoValue(colons) => Piece::AnyRun(colons),
        other => other,
    });
    matches(&pieces.collect::<Vec<_>>(), text)
}

/// Where a text begins to differ from a pattern that does not match it: the byte opposite the first piece that
/// cannot match, or behind what the whole pattern matched; `None` if it matches (Rule E68).
///
/// Of a literal the first differing character counts, of a variable's value its beginning: a value is right or
/// wrong as a whole.
pub(super) fn differs_at(pieces: &[Piece<'_>], text: &str) -> Option<usize> {
    let mut reached = vec![0];
    for piece in pieces {
        let next = step(piece, text, &reached);
        if next.is_empty() {
            return Some(nearest(piece, text, &reached));
        }
        reached = next;
    }
    let furthest = reached.last().copied().unwrap_or_default();
    (furthest != text.len()).then_some(furthest)
}

/// Of the places at which a piece cannot match, the one at which most of it does; of several the last.
fn nearest(piece: &Piece<'_>, text: &str, from: &[usize]) -> usize {
    let in_common = |at: &usize, wanted: &str| -> usize {
        let rest = text.get(*at..).unwrap_or_default();
        let pairs = rest.chars().zip(wanted.chars()).take_while(|(seen, wanted)| seen == wanted);
        pairs.map(|(seen, _)| seen.len_utf8()).sum()
    };
    let last = from.last().copied().unwrap_or_default();
    match piece {
        Piece::Literal(wanted) => {
            let places = from.iter().map(|at| (in_common(at, wanted), *at));
            places.max().map_or(last, |(common, at)| at + common)
        }
        Piece::Value(wanted) => {
            let places = from.iter().map(|at| (in_common(at, wanted), *at));
            places.max().map_or(last, |(_, at)| at)
        }
        _ => last,
    }
}

/// The places behind one piece that begins at one of `from`. Places are byte offsets at characters, ascending.
fn step(piece: &Piece<'_>, text: &str, from: &[usize]) -> Vec<usize> {
    let rest = |at: usize| text.get(at..).unwrap_or_default();
    let behind_text = |wanted: &str| {
        let here = from.iter().filter(|at| rest(**at).starts_with(wanted));
        here.map(|at| at + wanted.len()).collect()
    };
    match piece {
        Piece::Literal(wanted) => behind_text(wanted),
        Piece::Value(wanted) => behind_text(wanted),
        Piece::NoValue(_) | Piece::Misplaced => Vec::new(),
        Piece::AnyOne(colons) => {
            let next = from.iter().filter_map(|at| Some(at + first_character(rest(*at), *colons)?.len_utf8()));
            next.collect()
        }
        Piece::AnyRun(Colons::Match) => match from.first() {
            Some(first) => rest(*first).char_indices().map(|(at, _)| first + at).chain([text.len()]).collect(),
            None => Vec::new(),
        },
        Piece::AnyRun(Colons::Stop) => {
            let mut places: Vec<usize> = Vec::new();
            for start in from {
                // What an earlier one ran over ends at the same colon.
                if places.last().is_none_or(|last| last < start) {
                    let run = rest(*start).split(':').next().unwrap_or_default();
                    places.extend(run.char_indices().map(|(at, _)| start + at).chain([start + run.len()]));
                }
            }
            places
        }
    }
}

fn first_character(text: &str, colons: Colons) -> Option<char> {
    text.chars().next().filter(|character| *character != ':' || colons == Colons::Match)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Version;
    use crate::language::arn::ResourcePattern;
    use crate::language::pattern::{Template, Wildcards};
    use crate::request::Request;

    fn like(pattern: &str, text: &str) -> bool {
        let template = Template::parse(pattern, Version::V2012, Wildcards::Match).unwrap();
        let context = Context::default();
        let pieces = of_text(template.tokens(), &context);
        let is_match = matches(&pieces, text);
        assert_eq!(differs_at(&pieces, text).is_none(), is_match, "{pattern} {text}");
        is_match
    }

    fn covers(pattern: &str, resource: &str) -> bool {
        let request = Request::unnamed("a:b", "*").unwrap();
        let request = request.with("colon", "a:b").unwrap().with("star", "*").unwrap();
        let ResourcePattern::Arn(pattern) = ResourcePattern::parse(pattern, Version::V2012).unwrap() else { panic!() };
        matches(&of_resource(&pattern, request.context()), resource)
    }

    /// Rule L30.
    #[test]
    fn wildcards() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a\nb"),
            ("a*", "a"),
            ("*a*a*", "aa"),
            ("?", "€"),
            ("a?c*", "abc/d:e"),
            ("*.jpg", ".jpg.jpg"),
            ("a${*}", "a*"),
            ("**?**", "x"),
        ] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("?", ""), ("?", "ab"), ("a", "A"), ("*a*a*", "a"), ("[ab]", "a"), ("a${*}", "ab")]
        {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }

    /// Rule L34.
    #[test]
    fn colons_in_the_first_five_fields() {
        for (pattern, text) in [
            ("arn:aws:sqs:*:111122223333:q", "arn:aws:sqs::x:111122223333:q"),
            ("arn:aws:sqs:eu-*:1:q", "arn:aws:sqs:eu-a:b:1:q"),
            ("arn:aws:s3", "arn:aws:s3:::a/b"),
            ("arn:aws:s3:::a?b*", "arn:aws:s3:::a:b:/"),
            ("arn:aws:s3:::${colon}", "arn:aws:s3:::a:b"),
            ("arn:aws:s3:::${star}", "arn:aws:s3:::*"),
            ("arn:*:s3:::x", "arn:aws:s3:::x"),
            ("arn:aws:sqs:e*${absent, ''}:1:q", "arn:aws:sqs:eu:1:q"),
            ("arn:aws:sqs:*:*b:q", "arn:aws:sqs:1:2c:3b:q"),
            ("arn:aws:sqs:a*b*c:1:q", "arn:aws:sqs:axbyc:1:q"),
        ] {
            assert!(covers(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("arn:aws:sqs:*a:1:q", "arn:aws:sqs:x:a:1:q"),
            ("arn:aws:sqs:e?:1:q", "arn:aws:sqs:e::1:q"),
            ("arn:aws:sqs:a*b*c:1:q", "arn:aws:sqs:a:b:c:1:q"),
            ("arn:aws:sqs:${colon}:1:q", "arn:aws:sqs:a:b:1:q"),
            ("arn:aws:s3:::${star}", "arn:aws:s3:::x"),
            ("arn:aws:s3:::${absent}", "arn:aws:s3:::x"),
        ] {
            assert!(!covers(pattern, text), "{pattern} {text}");
        }
    }

    /// Rule E68: where a text begins to differ, behind a star at the place where most of it fits.
    #[test]
    fn where_a_text_differs() {
        let context = Request::unnamed("a:b", "*").unwrap().with("v", "bcd").unwrap();
        for (pattern, text, place) in [
            ("*bcd", "abcXaX", Some(3)),
            ("*${v}", "abcXaX", Some(1)),
            ("*${v}", "abcXbcX", Some(4)),
            ("*${v}", "XX", Some(2)),
            ("*${v}", "Xbcd", None),
            ("a?", "a", Some(1)),
        ] {
            let template = Template::parse(pattern, Version::V2012, Wildcards::Match).unwrap();
            assert_eq!(differs_at(&of_text(template.tokens(), context.context()), text), place, "{pattern} {text}");
        }
    }

    /// A hostile pattern costs pattern × text, not more.
    #[test]
    fn hostile_patterns() {
        assert!(!like(&"*?".repeat(300), &"a".repeat(299)));
        assert!(like(&"*?".repeat(300), &"a".repeat(2_000)));
        assert!(!like(&format!("{}b", "*a".repeat(300)), &"a".repeat(2_000)));
    }
}
