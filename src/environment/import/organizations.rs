//! Listings of `aws organizations`: the tree of units, where accounts stand in it, and what is attached where.
//!
//! | Command | Read |
//! |---|---|
//! | `describe-organization` | the organization's id and its management account |
//! | `list-roots` | the root, and which kinds of policy are in use |
//! | `list-organizational-units-for-parent` | units |
//! | `list-accounts`, `list-accounts-for-parent` | accounts |
//! | `list-parents` | where an account or unit stands |
//! | `list-policies-for-target` | policies attached to a root, unit or account |
//! | `describe-policy` | a policy |
//!
//! Most listings do not say what they were asked about. Units and accounts may (`Path`, `Paths`); else the name of the
//! file ends in the id, as `list-policies-for-target.ou-ab12-11111111.json` does.

use std::collections::{HashMap, HashSet};

use crate::document::PolicyKind;
use crate::environment::library::Place;
use crate::environment::model::{Slot, Unit};
use crate::environment::reader::Builder;
use crate::json::Value;
use crate::json::de::{self, Located, Spanned};
use crate::source::{Span, quote};

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Listing {
    organization: Option<Description>,
    #[serde(default)]
    roots: Vec<Root>,
    #[serde(default)]
    organizational_units: Vec<OrganizationalUnit>,
    #[serde(default)]
    accounts: Vec<Account>,
    #[serde(default)]
    parents: Vec<Parent>,
    #[serde(default)]
    policies: Option<Vec<Summary>>,
    policy: Option<Described>,
    next_token: Option<Located>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Description {
    id: Box<str>,
    master_account_id: Option<Spanned<Box<str>>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Root {
    id: Spanned<Box<str>>,
    arn: Option<Spanned<Box<str>>>,
    #[serde(default)]
    policy_types: Vec<PolicyType>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct PolicyType {
    #[serde(rename = "Type")]
    kind: Box<str>,
    status: Box<str>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct OrganizationalUnit {
    id: Spanned<Box<str>>,
    name: Box<str>,
    path: Option<Box<str>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Account {
    id: Spanned<Box<str>>,
    name: Option<Box<str>>,
    #[serde(default)]
    paths: Vec<Box<str>>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Parent {
    id: Box<str>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Summary {
    id: Spanned<Box<str>>,
    name: Option<Box<str>>,
    #[serde(rename = "Type")]
    kind: Box<str>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase", expecting = "an object")]
struct Described {
    policy_summary: Summary,
    content: Spanned<Box<str>>,
}

/// What the listings call service and resource control policies.
const CONTROLS: [&str; 2] = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];

/// What the listings say, before it is put together.
#[derive(Default)]
struct Gathered {
    /// The root, with the file it stands in.
    root: Option<(Spanned<Box<str>>, usize)>,
    /// Whether service and resource control policies are in use: the root says so, or one is attached somewhere.
    in_use: [bool; 2],
    /// Units and accounts in the order of the listings, each with the file it stands in.
    units: Vec<(OrganizationalUnit, usize)>,
    accounts: Vec<(Account, usize)>,
    parents: HashMap<Box<str>, Box<str>>,
    /// What is attached to a root, unit or account, and in which file that stands.
    attached: HashMap<Box<str>, Vec<(Summary, usize)>>,
    described: HashMap<Box<str>, (Spanned<Box<str>>, usize)>,
}

/// Adds what the listings hold.
pub(in crate::environment) fn read<O>(builder: &mut Builder<'_, O>, listings: &[(usize, Value<'_>)])
where
    O: FnMut(&str) -> Result<Vec<u8>, String>,
{
    let mut gathered = Gathered::default();
    for &(file, value) in listings {
        match de::from_value::<Listing>(value) {
            Err(mistake) => builder.mistake(file, mistake.span(), mistake.message()),
            Ok(Listing { next_token: Some(token), .. }) => {
                builder.mistake(
                    file,
                    token.span,
                    "the output is a part of the whole: found `NextToken`, expected all pages",
                );
            }
            Ok(listing) => gathered.add(builder, file, value.span(), listing),
        }
    }
    gathered.build(builder);
}

impl Gathered {
    fn add<O>(&mut self, builder: &mut Builder<'_, O>, file: usize, whole: Span, listing: Listing)
    where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        let about = builder.files.get(file).and_then(|file| id_at_the_end(file.source.name())).map(Box::from);
        if let Some(Description { id, master_account_id }) = listing.organization {
            builder.organization.id = Some(id);
            if let Some(id) = master_account_id {
                self.management_account(builder, file, id);
            }
        }
        for Root { id, arn, policy_types } in listing.roots {
            let is_enabled = |kind: &str| policy_types.iter().any(|it| &*it.kind == kind && &*it.status == "ENABLED");
            for (kind, in_use) in CONTROLS.iter().zip(&mut self.in_use) {
                *in_use |= is_enabled(kind);
            }
            // arn:aws:organizations::MANAGEMENT:root/ORGANIZATION/ROOT
            if let Some(arn) = arn {
                let fields: Vec<&str> = arn.value.splitn(6, ':').collect();
                if let [_, _, _, _, account, path] = fields.as_slice() {
                    self.management_account(builder, file, Spanned { span: arn.span, value: (*account).into() });
                    builder.organization.id = path.split('/').nth(1).map(Into::into);
                }
            }
            self.root = Some((id, file));
        }
        for unit in listing.organizational_units {
            let parent = unit.path.as_deref().and_then(|path| parent_in(path, &unit.id.value)).map(Box::from);
            self.stands_below(builder, file, &unit.id, parent.or_else(|| about.clone()));
            self.units.push((unit, file));
        }
        for account in listing.accounts {
            let parent = account.paths.iter().find_map(|path| parent_in(path, &account.id.value)).map(Box::from);
            if let Some(parent) = parent.or_else(|| about.clone()) {
                self.stands_below(builder, file, &account.id, Some(parent));
            }
            self.accounts.push((account, file));
        }
        for Parent { id } in listing.parents {
            let child = about.clone().map(|value| Spanned { span: whole, value });
            match child {
                Some(child) => self.stands_below(builder, file, &child, Some(id)),
                None => asked_about(builder, file, whole),
            }
        }
        match (listing.policies, about) {
            (None, _) => {}
            (Some(policies), Some(target)) => {
                for (kind, in_use) in CONTROLS.iter().zip(&mut self.in_use) {
                    *in_use |= policies.iter().any(|policy| &*policy.kind == *kind);
                }
                self.attached.entry(target).or_default().extend(policies.into_iter().map(|policy| (policy, file)));
            }
            (Some(_), None) => asked_about(builder, file, whole),
        }
        if let Some(Described { policy_summary, content }) = listing.policy {
            self.described.insert(policy_summary.id.value, (content, file));
        }
    }

    fn management_account<O>(&self, builder: &mut Builder<'_, O>, file: usize, id: Spanned<Box<str>>)
    where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        builder.account_index(file, id.span, &id.value, "MasterAccountId");
        builder.organization.management_account = Some(id.value);
    }

    /// Remembers what an account or unit stands below; two listings must not contradict each other.
    fn stands_below<O>(
        &mut self,
        builder: &mut Builder<'_, O>,
        file: usize,
        child: &Spanned<Box<str>>,
        parent: Option<Box<str>>,
    ) where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        let Some(parent) = parent else { return asked_about(builder, file, child.span) };
        let known = self.parents.entry(child.value.clone()).or_insert_with(|| parent.clone());
        if *known != parent {
            let message = format!("{} stands below two parents: {} and {}", child.value, quote(known), quote(&parent));
            builder.mistake(file, child.span, message);
        }
    }

    fn build<O>(mut self, builder: &mut Builder<'_, O>)
    where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        let Some((root, file)) = self.root.take() else {
            let accounts = self.accounts.iter().map(|(account, file)| (account.id.span, *file));
            let units = self.units.iter().map(|(unit, file)| (unit.id.span, *file));
            if let Some((span, file)) = accounts.chain(units).next() {
                let message = "a listing of an organization without its root: the output of `list-roots` is missing";
                builder.mistake(file, span, message);
            }
            return;
        };
        let mut indices: HashMap<Box<str>, usize> = HashMap::new();
        indices.insert(root.value.clone(), 0);
        [builder.organization.has_scps, builder.organization.has_rcps] = self.in_use;
        let (scps, rcps) = self.controls(builder, file, &root);
        builder.organization.units.push(Unit { name: "root".into(), id: Some(root.value), parent: None, scps, rcps });

        self.add_units(builder, &mut indices);
        self.add_accounts(builder, &indices);
    }

    /// Parents before children; what is left stands below nothing that is known.
    fn add_units<O>(&mut self, builder: &mut Builder<'_, O>, indices: &mut HashMap<Box<str>, usize>)
    where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        let mut waiting = std::mem::take(&mut self.units);
        loop {
            let is_ready = |id: &str| self.parents.get(id).is_some_and(|parent| indices.contains_key(parent));
            let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(unit, _)| is_ready(&unit.id.value));
            waiting = rest;
            if ready.is_empty() {
                break;
            }
            for (OrganizationalUnit { id, name, .. }, file) in ready {
                if indices.contains_key(&id.value) {
                    continue;
                }
                let parent = self.parents.get(&id.value).and_then(|parent| indices.get(parent)).copied();
                let (scps, rcps) = self.controls(builder, file, &id);
                indices.insert(id.value.clone(), builder.organization.units.len());
                builder.organization.units.push(Unit { name, id: Some(id.value), parent, scps, rcps });
            }
        }
        for (OrganizationalUnit { id, .. }, file) in waiting {
            builder.mistake(file, id.span, format!("nothing says what the unit {} stands below", quote(&id.value)));
        }
    }

    fn add_accounts<O>(&mut self, builder: &mut Builder<'_, O>, indices: &HashMap<Box<str>, usize>)
    where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        let mut seen = HashSet::new();
        for (Account { id, name, .. }, file) in std::mem::take(&mut self.accounts) {
            if !seen.insert(id.value.clone()) {
                continue;
            }
            let index = builder.account_index(file, id.span, &id.value, "Accounts");
            let (scps, rcps) = self.controls(builder, file, &id);
            builder.change(index, |account| (account.name, account.scps, account.rcps) = (name, scps, rcps));
            match self.parents.get(&id.value).and_then(|parent| indices.get(parent)) {
                Some(unit) => {
                    builder.organization.accounts.insert(id.value, *unit);
                }
                None => {
                    let message =
                        format!("nothing says where in the organization the account {} stands", quote(&id.value));
                    builder.mistake(file, id.span, message);
                }
            }
        }
    }

    /// The service and resource control policies attached to a target; `None` where the kind is not in use. Where it is
    /// and no listing names one, the listing is missing, for AWS lets nobody detach the last one: whoever is limited
    /// there cannot be decided about.
    fn controls<O>(
        &mut self,
        builder: &mut Builder<'_, O>,
        file: usize,
        target: &Spanned<Box<str>>,
    ) -> (Option<Vec<Slot>>, Option<Vec<Slot>>)
    where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        let mut of_kind = |name: &str, kind: PolicyKind, is_in_use: bool| {
            let attached = self.attached.get(&target.value).into_iter().flatten();
            let attached = attached.filter(|(policy, _)| &*policy.kind == name);
            let slots: Vec<Slot> = attached.map(|(policy, file)| self.policy(builder, kind, policy, *file)).collect();
            if slots.is_empty() && is_in_use {
                let message = format!(
                    "no listing says which {kind} policies are attached: expected `list-policies-for-target` of {}",
                    quote(&target.value)
                );
                let place = Place { file, span: target.span, path: &target.value };
                return Some(vec![builder.library.missing(place, &message)]);
            }
            (!slots.is_empty()).then_some(slots)
        };
        let [has_scps, has_rcps] = self.in_use;
        let [service_control, resource_control] = CONTROLS;
        let scps = of_kind(service_control, PolicyKind::ServiceControl, has_scps);
        let rcps = of_kind(resource_control, PolicyKind::ResourceControl, has_rcps);
        (scps, rcps)
    }

    /// A policy by its id: as `describe-policy` prints it, or one of AWS.
    fn policy<O>(&self, builder: &mut Builder<'_, O>, kind: PolicyKind, policy: &Summary, file: usize) -> Slot
    where
        O: FnMut(&str) -> Result<Vec<u8>, String>,
    {
        match self.described.get(&policy.id.value) {
            Some((content, described_in)) => {
                let name = policy.name.as_deref().unwrap_or(&policy.id.value);
                builder.library.managed(kind, name, Place { file: *described_in, span: content.span, path: name })
            }
            None => {
                let name = policy.id.value.strip_prefix("p-").filter(|name| name.ends_with("FullAWSAccess"));
                let place = Place { file, span: policy.id.span, path: &policy.id.value };
                builder.library.reference(kind, place, name.unwrap_or(&policy.id.value))
            }
        }
    }
}

fn asked_about<O>(builder: &mut Builder<'_, O>, file: usize, span: Span)
where
    O: FnMut(&str) -> Result<Vec<u8>, String>,
{
    let message = "the listing does not say what it was asked about: end the name of the file in the id of the root, unit or account, such as `….ou-ab12-11111111.json`";
    builder.mistake(file, span, message);
}

/// What a path such as `o-…/r-…/ou-…/` says that a unit or account stands below; its own id may end the path.
fn parent_in<'p>(path: &'p str, id: &str) -> Option<&'p str> {
    path.trim_end_matches('/').rsplit('/').find(|part| *part != id).filter(|parent| is_id(parent))
}

/// The id of a root, unit or account that the name of a file ends in, its extension aside.
fn id_at_the_end(file: &str) -> Option<&str> {
    let name = file.rsplit(['/', '\\']).next()?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let starts = stem
        .char_indices()
        .filter(|&(at, _)| at == 0 || stem.get(..at).is_some_and(|it| it.ends_with(['.', '-', '_'])));
    starts.filter_map(|(at, _)| stem.get(at..)).find(|rest| is_id(rest))
}

/// `r-ab12`, `ou-ab12-11111111` or twelve digits.
fn is_id(text: &str) -> bool {
    let is_word = |word: &str, least| {
        (least..=32).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    match text.split('-').collect::<Vec<_>>().as_slice() {
        ["r", root] => is_word(root, 4),
        ["ou", root, unit] => is_word(root, 4) && is_word(unit, 8),
        [account] => account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_at_the_end_of_names() {
        for (file, expected) in [
            ("org/list-policies-for-target.r-ab12.json", Some("r-ab12")),
            ("org/list-policies-for-target-ou-ab12-11111111.json", Some("ou-ab12-11111111")),
            ("list-policies-for-target_111122223333.json", Some("111122223333")),
            ("list-accounts-for-parent.json", None),
            ("list-roots.json", None),
            ("list-policies-for-target.json", None),
            ("r-ab12.d/list-accounts.json", None),
        ] {
            assert_eq!(id_at_the_end(file), expected, "{file}");
        }
        let unit = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/";
        assert_eq!(parent_in(unit, "ou-ab12-11111111"), Some("r-ab12"));
        assert_eq!(parent_in(unit, "111122223333"), Some("ou-ab12-11111111"));
        assert_eq!(parent_in(&format!("{unit}111122223333/"), "111122223333"), Some("ou-ab12-11111111"));
        assert_eq!(parent_in("o-a1b2c3d4e5/", "111122223333"), None);
    }
}
