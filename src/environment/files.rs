//! The files of an environment, read as trees, and what each of them is.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use crate::cognito::FolderFile;
use crate::json::{Kind, Limits, Members, Tree, Value};
use crate::source::{Diagnostic, Source};
use crate::yaml;

/// What a file of an environment may hold: more than a policy document, of which it may hold thousands.
pub(super) const LIMITS: Limits = Limits { bytes: 1 << 28, depth: 64, entries: 1 << 24, pattern_bytes: 64 << 10 };

/// The files, in the order they were given.
pub(super) struct Files {
    files: Vec<File>,
    by_name: HashMap<Box<str>, usize>,
}

pub(super) struct File {
    pub source: Source,
    pub tree: Result<Tree, Box<Diagnostic>>,
}

/// What a file is, by the members of its outermost object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An environment in our own format; also whatever is nothing else, so that it is told what it lacks.
    Environment,
    /// A policy document, or something else that only a reference can make sense of.
    Document,
    /// `aws iam get-account-authorization-details`.
    AccountDetails,
    /// A listing of `aws organizations`.
    Organizations,
    /// An output of `aws cognito-identity`, about one pool.
    IdentityPool,
    /// What belongs to all identity pools: groups of user pools, clients of OIDC providers.
    IdentityPools,
}

impl Files {
    pub(super) fn parse(sources: impl IntoIterator<Item = Result<Source, Box<Diagnostic>>>) -> Self {
        let parse = |source: Result<Source, Box<Diagnostic>>| match source {
            Ok(source) => File { tree: yaml::parse_by_name(&source, &LIMITS), source },
            Err(diagnostic) => File { source: diagnostic.source().clone(), tree: Err(diagnostic) },
        };
        let files: Vec<File> = sources.into_iter().map(parse).collect();
        let by_name = files.iter().enumerate().map(|(index, file)| (file.source.name().into(), index)).collect();
        Files { files, by_name }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &File)> {
        self.files.iter().enumerate()
    }

    pub(super) fn get(&self, index: usize) -> Option<&File> {
        self.files.get(index)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<(usize, &File)> {
        let index = *self.by_name.get(name)?;
        Some((index, self.files.get(index)?))
    }
}

impl Shape {
    /// What a file is. Two files of identity pools are known by their names, as in a folder of a pool.
    pub(super) fn of_file(name: &str, value: Value<'_>) -> Self {
        match FolderFile::of(name) {
            Some(FolderFile::Clients | FolderFile::Groups) => Shape::IdentityPools,
            _ => Shape::of(value),
        }
    }

    pub(super) fn of(value: Value<'_>) -> Self {
        let Kind::Object(members) = value.kind() else { return Shape::Document };
        let has = |names: &[&str]| members.iter().any(|member| names.contains(&member.name()));
        if has(&["organization", "accounts", "documents"]) {
            Shape::Environment
        } else if has(&["IdentityPoolId"]) {
            Shape::IdentityPool
        } else if has(&["UserDetailList", "GroupDetailList", "RoleDetailList"]) {
            Shape::AccountDetails
        } else if has(&["Organization", "Roots", "OrganizationalUnits", "Accounts", "Parents", "Policies"])
            || is_description(members)
        {
            Shape::Organizations
        } else if has(&["Statement", "Version", "PolicyDocument", "PolicyVersion", "Document", "Policy", "Role"]) {
            Shape::Document
        } else {
            Shape::Environment
        }
    }
}

/// `aws organizations describe-policy`; other commands print a `Policy` too.
fn is_description(members: Members<'_>) -> bool {
    let policy = members.get("Policy").map(|policy| policy.kind());
    matches!(policy, Some(Kind::Object(members)) if members.iter().any(|member| member.name() == "PolicySummary"))
}

/// A path that a file names, relative to that file, without `.` and `..` where they can be resolved.
pub(super) fn relative(file: &str, path: &str) -> String {
    let mut resolved = PathBuf::new();
    for part in Path::new(file).with_file_name(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(resolved.components().next_back(), Some(Component::Normal(_))) => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
    }
    resolved.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        for (file, path, expected) in [
            ("env/environment.yaml", "policies/a.json", "env/policies/a.json"),
            ("env/environment.yaml", "./policies/../a.json", "env/a.json"),
            ("env/environment.yaml", "../shared/a.json", "shared/a.json"),
            ("environment.yaml", "../a.json", "../a.json"),
            ("environment.yaml", "a.json", "a.json"),
            ("env/environment.yaml", "/etc/a.json", "/etc/a.json"),
        ] {
            assert_eq!(relative(file, path), expected, "{file} {path}");
        }
    }

    #[test]
    fn files_are_known_by_what_they_hold() {
        for (text, expected) in [
            (r#"{"accounts": {}}"#, Shape::Environment),
            (r#"{"acounts": {}}"#, Shape::Environment),
            (r#"{"Version": "2012-10-17", "Statement": []}"#, Shape::Document),
            (r#"{"UserDetailList": [], "Policies": []}"#, Shape::AccountDetails),
            (r#"{"Policies": []}"#, Shape::Organizations),
            (r#"{"IdentityPoolId": "us-east-1:1a2b", "Roles": {}}"#, Shape::IdentityPool),
            (r#"{"Policy": {"PolicySummary": {}, "Content": ""}}"#, Shape::Organizations),
            (r#"{"Policy": "{}"}"#, Shape::Document),
            ("[]", Shape::Document),
        ] {
            let tree = crate::json::parse(&Source::new("f.json", text), &LIMITS).unwrap();
            assert_eq!(Shape::of(tree.root()), expected, "{text}");
        }
    }
}
