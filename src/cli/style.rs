//! The few colours. None carries a meaning that the words beside it do not carry.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// Allowed, passed.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Denied, failed, refused.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Worth a look.
pub(super) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What a line is about.
pub(super) const LABEL: Style = Style::new().dimmed();
/// What stands out in a line.
pub(super) const STRONG: Style = Style::new().bold();

/// Dresses a text in a style. Undressed again by the stream if it is no terminal.
pub(super) fn dress(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
