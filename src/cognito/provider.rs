//! One login provider under its several names (Rule C8).
//!
//! | Kind | Login key | Mapping key | Tag map key | `amr` beside `authenticated` |
//! |---|---|---|---|---|
//! | user pool | `cognito-idp.REGION.amazonaws.com/POOL` | login key, `:`, client id | login key | login key; login key, `:CognitoSignIn:`, `sub` |
//! | social | its host name | same | same | same |
//! | OIDC | the ARN behind `oidc-provider/` | the ARN | the ARN | login key; ARN, `:OIDC:`, `sub` |
//! | SAML | the ARN | the ARN | the ARN | the ARN |
//! | developer | its name | same | none | same |

use super::names;

/// The kinds of login provider, in the order in which they are tried (Rule C11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ProviderKind {
    /// A Cognito user pool.
    UserPool,
    /// Facebook, Google, Apple, Amazon, Twitter, Digits, or another name of `SupportedLoginProviders`.
    Social,
    /// An OpenID Connect provider of IAM.
    Oidc,
    /// A SAML provider of IAM.
    Saml,
    /// The owner's own back end.
    Developer,
}

/// A login provider that a pool declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    kind: ProviderKind,
    name: Box<str>,
    /// The client ids of a user pool, the app id of a social provider; empty for the other kinds.
    audiences: Vec<Box<str>>,
}

/// Social providers that every pool knows (Rule C8).
pub(super) const SOCIAL: [&str; 6] = [
    "graph.facebook.com",
    "accounts.google.com",
    "appleid.apple.com",
    "www.amazon.com",
    "api.twitter.com",
    "www.digits.com",
];

/// Social providers whose tokens hold nothing that a rule may use but [`BARE_CLAIMS`] (Rule C27).
const BARE: [&str; 4] = ["graph.facebook.com", "www.amazon.com", "api.twitter.com", "www.digits.com"];

const BARE_CLAIMS: [&str; 3] = ["iss", "aud", "sub"];

impl Provider {
    pub(super) fn new(kind: ProviderKind, name: &str, audiences: Vec<Box<str>>) -> Self {
        Provider { kind, name: name.into(), audiences }
    }

    /// The kind.
    pub fn kind(&self) -> ProviderKind {
        self.kind
    }

    /// The key of the logins map (Rules C8, C9): what an app calls this provider when it hands over a token.
    pub fn login_key(&self) -> &str {
        match self.kind {
            ProviderKind::Oidc => names::provider_of_arn(&self.name, "oidc-provider/").unwrap_or(&self.name),
            _ => &self.name,
        }
    }

    /// The key of `RoleMappings` for a token of a client (Rules C8, C16). Only user pools have one a client.
    pub fn mapping_key(&self, client: &str) -> String {
        match self.kind {
            ProviderKind::UserPool => format!("{}:{client}", self.name),
            _ => self.name.to_string(),
        }
    }

    /// The key of its map of principal tags (Rules C8, C50); developers have none (Rule C34).
    pub fn tag_map_key(&self) -> Option<&str> {
        (self.kind != ProviderKind::Developer).then_some(&*self.name)
    }

    /// The values of `amr` besides `authenticated` (Rules C8, C46). `subject` is the `sub` of the token.
    pub fn amr(&self, subject: &str) -> Vec<String> {
        let name = self.login_key().to_owned();
        match self.kind {
            ProviderKind::UserPool => vec![name, format!("{}:CognitoSignIn:{subject}", self.name)],
            ProviderKind::Oidc => vec![name, format!("{}:OIDC:{subject}", self.name)],
            ProviderKind::Social | ProviderKind::Saml | ProviderKind::Developer => vec![name],
        }
    }

    /// The client ids of a user pool, or the app id of a social provider: what `aud` has to be (Rule C12).
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.audiences.iter().map(|audience| &**audience)
    }

    /// The ARN of an OIDC or SAML provider.
    pub fn arn(&self) -> Option<&str> {
        matches!(self.kind, ProviderKind::Oidc | ProviderKind::Saml).then_some(&*self.name)
    }

    /// Whether rules may use a claim of its tokens (Rules C27, C34).
    pub(super) fn lends_to_rules(&self, claim: &str) -> bool {
        match self.kind {
            ProviderKind::Developer => false,
            ProviderKind::Social if BARE.contains(&&*self.name) => BARE_CLAIMS.contains(&claim),
            ProviderKind::UserPool | ProviderKind::Social | ProviderKind::Oidc | ProviderKind::Saml => true,
        }
    }

    /// Whether its token is a JSON Web Token with `iss`, `aud` and `sub` (Rule C12).
    pub(super) fn is_token(&self) -> bool {
        matches!(self.kind, ProviderKind::UserPool | ProviderKind::Social | ProviderKind::Oidc)
    }
}

impl ProviderKind {
    /// In words, with its article.
    pub fn phrase(self) -> &'static str {
        match self {
            ProviderKind::UserPool => "a user pool",
            ProviderKind::Social => "a social provider",
            ProviderKind::Oidc => "an OIDC provider",
            ProviderKind::Saml => "a SAML provider",
            ProviderKind::Developer => "a developer provider",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_user_pool() {
        let name = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab";
        let provider = Provider::new(ProviderKind::UserPool, name, vec!["client".into()]);
        assert_eq!(provider.login_key(), name);
        assert_eq!(provider.mapping_key("client"), format!("{name}:client"));
        assert_eq!(provider.tag_map_key(), Some(name));
        assert_eq!(provider.amr("s"), [name.to_owned(), format!("{name}:CognitoSignIn:s")]);
    }

    #[test]
    fn names_of_an_oidc_provider() {
        let arn = "arn:aws:iam::111122223333:oidc-provider/login.example.com/a";
        let provider = Provider::new(ProviderKind::Oidc, arn, Vec::new());
        assert_eq!(provider.login_key(), "login.example.com/a");
        assert_eq!(provider.mapping_key("client"), arn);
        assert_eq!(provider.tag_map_key(), Some(arn));
        assert_eq!(provider.amr("s"), ["login.example.com/a".to_owned(), format!("{arn}:OIDC:s")]);
    }

    #[test]
    fn what_rules_may_use() {
        let social = |name| Provider::new(ProviderKind::Social, name, Vec::new());
        assert!(social("accounts.google.com").lends_to_rules("email"));
        assert!(!social("www.amazon.com").lends_to_rules("user_id"));
        assert!(social("www.amazon.com").lends_to_rules("sub"));
        assert!(!Provider::new(ProviderKind::Developer, "x", Vec::new()).lends_to_rules("sub"));
    }
}
