//! What only all files of a pool together show (Rules C5, C8), and the pool made of them.

use std::collections::BTreeMap;

use super::mapping::KeyedMapping;
use super::reader::{Mistakes, Reader};
use crate::cognito::names;
use crate::cognito::pool::{Pool, TagMap, by_login_key, user_pools};
use crate::cognito::provider::{Provider, ProviderKind, SOCIAL};
use crate::json::Value;
use crate::source::{Source, quote};

/// What the files read so far hold.
#[derive(Default)]
pub(super) struct Parts {
    id: Option<Box<str>>,
    /// Whether some file describes the pool, sound or not.
    pub is_described: bool,
    description: Option<Description>,
    settings: Option<Settings>,
    pub tag_maps: BTreeMap<Box<str>, TagMap>,
}

/// Of `describe-identity-pool`.
#[derive(Default)]
pub(super) struct Description {
    pub name: Box<str>,
    pub admits_guests: bool,
    pub classic_flow: Option<bool>,
    pub social: Vec<(Box<str>, Box<str>)>,
    pub developer: Option<Box<str>>,
    pub oidc: Vec<Box<str>>,
    pub saml: Vec<Box<str>>,
    /// Provider names and client ids.
    pub user_pools: Vec<(Box<str>, Box<str>)>,
}

/// Of `get-identity-pool-roles`.
#[derive(Default)]
pub(super) struct Settings {
    pub authenticated: Option<Box<str>>,
    pub unauthenticated: Option<Box<str>>,
    pub mappings: Vec<KeyedMapping>,
}

impl Parts {
    /// Rule C5: the id of all files is one.
    pub fn identify(&mut self, reader: &mut Reader<'_>, value: Value<'_>, id: &str) {
        match &self.id {
            None => self.id = Some(id.into()),
            Some(first) if **first == *id => {}
            Some(first) => {
                reader.report("C5", value.span(), "files of two identity pools", quote(id), quote(first));
            }
        }
    }

    pub fn describe(&mut self, reader: &mut Reader<'_>, value: Value<'_>, description: Description) {
        if self.description.replace(description).is_some() {
            const FOUND: &str = "a second description";
            reader.report("C5", value.span(), "a pool is described twice", FOUND, "one `describe-identity-pool`");
        }
    }

    pub fn settle(&mut self, reader: &mut Reader<'_>, value: Value<'_>, settings: Settings) {
        if self.settings.replace(settings).is_some() {
            const FOUND: &str = "a second set of roles";
            reader.report("C5", value.span(), "a pool has two sets of roles", FOUND, "one `get-identity-pool-roles`");
        }
    }

    /// The pool; what is missing is reported in `last`.
    pub fn assemble(self, last: &Source, mistakes: &mut Mistakes) -> Option<Pool> {
        if !self.is_described {
            let found = "no output of `describe-identity-pool`";
            Reader::new(last, mistakes).report("C4", last.end(), "no file describes the pool", found, "one");
        }
        let description = self.description?;
        let settings = self.settings.unwrap_or_default();
        let mut mappings = BTreeMap::new();
        for KeyedMapping { key, source, key_span, mapping } in settings.mappings {
            if !description.has_mapping_key_form(&key) {
                let expected = "`USER_POOL:CLIENT_ID`, the name of a social or developer provider of the pool, or the ARN of an OIDC or SAML provider";
                let message = "a role mapping of no provider";
                Reader::new(&source, mistakes).report("C8", key_span, message, quote(&key), expected);
            }
            mappings.insert(key, mapping);
        }
        Some(Pool {
            id: self.id?,
            name: description.name.clone(),
            admits_guests: description.admits_guests,
            classic_flow: description.classic_flow,
            providers: by_login_key(description.providers()),
            authenticated: settings.authenticated,
            unauthenticated: settings.unauthenticated,
            mappings,
            tag_maps: self.tag_maps,
            client_ids: BTreeMap::new(),
        })
    }
}

impl Description {
    /// Rule C8: whether a key of `RoleMappings` has the form of one of the kinds. That its provider is declared is
    /// not asked.
    fn has_mapping_key_form(&self, key: &str) -> bool {
        let is_declared_client = |(name, client): &(Box<str>, Box<str>)| {
            key.strip_prefix(&**name).and_then(|rest| rest.strip_prefix(':')) == Some(client)
        };
        names::split_user_pool_key(key).is_some()
            || self.user_pools.iter().any(is_declared_client)
            || SOCIAL.contains(&key)
            || self.social.iter().any(|(name, _)| **name == *key)
            || self.developer.as_deref() == Some(key)
            || ["oidc-provider/", "saml-provider/"].iter().any(|word| names::provider_of_arn(key, word).is_some())
    }

    fn providers(self) -> Vec<Provider> {
        let named = |kind: ProviderKind| move |name: Box<str>| Provider::new(kind, &name, Vec::new());
        let social = self.social.into_iter().map(|(name, app)| Provider::new(ProviderKind::Social, &name, vec![app]));
        user_pools(self.user_pools)
            .into_iter()
            .chain(social)
            .chain(self.oidc.into_iter().map(named(ProviderKind::Oidc)))
            .chain(self.saml.into_iter().map(named(ProviderKind::Saml)))
            .chain(self.developer.into_iter().map(named(ProviderKind::Developer)))
            .collect()
    }
}
