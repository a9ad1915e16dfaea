//! The elements `Principal` and `NotPrincipal` (Rules E38 to E55).

use super::{Reader, all, joined};
use crate::document::Effect;
use crate::document::kind::PrincipalRule;
use crate::document::principal::{PrincipalElement, PrincipalEntry, PrincipalName, Refused};
use crate::json::{Kind, Member, Value};
use crate::source::{Span, quote};

impl Reader<'_> {
    /// Rules E38 to E55.
    #[expect(clippy::option_option, reason = "the outer level is a mistake, the inner one an absent element")]
    pub(super) fn principal(
        &mut self,
        statement: Span,
        plain: Option<Member<'_>>,
        negated: Option<Member<'_>>,
        effect: Option<Effect>,
    ) -> Option<Option<PrincipalElement>> {
        let row = self.kind.row();
        if row.principal == PrincipalRule::Forbidden {
            let Some(member) = plain.or(negated) else { return Some(None) };
            let diagnostic = self
                .mistake("E55", member.name_span(), &format!("{} names no principal", self.kind.with_article()))
                .found(quote(member.name()))
                .expected("a statement without it");
            self.report(diagnostic);
            return None;
        }
        if plain.is_none() && negated.is_none() {
            let diagnostic = self.missing("E55", statement, "a statement without principal").expected("`Principal`");
            self.report(diagnostic);
        }
        let (negated, member) = self.one_of("E55", plain, negated)?;
        let only_star = row.principal == PrincipalRule::OnlyStar;
        if negated && (!row.not_principal || effect == Some(Effect::Allow)) {
            let rule = if only_star {
                "E14"
            } else if row.not_principal {
                "E52"
            } else {
                "E33"
            };
            let message = match rule {
                "E52" => "`NotPrincipal` with `Allow` is not supported".to_owned(),
                _ => format!("`NotPrincipal` is not supported in {}", self.kind.with_article()),
            };
            let diagnostic =
                self.mistake(rule, member.name_span(), &message).found("`NotPrincipal`").expected("`Principal`");
            self.report(diagnostic);
            return None;
        }
        if only_star && !matches!(member.value().kind(), Kind::String(text) if text == "*") {
            let diagnostic = self
                .mistake("E14", member.value().span(), "the principal of a resource control policy is not `*`")
                .found(quote(self.source.slice(member.value().span())))
                .expected("the string `*`");
            self.report(diagnostic);
            return None;
        }
        let entries = self.principal_entries(member.value())?;
        Some(Some(PrincipalElement { span: member.value().span(), negated, entries }))
    }

    /// Rule E38.
    fn principal_entries(&mut self, value: Value<'_>) -> Option<Vec<PrincipalEntry>> {
        const EXPECTED: &str = "`*`, or an object with `AWS`, `Service`, `Federated` or `CanonicalUser`";
        let members = match value.kind() {
            Kind::String(text) if text == "*" => {
                return Some(vec![PrincipalEntry {
                    span: value.span(),
                    text: self.source.share(text),
                    name: PrincipalName::Everyone,
                }]);
            }
            Kind::Object(members) if !members.is_empty() => members,
            Kind::Object(_) => {
                let diagnostic =
                    self.mistake("E49", value.span(), "an empty principal").found("an empty object").expected(EXPECTED);
                self.report(diagnostic);
                return None;
            }
            Kind::String(text) => {
                let diagnostic =
                    self.mistake("E38", value.span(), "malformed principal").found(quote(text)).expected(EXPECTED);
                self.report(diagnostic);
                return None;
            }
            _ => {
                self.wrong_type("E38", value, "malformed principal", EXPECTED);
                return None;
            }
        };
        all(members.iter().map(|member| self.principal_member(member))).map(joined)
    }

    fn principal_member(&mut self, member: Member<'_>) -> Option<Vec<PrincipalEntry>> {
        let read: fn(&str) -> Result<PrincipalName, Refused> = match member.name() {
            "AWS" => PrincipalName::aws,
            "Service" => PrincipalName::service,
            "Federated" => PrincipalName::federated,
            "CanonicalUser" => PrincipalName::canonical_user,
            _ => {
                self.unknown_member("E38", member, &["AWS", "Service", "Federated", "CanonicalUser"]);
                return None;
            }
        };
        let items = member.value().one_or_many();
        if items.is_empty() {
            let diagnostic = self
                .mistake("E49", member.value().span(), "an empty principal")
                .found("an empty list")
                .expected("a name");
            self.report(diagnostic);
            return None;
        }
        self.check_count(member.value().span(), items.len())?;
        all(items.iter().map(|item| self.principal_entry(item, read)))
    }

    fn principal_entry(
        &mut self,
        item: Value<'_>,
        read: fn(&str) -> Result<PrincipalName, Refused>,
    ) -> Option<PrincipalEntry> {
        let Kind::String(text) = item.kind() else {
            self.wrong_type("E38", item, "a principal that is no string", "a string");
            return None;
        };
        if text.is_empty() {
            let diagnostic =
                self.mistake("E49", item.span(), "an empty principal").found("an empty string").expected("a name");
            self.report(diagnostic);
            return None;
        }
        self.check_length(item.span(), text)?;
        match read(text) {
            Ok(name) => Some(PrincipalEntry { span: item.span(), text: self.source.share(text), name }),
            Err(Refused { rule, message, expected }) => {
                let diagnostic = self.mistake(rule, item.span(), message).found(quote(text)).expected(expected);
                self.report(diagnostic);
                None
            }
        }
    }
}
