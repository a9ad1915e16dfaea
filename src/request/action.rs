//! The action of a request (Rule L26), and which rules single it out.

use super::context::key_hash;
use super::error::{RequestError, RequestErrorKind};
use crate::language::action::parse_request_action;

/// The action of a request, split at its colon (Rule L26).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestAction<'a> {
    /// The whole text, `service:Name`.
    pub text: &'a str,
    /// What stands before the colon.
    pub service: &'a str,
    /// What stands behind it.
    pub name: &'a str,
    parts: ActionParts,
}

/// What is worked out of an action once, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActionParts {
    /// Where the colon stands.
    colon: usize,
    /// The same for all spellings that differ in ASCII case only.
    pub hash: u32,
    special: u8,
}

/// The actions that rules treat specially.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// One of the five that assume a role (Rule E33).
    AssumesRole,
    /// One that takes a token whatever the caller is (Rule E2).
    TakesToken,
    /// One that takes a token if an identity provider calls (Rule E2).
    MayTakeToken,
    /// `sts:GetCallerIdentity` (Rule E35).
    GetsCallerIdentity,
    /// `sts:GetSessionToken` (Rule E35).
    GetsSessionToken,
    /// `kms:RetireGrant` (Rule E15).
    RetiresGrant,
    /// One of the three on the policy of a bucket (Rule E26).
    HandlesBucketPolicy,
    /// An action of S3 or DynamoDB, whose endpoints are gateways (Rule E17).
    Gateway,
}

impl Special {
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The marks of an action: the one place where these names stand.
    fn of(service: &str, name: &str) -> u8 {
        let is = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mark = |known: &[&str], special: Special| if is(known) { special.bit() } else { 0 };
        match service.len() {
            2 if service.eq_ignore_ascii_case("s3") => {
                let policy = ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"];
                Special::Gateway.bit() | mark(&policy, Special::HandlesBucketPolicy)
            }
            3 if service.eq_ignore_ascii_case("sts") => {
                let token = ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"];
                let perhaps = ["TagSession", "SetSourceIdentity"];
                let assumes = is(&["AssumeRole"]) || is(&token) || is(&perhaps);
                mark(&token, Special::TakesToken)
                    | mark(&perhaps, Special::MayTakeToken)
                    | if assumes { Special::AssumesRole.bit() } else { 0 }
                    | mark(&["GetCallerIdentity"], Special::GetsCallerIdentity)
                    | mark(&["GetSessionToken"], Special::GetsSessionToken)
            }
            3 if service.eq_ignore_ascii_case("kms") => mark(&["RetireGrant"], Special::RetiresGrant),
            8 if service.eq_ignore_ascii_case("dynamodb") => Special::Gateway.bit(),
            _ => 0,
        }
    }
}

impl ActionParts {
    /// The action of a text that these parts were worked out of.
    pub(crate) fn of(self, text: &str) -> RequestAction<'_> {
        let (service, rest) = text.split_at_checked(self.colon).unwrap_or_default();
        RequestAction { text, service, name: rest.get(1..).unwrap_or_default(), parts: self }
    }

    /// Whether no rule but that of gateways (Rule E17) singles the action out.
    pub(crate) fn is_ordinary(self) -> bool {
        self.special & !Special::Gateway.bit() == 0
    }

    /// Whether the kind of caller depends on the action (Rule E2).
    pub(crate) fn may_take_token(self) -> bool {
        self.special & (Special::TakesToken.bit() | Special::MayTakeToken.bit()) != 0
    }
}

impl<'a> RequestAction<'a> {
    /// Reads an action of a request.
    ///
    /// # Errors
    ///
    /// Returns what is malformed (Rule L26).
    pub fn parse(text: &'a str) -> Result<Self, RequestError> {
        let (service, name) = parse_request_action(text)
            .map_err(|error| RequestError::new(RequestErrorKind::Action, "L26", error.to_string()))?;
        let parts = ActionParts { colon: service.len(), hash: key_hash(text), special: Special::of(service, name) };
        Ok(RequestAction { text, service, name, parts })
    }

    /// Whether it is one of the actions given as `service:Name`, compared without regard to ASCII case (Rule L22).
    pub fn is_one_of(&self, actions: &[&str]) -> bool {
        actions.iter().any(|action| action.eq_ignore_ascii_case(self.text))
    }

    /// Whether rules treat it so.
    pub(crate) fn is(&self, special: Special) -> bool {
        self.parts.special & special.bit() != 0
    }

    pub(crate) fn parts(&self) -> ActionParts {
        self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_agree_with_the_names() {
        use Special::*;
        for (special, names) in [
            (
                AssumesRole,
                &[
                    "sts:AssumeRole",
                    "sts:AssumeRoleWithWebIdentity",
                    "sts:AssumeRoleWithSAML",
                    "sts:TagSession",
                    "sts:SetSourceIdentity",
                ][..],
            ),
            (TakesToken, &["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"]),
            (MayTakeToken, &["sts:TagSession", "sts:SetSourceIdentity"]),
            (GetsCallerIdentity, &["sts:GetCallerIdentity"]),
            (GetsSessionToken, &["sts:GetSessionToken"]),
            (RetiresGrant, &["kms:RetireGrant"]),
            (HandlesBucketPolicy, &["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]),
        ] {
            let others = ["s3:GetObject", "kms:AssumeRole", "sts:RetireGrant", "sts:AssumeRoles", "xs:GetBucketPolicy"];
            for action in names.iter().copied().chain(others) {
                for action in [action.to_owned(), action.to_ascii_uppercase()] {
                    let parsed = RequestAction::parse(&action).unwrap();
                    assert_eq!(parsed.is(special), parsed.is_one_of(names), "{special:?} {action}");
                    assert_eq!(parsed.parts().of(&action), parsed);
                }
            }
        }
        for (action, gateway) in [("S3:x", true), ("DynamoDB:x", true), ("s3s:x", false), ("sts:x", false)] {
            assert_eq!(RequestAction::parse(action).unwrap().is(Gateway), gateway, "{action}");
        }
    }
}
