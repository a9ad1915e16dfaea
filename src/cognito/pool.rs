//! An identity pool as its files describe it (Rules C4 to C8).

use std::collections::BTreeMap;

use super::compiled::RuleTree;
use super::error::ReadError;
use super::names;
use super::provider::{Provider, ProviderKind};
use super::read;
use super::rules::Rule;
use crate::source::Source;

/// A Cognito identity pool: who is admitted, which role they get, and what they are tagged with.
///
/// It is read whole or not at all. There is no other way to make one, so every pool keeps Rules C4 to C8.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::Pool;
///
/// let description = r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "photos",
///     "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": "login.photos.example"}"#;
/// let roles = r#"{"IdentityPoolId": "us-east-1:1a2b",
///     "Roles": {"unauthenticated": "arn:aws:iam::111122223333:role/Visitor"}}"#;
/// let pool = Pool::read_folder([("pool.json", description), ("roles.json", roles)])?;
/// assert_eq!(pool.unauthenticated_role(), Some("arn:aws:iam::111122223333:role/Visitor"));
///
/// let error = Pool::parse("pool.json", &description.replace("true", "\"yes\"")).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "pool.json:2:39: a value of the wrong type: found a string, expected `true` or `false` (rule C4)"
/// );
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pool {
    pub(super) id: Box<str>,
    pub(super) name: Box<str>,
    pub(super) admits_guests: bool,
    pub(super) classic_flow: Option<bool>,
    /// By login key, in the order in which they are tried (Rule C11).
    pub(super) providers: BTreeMap<Box<str>, Vec<Provider>>,
    pub(super) authenticated: Option<Box<str>>,
    pub(super) unauthenticated: Option<Box<str>>,
    pub(super) mappings: BTreeMap<Box<str>, RoleMapping>,
    pub(super) tag_maps: BTreeMap<Box<str>, TagMap>,
    /// `ClientIDList` of OIDC providers, by ARN.
    pub(super) client_ids: BTreeMap<Box<str>, Vec<Box<str>>>,
}

/// How the logins of one provider, or of one client of a user pool, get their role (Rules C5, C16).
#[derive(Debug, Clone)]
pub struct RoleMapping {
    pub(super) kind: MappingKind,
    pub(super) ambiguity: Option<Ambiguity>,
}

/// The two types of mapping.
#[derive(Debug, Clone)]
pub enum MappingKind {
    /// `Token`: the token names the role (Rules C18 to C23).
    Token {
        /// Rules that stand beside it, which play no part (Rule C23).
        unused_rules: Vec<Rule>,
    },
    /// `Rules`: the first rule that matches names it (Rules C24 to C31).
    Rules(RuleList),
}

/// The rules of a mapping in order, and the same rules compiled (Rule C38).
#[derive(Debug, Clone)]
pub struct RuleList {
    pub(super) rules: Vec<Rule>,
    pub(super) tree: RuleTree,
}

/// `AmbiguousRoleResolution` (Rules C21 to C24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Ambiguity {
    /// The role of signed-in users.
    AuthenticatedRole,
    /// Refuse.
    Deny,
}

/// The map of principal tags of one provider (Rules C7, C50).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagMap {
    pub(super) use_defaults: bool,
    /// Tag keys and the claims they are filled from; of a map with defaults, those.
    pub(super) tags: Vec<(Box<str>, Box<str>)>,
}

impl Pool {
    /// Reads a pool from one text: the output of `describe-identity-pool`, into which the members of
    /// `get-identity-pool-roles` may be merged, and a member `PrincipalTags` with a tag map for each provider
    /// (Rules C4, C5, C7).
    ///
    /// # Errors
    ///
    /// Returns every mistake, with file, line and column.
    pub fn parse(name: &str, text: &str) -> Result<Self, ReadError> {
        Pool::read_folder([(name, text)])
    }

    /// Reads a pool from the outputs of the AWS CLI, each under its file name: `describe-identity-pool`, at most one
    /// `get-identity-pool-roles`, and `get-principal-tag-attribute-map` for any number of providers. What a file is
    /// shows in its members, not in its name.
    ///
    /// # Errors
    ///
    /// Returns every mistake of all files, with file, line and column (Rules C4 to C8).
    pub fn read_folder<N: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (N, T)>,
    ) -> Result<Self, ReadError> {
        let sources: Vec<Source> =
            files.into_iter().map(|(name, text)| Source::new(name.as_ref(), text.as_ref())).collect();
        read::pool(&sources)
    }

    /// Reads a pool from a CloudFormation template in JSON: `AWS::Cognito::IdentityPool` with the role attachment and the
    /// principal tags that refer to it. `values` gives what only exists after deployment, by logical id (`Pool`, its
    /// id), by attribute (`UserPool.ProviderName`) or by name of a parameter or pseudo parameter. `pool` is the logical
    /// id of the pool, needed if there are several.
    ///
    /// # Errors
    ///
    /// Returns every mistake with its place in the template, missing values and functions other than `Ref`,
    /// `Fn::GetAtt`, `Fn::Join` and `Fn::Sub` included.
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::cognito::Pool;
    /// use std::collections::BTreeMap;
    ///
    /// let template = r#"{"Resources": {"Pool": {"Type": "AWS::Cognito::IdentityPool", "Properties": {
    ///     "AllowUnauthenticatedIdentities": false,
    ///     "CognitoIdentityProviders": [{"ProviderName": {"Fn::GetAtt": ["Users", "ProviderName"]}, "ClientId": "c1"}]}}}}"#;
    /// let values = BTreeMap::from([
    ///     ("Pool".to_owned(), "us-east-1:1a2b".to_owned()),
    ///     ("Users.ProviderName".to_owned(), "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab".to_owned()),
    /// ]);
    /// assert_eq!(Pool::from_cloudformation("template.json", template, &values, None)?.id(), "us-east-1:1a2b");
    /// # Ok::<(), iamtree::cognito::ReadError>(())
    /// ```
    pub fn from_cloudformation(
        name: &str,
        text: &str,
        values: &BTreeMap<String, String>,
        pool: Option<&str>,
    ) -> Result<Self, ReadError> {
        read::cloudformation(&Source::new(name, text), values, pool)
    }

    /// Reads a pool from the JSON of a Terraform plan or state (`terraform show -json`): `aws_cognito_identity_pool` with
    /// the roles attachment and the principal tags of it. `pool` is its address, needed if there are several; `id` is
    /// its id, needed if the plan does not know it yet.
    ///
    /// # Errors
    ///
    /// Returns every mistake with its place in the plan.
    pub fn from_terraform(name: &str, text: &str, pool: Option<&str>, id: Option<&str>) -> Result<Self, ReadError> {
        read::terraform(&Source::new(name, text), pool, id)
    }

    /// Gives the `ClientIDList` of an OIDC provider of IAM, by its ARN: the pool's files do not hold it. Without it
    /// the audience of its tokens is not compared (Rule C12).
    #[must_use]
    pub fn client_ids<C: AsRef<str>>(mut self, provider_arn: &str, clients: impl IntoIterator<Item = C>) -> Self {
        let clients = clients.into_iter().map(|client| client.as_ref().into()).collect();
        self.client_ids.insert(provider_arn.into(), clients);
        self
    }

    /// The identity pool id, `REGION:GUID`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The region, which is the first half of the id.
    pub fn region(&self) -> &str {
        names::region_of_id(&self.id).unwrap_or_default()
    }

    /// The name people gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether guests are admitted (Rule C10).
    pub fn admits_guests(&self) -> bool {
        self.admits_guests
    }

    /// `AllowClassicFlow`, if the file says it (Rule C41).
    pub fn classic_flow(&self) -> Option<bool> {
        self.classic_flow
    }

    /// The role of signed-in users.
    pub fn authenticated_role(&self) -> Option<&str> {
        self.authenticated.as_deref()
    }

    /// The role of guests.
    pub fn unauthenticated_role(&self) -> Option<&str> {
        self.unauthenticated.as_deref()
    }

    /// The declared providers, by login key.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.values().flatten()
    }

    /// The declarations that a login key names, in the order in which they are tried (Rules C9, C11).
    pub fn providers_of(&self, login_key: &str) -> &[Provider] {
        self.providers.get(login_key).map_or(&[], Vec::as_slice)
    }

    /// The role mappings, by the keys of Rule C8.
    pub fn mappings(&self) -> impl Iterator<Item = (&str, &RoleMapping)> {
        self.mappings.iter().map(|(key, mapping)| (&**key, mapping))
    }

    /// The mapping under a key (Rule C16).
    pub fn mapping(&self, key: &str) -> Option<&RoleMapping> {
        self.mappings.get(key)
    }

    /// The tag map of a provider (Rule C50).
    pub fn tag_map(&self, provider: &Provider) -> Option<&TagMap> {
        self.tag_maps.get(provider.tag_map_key()?)
    }

    /// The `ClientIDList` of an OIDC provider, if it is known (Rule C12).
    pub fn client_ids_of(&self, provider: &Provider) -> Option<&[Box<str>]> {
        self.client_ids.get(provider.arn()?).map(Vec::as_slice)
    }

    /// Every role the pool's files name, once each, in order.
    pub fn named_roles(&self) -> Vec<&str> {
        let of_rules = self.mappings.values().flat_map(RoleMapping::rules).map(Rule::role_arn);
        let defaults = [self.authenticated_role(), self.unauthenticated_role()];
        let mut roles: Vec<&str> = defaults.into_iter().flatten().chain(of_rules).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

impl RoleMapping {
    /// The type, with its rules.
    pub fn kind(&self) -> &MappingKind {
        &self.kind
    }

    /// `AmbiguousRoleResolution`, if the file says it.
    pub fn ambiguity(&self) -> Option<Ambiguity> {
        self.ambiguity
    }

    /// The rules in order, whether they play a part or not.
    pub fn rules(&self) -> &[Rule] {
        match &self.kind {
            MappingKind::Token { unused_rules } => unused_rules,
            MappingKind::Rules(list) => &list.rules,
        }
    }
}

impl RuleList {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        RuleList { tree: RuleTree::compile(&rules), rules }
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The same rules, compiled.
    pub fn tree(&self) -> &RuleTree {
        &self.tree
    }
}

impl TagMap {
    /// Whether it is the provider's default map.
    pub fn use_defaults(&self) -> bool {
        self.use_defaults
    }

    /// Tag keys and the claims they are filled from.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, claim)| (&**key, &**claim))
    }
}

/// The default map of a provider (Rule C50), by its key; SAML has none that a source gives.
pub(super) fn default_tags(key: &str) -> Option<[(&'static str, &'static str); 2]> {
    match key {
        _ if names::provider_of_arn(key, "saml-provider/").is_some() => None,
        "www.amazon.com" => Some([("client", "aud"), ("username", "user_id")]),
        _ => Some([("client", "aud"), ("username", "sub")]),
    }
}

/// Groups declarations by login key, keeping the order of Rule C11.
pub(super) fn by_login_key(declared: Vec<Provider>) -> BTreeMap<Box<str>, Vec<Provider>> {
    let mut providers: BTreeMap<Box<str>, Vec<Provider>> = BTreeMap::new();
    for provider in declared {
        providers.entry(provider.login_key().into()).or_default().push(provider);
    }
    providers.values_mut().for_each(|same_key| same_key.sort_by_key(Provider::kind));
    providers
}

/// The clients of each user pool, pools in the order of their first entry.
pub(super) fn user_pools(entries: Vec<(Box<str>, Box<str>)>) -> Vec<Provider> {
    let mut pools: Vec<(Box<str>, Vec<Box<str>>)> = Vec::new();
    for (name, client) in entries {
        match pools.iter_mut().find(|(known, _)| *known == name) {
            Some((_, clients)) => clients.push(client),
            None => pools.push((name, vec![client])),
        }
    }
    pools.into_iter().map(|(name, clients)| Provider::new(ProviderKind::UserPool, &name, clients)).collect()
}
