//! Who asks (Rules E2, E3), and what follows from it for the context (Rules E56, E58, E63).

use super::action::{RequestAction, Special};
use super::context::{Context, ContextValue, DerivedKey, same_key};
use super::error::{RequestError, RequestErrorKind};
use crate::language::arn::{Arn, ArnParts};
use crate::source::{bytes, quote};

/// A classified caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal<'a> {
    kind: PrincipalKind,
    text: &'a str,
    arn: Option<Arn<'a>>,
    name: Name,
}

/// Where the name of a caller stands in the resource part of its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Name {
    start: u32,
    end: u32,
}

/// The kinds of caller of Rule E2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub enum PrincipalKind {
    /// Left out: somebody of the owner's account.
    Unnamed,
    /// An unsigned request, `*`.
    Anonymous,
    /// The identity provider behind a token.
    FederatedIdp,
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of a role, its name not known.
    Role,
    /// A session of a role.
    Session,
    /// A federated user (`GetFederationToken`).
    FederatedUser,
    /// An AWS service.
    Service,
}

pub(super) const ARN: DerivedKey = DerivedKey::new("aws:PrincipalArn");
pub(super) const ACCOUNT: DerivedKey = DerivedKey::new("aws:PrincipalAccount");
const TYPE: DerivedKey = DerivedKey::new("aws:PrincipalType");
const USER_ID: DerivedKey = DerivedKey::new("aws:userid");
const USER_NAME: DerivedKey = DerivedKey::new("aws:username");
const IS_AWS_SERVICE: DerivedKey = DerivedKey::new("aws:PrincipalIsAWSService");
const SERVICE_NAME: DerivedKey = DerivedKey::new("aws:PrincipalServiceName");

/// Identity providers that are built in (Rule E46).
pub const BUILT_IN_PROVIDERS: [&str; 4] =
    ["cognito-identity.amazonaws.com", "accounts.google.com", "graph.facebook.com", "www.amazon.com"];

/// A classified caller without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PrincipalParts {
    kind: PrincipalKind,
    arn: Option<ArnParts>,
    name: Name,
}

impl PrincipalParts {
    /// The caller of a text that these parts were taken from.
    pub(crate) fn of(self, text: &str) -> Principal<'_> {
        Principal { kind: self.kind, text, arn: self.arn.map(|arn| arn.of(text)), name: self.name }
    }
}

impl<'a> Principal<'a> {
    /// What was worked out of its text.
    pub(crate) fn parts(&self) -> PrincipalParts {
        PrincipalParts { kind: self.kind, arn: self.arn.map(|arn| arn.parts()), name: self.name }
    }

    pub(super) fn unnamed() -> Self {
        Principal { kind: PrincipalKind::Unnamed, text: "", arn: None, name: Name::default() }
    }

    /// Rule E2, in the order of its table.
    pub(super) fn classify(text: &'a str, action: &RequestAction<'_>) -> Result<Self, RequestError> {
        if text == "*" {
            return Ok(Principal { kind: PrincipalKind::Anonymous, text, arn: None, name: Name::default() });
        }
        let refuse = |expected| {
            Err(RequestError::new(
                RequestErrorKind::Principal,
                "E2",
                format!("malformed principal: found {}, expected {expected}", quote(text)),
            ))
        };
        if bytes::contains_any(text.as_bytes(), [b'*', b'?']) {
            return refuse("a name without wildcards, or `*` alone");
        }
        let arn = Arn::parse(text);
        if is_token_caller(text, arn.as_ref(), action) {
            // Of token callers only a provider's ARN has an account and a partition (Rule E3).
            let (kind, arn) = (PrincipalKind::FederatedIdp, arn.filter(is_provider));
            return Ok(Principal { kind, text, arn, name: Name::default() });
        }
        let kind = match &arn {
            Some(arn) => kind_of_arn(arn),
            None => is_service_name(text).then_some((PrincipalKind::Service, Name::default())),
        };
        match kind {
            Some((kind, name)) => Ok(Principal { kind, text, arn, name }),
            None => refuse("the ARN of a root, user, role, role session or federated user, a service name, or `*`"),
        }
    }

    /// The kind of caller.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The principal as given; `None` if unnamed.
    pub fn text(&self) -> Option<&'a str> {
        (self.kind != PrincipalKind::Unnamed).then_some(self.text)
    }

    /// The caller's account (Rule E3).
    pub fn account(&self) -> Option<&'a str> {
        self.arn.map(|arn| arn.account())
    }

    /// The caller's partition (Rule E3).
    pub fn partition(&self) -> Option<&'a str> {
        self.arn.map(|arn| arn.partition())
    }

    /// The resource part of the ARN, such as `role/path/Name`; empty without an ARN.
    pub fn resource(&self) -> &'a str {
        self.arn.map_or("", |arn| arn.resource())
    }

    /// The name: of a user or role without its path, of the role of a session, of a federated user; empty for
    /// other callers.
    pub fn name(&self) -> &'a str {
        self.resource().get(self.name.start as usize..self.name.end as usize).unwrap_or_default()
    }

    /// Whether identity-based policies and a boundary can apply (the last column of Rule E2).
    pub fn takes_identity_policies(&self) -> bool {
        use PrincipalKind::{FederatedUser, Role, Session, Unnamed, User};
        matches!(self.kind, Unnamed | User | Role | Session | FederatedUser)
    }

    /// Whether session policies can apply (the last column of Rule E2).
    pub fn takes_session_policies(&self) -> bool {
        matches!(self.kind, PrincipalKind::Role | PrincipalKind::Session | PrincipalKind::FederatedUser)
    }

    /// Rule E56.
    pub(super) fn derive_keys(&self, context: &mut Context<'a>) {
        // The context is still empty and no key is derived twice.
        let account = self.account().unwrap_or_default();
        match self.kind {
            PrincipalKind::Unnamed | PrincipalKind::FederatedIdp => return,
            PrincipalKind::Anonymous => {
                context.derive_new(ACCOUNT, "anonymous");
                context.derive_new(TYPE, "Anonymous");
                context.derive_new(USER_ID, "anonymous");
                return;
            }
            PrincipalKind::Service => {
                context.derive_new(IS_AWS_SERVICE, "true");
                context.derive_new(SERVICE_NAME, self.text);
                return;
            }
            PrincipalKind::Session => {
                let partition = self.partition().unwrap_or_default();
                let role = ["arn:", partition, ":iam::", account, ":role/", self.name()].concat();
                context.derive_new(ARN, role);
                context.derive_new(TYPE, "AssumedRole");
            }
            PrincipalKind::Role => {
                context.derive_new(ARN, self.text);
                context.derive_new(TYPE, "AssumedRole");
            }
            PrincipalKind::User => {
                context.derive_new(ARN, self.text);
                context.derive_new(TYPE, "User");
                context.derive_new(USER_NAME, self.name());
            }
            PrincipalKind::FederatedUser => {
                context.derive_new(ARN, self.text);
                context.derive_new(TYPE, "FederatedUser");
                context.derive_new(USER_ID, format!("{account}:{}", self.name()));
            }
            PrincipalKind::Root => {
                context.derive_new(ARN, self.text);
                context.derive_new(TYPE, "Account");
                context.derive_new(USER_ID, account);
            }
        }
        context.derive_new(ACCOUNT, account);
        context.derive_new(IS_AWS_SERVICE, "false");
    }

    /// Rule E58: a given key must not contradict the principal.
    pub(super) fn check_given(&self, key: &str, hash: u32, value: &ContextValue<'_>) -> Result<(), RequestError> {
        let text = match value {
            ContextValue::Single(text) => Some(&**text),
            ContextValue::Multi(_) => None,
        };
        let is = |derived: DerivedKey| hash == derived.hash && same_key(key, derived.name);
        let fits = if is(ACCOUNT) {
            self.accepts_account(text)
        } else if is(ARN) {
            self.accepts_arn(text)
        } else {
            true
        };
        if fits {
            return Ok(());
        }
        let found = text.map_or("a list".to_owned(), quote);
        Err(RequestError::new(
            RequestErrorKind::Contradiction,
            "E58",
            format!("the context key {} contradicts the principal {}: found {found}", quote(key), quote(self.text)),
        ))
    }

    fn accepts_account(&self, text: Option<&str>) -> bool {
        match self.kind {
            PrincipalKind::Unnamed | PrincipalKind::Service | PrincipalKind::FederatedIdp => true,
            PrincipalKind::Anonymous => text == Some("anonymous"),
            _ => text.is_some() && text == self.account(),
        }
    }

    fn accepts_arn(&self, text: Option<&str>) -> bool {
        match self.kind {
            PrincipalKind::Unnamed | PrincipalKind::Service | PrincipalKind::FederatedIdp => true,
            PrincipalKind::Anonymous => false,
            PrincipalKind::User | PrincipalKind::FederatedUser | PrincipalKind::Root => text == Some(self.text),
            PrincipalKind::Role | PrincipalKind::Session => text.and_then(Arn::parse).is_some_and(|arn| {
                let name = arn.resource().strip_prefix("role/").and_then(|path| path.rsplit('/').next());
                arn.service() == "iam"
                    && arn.region().is_empty()
                    && (Some(arn.partition()), Some(arn.account())) == (self.partition(), self.account())
                    && name.is_some_and(|name| name.eq_ignore_ascii_case(self.name()))
            }),
        }
    }
}

/// Twelve ASCII digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The resource part of a role's ARN under the path of service-linked roles (Rule E63).
pub(super) fn is_service_linked(resource: &str) -> bool {
    resource.starts_with("role/aws-service-role/")
}

/// Rule E2, second row: who stands behind a token is the identity provider.
fn is_token_caller(text: &str, arn: Option<&Arn<'_>>, action: &RequestAction<'_>) -> bool {
    if text.is_empty() {
        return false;
    }
    if action.is(Special::TakesToken) {
        return true;
    }
    action.is(Special::MayTakeToken) && (arn.is_some_and(is_provider) || BUILT_IN_PROVIDERS.contains(&text))
}

fn is_provider(arn: &Arn<'_>) -> bool {
    arn.service() == "iam" && ["oidc-provider/", "saml-provider/"].iter().any(|word| arn.resource().starts_with(word))
}

/// The kind of caller and where its name stands.
fn kind_of_arn(arn: &Arn<'_>) -> Option<(PrincipalKind, Name)> {
    if arn.partition().is_empty() || !arn.region().is_empty() || !is_account(arn.account()) {
        return None;
    }
    let resource = arn.resource();
    let end = u32::try_from(resource.len()).ok()?;
    let mut slashes = bytes::Places::of(b'/', resource.as_bytes());
    let Some(slash) = slashes.next() else {
        return (arn.is_of("iam") && resource == "root").then_some((PrincipalKind::Root, Name::default()));
    };
    let word = resource.get(..slash as usize)?;
    let (start, next) = (slash + 1, slashes.next());
    if arn.is_of("sts") {
        // A session's own name holds no slash.
        return match (word, next) {
            ("assumed-role", Some(next)) if next > start && next + 1 < end && slashes.next().is_none() => {
                Some((PrincipalKind::Session, Name { start, end: next }))
            }
            ("federated-user", _) if start < end => Some((PrincipalKind::FederatedUser, Name { start, end })),
            _ => None,
        };
    }
    // A path may stand before the name of users and roles.
    let last = std::iter::from_fn(|| slashes.next()).last().or(next).unwrap_or(slash);
    let name = Name { start: last + 1, end };
    match word {
        "user" if arn.is_of("iam") && name.start < end => Some((PrincipalKind::User, name)),
        "role" if arn.is_of("iam") && name.start < end => Some((PrincipalKind::Role, name)),
        _ => None,
    }
}

/// `name.amazonaws.com`, also regional, also `.amazonaws.com.cn`.
fn is_service_name(text: &str) -> bool {
    let name = text.strip_suffix(".amazonaws.com").or_else(|| text.strip_suffix(".amazonaws.com.cn"));
    name.is_some_and(|name| {
        name.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
    })
}
