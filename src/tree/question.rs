//! What a walk is asked.

use super::action::Class;
use super::bound::KnownConditions;
use super::pattern::Arena;
use super::scratch::Notes;
use crate::request::Head;

/// A resource with the class of the action and the values by slot.
pub(super) struct Question<'r, V> {
    /// The ARN; `None` for `*`, an action without resource.
    pub text: Option<&'r str>,
    /// Whom principals are compared with. Trees without principals do not ask for it.
    pub head: Option<&'r Head<'r>>,
    pub arena: &'r Arena,
    pub values: &'r V,
    pub class: Class<'r>,
    pub notes: Notes<'r>,
    /// Conditions that are known beforehand.
    pub known: KnownConditions<'r>,
}
