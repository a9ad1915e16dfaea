//! Many statements at one place of the tree: there entries are grouped and found by their needles or by a value. Generated
//! sets are too small for that.

use std::collections::BTreeMap;

use iamtree::reference::Reference;
use iamtree::request::ContextValue;
use iamtree::tree::Switches;
use iamtree::{Document, Engine, Outcome, PolicyKind, PolicySet, Request, Session};

/// Small random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn pick(&mut self, items: &[&'static str]) -> &'static str {
        items[self.below(items.len())]
    }
}

const ACTIONS: [&str; 6] = [
    r#""Action": "s3:GetObject""#,
    r#""Action": ["s3:Get*", "sqs:*"]"#,
    r#""Action": "*""#,
    r#""NotAction": "s3:GetObject""#,
    r#""Action": "s3:PutObject""#,
    r#""Action": "s3:?utObject""#,
];

const CONDITIONS: [&str; 8] = [
    "",
    "",
    r#", "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["blue", "blue", ""]}}"#,
    r#", "Condition": {"StringLike": {"aws:PrincipalTag/team": "reds"}, "Bool": {"aws:SecureTransport": "false"}}"#,
    r#", "Condition": {"StringEqualsIfExists": {"aws:PrincipalTag/team": "blue"}}"#,
    r#", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}"#,
    r#", "Condition": {"StringLike": {"aws:PrincipalTag/team": "*e*"}, "Bool": {"aws:SecureTransport": "true"}}"#,
    r#", "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": ["red", "${k:v}"]}}"#,
];

const HEADS: [&str; 6] = ["", "*", "*", "?", "${k:v}", "ab"];
const PARTS: [&str; 8] = ["a", "b", "ab", "-a", "/", "*", "?", "${k:v}"];
const FIELDS: [&str; 5] = ["arn:aws:s3:::", "arn:aws:s3:::", "arn:aws:s3:::", "arn:aws:s3:*:*:", "arn:a*:s3:::"];

fn pattern(dice: &mut Dice) -> String {
    let mut pattern = format!("{}{}", dice.pick(&FIELDS), dice.pick(&HEADS));
    (0..dice.below(4)).for_each(|_| pattern.push_str(dice.pick(&PARTS)));
    pattern
}

fn statement(dice: &mut Dice) -> String {
    let effect = if dice.below(4) == 0 { "Deny" } else { "Allow" };
    let resource = if dice.below(12) == 0 { "*".to_owned() } else { pattern(dice) };
    let (action, condition) = (dice.pick(&ACTIONS), dice.pick(&CONDITIONS));
    format!(r#"{{"Effect": "{effect}", {action}, "Resource": "{resource}"{condition}}}"#)
}

/// One of many at one place that demand a value: of the session, or of the request.
fn demanding(dice: &mut Dice) -> String {
    let effect = if dice.below(20) == 0 { "Deny" } else { "Allow" };
    let (resource, operator) = (dice.pick(&RESOURCES), dice.pick(&["StringEquals", "StringLike"]));
    let values: Vec<String> = (0..1 + dice.below(2)).map(|_| format!("\"{}\"", dice.pick(&VALUES))).collect();
    let (key, values) = (dice.pick(&["aws:PrincipalTag/team", "aws:PrincipalTag/team", "k:w"]), values.join(","));
    let rest = dice.pick(&["", "", r#", "Bool": {"aws:SecureTransport": "true"}"#, r#", "Null": {"k:w": "true"}"#]);
    format!(
        r#"{{"Effect": "{effect}", "Action": "s3:*", "Resource": "{resource}",
            "Condition": {{"{operator}": {{"{key}": [{values}]}}{rest}}}}}"#
    )
}

const RESOURCES: [&str; 4] = ["*", "*", "arn:aws:s3:::a*", "arn:aws:s3:::*"];

const VALUES: [&str; 24] = [
    "red", "blue", "reds", "", "b", "bl", "r*", "?", "10", "11", "1", "100", "é", "e", "${k:v}", "Red", "RED", "green",
    "gree", "greens", "2", "20", "22", "3",
];

fn document(dice: &mut Dice, kind: PolicyKind, statements: usize, one: fn(&mut Dice) -> String) -> Document {
    let statements: Vec<String> = (0..statements).map(|_| one(dice)).collect();
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
    Document::parse(kind, "p.json", &text).unwrap()
}

const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/App/one";

/// A value of a key that conditions ask for, if it is given.
fn value(dice: &mut Dice) -> Option<ContextValue<'static>> {
    match dice.below(8) {
        0 => None,
        1 => Some(ContextValue::Multi(vec!["red".into(), "blue".into()])),
        2 => Some("".into()),
        3..=5 => Some(dice.pick(&VALUES).into()),
        _ => Some(dice.pick(&["red", "blue", "red", "blue", "reds", "re"]).into()),
    }
}

type Counts = BTreeMap<Outcome, usize>;

/// Asks a set with each trick off, in each way, what the reference answers.
fn ask(dice: &mut Dice, set: PolicySet, questions: usize, counts: &mut Counts) {
    let engines: Vec<(Switches, Engine)> = Switches::each_off()
        .into_iter()
        .map(|switches| (switches, Engine::compile_with(set.clone(), switches).unwrap()))
        .collect();
    let reference = Reference::new(&set);
    for _ in 0..questions {
        let mut resource = "arn:aws:s3:::".to_owned();
        (0..1 + dice.below(5)).for_each(|_| resource.push_str(dice.pick(&["a", "b", "-a", "/", "é", "a:b"])));
        let action = dice.pick(&["s3:GetObject", "s3:getobjectacl", "s3:PutObject", "sqs:SendMessage"]);
        let request = Request::new(CALLER, action, &resource).unwrap();
        let (team, extra) = (value(dice), value(dice));
        let value = dice.pick(&["a", "b", "*", "ab", "", "blue"]);
        let secure = dice.pick(&["true", "false"]);
        let request = request.with("k:v", value).unwrap().with("aws:SecureTransport", secure).unwrap();
        let session = Session::new(CALLER).unwrap().with("k:v", value).unwrap();
        let (request, session) = match team {
            None => (request, session),
            Some(team) => (
                request.with("aws:PrincipalTag/team", team.clone()).unwrap(),
                session.with("aws:PrincipalTag/team", team).unwrap(),
            ),
        };
        let request = match &extra {
            None => request,
            Some(extra) => request.with("k:w", extra.clone()).unwrap(),
        };
        let explained = reference.explain(&request).unwrap();
        *counts.entry(explained.decision.outcome()).or_insert(0) += 1;
        for (switches, engine) in &engines {
            let decided = engine.decide(&request).unwrap();
            assert_eq!(decided.reason(), explained.decision.reason(), "{switches:?} {request:?}");
            assert!(decided.statement().is_none_or(|statement| explained.matched.contains(&statement)));
            let (bound, keys) = (engine.bind(&session).unwrap(), ["aws:SecureTransport", "k:w"]);
            let (keys, action) = (keys.map(|key| engine.key(key)), engine.action(action).unwrap());
            let given = keys.iter().zip([Some(secure.into()), extra.clone()]);
            let given: Vec<_> = given.filter_map(|(key, value)| Some((key, value?))).collect();
            let checked = bound.decide(&action, &resource, &given).unwrap();
            assert_eq!(checked.reason(), decided.reason(), "{switches:?} {request:?}");
            assert!(checked.statement().is_none_or(|statement| explained.matched.contains(&statement)));
            let listed = engine.decide_all(&request, ["*", &resource, "arn:aws:s3:::ab", &resource]);
            assert_eq!(listed[1].as_ref().unwrap().reason(), decided.reason(), "{switches:?} {request:?}");
            assert_eq!(listed[3].as_ref().unwrap().reason(), decided.reason(), "{switches:?} {request:?}");
        }
    }
}

#[test]
fn every_switch_answers_like_the_reference() {
    let mut dice = Dice(1);
    let mut counts = Counts::new();
    for round in 0..60 {
        let size = [6, 20, 120][round % 3];
        let set = PolicySet::new().identity(document(&mut dice, PolicyKind::Identity, size, statement));
        let set = match round % 4 {
            0 => set.boundary(document(&mut dice, PolicyKind::Boundary, 30, statement)).unwrap(),
            1 => set.session(document(&mut dice, PolicyKind::Session, 30, statement)),
            _ => set,
        };
        ask(&mut dice, set, 60, &mut counts);
    }
    assert!(counts.len() == 3 && counts.values().all(|count| *count > 100), "{counts:?}");
}

/// Statements of one place that demand a value are found by it.
#[test]
fn what_demands_a_value_answers_like_the_reference() {
    let mut dice = Dice(2);
    let mut counts = Counts::new();
    for round in 0..12 {
        let set = PolicySet::new().identity(document(&mut dice, PolicyKind::Identity, 80, demanding));
        let set = match round % 3 {
            0 => set.boundary(document(&mut dice, PolicyKind::Boundary, 80, demanding)).unwrap(),
            _ => set,
        };
        ask(&mut dice, set, 100, &mut counts);
    }
    assert!(counts.len() == 3 && counts.values().all(|count| *count > 50), "{counts:?}");
}
