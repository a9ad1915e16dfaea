//! `aws iam get-account-authorization-details`: users, groups, roles and managed policies of one account.
//!
//! Documents are objects, as the CLI prints them, or percent-encoded strings, as the API returns them. Members that are
//! not listed here are left out: AWS adds new ones.

use std::collections::HashMap;

use crate::document::PolicyKind;
use crate::environment::library::Place;
use crate::environment::model::{Principal, Slot, Tags};
use crate::environment::reader::Builder;
use crate::json::Value;
use crate::json::de::{self, Located, Scalar, Spanned};
use crate::language::arn::Arn;
use crate::source::{Span, quote};

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Details {
    #[serde(default)]
    user_detail_list: Vec<User>,
    #[serde(default)]
    group_detail_list: Vec<Group>,
    #[serde(default)]
    role_detail_list: Vec<Role>,
    #[serde(default)]
    policies: Vec<Managed>,
    #[serde(default)]
    is_truncated: bool,
    next_token: Option<Located>,
    marker: Option<Located>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct User {
    user_name: Spanned<Box<str>>,
    user_id: Option<Box<str>>,
    arn: Spanned<Box<str>>,
    #[serde(default)]
    user_policy_list: Vec<Inline>,
    #[serde(default)]
    group_list: Vec<Spanned<Box<str>>>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    permissions_boundary: Option<Boundary>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Group {
    group_name: Spanned<Box<str>>,
    arn: Spanned<Box<str>>,
    #[serde(default)]
    group_policy_list: Vec<Inline>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Role {
    role_name: Spanned<Box<str>>,
    role_id: Option<Box<str>>,
    arn: Spanned<Box<str>>,
    assume_role_policy_document: Option<Located>,
    #[serde(default)]
    role_policy_list: Vec<Inline>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    permissions_boundary: Option<Boundary>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Inline {
    policy_name: Box<str>,
    policy_document: Located,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Attached {
    policy_arn: Spanned<Box<str>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Boundary {
    permissions_boundary_arn: Spanned<Box<str>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Managed {
    arn: Spanned<Box<str>>,
    #[serde(default)]
    policy_version_list: Vec<PolicyVersion>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct PolicyVersion {
    document: Option<Located>,
    #[serde(default)]
    is_default_version: bool,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Tag {
    key: Spanned<Box<str>>,
    value: Scalar,
}

/// Adds what the output holds.
pub(in crate::environment) fn read<O>(builder: &mut Builder<'_, O>, file: usize, value: Value<'_>)
where
    O: FnMut(&str) -> Result<Vec<u8>, String>,
{
    let details: Details = match de::from_value(value) {
        Ok(details) => details,
        Err(mistake) => return builder.mistake(file, mistake.span(), mistake.message()),
    };
    if details.is_truncated || details.next_token.is_some() || details.marker.is_some() {
        let message =
            "the output is a part of the whole: found `IsTruncated`, `Marker` or `NextToken`, expected all pages";
        return builder.mistake(file, value.span(), message);
    }
    let mut reader = Reader { builder, file, managed: HashMap::new() };
    for policy in &details.policies {
        let default = policy.policy_version_list.iter().find(|version| version.is_default_version);
        if let Some(document) = default.and_then(|version| version.document.as_ref()) {
            reader.managed.insert(&policy.arn.value, document.span);
        }
    }
    details.group_detail_list.iter().for_each(|group| reader.group(group));
    details.role_detail_list.iter().for_each(|role| reader.role(role));
    details.user_detail_list.iter().for_each(|user| reader.user(user));
}

struct Reader<'b, 'f, 'd, O> {
    builder: &'b mut Builder<'f, O>,
    file: usize,
    /// Where the default version of each managed policy stands.
    managed: HashMap<&'d str, Span>,
}

impl<O: FnMut(&str) -> Result<Vec<u8>, String>> Reader<'_, '_, '_, O> {
    fn group(&mut self, group: &Group) {
        let Some(account) = self.account(&group.arn) else { return };
        let path = format!("group/{}", group.group_name.value);
        let policies = self.policies(&group.group_policy_list, &group.attached_managed_policies, &path);
        self.builder.add_group(account, self.file, &group.group_name, policies, &path);
    }

    fn role(&mut self, role: &Role) {
        let Some(account) = self.account(&role.arn) else { return };
        let path = format!("role/{}", role.role_name.value);
        let trust_path = format!("{path}/AssumeRolePolicyDocument");
        let trust = role.assume_role_policy_document.as_ref().map(|document| {
            let place = Place { file: self.file, span: document.span, path: &trust_path };
            self.builder.library.document(PolicyKind::Trust, place)
        });
        let principal = Principal {
            serial: self.builder.model.next_serial(),
            arn: role.arn.value.clone(),
            id: role.role_id.clone(),
            policies: self.policies(&role.role_policy_list, &role.attached_managed_policies, &path),
            groups: Box::default(),
            boundary: self.boundary(role.permissions_boundary.as_ref(), &path),
            trust,
            // The output does not say.
            max_session: None,
            tags: self.tags(&role.tags, &path),
        };
        self.builder.add_role(account, self.file, &role.role_name, principal, &path);
    }

    fn user(&mut self, user: &User) {
        let Some(account) = self.account(&user.arn) else { return };
        let path = format!("user/{}", user.user_name.value);
        for group in &user.group_list {
            let groups = self.builder.model.accounts.get(account).map(|account| &account.groups);
            if !groups.is_some_and(|groups| groups.contains_key(&group.value)) {
                let message = format!("{path}: the group {} is not in the output", quote(&group.value));
                self.builder.mistake(self.file, group.span, message);
            }
        }
        let principal = Principal {
            serial: self.builder.model.next_serial(),
            arn: user.arn.value.clone(),
            id: user.user_id.clone(),
            policies: self.policies(&user.user_policy_list, &user.attached_managed_policies, &path),
            groups: user.group_list.iter().map(|group| group.value.clone()).collect(),
            boundary: self.boundary(user.permissions_boundary.as_ref(), &path),
            trust: None,
            max_session: None,
            tags: self.tags(&user.tags, &path),
        };
        self.builder.add_user(account, self.file, &user.user_name, principal, &path);
    }

    /// The account that an ARN names.
    fn account(&mut self, arn: &Spanned<Box<str>>) -> Option<usize> {
        let Some(parsed) = Arn::parse(&arn.value).filter(|arn| arn.service() == "iam") else {
            let message = format!("malformed ARN: found {}, expected that of a user, group or role", quote(&arn.value));
            self.builder.mistake(self.file, arn.span, message);
            return None;
        };
        let index = self.builder.account_index(self.file, arn.span, parsed.account(), "Arn");
        self.builder.change(index, |account| account.partition = parsed.partition().into());
        Some(index)
    }

    fn policies(&mut self, inline: &[Inline], attached: &[Attached], path: &str) -> Vec<Slot> {
        let mut policies = Vec::with_capacity(inline.len() + attached.len());
        for Attached { policy_arn } in attached {
            policies.push(self.attached(PolicyKind::Identity, policy_arn, path));
        }
        for Inline { policy_name, policy_document } in inline {
            let path = format!("{path}/{policy_name}");
            let place = Place { file: self.file, span: policy_document.span, path: &path };
            policies.push(self.builder.library.document(PolicyKind::Identity, place));
        }
        policies
    }

    fn boundary(&mut self, boundary: Option<&Boundary>, path: &str) -> Option<Slot> {
        boundary.map(|boundary| self.attached(PolicyKind::Boundary, &boundary.permissions_boundary_arn, path))
    }

    fn tags(&mut self, tags: &[Tag], path: &str) -> Tags {
        let tags = tags.iter().map(|tag| (&tag.key, &tag.value));
        self.builder.tags(self.file, tags, &format!("{path}/Tags"))
    }

    /// A managed policy of this output, or one that `documents` names by its ARN.
    fn attached(&mut self, kind: PolicyKind, arn: &Spanned<Box<str>>, path: &str) -> Slot {
        match self.managed.get(&*arn.value) {
            Some(&span) => self.builder.library.managed(kind, &arn.value, Place { file: self.file, span, path }),
            None => self.builder.library.reference(kind, Place { file: self.file, span: arn.span, path }, &arn.value),
        }
    }
}
