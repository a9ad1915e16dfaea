//! The figures that iamtree is held to, as ratios: each line is a name, a value, a goal, and whether it is met.
//!
//! ```text
//! cargo bench --bench ratios
//! ```
//!
//! Everything is measured against something that runs next to it, in turns, so that the machine falls out; every
//! answer is compared with the expected one before anything is timed, and a wrong one ends the run.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a benchmark may fail loudly"
)]

mod floor;
mod heap;
mod measure;
#[path = "../workloads/mod.rs"]
mod workloads;

use std::collections::HashMap;
use std::hint::black_box;

use iamtree::{BoundSession, Document, Engine, PolicyKind, PolicySet, Request, cognito};

use cognito::RuleWalk;
use floor::{Mapped, Typed};
use measure::{by_turns, median, ratio};
use workloads::bound::{Bound, Check};
use workloads::{Asked, Workload, sink, w1, w2, w3};

fn main() {
    // `cargo test --benches` and `cargo bench -- --list` ask for nothing that takes a minute.
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") {
        return;
    }
    let table = Table;
    let w1 = w1::workload();
    let w2: Vec<(usize, Workload)> = [10, 1_000, 10_000].map(|size| (size, w2::workload(size))).into();
    check_workload("w1", &w1);
    w2.iter().for_each(|(size, workload)| check_workload(&format!("w2/{size}"), workload));
    w1_against_the_floor(&table, &w1);
    growth(&table, &w2);
    by_name_against_a_hash(&table, &w2[1].1);
    all_kinds(&table, &w2[1].1);
    listing(&table, &w2[1].1);
    memory(&table, &w2);
    from_text(&table, &w2[1].1);
    roles(&table);
    threads(&table, &w2[1].1);
    allocations(&table, &w1);
    bound_bytes(&table, &w1, &w2[1].1);
}

/// Prints as it is measured.
struct Table;

impl Table {
    fn at_most(&self, name: &str, value: f64, goal: f64) {
        self.line(name, value, &format!("<= {goal}"), value <= goal);
    }

    fn at_least(&self, name: &str, value: f64, goal: f64) {
        self.line(name, value, &format!(">= {goal}"), value >= goal);
    }

    fn line(&self, name: &str, value: f64, goal: &str, met: bool) {
        println!("{name:66} {value:9.3}  {goal:8} {}", if met { "met" } else { "NOT MET" });
    }

    /// Absolute times belong to one machine; they are notes.
    fn note(&self, name: &str, nanoseconds: f64) {
        println!("{:66} {nanoseconds:7.1} ns", format!("  {name}"));
    }
}

fn check_workload(name: &str, workload: &Workload) {
    assert_ne!(workloads::matches_folder(name, workload), Some(false), "{name} is not what generate.py writes");
    let engine = workload.engine();
    for asked in &workload.requests {
        let decided = engine.decide(&asked.request()).expect("a decision").outcome();
        assert_eq!(decided, asked.expected, "{name}: {} {}", asked.action, asked.resource);
    }
}

/// Nanoseconds for each request, from the time of a round over all of them.
fn each(times: &[f64], requests: usize) -> f64 {
    median(times.iter().copied()) * 1e9 / requests as f64
}

fn run(checks: &[Check<'_>]) {
    checks.iter().for_each(|check| sink(black_box(check).decide()));
}

fn w1_against_the_floor(table: &Table, workload: &Workload) {
    let engine = workload.engine();
    let requests: Vec<Request<'_>> = workload.requests.iter().map(Asked::request).collect();
    let typed: Vec<Typed<'_>> = workload.requests.iter().map(Typed::prepare).collect();
    let mapped: Vec<Mapped<'_>> = workload.requests.iter().map(Mapped::prepare).collect();
    for (asked, (typed, mapped)) in workload.requests.iter().zip(typed.iter().zip(&mapped)) {
        assert_eq!((typed.decide(), mapped.decide()), (asked.expected, asked.expected), "the floor is wrong");
    }
    let bound = Bound::new(&engine, workload);
    let checks = bound.checks();
    let times = by_turns(&mut [
        &mut || typed.iter().for_each(|request| sink(black_box(request).decide())),
        &mut || run(&checks),
        &mut || mapped.iter().for_each(|request| sink(black_box(request).decide())),
        &mut || requests.iter().for_each(|request| sink(engine.decide(black_box(request)))),
        &mut || workload.requests.iter().for_each(|asked| sink(Mapped::prepare(asked).decide())),
        &mut || workload.requests.iter().for_each(|asked| sink(engine.decide(&asked.request()))),
    ]);
    table.at_most("w1, bound, handles / floor (a), typed fields", ratio(&times[1], &times[0]), 3.0);
    table.at_most("w1, prepared request by name / floor (b), keys in a map", ratio(&times[3], &times[2]), 1.5);
    table.at_most("w1, request built and decided / floor (c), map built", ratio(&times[5], &times[4]), 1.5);
    let names = ["floor (a)", "bound", "floor (b)", "by name", "floor (c)", "built and decided"];
    for (name, times) in names.iter().zip(&times) {
        table.note(name, each(times, workload.requests.len()));
    }
}

fn growth(table: &Table, workloads: &[(usize, Workload)]) {
    let engines: Vec<Engine> = workloads.iter().map(|(_, workload)| workload.engine()).collect();
    let bound: Vec<Bound<'_>> =
        engines.iter().zip(workloads).map(|(engine, (_, workload))| Bound::new(engine, workload)).collect();
    let checks: Vec<Vec<Check<'_>>> = bound.iter().map(Bound::checks).collect();
    let mut runs: Vec<_> = checks.iter().map(|checks| move || run(checks)).collect();
    let mut runs: Vec<&mut dyn FnMut()> = runs.iter_mut().map(|run| run as &mut dyn FnMut()).collect();
    let times = by_turns(&mut runs);
    let (first, last) = (&times[0], &times[times.len() - 1]);
    table.at_most("w2, bound: growth from 10 to 10,000 statements", ratio(last, first), 2.5);
    for ((size, workload), times) in workloads.iter().zip(&times) {
        table.note(&format!("w2/{size}, bound"), each(times, workload.requests.len()));
    }
}

fn by_name_against_a_hash(table: &Table, workload: &Workload) {
    let engine = workload.engine();
    let requests: Vec<Request<'_>> = workload.requests.iter().map(Asked::request).collect();
    let times = by_turns(&mut [
        &mut || workload.requests.iter().for_each(|asked| sink(floor::sip_hash(black_box(asked)))),
        &mut || requests.iter().for_each(|request| sink(engine.decide(black_box(request)))),
    ]);
    table.at_most("w2/1000 by name / SipHash of the request's bytes", ratio(&times[1], &times[0]), 1.5);
    table.note("SipHash", each(&times[0], requests.len()));
    table.note("w2/1000 by name", each(&times[1], requests.len()));
}

/// W2 with a boundary, levels of service control policies and a resource policy around it.
fn all_kinds(table: &Table, workload: &Workload) {
    const EVERYTHING: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "NotAction": ["s3:*", "dynamodb:*", "sqs:*"], "Resource": "*",
         "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}}]}"#;
    const RESOURCE: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "NotAction": ["s3:*", "dynamodb:*", "sqs:*"], "NotResource": "arn:aws:s3:::data-*"},
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Other"}, "Action": "s3:GetObject",
         "Resource": "arn:aws:s3:::data-0/*"}]}"#;
    let parse = |kind, text| Document::parse(kind, "p.json", text).expect("a document");
    let level = |name: &str| iamtree::document::Level {
        name: name.to_owned(),
        documents: vec![parse(PolicyKind::ServiceControl, EVERYTHING)],
    };
    let set: PolicySet = workload.set().service_control(level("root")).service_control(level("unit"));
    let set = set.boundary(parse(PolicyKind::Boundary, EVERYTHING)).expect("one boundary");
    let set = set.resource(parse(PolicyKind::Resource, RESOURCE)).expect("one resource policy");
    let (alone, all) = (workload.engine(), Engine::compile(set).expect("a set"));
    let requests: Vec<Request<'_>> = workload.requests.iter().map(Asked::request).collect();
    for (request, asked) in requests.iter().zip(&workload.requests) {
        assert_eq!(all.decide(request).expect("a decision").outcome(), asked.expected, "with all kinds of policy");
    }
    let times = by_turns(&mut [
        &mut || requests.iter().for_each(|request| sink(alone.decide(black_box(request)))),
        &mut || requests.iter().for_each(|request| sink(all.decide(black_box(request)))),
    ]);
    table.at_most("w2/1000 with boundary, SCPs, resource policy / identity alone", ratio(&times[1], &times[0]), 1.5);
}

/// A listing for one caller and one action, at once and one by one: objects of buckets in the order of their keys, as
/// S3 lists them.
fn listing(table: &Table, workload: &Workload) {
    let engine = workload.engine();
    let asked = workload.requests.iter().find(|asked| asked.action == "s3:GetObject").expect("a read");
    let template = asked.request();
    let mut resources: Vec<&str> = workload.requests.iter().map(|asked| &*asked.resource).collect();
    resources.retain(|resource| resource.starts_with("arn:aws:s3:::") && resource.contains('/'));
    resources.sort_unstable();
    let single: Vec<Request<'_>> = resources.iter().map(|resource| asked.request_on(resource)).collect();
    let at_once = engine.decide_all(&template, resources.iter().copied());
    for (listed, request) in at_once.iter().zip(&single) {
        assert_eq!(listed, &engine.decide(request), "a listing answers like single calls");
    }
    let times = by_turns(&mut [
        &mut || sink(engine.decide_all(black_box(&template), resources.iter().copied())),
        &mut || single.iter().for_each(|request| sink(engine.decide(black_box(request)))),
        &mut || resources.iter().for_each(|resource| sink(engine.decide(&asked.request_on(resource)))),
    ]);
    table.at_least("w2/1000, objects in order at once / single calls, built", ratio(&times[2], &times[0]), 1.5);
    table.at_least("w2/1000, objects in order at once / single calls, prepared", ratio(&times[1], &times[0]), 1.5);
    table.note("an object of a listing", each(&times[0], resources.len()));
}

fn memory(table: &Table, workloads: &[(usize, Workload)]) {
    for (size, workload) in workloads.iter().filter(|(size, _)| *size >= 1_000) {
        let text = workload.policy_bytes() as f64;
        let (engine, live) = heap::live_bytes_of(|| workload.engine());
        table.at_most(&format!("w2/{size}: heap of the tree / policy text"), live as f64 / text - 1.0, 1.5);
        table.at_most(&format!("w2/{size}: the same with the source text"), live as f64 / text, 2.5);
        assert!(engine.heap_bytes() as f64 > 0.8 * (live as f64 - text), "the tree counts its own bytes");
    }
}

fn from_text(table: &Table, workload: &Workload) {
    let times = by_turns(&mut [
        &mut || {
            for text in &workload.documents {
                drop(black_box(serde_json::from_str::<serde_json::Value>(black_box(text)).expect("JSON")));
            }
        },
        &mut || drop(black_box(workload.engine())),
        &mut || drop(black_box(workload.set())),
    ]);
    table.at_most("w2/1000: text to engine / serde_json::Value", ratio(&times[1], &times[0]), 4.0);
    table.note("the documents alone, times as long", ratio(&times[2], &times[0]));
}

fn roles(table: &Table) {
    let rules = w3::rules();
    let logins = w3::logins(&rules);
    assert_ne!(workloads::w3_matches_folder(&rules, &logins), Some(false), "w3 is not what generate.py writes");
    let pool = cognito::Pool::parse("mapping.json", &w3::pool(&rules).to_string()).expect("a pool");
    let claims: Vec<HashMap<&str, &str>> = logins.iter().map(w3::Login::map).collect();
    let verified: Vec<cognito::Login> = logins.iter().map(|login| login.verified(w3::LOGIN_KEY)).collect();
    let questions: Vec<_> = verified.iter().map(|login| pool.rule_question(login).expect("a question")).collect();
    for (login, (claims, question)) in logins.iter().zip(claims.iter().zip(&questions)) {
        assert_eq!(floor::first_rule(&rules, claims), login.rule, "the plain loop is wrong");
        assert_eq!(question.first(RuleWalk::Compiled), login.rule, "w3");
    }
    let times = by_turns(&mut [
        &mut || claims.iter().for_each(|claims| sink(floor::first_rule(&rules, black_box(claims)))),
        &mut || questions.iter().for_each(|question| sink(black_box(question).first(RuleWalk::Compiled))),
    ]);
    table.at_most("w3: role selection / the plain loop over the rules", ratio(&times[1], &times[0]), 0.4);
    table.note("the plain loop", each(&times[0], logins.len()));
    table.note("role selection", each(&times[1], logins.len()));
}

fn threads(table: &Table, workload: &Workload) {
    let requests: Vec<Request<'_>> = workload.requests.iter().map(Asked::request).collect();
    let (one, other) = (workload.engine(), workload.engine());
    let work = |engine: &Engine| {
        for _ in 0..20 {
            requests.iter().for_each(|request| sink(engine.decide(black_box(request))));
        }
    };
    let pair = |first: &Engine, second: &Engine| {
        std::thread::scope(|scope| {
            scope.spawn(|| work(first));
            scope.spawn(|| work(second));
        });
    };
    let times = by_turns(&mut [&mut || pair(&one, &other), &mut || pair(&one, &one)]);
    table.at_least("two threads on one engine / on an engine each: throughput", ratio(&times[0], &times[1]), 0.97);
}

fn allocations(table: &Table, workload: &Workload) {
    let engine = workload.engine();
    let requests: Vec<Request<'_>> = workload.requests.iter().map(Asked::request).collect();
    let bound = Bound::new(&engine, workload);
    let checks = bound.checks();
    let by_name = heap::allocations_of(|| requests.iter().for_each(|request| sink(engine.decide(request))));
    let of_checks = heap::allocations_of(|| run(&checks));
    table.at_most("allocations of a decision by name", by_name as f64 / requests.len() as f64, 0.0);
    table.at_most("allocations of a decision of a bound session", of_checks as f64 / requests.len() as f64, 0.0);
}

fn bound_bytes(table: &Table, small: &Workload, large: &Workload) {
    for (name, workload) in [("w1", small), ("w2/1000", large)] {
        let engine = workload.engine();
        let bound = Bound::new(&engine, workload);
        let bytes = bound.sessions.iter().map(|session| session.heap_bytes() + size_of::<BoundSession>());
        let largest = bytes.max().unwrap_or_default();
        table.at_most(&format!("{name}: bytes of a bound session beyond its text"), largest as f64, 512.0);
    }
}
