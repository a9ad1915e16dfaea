//! Files → [`Pool`](super::Pool): one reader for each source, every mistake collected in one pass (Rules C4 to C9).
//!
//! | File | Reads |
//! |---|---|
//! | `reader` | what every reader does: types, forms, unknown and repeated members |
//! | `files` | the outputs of the AWS CLI, one file each or one object (C4, C5, C7) |
//! | `mapping` | `RoleMappings` (C6, C8) |
//! | `tag_map` | maps of principal tags (C7, C50) |
//! | `assemble` | what only all files together show (C5, C8), and the pool |
//! | `cloudformation`, `terraform`, `rewrite` | templates, rewritten into outputs of the AWS CLI |
//! | `groups` | groups of user pools (C35) |
//! | `roles`, `open` | roles with their documents, written out or in files of their own |

mod assemble;
mod cloudformation;
mod files;
mod groups;
mod mapping;
mod open;
mod reader;
mod rewrite;
mod roles;
mod tag_map;
mod terraform;

pub(super) use files::{client_ids, pool, pool_into};
pub(super) use groups::{group_listing, groups};
pub(super) use open::Opener;
pub(super) use reader::{Mistakes, Reader};
pub(super) use roles::{document, inline, roles};

use std::collections::BTreeMap;

use super::error::ReadError;
use super::pool::Pool;
use crate::source::Source;

/// A pool of a CloudFormation template.
pub(super) fn cloudformation(
    source: &Source,
    values: &BTreeMap<String, String>,
    pool: Option<&str>,
) -> Result<Pool, ReadError> {
    files::template(source, |reader, template| cloudformation::outputs(reader, template, values, pool))
}

/// A pool of a Terraform plan or state.
pub(super) fn terraform(source: &Source, pool: Option<&str>, id: Option<&str>) -> Result<Pool, ReadError> {
    files::template(source, |reader, plan| terraform::outputs(reader, plan, pool, id))
}
