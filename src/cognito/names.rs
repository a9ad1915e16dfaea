//! How the names of pools, identities, providers and roles are written (Rules C4 to C8, C15, C47).

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::language::arn::Arn;

/// What a text of a pool file has to look like: its length in characters, which characters, and that in words.
pub(super) struct Form {
    pub least: usize,
    pub most: usize,
    pub holds: fn(char) -> bool,
    pub expected: &'static str,
}

impl Form {
    pub fn fits(&self, text: &str) -> bool {
        (self.least..=self.most).contains(&text.chars().count()) && text.chars().all(self.holds)
    }
}

/// `IdentityPoolName` (Rule C4).
pub(super) const POOL_NAME: Form = Form {
    least: 1,
    most: 128,
    holds: |c| {
        is_word(c) || matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' | '+' | '=' | ',' | '.' | '@' | '-')
    },
    expected: "1 to 128 letters, digits, blanks or `_+=,.@-`",
};

/// The name of a social provider, and of the provider of a tag map (Rules C4, C7).
pub(super) const PROVIDER_NAME: Form = Form { least: 1, most: 128, holds: |_| true, expected: "1 to 128 characters" };

/// The app id of a social provider (Rule C4).
pub(super) const APP_ID: Form = Form {
    least: 1,
    most: 128,
    holds: |c| is_word(c) || matches!(c, '.' | ';' | '/' | '-'),
    expected: "1 to 128 letters, digits or `_.;/-`",
};

/// `DeveloperProviderName` (Rule C4).
pub(super) const DEVELOPER_NAME: Form = Form {
    least: 1,
    most: 128,
    holds: |c| is_word(c) || matches!(c, '.' | '-'),
    expected: "1 to 128 letters, digits or `_.-`",
};

/// `ProviderName` of a user pool (Rule C4).
pub(super) const USER_POOL_NAME: Form = Form {
    least: 1,
    most: 128,
    holds: |c| is_word(c) || matches!(c, '.' | ':' | '/' | '-'),
    expected: "a name such as `cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI`, at most 128 characters",
};

/// `ClientId` of a user pool (Rule C4).
pub(super) const CLIENT_ID: Form =
    Form { least: 1, most: 128, holds: is_word, expected: "1 to 128 letters, digits or `_`" };

/// `Claim` of a rule (Rule C6).
pub(super) const RULE_CLAIM: Form = Form {
    least: 1,
    most: 64,
    holds: |c| !matches!(c.general_category_group(), GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other),
    expected: "1 to 64 letters, marks, numbers, punctuation or symbols",
};

/// `Value` of a rule (Rule C6).
pub(super) const RULE_VALUE: Form = Form { least: 1, most: 128, holds: |_| true, expected: "1 to 128 characters" };

/// A key of a tag map (Rule C7). What STS takes as a key is checked when the tag is made (Rule C53).
pub(super) const MAP_KEY: Form = Form { least: 1, most: 128, holds: |_| true, expected: "1 to 128 characters" };

/// The claim of a tag map (Rule C7).
pub(super) const MAP_CLAIM: Form = Form { least: 1, most: 256, holds: |_| true, expected: "1 to 256 characters" };

/// A session name, as STS takes it (Rule C41).
pub(super) const SESSION_NAME: Form = Form {
    least: 2,
    most: 64,
    holds: |c| is_word(c) || matches!(c, '+' | '=' | ',' | '.' | '@' | '-'),
    expected: "2 to 64 letters, digits or `_+=,.@-`",
};

/// The characters of a session tag, key or value (Rule C53).
pub(super) fn is_tag_character(character: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number, Separator};
    matches!(character, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
        || matches!(character.general_category_group(), Letter | Separator | Number)
}

/// `\w` of the service model: ASCII letters, digits and `_`.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The region of an identity or identity pool id, `REGION:GUID` (Rules C4, C15); `None` if it is no such id.
pub(super) fn region_of_id(text: &str) -> Option<&str> {
    let (region, guid) = text.split_once(':')?;
    let is_region = !region.is_empty() && region.chars().all(|c| is_word(c) || c == '-');
    let is_guid = !guid.is_empty() && guid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    (is_region && is_guid && text.len() <= 55).then_some(region)
}

/// Whether a region belongs to another partition than `aws` (Rule C47).
pub(super) fn is_foreign_region(region: &str) -> bool {
    ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"].iter().any(|prefix| region.starts_with(prefix))
}

/// Whether a text is the ARN of a role of partition `aws`, 20 to 2,048 characters (Rule C6).
pub(super) fn is_role_arn(text: &str) -> bool {
    has_arn_length(text) && Arn::parse(text).is_some_and(|arn| arn.partition() == "aws" && is_iam(&arn, "role/"))
}

/// The ARN of a role of any partition (Rules C32, C47).
pub(super) fn is_role_arn_of_any_partition(text: &str) -> bool {
    Arn::parse(text).is_some_and(|arn| is_partition(arn.partition()) && is_iam(&arn, "role/"))
}

/// The ARN of a SAML provider of any partition (Rule C32).
pub(super) fn is_saml_provider_of_any_partition(text: &str) -> bool {
    Arn::parse(text).is_some_and(|arn| is_partition(arn.partition()) && is_iam(&arn, "saml-provider/"))
}

/// What stands behind `word` in the ARN of an identity provider of partition `aws`, 20 to 2,048 characters (Rule C4).
/// `word` is `oidc-provider/` or `saml-provider/`.
pub(super) fn provider_of_arn<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let arn = Arn::parse(text).filter(|arn| has_arn_length(text) && arn.partition() == "aws" && is_iam(arn, word))?;
    arn.resource().strip_prefix(word)
}

/// The login key and the client id of a mapping key of the form `cognito-idp.REGION.amazonaws.com/POOL:CLIENT` (Rule C8).
pub(super) fn split_user_pool_key(text: &str) -> Option<(&str, &str)> {
    let (login_key, client) = text.rsplit_once(':')?;
    let (host, pool) = login_key.split_once('/')?;
    let region = host.strip_prefix("cognito-idp.")?.strip_suffix(".amazonaws.com")?;
    let is_region = !region.is_empty() && region.chars().all(|c| is_word(c) || c == '-');
    let is_pool = !pool.is_empty() && pool.chars().all(|c| is_word(c) || c == '-');
    let is_ours = is_region && !is_foreign_region(region);
    (is_ours && is_pool && CLIENT_ID.fits(client)).then_some((login_key, client))
}

/// Whether the name of a user pool says that it is of another partition than `aws` (Rule C47).
pub(super) fn is_foreign_user_pool(name: &str) -> bool {
    name.strip_prefix("cognito-idp.").is_some_and(is_foreign_region)
}

fn has_arn_length(text: &str) -> bool {
    (20..=2_048).contains(&text.chars().count())
}

fn is_partition(text: &str) -> bool {
    text == "aws" || text.strip_prefix("aws-").is_some_and(|rest| !rest.is_empty())
}

/// An ARN of IAM whose resource is `word` and a name behind it.
fn is_iam(arn: &Arn<'_>, word: &str) -> bool {
    let is_account = arn.account().len() == 12 && arn.account().bytes().all(|byte| byte.is_ascii_digit());
    let is_named = arn.resource().strip_prefix(word).is_some_and(|name| !name.is_empty());
    arn.service() == "iam" && arn.region().is_empty() && is_account && is_named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_region_and_guid() {
        assert_eq!(region_of_id("us-east-1:0f1e-2d"), Some("us-east-1"));
        for text in ["", ":", "us-east-1:", ":0f", "us-east-1:NOT", "us-east-1:0f:1e", "us east:0f"] {
            assert_eq!(region_of_id(text), None, "{text}");
        }
        assert!(region_of_id(&format!("us-east-1:{}", "0".repeat(45))).is_some());
        assert!(region_of_id(&format!("us-east-1:{}", "0".repeat(46))).is_none());
    }

    #[test]
    fn mapping_keys_of_user_pools() {
        let key = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab:client1";
        assert_eq!(split_user_pool_key(key), Some(("cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab", "client1")));
        for text in [
            "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab:client1",
            "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Ab:client1",
            "cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_Ab:client1",
            "cognito-idp.us-east-1.amazonaws.com/:client1",
            "cognito-idp.us-east-1.amazonaws.com/us-east-1_Ab:",
        ] {
            assert_eq!(split_user_pool_key(text), None, "{text}");
        }
    }

    #[test]
    fn characters_of_tags_and_claim_names() {
        for (character, in_tag, in_claim) in [
            ('é', true, true),
            ('½', true, true),
            ('\u{301}', false, true),
            ('Ⓐ', false, true),
            (' ', true, false),
            ('\u{a0}', true, false),
            ('\u{200b}', false, false),
            ('\n', false, false),
            ('|', false, true),
            ('*', false, true),
            ('$', false, true),
            ('@', true, true),
        ] {
            assert_eq!(is_tag_character(character), in_tag, "{character:?}");
            assert_eq!((RULE_CLAIM.holds)(character), in_claim, "{character:?}");
        }
    }

    #[test]
    fn arns() {
        assert!(is_role_arn("arn:aws:iam::111122223333:role/team/App"));
        for text in [
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::1111:role/App",
            "arn:aws-cn:iam::111122223333:role/App",
            "arn:aws:iam:us-east-1:111122223333:role/App",
            "arn:aws:sts::111122223333:role/App",
            "arn:aws:iam::111122223333:user/App",
        ] {
            assert!(!is_role_arn(text), "{text}");
        }
        assert!(is_role_arn_of_any_partition("arn:aws-cn:iam::111122223333:role/App"));
        let arn = "arn:aws:iam::111122223333:oidc-provider/login.example.com/realms/app";
        assert_eq!(provider_of_arn(arn, "oidc-provider/"), Some("login.example.com/realms/app"));
        assert_eq!(provider_of_arn(arn, "saml-provider/"), None);
    }
}
