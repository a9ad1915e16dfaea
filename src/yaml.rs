//! YAML text as the tree that [`json`] makes of JSON text.
//!
//! YAML is read where people write by hand: environments, case files, policies. It is read as a way to write JSON
//! and nothing more, so that what a reader sees is what is meant:
//!
//! | YAML | Is |
//! |---|---|
//! | plain `true`, `false`, `null`, `~`, nothing at all | what it says (`yes` and `on` are strings) |
//! | a plain scalar that JSON would read as a number | a number, in the spelling of the source (Rule L14) |
//! | any other plain scalar, such as `2012-10-17` | a string |
//! | a quoted or block scalar | a string |
//! | a name given twice, an anchor, an alias, a tag, a second document, a name that is no scalar | refused |
//!
//! Which of the two languages a text is written in is said by the name of its file, never by its content: a broken
//! JSON document must not become some YAML document.

#[cfg(feature = "yaml")]
mod offsets;
#[cfg(feature = "yaml")]
mod reader;
#[cfg(feature = "yaml")]
mod scalar;

use crate::json::{self, Limits, Tree};
use crate::source::{Diagnostic, Source};

/// Whether a text of this name is read as YAML: it ends in `.yaml` or `.yml`.
///
/// # Examples
///
/// ```
/// assert!(iamtree::yaml::is_yaml("policies/role.yaml"));
/// assert!(!iamtree::yaml::is_yaml("policies/role.json"));
/// ```
pub fn is_yaml(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| ["yaml", "yml"].contains(&extension))
}

/// Reads a text as YAML if its name says so, else as JSON.
///
/// # Errors
///
/// Returns what [`parse`] or [`json::parse`] refuse.
pub fn parse_by_name(source: &Source, limits: &Limits) -> Result<Tree, Box<Diagnostic>> {
    if is_yaml(source.name()) { parse(source, limits) } else { json::parse(source, limits) }
}

/// Reads one YAML document. The spans of its values are those of the text; that of a block scalar covers its lines,
/// that of a block mapping or sequence ends with its last value.
///
/// # Errors
///
/// Returns the first place at which the text is not YAML, exceeds `limits`, or uses what the table of this module
/// refuses. Without the feature `yaml` every text is refused.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "yaml")] {
/// use iamtree::json::{Kind, Limits};
/// use iamtree::source::Source;
///
/// let source = Source::new("role.yaml", "Version: 2012-10-17\nLimit: 1.20\n");
/// let tree = iamtree::yaml::parse(&source, &Limits::default())?;
/// let Kind::Object(members) = tree.root().kind() else { panic!("not an object") };
/// let kinds: Vec<Kind<'_>> = members.iter().map(|member| member.value().kind()).collect();
/// assert_eq!(kinds, [Kind::String("2012-10-17"), Kind::Number("1.20")]);
///
/// let twice = Source::new("role.yaml", "Effect: Deny\nEffect: Allow\n");
/// assert_eq!(
///     iamtree::yaml::parse(&twice, &Limits::default()).unwrap_err().to_string(),
///     "role.yaml:2:1: a member is repeated: found a second `Effect`, expected each member once (rule L3)"
/// );
/// # }
/// # Ok::<(), Box<iamtree::source::Diagnostic>>(())
/// ```
#[cfg(feature = "yaml")]
pub fn parse(source: &Source, limits: &Limits) -> Result<Tree, Box<Diagnostic>> {
    reader::read(source, limits)
}

#[cfg(not(feature = "yaml"))]
#[expect(missing_docs, reason = "documented where the feature is on")]
pub fn parse(source: &Source, _limits: &Limits) -> Result<Tree, Box<Diagnostic>> {
    let start = crate::source::Span::default();
    Err(Box::new(
        source
            .mistake("L1", start, "this build reads no YAML")
            .found("a file whose name says YAML")
            .expected("JSON, or a build with the feature `yaml`"),
    ))
}

#[cfg(feature = "yaml")]
#[cfg(test)]
mod tests;
