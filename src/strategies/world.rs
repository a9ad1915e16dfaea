//! The small world that generated policies and requests live in.
//!
//! Its pools are kept tiny on purpose: what a policy says and what a request asks come from the same few texts, so
//! that they meet often. Every pool begins with its plainest member, because that is what shrinking ends at.

use crate::document::PolicyKind;

/// What a policy set is about: an action and the resource it is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Topic {
    pub action: &'static str,
    pub resource: &'static str,
}

/// The account most things belong to.
pub(super) const HOME: &str = "111122223333";

pub(super) const ACCOUNTS: [&str; 3] = [HOME, "444455556666", "777788889999"];

/// Topics of ordinary resources: S3 (no account in the ARN), tables, KMS keys and aliases (Rule E32), a resource
/// part with colons, no resource at all, another partition, a role without its trust policy.
pub(super) const TOPICS: [Topic; 15] = [
    topic("s3:GetObject", "arn:aws:s3:::app/alice/cat.jpg"),
    topic("s3:PutObject", "arn:aws:s3:::app/alice/cat.jpg"),
    topic("s3:GetObject", "arn:aws:s3:::app/us-east-1:1b2f/é.jpg"),
    topic("s3:ListBucket", "arn:aws:s3:::app"),
    topic("s3:GetBucketPolicy", "arn:aws:s3:::app"),
    topic("s3:ListAllMyBuckets", "*"),
    topic("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/Games"),
    topic("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:444455556666:table/Games/index/ByDay"),
    topic("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1b2f"),
    topic("kms:RetireGrant", "arn:aws:kms:eu-west-1:111122223333:key/1b2f"),
    topic("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:alias/app"),
    topic("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs:a:b"),
    topic("s3:GetObject", "arn:aws-cn:s3:::app/alice/cat.jpg"),
    topic("sts:GetSessionToken", "*"),
    topic("sts:AssumeRole", "arn:aws:iam::111122223333:role/App"),
];

/// Topics of roles to be assumed (Rule E33), one of them service-linked (Rule E63).
pub(super) const TRUST_TOPICS: [Topic; 6] = [
    topic("sts:AssumeRole", "arn:aws:iam::111122223333:role/App"),
    topic("sts:AssumeRole", "arn:aws:iam::444455556666:role/team/Ops"),
    topic("sts:AssumeRoleWithWebIdentity", "arn:aws:iam::111122223333:role/App"),
    topic("sts:AssumeRoleWithSAML", "arn:aws:iam::111122223333:role/App"),
    topic("sts:TagSession", "arn:aws:iam::111122223333:role/App"),
    topic("sts:AssumeRole", "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/Linked"),
];

/// Actions that need no permission (Rule E35).
pub(super) const FREE_ACTIONS: [&str; 2] = ["sts:GetCallerIdentity", "sts:GetSessionToken"];

const fn topic(action: &'static str, resource: &'static str) -> Topic {
    Topic { action, resource }
}

/// Callers of every kind (Rule E2), related to each other: a user and the federated user of the same name, a role,
/// its sessions, the same name under a path and in other accounts and partitions.
pub(super) const PRINCIPALS: [&str; 22] = [
    "arn:aws:sts::111122223333:assumed-role/App/one",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:role/App",
    "arn:aws:iam::111122223333:root",
    "arn:aws:sts::111122223333:federated-user/alice",
    "arn:aws:sts::444455556666:assumed-role/App/one",
    "arn:aws:iam::444455556666:user/alice",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::444455556666:role/team/Ops",
    "arn:aws:sts::444455556666:federated-user/alice",
    "arn:aws:sts::111122223333:assumed-role/app/two",
    "arn:aws:iam::111122223333:user/team/alice",
    "arn:aws:iam::111122223333:role/team/App",
    "arn:aws-cn:iam::111122223333:user/alice",
    "arn:aws-cn:sts::111122223333:assumed-role/App/one",
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/Linked",
    "*",
    "s3.amazonaws.com",
    "cognito-identity.amazonaws.com",
    "accounts.google.com",
    "arn:aws:iam::111122223333:saml-provider/Corp",
    "lambda.amazonaws.com",
];

/// Entries of `AWS` in a `Principal`.
pub(super) const AWS_ENTRIES: [&str; 16] = [
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:role/App",
    "arn:aws:sts::111122223333:assumed-role/App/one",
    "arn:aws:sts::111122223333:federated-user/alice",
    "444455556666",
    "arn:aws:iam::444455556666:user/alice",
    "arn:aws:iam::444455556666:role/team/Ops",
    "arn:aws:sts::444455556666:assumed-role/App/one",
    "arn:aws:iam::111122223333:role/team/App",
    "arn:aws:iam::111122223333:user/team/alice",
    "arn:aws-cn:iam::111122223333:user/alice",
    "777788889999",
    "*",
    USER_ID,
    ROLE_ID,
];

/// A unique user id and a unique role id (Rule E48).
pub(super) const USER_ID: &str = "AIDAEXAMPLE";
pub(super) const ROLE_ID: &str = "AROAEXAMPLE";

pub(super) const SERVICES: [&str; 3] = ["s3.amazonaws.com", "lambda.amazonaws.com", "cognito-identity.amazonaws.com"];

pub(super) const PROVIDERS: [&str; 3] =
    ["cognito-identity.amazonaws.com", "accounts.google.com", "arn:aws:iam::111122223333:saml-provider/Corp"];

/// A canonical user id whose account generated sets know (Rule E47), and one that nobody knows.
pub(super) const KNOWN_CANONICAL_USER: &str = "0f0f0f";
pub(super) const UNKNOWN_CANONICAL_USER: &str = "dead00";

/// Keys of conditions and variables that hold a name.
pub(super) const NAME_KEYS: [&str; 7] = [
    "aws:PrincipalTag/team",
    "aws:username",
    "cognito-identity.amazonaws.com:sub",
    "s3:prefix",
    "aws:PrincipalAccount",
    "aws:ResourceTag/Owner",
    "aws:ResourceAccount",
];

/// Keys whose values are lists by nature.
pub(super) const LIST_KEYS: [&str; 2] = ["dynamodb:LeadingKeys", "aws:TagKeys"];

pub(super) const NUMBER_KEYS: [&str; 2] = ["s3:max-keys", "aws:MultiFactorAuthAge"];
pub(super) const DATE_KEYS: [&str; 2] = ["aws:CurrentTime", "aws:EpochTime"];
pub(super) const BOOL_KEYS: [&str; 2] = ["aws:SecureTransport", "aws:PrincipalIsAWSService"];
pub(super) const ADDRESS_KEYS: [&str; 1] = ["aws:SourceIp"];
pub(super) const ARN_KEYS: [&str; 2] = ["aws:PrincipalArn", "aws:SourceArn"];
pub(super) const BINARY_KEYS: [&str; 1] = ["app:Digest"];

/// Values that name somebody or something, then values that try to be more than text.
pub(super) const NAMES: [&str; 13] = [
    "alice",
    "app",
    "us-east-1:1b2f",
    "111122223333",
    "Alice",
    "alice/cat.jpg",
    "alic",
    "alice2",
    "",
    "*",
    "a*",
    "${aws:username}",
    "?é𝄞",
];
pub(super) const NUMBERS: [&str; 10] =
    ["10", "9", "11", "10.0", "010", "1e1", "-3", "9.99999999999999999999", "abc", ""];
pub(super) const DATES: [&str; 7] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01",
    "1767225600",
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T01:00:00+01:00",
    "2026-01-02T00:00Z",
    "2026",
];
pub(super) const BOOLS: [&str; 5] = ["true", "false", "True", "FALSE", "yes"];
pub(super) const NETWORKS: [&str; 8] = [
    "192.0.2.0/24",
    "192.0.2.7",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:DB8::1",
    "::ffff:192.0.2.7",
    "192.0.2.0/33",
    "10.0.0.1/8",
];
pub(super) const ADDRESSES: [&str; 7] =
    ["192.0.2.7", "192.0.3.7", "2001:db8::1", "::ffff:192.0.2.7", "10.255.0.1", "192.0.2.07", "192.0.2.0/24"];
pub(super) const ARNS: [&str; 8] = [
    "arn:aws:iam::111122223333:role/App",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::*:role/*",
    "arn:aws:iam::111122223333:*",
    "arn:*:iam::??????????33:role/A?p",
    "arn:aws:iam::111122223333:role/team/App",
    "arn:aws:iam*:role/App",
    "app",
];
pub(super) const BINARIES: [&str; 5] = ["aGk=", "aGk", "", "AAEC", "aGl="];

/// What a wildcard of a pattern is filled with, by turns.
pub(super) const FILLERS: [&str; 8] = ["x", "", "Object", "a/b", "alice", "*", ":", "é"];

/// Stretches of text that mean something to somebody.
pub(super) const HOSTILE: [&str; 9] = ["*", "?", "${", "/", ":", "${aws:username}", "\\", "}", "𝄞"];

/// The topics that fit a kind of policy.
pub(super) fn topics_of(kind: PolicyKind) -> &'static [Topic] {
    if kind == PolicyKind::Trust { &TRUST_TOPICS } else { &TOPICS }
}
