//! The format of an environment file, as types: what may stand in a file, and nothing of what it means.
//!
//! The comments here are the descriptions of the JSON Schema, so they speak to whoever writes such a file.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::json::de::{Located, Scalar, Spanned};
use crate::source::quote;

/// Accounts with their principals and resources, the organization they are in, and documents that several of them
/// share. An environment may be spread over files: one an account, say.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "iamtree environment"))]
pub(crate) struct File {
    /// The organization. At most one file says it.
    pub organization: Option<Organization>,
    /// Accounts by their twelve-digit id.
    #[serde(default)]
    pub accounts: Named<Account>,
    /// Policy documents by a name that `policies`, `boundary`, `trust`, `policy`, `scps` and `rcps` may refer to.
    #[serde(default)]
    pub documents: Named<Policy>,
}

/// An organization of AWS Organizations.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Organization {
    /// Its id, such as `o-a1b2c3d4e5`: the value of `aws:PrincipalOrgID` and `aws:ResourceOrgID`.
    pub id: Option<String>,
    /// The management account, which no service or resource control policy limits.
    pub management_account: Option<AccountId>,
    /// The root, with everything below it.
    pub root: Unit,
}

/// The root of an organization, or an organizational unit.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Unit {
    /// Its id, such as `r-ab12` or `ou-ab12-11111111`: a part of `aws:PrincipalOrgPaths`.
    pub id: Option<String>,
    /// Service control policies attached here. If no unit and no account has any, they are not in use; else whoever is
    /// silent has `FullAWSAccess`, as AWS attaches it.
    pub scps: Option<Vec<Policy>>,
    /// Resource control policies attached here; `RCPFullAWSAccess` is always there.
    pub rcps: Option<Vec<Policy>>,
    /// The accounts directly below.
    #[serde(default)]
    pub accounts: Vec<AccountId>,
    /// The units directly below, by name.
    #[serde(default)]
    pub units: Named<Unit>,
}

/// An account.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Account {
    /// What people call it.
    pub name: Option<String>,
    /// The partition of its ARNs; `aws` if it is left out.
    pub partition: Option<String>,
    /// The canonical user id that S3 knows it by.
    pub canonical_user: Option<String>,
    /// Service control policies attached to the account itself.
    pub scps: Option<Vec<Policy>>,
    /// Resource control policies attached to the account itself.
    pub rcps: Option<Vec<Policy>>,
    /// Roles by name.
    #[serde(default)]
    pub roles: Named<Role>,
    /// Users by name.
    #[serde(default)]
    pub users: Named<User>,
    /// Groups by name.
    #[serde(default)]
    pub groups: Named<Group>,
    /// Resources that the account owns, by ARN. A resource stands for what is below it as well: a bucket for its
    /// objects.
    #[serde(default)]
    pub resources: Named<Resource>,
}

/// A role.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Role {
    /// The path in its ARN; `/` if it is left out.
    pub path: Option<Spanned<String>>,
    /// Its unique id, `AROA…`: with it, sessions of the role have `aws:userid`.
    pub id: Option<String>,
    /// How many seconds a session lasts at most: 3600 to 43200.
    pub max_session_duration: Option<Seconds>,
    /// The trust policy.
    pub trust: Option<Policy>,
    /// Identity-based policies, attached and inline.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// The permissions boundary.
    pub boundary: Option<Policy>,
    /// Its tags: the values of `aws:PrincipalTag/…`.
    #[serde(default)]
    pub tags: Named<Scalar>,
}

/// A user.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct User {
    /// The path in its ARN; `/` if it is left out.
    pub path: Option<Spanned<String>>,
    /// Its unique id, `AIDA…`: the value of `aws:userid`.
    pub id: Option<String>,
    /// Identity-based policies, attached and inline.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// The groups it is in, by name.
    #[serde(default)]
    pub groups: Vec<Spanned<String>>,
    /// The permissions boundary.
    pub boundary: Option<Policy>,
    /// Its tags: the values of `aws:PrincipalTag/…`.
    #[serde(default)]
    pub tags: Named<Scalar>,
}

/// A group of users.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Group {
    /// Identity-based policies, attached and inline.
    #[serde(default)]
    pub policies: Vec<Policy>,
}

/// A resource.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Resource {
    /// The policy of the resource: of a bucket, a key, a queue.
    pub policy: Option<Policy>,
    /// Its tags: the values of `aws:ResourceTag/…`.
    #[serde(default)]
    pub tags: Named<Scalar>,
}

/// A policy document: written out; as a string of JSON; the name of one of `documents`; or a file, relative to this
/// one. `FullAWSAccess` and `RCPFullAWSAccess` are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy(pub crate::source::Span);

/// A twelve-digit account id. Put it in quotation marks if it begins with 0.
#[derive(Debug, Clone)]
pub(crate) struct AccountId(pub Spanned<Scalar>);

/// The length of a session in seconds.
#[derive(Debug, Clone)]
pub(crate) struct Seconds(pub Spanned<Scalar>);

/// Members of an object by name, in order, no name twice.
#[derive(Debug)]
pub(crate) struct Named<T>(pub Vec<(Spanned<Box<str>>, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Located::deserialize(deserializer).map(|located| Policy(located.span))
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(AccountId)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Seconds)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut members = Vec::new();
                let mut seen = HashSet::new();
                while let Some(name) = map.next_key_seed(NewName(&mut seen))? {
                    members.push((name, map.next_value()?));
                }
                Ok(Named(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// Reads a name that is neither empty nor seen before, so that the mistake stands at the name.
struct NewName<'s>(&'s mut HashSet<Box<str>>);

impl<'de> DeserializeSeed<'de> for NewName<'_> {
    type Value = Spanned<Box<str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spanned<Box<str>>, D::Error> {
        let name = Spanned::<Box<str>>::deserialize(deserializer)?;
        if name.value.is_empty() {
            return Err(de::Error::custom("an empty name"));
        }
        if !self.0.insert(name.value.clone()) {
            return Err(de::Error::custom(format!("a second {}, expected each name once", quote(&name.value))));
        }
        Ok(name)
    }
}
