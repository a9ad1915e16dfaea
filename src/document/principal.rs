//! The elements `Principal` and `NotPrincipal` (Rules E38 to E49): their names, read and checked.

use crate::language::arn::Arn;
use crate::source::{Span, Text};

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalElement {
    /// Where the value stands.
    pub span: Span,
    /// Whether it is `NotPrincipal`.
    pub negated: bool,
    /// The entries of all its members, joined by OR (Rule E50); at least one.
    pub entries: Vec<PrincipalEntry>,
}

/// One name in `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalEntry {
    /// Where it stands.
    pub span: Span,
    /// Its text, escapes decoded.
    pub text: Text,
    /// Whom it names.
    pub name: PrincipalName,
}

/// Whom an entry names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PrincipalName {
    /// `*` (Rule E39).
    Everyone,
    /// An account, as twelve digits or as its root ARN (Rule E40): the account id.
    Account(Box<str>),
    /// A user by its complete ARN (Rule E41).
    User(Box<str>),
    /// A role (Rule E42).
    Role(RoleName),
    /// A role session by its complete ARN (Rule E43).
    Session(Box<str>),
    /// A federated user by its complete ARN (Rule E44).
    FederatedUser(Box<str>),
    /// A service by its exact name (Rule E45).
    Service(Box<str>),
    /// An identity provider by its exact name or ARN (Rule E46).
    Provider(Box<str>),
    /// A canonical user id (Rule E47).
    CanonicalUser(Box<str>),
    /// A unique user id, `AIDA…` (Rule E48).
    UserId(Box<str>),
    /// A unique role id, `AROA…` (Rule E48).
    RoleId(Box<str>),
}

/// A role in a principal entry (Rule E42).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoleName {
    /// The complete ARN, path included.
    pub arn: Box<str>,
    /// Its partition.
    pub partition: Box<str>,
    /// Its account.
    pub account: Box<str>,
    /// Its name without path: what sessions of the role carry.
    pub name: Box<str>,
}

/// Why an entry is refused.
pub(crate) struct Refused {
    pub rule: &'static str,
    pub message: &'static str,
    pub expected: &'static str,
}

impl PrincipalName {
    /// Reads an entry of the member `AWS` (Rules E39 to E44, E48, E49).
    pub(crate) fn aws(text: &str) -> Result<Self, Refused> {
        if text == "*" {
            return Ok(PrincipalName::Everyone);
        }
        refuse_wildcards(text)?;
        if is_account_id(text) {
            return Ok(PrincipalName::Account(text.into()));
        }
        for (prefix, id) in [("AIDA", PrincipalName::UserId as fn(Box<str>) -> Self), ("AROA", PrincipalName::RoleId)] {
            if let Some(rest) = text.strip_prefix(prefix) {
                let is_id = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                return if is_id { Ok(id(text.into())) } else { Err(UNKNOWN_AWS) };
            }
        }
        Arn::parse(text).and_then(|arn| aws_arn(&arn)).ok_or(UNKNOWN_AWS)
    }

    /// Reads an entry of `Service` (Rule E45).
    pub(crate) fn service(text: &str) -> Result<Self, Refused> {
        refuse_wildcards(text)?;
        refuse_arn(text, "a service name such as `s3.amazonaws.com`")?;
        Ok(PrincipalName::Service(text.into()))
    }

    /// Reads an entry of `Federated` (Rule E46).
    pub(crate) fn federated(text: &str) -> Result<Self, Refused> {
        refuse_wildcards(text)?;
        if !Arn::parse(text).is_some_and(|arn| is_provider_arn(&arn)) {
            refuse_arn(text, "the ARN of an `oidc-provider` or `saml-provider`, or a built-in provider")?;
        }
        Ok(PrincipalName::Provider(text.into()))
    }

    /// Reads an entry of `CanonicalUser` (Rule E47).
    pub(crate) fn canonical_user(text: &str) -> Result<Self, Refused> {
        refuse_wildcards(text)?;
        refuse_arn(text, "a canonical user id")?;
        Ok(PrincipalName::CanonicalUser(text.into()))
    }
}

const UNKNOWN_AWS: Refused = Refused {
    rule: "E49",
    message: "an entry that names no principal",
    expected: "`*`, a twelve-digit account id, the ARN of a root, user, role, role session or federated user, or a unique id",
};

fn refuse_wildcards(text: &str) -> Result<(), Refused> {
    if text.contains(['*', '?']) {
        return Err(Refused { rule: "E49", message: "a wildcard in a principal", expected: "a complete name" });
    }
    Ok(())
}

/// Rule E49: an ARN of another kind than the member takes.
fn refuse_arn(text: &str, expected: &'static str) -> Result<(), Refused> {
    if text.starts_with("arn:") {
        return Err(Refused { rule: "E49", message: "an entry that names no principal", expected });
    }
    Ok(())
}

fn is_provider_arn(arn: &Arn<'_>) -> bool {
    let is_named = |word| arn.resource().strip_prefix(word).is_some_and(|name: &str| !name.is_empty());
    is_of_iam(arn) && arn.service() == "iam" && ["oidc-provider/", "saml-provider/"].into_iter().any(is_named)
}

/// Whether partition, region and account are those of an IAM or STS principal.
fn is_of_iam(arn: &Arn<'_>) -> bool {
    let partition = arn.partition();
    let is_partition = partition == "aws" || partition.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty());
    is_partition && arn.region().is_empty() && is_account_id(arn.account())
}

/// Twelve ASCII digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn aws_arn(arn: &Arn<'_>) -> Option<PrincipalName> {
    if !is_of_iam(arn) {
        return None;
    }
    let text = || Box::from(arn.as_str());
    let (word, rest) = arn.resource().split_once('/').unwrap_or((arn.resource(), ""));
    match (arn.service(), word) {
        ("iam", "root") if arn.resource() == "root" => Some(PrincipalName::Account(arn.account().into())),
        ("iam", "user") => last_segment(rest).map(|_| PrincipalName::User(text())),
        ("iam", "role") => last_segment(rest).map(|name| {
            PrincipalName::Role(RoleName {
                arn: text(),
                partition: arn.partition().into(),
                account: arn.account().into(),
                name: name.into(),
            })
        }),
        ("sts", "assumed-role") => match rest.split_once('/') {
            Some((role, session)) if !role.is_empty() && !session.is_empty() && !session.contains('/') => {
                Some(PrincipalName::Session(text()))
            }
            _ => None,
        },
        ("sts", "federated-user") if !rest.is_empty() => Some(PrincipalName::FederatedUser(text())),
        _ => None,
    }
}

/// The name behind the path of a user or role; `None` if it is empty.
pub(crate) fn last_segment(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_aws_member() {
        let role = |arn: &str, name: &str| {
            PrincipalName::Role(RoleName {
                arn: arn.into(),
                partition: "aws".into(),
                account: "111122223333".into(),
                name: name.into(),
            })
        };
        for (text, name) in [
            ("*", PrincipalName::Everyone),
            ("111122223333", PrincipalName::Account("111122223333".into())),
            ("arn:aws-cn:iam::111122223333:root", PrincipalName::Account("111122223333".into())),
            ("arn:aws:iam::111122223333:user/a/bo", PrincipalName::User("arn:aws:iam::111122223333:user/a/bo".into())),
            ("arn:aws:iam::111122223333:role/x/R", role("arn:aws:iam::111122223333:role/x/R", "R")),
            ("AIDA2", PrincipalName::UserId("AIDA2".into())),
            ("AROAX", PrincipalName::RoleId("AROAX".into())),
        ] {
            assert_eq!(PrincipalName::aws(text).ok(), Some(name), "{text}");
        }
    }

    #[test]
    fn refused_names() {
        for text in [
            "",
            "11112222333",
            "1111222233334",
            "AIDA",
            "AIDAx",
            "bob",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::1111:root",
            "arn:aws:iam::111122223333:root/x",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:role/p/",
            "arn:aws:s3:::bucket",
            "arn:aws:sts::111122223333:assumed-role/R",
            "arn:aws:sts::111122223333:assumed-role/R/s/t",
            "arn:aws:sts::111122223333:federated-user/",
            "arn:aws:iam:eu-west-1:111122223333:root",
            "arn:x:iam::111122223333:root",
            "arn:aws:iam::111122223333:role/Pack?r",
        ] {
            assert!(PrincipalName::aws(text).is_err(), "{text}");
        }
    }

    #[test]
    fn members_take_no_arn_of_another_kind() {
        assert!(PrincipalName::federated("arn:aws:iam::111122223333:saml-provider/X").is_ok());
        assert!(PrincipalName::federated("accounts.google.com").is_ok());
        for text in ["arn:aws:iam::111122223333:user/dana", "arn:aws:iam::111122223333:oidc-provider/", "arn:aws:iam"] {
            assert!(PrincipalName::federated(text).is_err(), "{text}");
            assert!(PrincipalName::service(text).is_err(), "{text}");
            assert!(PrincipalName::canonical_user(text).is_err(), "{text}");
        }
    }
}
