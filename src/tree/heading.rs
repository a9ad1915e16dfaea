//! The five fields with which the ARNs of a service begin, split once.
//!
//! Nearly all resources that a service is asked about begin as its policies do: `arn:aws:s3:::`, or a region and an
//! account. Whoever keeps the handle of an action keeps such a heading, and an ARN that begins with it need not be
//! searched for its colons.

use crate::language::arn::{Arn, ArnParts};
use crate::source::bytes;

/// Of so many services headings are kept.
const SERVICES: usize = u16::BITS as usize;

/// The beginning of an ARN up to its fifth colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    text: Box<str>,
    parts: ArnParts,
    /// A bit of its own among the headings of the tree.
    pub(super) bit: u16,
}

impl Heading {
    /// That of a text which holds five fields.
    fn of(beginning: &str) -> Option<Self> {
        let arn = Arn::parse(beginning)?;
        let length = beginning.len() - arn.resource().len();
        Some(Heading { text: beginning.get(..length)?.into(), parts: arn.parts(), bit: 0 })
    }

    /// Whether an ARN begins so.
    #[inline(always)]
    pub(super) fn begins(&self, text: &str) -> bool {
        bytes::begins(text.as_bytes(), self.text.as_bytes())
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The shortest ARN that begins so.
    pub(super) fn arn(&self) -> Arn<'_> {
        self.parts.of(&self.text)
    }

    /// Splits an ARN that begins so.
    #[inline]
    pub(super) fn split<'t>(&self, text: &'t str) -> Option<Arn<'t>> {
        self.begins(text).then(|| self.parts.of(text))
    }

    fn service(&self) -> &str {
        self.arn().service()
    }
}

/// For each of some services a heading that policies use.
#[derive(Debug, Default)]
pub(super) struct Headings(Vec<Heading>);

impl Headings {
    /// Notes the heading of a pattern's literal beginning, if it has one and none of its service is known.
    pub(super) fn note(&mut self, beginning: &str) {
        let is_known = |heading: &Heading| bytes::begins(beginning.as_bytes(), heading.text.as_bytes());
        if self.0.len() < SERVICES
            && !self.0.iter().rev().any(is_known)
            && let Some(mut heading) = Heading::of(beginning)
            && self.of(heading.service()).is_none()
        {
            heading.bit = 1 << self.0.len();
            self.0.push(heading);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Heading> {
        self.0.iter()
    }

    /// The heading of a service.
    pub(super) fn of(&self, service: &str) -> Option<&Heading> {
        self.0.iter().find(|heading| heading.service().eq_ignore_ascii_case(service))
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.0.capacity() * size_of::<Heading>() + self.0.iter().map(|heading| heading.text.len()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_alike_is_split_as_it_would_be() {
        let mut headings = Headings::default();
        for beginning in [
            "arn:aws:s3:::app/",
            "arn:aws:s3",
            "arn:aws:dynamodb:eu-west-1:111122223333:table/a:b",
            "",
            "arn:aws:s3:::",
        ] {
            headings.note(beginning);
        }
        assert_eq!(headings.0.len(), 2);
        assert_eq!(headings.of("S3").unwrap().split("arn:aws:s3:::x/y:z"), Arn::parse("arn:aws:s3:::x/y:z"));
        assert_eq!(headings.of("s3").unwrap().split("arn:aws:s3:::"), Arn::parse("arn:aws:s3:::"));
        assert_eq!(headings.of("s3").unwrap().split("arn:aws:s3::"), None);
        let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/x";
        assert_eq!(headings.of("dynamodb").unwrap().split(table), Arn::parse(table));
        assert_eq!(headings.of("dynamodb").unwrap().split(&table.replace("west", "east")), None);
        assert!(headings.of("sqs").is_none());
    }

    #[test]
    fn a_policy_of_many_services_has_a_bounded_number() {
        let mut headings = Headings::default();
        (0..100).for_each(|index| headings.note(&format!("arn:aws:service{index}:::x")));
        assert_eq!(headings.0.len(), SERVICES);
    }
}
