//! Action patterns (Rules L20 to L23, L26), grammar `grammar/action.abnf`.

use std::fmt;
use std::hash::{Hash, Hasher};

use nom::bytes::complete::{tag, take_while1};
use nom::combinator::all_consuming;
use nom::sequence::separated_pair;
use nom::{AsChar, Parser};

use super::pattern::{Marks, Tokens, Wildcards, mark};
use super::{SyntaxError, Version};
use crate::source::{Text, bytes};

/// An entry of `Action` or `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ActionPattern {
    /// `*`: every action (Rule L23).
    All,
    /// `service:name`, each part compared on its own and without regard to ASCII case (Rule L22).
    Named(ActionTemplate),
}

/// A pattern `service:name`, without variables.
#[derive(Clone)]
pub struct ActionTemplate {
    text: Text,
    colon: u32,
    marks: Marks,
}

impl ActionTemplate {
    /// The pattern of the service prefix.
    pub fn service(&self) -> Tokens<'_> {
        Tokens::of_part(&self.text, 0, self.colon, self.marks.as_slice()).0
    }

    /// The pattern of the name.
    pub fn name(&self) -> Tokens<'_> {
        self.parts().1
    }

    fn parts(&self) -> (Tokens<'_>, Tokens<'_>) {
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let (service, marks) = Tokens::of_part(&self.text, 0, self.colon, self.marks.as_slice());
        (service, Tokens::of_part(&self.text, self.colon + 1, end, marks).0)
    }
}

impl PartialEq for ActionTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for ActionTemplate {}

impl Hash for ActionTemplate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl fmt::Debug for ActionTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, name) = self.parts();
        f.debug_struct("ActionTemplate").field("service", &service).field("name", &name).finish()
    }
}

const FORM: &str = "`*` or `service:name`";

impl ActionPattern {
    /// Reads an entry of `Action` or `NotAction`.
    ///
    /// # Errors
    ///
    /// Returns where it is neither `*` nor `service:name` with one colon (Rule L20), holds `${` (Rules L20, L53),
    /// or has a character in its service prefix that none has (Rule L21).
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::language::action::ActionPattern;
    ///
    /// assert_eq!(ActionPattern::parse("*")?, ActionPattern::All);
    /// assert_eq!(ActionPattern::parse("s3").unwrap_err().rule(), "L20");
    /// # Ok::<(), iamtree::language::SyntaxError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        ActionPattern::of(&Text::from(text))
    }

    /// The same; the pattern shares the text.
    pub(crate) fn of(text: &Text) -> Result<Self, SyntaxError> {
        if &**text == "*" {
            return Ok(ActionPattern::All);
        }
        if let Some(at) = bytes::find(text.as_bytes(), b'$').and_then(|_| text.find("${")) {
            return Err(SyntaxError::new("L20", text, at..at + 2, "a variable in an action", "text without `${`"));
        }
        let (service, _) = match split_plain(text) {
            Some(parts) => parts,
            None => split(text, is_service_pattern_character)?,
        };
        let colon = u32::try_from(service.len()).unwrap_or(u32::MAX);
        // It holds no `${`, so it is read as a text without variables.
        let mut marks = Marks::None;
        let text = mark(text, Version::V2008, Wildcards::Match, &mut marks)?;
        Ok(ActionPattern::Named(ActionTemplate { text, colon, marks }))
    }
}

/// Splits the action of a request into service prefix and name (Rule L26).
///
/// # Errors
///
/// Returns where it is not `service:Name` with two non-empty parts and without wildcards.
///
/// # Examples
///
/// ```
/// use iamtree::language::action::parse_request_action;
///
/// assert_eq!(parse_request_action("s3:GetObject")?, ("s3", "GetObject"));
/// assert!(parse_request_action("s3:Get*").is_err());
/// # Ok::<(), iamtree::language::SyntaxError>(())
/// ```
pub fn parse_request_action(text: &str) -> Result<(&str, &str), SyntaxError> {
    if let Some(parts) = split_plain(text) {
        return Ok(parts);
    }
    if let Some(at) = text.find(['*', '?']) {
        return Err(SyntaxError::new("L26", text, at..at + 1, "a wildcard in the action of a request", "one action"));
    }
    split(text, is_service_pattern_character).map_err(|error| SyntaxError {
        rule: "L26",
        expected: "`service:Name`",
        ..error
    })
}

/// The parts of an action as requests have them: what the grammar accepts too, found faster.
fn split_plain(text: &str) -> Option<(&str, &str)> {
    let (service, name) = bytes::split_once(text, b':')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    let is_action = !service.is_empty()
        && !name.is_empty()
        && service.bytes().all(is_plain)
        && !bytes::contains_any(name.as_bytes(), [b':', b'*', b'?']);
    is_action.then_some((service, name))
}

/// `service ":" name` with exactly one colon and neither part empty.
fn split(text: &str, is_service_character: impl Fn(char) -> bool) -> Result<(&str, &str), SyntaxError> {
    let mut form = all_consuming(separated_pair(
        take_while1::<_, &str, ()>(&is_service_character),
        tag(":"),
        take_while1(|c| c != ':'),
    ));
    if let Ok((_, parts)) = form.parse(text) {
        return Ok(parts);
    }
    // Not of that form: say which part is wrong.
    let service_end = text.find(':').unwrap_or(text.len());
    let service = text.get(..service_end).unwrap_or_default();
    let wrong_character = service.char_indices().find(|&(_, character)| !is_service_character(character));
    Err(match (text.match_indices(':').nth(1), wrong_character) {
        (_, Some((at, character))) if service_end < text.len() => SyntaxError::new(
            "L21",
            text,
            at..at + character.len_utf8(),
            "malformed service prefix",
            "letters, digits, `.`, `-` or wildcards",
        ),
        (Some((second, _)), None) => SyntaxError::new("L20", text, second..second + 1, "malformed action", "one colon"),
        _ if service_end == text.len() => SyntaxError::new("L20", text, 0..text.len(), "malformed action", FORM),
        _ if service_end == 0 => SyntaxError::new("L20", text, 0..1, "malformed action", "a service before the colon"),
        _ => SyntaxError::new("L20", text, text.len()..text.len(), "malformed action", "a name behind the colon"),
    })
}

fn is_service_pattern_character(character: char) -> bool {
    character.is_alphanum() || matches!(character, '.' | '-' | '*' | '?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_the_place() {
        for (text, rule, range) in [
            ("", "L20", 0..0),
            ("GetObject", "L20", 0..9),
            (":GetObject", "L20", 0..1),
            ("s3:", "L20", 3..3),
            ("s3:Get:Object", "L20", 6..7),
            ("s 3:GetObject", "L21", 1..2),
            ("é:GetObject", "L21", 0..2),
            ("s3:${aws:username}", "L20", 3..5),
        ] {
            let error = ActionPattern::parse(text).unwrap_err();
            assert_eq!((error.rule(), error.range()), (rule, range), "{text}");
        }
    }

    #[test]
    fn free_text_names_are_accepted() {
        for text in ["s3:Get Object", "s3:$", "iam: x", "S?.*-:é", "s3:{}"] {
            assert!(ActionPattern::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_fast_way_agrees_with_the_grammar() {
        let pieces = ["", "s3", "S-3.x", "Get", "*", "?", ":", "é", " ", "_", "$", "{"];
        for service in pieces {
            for middle in pieces {
                for name in pieces {
                    let text = format!("{service}{middle}{name}");
                    let by_grammar = split(&text, is_service_pattern_character).ok();
                    let by_grammar = by_grammar.filter(|_| !text.contains(['*', '?']));
                    assert_eq!(split_plain(&text), by_grammar, "{text}");
                }
            }
        }
    }

    #[test]
    fn request_actions_are_one_action() {
        assert_eq!(parse_request_action("s3:GetObject "), Ok(("s3", "GetObject ")));
        for text in ["*", "s3:*", "s3", "s3:", ":x", "s3:a:b", "s_3:a", ""] {
            assert_eq!(parse_request_action(text).unwrap_err().rule(), "L26", "{text}");
        }
    }
}
