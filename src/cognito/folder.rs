//! A pool with its roles in one folder: what a command line is pointed at.

use super::error::ReadError;
use super::pool::Pool;
use super::read::{self, Mistakes, Opener, Reader};
use super::role::Roles;
use crate::json::{self, Limits};
use crate::source::Source;

/// A pool and the roles it names, from the files of one folder.
///
/// | File | Holds |
/// |---|---|
/// | `roles.json` | the roles, as [`Roles::read`] takes them |
/// | `oidc-providers.json` | `{ARN: {"ClientIDList": […]}}`, the clients of OIDC providers (Rule C12) |
/// | every other | an output of `aws cognito-identity`, as [`Pool::read_folder`] takes it |
///
/// # Examples
///
/// ```
/// use iamtree::cognito::PoolFolder;
///
/// let pool = r#"{"IdentityPoolId": "us-east-1:1a2b", "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true}"#;
/// let folder = PoolFolder::read([("app/describe-identity-pool.json", pool), ("app/roles.json", "{}")], |path| {
///     Err(format!("no file {path}"))
/// })?;
/// assert!(folder.pool.admits_guests());
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PoolFolder {
    /// The pool.
    pub pool: Pool,
    /// The roles.
    pub roles: Roles,
}

impl PoolFolder {
    /// Reads the JSON files of a folder, each under its path. `open` returns the bytes of a document that `roles.json`
    /// names by its path, joined to the folder, or says why there are none.
    ///
    /// # Errors
    ///
    /// Returns every mistake of all files.
    pub fn read<N: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (N, T)>,
        mut open: impl FnMut(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Self, ReadError> {
        let mut mistakes = Mistakes::default();
        let mut roles = Some(Roles::new());
        let mut clients = Some(Vec::new());
        let mut of_pool = Vec::new();
        for (name, text) in files {
            let source = Source::new(name.as_ref(), text.as_ref());
            let file = source.name().rsplit(['/', '\\']).next().unwrap_or_default();
            if !["roles.json", "oidc-providers.json"].contains(&file) {
                of_pool.push(source);
                continue;
            }
            match json::parse(&source, &Limits::default()) {
                Ok(value) if file == "roles.json" => {
                    let mut reader = Reader::new(&source, &mut mistakes);
                    roles = read::roles(&mut reader, &value, &mut Opener::new(&mut open));
                }
                Ok(value) => clients = read::client_ids(&mut Reader::new(&source, &mut mistakes), &value),
                Err(diagnostic) => mistakes.add(*diagnostic),
            }
        }
        let pool = read::pool_into(&of_pool, &mut mistakes);
        let whole = pool.zip(roles).zip(clients);
        mistakes.into_result(whole.map(|((pool, roles), clients)| {
            let pool = clients.into_iter().fold(pool, |pool, (arn, ids)| pool.client_ids(&arn, ids));
            PoolFolder { pool, roles }
        }))
    }
}
