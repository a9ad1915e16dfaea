//! Attributes of blocks and the members of the AWS CLI that they become.

use crate::cognito::read::reader::Reader;
use crate::cognito::read::rewrite::{get, members, named};
use crate::json::{Draft, DraftMember, Kind, Value};
use crate::source::quote;

/// What becomes of an attribute.
#[derive(Clone, Copy)]
pub(super) enum Becomes {
    /// Nothing: it plays no part in decisions, or is read by itself.
    Nothing,
    /// A member that has to be there. `null` is passed on, for the reader of the outputs to refuse.
    Required(&'static str),
    /// A member, unless it is `null`: that is how Terraform writes what is not set.
    Optional(&'static str),
    /// A text that may be written as an empty one if it is not set.
    OptionalText(&'static str),
}

use Becomes::{Nothing, Optional, OptionalText, Required};

pub(super) const POOL_NAMES: [(&str, Becomes); 13] = [
    ("id", Nothing),
    ("arn", Nothing),
    ("region", Nothing),
    ("tags_all", Nothing),
    ("cognito_identity_providers", Nothing),
    ("identity_pool_name", Required("IdentityPoolName")),
    ("allow_unauthenticated_identities", Required("AllowUnauthenticatedIdentities")),
    ("allow_classic_flow", Optional("AllowClassicFlow")),
    ("supported_login_providers", Optional("SupportedLoginProviders")),
    ("developer_provider_name", OptionalText("DeveloperProviderName")),
    ("openid_connect_provider_arns", Optional("OpenIdConnectProviderARNs")),
    ("saml_provider_arns", Optional("SamlProviderARNs")),
    ("tags", Optional("IdentityPoolTags")),
];

pub(super) const PROVIDER_NAMES: [(&str, Becomes); 3] = [
    ("provider_name", Required("ProviderName")),
    ("client_id", Required("ClientId")),
    ("server_side_token_check", Optional("ServerSideTokenCheck")),
];

pub(super) const ATTACHMENT_NAMES: [(&str, Becomes); 5] = [
    ("id", Nothing),
    ("region", Nothing),
    ("identity_pool_id", Nothing),
    ("role_mapping", Nothing),
    ("roles", Required("Roles")),
];

pub(super) const MAPPING_NAMES: [(&str, Becomes); 4] = [
    ("identity_provider", Nothing),
    ("mapping_rule", Nothing),
    ("type", Required("Type")),
    ("ambiguous_role_resolution", OptionalText("AmbiguousRoleResolution")),
];

pub(super) const RULE_NAMES: [(&str, Becomes); 4] = [
    ("claim", Required("Claim")),
    ("match_type", Required("MatchType")),
    ("value", Required("Value")),
    ("role_arn", Required("RoleARN")),
];

pub(super) const TAG_NAMES: [(&str, Becomes); 6] = [
    ("id", Nothing),
    ("region", Nothing),
    ("identity_pool_id", Nothing),
    ("principal_tags", Nothing),
    ("identity_provider_name", Required("IdentityProviderName")),
    ("use_defaults", Required("UseDefaults")),
];

/// The members of a block that are set, under their other names; none after reporting one that is unknown or missing.
pub(super) fn renamed<'v>(
    reader: &mut Reader<'_>,
    rule: &'static str,
    value: Value<'v>,
    names: &[(&'static str, Becomes)],
) -> Option<Vec<DraftMember<'v>>> {
    let mut is_sound = true;
    let mut written = Vec::new();
    for member in members(value) {
        let Some((_, becomes)) = names.iter().find(|(name, _)| *name == member.name()) else {
            let expected: Vec<String> = names.iter().map(|(name, _)| format!("`{name}`")).collect();
            reader.report("C7", member.name_span(), "unknown attribute", quote(member.name()), expected.join(", "));
            is_sound = false;
            continue;
        };
        let is_null = member.value().kind() == Kind::Null;
        let is_empty = matches!(member.value().kind(), Kind::String(text) if text.is_empty());
        let name = match becomes {
            Nothing => continue,
            Optional(_) if is_null => continue,
            OptionalText(_) if is_null || is_empty => continue,
            Required(name) | Optional(name) | OptionalText(name) => name,
        };
        written.push(named(name, member.name_span(), Draft::Kept(member.value())));
    }
    for (name, becomes) in names {
        if matches!(becomes, Required(_)) && get(value, name).is_none() {
            reader.member(rule, value, name);
            is_sound = false;
        }
    }
    is_sound.then_some(written)
}
