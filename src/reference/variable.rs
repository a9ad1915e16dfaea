//! What a variable stands for (Rules L54 to L59).

use crate::language::pattern::{Template, Token, Variable};
use crate::request::{Context, ContextValue};

/// The text a variable stands for; `None` if it has no value.
///
/// Rule L58: it has none if the key is absent, holds the empty string or is multivalued. Rule L59: in the first two
/// cases its default takes the place, if it has one.
pub(super) fn resolve<'v>(variable: Variable<'v>, context: &'v Context<'_>) -> Option<&'v str> {
    match context.get(variable.key) {
        Some(ContextValue::Single(text)) if !text.is_empty() => Some(text),
        Some(ContextValue::Single(_)) | None => variable.default,
        Some(ContextValue::Multi(_)) => None,
    }
}

/// A text without wildcards, its variables filled in; `None` if one of them has no value (Rule L62).
pub(super) fn fill_in(template: &Template, context: &Context<'_>) -> Option<String> {
    let texts = template.tokens().iter().map(|token| match token {
        Token::Literal(text) => Some(text),
        Token::Variable(variable) => resolve(variable, context),
        // Where wildcards are no wildcards the parser makes them literals.
        Token::AnyRun => Some("*"),
        Token::AnyOne => Some("?"),
    });
    texts.collect()
}
