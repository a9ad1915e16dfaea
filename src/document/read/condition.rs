//! The element `Condition` (Rules L13 to L15, L18, L98).

use super::Reader;
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
        let mut conditions = Vec::with_capacity(operators.len());
        let mut are_sound = true;
        for member in operators {
            are_sound &= self.operator_block(member, &mut conditions).is_some();
        }
        are_sound.then_some(conditions)
    }

    /// Adds the conditions of an operator; none after reporting that one of them cannot be read.
    fn operator_block(&mut self, member: Member<'_>, conditions: &mut Vec<Condition>) -> Option<()> {
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
        let mut are_sound = true;
        for key in keys {
            if key.name().is_empty() {
                let diagnostic = self
                    .mistake("L15", key.name_span(), "an empty context key")
                    .found("`\"\"`")
                    .expected("a context key");
                self.report(diagnostic);
                are_sound = false;
                continue;
            }
            match (operator, self.condition_values(operator, key.value())) {
                (Some(operator), Some(values)) => conditions.push(Condition {
                    operator,
                    operator_span: member.name_span(),
                    key: self.source.share(key.name()),
                    key_span: key.name_span(),
                    values,
                }),
                _ => are_sound = false,
            }
        }
        are_sound.then_some(())
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
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.extend(self.condition_value(operator, item));
        }
        // Every one or none: what could not be read has been told.
        (values.len() == items.len()).then_some(values)
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
