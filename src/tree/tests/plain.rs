//! Plain checks, and what is found by value.

use super::*;
use crate::request::RequestError;
use crate::tree::handle::KeyBits;

/// A request with the keys of a check.
fn with_keys<'r>(
    request: Request<'r>,
    keys: &[(&'r KeyHandle, ContextValue<'r>)],
) -> Result<Request<'r>, RequestError> {
    keys.iter().try_fold(request, |request, (key, value)| request.with(&*key.name, value.clone()))
}

/// Whatever the conditions of a crowd ask for, a value that the request gives finds those that a plain search finds.
#[test]
fn what_is_found_by_value_is_what_holds() {
    let list = |members: &'static [&'static str]| Some(ContextValue::from(members));
    for (effect, condition, resource) in [
        r#""StringEquals": {"k:v": "v#"}"#,
        r#""StringLike": {"k:v": ["v#", "w"]}"#,
        r#""StringNotEquals": {"k:v": "v#"}"#,
        r#""StringEqualsIfExists": {"k:v": "v#"}"#,
        r#""StringNotEqualsIfExists": {"k:v": "v#"}"#,
        r#""ForAnyValue:StringEquals": {"k:v": "v#"}"#,
        r#""ForAllValues:StringEquals": {"k:v": "v#"}"#,
        r#""StringEqualsIgnoreCase": {"k:v": "v#"}"#,
    ]
    .iter()
    .flat_map(|condition| [("Allow", condition), ("Deny", condition)])
    .flat_map(|(effect, condition)| ["*", "arn:aws:s3:::app/*"].map(|resource| (effect, condition, resource)))
    {
        let one = |index: u32| {
            // Some demand the value of another key.
            let condition = if index < 6 { r#""StringEquals": {"k:w": "v#"}"# } else { condition };
            let condition = condition.replace('#', &index.to_string());
            format!(
                r#"{{"Effect": "{effect}", "Action": "s3:GetObject", "Resource": "{resource}",
                    "Condition": {{{condition}}}}}"#
            )
        };
        let mut statements: Vec<String> = (0..40).map(one).collect();
        // It makes the heading of plain checks.
        statements.push(r#"{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::app"}"#.to_owned());
        if effect == "Deny" {
            statements.push(r#"{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}"#.to_owned());
        }
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
        let set = PolicySet::new().identity(Document::parse(PolicyKind::Identity, "t.json", &text).unwrap());
        let [found, searched] = [Switches::ON, Switches { values: false, ..Switches::ON }]
            .map(|switches| Arc::new(Tree::compile_with(&set, switches)));
        let bound = found.bind(&Session::new(SESSION).unwrap()).unwrap();
        let (action, keys) = (found.action("s3:GetObject").unwrap(), ["k:v", "k:w"].map(|key| found.key(key)));
        let values = [None, Some("v3".into()), Some("v7".into()), Some("V39".into()), Some("w".into()), list(&["v8"])];
        for given in values.iter().flat_map(|v| values.iter().map(move |w| [v, w])) {
            let given: Vec<(&KeyHandle, ContextValue<'_>)> =
                keys.iter().zip(given).filter_map(|(key, value)| Some((key, value.clone()?))).collect();
            let request = Request::new(SESSION, "s3:GetObject", "arn:aws:s3:::app/x").unwrap();
            let request = with_keys(request, &given).unwrap();
            let expected = searched.decide(&request).unwrap().reason();
            assert_eq!(found.decide(&request).unwrap().reason(), expected, "{effect} {condition} {given:?}");
            let checked = bound.decide(&action, "arn:aws:s3:::app/x", &given).unwrap().reason();
            assert_eq!(checked, expected, "{effect} {condition} {given:?}");
        }
    }
}

/// What the everyday way must leave to the longer ones, asked about a resource of the usual heading.
#[test]
fn plain_checks_leave_what_is_unusual() {
    let tree = |serial| {
        let text = r#"{"Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/*",
             "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}},
            {"Effect": "Allow", "Action": "s3:List*", "Resource": "arn:aws:s3:::app/*"},
            {"Effect": "Allow", "Action": "sts:Tag*", "Resource": "arn:aws:sts::111122223333:*"}]}"#;
        let set = PolicySet::new().identity(Document::parse(PolicyKind::Identity, "t.json", text).unwrap());
        Arc::new(Tree { serial, ..Tree::compile(&set) })
    };
    // No bit is in both numbers.
    let [one, two] = [1, 2].map(tree);
    let session = Session::new(SESSION).unwrap();
    let bound = one.bind(&session).unwrap();
    let list = one.action("s3:ListBucket").unwrap();
    let decide = |action: &ActionHandle, keys: &[(&KeyHandle, ContextValue<'_>)]| {
        bound
            .decide(action, "arn:aws:s3:::app/x", keys)
            .map(|decision| decision.is_allowed())
            .map_err(|error| error.rule())
    };
    assert_eq!(decide(&list, &[(&one.key("k:v"), "x".into())]), Ok(true));
    assert_eq!(decide(&two.action("s3:ListBucket").unwrap(), &[]), Err("E6"));
    assert_eq!(decide(&list, &[(&two.key("k:v"), "x".into())]), Err("E6"));
    // Rule E59: too long, and given twice.
    let long = vec!["a"; crate::request::MAX_CONTEXT_VALUES + 1];
    let key = one.key("k:v");
    assert_eq!(decide(&list, &[(&key, "x".into()), (&key, long[..].into())]), Err("E59"));
    assert_eq!(decide(&list, &[(&one.key(""), "x".into())]), Err("E59"));
    // Rule E58: one instant gives the other.
    assert_eq!(decide(&one.action("s3:GetObject").unwrap(), &[(&one.key("aws:EpochTime"), "0".into())]), Ok(true));
    // Rule E35.
    let identity = one.action("sts:GetCallerIdentity").unwrap();
    assert!(bound.decide(&identity, "arn:aws:sts::111122223333:x", &[]).unwrap().is_allowed());
}

/// Whatever other kind of policy a set holds, each check asks it.
#[test]
fn plain_checks_are_of_identity_policies_alone() {
    use PolicyKind::{Boundary, Endpoint, Identity, Resource, ResourceControl, ServiceControl};
    let document = |kind: PolicyKind, effect: &str, action: &str| {
        let who = if matches!(kind, Resource | Endpoint | ResourceControl) { r#", "Principal": "*""# } else { "" };
        let text = format!(
            r#"{{"Statement": {{"Effect": "{effect}", "Action": "{action}", "Resource": "arn:aws:s3:::app/*"{who}}}}}"#
        );
        Document::parse(kind, kind.as_str(), &text).unwrap()
    };
    let level = |documents| Level { name: String::new(), documents };
    let identity = |action| PolicySet::new().identity(document(Identity, "Allow", action));
    let mut allowed = 0;
    for set in [
        identity("s3:*"),
        identity("s3:*").boundary(document(Boundary, "Allow", "s3:Put*")).unwrap(),
        identity("s3:*").session(document(PolicyKind::Session, "Allow", "s3:Put*")),
        identity("s3:*").endpoint(document(Endpoint, "Allow", "s3:Put*")).unwrap(),
        identity("s3:Put*").resource(document(Resource, "Allow", "s3:*")).unwrap(),
        identity("s3:*").service_control(level(vec![document(ServiceControl, "Allow", "s3:Put*")])),
        identity("s3:*").service_control(level(Vec::new())),
        identity("s3:*").resource_control(level(vec![document(ResourceControl, "Deny", "s3:*")])),
    ] {
        let tree = Arc::new(Tree::compile(&set));
        let session = Session::new(SESSION).unwrap().resource_account("111122223333").unwrap();
        let bound = tree.bind(&session).unwrap();
        for name in ["s3:GetObject", "s3:PutObject"] {
            let by_name = tree.decide(&session.request(name, "arn:aws:s3:::app/x").unwrap()).unwrap();
            let bound = bound.decide(&tree.action(name).unwrap(), "arn:aws:s3:::app/x", &[]).unwrap();
            assert_eq!(bound, by_name, "{name} {set:?}");
            allowed += usize::from(bound.is_allowed());
        }
    }
    assert_eq!(allowed, 8);
}

/// What is left of a pattern behind the heading matches what the whole of it matches.
#[test]
fn plain_steps_match_what_patterns_match() {
    let patterns = [
        "*",
        "arn:aws:s3:*:*:app/*",
        "arn:aws:s3:*",
        "arn:aws:s3:*x",
        "arn:*:s3:::app/x",
        "arn:aws:s3:::*",
        "arn:aws:s3:::app",
        "arn:aws:s3:::app*",
        "arn:aws:s3:::app/x",
        "arn:aws:s3:::app/${k:v}",
        "arn:aws:s3:::app/${k:v}*",
        "arn:aws:s3:::app/*x",
        "arn:aws:s3:::app/?",
        "arn:aws:s3:::${k:v}/x",
        "arn:aws:s3:::${k:v}",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/x",
        "arn:aws:dynamodb:*",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/*",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/${k:v}",
    ];
    let conditions = [
        "",
        r#", "Condition": {"Bool": {"k:b": "true"}}"#,
        r#", "Condition": {"Bool": {"k:b": "true", "k:c": "true"}}"#,
    ];
    let mut counts = [0; 3];
    for (pattern, condition, (effect, element)) in patterns.iter().flat_map(|pattern| {
        let elements = [("Allow", "Resource"), ("Deny", "Resource"), ("Allow", "NotResource"), ("Deny", "NotResource")];
        conditions.iter().flat_map(move |condition| elements.map(|element| (pattern, condition, element)))
    }) {
        let other = if effect == "Deny" { r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, "# } else { "" };
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": [{other}
                {{"Effect": "{effect}", "Action": "s3:Get*", "{element}": "{pattern}"{condition}}},
                {{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::app"}}]}}"#
        );
        let set = PolicySet::new().identity(Document::parse(PolicyKind::Identity, "t.json", &text).unwrap());
        let tree = Arc::new(Tree::compile(&set));
        let plain_off = Tree::compile_with(&set, Switches { plain: false, by_action: false, ..Switches::ON });
        let bound = tree.bind(&Session::new(SESSION).unwrap()).unwrap();
        let action = tree.action("s3:GetObject").unwrap();
        assert!(action.plain.is_some());
        let keys = ["k:v", "k:b", "k:c"].map(|key| tree.key(key));
        for resource in ["app", "app/", "app/x", "app/x/y", "app/xx", "app2", "x/x", "other"] {
            let resource = format!("arn:aws:s3:::{resource}");
            for values in [["x", "true", "true"], ["app", "true", "false"], ["", "false", "true"]] {
                let given: Vec<(&KeyHandle, ContextValue<'_>)> =
                    keys.iter().zip(values).map(|(key, value)| (key, value.into())).collect();
                let request = Request::new(SESSION, "s3:GetObject", &resource).unwrap();
                let request = with_keys(request, &given).unwrap();
                let checked = bound.decide(&action, &resource, &given).unwrap();
                assert_eq!(checked, plain_off.decide(&request).unwrap(), "{text} {resource} {values:?}");
                counts[checked.outcome() as usize] += 1;
            }
        }
    }
    assert!(counts.iter().all(|count| *count > 500), "{counts:?}");
}

/// Keys that no policy mentions share bits, and so do those of many slots; which of them are the same is found out.
#[test]
fn keys_that_share_a_bit_are_told_apart() {
    for mentioned in [0, 64] {
        keys_are_told_apart(mentioned);
    }
}

fn keys_are_told_apart(mentioned: usize) {
    let conditions: Vec<String> = (0..mentioned).map(|index| format!(r#""k:{index}": "x""#)).collect();
    let tree = tree_of(&format!(
        r#"{{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::app/*"}},
            {{"Effect": "Allow", "Action": "s3:Put*", "Resource": "*", "Condition": {{"StringEquals": {{{}}}}}}}"#,
        conditions.join(",")
    ));
    let keys: Vec<KeyHandle> = (0..64).map(|index| tree.key(&format!("k:{index}"))).collect();
    assert!(keys.iter().all(|key| (key.slot == Slot::NONE) == (mentioned == 0)));
    let session = Session::new(SESSION).unwrap().with("K:0", "x").unwrap();
    let bound = tree.bind(&session).unwrap();
    let action = tree.action("s3:GetObject").unwrap();
    let mut shared = 0;
    for (one, other) in keys.iter().flat_map(|one| keys.iter().map(move |other| (one, other))) {
        shared += usize::from(one.bits.shared(other.bits) != 0 && one != other);
        let given = [(one, "x".into()), (other, "x".into())];
        let decided = bound.decide(&action, "arn:aws:s3:::app/x", &given);
        let is_repeated = one == other || [one, other].contains(&&keys[0]);
        let expected = if is_repeated { Err("E59") } else { Ok(true) };
        assert_eq!(decided.map(|decision| decision.is_allowed()).map_err(|error| error.rule()), expected);
        let plain = bound.decide_plain(&action, "arn:aws:s3:::app/x", &given);
        assert_eq!(plain.is_some(), !is_repeated, "{} {}", one.name, other.name);
    }
    assert!((20..200).contains(&shared), "{shared}");
}

/// Two keys of a session that share a bit are both remembered.
#[test]
fn a_session_may_give_keys_that_share_a_bit() {
    let tree = tree_of(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/*"}"#);
    let keys: Vec<KeyHandle> = (0..32).map(|index| tree.key(&format!("k:{index}"))).collect();
    let mut pairs = keys.iter().flat_map(|one| keys.iter().map(move |other| (one, other)));
    let (one, other) = pairs.find(|(one, other)| one != other && one.bits == other.bits).unwrap();
    let session = Session::new(SESSION).unwrap().with(&one.name, "x").unwrap().with(&other.name, "x").unwrap();
    let (bound, action) = (tree.bind(&session).unwrap(), tree.action("s3:GetObject").unwrap());
    for key in [one, other] {
        let decided = bound.decide(&action, "arn:aws:s3:::app/x", &[(key, "x".into())]);
        assert_eq!(decided.map_err(|error| error.rule()), Err("E59"), "{}", key.name);
    }
}

/// Keys that policies name share bits too where there are more of them than bits.
#[test]
fn many_keys_that_policies_name_are_told_apart() {
    let one = |index: usize| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/*",
                "Condition": {{"StringEquals": {{"k:{index}": "x"}}}}}}"#
        )
    };
    let tree = tree_of(&(0..100).map(one).collect::<Vec<_>>().join(","));
    let session = Session::new(SESSION).unwrap();
    let bound = tree.bind(&session).unwrap();
    let action = tree.action("s3:GetObject").unwrap();
    for key in (0..100).map(|index| tree.key(&format!("k:{index}"))) {
        let decide = |keys: &[(&KeyHandle, ContextValue<'_>)]| bound.decide(&action, "arn:aws:s3:::app/x", keys);
        assert!(decide(&[(&key, "x".into())]).unwrap().is_allowed(), "{}", key.name);
        let twice = decide(&[(&key, "x".into()), (&key, "x".into())]);
        assert_eq!(twice.map_err(|error| error.rule()), Err("E59"), "{}", key.name);
        let bound = tree.bind(&session.clone().with(&key.name, "x").unwrap()).unwrap();
        let again = bound.decide(&action, "arn:aws:s3:::app/x", &[(&key, "x".into())]);
        assert_eq!(again.map_err(|error| error.rule()), Err("E59"), "{}", key.name);
    }
}

/// A check of many keys counts those of the session too, even where no two share a bit.
#[test]
fn checks_of_many_keys_keep_the_limit_of_a_context() {
    let names: Vec<String> = (0..40).map(|index| format!("k:{index}")).collect();
    let conditions: Vec<String> = names.iter().map(|name| format!(r#""{name}": "x""#)).collect();
    let tree = tree_of(&format!(
        r#"{{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/*",
            "Condition": {{"StringEquals": {{{}}}}}}}"#,
        conditions.join(",")
    ));
    let action = tree.action("s3:GetObject").unwrap();
    let keys: Vec<KeyHandle> = names.iter().map(|name| tree.key(name)).collect();
    let given: Vec<_> = keys.iter().map(|key| (key, "x".into())).collect();
    for (count, expected) in [(0, Ok(true)), (crate::request::MAX_CONTEXT_KEYS - 20, Err("E59"))] {
        let session = (0..count)
            .fold(Session::new(SESSION).unwrap(), |session, index| session.with(&format!("s:{index}"), "x").unwrap());
        let decided = tree.bind(&session).unwrap().decide(&action, "arn:aws:s3:::app/x", &given);
        assert_eq!(decided.map(|decision| decision.is_allowed()).map_err(|error| error.rule()), expected, "{count}");
    }
}

#[test]
fn keys_that_policies_name_share_no_bit_with_others() {
    let all = |keys: &mut dyn Iterator<Item = KeyBits>| {
        let mut all = KeyBits::default();
        keys.for_each(|bits| all.add(bits));
        all
    };
    for slots in [2, 3, 20, 46, 47, 48, 63, 300, 10_000] {
        let named = all(&mut (0..slots).map(|slot| KeyBits::of(Some(Slot(slot)), 0, slots as usize)));
        let unnamed = all(&mut (0..=255).map(|high| KeyBits::of(None, high << 24 | 0x00ff_ffff, slots as usize)));
        let both = all(&mut [named, unnamed].into_iter());
        assert_eq!((named.shared(unnamed), both.shared(KeyBits::ENTANGLED)), (0, 0), "{slots}");
        let own = slots.min(47);
        let counts = [named, unnamed].map(|bits| bits.shared(bits).count_ones());
        assert_eq!(counts, [own, 63 - own], "{slots}");
    }
}

/// What is unusual twice, or for two reasons, is no less so.
#[test]
fn what_is_unusual_twice_stays_unusual() {
    let trees = [0, 1].map(|_| tree_of(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/*"}"#));
    let bound = trees[0].bind(&Session::new(SESSION).unwrap()).unwrap();
    let action = trees[0].action("s3:GetObject").unwrap();
    let long = vec!["a"; crate::request::MAX_CONTEXT_VALUES + 1];
    let [own, foreign] = [0, 1].map(|at| ["k:v", "k:w"].map(|key| trees[at].key(key)));
    for resource in ["arn:aws:s3:::app/x", "*"] {
        let decide = |keys: &[(&KeyHandle, ContextValue<'_>)]| {
            bound.decide(&action, resource, keys).map(|decision| decision.is_allowed()).map_err(|error| error.rule())
        };
        let [one, other] = &own;
        assert_eq!(decide(&[(one, long[1..].into()), (other, long[1..].into())]), Ok(resource != "*"));
        assert_eq!(decide(&[(one, long[..].into()), (other, long[..].into())]), Err("E59"));
        assert_eq!(decide(&[(one, long[..].into()), (other, "x".into())]), Err("E59"));
        let [one, other] = &foreign;
        assert_eq!(decide(&[(one, "x".into()), (other, "x".into())]), Err("E6"));
    }
}

/// Serial numbers and bits of keys are looked at together and never hide one another.
#[test]
fn serials_and_bits_hide_nothing() {
    let statement = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${k:v}"}"#;
    let tree = |serial| Arc::new(Tree { serial, ..Arc::into_inner(tree_of(statement)).unwrap() });
    let key_of = |tree: &Tree| tree.key("k:v");
    let bit = key_of(&tree(0)).bits.shared(key_of(&tree(0)).bits);
    for (serial, other) in [(0, bit), (bit, 0), (bit, bit << 1)] {
        let [one, other] = [serial, other].map(tree);
        let bound = one.bind(&Session::new(SESSION).unwrap()).unwrap();
        let action = one.action("s3:GetObject").unwrap();
        let rule = |keys: &[&KeyHandle]| {
            let keys: Vec<_> = keys.iter().map(|key| (*key, "x".into())).collect();
            bound.decide(&action, "arn:aws:s3:::x", &keys).map(|_| ()).map_err(|error| error.rule())
        };
        let (own, foreign) = (key_of(&one), key_of(&other));
        assert_eq!(rule(&[&own]), Ok(()), "{serial}");
        assert_eq!(rule(&[&own, &own]), Err("E59"), "{serial}");
        assert_eq!(rule(&[&foreign]), Err("E6"), "{serial}");
        assert_eq!(rule(&[&own, &foreign]), Err("E6"), "{serial}");
    }
}

/// Rule E58: what a request gives stands in place of what is derived, whatever else it gives.
#[test]
fn checks_may_give_what_is_derived() {
    let role = "arn:aws:iam::111122223333:role/path/App";
    let given = [("k:v", "x"), ("aws:PrincipalType", "Other"), ("aws:PrincipalArn", role)];
    let one = |(key, value): &(&str, &str)| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/*",
                "Condition": {{"StringLike": {{"{key}": "{value}"}}}}}}"#
        )
    };
    let tree = tree_of(&given[1..].iter().map(one).collect::<Vec<_>>().join(","));
    let session = Session::new(SESSION).unwrap();
    let (bound, action) = (tree.bind(&session).unwrap(), tree.action("s3:GetObject").unwrap());
    let keys = given.map(|(key, _)| tree.key(key));
    let mut allowed = 0;
    for chosen in 0..8u32 {
        let chosen = || (0..3).filter(move |bit| chosen >> bit & 1 == 1);
        let request = session.request("s3:GetObject", "arn:aws:s3:::app/x").unwrap();
        let request = chosen().try_fold(request, |request, at| request.with(given[at].0, given[at].1)).unwrap();
        let by_handle: Vec<_> = chosen().map(|at| (&keys[at], given[at].1.into())).collect();
        let checked = bound.decide(&action, "arn:aws:s3:::app/x", &by_handle).unwrap();
        assert_eq!(checked, tree.decide(&request).unwrap(), "{by_handle:?}");
        allowed += u32::from(checked.is_allowed());
    }
    assert_eq!(allowed, 6);
}

/// A session may give nearly all keys that a context holds; a check adds no more than it holds.
#[test]
fn session_and_check_keep_the_limit_of_a_context() {
    let tree = tree_of(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::app/*"}"#);
    let action = tree.action("s3:GetObject").unwrap();
    let keys: Vec<KeyHandle> = (0..10).map(|index| tree.key(&format!("k:of check {index}"))).collect();
    let given: Vec<(&KeyHandle, ContextValue<'_>)> = keys.iter().map(|key| (key, "x".into())).collect();
    let mut outcomes = Vec::new();
    for count in [900, 930, 940, 980, 985, 986, 987, 988, 989, 990, 996] {
        let session = (0..count)
            .try_fold(Session::new(SESSION).unwrap(), |session, index| session.with(&format!("k:{index}"), "x"))
            .unwrap();
        let by_name = session.request("s3:GetObject", "arn:aws:s3:::app/x");
        let by_name = by_name.and_then(|request| with_keys(request, &given));
        let by_name = by_name.and_then(|request| tree.decide(&request)).map_err(|error| error.rule());
        let bound = tree.bind(&session).unwrap();
        let checked = bound.decide(&action, "arn:aws:s3:::app/x", &given).map_err(|error| error.rule());
        assert_eq!(checked, by_name, "{count}");
        outcomes.push(checked.is_ok());
    }
    assert!(outcomes.contains(&true) && outcomes.contains(&false), "{outcomes:?}");
}
