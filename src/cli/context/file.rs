//! Context keys in a file: a JSON object, or the `ContextEntries` of the IAM policy simulator.
//!
//! ```json
//! {"aws:SourceIp": "203.0.113.7", "aws:TagKeys": ["team", "cost"], "aws:MultiFactorAuthAge": 300}
//! ```
//!
//! ```json
//! [{"ContextKeyName": "aws:TagKeys", "ContextKeyValues": ["team"], "ContextKeyType": "stringList"}]
//! ```
//!
//! Numbers and booleans stand for their source text, as in policies (Rule L14).

use crate::json::{Items, Kind, Limits, Member, Members, Value, parse};
use crate::request::ContextValue;
use crate::source::{Diagnostic, Source, Span, quote};

type Keys = Vec<(String, ContextValue<'static>)>;

/// The rule of a mistake in the name of a key.
const NAMES: &str = "E59";

/// The rule of a mistake in a value: what is single, what is multivalued.
const VALUES: &str = "L75";

const ENTRY: &str = "context entry";

/// Reads a context file of either form.
pub(in crate::cli) fn read(source: &Source) -> Result<Keys, Box<Diagnostic>> {
    let tree = parse(source, &Limits::default())?;
    let value = tree.root();
    let reader = Reader { source };
    match value.kind() {
        Kind::Object(members) => match members.get("ContextEntries").filter(|_| members.len() == 1) {
            // `aws iam simulate-custom-policy --cli-input-json` holds the list as a member.
            Some(list) if is_entries(list) => reader.entries(list),
            _ => reader.object(members),
        },
        Kind::Array(_) => reader.entries(value),
        _ => Err(reader.unusable("context", value, "an object of context keys, or a list of ContextEntries")),
    }
}

fn is_entries(value: Value<'_>) -> bool {
    matches!(value.kind(), Kind::Array(elements) if elements.iter().all(|e| matches!(e.kind(), Kind::Object(_))))
}

struct Reader<'s> {
    source: &'s Source,
}

impl Reader<'_> {
    fn object(&self, members: Members<'_>) -> Result<Keys, Box<Diagnostic>> {
        self.refuse_repetitions(members)?;
        let key = |member: Member<'_>| {
            let value = match member.value().kind() {
                Kind::Array(elements) => self.texts(elements)?.into(),
                _ => self.text(member.value(), "a string, a number, a boolean, or a list of them")?.into(),
            };
            Ok((member.name().to_string(), value))
        };
        members.iter().map(key).collect()
    }

    fn entries(&self, list: Value<'_>) -> Result<Keys, Box<Diagnostic>> {
        let Kind::Array(entries) = list.kind() else {
            return Err(self.unusable("context", list, "a list of ContextEntries"));
        };
        entries.iter().map(|entry| self.entry(entry)).collect()
    }

    fn entry(&self, entry: Value<'_>) -> Result<(String, ContextValue<'static>), Box<Diagnostic>> {
        let Kind::Object(members) = entry.kind() else {
            return Err(self.unusable(
                ENTRY,
                entry,
                "an object with ContextKeyName, ContextKeyValues and ContextKeyType",
            ));
        };
        self.refuse_repetitions(members)?;
        let known = ["ContextKeyName", "ContextKeyValues", "ContextKeyType"];
        if let Some(unknown) = members.iter().find(|member| !known.contains(&member.name())) {
            return Err(self.mistake(
                NAMES,
                unknown.name_span(),
                "unknown member of a context entry",
                unknown.name(),
                &known,
            ));
        }
        let [name, values, kind] = known.map(|name| members.iter().find(|member| member.name() == name));
        let (Some(name), Some(values), Some(kind)) = (name, values, kind) else {
            return Err(self.unusable(ENTRY, entry, "the members ContextKeyName, ContextKeyValues and ContextKeyType"));
        };

        let name = self.text(name.value(), "a string")?;
        let Kind::Array(elements) = values.value().kind() else {
            return Err(self.unusable("ContextKeyValues", values.value(), "a list"));
        };
        let mut texts = self.texts(elements)?;
        let value = match self.is_list(kind.value())? {
            true => texts.into(),
            false => match (texts.pop(), texts.is_empty()) {
                (Some(only), true) => only.into(),
                _ => {
                    return Err(Box::new(
                        self.source
                            .mistake(VALUES, values.value().span(), "a context entry of a single-valued type")
                            .found(format!("{} values", elements.len()))
                            .expected("one value"),
                    ));
                }
            },
        };
        Ok((name, value))
    }

    /// Whether a type of the simulator is multivalued.
    fn is_list(&self, kind: Value<'_>) -> Result<bool, Box<Diagnostic>> {
        const SINGLE: [&str; 6] = ["string", "numeric", "boolean", "ip", "binary", "date"];
        let text = self.text(kind, "a string")?;
        let (base, is_list) = text.strip_suffix("List").map_or((text.as_str(), false), |base| (base, true));
        if SINGLE.contains(&base) {
            return Ok(is_list);
        }
        Err(self.mistake(VALUES, kind.span(), "unknown type of a context key", &text, &SINGLE))
    }

    fn texts(&self, elements: Items<'_>) -> Result<Vec<String>, Box<Diagnostic>> {
        elements.iter().map(|element| self.text(element, "a string, a number or a boolean")).collect()
    }

    fn text(&self, value: Value<'_>, expected: &str) -> Result<String, Box<Diagnostic>> {
        match value.kind() {
            Kind::String(text) | Kind::Number(text) => Ok(text.to_string()),
            Kind::Bool(boolean) => Ok(boolean.to_string()),
            Kind::Null | Kind::Array(_) | Kind::Object(_) => {
                Err(self.unusable("value of a context key", value, expected))
            }
        }
    }

    /// Threat T1: a repeated member would have one meaning for us and another one for the next reader.
    fn refuse_repetitions(&self, members: Members<'_>) -> Result<(), Box<Diagnostic>> {
        let mut names = std::collections::HashSet::new();
        match members.iter().find(|member| !names.insert(member.name())) {
            None => Ok(()),
            Some(repeated) => Err(Box::new(
                self.source
                    .mistake(NAMES, repeated.name_span(), "a member is given twice")
                    .found(quote(repeated.name()))
                    .expected("each name once"),
            )),
        }
    }

    fn unusable(&self, what: &str, value: Value<'_>, expected: &str) -> Box<Diagnostic> {
        let mistake = self.source.mistake(VALUES, value.span(), format!("unusable {what}"));
        Box::new(mistake.found(value.type_name()).expected(expected))
    }

    fn mistake(&self, rule: &'static str, span: Span, message: &str, found: &str, known: &[&str]) -> Box<Diagnostic> {
        let expected = known.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
        Box::new(self.source.mistake(rule, span, message).found(quote(found)).expected(format!("one of {expected}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        read(&Source::new("context.json", text)).unwrap()
    }

    fn refusal(text: &str) -> String {
        read(&Source::new("context.json", text)).unwrap_err().to_string()
    }

    fn key(name: &str, value: impl Into<ContextValue<'static>>) -> (String, ContextValue<'static>) {
        (name.to_owned(), value.into())
    }

    #[test]
    fn numbers_and_booleans_keep_their_spelling() {
        assert_eq!(
            keys(r#"{"a": "x", "b": 1.20, "c": true, "d": ["x", 1e3], "e": []}"#),
            [
                key("a", "x"),
                key("b", "1.20"),
                key("c", "true"),
                key("d", vec!["x", "1e3"]),
                key("e", Vec::<String>::new())
            ]
        );
    }

    #[test]
    fn entries_of_the_simulator() {
        let list = r#"[{"ContextKeyName": "a", "ContextKeyValues": ["x"], "ContextKeyType": "string"},
            {"ContextKeyName": "b", "ContextKeyValues": ["7"], "ContextKeyType": "numericList"},
            {"ContextKeyName": "c", "ContextKeyValues": [], "ContextKeyType": "stringList"}]"#;
        let expected = [key("a", "x"), key("b", vec!["7"]), key("c", Vec::<String>::new())];
        assert_eq!(keys(list), expected);
        assert_eq!(keys(&format!("{{\"ContextEntries\": {list}}}")), expected);
    }

    #[test]
    fn refusals_name_the_place() {
        for (text, expected) in [
            (
                r#"{"a": null}"#,
                "1:7: unusable value of a context key: found `null`, expected a string, a number, a boolean, or a list of them (rule L75)",
            ),
            (
                r#"{"a": [["x"]]}"#,
                "1:8: unusable value of a context key: found a list, expected a string, a number or a boolean (rule L75)",
            ),
            (
                r#"{"a": 1, "\u0061": 2}"#,
                "1:10: a member is given twice: found `a`, expected each name once (rule E59)",
            ),
            (
                "7",
                "1:1: unusable context: found a number, expected an object of context keys, or a list of ContextEntries (rule L75)",
            ),
            (
                r#"[{"ContextKeyName": "a", "ContextKeyValues": ["x", "y"], "ContextKeyType": "string"}]"#,
                "1:46: a context entry of a single-valued type: found 2 values, expected one value (rule L75)",
            ),
            (
                r#"[{"ContextKeyName": "a", "ContextKeyValues": [], "ContextKeyType": "text"}]"#,
                "1:68: unknown type of a context key: found `text`, expected one of `string`, `numeric`, `boolean`, `ip`, `binary`, `date` (rule L75)",
            ),
            (
                r#"[{"ContextKeyName": "a", "ContextKeyValues": ["x"]}]"#,
                "1:2: unusable context entry: found an object, expected the members ContextKeyName, ContextKeyValues and ContextKeyType (rule L75)",
            ),
        ] {
            assert_eq!(refusal(text), format!("context.json:{expected}"));
        }
    }
}
