//! The rules of a mapping, one after the other (Rules C24 to C31). This is the law; [`compiled`](super::compiled)
//! finds the same rule faster.

use std::fmt;

use super::claims::Claim;
use super::login::Admitted;

/// One rule: a claim, how it is compared, with what, and the role of those it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    claim: Box<str>,
    match_type: MatchType,
    value: Box<str>,
    role_arn: Box<str>,
}

/// How a claim is compared (Rule C25). Nothing in a value is a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub enum MatchType {
    /// The claim is the value.
    Equals,
    /// The value occurs in the claim.
    Contains,
    /// The claim begins with the value.
    StartsWith,
    /// The claim is another text.
    NotEqual,
}

/// What became of a rule for one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleOutcome {
    /// It matches.
    Matches,
    /// The claim is there and is another.
    NoMatch,
    /// The claim is not there: such a rule is skipped (Rule C26).
    ClaimAbsent,
    /// Sources do not say whether AWS would match (Rules C29, C30).
    Undecidable,
}

/// Where the walk down the rules ends (Rule C24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// At this rule, which matches or is undecidable; both end it.
    At(usize, RuleOutcome),
    /// Behind the last rule.
    NoMatch,
}

impl MatchType {
    /// Every match type by its name.
    pub const NAMES: [(&'static str, MatchType); 4] = [
        ("Equals", MatchType::Equals),
        ("Contains", MatchType::Contains),
        ("StartsWith", MatchType::StartsWith),
        ("NotEqual", MatchType::NotEqual),
    ];

    /// The name, as AWS writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            MatchType::Equals => "Equals",
            MatchType::Contains => "Contains",
            MatchType::StartsWith => "StartsWith",
            MatchType::NotEqual => "NotEqual",
        }
    }

    /// Rule C25, for a text; code point by code point (Rule C28).
    fn holds(self, claim: &str, value: &str) -> bool {
        match self {
            MatchType::Equals => claim == value,
            MatchType::Contains => claim.contains(value),
            MatchType::StartsWith => claim.starts_with(value),
            MatchType::NotEqual => claim != value,
        }
    }
}

impl Rule {
    pub(super) fn new(claim: &str, match_type: MatchType, value: &str, role_arn: &str) -> Self {
        Rule { claim: claim.into(), match_type, value: value.into(), role_arn: role_arn.into() }
    }

    /// The name of the claim; a dot or slash is part of it (Rule C27).
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// How the claim is compared.
    pub fn match_type(&self) -> MatchType {
        self.match_type
    }

    /// What it is compared with.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The role of the logins it matches.
    pub fn role_arn(&self) -> &str {
        &self.role_arn
    }

    /// What becomes of the rule if `claim` is the value of its claim.
    pub(super) fn test(&self, claim: Option<&Claim>) -> RuleOutcome {
        match claim {
            None | Some(Claim::Null) => RuleOutcome::ClaimAbsent,
            Some(Claim::List(items)) => self.test_list(items),
            Some(scalar) => match scalar.text() {
                Some(text) if self.match_type.holds(&text, &self.value) => RuleOutcome::Matches,
                Some(_) => RuleOutcome::NoMatch,
                // Rule C29: a number that is no short integer, an object.
                None => RuleOutcome::Undecidable,
            },
        }
    }

    /// Rule C30: a list counts only where comparing its elements and comparing any text made of them agree.
    fn test_list(&self, items: &[Claim]) -> RuleOutcome {
        use RuleOutcome::{Matches, NoMatch, Undecidable};
        let texts: Option<Vec<_>> = items.iter().map(Claim::text).collect();
        let Some(texts) = texts.filter(|_| !is_awkward(&self.value)) else { return Undecidable };
        let some = |holds: fn(&str, &str) -> bool| texts.iter().any(|text| holds(text, &self.value));
        let equal = some(|text, value| text == value);
        match self.match_type {
            MatchType::Contains if equal => Matches,
            MatchType::Contains if some(|text, value| text.contains(value)) => Undecidable,
            MatchType::Equals if equal => Undecidable,
            MatchType::StartsWith if some(|text, value| text.starts_with(value)) => Undecidable,
            MatchType::Contains | MatchType::Equals | MatchType::StartsWith => NoMatch,
            MatchType::NotEqual if equal || texts.is_empty() => Undecidable,
            MatchType::NotEqual => Matches,
        }
    }
}

/// `CLAIM MATCHTYPE VALUE`, as people write rules down.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.claim, self.match_type.as_str(), self.value)
    }
}

/// Whether a value holds a character with which some text form of a list joins or quotes its elements (Rule C30).
pub(super) fn is_awkward(value: &str) -> bool {
    value.contains(['[', ']', ',', '"', '\\', ' '])
}

/// Rule C24: in order, the first that matches; an undecidable rule ends the walk as well (Rule C29).
pub(super) fn walk(rules: &[Rule], login: &Admitted<'_>) -> Walk {
    for (index, rule) in rules.iter().enumerate() {
        match rule.test(login.rule_claim(rule.claim())) {
            RuleOutcome::NoMatch | RuleOutcome::ClaimAbsent => {}
            outcome => return Walk::At(index, outcome),
        }
    }
    Walk::NoMatch
}

/// Rule C31: the first rule with this role that matches, at any position; else the first that is undecidable.
pub(super) fn walk_for_role(rules: &[Rule], login: &Admitted<'_>, role: &str) -> Walk {
    let of_role = rules.iter().enumerate().filter(|(_, rule)| rule.role_arn() == role);
    let outcomes: Vec<(usize, RuleOutcome)> =
        of_role.map(|(index, rule)| (index, rule.test(login.rule_claim(rule.claim())))).collect();
    let first = |wanted| outcomes.iter().find(|(_, outcome)| *outcome == wanted);
    match first(RuleOutcome::Matches).or_else(|| first(RuleOutcome::Undecidable)) {
        Some((index, outcome)) => Walk::At(*index, *outcome),
        None => Walk::NoMatch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(match_type: MatchType, value: &str, claim: Claim) -> RuleOutcome {
        Rule::new("c", match_type, value, "r").test(Some(&claim))
    }

    /// The table of Rule C30.
    #[test]
    fn lists() {
        use MatchType::{Contains, Equals, NotEqual, StartsWith};
        use RuleOutcome::{Matches, NoMatch, Undecidable};
        let groups = || Claim::from(vec!["admin", "editors"]);
        let empty = || Claim::List(Vec::new());
        for (match_type, value, claim, expected) in [
            (Contains, "admin", groups(), Matches),
            (Contains, "edit", groups(), Undecidable),
            (Contains, "dmi", groups(), Undecidable),
            (Contains, "guests", groups(), NoMatch),
            (Contains, "admin", empty(), NoMatch),
            (Equals, "admin", groups(), Undecidable),
            (Equals, "adm", groups(), NoMatch),
            (StartsWith, "adm", groups(), Undecidable),
            (StartsWith, "dmin", groups(), NoMatch),
            (NotEqual, "admin", groups(), Undecidable),
            (NotEqual, "adm", groups(), Matches),
            (NotEqual, "adm", empty(), Undecidable),
            (Contains, "a b", groups(), Undecidable),
            (Equals, ",", empty(), Undecidable),
            (Contains, "x", Claim::List(vec!["x".into(), Claim::Object]), Undecidable),
            (Contains, "x", Claim::List(vec![Claim::Null]), Undecidable),
            (Contains, "x", Claim::List(vec![empty()]), Undecidable),
            (Contains, "7", Claim::List(vec![Claim::Number("7".into())]), Matches),
            (Contains, "7", Claim::List(vec![Claim::Number("7.0".into())]), Undecidable),
        ] {
            assert_eq!(outcome(match_type, value, claim.clone()), expected, "{match_type:?} {value} {claim:?}");
        }
    }

    #[test]
    fn scalars() {
        use RuleOutcome::{ClaimAbsent, Matches, NoMatch, Undecidable};
        assert_eq!(outcome(MatchType::Equals, "true", Claim::Bool(true)), Matches);
        assert_eq!(outcome(MatchType::NotEqual, "true", Claim::Bool(false)), Matches);
        assert_eq!(outcome(MatchType::Equals, "12", Claim::Number("12".into())), Matches);
        assert_eq!(outcome(MatchType::NotEqual, "12", Claim::Number("1.5".into())), Undecidable);
        assert_eq!(outcome(MatchType::Contains, "x", Claim::Object), Undecidable);
        assert_eq!(outcome(MatchType::NotEqual, "x", Claim::Null), ClaimAbsent);
        assert_eq!(outcome(MatchType::NotEqual, "x", "".into()), Matches);
        assert_eq!(outcome(MatchType::StartsWith, "*", "abc".into()), NoMatch);
        assert_eq!(outcome(MatchType::Contains, "a b", "x a b".into()), Matches);
    }
}
