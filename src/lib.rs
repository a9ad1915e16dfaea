//! iamtree compiles AWS IAM policies into a decision tree and explains every decision it takes.

pub mod document;
pub mod json;
pub mod language;
pub mod source;
