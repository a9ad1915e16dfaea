//! Files → [`Model`]. Every mistake is collected; an environment with one is refused, for a policy might be missing from
//! what could not be understood. Documents that break the rules of policies are kept as refused instead.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::error::{EnvironmentError, RefusedDocument};
use super::files::{Files, Shape};
use super::format::{self, Named, Policy};
use super::library::{Library, Place};
use super::model::{Account, Membership, Model, Organization, Principal, Resource, Slot, Tags, Unit};
use super::{import, pools};
use crate::document::PolicyKind;
use crate::json::de::{self, Scalar, Spanned};
use crate::language::arn::Arn;
use crate::source::{Diagnostic, Source, Span, quote};

/// What came of the files.
pub(super) struct Read {
    pub model: Model,
    pub refused: Vec<Arc<RefusedDocument>>,
    /// Files with policy documents that nothing refers to.
    pub unused: Vec<Box<str>>,
}

pub(super) fn read(
    sources: impl IntoIterator<Item = Result<Source, Box<Diagnostic>>>,
    open: impl FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Read, EnvironmentError> {
    let files = Files::parse(sources);
    let mut builder = Builder {
        library: Library::new(&files, open),
        files: &files,
        model: Model::default(),
        organization: Draft::default(),
        error: EnvironmentError::default(),
    };
    builder.files();
    builder.finish()
}

/// Carries what all readers of files need.
pub(super) struct Builder<'f, O> {
    pub files: &'f Files,
    pub library: Library<'f, O>,
    pub model: Model,
    pub organization: Draft,
    error: EnvironmentError,
}

/// The organization while it is put together.
#[derive(Default)]
pub(super) struct Draft {
    pub id: Option<Box<str>>,
    pub management_account: Option<Box<str>>,
    pub units: Vec<Unit>,
    /// Accounts below units.
    pub accounts: HashMap<Box<str>, usize>,
    /// Whether some file, or AWS itself, says that the kind of policy is in use.
    pub has_scps: bool,
    pub has_rcps: bool,
}

impl<'f, O: FnMut(&str) -> Result<Vec<u8>, String>> Builder<'f, O> {
    pub(super) fn mistake(&mut self, file: usize, span: Span, message: impl Into<String>) {
        if let Some(file) = self.files.get(file) {
            self.error.add(&file.source, span, message);
        }
    }

    fn files(&mut self) {
        let mut environments = Vec::new();
        let mut details = Vec::new();
        let mut listings = Vec::new();
        for (index, file) in self.files.iter() {
            let Ok(tree) = &file.tree else { continue };
            let value = tree.root();
            match Shape::of_file(file.source.name(), value) {
                Shape::Environment => match de::from_value::<format::File>(value) {
                    Ok(read) => environments.push((index, read)),
                    Err(mistake) => self.mistake(index, mistake.span(), mistake.message()),
                },
                Shape::AccountDetails => details.push((index, value)),
                Shape::Organizations => listings.push((index, value)),
                Shape::Document | Shape::IdentityPool | Shape::IdentityPools => {}
            }
        }
        // Names first: a file may refer to a document of another.
        for (index, file) in &environments {
            for (name, policy) in &file.documents.0 {
                if !self.library.name(&name.value, *index, policy.0) {
                    let message = format!("documents: a second {}, expected each name once", quote(&name.value));
                    self.mistake(*index, name.span, message);
                }
            }
        }
        for (index, value) in details {
            import::account_details(self, index, value);
        }
        import::organizations(self, &listings);
        for (index, file) in environments {
            self.environment(index, file);
        }
    }

    fn environment(&mut self, file: usize, read: format::File) {
        if let Some(organization) = read.organization {
            self.organization(file, organization);
        }
        for (id, account) in read.accounts.0 {
            self.account(file, &id, account);
        }
    }

    fn organization(&mut self, file: usize, read: format::Organization) {
        if !self.organization.units.is_empty() {
            self.mistake(file, Span::default(), "organization: a second one, expected one");
            return;
        }
        self.organization.id = read.id.map(Into::into);
        if let Some(format::AccountId(id)) = read.management_account {
            self.account_index(file, id.span, &id.value.0, "organization.managementAccount");
            self.organization.management_account = Some(id.value.0);
        }
        self.unit(file, read.root, "root", None, "organization.root");
    }

    /// The depth of units is bounded by that of files.
    fn unit(&mut self, file: usize, read: format::Unit, name: &str, parent: Option<usize>, path: &str) {
        let index = self.organization.units.len();
        let (scps, rcps) = self.controls(file, read.scps, read.rcps, path);
        self.organization.units.push(Unit { name: name.into(), id: read.id.map(Into::into), parent, scps, rcps });
        for (position, format::AccountId(id)) in read.accounts.into_iter().enumerate() {
            let path = format!("{path}.accounts[{position}]");
            self.account_index(file, id.span, &id.value.0, &path);
            if self.organization.accounts.insert(id.value.0.clone(), index).is_some() {
                let message = format!("{path}: the account {} stands below two units", quote(&id.value.0));
                self.mistake(file, id.span, message);
            }
        }
        for (name, unit) in read.units.0 {
            self.unit(file, unit, &name.value, Some(index), &format!("{path}.units.{}", name.value));
        }
    }

    fn controls(
        &mut self,
        file: usize,
        scps: Option<Vec<Policy>>,
        rcps: Option<Vec<Policy>>,
        path: &str,
    ) -> (Option<Vec<Slot>>, Option<Vec<Slot>>) {
        self.organization.has_scps |= scps.is_some();
        self.organization.has_rcps |= rcps.is_some();
        let scps = scps.map(|scps| self.policies(file, PolicyKind::ServiceControl, &scps, &format!("{path}.scps")));
        let rcps = rcps.map(|rcps| self.policies(file, PolicyKind::ResourceControl, &rcps, &format!("{path}.rcps")));
        (scps, rcps)
    }

    fn policies(&mut self, file: usize, kind: PolicyKind, policies: &[Policy], path: &str) -> Vec<Slot> {
        let numbered = policies.iter().enumerate();
        numbered.map(|(index, policy)| self.policy(file, kind, *policy, &format!("{path}[{index}]"))).collect()
    }

    fn policy(&mut self, file: usize, kind: PolicyKind, policy: Policy, path: &str) -> Slot {
        self.library.document(kind, Place { file, span: policy.0, path })
    }

    /// The index of an account; the account is new if nothing was said of it before.
    pub(super) fn account_index(&mut self, file: usize, span: Span, id: &str, path: &str) -> usize {
        if let Some((index, _)) = self.model.account(id) {
            return index;
        }
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("{path}: malformed account id: found {}, expected twelve digits", quote(id));
            self.mistake(file, span, message);
        }
        let index = self.model.accounts.len();
        self.model.account_ids.insert(id.into(), index);
        self.model.accounts.push(Account {
            id: id.into(),
            name: None,
            partition: "aws".into(),
            canonical_user: None,
            scps: None,
            rcps: None,
            place: Membership::Outside,
            roles: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
        });
        index
    }

    /// Changes an account that [`Builder::account_index`] found.
    pub(super) fn change(&mut self, account: usize, change: impl FnOnce(&mut Account)) {
        self.model.accounts.get_mut(account).map(change);
    }

    fn account(&mut self, file: usize, id: &Spanned<Box<str>>, read: format::Account) {
        let path = format!("accounts.{}", id.value);
        let index = self.account_index(file, id.span, &id.value, &path);
        let said = [read.scps.is_some(), read.rcps.is_some()];
        let known = self.model.accounts.get(index).map(|account| [account.scps.is_some(), account.rcps.is_some()]);
        if let Some(known) = known
            && said.iter().zip(known).any(|(said, known)| *said && known)
        {
            self.mistake(file, id.span, format!("{path}: a second file says which policies are attached to it"));
        }
        let (scps, rcps) = self.controls(file, read.scps, read.rcps, &path);
        self.change(index, |account| {
            account.scps = account.scps.take().or(scps);
            account.rcps = account.rcps.take().or(rcps);
            account.name = read.name.map(Into::into).or(account.name.take());
            if let Some(partition) = read.partition {
                account.partition = partition.into();
            }
            account.canonical_user = read.canonical_user.map(Into::into).or(account.canonical_user.take());
        });
        for (name, group) in read.groups.0 {
            let path = format!("{path}.groups.{}", name.value);
            let policies = self.policies(file, PolicyKind::Identity, &group.policies, &format!("{path}.policies"));
            self.add_group(index, file, &name, policies, &path);
        }
        for (name, role) in read.roles.0 {
            self.role(file, index, &name, role, &format!("{path}.roles.{}", name.value));
        }
        for (name, user) in read.users.0 {
            self.user(file, index, &name, user, &format!("{path}.users.{}", name.value));
        }
        for (arn, resource) in read.resources.0 {
            self.resource(file, index, &arn, resource, &format!("{path}.resources.{}", arn.value));
        }
    }

    fn role(&mut self, file: usize, account: usize, name: &Spanned<Box<str>>, read: format::Role, path: &str) {
        let arn = self.arn(file, account, "role", name, read.path.as_ref(), path);
        let principal = Principal {
            serial: self.model.next_serial(),
            arn,
            id: read.id.map(Into::into),
            policies: self.policies(file, PolicyKind::Identity, &read.policies, &format!("{path}.policies")),
            groups: Box::default(),
            boundary: read.boundary.map(|it| self.policy(file, PolicyKind::Boundary, it, &format!("{path}.boundary"))),
            trust: read.trust.map(|trust| self.policy(file, PolicyKind::Trust, trust, &format!("{path}.trust"))),
            max_session: self.max_session(file, read.max_session_duration.as_ref(), path),
            tags: self.tags(file, pairs(&read.tags), &format!("{path}.tags")),
        };
        self.add_role(account, file, name, principal, path);
    }

    fn user(&mut self, file: usize, account: usize, name: &Spanned<Box<str>>, read: format::User, path: &str) {
        let arn = self.arn(file, account, "user", name, read.path.as_ref(), path);
        for (index, group) in read.groups.iter().enumerate() {
            let groups = self.model.accounts.get(account).map(|account| &account.groups);
            if !groups.is_some_and(|groups| groups.contains_key(group.value.as_str())) {
                let message = format!(
                    "{path}.groups[{index}]: unknown group: found {}, expected a name in `groups` of the account",
                    quote(&group.value)
                );
                self.mistake(file, group.span, message);
            }
        }
        let principal = Principal {
            serial: self.model.next_serial(),
            arn,
            id: read.id.map(Into::into),
            policies: self.policies(file, PolicyKind::Identity, &read.policies, &format!("{path}.policies")),
            groups: read.groups.into_iter().map(|group| group.value.into()).collect(),
            boundary: read.boundary.map(|it| self.policy(file, PolicyKind::Boundary, it, &format!("{path}.boundary"))),
            trust: None,
            max_session: None,
            tags: self.tags(file, pairs(&read.tags), &format!("{path}.tags")),
        };
        self.add_user(account, file, name, principal, path);
    }

    /// The names of tags become context keys, which know no case (Rule L71): of two that differ in nothing else, neither
    /// may win silently.
    pub(super) fn tags<'t>(
        &mut self,
        file: usize,
        read: impl IntoIterator<Item = (&'t Spanned<Box<str>>, &'t Scalar)>,
        path: &str,
    ) -> Tags {
        let mut seen = HashSet::new();
        let mut tags = Vec::new();
        for (name, value) in read {
            if !seen.insert(key(&name.value)) {
                let found = quote(&name.value);
                self.mistake(file, name.span, format!("{path}: a second {found}, expected each name once in any case"));
            }
            tags.push((name.value.clone(), value.0.clone()));
        }
        tags.into()
    }

    fn max_session(&mut self, file: usize, read: Option<&format::Seconds>, path: &str) -> Option<u32> {
        let format::Seconds(Spanned { span, value }) = read?;
        let seconds = value.0.parse().ok().filter(|seconds| (3_600..=43_200).contains(seconds));
        if seconds.is_none() {
            let found = quote(&value.0);
            self.mistake(
                file,
                *span,
                format!("{path}.maxSessionDuration: found {found}, expected seconds from 3600 to 43200"),
            );
        }
        seconds
    }

    fn arn(
        &mut self,
        file: usize,
        account: usize,
        word: &str,
        name: &Spanned<Box<str>>,
        path: Option<&Spanned<String>>,
        way: &str,
    ) -> Box<str> {
        if name.value.contains(['/', ':', '*', '?']) {
            let message = format!("{way}: malformed name: found {}, expected one without path", quote(&name.value));
            self.mistake(file, name.span, message);
        }
        let folder = path.map_or("/", |path| path.value.as_str());
        if let Some(path) = path.filter(|path| !(path.value.starts_with('/') && path.value.ends_with('/'))) {
            let found = quote(&path.value);
            self.mistake(file, path.span, format!("{way}.path: found {found}, expected a path from `/` to `/`"));
        }
        let (id, partition) = match self.model.accounts.get(account) {
            Some(account) => (&*account.id, &*account.partition),
            None => ("", ""),
        };
        format!("arn:{partition}:iam::{id}:{word}{folder}{}", name.value).into()
    }

    pub(super) fn add_role(
        &mut self,
        account: usize,
        file: usize,
        name: &Spanned<Box<str>>,
        role: Principal,
        path: &str,
    ) {
        let mut is_new = true;
        self.change(account, |account| is_new = account.roles.insert(key(&name.value), Box::new(role)).is_none());
        self.refuse_second(is_new, file, name, path);
    }

    pub(super) fn add_user(
        &mut self,
        account: usize,
        file: usize,
        name: &Spanned<Box<str>>,
        user: Principal,
        path: &str,
    ) {
        let mut is_new = true;
        self.change(account, |account| is_new = account.users.insert(key(&name.value), Box::new(user)).is_none());
        self.refuse_second(is_new, file, name, path);
    }

    pub(super) fn add_group(
        &mut self,
        account: usize,
        file: usize,
        name: &Spanned<Box<str>>,
        policies: Vec<Slot>,
        path: &str,
    ) {
        let mut is_new = true;
        self.change(account, |account| is_new = account.groups.insert(name.value.clone(), policies).is_none());
        self.refuse_second(is_new, file, name, path);
    }

    fn refuse_second(&mut self, is_new: bool, file: usize, name: &Spanned<Box<str>>, path: &str) {
        if !is_new {
            let message = format!("{path}: a second one of the name {}, expected each name once", quote(&name.value));
            self.mistake(file, name.span, message);
        }
    }

    fn resource(&mut self, file: usize, owner: usize, arn: &Spanned<Box<str>>, read: format::Resource, path: &str) {
        let account = self.model.accounts.get(owner).map_or("", |account| &account.id).to_owned();
        match Arn::parse(&arn.value) {
            None => {
                let found = quote(&arn.value);
                self.mistake(file, arn.span, format!("{path}: malformed resource: found {found}, expected an ARN"));
            }
            Some(parsed) if !parsed.account().is_empty() && parsed.account() != account => {
                let message = format!("{path}: the resource is another account's: expected one of {}", quote(&account));
                self.mistake(file, arn.span, message);
            }
            Some(_) => {}
        }
        let resource = Resource {
            serial: self.model.next_serial(),
            owner,
            policy: read
                .policy
                .map(|policy| self.policy(file, PolicyKind::Resource, policy, &format!("{path}.policy"))),
            tags: self.tags(file, pairs(&read.tags), &format!("{path}.tags")),
        };
        let is_new = self.model.resources.insert(arn.value.clone(), resource).is_none();
        self.refuse_second(is_new, file, arn, path);
    }

    fn finish(mut self) -> Result<Read, EnvironmentError> {
        self.unreadable();
        self.identity_pools();
        self.place_accounts();
        let draft = std::mem::take(&mut self.organization);
        if !draft.units.is_empty() {
            let nowhere = Place { file: 0, span: Span::default(), path: "" };
            self.model.organization = Some(Organization {
                id: draft.id,
                units: draft.units,
                has_scps: draft.has_scps,
                has_rcps: draft.has_rcps,
                full_access: self.library.reference(PolicyKind::ServiceControl, nowhere, "FullAWSAccess"),
            });
        }
        let unused = self.unused();
        self.error.into_result()?;
        Ok(Read { model: self.model, refused: self.library.into_refused(), unused })
    }

    /// A pool is not read in part (Rule C6), and a mapping might be missing from one that was left out.
    fn identity_pools(&mut self) {
        for pool in pools::read(self.files) {
            match pool {
                Ok(pool) => self.model.pools.push(pool),
                Err(error) => {
                    for diagnostic in error.diagnostics() {
                        self.error.add(diagnostic.source(), diagnostic.span(), diagnostic.sentence());
                    }
                }
            }
        }
    }

    /// A file that cannot be read may be a document that is referred to, which is then refused as one. Any other might
    /// have held anything.
    fn unreadable(&mut self) {
        for (index, file) in self.files.iter() {
            let Err(diagnostic) = &file.tree else { continue };
            if !self.library.is_referred(file.source.name()) {
                let (span, message) = (diagnostic.span(), diagnostic.sentence());
                self.mistake(index, span, message);
            }
        }
    }

    fn unused(&self) -> Vec<Box<str>> {
        let documents = self.files.iter().filter(|(_, file)| {
            let is_document =
                file.tree.as_ref().is_ok_and(|tree| Shape::of_file(file.source.name(), tree.root()) == Shape::Document);
            is_document && !self.library.is_referred(file.source.name())
        });
        documents.map(|(_, file)| file.source.name().into()).collect()
    }

    fn place_accounts(&mut self) {
        let Draft { accounts, management_account, .. } = &self.organization;
        for account in &mut self.model.accounts {
            let unit = accounts.get(&account.id).copied();
            account.place = match unit {
                unit if management_account.as_ref() == Some(&account.id) => Membership::Management(unit),
                Some(unit) => Membership::Member(unit),
                None => Membership::Outside,
            };
        }
    }
}

fn pairs(tags: &Named<Scalar>) -> impl Iterator<Item = (&Spanned<Box<str>>, &Scalar)> {
    tags.0.iter().map(|(name, value)| (name, value))
}

/// Names of roles and users are unique regardless of case.
pub(super) fn key(name: &str) -> Box<str> {
    name.to_ascii_lowercase().into()
}
