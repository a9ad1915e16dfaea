mod plain;

use super::*;
use crate::decision::{Check, Outcome, Reason};
use crate::document::Level;
use crate::request::{ContextValue, Session};
use std::sync::Arc;

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/App/one";

fn tree_of(statements: &str) -> Arc<Tree> {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let document = Document::parse(PolicyKind::Identity, "t.json", &text).unwrap();
    Arc::new(Tree::compile(&PolicySet::new().identity(document)))
}

/// Tests that compare a tree with itself without one of its tricks do so without each of them.
#[test]
fn each_switch_is_off_once() {
    let each = Switches::each_off();
    assert_eq!(each[0], Switches::ON);
    for (index, one) in each.iter().enumerate() {
        assert!(!each[..index].contains(one), "{one:?} stands there twice");
    }
}

/// Whether a statement with one resource pattern and one value of `k:v` matches a resource.
fn pattern_matches(pattern: &str, resource: &str, value: &str) -> bool {
    let tree = tree_of(&format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{pattern}"}}"#));
    // Without principal there is no partition that could differ.
    let request = Request::unnamed("s3:GetObject", resource).unwrap().with("k:v", value).unwrap();
    tree.decide(&request).unwrap().is_allowed()
}

#[test]
fn wildcards_of_resources() {
    for (pattern, resource, matches) in [
        ("arn:aws:s3:::a/*/b/*", "arn:aws:s3:::a/1/2/b/3", true),
        ("arn:aws:s3:::a?c", "arn:aws:s3:::aéc", true),
        ("arn:aws:s3:::a?c", "arn:aws:s3:::ac", false),
        ("arn:aws:s3:::*a?", "arn:aws:s3:::aaa", true),
        ("arn:aws:s3:::a:b", "arn:aws:s3:::a:b", true),
        ("arn:aws:s3:*:*:data/*", "arn:aws:s3:::data/x", true),
        // A star that ends its field may run on past colons, another one may not.
        ("arn:aws:x:*:b:*", "arn:aws:x:1:2:3:b:z", true),
        ("arn:aws:x:*:b", "arn:aws:x:1:2:3:b", false),
        ("arn:aws:x:r:*:b", "arn:aws:x:r:1:2:3:b", true),
        ("arn:aws:x:r*:*:b", "arn:aws:x:r1:2:3:4:b", true),
        ("arn:aws:x:*r:a:b", "arn:aws:x:1:r:a:b", false),
        ("arn:aws:x:r?1:a:b", "arn:aws:x:r:1:a:b", false),
        ("arn:aws:x:*:a:b*", "arn:aws:x:1:c:a:b:c", true),
        ("arn:aws:x:*:a:b?", "arn:aws:x:1:a:bx:a:by", true),
        ("arn:aws:x:*:a:b", "arn:aws:x:1:a:c:a:b", true),
        ("arn:aws:x:*:*:b*c", "arn:aws:x:1:2:3:bxc:y", false),
        ("arn:a*:s3:::x", "arn:aws-cn:s3:::x", true),
        ("arn:a*w:s3:::x", "arn:aws:s3:::x", false),
        ("arn:a?s:s3:::x", "arn:arn:aws:s3:::x", false),
        ("arn:aws:x:*:*b:q", "arn:aws:x:1:2c:3b:q", true),
        ("arn:aws:x:a*b*c:1:q", "arn:aws:x:axbyc:1:q", true),
        ("arn:aws:x:a*b*c:1:q", "arn:aws:x:a:b:c:1:q", false),
        ("arn:aws:s3", "arn:aws:s3:::x", true),
        ("arn:aws:dynamodb:eu-west-1", "arn:aws:dynamodb:us-east-1:1:table/T", false),
    ] {
        assert_eq!(pattern_matches(pattern, resource, "v"), matches, "{pattern} {resource}");
    }
}

/// Whether a statement with one condition holds for a value of `k:v`, or for none.
fn condition_holds(condition: &str, value: Option<ContextValue<'_>>) -> bool {
    let tree =
        tree_of(&format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {{{condition}}}}}"#));
    let request = Request::unnamed("s3:GetObject", "*").unwrap();
    let request = value.map_or(Ok(request.clone()), |value| request.with("k:v", value)).unwrap();
    tree.decide(&request).unwrap().is_allowed()
}

/// Rules L74, L75, L77, L95.
#[test]
fn booleans_and_presence() {
    let list = |members: &'static [&'static str]| Some(members.into());
    for (condition, value, holds) in [
        (r#""Bool": {"k:v": "true"}"#, Some("TRUE".into()), true),
        (r#""Bool": {"k:v": "true"}"#, Some("false".into()), false),
        (r#""Bool": {"k:v": "true"}"#, None, false),
        (r#""Bool": {"k:v": "true"}"#, list(&["true"]), false),
        (r#""BoolIfExists": {"k:v": "true"}"#, list(&["true"]), false),
        (r#""BoolIfExists": {"k:v": "true"}"#, list(&["false"]), false),
        (r#""BoolIfExists": {"k:v": "true"}"#, list(&[]), true),
        (r#""BoolIfExists": {"k:v": "true"}"#, None, true),
        (r#""Bool": {"k:v": "no"}"#, Some("false".into()), false),
        (r#""Bool": {"k:v": "no"}"#, Some("no".into()), false),
        (r#""Bool": {"k:v": "${k:none, 'true'}"}"#, Some("TRUE".into()), true),
        (r#""Bool": {"k:v": "${k:none, 'no'}"}"#, Some("no".into()), false),
        (r#""StringEquals": {"k:v": "false"}"#, Some("False".into()), false),
        (r#""StringEquals": {"k:v": "true"}"#, Some("True".into()), false),
        (r#""Null": {"k:v": "true"}"#, None, true),
        (r#""Null": {"k:v": "FALSE"}"#, Some("".into()), true),
        (r#""Null": {"k:v": "no"}"#, Some("x".into()), false),
        (r#""Null": {"k:v": "no"}"#, None, false),
    ] {
        assert_eq!(condition_holds(condition, value.clone()), holds, "{condition} {value:?}");
    }
}

#[test]
fn values_are_literal() {
    for (pattern, resource, value, matches) in [
        ("arn:aws:s3:::a/${k:v}/*", "arn:aws:s3:::a/b/c", "b", true),
        ("arn:aws:s3:::a/${k:v}/*", "arn:aws:s3:::a/b/c", "*", false),
        ("arn:aws:s3:::a/${k:v}/*", "arn:aws:s3:::a/*/c", "*", true),
        ("arn:aws:s3:::a/${k:v}/*", "arn:aws:s3:::a/${k:v}/c", "${k:v}", true),
        ("arn:aws:s3:::a/${k:v}/*", "arn:aws:s3:::a//c", "", false),
        ("arn:aws:s3:::${k:none, 'x*'}", "arn:aws:s3:::x*", "v", true),
        ("arn:aws:s3:::${k:none, 'x*'}", "arn:aws:s3:::xy", "v", false),
        ("arn:aws:sqs:*:${k:v}:key/*", "arn:aws:sqs:r:1:key/2", "1", true),
        ("arn:aws:sqs:*:${k:v}:key/*", "arn:aws:sqs:r:1:2:key/2", "1:2", false),
        ("arn:aws:sqs:e*${k:none, ''}:1:q", "arn:aws:sqs:eu:1:q", "v", true),
    ] {
        assert_eq!(pattern_matches(pattern, resource, value), matches, "{pattern} {resource} {value}");
    }
}

#[test]
fn every_action_finds_its_statements() {
    let tree = tree_of(
        r#"{"Effect": "Allow", "Action": ["s3:Get*", "dynamodb:?atchGetItem", "*:List"], "Resource": "*"},
           {"Effect": "Deny", "NotAction": ["s3:*", "dynamodb:*", "x:List"], "Resource": "*"}"#,
    );
    for (action, outcome) in [
        ("S3:getOBJECT", Outcome::Allowed),
        ("s3:PutObject", Outcome::ImplicitDeny),
        ("dynamodb:BatchGetItem", Outcome::Allowed),
        ("x:List", Outcome::Allowed),
        ("y:List", Outcome::ExplicitDeny),
        ("x:Lists", Outcome::ExplicitDeny),
    ] {
        let request = Request::new(SESSION, action, "*").unwrap();
        assert_eq!(tree.decide(&request).unwrap().outcome(), outcome, "{action}");
    }
}

#[test]
fn a_bound_session_answers_like_a_request_by_name() {
    let tree = tree_of(
        r#"{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::app",
            "Condition": {"StringLike": {"s3:prefix": "${aws:PrincipalTag/team}/*"},
                          "StringEquals": {"aws:PrincipalTag/team": "red"},
                          "DateLessThan": {"aws:CurrentTime": "2026-01-01"},
                          "StringEqualsIfExists": {"aws:ResourceAccount": "111122223333"},
                          "StringNotEquals": {"aws:userid": "AROA:two"}}}"#,
    );
    let session = Session::new(SESSION).unwrap().with("aws:PrincipalTag/team", "red").unwrap();
    let bound = tree.bind(&session).unwrap();
    let action = tree.action("s3:ListBucket").unwrap();
    let keys = ["s3:prefix", "aws:EpochTime", "AWS:UserId", "aws:ResourceAccount", "aws:PrincipalTag/TEAM"];
    let handles = keys.map(|key| tree.key(key));
    let values = ["red/x", "0", "AROA:two", "444455556666", "red"];
    for chosen in 0..32u32 {
        let given: Vec<_> = (0..5).filter(|bit| chosen >> bit & 1 == 1).collect();
        let by_handle: Vec<_> = given.iter().map(|&at| (&handles[at], values[at].into())).collect();
        let by_name =
            given.iter().try_fold(session.request("s3:ListBucket", "arn:aws:s3:::app").unwrap(), |request, &at| {
                request.with(keys[at], values[at])
            });
        let expected = by_name.and_then(|request| tree.decide(&request)).map_err(|error| error.kind());
        let answered = bound.decide(&action, "arn:aws:s3:::app", &by_handle).map_err(|error| error.kind());
        assert_eq!(answered, expected, "{given:?}");
    }
}

#[test]
fn keys_beside_a_star_count_as_named() {
    let tree = tree_of(r#"{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::${aws:username}", "*"]}"#);
    let request = Request::unnamed("s3:GetObject", "arn:aws:s3:::app/x").unwrap();
    assert_eq!(tree.decide(&request).unwrap_err().rule(), "E2");
    assert!(tree.decide(&request.with("aws:username", "ana").unwrap()).unwrap().is_allowed());
}

#[test]
fn a_bound_session_is_no_token_caller() {
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:*",
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}}]}"#;
    let trust = Document::parse(PolicyKind::Trust, "trust.json", trust).unwrap();
    let tree = Arc::new(Tree::compile(&PolicySet::new().resource(trust).unwrap()));
    let session = Session::new(SESSION).unwrap();
    let bound = tree.bind(&session).unwrap();
    let role = "arn:aws:iam::111122223333:role/Other";
    for (action, allowed) in [("sts:AssumeRole", true), ("sts:AssumeRoleWithWebIdentity", false)] {
        let by_name = tree.decide(&session.request(action, role).unwrap()).unwrap();
        let bound = bound.decide(&tree.action(action).unwrap(), role, &[]).unwrap();
        assert_eq!((by_name.is_allowed(), bound), (allowed, by_name), "{action}");
    }
}

#[test]
fn handles_of_another_tree_are_refused() {
    let [one, two] = [0, 1].map(|_| tree_of(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#));
    let bound = one.bind(&Session::new(SESSION).unwrap()).unwrap();
    assert!(bound.decide(&one.action("s3:GetObject").unwrap(), "*", &[]).unwrap().is_allowed());
    assert!(bound.decide(&two.action("s3:GetObject").unwrap(), "*", &[]).is_err());
    let action = one.action("s3:GetObject").unwrap();
    assert!(bound.decide(&action, "*", &[(&one.key("k:v"), "x".into())]).unwrap().is_allowed());
    assert_eq!(bound.decide(&action, "*", &[(&two.key("k:v"), "x".into())]).unwrap_err().rule(), "E6");
}

#[test]
fn a_check_gives_a_key_once() {
    let tree = tree_of(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let bound = tree.bind(&Session::new(SESSION).unwrap().with("k:session", "x").unwrap()).unwrap();
    let action = tree.action("s3:GetObject").unwrap();
    let decide = |names: &[&str]| {
        let keys: Vec<KeyHandle> = names.iter().map(|name| tree.key(name)).collect();
        let keys: Vec<_> = keys.iter().map(|key| (key, "x".into())).collect();
        bound.decide(&action, "*", &keys).map(|decision| decision.is_allowed()).map_err(|error| error.rule())
    };
    // No policy names them, and they count all the same.
    for names in [&["k:a", "k:a"][..], &["k:b", "k:a", "K:B"], &["k:session"], &["k:a", "K:Session"]] {
        assert_eq!(decide(names), Err("E59"), "{names:?}");
    }
    let alike = ["k:x000001BBBBbbbb", "k:x000002BBBBbbbb"];
    assert_eq!(crate::request::key_hash(alike[0]), crate::request::key_hash(alike[1]));
    assert_eq!(decide(&alike), Ok(true));
}

/// A condition on a key of the session is open as long as a variable in its values is.
#[test]
fn variables_of_a_check_decide_conditions_on_the_session() {
    for condition in [
        r#""StringEquals": {"aws:PrincipalTag/team": "${k:v}"}"#,
        r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/${k:v}"}"#,
        r#""ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/Red", "role/${k:v}"]}"#,
    ] {
        let tree =
            tree_of(&format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {{{condition}}}}}"#));
        let session = Session::new(SESSION).unwrap().with("aws:PrincipalTag/team", "App").unwrap();
        let bound = tree.bind(&session).unwrap();
        let (action, key) = (tree.action("s3:GetObject").unwrap(), tree.key("k:v"));
        for value in [None, Some("App"), Some("Red"), Some("")] {
            let request = session.request("s3:GetObject", "*").unwrap();
            let request = value.map_or(Ok(request.clone()), |value| request.with("k:v", value)).unwrap();
            let keys: Vec<_> = value.iter().map(|value| (&key, (*value).into())).collect();
            assert_eq!(bound.decide(&action, "*", &keys), tree.decide(&request), "{condition} {value:?}");
        }
        let allowed = bound.decide(&action, "*", &[(&key, "App".into())]).unwrap().is_allowed();
        assert_eq!(allowed, !condition.contains("Not"), "{condition}");
    }
}

/// More keys than slots of their own, more than a byte counts, and conditions of more than one word of bits.
#[test]
fn a_session_of_many_keys_is_bound() {
    const KEYS: usize = 300;
    let key = |index: usize| format!("aws:PrincipalTag/t{index:03}");
    let given = |of_key: usize| of_key / 2 % 4;
    let wanted = |index: usize| (index % KEYS, index / KEYS);
    let one = |index: usize| {
        let (of_key, value) = wanted(index);
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::app/{index}",
                "Condition": {{"StringEquals": {{"{}": "{value}"}}}}}}"#,
            key(of_key)
        )
    };
    let tree = tree_of(&(0..1_100).map(one).collect::<Vec<_>>().join(","));
    // The keys of the first slots stand around place 255.
    let session = (60..KEYS).chain(0..60).fold(Session::new(SESSION).unwrap(), |session, index| {
        session.with(&key(index), given(index).to_string()).unwrap()
    });
    let bound = tree.bind(&session).unwrap();
    let action = tree.action("s3:GetObject").unwrap();
    for index in 0..1_100 {
        let (of_key, value) = wanted(index);
        let resource = format!("arn:aws:s3:::app/{index}");
        let by_name = tree.decide(&session.request("s3:GetObject", &resource).unwrap()).unwrap();
        assert_eq!(by_name.is_allowed(), given(of_key) == value, "{index}");
        assert_eq!(bound.decide(&action, &resource, &[]), Ok(by_name), "{index}");
    }
}

#[test]
fn denies_of_whole_services_meet_known_actions() {
    let tree = tree_of(
        r#"{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query", "s3:GetObject"], "Resource": "*"},
           {"Effect": "Deny", "Action": ["s3:*", "dynamodb:*"], "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
    );
    for action in ["dynamodb:Query", "dynamodb:GetItem", "s3:GetObject", "DYNAMODB:query"] {
        for (secure, outcome) in
            [("true", Outcome::Allowed), ("false", Outcome::ExplicitDeny), ("FALSE", Outcome::ExplicitDeny)]
        {
            let request = Request::new(SESSION, action, "arn:aws:s3:::x").unwrap();
            let request = request.with("aws:SecureTransport", secure).unwrap();
            assert_eq!(tree.decide(&request).unwrap().outcome(), outcome, "{action} {secure}");
        }
    }
}

/// More statements than the short way takes, some nested in others.
fn crowd() -> String {
    let one = |index: u32| {
        let (effect, end) = if index.is_multiple_of(5) { ("Deny", "locked/*") } else { ("Allow", "*") };
        format!(
            r#"{{"Effect": "{effect}", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::app/{}/{end}"}}"#,
            index % 7
        )
    };
    (0..40).map(one).collect::<Vec<_>>().join(",")
}

#[test]
fn a_listing_answers_like_single_requests() {
    let listing = [
        "arn:aws:s3:::app/1/a",
        "arn:aws:s3:::app/1/b",
        "arn:aws:s3:::app/1/locked/b",
        "arn:aws:s3:::app/2",
        "*",
        "arn:aws:s3:::app/2/x",
        "arn:aws:s3::999988887777:app/2/x",
        "arn:aws:s3:::app/2/y",
        "arn:aws-cn:s3:::app/2/y",
        "arn:aws:s3:::app/5/locked/z",
        "nothing",
        "arn:aws:s3:::app/5/z",
        "arn:aws:s3::111122223333:app/5/z",
    ];
    for switches in [Switches::ON, Switches { trail: false, ..Switches::ON }] {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, crowd());
        let document = Document::parse(PolicyKind::Identity, "t.json", &text).unwrap();
        let tree = Tree::compile_with(&PolicySet::new().identity(document), switches);
        for account in [None, Some("111122223333"), Some("999988887777")] {
            let ask = |resource| {
                let request = Request::new(SESSION, "s3:GetObject", resource)?;
                account.map_or(Ok(request.clone()), |account| request.resource_account(account))
            };
            let single = |resource| ask(resource).and_then(|request| tree.decide(&request));
            let expected: Vec<_> =
                listing.iter().map(|resource| single(resource).map_err(|error| error.kind())).collect();
            let listed = tree.decide_all(&ask("*").unwrap(), listing);
            let listed: Vec<_> = listed.into_iter().map(|one| one.map_err(|error| error.kind())).collect();
            assert_eq!(listed, expected, "{account:?}");
            assert_eq!(listed[0].unwrap().is_allowed(), account != Some("999988887777"));
        }
    }
}

/// Rule E56: `aws:ResourceAccount` is each resource's own, unless the request gives the key.
#[test]
fn a_listing_knows_the_account_of_each_resource() {
    let own = r#", "Condition": {"StringEquals": {"aws:ResourceAccount": "111122223333"}}"#;
    // The short way, the index with conditions to remember, and with needles too, for which a thread keeps room.
    for (statements, pattern) in [(1, "arn:aws:sqs:*:*:q"), (40, "*"), (40, "arn:aws:sqs:*:*:q")] {
        let one = |index: usize| {
            let resource = if pattern == "*" { pattern.to_owned() } else { format!("{pattern}{index}") };
            format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{resource}"{own}}}"#)
        };
        let tree = tree_of(&(0..statements).map(one).collect::<Vec<_>>().join(","));
        let listing = [
            "arn:aws:sqs:eu-west-1:111122223333:q0",
            "arn:aws:sqs:eu-west-1:444455556666:q0",
            "arn:aws:sqs:eu-west-1::q0",
            "*",
            "arn:aws:sqs:eu-west-1:111122223333:q0",
        ];
        for given in [None, Some("111122223333"), Some("444455556666")] {
            for first in listing {
                let ask = |resource| {
                    let request = Request::new(SESSION, "sqs:SendMessage", resource).unwrap();
                    given.map_or(Ok(request.clone()), |account| request.with("aws:ResourceAccount", account)).unwrap()
                };
                let single = listing.map(|resource| tree.decide(&ask(resource)).unwrap());
                let listed: Vec<_> = tree.decide_all(&ask(first), listing).into_iter().map(Result::unwrap).collect();
                assert_eq!(listed, single, "{given:?} {first}");
                assert_eq!(listed[0].is_allowed(), given != Some("444455556666"));
            }
        }
    }
}

#[test]
fn a_long_listing_is_decided_in_parts() {
    let tree = tree_of(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let request = Request::new(SESSION, "s3:ListAllMyBuckets", "*").unwrap();
    let count = 2 * scratch::MOST_AT_ONCE + 1;
    let listed = tree.decide_all(&request, std::iter::repeat_n("*", count));
    assert_eq!(listed.len(), count);
    assert!(listed.iter().all(|decision| decision.as_ref().is_ok_and(Decision::is_allowed)));
}

#[test]
fn ordinary_checks_know_partition_account_and_keys() {
    let tree = tree_of(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    for owner in [None, Some("111122223333"), Some("444455556666")] {
        let session = Session::new(SESSION).unwrap();
        let session = owner.map_or(Ok(session.clone()), |owner| session.resource_account(owner)).unwrap();
        let bound = tree.bind(&session).unwrap();
        for resource in [
            "*",
            "arn:aws:s3:::app",
            "arn:aws-cn:s3:::app",
            "arn:awsx:s3:::app",
            "arn:aws:sqs:us-east-1:111122223333:jobs",
            "arn:aws:sqs:us-east-1:444455556666:jobs",
            "arn:aws:sqs:us-east-1:44445555666x:jobs",
            "arn:aws:kms:us-east-1:111122223333:key/1b2f",
            "arn:aws:kms:us-east-1:111122223333:alias/app",
            "arn:aws:kmsx:us-east-1:111122223333:key/1b2f",
            "arn:aws:s3::app",
        ] {
            let action = tree.action("s3:GetObject").unwrap();
            let by_name = session.request("s3:GetObject", resource).and_then(|request| tree.decide(&request));
            let bound = bound.decide(&action, resource, &[]);
            assert_eq!(
                bound.map_err(|error| error.kind()),
                by_name.map_err(|error| error.kind()),
                "{owner:?} {resource}"
            );
        }
    }
}

/// Neither many patterns times many values, nor many of few values.
#[test]
fn what_is_found_by_value_takes_room_in_proportion() {
    for values in [1, 4, 5, 200] {
        let patterns: Vec<String> = (0..200).map(|index| format!("\"arn:aws:s3:::b/*x{index}\"")).collect();
        let list: Vec<String> = (0..values).map(|index| format!("\"v{index}\"")).collect();
        let text = format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [{}],
            "Condition": {{"StringEquals": {{"aws:PrincipalTag/t": [{}]}}}}}}"#,
            patterns.join(","),
            list.join(",")
        );
        let tree = tree_of(&text);
        assert!(tree.heap_bytes() < 8 * text.len(), "{values}: {} of {}", tree.heap_bytes(), text.len());
        let request = Request::new(SESSION, "s3:GetObject", "arn:aws:s3:::b/1x199").unwrap();
        for (value, allowed) in [("v0", true), ("w", false)] {
            let request = request.clone().with("aws:PrincipalTag/t", value).unwrap();
            assert_eq!(tree.decide(&request).unwrap().is_allowed(), allowed, "{values} {value}");
        }
    }
}

/// Every kind of caller, owner and beginning of a resource, over few statements and over many.
#[test]
fn plain_checks_answer_like_requests_by_name() {
    const HEADINGS: [&str; 5] = [
        "arn:aws:s3:::",
        "arn:aws-cn:s3:::",
        "arn:aws:sqs:us-east-1:111122223333:",
        "arn:aws:sqs:us-east-1:444455556666:",
        "arn:aws:kms:us-east-1:111122223333:",
    ];
    const CALLERS: [&str; 5] = [
        SESSION,
        "arn:aws:iam::111122223333:role/App",
        "arn:aws-cn:iam::444455556666:user/one",
        "arn:aws:iam::111122223333:root",
        "arn:aws:sts::111122223333:federated-user/one",
    ];
    let mut outcomes = std::collections::BTreeMap::new();
    for (heading, others) in HEADINGS.iter().flat_map(|heading| [(heading, 0), (heading, 20)]) {
        let service = heading.split(':').nth(2).unwrap();
        let others: String = (0..others)
            .map(|index| format!(r#"{{"Effect": "Allow", "Action": "{service}:*", "Resource": "{heading}x{index}"}},"#))
            .collect();
        let tree = tree_of(&format!(
            r#"{others} {{"Effect": "Allow", "Action": "{service}:Do*", "Resource": "{heading}*"}},
            {{"Effect": "Deny", "Action": "*", "Resource": "{heading}locked/*", "Condition": {{"Bool": {{"aws:SecureTransport": "false"}}}}}}"#
        ));
        let (action, text) = (tree.action(&format!("{service}:Do")).unwrap(), format!("{service}:Do"));
        let (secure, unread) = (tree.key("aws:SecureTransport"), tree.key("k:unread"));
        let keys: [Vec<(&KeyHandle, &str)>; 5] = [
            vec![],
            vec![(&secure, "false"), (&unread, "x")],
            vec![(&secure, "false"), (&secure, "true")],
            vec![(&unread, "x"), (&unread, "x")],
            vec![(&unread, "x"), (&secure, "true")],
        ];
        for (caller, owner) in CALLERS
            .iter()
            .flat_map(|caller| [None, Some("111122223333"), Some("444455556666")].map(|owner| (caller, owner)))
        {
            let session = Session::new(caller).unwrap();
            let session = owner.map_or(Ok(session.clone()), |owner| session.resource_account(owner)).unwrap();
            let bound = tree.bind(&session).unwrap();
            let tails = ["a", "locked/a", "key/1", ""].map(|tail| format!("{heading}{tail}"));
            for resource in tails.iter().map(String::as_str).chain(HEADINGS).chain(["*"]) {
                for keys in &keys {
                    let request = session.request(&text, resource).and_then(|request| {
                        keys.iter().try_fold(request, |request, (key, value)| request.with(&*key.name, *value))
                    });
                    // Of two mistakes either may be told.
                    let by_name = request.and_then(|request| tree.decide(&request)).map_err(drop);
                    let keys: Vec<_> = keys.iter().map(|(key, value)| (*key, (*value).into())).collect();
                    let checked = bound.decide(&action, resource, &keys).map_err(drop);
                    assert_eq!(checked, by_name, "{caller} {owner:?} {resource} {keys:?}");
                    *outcomes.entry(checked.map(|decision| decision.reason().as_str())).or_insert(0) += 1;
                }
            }
        }
    }
    assert_eq!(outcomes.len(), 7, "{outcomes:?}");
}

#[test]
fn actions_of_one_hash_are_found() {
    let action = |index: u32| format!("s3:AAAAA{index:06}BBBBbbbb");
    let list: Vec<String> = (0..300).map(|index| format!("{:?}", action(index))).collect();
    let tree = tree_of(&format!(r#"{{"Effect": "Allow", "Action": [{}], "Resource": "*"}}"#, list.join(",")));
    for index in [0, 7, 150, 299, 300] {
        for action in [action(index), action(index).to_lowercase()] {
            let request = Request::new(SESSION, &action, "arn:aws:s3:::app").unwrap();
            assert_eq!(tree.decide(&request).unwrap().is_allowed(), index < 300, "{action}");
            let bound = tree.bind(&Session::new(SESSION).unwrap()).unwrap();
            let decided = bound.decide(&tree.action(&action).unwrap(), "arn:aws:s3:::app", &[]).unwrap();
            assert_eq!(decided.is_allowed(), index < 300, "{action}");
        }
    }
}

#[test]
fn checks_keep_the_limits_of_a_context() {
    let tree = tree_of(
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}}"#,
    );
    let bound = tree.bind(&Session::new(SESSION).unwrap()).unwrap();
    let action = tree.action("s3:GetObject").unwrap();
    let (tags, unnamed) = (tree.key("aws:TagKeys"), tree.key(""));
    let members = vec!["a"; crate::request::MAX_CONTEXT_VALUES + 1];
    let decide = |keys: &[(&KeyHandle, ContextValue<'_>)]| bound.decide(&action, "*", keys);
    assert!(decide(&[(&tags, members[1..].into())]).unwrap().is_allowed());
    assert_eq!(decide(&[(&tags, members[..].into())]).unwrap_err().rule(), "E59");
    assert_eq!(decide(&[(&tags, members[1..].into()), (&unnamed, "x".into())]).unwrap_err().rule(), "E59");
    let names: Vec<KeyHandle> = (0..1_001).map(|index| tree.key(&format!("k:{index}"))).collect();
    let keys: Vec<_> = names.iter().map(|key| (key, "x".into())).collect();
    assert_eq!(decide(&keys).unwrap_err().rule(), "E59");
    assert!(decide(&keys[..40]).is_ok());
}

/// Rule E66: of several denies the one of the first check counts, wherever the index meets it.
#[test]
fn the_first_check_that_denies_is_the_reason() {
    use PolicyKind::{Boundary, Endpoint, Identity, Resource, ResourceControl, ServiceControl, Session};
    const CHECKS: [Check; 7] = [
        Check::ResourceControlPolicy,
        Check::ServiceControlPolicy,
        Check::VpcEndpoint,
        Check::Resource,
        Check::Principal,
        Check::PermissionsBoundary,
        Check::Session,
    ];
    let kinds = [ResourceControl, ServiceControl, Endpoint, Resource, Identity, Boundary, Session];
    let document = |kind: PolicyKind, statements: &str| {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        Document::parse(kind, kind.as_str(), &text).unwrap()
    };
    let level = |document| Level { name: String::new(), documents: vec![document] };
    for denying in 1..1u32 << kinds.len() {
        for backwards in [false, true] {
            let mut set = PolicySet::new().identity(document(Identity, &crowd()));
            let chosen = (0..).zip(kinds).filter(|(bit, _)| denying >> bit & 1 == 1);
            for (bit, kind) in chosen.clone() {
                let length = if backwards { kinds.len() - bit } else { bit };
                let who = match kind {
                    Resource | Endpoint | ResourceControl => r#", "Principal": "*""#,
                    _ => "",
                };
                let deny = format!(
                    r#"{{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::{}*"{who}}}"#,
                    "x".repeat(length)
                );
                let deny = document(kind, &deny);
                set = match kind {
                    ResourceControl => set.resource_control(level(deny)),
                    ServiceControl => set.service_control(level(deny)),
                    Endpoint => set.endpoint(deny).unwrap(),
                    Resource => set.resource(deny).unwrap(),
                    Boundary => set.boundary(deny).unwrap(),
                    Session => set.session(deny),
                    Identity | PolicyKind::Trust => set.identity(deny),
                };
            }
            let first = chosen.map(|(bit, _)| CHECKS[bit]).next().unwrap();
            for switches in [Switches::ON, Switches { early_end: false, ..Switches::ON }] {
                let tree = Tree::compile_with(&set, switches);
                let request = Request::new(SESSION, "s3:GetObject", "arn:aws:s3:::xxxxxxxx").unwrap();
                let reason = tree.decide(&request).unwrap().reason();
                assert_eq!(reason, Reason::ExplicitDeny(first), "{denying:b} {backwards}");
            }
        }
    }
}

/// Rules E2, E33: what cannot be asked is an error, whatever else the policies say.
#[test]
fn questions_that_cannot_be_asked() {
    let document = |kind: PolicyKind, who: &str| {
        let resource = if kind == PolicyKind::Trust { "" } else { r#", "Resource": "*""# };
        let text = format!(r#"{{"Statement": {{"Effect": "Deny", "Action": "s*:*"{who}{resource}}}}}"#);
        Document::parse(kind, kind.as_str(), &text).unwrap()
    };
    let everyone = r#", "Principal": "*""#;
    let level = |kind, who| Level { name: String::new(), documents: vec![document(kind, who)] };
    let of_resource = PolicySet::new().resource(document(PolicyKind::Resource, everyone)).unwrap();
    let trust = PolicySet::new().resource(document(PolicyKind::Trust, everyone)).unwrap();
    let role = "arn:aws:iam::111122223333:role/Other";
    for (set, action, refused) in [
        (&of_resource, "sts:AssumeRole", true),
        (&of_resource, "s3:GetObject", false),
        (&trust, "sts:AssumeRole", false),
        (&trust, "s3:GetObject", true),
    ] {
        let decided = Tree::compile(set).decide(&Request::new(SESSION, action, role).unwrap());
        assert_eq!(decided.err().map(|error| error.rule()), refused.then_some("E33"), "{action}");
    }
    let empty = |kind| Level { documents: Vec::new(), ..level(kind, "") };
    for set in [
        of_resource,
        PolicySet::new().endpoint(document(PolicyKind::Endpoint, everyone)).unwrap(),
        PolicySet::new().boundary(document(PolicyKind::Boundary, "")).unwrap(),
        PolicySet::new().session(document(PolicyKind::Session, "")),
        PolicySet::new().service_control(empty(PolicyKind::ServiceControl)),
        PolicySet::new().resource_control(level(PolicyKind::ResourceControl, everyone)),
    ] {
        let request = Request::unnamed("s3:GetObject", "arn:aws:s3:::app").unwrap();
        assert_eq!(Tree::compile(&set).decide(&request).unwrap_err().rule(), "E2");
    }
}

/// What a thread noted in an earlier request is stamped with its number, and counts in no other.
#[test]
fn notes_of_earlier_requests_do_not_count() {
    let one = |index: usize| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*-{index:02}/*",
                "Condition": {{"Bool": {{"aws:SecureTransport": "true"}}}}}}"#
        )
    };
    let tree = tree_of(&(0..20).map(one).collect::<Vec<_>>().join(","));
    let is_allowed = |action, secure| {
        let request = Request::new(SESSION, action, "arn:aws:s3:::app-07/x").unwrap();
        tree.decide(&request.with("aws:SecureTransport", secure).unwrap()).unwrap().is_allowed()
    };
    for between in 0..12 {
        // A thread of its own counts from the beginning.
        let ask = || {
            let before = is_allowed("s3:GetObject", "false");
            (0..between).for_each(|_| assert!(!is_allowed("s3:PutObject", "true")));
            (before, is_allowed("s3:GetObject", "true"), is_allowed("s3:GetObject", "false"))
        };
        let answers = std::thread::scope(|scope| scope.spawn(ask).join().unwrap());
        assert_eq!(answers, (false, true, false), "{between}");
    }
}

/// A way down the index that passes more lists than are kept, and is longer than a trail.
#[test]
fn a_deep_resource_passes_every_beginning() {
    let nested = |length: usize| format!("arn:aws:s3:::{}", "x".repeat(length));
    let one = |length: usize| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "{}*",
                "Condition": {{"StringEquals": {{"k:v": "{length}"}}}}}}"#,
            nested(length)
        )
    };
    let tree = tree_of(&(1..=40).map(one).collect::<Vec<_>>().join(","));
    let resources: Vec<String> = [40, 41, 7, 8, 9, 30, 12].map(nested).into();
    for value in 1..=40 {
        let value = value.to_string();
        let ask = |resource| Request::new(SESSION, "s3:GetObject", resource).unwrap().with("k:v", &*value).unwrap();
        let listed = tree.decide_all(&ask("*"), resources.iter().map(|resource| &**resource));
        for (resource, listed) in resources.iter().zip(listed) {
            let single = tree.decide(&ask(resource)).unwrap();
            assert_eq!(
                single.is_allowed(),
                nested(value.parse().unwrap()).len() <= resource.len(),
                "{value} {resource}"
            );
            assert_eq!(listed.unwrap(), single, "{value} {resource}");
        }
    }
}

/// Patterns that only their needles tell apart, which all begin alike.
#[test]
fn needles_find_what_stands_behind_a_wildcard() {
    let one = |index: u32| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*-exports/t{index:02}/*.csv"}}"#
        )
    };
    let tree = tree_of(&(0..20).map(one).collect::<Vec<_>>().join(","));
    for (resource, allowed) in [
        ("arn:aws:s3:::a-exports/t00/x.csv", true),
        ("arn:aws:s3:::-exports/t19/.csv", true),
        ("arn:aws:s3:::a-exports/t99/b-exports/t07/x.csv", true),
        ("arn:aws:s3:::a-exports/t20/x.csv", false),
        ("arn:aws:s3:::a-exports/t07/x.txt", false),
        ("arn:aws:s3:::a-export/t07/x.csv", false),
    ] {
        let request = Request::new(SESSION, "s3:GetObject", resource).unwrap();
        assert_eq!(tree.decide(&request).unwrap().is_allowed(), allowed, "{resource}");
    }
}

#[test]
fn a_printed_tree_shows_every_statement() {
    let one = |index: u32| {
        let (effect, star) = if index.is_multiple_of(3) { ("Deny", "*") } else { ("Allow", "") };
        let action = ["s3:Get*", "s3:Put*", "*"][index as usize % 3];
        format!(
            r#"{{"Sid": "S{index:02}", "Effect": "{effect}", "Action": "{action}", "Resource": "arn:aws:s3:::{star}-{index}"}}"#
        )
    };
    let statements: Vec<String> = (0..40).map(one).collect();
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
    let set = PolicySet::new().identity(Document::parse(PolicyKind::Identity, "t.json", &text).unwrap());
    let tree = Tree::compile(&set);
    let printed = TreeView { tree: &tree, set: Arc::new(set) }.to_string();
    for index in 0..40 {
        assert_eq!(printed.matches(&format!("S{index:02},")).count(), 1, "{index}\n{printed}");
    }
    // What lies on the way to a statement is shown, and nothing else: no rule of the other effect.
    let few = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "", "Effect": "Deny", "Action": "*", "Resource": ["arn:aws:s3:::ab1", "arn:aws:s3:::b"]},
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::ab2", "arn:aws:s3:::ac"]}]}"#;
    let set = PolicySet::new().identity(Document::parse(PolicyKind::Identity, "t.json", few).unwrap());
    let tree = Tree::compile(&set);
    let printed = TreeView { tree: &tree, set: Arc::new(set) }.to_string();
    let shown: Vec<&str> = printed.lines().skip(1).collect();
    assert_eq!(
        shown,
        [
            "Deny",
            "  arn:aws:s3:::",
            "    a",
            "      b",
            "        1",
            "          *  ← statement 0, t.json:2:9",
            "    b",
            "      *  ← statement 0, t.json:2:9",
            "Allow",
            "  arn:aws:s3:::",
            "    a",
            "      b",
            "        2",
            "          s3:*  ← statement 1, t.json:3:9",
            "      c",
            "        s3:*  ← statement 1, t.json:3:9",
        ]
    );
}

/// A class has a bit for each set of actions: one word for 64 of them, and from nine words on none is kept ready.
#[test]
fn many_sets_of_actions() {
    for count in [70, 600] {
        let one = |index: u32| {
            let actions = format!(r#"["s3:Get{index:03}", "s3:List{index:03}*"]"#);
            format!(r#"{{"Effect": "Allow", "Action": {actions}, "Resource": "arn:aws:s3:::app/{index}"}}"#)
        };
        let mut statements: Vec<String> = (0..count).map(one).collect();
        statements.push(r#"{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}"#.to_owned());
        let tree = tree_of(&statements.join(","));
        let bound = tree.bind(&Session::new(SESSION).unwrap()).unwrap();
        for index in [0, 1, 63, 64, 65, count - 1] {
            let (own, next) = (format!("arn:aws:s3:::app/{index}"), format!("arn:aws:s3:::app/{}", index + 1));
            for (action, outcome) in [
                (format!("s3:Get{index:03}"), Outcome::Allowed),
                (format!("s3:List{index:03}Objects"), Outcome::Allowed),
                (format!("s3:Put{index:03}"), Outcome::ImplicitDeny),
                (format!("ec2:Get{index:03}"), Outcome::ExplicitDeny),
            ] {
                let elsewhere = if outcome == Outcome::Allowed { Outcome::ImplicitDeny } else { outcome };
                let handle = tree.action(&action).unwrap();
                for (resource, outcome) in [(&own, outcome), (&next, elsewhere)] {
                    let request = Request::new(SESSION, &action, resource).unwrap();
                    assert_eq!(tree.decide(&request).unwrap().outcome(), outcome, "{count} {action} {resource}");
                    let bound = bound.decide(&handle, resource, &[]).unwrap();
                    assert_eq!(bound.outcome(), outcome, "{count} {action} {resource}");
                }
            }
        }
    }
}
