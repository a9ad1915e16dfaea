//! The claims of a token, and the promise that somebody verified them (Rules C13, C26 to C29).

use std::borrow::Cow;
use std::fmt;

use super::error::ReadError;
use super::read::{Mistakes, Reader};
use crate::json::{self, Kind, Limits, Value};
use crate::request::key_hash;
use crate::source::Source;

/// Claims as a token, or a file, holds them. Nobody vouches for them: [`VerifiedClaims`] does.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::{Claim, Claims};
///
/// let claims = Claims::parse("ana.json", r#"{"sub": "5f0c", "cognito:groups": ["editors"]}"#)?;
/// assert_eq!(claims.get("sub"), Some(&Claim::Text("5f0c".into())));
/// assert!(Claims::parse("ana.json", r#"{"sub": "5f0c", "sub": "77aa"}"#).is_err());
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
///
/// `Debug` prints names, not values: these are personal data (Rule C37).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// Sorted by name, each name once.
    members: Vec<(Box<str>, Claim)>,
    /// The hashes of the names, in the same order. They lie close together: rules look at the hash of every claim and
    /// at few claims (Rule C38).
    name_hashes: Vec<u32>,
}

/// The value of a claim, as far as roles and tags look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// `null`, which counts as absent (Rules C12, C18, C26).
    Null,
    /// A string.
    Text(Box<str>),
    /// `true` or `false`.
    Bool(bool),
    /// A number in its own spelling.
    Number(Box<str>),
    /// A list.
    List(Vec<Claim>),
    /// An object; what is in it plays no part (Rule C27).
    Object,
}

/// Claims that the token layer has verified: what an exchange takes (Rule C13).
///
/// There is one way to make them, and it is a promise. `iamtree` cannot check it.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::{Claims, VerifiedClaims};
///
/// let claims = Claims::parse("ana.json", r#"{"sub": "5f0c"}"#)?;
/// // Signature, algorithm, `exp` and the other time claims have been checked before this line.
/// let verified = VerifiedClaims::assume_verified(claims);
/// assert!(verified.claims().get("sub").is_some());
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedClaims(Claims);

impl VerifiedClaims {
    /// Promises that these claims come from a token whose signature, algorithm, `exp` and other time claims,
    /// fingerprint and, where the pool asks for it, sign-out state were verified (Rule C13); or from a SAML
    /// assertion verified in the same way.
    ///
    /// Claims of a token that nobody verified let whoever wrote it choose a role. Issuer, audience and `token_use`
    /// need not have been compared: the exchange does that (Rule C12).
    pub fn assume_verified(claims: Claims) -> Self {
        VerifiedClaims(claims)
    }

    /// The login of a developer provider, which has no claims (Rule C34).
    pub fn none() -> Self {
        VerifiedClaims(Claims::default())
    }

    /// The claims.
    pub fn claims(&self) -> &Claims {
        &self.0
    }
}

impl Claims {
    /// Reads a JSON object of claims. `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is no JSON object, or an object in it repeats a member (threat T1).
    pub fn parse(name: &str, text: &str) -> Result<Self, ReadError> {
        let source = Source::new(name, text);
        let mut mistakes = Mistakes::default();
        let claims = match json::parse(&source, &Limits::default()) {
            Ok(tree) => Claims::read(&mut Reader::new(&source, &mut mistakes), tree.root()),
            Err(diagnostic) => {
                mistakes.add(*diagnostic);
                None
            }
        };
        mistakes.into_result(claims)
    }

    pub(super) fn read(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Self> {
        let members = reader.map("C13", value, "an object of claims")?;
        reader.repeated_members_within(members);
        Some(members.iter().map(|member| (Box::from(member.name()), Claim::of(member.value()))).collect())
    }

    /// A claim by its exact name (Rule C28): `null` is there.
    pub fn get(&self, name: &str) -> Option<&Claim> {
        self.members.get(self.find(name).ok()?).map(|(_, claim)| claim)
    }

    /// A claim that is there and not `null`.
    pub(super) fn present(&self, name: &str) -> Option<&Claim> {
        self.get(name).filter(|claim| **claim != Claim::Null)
    }

    /// Hashes of the names, each with its member, in the order of the names.
    pub(super) fn by_hash(&self) -> impl Iterator<Item = (u32, &(Box<str>, Claim))> {
        self.name_hashes.iter().copied().zip(&self.members)
    }

    /// The place of a name, or else where it would stand.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| &**name)
    }

    /// These claims with one set, whatever it was before.
    #[must_use]
    pub fn with(mut self, name: &str, claim: impl Into<Claim>) -> Self {
        match self.find(name) {
            Ok(at) => {
                if let Some((_, value)) = self.members.get_mut(at) {
                    *value = claim.into();
                }
            }
            Err(at) => {
                self.members.insert(at, (name.into(), claim.into()));
                self.name_hashes.insert(at, key_hash(name));
            }
        }
        self
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl FromIterator<(Box<str>, Claim)> for Claims {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Claim)>>(members: I) -> Self {
        let mut members: Vec<(Box<str>, Claim)> = members.into_iter().collect();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        // Of a repeated name the last value counts.
        members.dedup_by(|later, kept| {
            let is_repeated = later.0 == kept.0;
            if is_repeated {
                std::mem::swap(later, kept);
            }
            is_repeated
        });
        let name_hashes = members.iter().map(|(name, _)| key_hash(name)).collect();
        Claims { members, name_hashes }
    }
}

impl From<&serde_json::Map<String, serde_json::Value>> for Claims {
    fn from(members: &serde_json::Map<String, serde_json::Value>) -> Self {
        members.iter().map(|(name, value)| (name.as_str().into(), Claim::from(value))).collect()
    }
}

impl Claim {
    /// The text that rules and tags compare: of a string itself, of a boolean `true` or `false`, of an integer of at
    /// most 15 digits its decimal text (Rule C29). Other numbers, lists and objects have none.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Claim::Text(text) => Some(Cow::Borrowed(text)),
            Claim::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Claim::Number(number) if is_short_integer(number) => Some(Cow::Borrowed(number)),
            Claim::Null | Claim::Number(_) | Claim::List(_) | Claim::Object => None,
        }
    }

    /// The text of a string; none for any other type.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Claim::Text(text) => Some(text),
            _ => None,
        }
    }

    fn of(value: Value<'_>) -> Self {
        match value.kind() {
            Kind::Null => Claim::Null,
            Kind::Bool(value) => Claim::Bool(value),
            Kind::Number(text) => Claim::Number(text.into()),
            Kind::String(text) => Claim::Text(text.into()),
            Kind::Array(items) => Claim::List(items.iter().map(Claim::of).collect()),
            Kind::Object(_) => Claim::Object,
        }
    }
}

impl From<&serde_json::Value> for Claim {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Claim::Null,
            serde_json::Value::Bool(value) => Claim::Bool(*value),
            serde_json::Value::Number(number) => Claim::Number(number.to_string().into()),
            serde_json::Value::String(text) => Claim::Text(text.as_str().into()),
            serde_json::Value::Array(items) => Claim::List(items.iter().map(Claim::from).collect()),
            serde_json::Value::Object(_) => Claim::Object,
        }
    }
}

impl From<&str> for Claim {
    fn from(text: &str) -> Self {
        Claim::Text(text.into())
    }
}

impl From<Vec<&str>> for Claim {
    fn from(items: Vec<&str>) -> Self {
        Claim::List(items.into_iter().map(Claim::from).collect())
    }
}

/// Rule C29: at most 15 digits, no fraction, no exponent. `-0` has two decimal texts and so none.
fn is_short_integer(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && number != "-0"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_numbers() {
        for (number, has_text) in [
            ("0", true),
            ("-12", true),
            ("123456789012345", true),
            ("1234567890123456", false),
            ("-0", false),
            ("1.0", false),
            ("1e3", false),
        ] {
            assert_eq!(Claim::Number(number.into()).text().is_some(), has_text, "{number}");
            let parsed: serde_json::Value = serde_json::from_str(number).unwrap();
            assert_eq!(Claim::from(&parsed).text().is_some(), has_text, "{number} by way of serde_json");
        }
    }

    #[test]
    fn names_stay_in_order_however_claims_are_made() {
        let made = Claims::default().with("b", "1").with("a", "2").with("c", Claim::Null).with("B", "3").with("b", "4");
        assert_eq!(made.names().collect::<Vec<_>>(), ["B", "a", "b", "c"]);
        assert_eq!(made.get("b"), Some(&"4".into()));
        assert_eq!(made.get("A"), None);
        assert_eq!((made.get("c"), made.present("c")), (Some(&Claim::Null), None));
        let members = [("b", "1"), ("c", "x"), ("b", "0"), ("a", "2"), ("b", "4"), ("B", "3")];
        let collected: Claims = members.into_iter().map(|(name, text)| (name.into(), text.into())).collect();
        assert_eq!(collected.clone().with("c", Claim::Null), made, "of a repeated name the last counts");
        assert_ne!(collected, made);
        assert_eq!(Claims::parse("c.json", r#"{"c": null, "b": "4", "a": "2", "B": "3"}"#).unwrap(), made);
    }

    #[test]
    fn values_stay_out_of_logs() {
        assert_eq!(format!("{:?}", Claims::default().with("email", "ana@example.com")), "{\"email\"}");
    }

    #[test]
    fn repeated_members_are_refused_at_any_depth() {
        let error = Claims::parse("c.json", r#"{"a": [{"b": 1, "\u0062": 2}]}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "c.json:1:17: a member is repeated: found a second `b`, expected each member once (rule C7)"
        );
        assert!(Claims::parse("c.json", "[]").is_err());
        assert!(Claims::parse("c.json", "").is_err());
    }
}
