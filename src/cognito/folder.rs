//! A pool with its roles in one folder: what a command line is pointed at.

use super::error::ReadError;
use super::groups::Group;
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
/// | `list-groups*.json` | the groups of user pools, outputs of `aws cognito-idp list-groups` (Rule C35) |
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
    /// The groups of user pools, for what-if questions (Rule C35).
    pub groups: Vec<Group>,
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
        let mut groups = Some(Vec::new());
        let mut of_pool = Vec::new();
        for (name, text) in files {
            let source = Source::new(name.as_ref(), text.as_ref());
            let Some(kind) = FolderFile::of(source.name()) else {
                of_pool.push(source);
                continue;
            };
            let tree = match json::parse(&source, &Limits::default()) {
                Ok(tree) => tree,
                Err(diagnostic) => {
                    mistakes.add(*diagnostic);
                    continue;
                }
            };
            let mut reader = Reader::new(&source, &mut mistakes);
            let value = tree.root();
            match kind {
                FolderFile::Roles => roles = read::roles(&mut reader, value, &mut Opener::new(&mut open)),
                FolderFile::Clients => clients = read::client_ids(&mut reader, value),
                FolderFile::Groups => {
                    let listed = read::group_listing(&mut reader, value);
                    groups = groups.zip(listed).map(|(groups, listed)| [groups, listed].concat());
                }
            }
        }
        let pool = read::pool_into(&of_pool, &mut mistakes);
        let whole = pool.zip(roles).zip(clients).zip(groups);
        mistakes.into_result(whole.map(|(((pool, roles), clients), groups)| {
            let pool = clients.into_iter().fold(pool, |pool, (arn, ids)| pool.client_ids(&arn, ids));
            PoolFolder { pool, roles, groups }
        }))
    }
}

/// The files of a folder that are no output of `aws cognito-identity`: known by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FolderFile {
    Roles,
    Clients,
    Groups,
}

impl FolderFile {
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit(['/', '\\']).next().unwrap_or_default() {
            "roles.json" => Some(FolderFile::Roles),
            "oidc-providers.json" => Some(FolderFile::Clients),
            name if name.starts_with("list-groups") => Some(FolderFile::Groups),
            _ => None,
        }
    }
}
