//! One adapter for each engine. Its head says how policies are translated, and why that is the engine's best form.

pub mod casbin;
pub mod cedar;
pub mod iam_rs;
pub mod iamtree;
pub mod rego;
#[cfg(feature = "rustfs")]
pub mod rustfs;
