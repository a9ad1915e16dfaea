use super::*;
use crate::decision::Outcome;
use crate::request::Session;
use std::sync::Arc;

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/App/one";

fn tree_of(statements: &str) -> Arc<Tree> {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let document = Document::parse(PolicyKind::Identity, "t.json", &text).unwrap();
    Arc::new(Tree::compile(&PolicySet::new().identity(document)))
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
        ("arn:aws:s3", "arn:aws:s3:::x", true),
        ("arn:aws:dynamodb:eu-west-1", "arn:aws:dynamodb:us-east-1:1:table/T", false),
    ] {
        assert_eq!(pattern_matches(pattern, resource, "v"), matches, "{pattern} {resource}");
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
    let decide = |keys: &[(&KeyHandle, crate::request::ContextValue<'_>)]| bound.decide(&action, "*", keys);
    assert!(decide(&[(&tags, members[1..].into())]).unwrap().is_allowed());
    assert_eq!(decide(&[(&tags, members[..].into())]).unwrap_err().rule(), "E59");
    assert_eq!(decide(&[(&tags, members[1..].into()), (&unnamed, "x".into())]).unwrap_err().rule(), "E59");
    let names: Vec<KeyHandle> = (0..1_001).map(|index| tree.key(&format!("k:{index}"))).collect();
    let keys: Vec<_> = names.iter().map(|key| (key, "x".into())).collect();
    assert_eq!(decide(&keys).unwrap_err().rule(), "E59");
    assert!(decide(&keys[..40]).is_ok());
}
