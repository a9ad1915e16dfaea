//! iamtree compiles AWS IAM policies into a decision tree and explains every decision it takes.

pub mod decision;
pub mod document;
pub mod json;
pub mod language;
pub mod request;
pub mod source;
