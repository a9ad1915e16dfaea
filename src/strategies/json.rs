//! Policy documents as they are written: what `serde_json` turns into text.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

/// A document.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DocumentText {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub statement: OneOrMany<StatementText>,
}

/// A statement. Of each pair with `Not…` at most one is set.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StatementText {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_principal: Option<PrincipalText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<OneOrMany<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_action: Option<OneOrMany<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<OneOrMany<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_resource: Option<OneOrMany<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<BTreeMap<String, BTreeMap<String, OneOrMany<Scalar>>>>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum PrincipalText {
    Everyone(&'static str),
    Members(BTreeMap<&'static str, OneOrMany<&'static str>>),
}

/// What may be written with or without a list around it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// A value of a condition.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Text(String),
    /// A number or boolean without quotation marks, spelled as it is to be written (Rule L14).
    Unquoted(Box<RawValue>),
}

impl<T> OneOrMany<T> {
    /// A single thing stands without list if `bare`.
    pub(super) fn of(mut things: Vec<T>, bare: bool) -> Self {
        match things.pop() {
            Some(only) if bare && things.is_empty() => OneOrMany::One(only),
            Some(last) => {
                things.push(last);
                OneOrMany::Many(things)
            }
            None => OneOrMany::Many(things),
        }
    }
}

impl DocumentText {
    /// The JSON text. Characters beyond Latin-1 are written as escapes: no IAM policy may hold them (Rule L2).
    pub(super) fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Latin1);
        match self.serialize(&mut serializer) {
            Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
            Err(_) => String::new(),
        }
    }
}

/// Escapes what is not Latin-1.
struct Latin1;

impl serde_json::ser::Formatter for Latin1 {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            if u32::from(character) <= 0xff {
                write!(writer, "{character}")?;
            } else {
                let mut units = [0; 2];
                character.encode_utf16(&mut units).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_people_write_them() {
        let number = Scalar::Unquoted(RawValue::from_string("1.20".to_owned()).unwrap());
        let values = OneOrMany::of(vec![number, Scalar::Text("é𝄞".to_owned())], true);
        let statement = StatementText {
            effect: "Allow",
            action: Some(OneOrMany::of(vec!["*".to_owned()], true)),
            not_resource: Some(OneOrMany::of(vec!["*".to_owned()], false)),
            condition: Some([("StringLike".to_owned(), [("k".to_owned(), values)].into())].into()),
            ..StatementText::default()
        };
        let document = DocumentText { version: Some("2012-10-17"), id: None, statement: OneOrMany::One(statement) };
        assert_eq!(
            document.to_json(),
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","NotResource":["*"],"#.to_owned()
                + r#""Condition":{"StringLike":{"k":[1.20,"é\ud834\udd1e"]}}}}"#
        );
    }
}
