//! Identity pools of an environment, and the roles that their logins get.

use std::collections::BTreeMap;

use super::files::{Files, Shape};
use super::{AskError, Environment, Role};
use crate::cognito::{self, Pool, PoolFolder, ReadError, Roles};
use crate::json::{Kind, Value};
use crate::source::quote;

/// Reads the pools out of the files. What belongs to all pools, groups and the clients of OIDC providers, is given to each.
pub(super) fn read(files: &Files) -> Vec<Result<PoolFolder, ReadError>> {
    let mut of_pools: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut of_all: Vec<(&str, &str)> = Vec::new();
    for (_, file) in files.iter() {
        let Ok(tree) = &file.tree else { continue };
        let text = (file.source.name(), file.source.text());
        match Shape::of_file(file.source.name(), tree.root()) {
            Shape::IdentityPool => of_pools.entry(pool_id(tree.root())).or_default().push(text),
            Shape::IdentityPools => of_all.push(text),
            _ => {}
        }
    }
    let no_documents = |_: &str| Err("the roles of an environment are its own".to_owned());
    of_pools
        .into_values()
        .map(|of_pool| PoolFolder::read(of_pool.iter().chain(&of_all).copied(), no_documents))
        .collect()
}

/// What is no text is told by the reader of pools.
fn pool_id(value: Value<'_>) -> &str {
    let Kind::Object(members) = value.kind() else { return "" };
    match members.get("IdentityPoolId").map(|id| id.kind()) {
        Some(Kind::String(id)) => id,
        _ => "",
    }
}

impl Environment {
    /// The identity pools, by their ids.
    pub fn identity_pools(&self) -> impl Iterator<Item = &Pool> {
        self.model.pools.iter().map(|folder| &folder.pool)
    }

    /// An identity pool with the roles that it names itself and those that `named` names, for
    /// [`Exchange::new`](cognito::Exchange::new). Of a token, `named` is what [`Login::named_roles`] says. A role that
    /// the environment does not know is left out: the exchange then refuses it (Rule C48).
    ///
    /// [`Login::named_roles`]: cognito::Login::named_roles
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such pool, or if one of the documents of these roles is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use iamtree::cognito::Exchange;
    /// use iamtree::environment::Environment;
    /// use iamtree::source::Source;
    ///
    /// let roles = r#"{"accounts": {"111122223333": {"roles": {"Guest": {"trust": {"Statement": {"Effect": "Allow",
    ///     "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}}}}}}}"#;
    /// let pool = r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "kiosk", "AllowUnauthenticatedIdentities": true,
    ///     "Roles": {"unauthenticated": "arn:aws:iam::111122223333:role/Guest"}}"#;
    /// let files = [Ok(Source::new("accounts.json", roles)), Ok(Source::new("pool.json", pool))];
    /// let environment = Environment::read(files, |_| Err("no files here".to_owned()))?;
    ///
    /// let folder = environment.identity_pool("us-east-1:1a2b", [])?;
    /// let session = Exchange::new(&folder.pool, &folder.roles, "us-east-1:0f1e").run()?;
    /// assert_eq!(session.role_arn(), "arn:aws:iam::111122223333:role/Guest");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn identity_pool<'n>(
        &'n self,
        id: &str,
        named: impl IntoIterator<Item = &'n str>,
    ) -> Result<PoolFolder, AskError> {
        let Some(folder) = self.model.pools.iter().find(|folder| folder.pool.id() == id) else {
            let known: Vec<String> = self.identity_pools().map(|pool| quote(pool.id())).collect();
            let known = if known.is_empty() { "no identity pool".to_owned() } else { known.join(", ") };
            return Err(AskError::unknown(format!("unknown identity pool {}: the environment has {known}", quote(id))));
        };
        let mut arns: Vec<&str> = named.into_iter().collect();
        arns.extend(folder.pool.named_roles());
        arns.sort_unstable();
        arns.dedup();
        let mut roles = Roles::new();
        for role in arns.into_iter().filter_map(|arn| self.role(arn)) {
            // Without a trust policy nobody assumes it, as if there were none.
            if let Some(of_pool) = of_pool(role)? {
                roles = roles.with(of_pool).map_err(|error| AskError::contradiction("C48", error.to_string()))?;
            }
        }
        Ok(PoolFolder { pool: folder.pool.clone(), roles, groups: folder.groups.clone() })
    }
}

/// A role as identity pools need it.
fn of_pool(role: Role<'_>) -> Result<Option<cognito::Role>, AskError> {
    let Some(trust) = role.trust() else { return Ok(None) };
    let broken = |error: cognito::RoleError| AskError::contradiction("C48", error.to_string());
    let refused = |document| AskError::refused(vec![document]);
    let mut of_pool = cognito::Role::new(role.arn(), trust.map_err(refused)?).map_err(broken)?;
    for policy in role.policies() {
        of_pool = of_pool.policy(policy.map_err(refused)?);
    }
    if let Some(boundary) = role.boundary() {
        of_pool = of_pool.boundary(boundary.map_err(refused)?).map_err(broken)?;
    }
    for (key, value) in role.tags() {
        of_pool = of_pool.tag(key, value).map_err(broken)?;
    }
    if let Some(id) = role.id() {
        of_pool = of_pool.role_id(id);
    }
    Ok(Some(role.resource_control()?.into_iter().fold(of_pool, cognito::Role::resource_control)))
}
