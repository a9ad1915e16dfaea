//! A tree into types, through `serde`: what is wrong is told with its place and the way to it.
//!
//! The readers of policies walk the tree themselves, because they collect every mistake. What is read here are formats
//! around policies, where the types say it all: environments, and what the AWS CLI prints.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Iter, Kind, Member, Value};
use crate::json;
use crate::source::Span;

/// Reads a value of a type.
///
/// # Errors
///
/// Returns the first mistake: a value of another type, an unknown, repeated or missing member.
pub(crate) fn from_value<'de, T: Deserialize<'de>>(value: Value<'de>) -> Result<T, Mistake> {
    T::deserialize(Tree(value))
}

/// A value with the place it stands at; a member's name likewise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: T,
}

/// The place of a value that somebody else reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Located {
    /// Where it stands.
    pub span: Span,
}

/// The text of a string, or the source text of a number or boolean (Rule L14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar(pub Box<str>);

/// What is wrong with a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    message: String,
    /// The place, once somebody knew it.
    span: Option<Span>,
    /// The members and elements that lead to it, the outermost last.
    path: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(Box<str>),
    Element(usize),
}

impl Mistake {
    /// Where it stands.
    pub fn span(&self) -> Span {
        self.span.unwrap_or_default()
    }

    /// The way to it and what it is, such as `accounts.111122223333.roles: invalid type: …`.
    pub fn message(&self) -> String {
        let mut text = String::new();
        for step in self.path.iter().rev() {
            match step {
                Step::Member(name) if text.is_empty() => text.push_str(name),
                Step::Member(name) => text.extend([".", name]),
                Step::Element(index) => text.push_str(&format!("[{index}]")),
            }
        }
        match text.as_str() {
            "" => self.message.clone(),
            path => format!("{path}: {}", self.message),
        }
    }

    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    fn below(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Mistake { message: message.to_string(), span: None, path: Vec::new() }
    }
}

/// What [`Spanned`], [`Located`] and [`Scalar`] ask for, in place of the name of a type: `serde` has no other way to ask
/// this reader, and no other reader is asked.
const SPANNED: &str = "$iamtree::json::Spanned";
const LOCATED: &str = "$iamtree::json::Located";
const SCALAR: &str = "$iamtree::json::Scalar";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlaceAndValue<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for PlaceAndValue<T> {
            type Value = Spanned<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value and its place")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Spanned<T>, A::Error> {
                let missing = || de::Error::custom("a value without its place");
                let span = parts.next_element()?.map(unpacked).ok_or_else(missing)?;
                Ok(Spanned { span, value: parts.next_element()?.ok_or_else(missing)? })
            }
        }

        deserializer.deserialize_newtype_struct(SPANNED, PlaceAndValue(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;

        impl Visitor<'_> for Place {
            type Value = Located;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a place")
            }

            fn visit_u64<E>(self, span: u64) -> Result<Located, E> {
                Ok(Located { span: unpacked(span) })
            }
        }

        deserializer.deserialize_newtype_struct(LOCATED, Place)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or a boolean")
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.into()))
            }
        }

        deserializer.deserialize_newtype_struct(SCALAR, Text)
    }
}

struct Tree<'de>(Value<'de>);

impl<'de> Tree<'de> {
    fn unexpected(&self) -> Unexpected<'de> {
        match self.0.kind() {
            Kind::Null => Unexpected::Other("`null`"),
            Kind::Bool(boolean) => Unexpected::Bool(boolean),
            Kind::Number(_) => Unexpected::Other("a number"),
            Kind::String(text) => Unexpected::Str(text),
            Kind::Array(_) => Unexpected::Other("a list"),
            Kind::Object(_) => Unexpected::Other("an object"),
        }
    }

    fn visit<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Mistake> {
        match self.0.kind() {
            Kind::Bool(boolean) => visitor.visit_bool(boolean),
            Kind::String(text) => visitor.visit_borrowed_str(text),
            Kind::Array(items) => visitor.visit_seq(Elements { rest: items.iter().enumerate() }),
            Kind::Object(members) => visitor.visit_map(Members::of(members)),
            // A number is told by its text; no format of ours counts with one.
            Kind::Null | Kind::Number(_) => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        }
    }
}

impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.visit(visitor).map_err(|mistake| mistake.at(self.0.span()))
    }

    /// `null` is a value like any other, and mostly of a wrong type.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        let span = self.0.span();
        let read = match (name, self.0.kind()) {
            (SPANNED, _) => visitor.visit_seq(WithSpan::new(span, self)),
            (LOCATED, _) => visitor.visit_u64(packed(span)),
            (SCALAR, Kind::String(text) | Kind::Number(text)) => visitor.visit_borrowed_str(text),
            (SCALAR, Kind::Bool(boolean)) => visitor.visit_borrowed_str(if boolean { "true" } else { "false" }),
            (SCALAR, _) => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
            _ => visitor.visit_newtype_struct(self),
        };
        read.map_err(|mistake| mistake.at(span))
    }

    /// A struct is written as an object; by itself `serde` takes a list of its members as well.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let read = match self.0.kind() {
            Kind::Object(members) => visitor.visit_map(Members::of(members)),
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        };
        read.map_err(|mistake: Mistake| mistake.at(self.0.span()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let read = match self.0.kind() {
            Kind::String(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(de::Error::invalid_type(self.unexpected(), &visitor)),
        };
        read.map_err(|mistake: Mistake| mistake.at(self.0.span()))
    }

    /// What is read by nobody.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct identifier
    }
}

struct Elements<'de> {
    rest: std::iter::Enumerate<Iter<'de, Value<'de>>>,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        seed.deserialize(Tree(value)).map(Some).map_err(|mistake| mistake.below(Step::Element(index)))
    }
}

struct Members<'de> {
    rest: Iter<'de, Member<'de>>,
    /// The member whose name was read last.
    current: Option<Member<'de>>,
}

impl<'de> Members<'de> {
    fn of(members: json::Members<'de>) -> Self {
        Members { rest: members.iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistake> {
        self.current = self.rest.next();
        let Some(member) = self.current else { return Ok(None) };
        seed.deserialize(Name(member)).map(Some).map_err(|mistake| mistake.at(member.name_span()))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mistake> {
        let Some(member) = self.current.take() else { return Err(de::Error::custom("a value without a name")) };
        seed.deserialize(Tree(member.value())).map_err(|mistake| mistake.below(Step::Member(Box::from(member.name()))))
    }
}

/// The name of a member.
struct Name<'de>(Member<'de>);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_borrowed_str(self.0.name())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Mistake> {
        match name {
            SPANNED => visitor.visit_seq(WithSpan::new(self.0.name_span(), self)),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A place and what stands there, as a list of the two.
struct WithSpan<D> {
    span: Option<Span>,
    value: Option<D>,
}

impl<D> WithSpan<D> {
    fn new(span: Span, value: D) -> Self {
        WithSpan { span: Some(span), value: Some(value) }
    }
}

impl<'de, D: Deserializer<'de, Error = Mistake>> SeqAccess<'de> for WithSpan<D> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mistake> {
        if let Some(span) = self.span.take() {
            return seed.deserialize(packed(span).into_deserializer()).map(Some);
        }
        self.value.take().map(|value| seed.deserialize(value)).transpose()
    }
}

fn packed(span: Span) -> u64 {
    u64::from(span.start) << 32 | u64::from(span.end)
}

fn unpacked(span: u64) -> Span {
    let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    Span { start: half(span >> 32), end: half(span) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse};
    use crate::source::Source;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields, expecting = "an object")]
    struct Entry {
        name: Spanned<Box<str>>,
        #[serde(default)]
        sizes: Vec<Scalar>,
        rest: Option<Located>,
        #[serde(default)]
        is_open: bool,
        #[serde(default)]
        inner: Vec<Entry>,
    }

    fn read(text: &str) -> Result<Entry, String> {
        let source = Source::new("t.json", text);
        let value = parse(&source, &Limits::default()).unwrap();
        from_value(value.root()).map_err(|mistake| {
            let position = source.position(mistake.span().start);
            format!("{}:{}: {mistake}", position.line, position.column)
        })
    }

    #[test]
    fn values_are_read_with_their_places() {
        let entry = read(r#"{"name": "a", "sizes": [1.20, "x", true], "rest": {"b": 1}, "is_open": true}"#).unwrap();
        assert_eq!(entry.name, Spanned { span: Span::new(9, 12), value: "a".into() });
        assert_eq!(entry.sizes, ["1.20", "x", "true"].map(|text| Scalar(text.into())));
        assert_eq!((entry.rest, entry.is_open), (Some(Located { span: Span::new(50, 58) }), true));
    }

    #[test]
    fn mistakes_name_the_place_and_the_way_to_it() {
        for (text, expected) in [
            (r#"[]"#, "1:1: invalid type: a list, expected an object"),
            (r#"{"sizes": []}"#, "1:1: missing field `name`"),
            (r#"{"name": 7}"#, "1:10: name: invalid type: a number, expected a string"),
            (r#"{"name": "a", "sizes": null}"#, "1:24: sizes: invalid type: `null`, expected a sequence"),
            (
                r#"{"name": "a", "sizes": [1, []]}"#,
                "1:28: sizes[1]: invalid type: a list, expected a string, a number or a boolean",
            ),
            (r#"{"name": "a", "is_open": "true"}"#, "1:26: is_open: invalid type: string \"true\", expected a boolean"),
            (
                r#"{"name": "a", "inner": [{"name": "b", "size": 1}]}"#,
                "1:39: inner[0]: unknown field `size`, expected one of `name`, `sizes`, `rest`, `is_open`, `inner`",
            ),
            (r#"{"name": "a", "inner": ["b"]}"#, "1:25: inner[0]: invalid type: string \"b\", expected an object"),
        ] {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }
}
