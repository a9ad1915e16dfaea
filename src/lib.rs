//! iamtree compiles AWS IAM policies into a decision tree and explains every decision it takes.
//!
//! ```
//! use iamtree::{Document, Engine, Outcome, PolicyKind, PolicySet, Request};
//!
//! let text = std::fs::read_to_string("corpus/policies/user-folder.json")?;
//! let document = Document::parse(PolicyKind::Identity, "user-folder.json", &text)?;
//! let engine = Engine::compile(PolicySet::new().identity(document))?;
//!
//! let principal = "arn:aws:sts::111122223333:assumed-role/App/CognitoIdentityCredentials";
//! let request = Request::new(principal, "s3:GetObject", "arn:aws:s3:::app/eu-west-1:77aa/cat.jpg")?
//!     .resource_account("111122223333")?
//!     .with("cognito-identity.amazonaws.com:sub", "eu-west-1:1b2f")?;
//!
//! let decision = engine.decide(&request)?; // the compiled tree, for the hot path
//! assert_eq!(decision.outcome(), Outcome::ImplicitDeny);
//! let explanation = engine.explain(&request)?; // the same answer with every reason, for people
//! assert_eq!(explanation.near_misses[0].statement.sid.as_deref(), Some("OwnObjects"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A policy that cannot be read, a request that cannot be asked and a case that cannot be decided are errors,
//! never an allow. The rules are numbered; they stand in [`reference::law`], and every part of this crate cites
//! those it implements.
//!
//! | To | Use |
//! |---|---|
//! | read a policy, in JSON or YAML | [`Document`], [`PolicyKind`] |
//! | say which policies apply | [`PolicySet`] |
//! | compile and ask | [`Engine`], [`Engine::decide`], [`Engine::explain`] |
//! | ask for a logged-in user thousands of times | [`Session`], [`Engine::bind`], [`BoundSession`] |
//! | put the question | [`Request`] |
//! | exchange a login for a session of a Cognito identity pool | [`cognito`] |
//! | keep the policies of accounts, and only name who asks for what | [`environment::Environment`] |
//! | run case files | [`cases`] |
//! | generate policies and requests | `strategies` (feature `proptest`) |

pub mod cases;
#[cfg(feature = "cli")]
pub mod cli;
pub mod cognito;
pub mod decision;
pub mod document;
pub mod engine;
pub mod environment;
pub mod json;
pub mod language;
pub mod reference;
pub mod request;
pub mod source;
#[cfg(feature = "proptest")]
pub mod strategies;
pub mod tree;
pub mod yaml;

pub use decision::{Decision, Evaluator, Explanation, Outcome, Reason};
pub use document::{Document, DocumentError, PolicyKind, PolicySet};
pub use engine::{Engine, ExplainError};
pub use request::{Request, RequestError, Session};
pub use tree::{ActionHandle, BoundSession, KeyHandle};

/// Makes the examples of the README tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
