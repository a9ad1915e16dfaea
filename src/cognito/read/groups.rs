//! Groups of user pools (Rule C35).

use super::reader::Reader;
use crate::cognito::groups::Group;
use crate::json::Value;

/// An output of `list-groups` or `admin-list-groups-for-user`.
pub(in crate::cognito) fn group_listing(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Vec<Group>> {
    let fields = reader.object("C35", value, &["Groups"], &["Groups", "NextToken"])?;
    if let Some(token) = fields.get("NextToken") {
        reader.report("C35", token.span(), "a listing that is not whole", "`NextToken`", "the groups of all pages");
        return None;
    }
    groups(reader, fields.get("Groups")?)
}

/// A list of groups.
pub(in crate::cognito) fn groups(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Vec<Group>> {
    reader.list("C35", value)?.iter().map(|item| group(reader, item)).collect()
}

/// AWS adds members that play no part here, such as dates: they are passed over.
fn group(reader: &mut Reader<'_>, value: Value<'_>) -> Option<Group> {
    match serde_json::from_str(reader.source().slice(value.span())) {
        Ok(group) => Some(group),
        Err(error) => {
            let expected = "a group as `list-groups` writes it";
            reader.report("C35", value.span(), "malformed group", error.to_string(), expected);
            None
        }
    }
}
