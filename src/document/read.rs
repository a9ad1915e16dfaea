//! JSON → [`Document`], every mistake collected in one pass (Rules L2 to L18, E14, E33, E38 to E55).

mod condition;
mod principal;

use std::collections::HashSet;
use std::sync::Arc;

use super::{Content, Document, DocumentError, Effect, Entry, Patterns, PolicyKind, Statement, wrapped};
use crate::json::{self, Kind, Limits, Member, Members, Value};
use crate::language::action::ActionPattern;
use crate::language::arn::ResourcePattern;
use crate::language::{SyntaxError, Version};
use crate::source::{Diagnostic, Source, Span, Text, quote};
use crate::yaml;

/// How many mistakes of one document are listed; the rest is counted.
const MOST_MISTAKES: usize = 100;

pub(super) fn document(limits: &Limits, kind: PolicyKind, source: Source) -> Result<Document, DocumentError> {
    match yaml::parse_by_name(&source, limits) {
        Ok(read) => tree(limits, kind, source, read.root()),
        Err(diagnostic) => {
            let hint = wrapped::text(&source).filter(|_| !yaml::is_yaml(source.name()));
            let diagnostic = match hint {
                Some((what, help)) => diagnostic.found(what).help(help),
                None => *diagnostic,
            };
            Err(DocumentError::new(vec![diagnostic], 0))
        }
    }
}

/// A document in a tree that was read from `source`.
pub(super) fn tree(
    limits: &Limits,
    kind: PolicyKind,
    source: Source,
    value: Value<'_>,
) -> Result<Document, DocumentError> {
    let mut reader =
        Reader { limits, kind, source: &source, version: Version::V2008, mistakes: Vec::new(), left_out: 0 };
    let parts = reader.document(value);
    let Reader { mut mistakes, left_out, version, .. } = reader;
    match parts {
        Some((id, statements)) if mistakes.is_empty() => {
            let content = Content { source, is_part: false, kind, version, id, statements: statements.into() };
            Ok(Document { content: Arc::new(content) })
        }
        _ => {
            mistakes.sort_by_key(|mistake| mistake.span().start);
            Err(DocumentError::new(mistakes, left_out))
        }
    }
}

/// Carries what every rule needs and collects what they find. Methods return `None` after reporting why.
struct Reader<'a> {
    limits: &'a Limits,
    kind: PolicyKind,
    source: &'a Source,
    version: Version,
    mistakes: Vec<Diagnostic>,
    left_out: usize,
}

/// The elements of a statement.
const ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Where they stand.
#[derive(Default)]
struct Elements<'m> {
    sid: Option<Member<'m>>,
    effect: Option<Member<'m>>,
    principal: Option<Member<'m>>,
    not_principal: Option<Member<'m>>,
    action: Option<Member<'m>>,
    not_action: Option<Member<'m>>,
    resource: Option<Member<'m>>,
    not_resource: Option<Member<'m>>,
    condition: Option<Member<'m>>,
}

/// `Id` and the statements.
type Parts = (Option<Text>, Vec<Statement>);

impl Reader<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.mistakes.len() < MOST_MISTAKES {
            self.mistakes.push(diagnostic);
        } else {
            self.left_out += 1;
        }
    }

    fn mistake(&self, rule: &'static str, span: Span, message: &str) -> Diagnostic {
        self.source.mistake(rule, span, message)
    }

    /// Reports that a value is of the wrong JSON type.
    fn wrong_type(&mut self, rule: &'static str, value: Value<'_>, message: &str, expected: &str) {
        let diagnostic = self.mistake(rule, value.span(), message).found(value.type_name()).expected(expected);
        self.report(diagnostic);
    }

    /// Reports that a text inside the string at `span` is not of its language.
    fn wrong_syntax(&mut self, span: Span, error: &SyntaxError) {
        let place = json::locate(self.source, span, error.range());
        let diagnostic =
            self.mistake(error.rule(), place, error.message()).found(error.found()).expected(error.expected());
        self.report(diagnostic);
    }

    fn document(&mut self, value: Value<'_>) -> Option<Parts> {
        // Nearly every policy is plain ASCII, which is seen best of the whole.
        if self.kind.row().iam_type && !is_plain(self.source.slice(value.span())) {
            self.characters(value);
        }
        self.repeated_members(value);
        let Kind::Object(members) = value.kind() else {
            let mut diagnostic =
                self.mistake("L1", value.span(), "a document that is no object").found(value.type_name());
            diagnostic = diagnostic.expected("an object with `Statement`");
            if let Some((what, help)) = wrapped::text(self.source) {
                diagnostic = diagnostic.found(what).help(help);
            }
            self.report(diagnostic);
            return None;
        };
        if let Some((member, help)) = wrapped::object(members) {
            let diagnostic = self
                .mistake("L4", value.span(), "the text is no policy document")
                .found(format!("an object with `{member}`"))
                .expected("an object with `Statement`")
                .help(help);
            self.report(diagnostic);
            return None;
        }
        for member in members {
            if !matches!(member.name(), "Version" | "Id" | "Statement") {
                self.unknown_member("L4", member, &["Version", "Id", "Statement"]);
            }
        }
        // The version comes first: it says what the strings of the statements mean.
        if let Some(version) = members.get("Version") {
            self.version(version);
        }
        let id = members.get("Id").and_then(|id| self.string("L6", id, "the `Id` is no string"));
        let Some(statement) = members.get("Statement") else {
            let close = Span::new((value.span().end as usize).saturating_sub(1), value.span().end as usize);
            let diagnostic = self
                .mistake("L7", close, "a document without statements")
                .found("the end of the object")
                .expected("`Statement`");
            self.report(diagnostic);
            return None;
        };
        let statements = self.statements(statement)?;
        if self.kind == PolicyKind::ResourceControl {
            self.resource_control(&statements);
        }
        Some((id, statements))
    }

    /// Rule L2. Between strings there are no such characters in JSON; in YAML there may be comments.
    fn characters(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::String(_) => self.characters_of(value.span()),
            Kind::Array(items) => items.iter().for_each(|item| self.characters(item)),
            Kind::Object(members) => {
                for member in members {
                    self.characters_of(member.name_span());
                    self.characters(member.value());
                }
            }
            _ => {}
        }
    }

    fn characters_of(&mut self, string: Span) {
        let text = self.source.slice(string);
        let foreign = |c: &char| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}');
        for (at, character) in text.char_indices().filter(|(_, character)| foreign(character)) {
            let at = string.start as usize + at;
            let span = Span::new(at, at + character.len_utf8());
            let diagnostic = self
                .mistake("L2", span, "a character that no IAM policy may contain")
                .found(format!("{} (U+{:04X})", quote(&character.to_string()), u32::from(character)))
                .expected("characters up to U+00FF");
            self.report(diagnostic);
        }
    }

    /// Rule L3. The tree is no deeper than the limit of the reader, so recursion is bounded.
    fn repeated_members(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::Array(items) => items.iter().for_each(|item| self.repeated_members(item)),
            Kind::Object(members) => {
                for member in repeated(members.iter(), |member| Some(member.name())) {
                    let diagnostic = self
                        .mistake("L3", member.name_span(), "a member is repeated")
                        .found(format!("a second {}", quote(member.name())))
                        .expected("each member once");
                    self.report(diagnostic);
                }
                members.iter().for_each(|member| self.repeated_members(member.value()));
            }
            _ => {}
        }
    }

    fn unknown_member(&mut self, rule: &'static str, member: Member<'_>, known: &[&str]) {
        let meant = known.iter().find(|name| name.eq_ignore_ascii_case(member.name()));
        let meant = meant.or_else(|| known.iter().find(|name| member.name().strip_suffix('s') == Some(**name)));
        let expected = match meant {
            Some(name) => format!("`{name}`"),
            None => known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        };
        let diagnostic =
            self.mistake(rule, member.name_span(), "unknown element").found(quote(member.name())).expected(expected);
        self.report(diagnostic);
    }

    /// Rule L5.
    fn version(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::String("2012-10-17") => self.version = Version::V2012,
            Kind::String("2008-10-17") => {}
            Kind::String(text) => {
                let diagnostic = self
                    .mistake("L5", value.span(), "unknown version of the policy language")
                    .found(quote(text))
                    .expected("`2012-10-17` or `2008-10-17`");
                self.report(diagnostic);
            }
            _ => self.wrong_type("L5", value, "the version is no string", "`2012-10-17` or `2008-10-17`"),
        }
    }

    fn string(&mut self, rule: &'static str, value: Value<'_>, message: &str) -> Option<Text> {
        match value.kind() {
            Kind::String(text) => Some(self.source.share(text)),
            _ => {
                self.wrong_type(rule, value, message, "a string");
                None
            }
        }
    }

    /// Rule L7.
    fn statements(&mut self, value: Value<'_>) -> Option<Vec<Statement>> {
        let statements = match value.kind() {
            Kind::Object(members) => vec![self.statement(value.span(), members)?],
            Kind::Array(items) if items.is_empty() => {
                let diagnostic = self
                    .mistake("L7", value.span(), "a document without statements")
                    .found("an empty list")
                    .expected("at least one statement");
                self.report(diagnostic);
                return None;
            }
            Kind::Array(items) => {
                self.check_count(value.span(), items.len())?;
                let mut statements = Vec::with_capacity(items.len());
                for item in items {
                    match item.kind() {
                        Kind::Object(members) => statements.extend(self.statement(item.span(), members)),
                        _ => self.wrong_type("L7", item, "a statement that is no object", "an object"),
                    }
                }
                // Every one or none: what could not be read has been told.
                (statements.len() == items.len()).then_some(statements)?
            }
            _ => {
                self.wrong_type("L7", value, "the statements are no list of objects", "an object or a list of objects");
                return None;
            }
        };
        if self.kind.row().iam_type {
            self.unique_sids(&statements);
        }
        Some(statements)
    }

    fn check_count(&mut self, span: Span, count: usize) -> Option<()> {
        if count <= self.limits.entries {
            return Some(());
        }
        let diagnostic = self
            .mistake("L19", span, "the list is too long")
            .found(format!("{count} entries"))
            .expected(format!("at most {}", self.limits.entries));
        self.report(diagnostic);
        None
    }

    /// Rule L9: in IAM policy types no two statements share a Sid.
    fn unique_sids(&mut self, statements: &[Statement]) {
        for statement in repeated(statements.iter(), |statement| statement.sid.as_deref().filter(|sid| !sid.is_empty()))
        {
            let sid = statement.sid.as_deref().unwrap_or_default();
            let diagnostic = self
                .mistake("L9", statement.span, "two statements have one Sid")
                .found(format!("a second {}", quote(sid)))
                .expected("a Sid of its own");
            self.report(diagnostic);
        }
    }

    /// Rules L8 to L15. Every element is read even if another one is wrong, so that all mistakes come to light.
    fn statement(&mut self, span: Span, members: Members<'_>) -> Option<Statement> {
        let elements = self.elements(members);
        let sid = match elements.sid {
            Some(sid) => self.sid(sid.value()).map(Some),
            None => Some(None),
        };
        let effect = self.effect(span, elements.effect);
        let principal = self.principal(span, elements.principal, elements.not_principal, effect);
        let actions = self.actions(span, elements.action, elements.not_action);
        let resources = self.resources(span, elements.resource, elements.not_resource);
        let conditions = match elements.condition {
            Some(condition) => self.conditions(condition.value()),
            None => Some(Vec::new()),
        };
        Some(Statement {
            span,
            sid: sid?,
            effect: effect?,
            principal: principal?,
            actions: actions?,
            resources: resources?,
            conditions: conditions?,
        })
    }

    /// Rule L8. Of repeated elements, which are a mistake, the first is read.
    fn elements<'m>(&mut self, members: Members<'m>) -> Elements<'m> {
        let mut elements = Elements::default();
        for member in members {
            let element = match member.name() {
                "Sid" => &mut elements.sid,
                "Effect" => &mut elements.effect,
                "Principal" => &mut elements.principal,
                "NotPrincipal" => &mut elements.not_principal,
                "Action" => &mut elements.action,
                "NotAction" => &mut elements.not_action,
                "Resource" => &mut elements.resource,
                "NotResource" => &mut elements.not_resource,
                "Condition" => &mut elements.condition,
                _ => {
                    self.unknown_member("L8", member, &ELEMENTS);
                    continue;
                }
            };
            element.get_or_insert(member);
        }
        elements
    }

    /// Rule L9.
    fn sid(&mut self, value: Value<'_>) -> Option<Text> {
        let sid = self.string("L9", value, "the Sid is no string")?;
        if !self.kind.row().iam_type {
            return Some(sid);
        }
        if let Some((at, wrong)) = sid.char_indices().find(|(_, character)| !character.is_ascii_alphanumeric()) {
            let place = json::locate(self.source, value.span(), at..at + wrong.len_utf8());
            let diagnostic = self
                .mistake("L9", place, "a character that no Sid may contain")
                .found(quote(&wrong.to_string()))
                .expected("letters A to Z, a to z and digits");
            self.report(diagnostic);
            return None;
        }
        Some(sid)
    }

    /// Rule L10.
    fn effect(&mut self, statement: Span, member: Option<Member<'_>>) -> Option<Effect> {
        const EXPECTED: &str = "`Allow` or `Deny`";
        let Some(value) = member.map(Member::value) else {
            let diagnostic = self.missing("L10", statement, "a statement without effect").expected("`Effect`");
            self.report(diagnostic);
            return None;
        };
        match value.kind() {
            Kind::String("Allow") => Some(Effect::Allow),
            Kind::String("Deny") => Some(Effect::Deny),
            Kind::String(text) => {
                let diagnostic =
                    self.mistake("L10", value.span(), "unknown effect").found(quote(text)).expected(EXPECTED);
                self.report(diagnostic);
                None
            }
            _ => {
                self.wrong_type("L10", value, "the effect is no string", EXPECTED);
                None
            }
        }
    }

    /// A mistake at the closing brace of a statement that lacks an element.
    fn missing(&self, rule: &'static str, statement: Span, message: &str) -> Diagnostic {
        let end = statement.end as usize;
        self.mistake(rule, Span::new(end.saturating_sub(1), end), message).found("the end of the statement")
    }

    /// The one of two elements that exclude each other (Rule L12); `None` if neither stands or both do, the
    /// latter reported.
    fn one_of<'m>(
        &mut self,
        rule: &'static str,
        plain: Option<Member<'m>>,
        negated: Option<Member<'m>>,
    ) -> Option<(bool, Member<'m>)> {
        match (plain, negated) {
            (Some(plain), Some(negated)) => {
                let second = if plain.name_span().start < negated.name_span().start { negated } else { plain };
                let diagnostic = self
                    .mistake(rule, second.name_span(), "two elements that exclude each other")
                    .found(format!("`{}` and `{}`", plain.name(), negated.name()))
                    .expected("one of the two");
                self.report(diagnostic);
                None
            }
            (Some(plain), None) => Some((false, plain)),
            (None, Some(negated)) => Some((true, negated)),
            (None, None) => None,
        }
    }

    fn actions(
        &mut self,
        statement: Span,
        plain: Option<Member<'_>>,
        negated: Option<Member<'_>>,
    ) -> Option<Patterns<ActionPattern>> {
        if plain.is_none() && negated.is_none() {
            let diagnostic =
                self.missing("L12", statement, "a statement without actions").expected("`Action` or `NotAction`");
            self.report(diagnostic);
        }
        let (negated, member) = self.one_of("L12", plain, negated)?;
        self.patterns(negated, member.value(), "actions", |text, _| ActionPattern::of(text))
    }

    /// Rules L11, L12; in trust policies the element is refused (Rule E33).
    #[expect(clippy::option_option, reason = "the outer level is a mistake, the inner one an absent element")]
    fn resources(
        &mut self,
        statement: Span,
        plain: Option<Member<'_>>,
        negated: Option<Member<'_>>,
    ) -> Option<Option<Patterns<ResourcePattern>>> {
        if !self.kind.row().resource {
            let Some(member) = plain.or(negated) else { return Some(None) };
            let diagnostic = self
                .mistake("E33", member.name_span(), "a trust policy names no resource")
                .found(quote(member.name()))
                .expected("a statement without it");
            self.report(diagnostic);
            return None;
        }
        if plain.is_none() && negated.is_none() {
            let diagnostic =
                self.missing("L12", statement, "a statement without resources").expected("`Resource` or `NotResource`");
            self.report(diagnostic);
        }
        let (negated, member) = self.one_of("L12", plain, negated)?;
        self.patterns(negated, member.value(), "resources", ResourcePattern::of).map(Some)
    }

    /// A string or a non-empty list of strings (Rule L11), each read as a pattern.
    fn patterns<P>(
        &mut self,
        negated: bool,
        value: Value<'_>,
        what: &str,
        parse: impl Fn(&Text, Version) -> Result<P, SyntaxError>,
    ) -> Option<Patterns<P>> {
        let items = value.one_or_many();
        if items.is_empty() {
            let diagnostic = self
                .mistake("L11", value.span(), &format!("a statement without {what}"))
                .found("an empty list")
                .expected("at least one string");
            self.report(diagnostic);
            return None;
        }
        self.check_count(value.span(), items.len())?;
        // Pushed one by one, not collected: entries are large, and this way each is put together in its place.
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            let span = item.span();
            let Kind::String(text) = item.kind() else {
                let expected = if items.len() == 1 { "a string or a list of strings" } else { "a string" };
                self.wrong_type("L11", item, &format!("an entry of the {what} is no string"), expected);
                continue;
            };
            if self.check_length(span, text).is_none() {
                continue;
            }
            let text = self.source.share(text);
            match parse(&text, self.version) {
                Ok(pattern) => entries.push(Entry { span, text, pattern }),
                Err(error) => self.wrong_syntax(span, &error),
            }
        }
        // Every one or none: what could not be read has been told.
        (entries.len() == items.len()).then_some(Patterns { negated, entries })
    }

    fn check_length(&mut self, span: Span, text: &str) -> Option<()> {
        if text.len() <= self.limits.pattern_bytes {
            return Some(());
        }
        let diagnostic = self
            .mistake("L19", span, "the text is too long")
            .found(format!("{} bytes", text.len()))
            .expected(format!("at most {} bytes", self.limits.pattern_bytes));
        self.report(diagnostic);
        None
    }

    /// Rule E14: only `Deny`, unless the document is the full-access policy written out.
    fn resource_control(&mut self, statements: &[Statement]) {
        if let [only] = statements
            && is_full_access(only)
        {
            return;
        }
        for statement in statements {
            if statement.effect == Effect::Allow {
                let diagnostic = self
                    .mistake("E14", statement.span, "a resource control policy only denies")
                    .found("`Allow`")
                    .expected("`Deny`, or the full-access policy alone");
                self.report(diagnostic);
            }
            if statement.actions.negated {
                let diagnostic = self
                    .mistake("E14", statement.span, "`NotAction` is not supported in a resource control policy")
                    .found("`NotAction`")
                    .expected("`Action`");
                self.report(diagnostic);
            }
            let bare = statement.actions.entries.iter().filter(|entry| entry.pattern == ActionPattern::All);
            for entry in bare {
                let diagnostic = self
                    .mistake("E14", entry.span, "the action of a resource control policy names its service")
                    .found("`*`")
                    .expected("an action such as `s3:*`");
                self.report(diagnostic);
            }
        }
    }
}

/// The lists as one.
fn joined<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists = lists.into_iter();
    let mut joined = lists.next().unwrap_or_default();
    joined.extend(lists.flatten());
    joined
}

/// Whether a text is printable ASCII and white space of JSON.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    // Without an early end the compiler looks at many bytes at once.
    text.as_bytes().iter().fold(true, |plain, byte| plain & is_plain(byte))
}

/// Those whose name stands before. Few are compared with each other, many are looked up.
fn repeated<'n, T: Copy>(things: impl ExactSizeIterator<Item = T>, name: impl Fn(T) -> Option<&'n str>) -> Vec<T> {
    const FEW: usize = 12;
    let mut repeated = Vec::new();
    if things.len() <= FEW {
        let mut seen = [""; FEW];
        let names = things.filter_map(|thing| Some((name(thing)?, thing)));
        for (before, (name, thing)) in names.enumerate() {
            let (known, free) = seen.split_at_mut(before);
            if known.contains(&name) {
                repeated.push(thing);
            }
            if let Some(place) = free.first_mut() {
                *place = name;
            }
        }
        return repeated;
    }
    let mut seen = HashSet::new();
    repeated.extend(things.filter(|thing| name(*thing).is_some_and(|name| !seen.insert(name))));
    repeated
}

/// All of them, or none if one is missing. Every one is asked for, so that all mistakes come to light.
fn all<T>(things: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut all = Some(Vec::with_capacity(things.size_hint().0));
    for thing in things {
        match (thing, &mut all) {
            (Some(thing), Some(all)) => all.push(thing),
            (None, _) => all = None,
            (Some(_), None) => {}
        }
    }
    all
}

/// `Allow` of `*` on `*` for `*` without conditions (Rule E14).
fn is_full_access(statement: &Statement) -> bool {
    let Some(resources) = &statement.resources else { return false };
    statement.effect == Effect::Allow
        && statement.conditions.is_empty()
        && !statement.actions.negated
        && matches!(&*statement.actions.entries, [action] if action.pattern == ActionPattern::All)
        && !resources.negated
        && matches!(&*resources.entries, [resource] if resource.pattern.is_all())
}
