//! Why a case file is refused.

use std::fmt;

use crate::source::{Position, Source, Span};

/// How many mistakes of one file are listed.
const LISTED: usize = 50;

/// Every mistake of a case file, each with its place.
///
/// `Display` prints one mistake a line, as `file:line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFileError {
    file: String,
    mistakes: Vec<(Position, String)>,
    left_out: usize,
}

impl CaseFileError {
    pub(super) fn new(file: &Source) -> Self {
        CaseFileError { file: file.name().to_owned(), mistakes: Vec::new(), left_out: 0 }
    }

    pub(super) fn add(&mut self, file: &Source, span: Span, message: String) {
        if self.mistakes.len() < LISTED {
            self.mistakes.push((file.position(span.start), on_one_line(&message)));
        } else {
            self.left_out += 1;
        }
    }

    /// Nothing if no mistake was added.
    pub(super) fn into_result(self) -> Result<(), Self> {
        if self.mistakes.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// A member's name may hold a line feed; a message that quotes it must not begin a line with it.
fn on_one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for character in message.chars() {
        match character.is_control() {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

impl fmt::Display for CaseFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (Position { line, column }, message)) in self.mistakes.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}:{line}:{column}: {message}", self.file)?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\nand {more} more mistakes"),
        }
    }
}

impl std::error::Error for CaseFileError {}
