//! Text → cases. Every mistake of a file is collected; a file with one is refused whole.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::format::{self, RawCase, RawPolicies};
use super::policies::{LevelTexts, PolicyTexts, Text, Written};
use super::{Case, CaseFileError, Question};
use crate::json::de::{self, Located};
use crate::json::{Kind, Limits, Tree, Value};
use crate::source::{Source, Span, quote};
use crate::yaml;

/// Reads a case file; one whose name ends in `.yaml` or `.yml` as YAML.
///
/// A document may be given as a path relative to the case file. `open` gets such a path joined to the folder in
/// the name of the file, and returns the bytes found there, or says why there are none. Each path is opened once.
///
/// # Errors
///
/// Returns every mistake of the file: text that is no case, unknown or missing members, wrong types, names given
/// twice, documents that cannot be opened. A document that breaks the rules of policies is no mistake of the file:
/// a case may expect that.
pub fn read(file: &Source, open: impl FnMut(&str) -> Result<Vec<u8>, String>) -> Result<Vec<Case>, CaseFileError> {
    let tree = yaml::is_yaml(file.name()).then(|| yaml::parse(file, &LIMITS).map(Arc::new));
    let mut reader = Reader {
        file,
        open,
        opened: HashMap::new(),
        names: HashSet::new(),
        case: Cursor { line: 1, start: 0 },
        error: CaseFileError::new(file),
    };
    let cases = match &tree {
        Some(Ok(tree)) => reader.tree(tree),
        Some(Err(diagnostic)) => {
            reader.mistake(diagnostic.span(), diagnostic.sentence());
            Vec::new()
        }
        None => reader.split().into_iter().filter_map(|text| reader.text(text)).collect(),
    };
    reader.error.into_result()?;
    Ok(cases)
}

/// What a case file in YAML may hold: many documents, each of them a few levels deeper than by itself.
const LIMITS: Limits = Limits { bytes: 1 << 28, depth: 64, entries: 1 << 24, pattern_bytes: 64 << 10 };

/// A document as it stands in a file.
#[derive(Clone, Copy)]
enum Part<'f> {
    Json(&'f RawValue),
    Yaml(&'f Arc<Tree>, Value<'f>),
}

struct Reader<'f, F> {
    file: &'f Source,
    open: F,
    opened: HashMap<String, Text>,
    names: HashSet<String>,
    /// Where the case that is being read begins.
    case: Cursor,
    error: CaseFileError,
}

/// A place in the file. It only moves forward, so that lines are counted once.
struct Cursor {
    line: usize,
    start: usize,
}

impl<'f, F: FnMut(&str) -> Result<Vec<u8>, String>> Reader<'f, F> {
    /// The text of each case: the elements of a list, or the lines that are not blank.
    fn split(&mut self) -> Vec<&'f str> {
        let text = self.file.text();
        if text.starts_with('\u{feff}') {
            self.mistake(
                Span::default(),
                "the file begins with a byte-order mark; save it as UTF-8 without one".to_owned(),
            );
            return Vec::new();
        }
        if !text.trim_start().starts_with('[') {
            return text.lines().filter(|line| !line.trim().is_empty()).collect();
        }
        match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(elements) => elements.into_iter().map(RawValue::get).collect(),
            Err(error) => {
                self.syntax(text, &error);
                Vec::new()
            }
        }
    }

    /// The cases of a YAML file.
    fn tree(&mut self, tree: &'f Arc<Tree>) -> Vec<Case> {
        let root = tree.root();
        let Kind::Array(items) = root.kind() else {
            self.mistake(root.span(), format!("found {}, expected a list of cases", root.type_name()));
            return Vec::new();
        };
        let mut cases = Vec::new();
        for item in items {
            self.case = Cursor { line: self.line_at(item.span().start), start: item.span().start as usize };
            match de::from_value::<RawCase<Located>>(item) {
                Ok(raw) => {
                    let raw = raw.map(|located| Part::Yaml(tree, tree.at(located.span).unwrap_or(item)));
                    cases.extend(self.case(item.span(), raw));
                }
                Err(mistake) => self.mistake(mistake.span(), mistake.message()),
            }
        }
        cases
    }

    /// The case in a part of a JSON file.
    fn text(&mut self, text: &'f str) -> Option<Case> {
        let start = self.span_of(text).start as usize;
        self.case = Cursor { line: self.line_of(text), start };
        match format::parse(text) {
            Ok(raw) => self.case(self.span_of(text), raw.map(Part::Json)),
            Err(error) => {
                self.syntax(text, &error);
                None
            }
        }
    }

    fn case(&mut self, span: Span, raw: RawCase<Part<'f>>) -> Option<Case> {
        if raw.name.is_empty() {
            self.mistake(span, "a case without a name: found ``, expected a unique path".to_owned());
        }
        if !self.names.insert(raw.name.clone()) {
            let message = format!("a second case of the name {}, expected a unique one", quote(&raw.name));
            self.mistake(span, message);
        }
        let policies = self.policies(raw.policies);
        Some(Case {
            name: raw.name,
            rules: raw.source,
            tier: raw.tier,
            file: self.file.name().to_owned(),
            line: self.case.line,
            policies,
            question: Question {
                principal: raw.request.principal,
                action: raw.request.action,
                resource: raw.request.resource,
                resource_account: raw.request.resource_account,
                context: raw.request.context.0,
            },
            expected: raw.expect,
        })
    }

    fn policies(&mut self, raw: RawPolicies<Part<'f>>) -> PolicyTexts {
        PolicyTexts {
            identity: self.documents("identity", raw.identity),
            boundary: raw.boundary.and_then(|document| self.document("boundary", document)),
            session: self.documents("session", raw.session),
            resource: raw.resource.and_then(|document| self.document("resource", document)),
            service_control: self.levels("scp", raw.scp),
            resource_control: self.levels("rcp", raw.rcp),
            endpoint: raw.endpoint.and_then(|document| self.document("endpoint", document)),
        }
    }

    fn levels(&mut self, member: &str, levels: Vec<Vec<Part<'f>>>) -> Vec<LevelTexts> {
        let mut level = |(index, documents)| LevelTexts {
            name: level_name(index),
            documents: self.documents(&format!("{member}[{index}]"), documents),
        };
        levels.into_iter().enumerate().map(&mut level).collect()
    }

    fn documents(&mut self, member: &str, raw: Vec<Part<'f>>) -> Vec<Text> {
        let numbered = raw.into_iter().enumerate();
        numbered.filter_map(|(index, document)| self.document(&format!("{member}[{index}]"), document)).collect()
    }

    /// An inline document, called after its place in the case file (`own.jsonl:7#identity[0]`); or the one its path
    /// leads to. `None` is a mistake of the file, and noted.
    fn document(&mut self, member: &str, part: Part<'f>) -> Option<Text> {
        let inline = |line: usize, text: &str| {
            let name = format!("{}:{line}#{member}", self.file.name());
            Some(Ok(Source::new(&name, text).into()))
        };
        match part {
            Part::Json(raw) if !raw.get().starts_with('"') => inline(self.line_of(raw.get()), raw.get()),
            Part::Json(raw) => match serde_json::from_str::<String>(raw.get()) {
                Ok(text) if holds_document(&text) => inline(self.line_of(raw.get()), &text),
                Ok(path) => self.opened(self.span_of(raw.get()), &path),
                Err(error) => {
                    self.syntax(raw.get(), &error);
                    None
                }
            },
            Part::Yaml(tree, value) => match value.kind() {
                Kind::String(text) if holds_document(text) => inline(self.line_at(value.span().start), text),
                Kind::String(path) => self.opened(value.span(), path),
                _ => {
                    let source = self.file.renamed(&format!("{}#{member}", self.file.name()));
                    Some(Ok(Written::Part { source, tree: Arc::clone(tree), span: value.span() }))
                }
            },
        }
    }

    /// The document in a file of its own, whose path stands at `span`.
    fn opened(&mut self, span: Span, path: &str) -> Option<Text> {
        let path = Path::new(self.file.name()).with_file_name(path).to_string_lossy().into_owned();
        if let Some(known) = self.opened.get(&path) {
            return Some(known.clone());
        }
        match (self.open)(&path) {
            Ok(bytes) => {
                let opened = Source::from_bytes(&path, &bytes).map(Written::from);
                self.opened.insert(path, opened.clone());
                Some(opened)
            }
            Err(reason) => {
                self.mistake(span, format!("cannot read the policy {}: {reason}", quote(&path)));
                None
            }
        }
    }

    fn mistake(&mut self, span: Span, message: String) {
        self.error.add(self.file, span, message);
    }

    /// What serde says of a part of the file, at the place it means.
    fn syntax(&mut self, part: &'f str, error: &serde_json::Error) {
        let start = self.span_of(part).start as usize;
        let lines: usize = part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = start + (lines + error.column().saturating_sub(1)).min(part.len());
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let message = match message.strip_prefix("EOF while parsing ") {
            Some(what) => {
                format!(
                    "found the end of {what}, expected the rest of it: a case stands on one line, or in a list of cases"
                )
            }
            None => message.to_owned(),
        };
        self.error.add(self.file, Span::new(at, at), message);
    }

    fn line_at(&self, byte: u32) -> usize {
        self.file.position(byte).line as usize
    }

    /// The line a part of the file begins on; it stands in the case that is being read, or behind it.
    fn line_of(&self, part: &'f str) -> usize {
        let start = self.span_of(part).start as usize;
        let passed = self.file.text().get(self.case.start..start).unwrap_or_default();
        self.case.line + passed.matches('\n').count()
    }

    /// Where a part of the file's text stands in it.
    fn span_of(&self, part: &'f str) -> Span {
        let start = (part.as_ptr() as usize).saturating_sub(self.file.text().as_ptr() as usize);
        Span::new(start, start + part.len())
    }
}

/// Whether a string holds a document, rather than the path of one.
fn holds_document(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// What explanations call a level: the format gives none a name.
fn level_name(index: usize) -> String {
    if index == 0 { "root".to_owned() } else { format!("level {index}") }
}
