//! The element `Condition` (Rules L13 to L15, L18, L98).

use super::{Reader, all, joined};
use crate::document::{Condition, ConditionValue, Operand};
use crate::json::{Kind, Member, Members, Value};
use crate::language::SyntaxError;
use crate::language::arn::ArnTemplate;
use crate::language::date::Instant;
use crate::language::operator::{Operator, Test};
use crate::language::pattern::{Template, Wildcards};
use crate::source::{Text, quote};

impl Reader<'_> {
    /// Rule L13.
    pub(super) fn conditions(&mut self, value: Value<'_>) -> Option<Vec<Condition>> {
        let Kind::Object(operators) = value.kind() else {
            self.wrong_type("L13", value, "the condition is no object", "an object of operators");
            return None;
        };
        all(operators.iter().map(|member| self.operator_block(member))).map(joined)
    }

    fn operator_block(&mut self, member: Member<'_>) -> Option<Vec<Condition>> {
        let operator = match Operator::parse(member.name()) {
            Ok(operator) => Some(operator),
            Err(error) => {
                self.wrong_syntax(member.name_span(), &error);
                None
            }
        };
        let Kind::Object(keys) = member.value().kind() else {
            self.wrong_type("L13", member.value(), "the operator holds no object", "an object of context keys");
            return None;
        };
        self.keys_differ(keys);
        all(keys.iter().map(|key| {
            if key.name().is_empty() {
                let diagnostic = self
                    .mistake("L15", key.name_span(), "an empty context key")
                    .found("`\"\"`")
                    .expected("a context key");
                self.report(diagnostic);
                return None;
            }
            let values = self.condition_values(operator, key.value());
            Some(Condition {
                operator: operator?,
                operator_span: member.name_span(),
                key: self.source.share(key.name()),
                key_span: key.name_span(),
                values: values?,
            })
        }))
    }

    /// Rule L15; keys equal to the letter are a repeated member, reported as such.
    fn keys_differ(&mut self, keys: Members<'_>) {
        if keys.len() < 2 {
            return;
        }
        let mut seen: std::collections::HashMap<String, &str> = std::collections::HashMap::new();
        for key in keys {
            if let Some(first) = seen.insert(key.name().to_ascii_lowercase(), key.name())
                && first != key.name()
            {
                let diagnostic = self
                    .mistake("L15", key.name_span(), "two context keys that differ only in case")
                    .found(format!("{} and {}", quote(first), quote(key.name())))
                    .expected("one of the two");
                self.report(diagnostic);
            }
        }
    }

    fn condition_values(&mut self, operator: Option<Operator>, value: Value<'_>) -> Option<Vec<ConditionValue>> {
        let items = value.one_or_many();
        self.check_count(value.span(), items.len())?;
        all(items.iter().map(|item| self.condition_value(operator, item)))
    }

    /// Rules L13, L14, L18, L52, L63.
    fn condition_value(&mut self, operator: Option<Operator>, value: Value<'_>) -> Option<ConditionValue> {
        let text: Text = match value.kind() {
            Kind::String(text) | Kind::Number(text) => self.source.share(text),
            Kind::Bool(boolean) => if boolean { "true" } else { "false" }.into(),
            Kind::Null | Kind::Array(_) | Kind::Object(_) => {
                self.wrong_type("L13", value, "a condition value of the wrong type", "a string, a number or a boolean");
                return None;
            }
        };
        self.check_length(value.span(), &text)?;
        let operand = match operator?.test {
            Test::Arn => self.arn_operand(&text),
            Test::StringLike => Template::of(&text, self.version, Wildcards::Match).map(Operand::Text),
            test if test.substitutes() => Template::of(&text, self.version, Wildcards::AreText).map(Operand::Text),
            Test::Date(_) if Instant::parse(&text).is_none() => {
                let diagnostic = self
                    .mistake("L18", value.span(), "a date that cannot be read")
                    .found(quote(&text))
                    .expected("epoch seconds or a date such as `2026-11-26T08:00:00Z`");
                self.report(diagnostic);
                return None;
            }
            _ => Ok(Operand::Plain),
        };
        match operand {
            Ok(operand) => Some(ConditionValue { span: value.span(), text, operand }),
            Err(error) => {
                self.wrong_syntax(value.span(), &error);
                None
            }
        }
    }

    /// Rule L98.
    fn arn_operand(&self, text: &Text) -> Result<Operand, SyntaxError> {
        match ArnTemplate::of(text, self.version)? {
            Some(arn) => Ok(Operand::Arn(arn)),
            None => Template::of(text, self.version, Wildcards::Match).map(Operand::ShortArn),
        }
    }
}
