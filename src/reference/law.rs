//! The law: the numbered rules that this crate follows.
//!
//! Every function of the reference evaluator names the rule it states; the readers of documents and requests name
//! theirs. A test compares the rules written here with those that the code and the conformance cases name.

#[doc = include_str!("law/language.md")]
#[expect(rustdoc::broken_intra_doc_links, reason = "brackets hold the keys of sources, not links")]
pub mod language {}

#[doc = include_str!("law/evaluation.md")]
#[expect(rustdoc::broken_intra_doc_links, reason = "brackets hold the keys of sources, not links")]
pub mod evaluation {}

#[doc = include_str!("law/cognito.md")]
#[expect(rustdoc::broken_intra_doc_links, reason = "brackets hold the keys of sources, not links")]
pub mod cognito {}
