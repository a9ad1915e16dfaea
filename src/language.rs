//! The small languages inside the strings of a policy, one file each.
//!
//! Each is written with `nom` and mirrored by an ABNF file of the same name in `grammar/`; a test turns those
//! files into recognisers and sentence generators and holds the parsers against them. Nothing here knows what
//! a document, a request or a decision is.
//!
//! | File | Language | Rules |
//! |---|---|---|
//! | [`action`] | `s3:Get*` | L20 to L26 |
//! | [`arn`] | `arn:aws:s3:::app/${aws:username}/*` | L31 to L33, L64 |
//! | [`pattern`] | `home/${aws:PrincipalTag/team, 'none'}/*` | L30, L50 to L57 |
//! | [`operator`] | `ForAllValues:StringLikeIfExists` | L16, L17, section 8 |
//! | [`date`] | `2026-11-26T08:00:00Z`, `1795680000` | L94 |
//! | [`decimal`] | `1.20`, `1e2` | L93 |
//! | [`network`] | `192.0.2.0/24`, `2001:db8::/32` | L97 |

pub mod action;
pub mod arn;
pub mod date;
pub mod decimal;
pub mod network;
pub mod operator;
pub mod pattern;

use std::fmt;
use std::ops::Range;

use crate::source::quote;

/// Why a text is not of a language: the rule, the bytes of the text, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    rule: &'static str,
    range: Range<usize>,
    message: &'static str,
    found: String,
    expected: &'static str,
}

impl SyntaxError {
    /// `range` counts bytes of `text`; what stands there is quoted as what was found.
    pub(crate) fn new(
        rule: &'static str,
        text: &str,
        range: Range<usize>,
        message: &'static str,
        expected: &'static str,
    ) -> Self {
        let found = match text.get(range.clone()) {
            Some("") if range.start < text.len() => "nothing".to_owned(),
            Some("") | None => "the end of the text".to_owned(),
            Some(part) => quote(part),
        };
        SyntaxError { rule, range, message, found, expected }
    }

    /// The rule that is broken, such as `L52`.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The bytes of the text at which it went wrong.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What is wrong.
    pub fn message(&self) -> &'static str {
        self.message
    }

    /// What stands there.
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What should stand there.
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}, expected {} (rule {})", self.message, self.found, self.expected, self.rule)
    }
}

impl std::error::Error for SyntaxError {}

/// Version of the policy language (Rule L5): whether `${…}` means anything (Rule L50).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// `2008-10-17`, also when the element is absent: `${…}` is ordinary text.
    V2008,
    /// `2012-10-17`: `${…}` is a variable.
    V2012,
}
