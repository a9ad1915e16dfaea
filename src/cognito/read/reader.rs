//! What every reader of this room does: types, forms, unknown, missing and repeated members (Rule C7).

use std::collections::HashSet;

use crate::cognito::error::ReadError;
use crate::cognito::names::Form;
use crate::json::{Items, Kind, Members, Value};
use crate::source::{Diagnostic, Source, Span, quote};

/// How many mistakes are listed; the rest is counted.
const MOST_MISTAKES: usize = 100;

/// The mistakes found so far, of one file or several.
#[derive(Debug, Default)]
pub(in crate::cognito) struct Mistakes {
    listed: Vec<Diagnostic>,
    left_out: usize,
}

impl Mistakes {
    pub fn add(&mut self, diagnostic: Diagnostic) {
        if self.listed.len() < MOST_MISTAKES {
            self.listed.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        self.listed.len() + self.left_out
    }

    /// What was read, if no mistake was found. Reading nothing is a mistake that has been added.
    pub fn into_result<T>(self, read: Option<T>) -> Result<T, ReadError> {
        match read {
            Some(read) if self.listed.is_empty() => Ok(read),
            _ => Err(ReadError::new(self.listed, self.left_out)),
        }
    }
}

/// Reads one text. Methods return `None` after reporting why.
pub(in crate::cognito) struct Reader<'a> {
    source: &'a Source,
    mistakes: &'a mut Mistakes,
}

/// The members of an object whose names are known.
#[derive(Clone, Copy)]
pub(in crate::cognito) struct Fields<'v> {
    members: Members<'v>,
}

impl<'v> Fields<'v> {
    pub fn get(&self, name: &str) -> Option<Value<'v>> {
        self.members.get(name)
    }
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a Source, mistakes: &'a mut Mistakes) -> Self {
        Reader { source, mistakes }
    }

    pub fn source(&self) -> &'a Source {
        self.source
    }

    /// Reads in another text, collecting into the same mistakes.
    pub fn within<T>(&mut self, source: &Source, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        read(&mut Reader { source, mistakes: self.mistakes })
    }

    /// Reports a mistake that another reader found.
    pub fn pass_on(&mut self, diagnostic: Diagnostic) {
        self.mistakes.add(diagnostic);
    }

    pub fn report(
        &mut self,
        rule: &'static str,
        span: Span,
        message: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.mistakes.add(self.source.mistake(rule, span, message).found(found).expected(expected));
    }

    pub fn wrong_type(&mut self, rule: &'static str, value: Value<'_>, expected: &str) {
        self.report(rule, value.span(), "a value of the wrong type", value.type_name(), expected);
    }

    /// A string, whatever is in it.
    pub fn string<'v>(&mut self, rule: &'static str, value: Value<'v>) -> Option<&'v str> {
        match value.kind() {
            Kind::String(text) => Some(text),
            _ => {
                self.wrong_type(rule, value, "a string");
                None
            }
        }
    }

    /// A string of a form. `what` names it.
    pub fn form<'v>(&mut self, rule: &'static str, value: Value<'v>, what: &str, form: &Form) -> Option<&'v str> {
        let text = self.string(rule, value)?;
        self.check(rule, value.span(), what, text, form.fits(text), form.expected)
    }

    /// Reports a text that does not fit.
    pub fn check<'v>(
        &mut self,
        rule: &'static str,
        span: Span,
        what: &str,
        text: &'v str,
        fits: bool,
        expected: &str,
    ) -> Option<&'v str> {
        if fits {
            return Some(text);
        }
        self.report(rule, span, format!("malformed {what}"), quote(text), expected);
        None
    }

    pub fn boolean(&mut self, rule: &'static str, value: Value<'_>) -> Option<bool> {
        match value.kind() {
            Kind::Bool(value) => Some(value),
            _ => {
                self.wrong_type(rule, value, "`true` or `false`");
                None
            }
        }
    }

    pub fn list<'v>(&mut self, rule: &'static str, value: Value<'v>) -> Option<Items<'v>> {
        match value.kind() {
            Kind::Array(items) => Some(items),
            _ => {
                self.wrong_type(rule, value, "a list");
                None
            }
        }
    }

    /// A list of strings.
    pub fn texts(&mut self, rule: &'static str, value: Value<'_>) -> Option<Vec<String>> {
        let items = self.list(rule, value)?;
        items.iter().map(|item| self.string(rule, item).map(str::to_owned)).collect()
    }

    /// An object whose member names are data, each once.
    pub fn map<'v>(&mut self, rule: &'static str, value: Value<'v>, expected: &str) -> Option<Members<'v>> {
        match value.kind() {
            Kind::Object(members) => {
                self.repeated_members(members);
                Some(members)
            }
            _ => {
                self.wrong_type(rule, value, expected);
                None
            }
        }
    }

    /// An object with some of the `known` members, and all of the `required` ones (Rule C7).
    pub fn object<'v>(
        &mut self,
        rule: &'static str,
        value: Value<'v>,
        required: &[&str],
        known: &[&str],
    ) -> Option<Fields<'v>> {
        let members = self.map(rule, value, "an object")?;
        for member in members.iter().filter(|member| !known.contains(&member.name())) {
            let meant = known.iter().find(|name| name.eq_ignore_ascii_case(member.name()));
            let expected = match meant {
                Some(name) => format!("`{name}`"),
                None => known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            };
            self.report("C7", member.name_span(), "unknown member", quote(member.name()), expected);
        }
        let fields = Fields { members };
        let missing: Vec<&&str> = required.iter().filter(|name| fields.get(name).is_none()).collect();
        missing.iter().for_each(|name| self.missing(rule, value, name));
        missing.is_empty().then_some(fields)
    }

    /// One member of an object whose other members are somebody else's business.
    pub fn member<'v>(&mut self, rule: &'static str, value: Value<'v>, name: &str) -> Option<Value<'v>> {
        let members = self.map(rule, value, "an object")?;
        let member = Fields { members }.get(name);
        if member.is_none() {
            self.missing(rule, value, name);
        }
        member
    }

    fn missing(&mut self, rule: &'static str, object: Value<'_>, name: &str) {
        let end = object.span().end as usize;
        let close = Span::new(end.saturating_sub(1), end);
        self.report(rule, close, "a member is missing", "the end of the object", format!("`{name}`"));
    }

    /// Whether no object of a whole text repeats a member (Rule C7, T1). Whoever looks members up by their name has to
    /// ask first: of two members it would see one.
    pub fn repeats_no_member(&mut self, value: Value<'_>) -> bool {
        let before = self.mistakes.count();
        self.repeated_members_of(value);
        self.mistakes.count() == before
    }

    fn repeated_members(&mut self, members: Members<'_>) {
        let mut seen = HashSet::new();
        for member in members.iter().filter(|member| !seen.insert(member.name())) {
            let found = format!("a second {}", quote(member.name()));
            self.report("C7", member.name_span(), "a member is repeated", found, "each member once");
        }
    }

    /// The same for all objects inside. The tree is no deeper than the limit of [`crate::json`].
    pub fn repeated_members_within(&mut self, members: Members<'_>) {
        members.iter().for_each(|member| self.repeated_members_of(member.value()));
    }

    fn repeated_members_of(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::Array(items) => items.iter().for_each(|item| self.repeated_members_of(item)),
            Kind::Object(members) => {
                self.repeated_members(members);
                self.repeated_members_within(members);
            }
            _ => {}
        }
    }
}
