//! Which role a login gets in the enhanced flow (Rules C16 to C34).

use super::claims::Claim;
use super::error::{Reason, Refusal};
use super::login::{Admitted, Login, admit};
use super::names;
use super::pool::{Ambiguity, MappingKind, Pool, RoleMapping, RuleList};
use super::provider::ProviderKind;
use super::rules::{self, RuleOutcome, Walk};
use crate::source::quote;

/// How the first rule that ends the walk is found; the answer is the same (Rule C38).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[doc(hidden)]
pub enum RuleWalk {
    /// By the compiled tree.
    #[default]
    Compiled,
    /// By the plain loop, which is the law.
    Plain,
}

/// What a login asks for, and of whom.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub pool: &'a Pool,
    pub login: Admitted<'a>,
    pub custom: Option<&'a str>,
    pub walk: RuleWalk,
}

/// How a role was chosen, for the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChosenBy {
    /// The pool's default role: no mapping applies (Rules C10, C17).
    Default,
    /// `cognito:preferred_role` (Rule C20).
    PreferredRole,
    /// The role asked for, which the token or a rule allows (Rules C19, C31, C32).
    CustomRole,
    /// The only role of a SAML assertion (Rule C32).
    OnlyRole,
    /// A rule (Rule C24).
    Rule,
    /// `AmbiguousRoleResolution` (Rules C21 to C24).
    AmbiguousRoleResolution,
    /// The client, in the basic flow (Rule C41).
    Client,
}

/// What became of one login, success or not: the error still says how far it came.
pub(super) struct Chosen<'a> {
    pub mapping: Option<(String, &'a RoleMapping)>,
    pub walk: Option<Walk>,
    /// Whether a certain role was asked for.
    pub is_custom: bool,
    pub role: Result<(&'a str, ChosenBy), Refusal>,
}

const PREFERRED: &str = "cognito:preferred_role";
const ROLES: &str = "cognito:roles";
const SAML_ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";

/// Rule C16: the mapping under the key of this login, and what it says.
pub(super) fn choose<'a>(question: Question<'a>) -> Chosen<'a> {
    let Question { pool, login, custom, .. } = question;
    let key = login.provider.mapping_key(login.client());
    let kind = login.provider.kind();
    let Some(mapping) = pool.mapping(&key) else {
        let role = if kind == ProviderKind::Saml { saml_without_mapping(question) } else { default_role(question) };
        return Chosen { mapping: None, walk: None, is_custom: custom.is_some(), role };
    };
    let (walk, role) = match mapping.kind() {
        _ if kind == ProviderKind::Developer && custom.is_some() => {
            (None, Err(no_custom_role("C33", "a developer login has no choice of roles")))
        }
        MappingKind::Rules(list) => {
            let walk = walk(question, list);
            (Some(walk), by_rules(question, mapping, list, walk))
        }
        MappingKind::Token { .. } => (None, by_token(question, mapping)),
    };
    Chosen { mapping: Some((key, mapping)), walk, is_custom: custom.is_some(), role }
}

/// Rule C10: the role of guests.
pub(super) fn guest_role<'a>(pool: &'a Pool, custom: Option<&str>) -> Result<(&'a str, ChosenBy), Refusal> {
    if custom.is_some() {
        return Err(no_custom_role("C33", "a guest has no choice of roles"));
    }
    let missing = || Refusal::new(Reason::NoUnauthenticatedRole, "C10", "the pool has no role for guests");
    pool.unauthenticated_role().map(|role| (role, ChosenBy::Default)).ok_or_else(missing)
}

type Role<'a> = Result<(&'a str, ChosenBy), Refusal>;

/// Rules C17 and C33.
fn default_role(question: Question<'_>) -> Role<'_> {
    match question.custom {
        Some(_) => Err(no_custom_role("C33", "the login's provider has no role mapping")),
        None => authenticated(question.pool, "C17").map(|role| (role, ChosenBy::Default)),
    }
}

fn authenticated<'a>(pool: &'a Pool, rule: &'static str) -> Result<&'a str, Refusal> {
    let missing = || Refusal::new(Reason::NoAuthenticatedRole, rule, "the pool has no role for signed-in users");
    pool.authenticated_role().ok_or_else(missing)
}

fn no_custom_role(rule: &'static str, why: &str) -> Refusal {
    Refusal::new(Reason::CustomRoleNotAllowed, rule, format!("the role asked for is not to be had: {why}"))
}

/// `AmbiguousRoleResolution` (Rules C21 to C24); absent it is `Deny` (Rule C23). `why` says what was ambiguous.
fn resolve<'a>(question: Question<'a>, mapping: &RoleMapping, rule: &'static str, why: &str) -> Role<'a> {
    match mapping.ambiguity() {
        Some(Ambiguity::AuthenticatedRole) => {
            authenticated(question.pool, rule).map(|role| (role, ChosenBy::AmbiguousRoleResolution))
        }
        Some(Ambiguity::Deny) => {
            Err(Refusal::new(Reason::AmbiguousRole, rule, format!("{why}, and the mapping denies")))
        }
        None => {
            let message = format!("{why}, and the mapping has no `AmbiguousRoleResolution`, which denies");
            Err(Refusal::new(Reason::AmbiguousRole, "C23", message))
        }
    }
}

/// `Type: Token` (Rules C18 to C22, C32).
fn by_token<'a>(question: Question<'a>, mapping: &RoleMapping) -> Role<'a> {
    let TokenRoles { preferred, roles } = match question.login.provider.kind() {
        ProviderKind::UserPool => token_roles(&question.login)?,
        ProviderKind::Saml => saml_roles(&question.login)?.map(TokenRoles::of_saml).unwrap_or_default(),
        // Rule C22: a third party cannot name our roles.
        ProviderKind::Social | ProviderKind::Oidc | ProviderKind::Developer => TokenRoles::default(),
    };
    if let Some(custom) = question.custom {
        // Rule C19: membership, whatever the default or the preferred role is.
        return match roles.contains(&custom) {
            true => Ok((custom, ChosenBy::CustomRole)),
            false => Err(no_custom_role("C19", "it is none of the token's roles")),
        };
    }
    match preferred {
        Some(preferred) if question.login.provider.kind() == ProviderKind::Saml => Ok((preferred, ChosenBy::OnlyRole)),
        // Rule C20: also when it is none of the roles.
        Some(preferred) => Ok((preferred, ChosenBy::PreferredRole)),
        None if roles.is_empty() => resolve(question, mapping, "C22", "the token names no role"),
        None => resolve(question, mapping, "C21", "the token prefers none of its roles"),
    }
}

/// What a token says of roles.
#[derive(Default)]
struct TokenRoles<'a> {
    preferred: Option<&'a str>,
    roles: Vec<&'a str>,
}

impl<'a> TokenRoles<'a> {
    /// Rule C32: a single role counts as the preferred one.
    fn of_saml(roles: Vec<&'a str>) -> Self {
        let preferred = match roles.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        TokenRoles { preferred, roles }
    }
}

/// Rule C18.
fn token_roles<'a>(login: &Admitted<'a>) -> Result<TokenRoles<'a>, Refusal> {
    let malformed = |name: &str, expected: &str| {
        let message = format!("malformed claim `{name}`: expected {expected}");
        Err(Refusal::new(Reason::MalformedRoleClaims, "C18", message))
    };
    let preferred = match login.claim(PREFERRED) {
        None => None,
        Some(Claim::Text(text)) if !text.is_empty() => Some(&**text),
        Some(_) => return malformed(PREFERRED, "a text that is not empty"),
    };
    let roles: Option<Vec<&str>> = match login.claim(ROLES) {
        None => Some(Vec::new()),
        Some(Claim::Text(text)) => Some(split_at_commas(text)),
        Some(Claim::List(items)) => items.iter().map(Claim::as_text).collect(),
        Some(_) => None,
    };
    match roles {
        Some(roles) if roles.iter().all(|role| !role.is_empty()) => Ok(TokenRoles { preferred, roles }),
        _ => malformed(ROLES, "a list of role ARNs, or one text of them with commas"),
    }
}

/// The parts of a text between its commas; blanks around a comma do not count (Rule C18).
fn split_at_commas(text: &str) -> Vec<&str> {
    let last = text.matches(',').count();
    let parts = text.split(',').enumerate();
    parts
        .map(|(index, part)| {
            let part = if index > 0 { part.trim_start_matches(BLANKS) } else { part };
            if index < last { part.trim_end_matches(BLANKS) } else { part }
        })
        .collect()
}

const BLANKS: [char; 2] = [' ', '\t'];

/// The roles of a SAML assertion for its provider, each once; none if the attribute is absent (Rule C32).
fn saml_roles<'a>(login: &Admitted<'a>) -> Result<Option<Vec<&'a str>>, Refusal> {
    let malformed = || {
        let message = "malformed attribute for roles: expected values `ROLE_ARN,PROVIDER_ARN`";
        Refusal::new(Reason::MalformedRoleClaims, "C32", message)
    };
    let Some(attribute) = login.claim(SAML_ROLE) else { return Ok(None) };
    let values = match attribute {
        Claim::List(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut roles = Vec::new();
    for value in values {
        let (role, provider) = value.as_text().and_then(saml_pair).ok_or_else(malformed)?;
        if Some(provider) == login.provider.arn() && !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(Some(roles))
}

/// `ROLE_ARN,PROVIDER_ARN` in either order.
fn saml_pair(text: &str) -> Option<(&str, &str)> {
    let parts = split_at_commas(text);
    let [one, two] = parts.as_slice() else { return None };
    let is_pair = |role, provider| {
        names::is_role_arn_of_any_partition(role) && names::is_saml_provider_of_any_partition(provider)
    };
    match () {
        () if is_pair(one, two) => Some((one, two)),
        () if is_pair(two, one) => Some((two, one)),
        () => None,
    }
}

/// Rule C32 without a mapping: the assertion itself may name the role.
fn saml_without_mapping(question: Question<'_>) -> Role<'_> {
    let Some(roles) = saml_roles(&question.login)? else { return default_role(question) };
    match (question.custom, roles.as_slice()) {
        (Some(custom), roles) if roles.contains(&custom) => Ok((custom, ChosenBy::CustomRole)),
        (Some(_), _) => Err(no_custom_role("C32", "it is none of the assertion's roles")),
        (None, [only]) => Ok((only, ChosenBy::OnlyRole)),
        (None, roles) => {
            let message = format!("the assertion names {} roles for its provider, expected one", roles.len());
            Err(Refusal::new(Reason::AmbiguousRole, "C32", message))
        }
    }
}

/// The rules that choose the role of one login, ready to be walked: what benchmarks time.
#[derive(Clone, Copy)]
#[doc(hidden)]
pub struct RuleQuestion<'a> {
    list: &'a RuleList,
    login: Admitted<'a>,
}

impl RuleQuestion<'_> {
    /// The first rule that ends the walk.
    pub fn first(&self, walk: RuleWalk) -> Option<usize> {
        let found = match walk {
            RuleWalk::Compiled => self.list.tree().walk(self.list.rules(), &self.login),
            RuleWalk::Plain => rules::walk(self.list.rules(), &self.login),
        };
        match found {
            Walk::At(index, _) => Some(index),
            Walk::NoMatch => None,
        }
    }
}

impl Pool {
    /// The rules of one login's mapping. None if the pool refuses the login or its mapping has no rules.
    #[doc(hidden)]
    pub fn rule_question<'a>(&'a self, login: &'a Login) -> Option<RuleQuestion<'a>> {
        let login = admit(self, std::slice::from_ref(login)).ok()?.pop()?;
        match self.mapping(&login.provider.mapping_key(login.client()))?.kind() {
            MappingKind::Rules(list) => Some(RuleQuestion { list, login }),
            MappingKind::Token { .. } => None,
        }
    }
}

fn walk(question: Question<'_>, list: &RuleList) -> Walk {
    match (question.custom, question.walk) {
        (Some(custom), _) => rules::walk_for_role(list.rules(), &question.login, custom),
        (None, RuleWalk::Compiled) => list.tree().walk(list.rules(), &question.login),
        (None, RuleWalk::Plain) => rules::walk(list.rules(), &question.login),
    }
}

/// `Type: Rules` (Rules C24, C29 to C31).
fn by_rules<'a>(question: Question<'a>, mapping: &RoleMapping, list: &'a RuleList, walk: Walk) -> Role<'a> {
    let Walk::At(index, outcome) = walk else {
        return match question.custom {
            Some(_) => Err(no_custom_role("C31", "no rule with that role matches")),
            None => resolve(question, mapping, "C24", "no rule matches"),
        };
    };
    let Some(rule) = list.rules().get(index) else { return resolve(question, mapping, "C24", "no rule matches") };
    if outcome != RuleOutcome::Matches {
        let text = quote(&rule.to_string());
        let message = format!("`Rules[{index}]`, {text}, cannot be decided for this value of its claim");
        return Err(Refusal::new(Reason::UndecidableClaim, "C29", message));
    }
    let by = if question.custom.is_some() { ChosenBy::CustomRole } else { ChosenBy::Rule };
    Ok((rule.role_arn(), by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_roles() {
        assert_eq!(split_at_commas("a , b,\tc"), ["a", "b", "c"]);
        assert_eq!(split_at_commas(" a "), [" a "]);
        assert_eq!(split_at_commas("a, ,b"), ["a", "", "b"]);
        assert_eq!(split_at_commas(""), [""]);
    }

    #[test]
    fn pairs_of_saml() {
        let (role, provider) = ("arn:aws:iam::111122223333:role/R", "arn:aws:iam::111122223333:saml-provider/Corp");
        assert_eq!(saml_pair(&format!("{role},{provider}")), Some((role, provider)));
        assert_eq!(saml_pair(&format!("{provider} , {role}")), Some((role, provider)));
        for text in [role.to_owned(), format!("{role},{role}"), format!("{role},{provider},x"), format!("x,{provider}")]
        {
            assert_eq!(saml_pair(&text), None, "{text}");
        }
    }
}
