//! The members of a case as the file writes them. Unknown, repeated and missing members and wrong types are
//! refused here; the documents stay as they are written, because a repeated member must reach [`Document`] unseen by a
//! map.
//!
//! [`Document`]: crate::document::Document

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Expected, Tier};
use crate::request::ContextValue;

/// `D` is a document as it stands in the file.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, bound = "D: Deserialize<'de>")]
pub(super) struct RawCase<D> {
    pub name: String,
    #[serde(default, deserialize_with = "not_null")]
    pub source: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    pub tier: Option<Tier>,
    #[serde(deserialize_with = "object")]
    pub policies: RawPolicies<D>,
    #[serde(deserialize_with = "object")]
    pub request: RawRequest,
    pub expect: Expected,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, bound = "D: Deserialize<'de>")]
pub(super) struct RawPolicies<D> {
    #[serde(default = "Vec::new")]
    pub identity: Vec<D>,
    #[serde(default = "none", deserialize_with = "not_null")]
    pub boundary: Option<D>,
    #[serde(default = "Vec::new")]
    pub session: Vec<D>,
    #[serde(default = "none", deserialize_with = "not_null")]
    pub resource: Option<D>,
    #[serde(default = "Vec::new")]
    pub scp: Vec<Vec<D>>,
    #[serde(default = "Vec::new")]
    pub rcp: Vec<Vec<D>>,
    #[serde(default = "none", deserialize_with = "not_null")]
    pub endpoint: Option<D>,
}

impl<D> RawCase<D> {
    /// The same case, each document written differently.
    pub fn map<E>(self, document: impl Fn(D) -> E) -> RawCase<E> {
        let RawCase { name, source, tier, policies, request, expect } = self;
        RawCase { name, source, tier, policies: policies.map(document), request, expect }
    }
}

impl<D> RawPolicies<D> {
    /// The same policies, each written differently.
    pub fn map<E>(self, document: impl Fn(D) -> E) -> RawPolicies<E> {
        let all = |documents: Vec<D>| documents.into_iter().map(&document).collect();
        let levels = |levels: Vec<Vec<D>>| levels.into_iter().map(all).collect();
        RawPolicies {
            identity: all(self.identity),
            boundary: self.boundary.map(&document),
            session: all(self.session),
            resource: self.resource.map(&document),
            scp: levels(self.scp),
            rcp: levels(self.rcp),
            endpoint: self.endpoint.map(&document),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawRequest {
    #[serde(default, deserialize_with = "not_null")]
    pub principal: Option<String>,
    pub action: String,
    pub resource: String,
    #[serde(default, deserialize_with = "not_null")]
    pub resource_account: Option<String>,
    #[serde(default)]
    pub context: RawContext,
}

/// The context in order, repeated keys included: whether they go together is for the request to say (Rule E59).
#[derive(Default)]
pub(super) struct RawContext(pub Vec<(String, ContextValue<'static>)>);

struct RawContextValue(ContextValue<'static>);

/// Reads one case of a JSON file.
pub(super) fn parse(text: &str) -> serde_json::Result<RawCase<&RawValue>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let case = object(&mut deserializer)?;
    deserializer.end()?;
    Ok(case)
}

/// A struct that is written as an object. By itself serde takes a list of its fields as well, names or not.
fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

fn none<T>() -> Option<T> {
    None
}

/// An absent member is `None`; `null` is a value like any other, and mostly of a wrong type.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for RawContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawContext;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of context keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawContext, A::Error> {
                let mut members = Vec::new();
                while let Some((key, RawContextValue(value))) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(RawContext(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'de> Deserialize<'de> for RawContextValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList;
        impl<'de> Visitor<'de> for TextOrList {
            type Value = RawContextValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<RawContextValue, E> {
                Ok(RawContextValue(text.to_owned().into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawContextValue, A::Error> {
                let mut members: Vec<String> = Vec::new();
                while let Some(member) = list.next_element()? {
                    members.push(member);
                }
                Ok(RawContextValue(members.into()))
            }
        }
        deserializer.deserialize_any(TextOrList)
    }
}
