//! Reach against decisions: the grants and cuts, read as a policy by themselves, decide like the session.

use iamtree::cognito::reach::{Cut, RemainingCondition, ResourceGrant};
use iamtree::cognito::{CognitoSession, Exchange, Pool, Reach, Role, Roles};
use iamtree::{Document, Engine, PolicyKind, PolicySet, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{IDENTITY, POOL, document, role_arn};

const ACTIONS: [&str; 10] = [
    "*",
    "s3:*",
    "S3:get*",
    "s3:GetObject",
    "s3:*Object",
    "s3:?etObject",
    "s3:ListBucket",
    "dynamodb:*",
    "dynamodb:GetItem",
    "?*:Put*",
];

const RESOURCES: [&str; 17] = [
    "*",
    "arn:aws:s3",
    "arn:*:s3:::app/*",
    "arn:aws-*:s3:::app/*",
    "arn:aws-cn:s3:::app*",
    "arn:a?s:dynamodb:*:111122223333:table/*",
    "arn:aws:s3:::app",
    "arn:aws:s3:::app*",
    "arn:aws:s3:::app/${cognito-identity.amazonaws.com:sub}/*",
    "arn:aws:s3:::app/${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::app/${aws:PrincipalTag/gone}/*",
    "arn:aws:s3:::app/${aws:PrincipalTag/gone, 'public'}/*",
    "arn:aws:s3:::app/${s3:prefix}/*",
    "arn:aws:s3:::*/x?",
    "arn:aws:dynamodb:*:111122223333:table/T",
    "arn:aws:dynamodb:us-east-1:*:table/*",
    "arn:aws:dynamodb:us-east-1:111122223333:table/T*",
];

fn condition() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({}),
        json!({"StringLike": {"s3:prefix": "${cognito-identity.amazonaws.com:sub}/*"}}),
        json!({"StringEquals": {"s3:prefix": ["public", "${aws:PrincipalTag/gone}"]}}),
        json!({"StringNotEquals": {"s3:prefix": "${aws:PrincipalTag/gone}"}}),
        json!({"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "${cognito-identity.amazonaws.com:sub}"}}),
        json!({"Null": {"dynamodb:LeadingKeys": "false"}}),
        json!({"ForAnyValue:StringEquals": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}}),
        json!({"StringEquals": {"aws:PrincipalTag/team": "r*d"}}),
        json!({"StringEquals": {"aws:PrincipalTag/gone": "x"}}),
        json!({"StringNotEquals": {"aws:PrincipalTag/gone": "x"}}),
        json!({"StringEquals": {"aws:PrincipalTag/team": "${s3:prefix}"}}),
        json!({"Bool": {"aws:SecureTransport": "true"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/A"}}),
        json!({"NumericLessThanIfExists": {"s3:max-keys": 10}}),
    ])
}

fn statement() -> impl Strategy<Value = Value> {
    let actions = subsequence(ACTIONS.to_vec(), 1..4);
    let resources = subsequence(RESOURCES.to_vec(), 1..4);
    let negations = (prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    (prop::bool::weighted(0.3), negations, actions, resources, condition()).prop_map(
        |(denies, (not_action, not_resource), actions, resources, condition)| {
            json!({
                "Effect": if denies { "Deny" } else { "Allow" },
                if not_action { "NotAction" } else { "Action" }: actions,
                if not_resource { "NotResource" } else { "Resource" }: resources,
                "Condition": condition,
            })
        },
    )
}

const REQUESTS: [(&str, &str); 17] = [
    ("s3:GetObject", "arn:aws:s3:::app/us-east-1:0f1e/x"),
    ("s3:GetObject", "arn:aws:s3:::app/us-east-1:77aa/x"),
    ("s3:PutObject", "arn:aws:s3:::app/r*d/xy"),
    ("s3:GetObject", "arn:aws:s3:::app/red/xy"),
    ("s3:GetObject", "arn:aws:s3:::app/public/x"),
    ("s3:DeleteObject", "arn:aws:s3:::app/x"),
    ("s3:GetObject", "arn:aws:s3:::other/xy"),
    ("s3:ListBucket", "arn:aws:s3:::app"),
    ("s3:ListBucket", "arn:aws:s3:::apple"),
    ("s3:ListAllMyBuckets", "*"),
    ("s3:GetObject", "arn:aws-cn:s3:::app/us-east-1:0f1e/x"),
    ("s3:ListBucket", "arn:aws-us-gov:s3:::app"),
    ("dynamodb:GetItem", "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/T"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:111122223333:table/T"),
    ("dynamodb:Query", "arn:aws:dynamodb:us-east-1:111122223333:table/T/index/I"),
    ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/T"),
    ("dynamodb:Scan", "arn:aws:dynamodb:us-east-1:111122223333:table/U"),
];

type Context = Vec<(&'static str, Value)>;

fn context() -> impl Strategy<Value = Context> {
    let prefix = proptest::option::of(select(vec!["public", "us-east-1:0f1e/a", "r*d", "", "x"]));
    let keys = proptest::option::of(vec(select(vec!["us-east-1:0f1e", "us-east-1:77aa"]), 0..3));
    let transport = proptest::option::of(select(vec!["true", "false"]));
    let most = proptest::option::of(select(vec!["5", "50"]));
    (prefix, keys, transport, most).prop_map(|(prefix, keys, transport, most)| {
        let single = |key, value: Option<&str>| value.map(|value| (key, json!(value)));
        let keys = keys.map(|keys| ("dynamodb:LeadingKeys", json!(keys)));
        let singles =
            [single("s3:prefix", prefix), single("aws:SecureTransport", transport), single("s3:max-keys", most)];
        singles.into_iter().flatten().chain(keys).collect()
    })
}

fn with_context<'r>(request: Request<'r>, context: &'r Context) -> Request<'r> {
    context.iter().fold(request, |request, (key, value)| match value {
        Value::String(text) => request.with(*key, text.as_str()).unwrap(),
        list => {
            let members: Vec<&str> = list.as_array().unwrap().iter().map(|member| member.as_str().unwrap()).collect();
            request.with(*key, members).unwrap()
        }
    })
}

/// Something a grant says, as an engine of its own.
struct Says(Engine);

impl Says {
    fn new(actions: &[&str], resources: &[&str], condition: &Value) -> Self {
        let text = json!({"Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": actions, "Resource": resources, "Condition": condition}});
        let document = Document::parse(PolicyKind::Identity, "reach", &text.to_string())
            .unwrap_or_else(|error| panic!("a reach that is no policy: {error}"));
        Says(Engine::compile(PolicySet::new().identity(document)).unwrap())
    }

    fn yes(&self, request: &Request<'_>) -> bool {
        self.0.decide(request).unwrap().is_allowed()
    }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// Actions, resources and conditions that all have to fit, those that must not, and the cuts.
struct Grant {
    all: Vec<Says>,
    any_action: Vec<Vec<Says>>,
    none: Vec<Says>,
    cuts: Vec<Grant>,
}

impl Grant {
    fn of(grant: &ResourceGrant) -> Self {
        let any = json!({});
        let resources = grant.resource.texts().map(|pattern| Says::new(&["*"], &[pattern], &any));
        let actions = grant.actions.iter().map(|action| {
            let patterns = action.texts().map(|pattern| Says::new(&[pattern], &["*"], &any));
            patterns.collect()
        });
        Grant {
            all: resources.chain(Self::conditions(&grant.conditions)).collect(),
            any_action: actions.collect(),
            none: Self::exceptions(&grant.except_actions, &grant.except_resources),
            cuts: grant.cuts.iter().map(Self::of_cut).collect(),
        }
    }

    fn of_cut(cut: &Cut) -> Self {
        let whole = Says::new(&texts(&cut.actions), &texts(&cut.resources), &json!({}));
        Grant {
            all: Self::conditions(&cut.conditions).chain([whole]).collect(),
            any_action: vec![Vec::new()],
            none: Self::exceptions(&cut.except_actions, &cut.except_resources),
            cuts: Vec::new(),
        }
    }

    fn conditions(conditions: &[RemainingCondition]) -> impl Iterator<Item = Says> {
        conditions.iter().map(|condition| {
            let test = json!({&condition.operator: {&condition.key: condition.values}});
            Says::new(&["*"], &["*"], &test)
        })
    }

    fn exceptions(actions: &[String], resources: &[String]) -> Vec<Says> {
        let any = json!({});
        let actions = actions.iter().map(|action| Says::new(&[action], &["*"], &any));
        actions.chain(resources.iter().map(|resource| Says::new(&["*"], &[resource], &any))).collect()
    }

    fn opens(&self, request: &Request<'_>) -> bool {
        self.all.iter().all(|says| says.yes(request))
            && self.any_action.iter().any(|patterns| patterns.iter().all(|says| says.yes(request)))
            && !self.none.iter().any(|says| says.yes(request))
            && !self.cuts.iter().any(|cut| cut.opens(request))
    }
}

/// A guest whose team is `r*d`, with these policies; of the enhanced flow, so that two session policies apply.
fn guest(permissions: &[Value], boundary: Option<&[Value]>) -> CognitoSession {
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}});
    let trust = Document::parse(PolicyKind::Trust, "trust.json", &trust.to_string()).unwrap();
    let mut role = Role::new(&role_arn("A"), trust).unwrap().policy(document(PolicyKind::Identity, permissions));
    role = role.tag("team", "r*d").unwrap();
    if let Some(boundary) = boundary {
        role = role.boundary(document(PolicyKind::Boundary, boundary)).unwrap();
    }
    let roles = Roles::new().with(role).unwrap();
    let text = json!({"IdentityPoolId": POOL, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true,
        "Roles": {"unauthenticated": role_arn("A")}});
    Exchange::new(&Pool::parse("pool.json", &text.to_string()).unwrap(), &roles, IDENTITY).run().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_reach_decides_like_the_session(
        permissions in vec(statement(), 1..5),
        boundary in proptest::option::of(vec(statement(), 1..3)),
        contexts in vec(context(), 3),
        wanted in select(REQUESTS.map(|(action, _)| action).to_vec()),
    ) {
        let session = guest(&permissions, boundary.as_deref());
        let reach = Reach::of(&session, None).unwrap();
        // The engine that reads a grant has the wall of Rule E7 itself, so that it cannot tell whether the grant has.
        for grant in &reach.grants {
            let is_inside = grant.resource.texts().any(|text| text == "*" || text.starts_with("arn:aws:"));
            prop_assert!(is_inside, "{:?}", grant.resource);
        }
        let grants: Vec<Grant> = reach.grants.iter().map(Grant::of).collect();
        let of_one: Vec<Grant> = Reach::of(&session, Some(wanted)).unwrap().grants.iter().map(Grant::of).collect();
        for ((action, resource), context) in REQUESTS.iter().flat_map(|asked| contexts.iter().map(move |c| (asked, c))) {
            let request = with_context(session.request(action, resource).unwrap(), context);
            let decided = session.decide(&request).unwrap().is_allowed();
            let says = |grants: &[Grant]| grants.iter().any(|grant| grant.opens(&request));
            prop_assert_eq!(says(&grants), decided, "{} {} {:?}\n{}", action, resource, context, reach);
            let is_asked = *action == wanted;
            prop_assert_eq!(says(&of_one), decided && is_asked, "of {}: {} {} {:?}", wanted, action, resource, context);
        }
    }
}
