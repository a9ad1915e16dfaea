//! Mistakes as people see them: the message, the place, the line with the mark under it, and the help.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::render::safe;
use super::style::{self, dress};
use crate::document::DocumentError;
use crate::source::{Diagnostic, Severity};

/// How much of the mistake, and of the line behind it, is drawn, in bytes.
const SHOWN: usize = 120;

/// Every mistake of a document.
pub(super) fn draw_all(error: &DocumentError) -> Vec<String> {
    draw_list(error.diagnostics(), error.left_out())
}

/// Mistakes, and how many more there are.
pub(super) fn draw_list(diagnostics: &[Diagnostic], left_out: usize) -> Vec<String> {
    let more = match left_out {
        0 => None,
        more => Some(error(format_args!("and {more} more mistakes"))),
    };
    diagnostics.iter().map(draw).chain(more).collect()
}

/// One mistake with the line it stands in.
pub(super) fn draw(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let excerpt = Excerpt::of(diagnostic);
    let snippet = Snippet::source(excerpt.text)
        .path(diagnostic.source().name())
        .line_start(diagnostic.position().line as usize)
        .annotation(AnnotationKind::Primary.span(excerpt.start..excerpt.end));
    let group = level
        .primary_title(diagnostic.sentence())
        .id(diagnostic.rule())
        .element(snippet)
        .elements(diagnostic.help_text().map(|help| Level::HELP.message(help)));
    Renderer::styled().render(&[group])
}

/// Mistakes that have no place in a document, or name it in their message: one a line.
pub(super) fn error(message: impl std::fmt::Display) -> String {
    let line = |line: &str| format!("{}: {}", dress(style::BAD, "error"), safe(line));
    message.to_string().lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The part of the first line of a mistake that is drawn: a document may be one line of a million characters. What
/// stands before the mistake is kept, because columns are counted in it; the renderer folds it.
struct Excerpt {
    text: String,
    /// Where in `text` the mistake begins.
    start: usize,
    /// Where in `text` it ends; the mark ends with the line.
    end: usize,
}

impl Excerpt {
    fn of(diagnostic: &Diagnostic) -> Self {
        let text = diagnostic.source().text();
        let span = diagnostic.span();
        let (before, rest) = text.split_at_checked(span.start as usize).unwrap_or((text, ""));
        let before = before.rsplit('\n').next().unwrap_or_default();
        let rest = rest.split(['\n', '\r']).next().unwrap_or_default();
        let length = span.end.saturating_sub(span.start) as usize;

        let shown = rest.get(..rest.floor_char_boundary(length.min(SHOWN))).unwrap_or_default();
        let until = rest.floor_char_boundary(shown.len() + SHOWN);
        let ellipsis = if until < rest.len() { "…" } else { "" };
        let rest = rest.get(..until).unwrap_or_default();
        Excerpt { start: before.len(), end: before.len() + shown.len(), text: format!("{before}{rest}{ellipsis}") }
    }
}
