//! Condition operators (Rules L16, L17 and the table of section 8), grammar `grammar/operator.abnf`.
//!
//! The table [`BASES`] is the one place where operators are listed.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::combinator::{opt, value};
use nom::sequence::terminated;
use nom::{AsChar, IResult, Parser};

use super::SyntaxError;

/// A condition operator taken apart.
///
/// # Examples
///
/// ```
/// use iamtree::language::operator::{Operator, Quantifier, Test};
///
/// let operator = Operator::parse("ForAllValues:StringNotLikeIfExists")?;
/// assert_eq!(operator.quantifier, Some(Quantifier::ForAllValues));
/// assert_eq!(operator.test, Test::StringLike);
/// assert!(operator.negated && operator.if_exists);
/// assert_eq!(operator.to_string(), "ForAllValues:StringNotLikeIfExists");
/// # Ok::<(), iamtree::language::SyntaxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:` (Rule L76).
    pub quantifier: Option<Quantifier>,
    /// The comparison in its positive form.
    pub test: Test,
    /// Whether no value may match (`StringNotEquals`), instead of some value (Rule L70).
    pub negated: bool,
    /// The suffix `IfExists` (Rule L73).
    pub if_exists: bool,
    name: &'static str,
}

/// A set prefix (Rules L76 to L78).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Every member of the request value.
    ForAllValues,
    /// At least one member of the request value.
    ForAnyValue,
}

/// What an operator compares, in its positive form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// Code point by code point (Rule L90).
    StringEquals,
    /// Equal after folding ASCII letters (Rule L91).
    StringEqualsIgnoreCase,
    /// Wildcards on the whole value (Rule L92).
    StringLike,
    /// Exact decimal numbers (Rule L93).
    Numeric(Comparison),
    /// Instants (Rule L94).
    Date(Comparison),
    /// `true` or `false` (Rule L95).
    Bool,
    /// Bytes in base64 (Rule L96).
    Binary,
    /// An address in a network (Rule L97).
    IpAddress,
    /// Field by field (Rule L98).
    Arn,
    /// Presence of the key (Rule L74).
    Null,
}

/// How an ordered request value, on the left, relates to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Equals,
    /// Less.
    LessThan,
    /// Less or equal.
    LessThanEquals,
    /// Greater.
    GreaterThan,
    /// Greater or equal.
    GreaterThanEquals,
}

/// Every base name with its test and whether it is the negated form. A new operator is a new row here, its
/// grammar in `grammar/operator.abnf`, and its [`Test`] in both evaluators.
pub const BASES: [(&str, Test, bool); 27] = [
    ("StringEquals", Test::StringEquals, false),
    ("StringNotEquals", Test::StringEquals, true),
    ("StringEqualsIgnoreCase", Test::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Test::StringEqualsIgnoreCase, true),
    ("StringLike", Test::StringLike, false),
    ("StringNotLike", Test::StringLike, true),
    ("NumericEquals", Test::Numeric(Comparison::Equals), false),
    ("NumericNotEquals", Test::Numeric(Comparison::Equals), true),
    ("NumericLessThan", Test::Numeric(Comparison::LessThan), false),
    ("NumericLessThanEquals", Test::Numeric(Comparison::LessThanEquals), false),
    ("NumericGreaterThan", Test::Numeric(Comparison::GreaterThan), false),
    ("NumericGreaterThanEquals", Test::Numeric(Comparison::GreaterThanEquals), false),
    ("DateEquals", Test::Date(Comparison::Equals), false),
    ("DateNotEquals", Test::Date(Comparison::Equals), true),
    ("DateLessThan", Test::Date(Comparison::LessThan), false),
    ("DateLessThanEquals", Test::Date(Comparison::LessThanEquals), false),
    ("DateGreaterThan", Test::Date(Comparison::GreaterThan), false),
    ("DateGreaterThanEquals", Test::Date(Comparison::GreaterThanEquals), false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::Binary, false),
    ("IpAddress", Test::IpAddress, false),
    ("NotIpAddress", Test::IpAddress, true),
    ("ArnEquals", Test::Arn, false),
    ("ArnNotEquals", Test::Arn, true),
    ("ArnLike", Test::Arn, false),
    ("ArnNotLike", Test::Arn, true),
    ("Null", Test::Null, false),
];

impl Operator {
    /// Reads an operator name; case counts (Rule L16).
    ///
    /// # Errors
    ///
    /// Returns where the name is not an optional set prefix, a base name of [`BASES`] and an optional `IfExists`,
    /// or that it is `NullIfExists` (Rule L17).
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let (rest, quantifier) = quantifier(text).unwrap_or((text, None));
        let base_start = text.len() - rest.len();
        let unknown = |range| {
            let expected = closest(rest).unwrap_or("an operator such as `StringEquals`");
            Err(SyntaxError::new("L16", text, range, "unknown condition operator", expected))
        };
        let Ok((suffix, word)) = take_while::<_, &str, ()>(AsChar::is_alpha).parse(rest) else {
            return unknown(0..text.len());
        };
        if !suffix.is_empty() {
            return unknown(base_start..text.len());
        }
        // No base name ends with the suffix, so cutting it off first loses nothing.
        let (base, if_exists) = match word.strip_suffix("IfExists") {
            Some(base) => (base, true),
            None => (word, false),
        };
        let Some(&(name, test, negated)) = BASES.iter().find(|(name, ..)| *name == base) else {
            return unknown(base_start..text.len());
        };
        if test == Test::Null && if_exists {
            let range = base_start + base.len()..text.len();
            return Err(SyntaxError::new("L17", text, range, "`Null` takes no suffix", "`Null`"));
        }
        Ok(Operator { quantifier, test, negated, if_exists, name })
    }

    /// The base name, such as `StringNotEquals`.
    pub fn base_name(&self) -> &'static str {
        self.name
    }
}

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let prefix = self.quantifier.map_or("", Quantifier::prefix);
        write!(f, "{prefix}{}{}", self.name, if self.if_exists { "IfExists" } else { "" })
    }
}

impl Quantifier {
    /// The prefix as written, colon included.
    pub fn prefix(self) -> &'static str {
        match self {
            Quantifier::ForAllValues => "ForAllValues:",
            Quantifier::ForAnyValue => "ForAnyValue:",
        }
    }
}

impl Test {
    /// Whether variables are filled in (Rule L63): string operators, ARN operators and `Bool`.
    pub fn substitutes(self) -> bool {
        match self {
            Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike | Test::Arn | Test::Bool => true,
            Test::Numeric(_) | Test::Date(_) | Test::Binary | Test::IpAddress | Test::Null => false,
        }
    }
}

impl Comparison {
    /// Whether a request value that compares so to the policy's value satisfies the operator.
    pub fn holds(self, request_to_policy: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equals => request_to_policy.is_eq(),
            Comparison::LessThan => request_to_policy.is_lt(),
            Comparison::LessThanEquals => request_to_policy.is_le(),
            Comparison::GreaterThan => request_to_policy.is_gt(),
            Comparison::GreaterThanEquals => request_to_policy.is_ge(),
        }
    }
}

fn quantifier(input: &str) -> IResult<&str, Option<Quantifier>> {
    let word =
        alt((value(Quantifier::ForAllValues, tag("ForAllValues")), value(Quantifier::ForAnyValue, tag("ForAnyValue"))));
    opt(terminated(word, tag(":"))).parse(input)
}

/// The base name that differs only in case, for the message.
fn closest(word: &str) -> Option<&'static str> {
    let base = word.get(..word.len().saturating_sub(8)).filter(|_| word.to_ascii_lowercase().ends_with("ifexists"));
    let base = base.unwrap_or(word);
    BASES.iter().map(|(name, ..)| *name).find(|name| name.eq_ignore_ascii_case(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_reads_back() {
        for (base, ..) in BASES {
            for prefix in ["", "ForAllValues:", "ForAnyValue:"] {
                for suffix in ["", "IfExists"] {
                    let name = format!("{prefix}{base}{suffix}");
                    match Operator::parse(&name) {
                        Ok(operator) => assert_eq!(operator.to_string(), name),
                        Err(error) => assert_eq!((error.rule(), base, suffix), ("L17", "Null", "IfExists")),
                    }
                }
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for name in [
            "",
            "stringequals",
            "StringEqualsIfexists",
            "ForAllValues",
            "ForAllValues:",
            "ForAnyValue::StringEquals",
            "forAllValues:StringEquals",
            "StringEquals ",
            "StringEqualsIfExistsIfExists",
            "IfExists",
            "StringMatches",
            "ForAllValues:ForAnyValue:StringEquals",
            "BoolNot",
            "NotNull",
        ] {
            assert_eq!(Operator::parse(name).unwrap_err().rule(), "L16", "{name}");
        }
        assert_eq!(Operator::parse("stringlikeifexists").unwrap_err().expected(), "StringLike");
    }
}
