//! Decimal numbers (Rule L93), grammar `grammar/decimal.abnf`.

use std::cmp::Ordering;

use nom::branch::alt;
use nom::character::complete::{digit0, digit1, one_of};
use nom::combinator::{all_consuming, opt, recognize};
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

/// A number as written, compared exactly: neither as floating point nor as text (Rule L93).
///
/// It borrows the digits, so reading one allocates nothing.
///
/// # Examples
///
/// ```
/// use iamtree::language::decimal::Decimal;
///
/// let read = |text| Decimal::parse(text).unwrap();
/// assert_eq!(read("10"), read("010.0"));
/// assert_eq!(read("1e2"), read("100"));
/// assert!(read("-0.1") < read(".05"));
/// assert!(Decimal::parse("5abc").is_none());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Decimal<'a> {
    negative: bool,
    /// Place of the first significant digit: the value is `0.DIGITS × 10^magnitude`.
    magnitude: i128,
    /// Significant digits before and behind the decimal point; both empty for zero.
    digits: (&'a str, &'a str),
}

impl<'a> Decimal<'a> {
    /// Reads a number; `None` if the text is none. An exponent of more than 36 significant digits is none
    /// either, whatever stands before it: the bound keeps comparing exact, and an ill-typed value never allows.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (_, (sign, (whole, fraction), exponent)) = all_consuming(number).parse(text).ok()?;
        let exponent = exponent.map_or(Some(0), parse_exponent)?;
        let whole = whole.trim_start_matches('0');
        let (head, tail, places) = if whole.is_empty() {
            let significant = fraction.trim_start_matches('0');
            (significant, "", -i128::try_from(fraction.len() - significant.len()).ok()?)
        } else {
            (whole, fraction, i128::try_from(whole.len()).ok()?)
        };
        let is_zero = head.is_empty();
        Some(Decimal {
            negative: sign == Some('-') && !is_zero,
            magnitude: if is_zero { 0 } else { places + exponent },
            digits: (head, tail),
        })
    }

    fn compare_absolute(&self, other: &Self) -> Ordering {
        match (self.digits.0.is_empty(), other.digits.0.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        self.magnitude.cmp(&other.magnitude).then_with(|| {
            let digits = |number: &Self| -> std::iter::Chain<std::str::Bytes<'a>, std::str::Bytes<'a>> {
                number.digits.0.bytes().chain(number.digits.1.bytes())
            };
            let (mut left, mut right) = (digits(self), digits(other));
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return Ordering::Equal,
                    (left, right) => match left.unwrap_or(b'0').cmp(&right.unwrap_or(b'0')) {
                        Ordering::Equal => {}
                        unequal => return unequal,
                    },
                }
            }
        })
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_absolute(other),
            (true, true) => other.compare_absolute(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

type Parts<'a> = (Option<char>, (&'a str, &'a str), Option<&'a str>);

/// `[sign] ( digits [ "." digits ] / "." digits ) [ exponent ]`, where `5.` is a number too.
fn number(input: &str) -> IResult<&str, Parts<'_>> {
    let point = nom::character::complete::char('.');
    let whole_first =
        pair(digit1, opt(preceded(point, digit0))).map(|(whole, fraction)| (whole, fraction.unwrap_or("")));
    let point = nom::character::complete::char('.');
    let point_first = preceded(point, digit1).map(|fraction| ("", fraction));
    let exponent = preceded(one_of("eE"), recognize(pair(opt(one_of("+-")), digit1)));
    (opt(one_of("+-")), alt((whole_first, point_first)), opt(exponent)).parse(input)
}

/// An exponent of at most 36 significant digits.
fn parse_exponent(text: &str) -> Option<i128> {
    let magnitude = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    if magnitude.len() > 36 {
        return None;
    }
    let value = if magnitude.is_empty() { 0 } else { magnitude.parse::<i128>().ok()? };
    Some(if text.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number() {
        for text in
            ["", ".", "+", "e1", "1e", "1e+", " 1", "1 ", "1_000", "1,0", "0x10", "NaN", "inf", "--1", "1.2.3", "٣"]
        {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
        assert!(Decimal::parse(&format!("1e1{}", "0".repeat(36))).is_none());
    }

    #[test]
    fn equal_spellings() {
        for group in [
            &["0", "-0", "+0.00", "0e99", "0e-7", ".0", "00."][..],
            &["10", "010", "10.0", "1e1", "+10.", "100e-1", "0.1E+2"],
            &["-1.5", "-15e-1", "-01.50"],
            &["1e400", "10e399"],
        ] {
            for left in group {
                for right in group {
                    assert_eq!(Decimal::parse(left), Decimal::parse(right), "{left} {right}");
                }
            }
        }
    }

    #[test]
    fn order_is_exact() {
        let sorted = [
            "-1e30",
            "-10",
            "-9.99",
            "-0.1",
            "0",
            "1e-30",
            "0.0999999999999999999999",
            "0.1",
            "0.10000000000000000000001",
            "9",
            "9.5",
            "10",
            "9007199254740992",
            "9007199254740993",
            "1e30",
        ];
        for pair in sorted.windows(2) {
            assert!(Decimal::parse(pair[0]) < Decimal::parse(pair[1]), "{pair:?}");
        }
    }
}
