//! Dates (Rule L94), grammar `grammar/date.abnf`.

use jiff::civil;
use jiff::{SpanRound, Unit};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::{digit1, one_of};
use nom::combinator::{all_consuming, opt, value};
use nom::sequence::preceded;
use nom::{AsChar, IResult, Parser};

/// A point in time, exact to the nanosecond.
///
/// # Examples
///
/// ```
/// use iamtree::language::date::Instant;
///
/// let read = |text| Instant::parse(text).unwrap();
/// assert_eq!(read("1970-01-02"), read("86400"));
/// assert_eq!(read("2026-01-01T01:00+01:00"), read("2026-01-01T00:00:00.000Z"));
/// assert!(Instant::parse("2026-02-30").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    seconds: i64,
    /// What is left, 0 to 999,999,999.
    nanoseconds: u32,
}

impl Instant {
    /// Reads epoch seconds or an ISO 8601 date; `None` if the text is neither, or names a day or an hour that
    /// does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Instant { seconds: epoch(text)?, nanoseconds: 0 });
        }
        let (_, fields) = all_consuming(iso).parse(text).ok()?;
        fields.instant()
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down (Rule E60).
    pub fn epoch_seconds(self) -> i64 {
        self.seconds
    }

    /// `YYYY-MM-DDThh:mm:ssZ`, rounded down to the second (Rule E60); `None` if the year has not four digits.
    pub fn to_iso(self) -> Option<String> {
        let day = self.seconds.div_euclid(SECONDS_PER_DAY);
        let second = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let date = EPOCH.checked_add(jiff::Span::new().try_days(day).ok()?).ok()?;
        if !(0..=9999).contains(&date.year()) {
            return None;
        }
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        Some(format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", date.year(), date.month(), date.day()))
    }
}

const EPOCH: civil::Date = civil::Date::constant(1970, 1, 1);
const SECONDS_PER_DAY: i64 = 86_400;

/// The parts of an ISO date, missing ones filled in.
struct Fields {
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    nanoseconds: u32,
    /// Seconds east of UTC.
    offset: i64,
}

impl Fields {
    fn instant(&self) -> Option<Instant> {
        let date = civil::Date::new(self.year, self.month, self.day).ok()?;
        // Checks the ranges; a leap second is out of range (Rule L94).
        let time = civil::Time::new(self.hour, self.minute, self.second, 0).ok()?;
        let days = date.since((Unit::Day, EPOCH)).ok()?.round(SpanRound::new().largest(Unit::Day).days_are_24_hours());
        let days = i64::from(days.ok()?.get_days());
        let of_day = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        Some(Instant { seconds: days * SECONDS_PER_DAY + of_day - self.offset, nanoseconds: self.nanoseconds })
    }
}

/// `epoch`: at most 2^63 − 1 seconds.
fn epoch(text: &str) -> Option<i64> {
    let significant = text.trim_start_matches('0');
    if significant.is_empty() { Some(0) } else { significant.parse().ok() }
}

/// Between `least` and `most` decimal digits.
fn number(least: usize, most: usize) -> impl Fn(&str) -> IResult<&str, i16> {
    move |input| take_while_m_n(least, most, |c: char| c.is_dec_digit()).map_res(str::parse::<i16>).parse(input)
}

fn two_digits(least: usize) -> impl Fn(&str) -> IResult<&str, i8> {
    move |input| take_while_m_n(least, 2, |c: char| c.is_dec_digit()).map_res(str::parse::<i8>).parse(input)
}

/// `YYYY [ "-" MM [ "-" DD ] ] [ ("T"|"t") h[h] [ ":" mm [ ":" ss [ "." 1*9DIGIT ] ] ] [ zone ] ]`
fn iso(input: &str) -> IResult<&str, Fields> {
    let day = opt(preceded(tag("-"), two_digits(2)));
    let month = opt((preceded(tag("-"), two_digits(2)), day));
    (number(4, 4), month, opt(preceded(one_of("Tt"), time)))
        .map(|(year, month, time)| {
            let (month, day) = month.map_or((1, 1), |(month, day)| (month, day.unwrap_or(1)));
            let (hour, minute, second, nanoseconds, offset) = time.unwrap_or_default();
            Fields { year, month, day, hour, minute, second, nanoseconds, offset }
        })
        .parse(input)
}

/// Hour, minute, second, nanoseconds, offset in seconds.
type Time = (i8, i8, i8, u32, i64);

fn time(input: &str) -> IResult<&str, Time> {
    let fraction = opt(preceded(tag("."), fraction));
    let seconds = opt((preceded(tag(":"), two_digits(2)), fraction));
    let minutes = opt((preceded(tag(":"), two_digits(2)), seconds));
    (two_digits(1), minutes, opt(zone))
        .map(|(hour, minutes, zone)| {
            let (minute, seconds) = minutes.unwrap_or((0, None));
            let (second, fraction) = seconds.unwrap_or((0, None));
            (hour, minute, second, fraction.unwrap_or(0), zone.unwrap_or(0))
        })
        .parse(input)
}

/// One to nine digits, read as nanoseconds.
fn fraction(input: &str) -> IResult<&str, u32> {
    digit1
        .map_opt(|digits: &str| {
            let places = u32::try_from(digits.len()).ok().filter(|places| *places <= 9)?;
            Some(digits.parse::<u32>().ok()? * 10u32.pow(9 - places))
        })
        .parse(input)
}

/// `"Z" | "z" | ("+"|"-") hh [ [":"] mm ]`, at most 23:59.
fn zone(input: &str) -> IResult<&str, i64> {
    let sign = alt((value(1, tag("+")), value(-1, tag("-"))));
    let minutes = opt(preceded(opt(tag(":")), two_digits(2)));
    let offset = (sign, two_digits(2), minutes).map_opt(|(sign, hours, minutes)| {
        let minutes = minutes.unwrap_or(0);
        (hours <= 23 && minutes <= 59).then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
    });
    alt((value(0, one_of("Zz")), offset)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        Instant::parse(text).map(Instant::epoch_seconds)
    }

    #[test]
    fn accepted_forms() {
        for (text, expected) in [
            ("0", 0),
            ("2024", 2024),
            ("9223372036854775807", i64::MAX),
            ("00009223372036854775807", i64::MAX),
            ("1970-01", 0),
            ("1970T1", 3600),
            ("1970-01-01t00:01Z", 60),
            ("1970-01-01T00:00:01.999999999z", 1),
            ("1970-01-01T00+0130", -5400),
            ("1970-01-01T00:00-23:59", 86_340),
            ("1969-12-31T23:59:59.5Z", -1),
            ("0000-01-01", -62_167_219_200),
            ("9999-12-31T23:59:59-23:59", 253_402_387_139),
            ("2024-02-29", 1_709_164_800),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn refused_forms() {
        for text in [
            "",
            "9223372036854775808",
            "-1",
            "+1",
            "1.5",
            "2024-13",
            "2024-00",
            "2023-02-29",
            "2024-05-01T24:00:00Z",
            "2024-05-01T00:60Z",
            "2024-05-01T00:00:60Z",
            "2024-05-01+02:00",
            "2024Z",
            "2024-05-01T",
            "2024-5-1",
            "2024-05-01T00:00:00.Z",
            "2024-05-01T00:00:00.1234567890Z",
            "2024-05-01T00:00+24:00",
            "2024-05-01T00:00+1",
            "2024-05-01 00:00",
            "02024-01-01",
            "24-01-01",
            "2024-05-01T00:00:00Z ",
            "2024-05-01T00:00+02:60",
            "sdfdsf",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn iso_text_of_an_instant() {
        let iso = |text| Instant::parse(text).unwrap().to_iso();
        assert_eq!(iso("1795680000").as_deref(), Some("2026-11-26T08:00:00Z"));
        assert_eq!(iso("1969-12-31T23:59:59.5Z").as_deref(), Some("1969-12-31T23:59:59Z"));
        assert_eq!(iso("9223372036854775807"), None);
        assert_eq!(iso("9999-12-31T23:59:59-23:59"), None);
    }
}
