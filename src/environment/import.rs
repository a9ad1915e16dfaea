//! What the AWS CLI prints, read as it is printed.

mod account_details;
mod organizations;

pub(super) use account_details::read as account_details;
pub(super) use organizations::read as organizations;
