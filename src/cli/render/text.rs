//! Texts of others, made fit for a terminal.

use unicode_width::UnicodeWidthStr;

use crate::decision::Mark;

/// How many characters of one text are shown around or before what matters.
const SHOWN: usize = 160;

/// Makes control characters visible, and those that hide text or change its direction (threat T5).
pub(in crate::cli) fn safe(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| push_safe(&mut shown, character));
    shown
}

fn push_safe(shown: &mut String, character: char) {
    match character {
        '\n' | '\r' | '\t' => shown.extend(character.escape_default()),
        _ if character.is_control() || is_invisible(character) => shown.extend(character.escape_unicode()),
        _ => shown.push(character),
    }
}

/// Marks of direction, zero-width characters, line separators.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text in a list of texts: in quotation marks where its ends would not be seen.
pub(super) fn value(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains([' ', ',', '"', '\u{a0}', '[', ']']);
    let shown = head(text, SHOWN);
    if is_plain { shown } else { format!("\"{shown}\"") }
}

/// The request's text, and where under it the mark stands.
pub(super) struct Marked {
    pub text: String,
    /// Columns before the mark.
    pub indent: usize,
    /// Columns of the mark, at least one.
    pub width: usize,
}

/// Shows a text around a mark. Columns are those of a terminal: a wide character takes two.
pub(super) fn marked(text: &str, mark: Mark) -> Marked {
    let start = mark.start;
    let length = mark.end.saturating_sub(start);
    let characters: Vec<char> = text.chars().collect();
    let part = |from: usize, to: usize| characters.get(from..to.min(characters.len())).unwrap_or_default();

    let before = tail(part(0, start), SHOWN);
    let inside = head(&part(start, start.saturating_add(length)).iter().collect::<String>(), SHOWN);
    let after = head(&part(start.saturating_add(length), characters.len()).iter().collect::<String>(), SHOWN);
    Marked { indent: before.width(), width: inside.width().max(1), text: format!("{before}{inside}{after}") }
}

/// The beginning of a text, with an ellipsis in place of what is cut.
pub(super) fn head(text: &str, characters: usize) -> String {
    let mut rest = text.chars();
    let mut shown = safe(&rest.by_ref().take(characters).collect::<String>());
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}

/// The end of a text, with an ellipsis in place of what is cut.
fn tail(text: &[char], characters: usize) -> String {
    let from = text.len().saturating_sub(characters);
    let shown = safe(&text.get(from..).unwrap_or_default().iter().collect::<String>());
    if from > 0 { format!("…{shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(text: &str, start: usize, end: usize) -> String {
        let marked = marked(text, Mark { start, end });
        format!("{}\n{}{}", marked.text, " ".repeat(marked.indent), "^".repeat(marked.width))
    }

    #[test]
    fn the_mark_stands_under_its_characters() {
        assert_eq!(picture("abcdef", 2, 4), "abcdef\n  ^^");
        assert_eq!(picture("日本go", 1, 3), "日本go\n  ^^^");
        assert_eq!(picture("e\u{301}x", 2, 3), "e\u{301}x\n ^");
        assert_eq!(picture("a\u{1b}b", 2, 3), "a\\u{1b}b\n       ^");
    }

    #[test]
    fn a_mark_behind_the_end_is_still_seen() {
        assert_eq!(picture("ab", 2, 2), "ab\n  ^");
        assert_eq!(picture("", 0, 0), "\n^");
        assert_eq!(picture("ab", 9, 12), "ab\n  ^");
    }

    #[test]
    fn long_texts_are_cut_around_the_mark() {
        let text = format!("{}X{}", "a".repeat(1_000), "b".repeat(1_000));
        let expected = format!("…{}X{}…\n{}^", "a".repeat(160), "b".repeat(160), " ".repeat(161));
        assert_eq!(picture(&text, 1_000, 1_001), expected);
    }

    #[test]
    fn nothing_of_others_reaches_the_terminal_raw() {
        assert_eq!(safe("a\u{1b}[31m\u{202e}b\u{200b}\n"), "a\\u{1b}[31m\\u{202e}b\\u{200b}\\n");
    }

    #[test]
    fn values_are_quoted_where_their_ends_would_be_lost() {
        assert_eq!(value("ana/*"), "ana/*");
        assert_eq!(value(""), "\"\"");
        assert_eq!(value("a, b"), "\"a, b\"");
    }
}
