//! What an environment knows, as it is kept: small, because there are thousands of each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::error::RefusedDocument;
use super::held::Held;
use crate::cognito::PoolFolder;
use crate::language::arn::Arn;

/// A document in its place, or why there is none.
pub(super) type Slot = Result<Held, Arc<RefusedDocument>>;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub accounts: Vec<Account>,
    /// From the id of an account to its index.
    pub account_ids: HashMap<Box<str>, usize>,
    pub organization: Option<Organization>,
    /// Resources by ARN.
    pub resources: HashMap<Box<str>, Resource>,
    /// Identity pools by id, without their roles.
    pub pools: Vec<PoolFolder>,
    /// The last serial given out.
    serial: u64,
}

/// An account.
#[derive(Debug)]
pub(super) struct Account {
    pub id: Box<str>,
    /// What people call it.
    pub name: Option<Box<str>>,
    pub partition: Box<str>,
    pub canonical_user: Option<Box<str>>,
    /// Policies attached to the account itself, if anybody says which.
    pub scps: Option<Vec<Slot>>,
    pub rcps: Option<Vec<Slot>>,
    pub place: Membership,
    /// Roles by their name in lower case (Rule E42: names are unique regardless of case).
    pub roles: BTreeMap<Box<str>, Box<Principal>>,
    /// Users by their name in lower case.
    pub users: BTreeMap<Box<str>, Box<Principal>>,
    pub groups: BTreeMap<Box<str>, Vec<Slot>>,
}

/// How an account belongs to the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Membership {
    /// No file says that it does.
    Outside,
    /// The management account, which nothing limits (Rules E13, E15).
    Management(Option<usize>),
    /// Below this unit.
    Member(usize),
}

/// A user or a role.
#[derive(Debug)]
pub(super) struct Principal {
    pub serial: u64,
    pub arn: Box<str>,
    /// The unique id, `AIDA…` or `AROA…`.
    pub id: Option<Box<str>>,
    /// Documents attached and inline; not those of groups.
    pub policies: Vec<Slot>,
    /// The groups of a user.
    pub groups: Box<[Box<str>]>,
    pub boundary: Option<Slot>,
    /// The trust policy of a role.
    pub trust: Option<Slot>,
    /// How many seconds a session of a role lasts at most, if somebody says so.
    pub max_session: Option<u32>,
    pub tags: Tags,
}

pub(super) type Tags = Box<[(Box<str>, Box<str>)]>;

/// A resource with the account that owns it.
#[derive(Debug)]
pub(super) struct Resource {
    pub serial: u64,
    pub owner: usize,
    pub policy: Option<Slot>,
    pub tags: Tags,
}

/// The units of an organization, each behind its parent; the root is the first.
#[derive(Debug)]
pub(super) struct Organization {
    pub id: Option<Box<str>>,
    pub units: Vec<Unit>,
    /// Whether service control policies are in use.
    pub has_scps: bool,
    pub has_rcps: bool,
    /// `FullAWSAccess`, for whoever does not say what is attached.
    pub full_access: Slot,
}

#[derive(Debug)]
pub(super) struct Unit {
    pub name: Box<str>,
    pub id: Option<Box<str>>,
    pub parent: Option<usize>,
    pub scps: Option<Vec<Slot>>,
    pub rcps: Option<Vec<Slot>>,
}

impl Model {
    pub(super) fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    pub(super) fn account(&self, id: &str) -> Option<(usize, &Account)> {
        let index = *self.account_ids.get(id)?;
        Some((index, self.accounts.get(index)?))
    }

    /// The policies of a role, user or group, about to be changed: whoever the change touches gets a new serial, so that
    /// its trees are made anew.
    pub(super) fn touch(&mut self, arn: &str) -> Option<&mut Vec<Slot>> {
        let parsed = Arn::parse(arn)?;
        let (word, rest) = parsed.resource().split_once('/')?;
        let name = rest.rsplit('/').next()?;
        let key = name.to_ascii_lowercase();
        let Model { accounts, account_ids, serial, .. } = self;
        let account = accounts.get_mut(*account_ids.get(parsed.account())?)?;
        let mut renew = |principal: &mut Principal| {
            *serial += 1;
            principal.serial = *serial;
        };
        if word == "group" {
            let members = account.users.values_mut();
            members.filter(|user| user.groups.iter().any(|group| &**group == name)).for_each(|user| renew(user));
            return account.groups.get_mut(name);
        }
        let principals = match word {
            "role" => &mut account.roles,
            "user" => &mut account.users,
            _ => return None,
        };
        let principal = principals.get_mut(key.as_str()).filter(|principal| &*principal.arn == arn)?;
        renew(principal);
        Some(&mut principal.policies)
    }

    /// The role or user that an ARN names, in its exact spelling.
    pub(super) fn principal(&self, arn: &str) -> Option<&Principal> {
        let parsed = Arn::parse(arn).filter(|arn| arn.service() == "iam")?;
        let (word, rest) = parsed.resource().split_once('/')?;
        let (_, account) = self.account(parsed.account())?;
        let principals = match word {
            "role" => &account.roles,
            "user" => &account.users,
            _ => return None,
        };
        let name = rest.rsplit('/').next()?.to_ascii_lowercase();
        principals.get(name.as_str()).map(AsRef::as_ref).filter(|principal: &&Principal| &*principal.arn == arn)
    }

    /// The resource an ARN names: itself, or the nearest one that it stands below.
    pub(super) fn resource(&self, arn: &str) -> Option<(&str, &Resource)> {
        let mut candidate = arn;
        loop {
            if let Some((name, resource)) = self.resources.get_key_value(candidate) {
                return Some((name, resource));
            }
            candidate = candidate.rsplit_once('/')?.0;
        }
    }
}

impl Account {
    /// What explanations call the level of its own policies.
    pub(super) fn level_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

impl Organization {
    /// From the root down to a unit.
    pub(super) fn path(&self, unit: usize) -> Vec<&Unit> {
        let mut path = Vec::new();
        let mut next = self.units.get(unit);
        while let Some(unit) = next {
            path.push(unit);
            // A parent stands before its children, so this ends.
            next = unit.parent.and_then(|parent| self.units.get(parent));
        }
        path.reverse();
        path
    }

    /// `o-…/r-…/ou-…/`, if every id is known (the form of `aws:PrincipalOrgPaths`).
    pub(super) fn id_path(&self, unit: usize) -> Option<String> {
        let mut path = format!("{}/", self.id.as_deref()?);
        for unit in self.path(unit) {
            path.push_str(unit.id.as_deref()?);
            path.push('/');
        }
        Some(path)
    }
}

impl Membership {
    pub(super) fn unit(self) -> Option<usize> {
        match self {
            Membership::Outside => None,
            Membership::Management(unit) => unit,
            Membership::Member(unit) => Some(unit),
        }
    }
}
