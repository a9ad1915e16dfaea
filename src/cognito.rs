//! Cognito identity pools: from the claims of a login to a session of one role.
//!
//! A pool's configuration, exactly as the AWS CLI prints it, decides which role a login gets, whether the role's trust
//! policy admits it, and which tags and context keys its session carries. The law is
//! [`law::cognito`](crate::reference::law), rules C1 to C69.
//!
//! ```text
//! files ─► Pool ──┐                         identity, logins (C10 to C15) ─► flow (C41) ─► role (C16 to C34)
//!  Claims, Groups ├─► Exchange::run ────►   ─► tags (C50 to C54) ─► trust (C45 to C49, C52) ─► CognitoSession
//! files ─► Roles ─┘                                                                              │
//!                                                        requests, one by one (`Engine`) ◄───────┼──► reach
//! ```
//!
//! | File | Holds |
//! |---|---|
//! | `pool`, `read`, `folder` | a pool and the reader of its files; a pool with its roles (C4 to C8) |
//! | `provider` | one login provider under its several names (C8) |
//! | `claims`, `groups` | what a token says; groups of a user pool as claims (C13, C29, C35) |
//! | `token` | tokens verified with their issuer's keys (C13; feature `token`) |
//! | `login` | who is admitted (C9 to C14) |
//! | `choice` | which role (C16 to C34) |
//! | `rules`, `compiled` | the rules of a mapping, as the law and as a small tree (C24 to C31, C38) |
//! | `tags` | principal tags (C50 to C53, C58) |
//! | `role`, `trust`, `guests` | roles, the question to their trust policy, and what narrows guests (C42 to C49, C52) |
//! | `exchange` | the steps in order (C36) |
//! | `session` | what comes out (C54, C60 to C64) |
//! | `trace` | why (C37) |
//! | `reach` | which buckets, prefixes, tables and keys the session opens (C65, C66) |
//! | `cases` | case files of identity pools |

pub mod cases;
mod choice;
mod claims;
mod compiled;
mod error;
mod exchange;
mod folder;
mod groups;
mod guests;
mod login;
mod names;
mod pool;
mod provider;
pub mod reach;
mod read;
mod role;
mod rules;
mod session;
mod tags;
#[cfg(test)]
mod tests;
#[cfg(feature = "token")]
pub mod token;
mod trace;
mod trust;

pub use choice::ChosenBy;
#[doc(hidden)]
pub use choice::{RuleQuestion, RuleWalk};
pub use claims::{Claim, Claims, VerifiedClaims};
pub use compiled::RuleTree;
pub use error::{Exception, ExchangeError, FlowKind, ReadError, Reason};
pub use exchange::{BasicFlow, Exchange};
pub(crate) use folder::FolderFile;
pub use folder::PoolFolder;
pub use groups::{Group, with_groups};
pub use guests::{DatedPolicy, GuestPolicies};
pub use login::Login;
pub use pool::{Ambiguity, MappingKind, Pool, RoleMapping, RuleList, TagMap};
pub use provider::{Provider, ProviderKind};
pub use reach::Reach;
pub use role::{Role, RoleError, Roles};
pub use rules::{MatchType, Rule, RuleOutcome};
pub use session::CognitoSession;
pub use trace::{KeyTrace, LoginTrace, MappingTrace, RoleTrace, RuleTrace, TagTrace, Trace, TrustTrace};
