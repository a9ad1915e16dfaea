//! The element a statement failed on: what it wants, and what the request has.

use super::text::{head, marked, value};
use crate::cli::style::{self, dress};
use crate::decision::{ContextText, FailedElement, ResolvedVariable};

/// How many entries of a list are shown.
const SHOWN: usize = 8;

/// What stands before every line.
const INDENT: &str = "   ";

/// The elements in a sentence: `action and resource`.
pub(super) fn names(failed: &[FailedElement]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in failed.iter().map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "elements".to_owned(),
    }
}

fn name(failed: &FailedElement) -> &'static str {
    match failed {
        FailedElement::Principal { .. } => "principal",
        FailedElement::Action { .. } => "action",
        FailedElement::Resource { .. } => "resource",
        FailedElement::Condition { .. } => "condition",
    }
}

/// The lines below a near miss.
pub(super) fn lines(failed: &[FailedElement]) -> Vec<String> {
    failed.iter().flat_map(element).map(|line| format!("{INDENT}{line}")).collect()
}

fn element(failed: &FailedElement) -> Vec<String> {
    match failed {
        FailedElement::Principal { wanted, actual, negated } => {
            let label = if *negated { "not principal" } else { "principal" };
            let actual = actual.as_deref().map_or("unnamed".to_owned(), value);
            beside(label, list(wanted), actual)
        }
        FailedElement::Action { wanted, actual, negated } => {
            let label = if *negated { "not action" } else { "action" };
            beside(label, list(wanted), value(actual))
        }
        FailedElement::Resource { wanted, variables, actual, negated, differs } => {
            let label = if *negated { "not pattern" } else { "pattern" };
            let wanted = format!("{}{}", head(wanted, 400), with(variables));
            match differs {
                None => beside(label, wanted, head(actual, 400)),
                Some(mark) => {
                    let shown = marked(actual, *mark);
                    let mut lines = beside(label, wanted, shown.text);
                    let pad = " ".repeat(width(label) + GAP.len() + shown.indent);
                    lines.push(format!(
                        "{pad}{}",
                        dress(style::BAD, format_args!("{} differs here", "^".repeat(shown.width)))
                    ));
                    lines
                }
            }
        }
        FailedElement::Condition { operator, key, wanted, variables, actual } => {
            let actual = match actual {
                None => "absent".to_owned(),
                Some(ContextText::Single(text)) => value(text),
                Some(ContextText::Multi(members)) => format!("[{}]", list(members)),
            };
            let wanted = if wanted.is_empty() { "nothing".to_owned() } else { alternatives(wanted) };
            vec![format!(
                "{}{GAP}{} {}   wanted {wanted}{}   request: {actual}",
                dress(style::LABEL, "condition"),
                head(operator, 100),
                head(key, 160),
                with(variables)
            )]
        }
    }
}

const GAP: &str = "  ";
const REQUEST: &str = "request";

fn width(label: &str) -> usize {
    label.len().max(REQUEST.len())
}

/// What is wanted above what the request has.
fn beside(label: &str, wanted: String, actual: String) -> Vec<String> {
    let width = width(label);
    let line = |label, text| format!("{}{GAP}{text}", dress(style::LABEL, format_args!("{label:<width$}")));
    vec![line(label, wanted), line(REQUEST, actual)]
}

/// What the variables stood for.
fn with(variables: &[ResolvedVariable]) -> String {
    let shown = |variable: &ResolvedVariable| variable.value.as_deref().map_or("no value".to_owned(), value);
    match variables {
        [] => String::new(),
        [only] => format!("   with {}", shown(only)),
        several => {
            let named = |variable: &ResolvedVariable| format!("{} = {}", head(&variable.key, 160), shown(variable));
            format!("   with {}", several.iter().map(named).collect::<Vec<_>>().join(", "))
        }
    }
}

fn list(texts: &[String]) -> String {
    joined(texts, ", ")
}

fn alternatives(texts: &[String]) -> String {
    joined(texts, " or ")
}

fn joined(texts: &[String], separator: &str) -> String {
    let mut shown: Vec<String> = texts.iter().take(SHOWN).map(|text| value(text)).collect();
    if texts.len() > SHOWN {
        shown.push(format!("{} more", texts.len() - SHOWN));
    }
    shown.join(separator)
}
