//! The two session policies of guests in the enhanced flow (Rules C42, C43): data, not code.

use super::error::ReadError;
use super::read::{Mistakes, Reader};
use crate::document::{Document, PolicyKind};
use crate::json::{self, Limits};
use crate::source::Source;

const STANDARD: [(&str, &str); 2] = [
    ("guests-inline.json", include_str!("data/guests-inline.json")),
    ("guests-managed.json", include_str!("data/guests-managed.json")),
];

/// The session policies that narrow what guests may do. They never grant.
///
/// AWS changes them now and then, so they are data files with a version and a date, and a user may bring others.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::GuestPolicies;
///
/// let standard = GuestPolicies::standard()?;
/// assert_eq!(standard.iter().map(|policy| policy.version()).collect::<Vec<_>>(), ["1", "4"]);
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestPolicies {
    policies: Vec<DatedPolicy>,
}

/// A policy with what is known of its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedPolicy {
    name: Box<str>,
    version: Box<str>,
    date: Box<str>,
    document: Document,
}

impl GuestPolicies {
    /// Those of this version of iamtree.
    ///
    /// # Errors
    ///
    /// Returns an error if they cannot be read, which a test of this crate rules out.
    pub fn standard() -> Result<Self, ReadError> {
        GuestPolicies::read(STANDARD)
    }

    /// Reads policies of your own: each text is an object with `Name`, `Version`, `Date`, `PolicyDocument` and
    /// perhaps `Source`.
    ///
    /// # Errors
    ///
    /// Returns every mistake of all texts. No text at all is one: guests would be narrowed by nothing.
    pub fn read<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self, ReadError> {
        let mut mistakes = Mistakes::default();
        let policies: Vec<Option<DatedPolicy>> =
            files.into_iter().map(|(name, text)| read(&Source::new(name, text), &mut mistakes)).collect();
        if policies.is_empty() {
            let source = Source::new("session policies of guests", "");
            let mut reader = Reader::new(&source, &mut mistakes);
            reader.report("C42", source.end(), "guests without session policies", "no file", "at least one");
        }
        mistakes
            .into_result(policies.into_iter().collect::<Option<Vec<_>>>().map(|policies| GuestPolicies { policies }))
    }

    /// The policies in order.
    pub fn iter(&self) -> impl Iterator<Item = &DatedPolicy> {
        self.policies.iter()
    }
}

impl DatedPolicy {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version at AWS, or ours if AWS gives none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The day of that version.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The policy.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

fn read(source: &Source, mistakes: &mut Mistakes) -> Option<DatedPolicy> {
    let tree = match json::parse(source, &Limits::default()) {
        Ok(tree) => tree,
        Err(diagnostic) => {
            mistakes.add(*diagnostic);
            return None;
        }
    };
    let required = ["Name", "Version", "Date", "PolicyDocument"];
    let known = ["Name", "Version", "Date", "PolicyDocument", "Source"];
    let mut reader = Reader::new(source, mistakes);
    let fields = reader.object("C42", tree.root(), &required, &known)?;
    let mut text = |name| reader.string("C42", fields.get(name)?).map(Box::<str>::from);
    let (name, version, date) = (text("Name"), text("Version"), text("Date"));
    let document = source.slice(fields.get("PolicyDocument")?.span());
    match Document::parse(PolicyKind::Session, name.as_deref().unwrap_or(source.name()), document) {
        Ok(document) => Some(DatedPolicy { name: name?, version: version?, date: date?, document }),
        Err(error) => {
            error.diagnostics().iter().cloned().for_each(|diagnostic| mistakes.add(diagnostic));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_policies_can_be_read() {
        let standard = GuestPolicies::standard().unwrap();
        let actions: Vec<usize> =
            standard.iter().map(|policy| policy.document().statements()[0].actions.entries.len()).collect();
        assert_eq!(actions, [32, 26]);
    }

    #[test]
    fn nothing_is_no_replacement() {
        assert!(GuestPolicies::read([]).is_err());
        assert!(GuestPolicies::read([("g.json", "{}")]).is_err());
    }
}
