//! The resources of a plan or state, and what a plan does not know of them yet.

use super::{ATTACHMENT, POOL, TAGS};
use crate::cognito::read::reader::Reader;
use crate::cognito::read::rewrite::get;
use crate::json::{Items, Kind, Value};
use crate::source::quote;

/// A resource of one of the three types.
pub(super) struct Resource<'v> {
    kind: &'static str,
    pub address: &'v str,
    pub values: Value<'v>,
}

/// A plan or a state.
pub(super) struct Plan<'v> {
    resources: Vec<Resource<'v>>,
    /// The `after_unknown` of the changes, under the addresses of their resources.
    unknown: Vec<(&'v str, Value<'v>)>,
    pub configuration: Option<Value<'v>>,
}

/// Attributes that a plan need not know. Ids are matched otherwise, the rest plays no part in decisions.
const MAY_BE_UNKNOWN: [&str; 6] = ["id", "identity_pool_id", "arn", "region", "tags", "tags_all"];

impl<'v> Plan<'v> {
    /// None after reporting what is malformed.
    pub fn read(reader: &mut Reader<'_>, plan: Value<'v>) -> Option<Self> {
        let mut resources = Vec::new();
        let values = get(plan, "planned_values").or_else(|| get(plan, "values"));
        let is_sound = match values.and_then(|values| get(values, "root_module")) {
            Some(root) => module(reader, root, &mut resources).is_some(),
            None => true,
        };
        let unknown = unknown(reader, plan)?;
        is_sound.then_some(Plan { resources, unknown, configuration: get(plan, "configuration") })
    }

    pub fn of_type(&self, kind: &'static str) -> impl Iterator<Item = &Resource<'v>> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// Whether the plan knows a resource, as far as decisions need it. Of the values it does not know, it leaves out
    /// those of attributes, and writes those in lists as `null`; `after_unknown` says which they are.
    pub fn is_known(&self, reader: &mut Reader<'_>, resource: &Resource<'_>) -> bool {
        let mut is_known = true;
        for (_, unknown) in self.unknown.iter().filter(|(address, _)| *address == resource.address) {
            match unknown.kind() {
                Kind::Object(members) => members
                    .iter()
                    .filter(|member| !MAY_BE_UNKNOWN.contains(&member.name()))
                    .for_each(|member| is_known &= is_known_within(reader, member.name(), member.value())),
                _ => is_known &= is_known_within(reader, resource.address, *unknown),
            }
        }
        is_known
    }
}

/// Reports what is marked as unknown. The text is no deeper than the limit of the reader.
fn is_known_within(reader: &mut Reader<'_>, path: &str, unknown: Value<'_>) -> bool {
    let mut is_known = true;
    match unknown.kind() {
        Kind::Bool(false) | Kind::Null => {}
        // All are looked at, so that every mistake is told.
        Kind::Object(members) => {
            for member in members {
                is_known &= is_known_within(reader, &format!("{path}.{}", member.name()), member.value());
            }
        }
        Kind::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                is_known &= is_known_within(reader, &format!("{path}[{index}]"), item);
            }
        }
        _ => {
            let message = "a value that only exists after the plan is applied";
            let found = format!("{} unknown", quote(path));
            reader.report("C6", unknown.span(), message, found, "a value that the plan knows");
            is_known = false;
        }
    }
    is_known
}

/// The resources of a module and of those in it. The text is no deeper than the limit of the reader.
fn module<'v>(reader: &mut Reader<'_>, value: Value<'v>, resources: &mut Vec<Resource<'v>>) -> Option<()> {
    reader.map("C4", value, "a module")?;
    let mut is_sound = Some(());
    for listed in get(value, "resources").map_or(Some(Items::default()), |listed| reader.list("C4", listed))? {
        is_sound = is_sound.and(resource(reader, listed, resources));
    }
    for child in get(value, "child_modules").map_or(Some(Items::default()), |children| reader.list("C4", children))? {
        is_sound = module(reader, child, resources).and(is_sound);
    }
    is_sound
}

fn resource<'v>(reader: &mut Reader<'_>, value: Value<'v>, resources: &mut Vec<Resource<'v>>) -> Option<()> {
    let written = reader.member("C4", value, "type")?;
    let written = reader.string("C4", written)?;
    let mode = get(value, "mode").map_or(Some("managed"), |mode| reader.string("C4", mode))?;
    let Some(kind) = [POOL, ATTACHMENT, TAGS].into_iter().find(|kind| *kind == written && mode == "managed") else {
        return Some(());
    };
    let address = reader.member("C4", value, "address")?;
    let address = reader.string("C4", address)?;
    let values = reader.member("C4", value, "values")?;
    reader.map("C4", values, "an object of attributes")?;
    resources.push(Resource { kind, address, values });
    Some(())
}

/// What a plan does not know; a state knows everything.
fn unknown<'v>(reader: &mut Reader<'_>, plan: Value<'v>) -> Option<Vec<(&'v str, Value<'v>)>> {
    let changes = get(plan, "resource_changes").map_or(Some(Items::default()), |changes| reader.list("C4", changes))?;
    let mut unknown = Some(Vec::new());
    for change in changes {
        let address = reader.member("C4", change, "address").and_then(|address| reader.string("C4", address));
        let after = get(change, "change").and_then(|change| get(change, "after_unknown"));
        unknown = unknown.zip(address).map(|(mut unknown, address)| {
            unknown.extend(after.map(|after| (address, after)));
            unknown
        });
    }
    unknown
}
