//! ARNs and ARN patterns (Rules L31 to L33, L40, L64, L98), grammar `grammar/arn.abnf`.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::pattern::{Mark, Marks, Tokens, Variable, Wildcards, mark};
use super::{SyntaxError, Version};
use crate::source::{Text, bytes};

/// An entry of `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ResourcePattern {
    /// `*` alone: every resource, also none (Rule L40).
    All,
    /// Six fields; those that a short pattern left out are `*` (Rule L33).
    Arn(ArnTemplate),
}

/// A pattern of six fields, cut at the colons of the document's text (Rule L64).
#[derive(Clone)]
pub struct ArnTemplate {
    text: Text,
    marks: Marks,
    /// Where the first five fields end. A field that is left out, which is `*`, ends nowhere.
    colons: [u32; 5],
}

/// Stands for the end of the text, and of fields that it leaves out.
const NOWHERE: u32 = u32::MAX;

/// An ARN of a request or of a context value: six fields, the first is `arn` (Rule L32).
///
/// # Examples
///
/// ```
/// use iamtree::language::arn::Arn;
///
/// let arn = Arn::parse("arn:aws:s3:::app/a:b").unwrap();
/// assert_eq!((arn.service(), arn.account(), arn.resource()), ("s3", "", "app/a:b"));
/// assert!(Arn::parse("arn:aws:s3::app").is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arn<'a> {
    text: &'a str,
    colons: Colons,
}

/// Where the second to the fifth colon stand, 32 bits each; the first stands behind `arn`. One number, so that it
/// stays in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Colons(u128);

/// Where the first colon stands.
const FIRST: usize = 3;

impl Colons {
    /// Finds them in a text whose first colon is known; 0 if there are fewer.
    fn find(text: &[u8]) -> u128 {
        let mut places = bytes::Places::of(b':', text);
        // The first is known.
        places.next();
        let mut next = || places.next();
        match (next(), next(), next(), next()) {
            (Some(second), Some(third), Some(fourth), Some(fifth)) => Colons::of(second, third, fourth, fifth).0,
            _ => 0,
        }
    }

    #[inline]
    fn of(second: u32, third: u32, fourth: u32, fifth: u32) -> Self {
        let two = |high, low| u64::from(high) << 32 | u64::from(low);
        Colons(u128::from(two(second, third)) << 64 | u128::from(two(fourth, fifth)))
    }

    #[inline]
    fn second(self) -> usize {
        (self.0 >> 96) as usize
    }

    #[inline]
    fn third(self) -> usize {
        (self.0 >> 64) as u32 as usize
    }

    #[inline]
    fn fourth(self) -> usize {
        (self.0 >> 32) as u32 as usize
    }

    #[inline]
    fn fifth(self) -> usize {
        self.0 as u32 as usize
    }
}

impl<'a> Arn<'a> {
    /// Splits a text at its first five colons; `None` if it has fewer or does not begin with `arn`. (Nor does it
    /// split a text whose first five colons are not within four gigabytes.)
    #[inline]
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.as_bytes().first_chunk::<4>() != Some(b"arn:") {
            return None;
        }
        let colons = Colons::find(text.as_bytes());
        (colons != 0).then_some(Arn { text, colons: Colons(colons) })
    }

    /// The same for a text that begins with the same `common` bytes as this one: if they hold the first five colons,
    /// nothing is searched.
    pub(crate) fn parse_like<'t>(&self, text: &'t str, common: usize) -> Option<Arn<'t>> {
        if common > self.colons.fifth() { Some(Arn { text, colons: self.colons }) } else { Arn::parse(text) }
    }

    /// Where it is split, to be kept without its text.
    pub(crate) fn parts(&self) -> ArnParts {
        let Colons(colons) = self.colons;
        ArnParts([(colons >> 96) as u32, (colons >> 64) as u32, (colons >> 32) as u32, colons as u32])
    }

    /// The whole text.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// All six fields, `arn` first.
    pub fn fields(&self) -> [&'a str; 6] {
        [
            self.text.get(..FIRST).unwrap_or_default(),
            self.partition(),
            self.service(),
            self.region(),
            self.account(),
            self.resource(),
        ]
    }

    /// Field 2, such as `aws` or `aws-cn`.
    #[inline]
    pub fn partition(&self) -> &'a str {
        self.between(FIRST, self.colons.second())
    }

    /// Field 3, such as `s3`.
    #[inline]
    pub fn service(&self) -> &'a str {
        self.between(self.colons.second(), self.colons.third())
    }

    /// Field 4, empty for global services and S3.
    #[inline]
    pub fn region(&self) -> &'a str {
        self.between(self.colons.third(), self.colons.fourth())
    }

    /// Field 5, empty for S3 buckets and objects.
    #[inline]
    pub fn account(&self) -> &'a str {
        self.between(self.colons.fourth(), self.colons.fifth())
    }

    /// Field 6: everything behind the fifth colon.
    #[inline]
    pub fn resource(&self) -> &'a str {
        self.text.get(self.colons.fifth() + 1..).unwrap_or_default()
    }

    /// Whether it is of a service, which costs less than to cut it out.
    #[inline]
    pub(crate) fn is_of(&self, service: &str) -> bool {
        self.colons.third() - self.colons.second() == service.len() + 1 && self.service() == service
    }

    #[inline(always)]
    fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start + 1..end).unwrap_or_default()
    }
}

/// Where an ARN is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArnParts([u32; 4]);

impl ArnParts {
    /// The ARN of a text that these parts were taken from.
    pub(crate) fn of(self, text: &str) -> Arn<'_> {
        let [second, third, fourth, fifth] = self.0;
        Arn { text, colons: Colons::of(second, third, fourth, fifth) }
    }
}

impl ArnTemplate {
    /// Reads the value of an ARN operator (Rule L98). `None` if it has fewer than six fields: such a value is of
    /// the wrong type and matches nothing.
    ///
    /// # Errors
    ///
    /// Returns where a `${` does not begin a variable (Rule L52).
    pub fn parse(text: &str, version: Version) -> Result<Option<Self>, SyntaxError> {
        ArnTemplate::of(&Text::from(text), version)
    }

    /// The same; the template shares the text.
    pub(crate) fn of(text: &Text, version: Version) -> Result<Option<Self>, SyntaxError> {
        // A malformed variable refuses the document wherever the colons are.
        let arn = ArnTemplate::marked(text, version)?;
        Ok(if arn.colons.contains(&NOWHERE) { None } else { Some(arn) })
    }

    /// Cuts at the first five literal colons: in the new version a colon inside `${…}` does not cut (Rule L64).
    fn marked(text: &Text, version: Version) -> Result<Self, SyntaxError> {
        let mut marks = Marks::None;
        let text = mark(text, version, Wildcards::Match, &mut marks)?;
        let mut places = bytes::Places::of(b':', text.as_bytes());
        let mut rest = marks.as_slice();
        let mut colons = [NOWHERE; 5];
        for colon in &mut colons {
            while let Some(place) = places.next() {
                let is_before = |mark: &&Mark| mark.end <= place;
                rest = rest.split_at(rest.iter().take_while(is_before).count()).1;
                if rest.first().is_none_or(|mark| place < mark.start) {
                    *colon = place;
                    break;
                }
            }
        }
        Ok(ArnTemplate { text, marks, colons })
    }

    /// All six fields, `arn` first.
    pub fn fields(&self) -> [Tokens<'_>; 6] {
        let end = u32::try_from(self.text.len()).unwrap_or(NOWHERE);
        let [one, two, three, four, five] = self.colons;
        let (mut start, mut marks) = (0, self.marks.as_slice());
        [one, two, three, four, five, NOWHERE].map(|colon| {
            if start == NOWHERE {
                return Tokens::ANY;
            }
            let (field, behind) = Tokens::of_part(&self.text, start, colon.min(end), marks);
            (start, marks) = (if colon == NOWHERE { NOWHERE } else { colon + 1 }, behind);
            field
        })
    }

    /// The variables of all fields in order.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        Tokens::of_part(&self.text, 0, NOWHERE, self.marks.as_slice()).0.variables()
    }
}

// Two texts with the same fields may be written differently.
impl PartialEq for ArnTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields()
    }
}

impl Eq for ArnTemplate {}

impl Hash for ArnTemplate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fields().hash(state);
    }
}

impl fmt::Debug for ArnTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArnTemplate").field(&self.fields()).finish()
    }
}

impl ResourcePattern {
    /// Reads an entry of `Resource` or `NotResource` (Rules L31, L33).
    ///
    /// # Errors
    ///
    /// Returns which of the defects (a) to (e) of Rule L31 it has, or where a variable is malformed (Rule L52).
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::language::Version;
    /// use iamtree::language::arn::ResourcePattern;
    ///
    /// let short = ResourcePattern::parse("arn:aws:s3", Version::V2012)?;
    /// assert_eq!(short, ResourcePattern::parse("arn:aws:s3:*:*:*", Version::V2012)?);
    /// assert_eq!(ResourcePattern::parse("app/*", Version::V2012).unwrap_err().rule(), "L31");
    /// # Ok::<(), iamtree::language::SyntaxError>(())
    /// ```
    pub fn parse(text: &str, version: Version) -> Result<Self, SyntaxError> {
        ResourcePattern::of(&Text::from(text), version)
    }

    /// The same; the pattern shares the text.
    pub(crate) fn of(text: &Text, version: Version) -> Result<Self, SyntaxError> {
        if &**text == "*" {
            return Ok(ResourcePattern::All);
        }
        let read = ArnTemplate::marked(text, version);
        let is_sound = is_plain(text) && read.as_ref().is_ok_and(|arn| !arn.colons.contains(&NOWHERE));
        if !is_sound {
            ResourcePattern::check(text, version)?;
        }
        read.map(ResourcePattern::Arn)
    }

    /// The defects (a) to (e) of Rule L31.
    fn check(text: &str, version: Version) -> Result<(), SyntaxError> {
        let fields = Fields::of(text, version);
        let place = |index: usize| {
            let start: usize = fields.as_slice().iter().take(index).map(|field| field.len() + 1).sum();
            start..start + fields.get(index).map_or(0, |field| field.len())
        };
        let refuse = |index: usize, message, expected| {
            let range = place(index);
            Err(SyntaxError::new(
                "L31",
                text,
                range.start.min(text.len())..range.end.min(text.len()),
                message,
                expected,
            ))
        };
        if fields.get(0) != Some("arn") {
            return refuse(0, "a resource that is no ARN", "`*` or an ARN that begins with `arn:`");
        }
        let (Some(partition), Some(service)) = (fields.get(1), fields.get(2)) else {
            return refuse(fields.count, "an ARN that ends too soon", "`arn:partition:service`");
        };
        let holds_variable = |field: &str| version == Version::V2012 && field.contains('$') && field.contains("${");
        let holds_wildcard = |field: &str| bytes::contains_any(field.as_bytes(), [b'*', b'?']);
        if holds_variable(partition) {
            return refuse(1, "a variable in the partition of an ARN", "a partition such as `aws`");
        }
        let is_known = partition == "aws" || partition.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty());
        if !is_known && !holds_wildcard(partition) {
            return refuse(1, "unknown partition in an ARN", "`aws`, `aws-…` or a wildcard");
        }
        if holds_variable(service) || holds_wildcard(service) {
            return refuse(2, "a wildcard or variable in the service of an ARN", "a service such as `s3`");
        }
        if service.is_empty() {
            return refuse(2, "an ARN without a service", "a service such as `s3`");
        }
        if fields.count < 6
            && let Some(empty) = fields.as_slice().iter().position(|field| field.is_empty())
        {
            return refuse(empty, "an ARN with too few fields, one of them empty", "six fields, or no empty one");
        }
        Ok(())
    }

    /// The variables in order.
    pub fn variables(&self) -> impl Iterator<Item = Variable<'_>> {
        match self {
            ResourcePattern::All => None,
            ResourcePattern::Arn(arn) => Some(arn.variables()),
        }
        .into_iter()
        .flatten()
    }

    /// Whether the pattern covers every resource whatever the request: `*` alone.
    pub fn is_all(&self) -> bool {
        *self == ResourcePattern::All
    }
}

/// Whether a text begins as most ARNs do, with what Rule L31 says nothing against.
fn is_plain(text: &str) -> bool {
    let service = text.strip_prefix("arn:aws:").and_then(|rest| bytes::split_once(rest, b':'));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    service.is_some_and(|(service, _)| !service.is_empty() && service.bytes().all(is_plain))
}

/// Whether a template is `*` or ends with `*`: only such a star may run past colons (Rule L34).
pub fn ends_with_star(field: Tokens<'_>) -> bool {
    field.ends_with_run()
}

/// The fields of a text, six at most.
struct Fields<'a> {
    fields: [&'a str; 6],
    count: usize,
}

impl<'a> Fields<'a> {
    /// Cuts at the first five literal colons: in the new version a colon inside `${…}` does not cut (Rule L64).
    fn of(text: &'a str, version: Version) -> Self {
        let mut cut = Fields { fields: [""; 6], count: 0 };
        let mut rest = text;
        for field in &mut cut.fields {
            cut.count += 1;
            let colon = if cut.count < 6 { next_colon(rest, version) } else { None };
            let Some((before, behind)) = colon.and_then(|at| rest.split_at_checked(at)) else {
                *field = rest;
                break;
            };
            *field = before;
            rest = behind.get(1..).unwrap_or_default();
        }
        cut
    }

    fn get(&self, index: usize) -> Option<&'a str> {
        self.as_slice().get(index).copied()
    }

    fn as_slice(&self) -> &[&'a str] {
        self.fields.get(..self.count).unwrap_or_default()
    }
}

/// Where the next literal colon stands. A variable that is not closed runs to the end.
fn next_colon(text: &str, version: Version) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.as_bytes().get(at..)?;
        let specials = if version == Version::V2012 { [b':', b'$'] } else { [b':'; 2] };
        let found = bytes::find_any(rest, specials)?;
        at += match rest.get(found..)? {
            [b'$', b'{', variable @ ..] => found + 3 + bytes::find(variable, b'}')?,
            [b'$', ..] => found + 1,
            _ => return Some(at + found),
        };
    }
}

#[cfg(test)]
mod tests {
    use nom::branch::alt;
    use nom::bytes::complete::{tag, take_until, take_while, take_while1};
    use nom::combinator::{not, recognize, rest};
    use nom::multi::many0_count;
    use nom::sequence::terminated;
    use nom::{IResult, Parser};

    use super::*;
    use crate::language::pattern::Template;

    /// The fields as nom would read them.
    fn by_grammar(text: &str, version: Version) -> Vec<&str> {
        let mut fields = Vec::new();
        let mut remaining = text;
        while fields.len() < 5 {
            let field: IResult<&str, &str> = match version {
                Version::V2012 => terminated(recognize(many0_count(field_piece)), tag(":")).parse(remaining),
                Version::V2008 => terminated(take_while(|c| c != ':'), tag(":")).parse(remaining),
            };
            let Ok((behind, field)) = field else { break };
            fields.push(field);
            remaining = behind;
        }
        fields.push(remaining);
        fields
    }

    /// A variable, closed or not, or a run of other characters but colons.
    fn field_piece(input: &str) -> IResult<&str, &str> {
        let variable = recognize((tag("${"), take_until("}"), tag("}")));
        let dollar = recognize((tag("$"), not(tag("{"))));
        let unclosed = recognize((tag("${"), rest));
        let other = take_while1(|c| c != ':' && c != '$');
        alt((other, variable, unclosed, dollar)).parse(input)
    }

    #[test]
    fn fields_are_cut_as_the_grammar_says() {
        let cut = |text: &str, version| {
            let arn = ArnTemplate::marked(&text.into(), version).ok()?;
            let tokens = |field: &str| Template::parse(field, version, Wildcards::Match).unwrap();
            let wanted: Vec<Template> = by_grammar(text, version).into_iter().map(tokens).collect();
            let found = arn.fields();
            assert!(found.iter().zip(&wanted).all(|(found, wanted)| *found == wanted.tokens()), "{text} {version:?}");
            let left_out = found.iter().skip(wanted.len());
            assert!(left_out.copied().all(|field| field == Tokens::ANY), "{text} {version:?}");
            Some(())
        };
        let pieces = ["", ":", "a", "é", "$", "${", "${a:b}", "${*}", "*", "}", "::::", "arn:aws:"];
        let texts = pieces.iter().flat_map(|one| pieces.map(|two| format!("{one}{two}")));
        let texts: Vec<String> = texts.flat_map(|start| pieces.map(|three| format!("{start}{three}"))).collect();
        for text in texts.iter().flat_map(|text| [text.clone(), format!("{text}{text}")]) {
            for version in [Version::V2008, Version::V2012] {
                assert_eq!(Fields::of(&text, version).as_slice(), by_grammar(&text, version), "{text} {version:?}");
                cut(&text, version);
            }
        }
    }

    #[test]
    fn defects_of_rule_l31() {
        for (text, range) in [
            ("data/reports", 0..12),
            ("", 0..0),
            ("ARN:aws:s3:::x", 0..3),
            ("arn", 3..3),
            ("arn:aws", 7..7),
            ("arn::s3:::x", 4..4),
            ("arn:error:s3:::x", 4..9),
            ("arn:aws-:s3:::x", 4..8),
            ("arn:${a}:s3:::x", 4..8),
            ("arn:aws:", 8..8),
            ("arn:aws::::x", 8..8),
            ("arn:aws:s*:::x", 8..10),
            ("arn:aws:${a}:::x", 8..12),
            ("arn:aws:s3::bucket", 11..11),
        ] {
            let error = ResourcePattern::parse(text, Version::V2012).unwrap_err();
            assert_eq!((error.rule(), error.range()), ("L31", range), "{text}");
        }
    }

    #[test]
    fn what_is_not_checked_has_no_defect() {
        let pieces = ["", ":", "s3", "*", "?", "-", "é", "${a:b}", "${*}", "::", ":::"];
        let texts = pieces.iter().flat_map(|one| pieces.map(|two| format!("arn:aws:{one}{two}")));
        for text in texts.flat_map(|start| pieces.map(|three| format!("{start}{three}"))) {
            for version in [Version::V2008, Version::V2012] {
                let accepted = ResourcePattern::parse(&text, version).is_ok();
                assert_eq!(accepted, ResourcePattern::check(&text, version).is_ok(), "{text} {version:?}");
            }
        }
    }

    #[test]
    fn a_defect_of_rule_l31_goes_before_a_malformed_variable() {
        for text in ["arn:aws:s3::${", "arn:x:s3:::${", "arn:aws:s*:::${a b}", "arn:${:"] {
            assert_eq!(ResourcePattern::parse(text, Version::V2012).unwrap_err().rule(), "L31", "{text}");
        }
    }

    #[test]
    fn a_malformed_variable_names_its_place_in_the_whole_text() {
        for (text, at) in [("arn:aws:s3:${}:*:x", 13), ("arn:aws:s3:::a/${b", 18), ("arn:aws:s3:::${a b}", 16)] {
            let error = ResourcePattern::parse(text, Version::V2012).unwrap_err();
            assert_eq!((error.rule(), error.range().start), ("L52", at), "{text}");
        }
    }

    #[test]
    fn colons_inside_variables_cut_only_in_the_old_version() {
        let parse = |version| match ResourcePattern::parse("arn:aws:s3:::${a:b}", version).unwrap() {
            ResourcePattern::Arn(arn) => arn,
            ResourcePattern::All => panic!("not an ARN"),
        };
        assert_eq!(parse(Version::V2012).fields()[5].variables().count(), 1);
        assert_eq!(parse(Version::V2008).fields()[5].as_literal(), Some("${a:b}"));
        let account = "arn:aws:kms:*:${aws:PrincipalAccount}:key/*";
        let ResourcePattern::Arn(arn) = ResourcePattern::parse(account, Version::V2012).unwrap() else { panic!() };
        assert_eq!(arn.fields()[4].variables().count(), 1);
    }

    #[test]
    fn a_like_beginning_splits_alike() {
        let arn = Arn::parse("arn:aws:s3:::app/a:b").unwrap();
        for text in ["arn:aws:s3:::app/x", "arn:aws:s3:::", "arn:aws:s3::x:y", "arn:aws:s3::", "arn:awsx:s3:::y", "x"] {
            let common = bytes::common(arn.as_str().as_bytes(), text.as_bytes());
            assert_eq!(arn.parse_like(text, common), Arn::parse(text), "{text}");
        }
    }

    #[test]
    fn arns_split_at_their_first_five_colons() {
        for text in [
            "arn:aws:s3:::a:b:",
            "arn:aws:dynamodb:us-east-1:111122223333:table/T",
            "arn:::::",
            "arn::::",
            "arn:aws:s3::;:é:;",
            "arn:\u{ba}:\u{3a3a}:;:9::x",
            "arn",
            "ARN:aws:s3:::a",
            "arn:aws:s3::::::::::::::::::::::",
        ] {
            let parts: Vec<&str> = text.splitn(6, ':').collect();
            let expected = <[&str; 6]>::try_from(parts).ok().filter(|fields| fields[0] == "arn");
            let arn = Arn::parse(text);
            assert_eq!(arn.map(|arn| arn.fields()), expected, "{text}");
            if let (Some(arn), Some([_, partition, service, region, account, resource])) = (arn, expected) {
                let fields = (arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource());
                assert_eq!(fields, (partition, service, region, account, resource));
                assert_eq!(arn.parts().of(text), arn);
            }
        }
    }

    #[test]
    fn values_of_arn_operators_need_six_fields() {
        assert_eq!(ArnTemplate::parse("arn:aws:s3", Version::V2012), Ok(None));
        assert!(ArnTemplate::parse("*:*:*:*:*:*", Version::V2012).unwrap().is_some());
        assert_eq!(ArnTemplate::parse("${", Version::V2012).unwrap_err().rule(), "L52");
    }
}
