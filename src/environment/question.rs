//! What an environment adds to a request, and which policies apply to it.

use std::sync::Arc;

use super::cache::Key;
use super::error::{AskError, RefusedDocument};
use super::held::Held;
use super::model::{Account, Membership, Model, Organization, Principal, Resource, Slot};
use crate::decision::Warning;
use crate::document::{Document, Level, PolicySet};
use crate::request::{OwnerSource, PrincipalKind, Request, RequestResource};
use crate::source::quote;

/// A request with everything that the environment knows of it.
pub(super) struct Question<'e> {
    pub request: Request<'e>,
    pub key: Key,
    pub warnings: Vec<Warning>,
    caller: Option<&'e Account>,
    principal: Option<&'e Principal>,
    owner: Option<&'e Account>,
    target: Option<&'e Slot>,
}

impl<'e> Question<'e> {
    /// Finds caller, owner and resource, and completes the context. What the request says itself stays as it is, and
    /// must not contradict the environment.
    pub(super) fn new(model: &'e Model, request: &Request<'e>) -> Result<Self, AskError> {
        let mut question = Question {
            request: request.clone(),
            key: Key::default(),
            warnings: Vec::new(),
            caller: None,
            principal: None,
            owner: None,
            target: None,
        };
        question.find_caller(model)?;
        question.find_resource(model)?;
        question.find_owner(model);
        question.add_organization(model)?;
        Ok(question)
    }

    fn warn(&mut self, code: &'static str, message: String) {
        self.warnings.push(Warning { code, message });
    }

    fn find_caller(&mut self, model: &'e Model) -> Result<(), AskError> {
        let caller = *self.request.principal();
        if caller.kind() == PrincipalKind::Unnamed {
            return Err(AskError::unknown("a question to an environment names its principal".to_owned()));
        }
        let has_policies = caller.takes_identity_policies() || caller.kind() == PrincipalKind::Root;
        let Some(id) = caller.account().filter(|_| has_policies) else { return Ok(()) };
        let Some((index, account)) = model.account(id) else {
            self.warn(
                "unknownAccount",
                format!("the caller's account {id} is not in the environment: none of its policies is known"),
            );
            return Ok(());
        };
        self.key.caller = Some(index);
        self.caller = Some(account);
        if caller.kind() != PrincipalKind::Root {
            let principal = find_principal(account, &self.request)?;
            self.key.principal = Some(principal.serial);
            self.principal = Some(principal);
            self.add_principal(principal)?;
        }
        Ok(())
    }

    /// The keys that follow from knowing the principal: the path of a role (Rule E58), ids, tags (Rule E57).
    fn add_principal(&mut self, principal: &'e Principal) -> Result<(), AskError> {
        let caller = *self.request.principal();
        match caller.kind() {
            PrincipalKind::Session => {
                let given = self.request.context().entry("aws:PrincipalArn").filter(|entry| !entry.derived);
                if given.is_some() && self.request.context().single("aws:PrincipalArn") != Some(&principal.arn) {
                    let message =
                        format!("aws:PrincipalArn contradicts the environment: expected {}", quote(&principal.arn));
                    return Err(AskError::contradiction("E58", message));
                }
                self.add("aws:PrincipalArn", &*principal.arn)?;
                let session = caller.resource().rsplit('/').next().unwrap_or_default();
                if let Some(id) = &principal.id {
                    self.add("aws:userid", format!("{id}:{session}"))?;
                }
            }
            PrincipalKind::User => {
                if let Some(id) = &principal.id {
                    self.add("aws:userid", &**id)?;
                }
            }
            // Tags and ids of the user that issued a federated user are not the federated user's own.
            PrincipalKind::FederatedUser => return Ok(()),
            _ => {}
        }
        for (name, value) in &principal.tags {
            self.add(format!("aws:PrincipalTag/{name}"), &**value)?;
        }
        Ok(())
    }

    /// Adds a key unless the request gives it.
    fn add(
        &mut self,
        key: impl Into<std::borrow::Cow<'e, str>>,
        value: impl Into<crate::request::ContextValue<'e>>,
    ) -> Result<(), AskError> {
        let key = key.into();
        if self.request.context().entry(&key).is_none_or(|entry| entry.derived) {
            self.request = self.request.clone().with(key, value)?;
        }
        Ok(())
    }

    fn find_resource(&mut self, model: &'e Model) -> Result<(), AskError> {
        let RequestResource::Arn(arn) = self.request.resource() else { return Ok(()) };
        if let Some(principal) = model.principal(arn.as_str()) {
            self.add_resource_tags(&principal.tags)?;
            if self.request.assumes_role() {
                self.key.resource = Some(principal.serial);
                self.target = principal.trust.as_ref();
            }
            return Ok(());
        }
        let Some((name, resource)) = model.resource(arn.as_str()) else {
            let message =
                format!("the environment does not know {}: no policy of the resource took part", quote(arn.as_str()));
            self.warn("unknownResource", message);
            return Ok(());
        };
        self.take_owner(model, resource)?;
        self.key.resource = Some(resource.serial);
        self.target = resource.policy.as_ref();
        // What is below a resource has tags of its own.
        if name == arn.as_str() { self.add_resource_tags(&resource.tags) } else { Ok(()) }
    }

    fn add_resource_tags(&mut self, tags: &'e [(Box<str>, Box<str>)]) -> Result<(), AskError> {
        tags.iter().try_for_each(|(name, value)| self.add(format!("aws:ResourceTag/{name}"), &**value))
    }

    /// Rule E4: the environment knows whose a resource is, where its ARN does not tell.
    fn take_owner(&mut self, model: &'e Model, resource: &Resource) -> Result<(), AskError> {
        let Some(owner) = model.accounts.get(resource.owner) else { return Ok(()) };
        let said = self.request.owner();
        if said.source == OwnerSource::DefaultedToCaller {
            self.request = self.request.clone().resource_account(&owner.id)?;
        } else if said.account != Some(&owner.id) {
            let message = format!("the resource account contradicts the environment: expected {}", quote(&owner.id));
            return Err(AskError::contradiction("E4", message));
        }
        Ok(())
    }

    fn find_owner(&mut self, model: &'e Model) {
        let Some(id) = self.request.owner().account else { return };
        match model.account(id) {
            Some((index, account)) => {
                self.key.owner = Some(index);
                self.owner = Some(account);
            }
            None => self.warn(
                "unknownAccount",
                format!("the resource's account {id} is not in the environment: no resource control policy is known"),
            ),
        }
    }

    /// The keys that follow from knowing the organization (Rule E57: they come from the deployment).
    fn add_organization(&mut self, model: &'e Model) -> Result<(), AskError> {
        let Some(organization) = &model.organization else { return Ok(()) };
        let sides = [
            (self.caller, "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
            (self.owner, "aws:ResourceOrgID", "aws:ResourceOrgPaths"),
        ];
        for (account, id_key, paths_key) in sides {
            let Some(account) = account else { continue };
            if account.place == Membership::Outside {
                let id = &account.id;
                let message = format!(
                    "the account {id} stands below no unit of the organization: no service or resource control policy limits it"
                );
                if !self.warnings.iter().any(|warning| warning.message == message) {
                    self.warn("outsideOrganization", message);
                }
                continue;
            }
            // An owner that is only assumed (Rule E4) must not become a key.
            if id_key == "aws:ResourceOrgID" && self.request.owner().source == OwnerSource::DefaultedToCaller {
                continue;
            }
            if let Some(id) = &organization.id {
                self.add(id_key, &**id)?;
            }
            if let Some(path) = account.place.unit().and_then(|unit| organization.id_path(unit)) {
                self.add(paths_key, vec![path])?;
            }
        }
        self.warn_of_defaulted_levels(organization);
        Ok(())
    }

    fn warn_of_defaulted_levels(&mut self, organization: &Organization) {
        let Some((account, unit)) = self.caller.and_then(|it| Some((it, member_unit(it)?))) else { return };
        if !organization.has_scps {
            return;
        }
        let silent_units =
            organization.path(unit).into_iter().filter(|unit| unit.scps.is_none()).map(|unit| &*unit.name);
        let mut silent: Vec<&str> = silent_units.collect();
        silent.extend(account.scps.is_none().then_some(account.level_name()));
        if !silent.is_empty() {
            let message = format!(
                "nothing says which service control policies are attached to {}: FullAWSAccess was assumed",
                silent.join(", ")
            );
            self.warn("defaultedServiceControlPolicies", message);
        }
    }

    /// The policies that apply.
    pub(super) fn policies(&self, model: &Model) -> Result<PolicySet, AskError> {
        let mut shelf = Shelf::default();
        let identity = match (self.principal, self.caller) {
            (Some(principal), Some(caller)) => {
                let of_groups = principal.groups.iter().filter_map(|group| caller.groups.get(group)).flatten();
                shelf.take(principal.policies.iter().chain(of_groups))
            }
            _ => Vec::new(),
        };
        let boundary = shelf.take(self.principal.and_then(|principal| principal.boundary.as_ref()));
        let target = shelf.take(self.target);
        let organization = model.organization.as_ref();
        let service_control = organization.map(|it| shelf.service_control(it, self.caller)).unwrap_or_default();
        let resource_control = organization.map(|it| shelf.resource_control(it, self.owner)).unwrap_or_default();
        shelf.check()?;

        let mut set = identity.into_iter().fold(PolicySet::new(), PolicySet::identity);
        set = service_control.into_iter().fold(set, PolicySet::service_control);
        set = resource_control.into_iter().fold(set, PolicySet::resource_control);
        set = boundary.into_iter().try_fold(set, PolicySet::boundary)?;
        set = target.into_iter().try_fold(set, PolicySet::resource)?;
        for account in &model.accounts {
            if let Some(id) = &account.canonical_user {
                set = set.canonical_user(id, &account.id)?;
            }
        }
        Ok(set)
    }
}

/// Takes documents out of their slots and remembers those that are refused.
#[derive(Default)]
pub(super) struct Shelf {
    refused: Vec<Arc<RefusedDocument>>,
}

impl Shelf {
    fn take<'s>(&mut self, slots: impl IntoIterator<Item = &'s Slot>) -> Vec<Document> {
        let mut documents = Vec::new();
        for slot in slots {
            match slot.as_ref().map_err(Arc::clone).and_then(Held::document) {
                Ok(document) => documents.push(document),
                Err(refused) => self.refused.push(refused),
            }
        }
        documents
    }

    /// Rule E12: every level from the root to the account.
    pub(super) fn service_control(&mut self, organization: &Organization, account: Option<&Account>) -> Vec<Level> {
        let Some((account, unit)) = account.and_then(|it| Some((it, member_unit(it)?))) else { return Vec::new() };
        if !organization.has_scps {
            return Vec::new();
        }
        let default = std::slice::from_ref(&organization.full_access);
        let units = organization.path(unit).into_iter().map(|unit| (&*unit.name, &unit.scps));
        let levels = units.chain([(account.level_name(), &account.scps)]);
        levels.map(|(name, slots)| self.level(name, slots.as_deref().unwrap_or(default))).collect()
    }

    /// Rule E14: the full-access policy of every level need not be written.
    pub(super) fn resource_control(&mut self, organization: &Organization, account: Option<&Account>) -> Vec<Level> {
        let Some((account, unit)) = account.and_then(|it| Some((it, member_unit(it)?))) else { return Vec::new() };
        if !organization.has_rcps {
            return Vec::new();
        }
        let units = organization.path(unit).into_iter().map(|unit| (&*unit.name, &unit.rcps));
        let levels = units.chain([(account.level_name(), &account.rcps)]);
        levels.map(|(name, slots)| self.level(name, slots.as_deref().unwrap_or_default())).collect()
    }

    fn level(&mut self, name: &str, slots: &[Slot]) -> Level {
        Level { name: name.to_owned(), documents: self.take(slots) }
    }

    pub(super) fn check(mut self) -> Result<(), AskError> {
        self.refused.dedup();
        if self.refused.is_empty() { Ok(()) } else { Err(AskError::refused(self.refused)) }
    }
}

/// The unit of a member account; policies of an organization do not limit its management account (Rules E13, E15).
fn member_unit(account: &Account) -> Option<usize> {
    match account.place {
        Membership::Member(unit) => Some(unit),
        Membership::Outside | Membership::Management(_) => None,
    }
}

/// The role or user behind a caller. A name that is not known is an error: to take it for somebody without policies
/// would hide their denies.
fn find_principal<'e>(account: &'e Account, request: &Request<'_>) -> Result<&'e Principal, AskError> {
    let caller = request.principal();
    let text = caller.text().unwrap_or_default();
    let (word, known) = match caller.kind() {
        PrincipalKind::User | PrincipalKind::FederatedUser => ("user", &account.users),
        _ => ("role", &account.roles),
    };
    let name = match (caller.kind(), request.issuer()) {
        (PrincipalKind::FederatedUser, None) => {
            // Its own name tells nothing of the user whose policies it has (Rule E44).
            let message = format!("nothing says which user issued {}: expected its ARN", quote(text));
            return Err(AskError::contradiction("E44", message));
        }
        (_, Some(issuer)) => name_in(issuer),
        (_, None) => caller.name(),
    };
    let found = known.get(name.to_ascii_lowercase().as_str());
    let Some(principal) = found else {
        let mut names = known.values().map(|principal| name_in(&principal.arn));
        let first: Vec<String> = names.by_ref().take(LISTED).map(quote).collect();
        let more = names.count();
        let list = match (first.is_empty(), more) {
            (true, _) => "it has none".to_owned(),
            (false, 0) => format!("it has {}", first.join(", ")),
            (false, more) => format!("it has {} and {more} more", first.join(", ")),
        };
        let behind = if caller.kind() == PrincipalKind::FederatedUser { " that issued it" } else { "" };
        return Err(AskError::unknown(format!(
            "unknown principal {}: the account {} has no {word} {}{behind}, {list}",
            quote(text),
            account.id,
            quote(name)
        )));
    };
    let says_arn = match caller.kind() {
        PrincipalKind::User | PrincipalKind::Role => Some(text),
        PrincipalKind::FederatedUser => request.issuer(),
        _ => None,
    };
    match says_arn {
        Some(arn) if arn != &*principal.arn => Err(AskError::unknown(format!(
            "unknown principal {}: the {word} {} of the account {} is {}",
            quote(text),
            quote(name),
            account.id,
            quote(&principal.arn)
        ))),
        _ => Ok(principal),
    }
}

/// How many names of known principals an error lists.
const LISTED: usize = 10;

/// The name at the end of an ARN.
fn name_in(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}
