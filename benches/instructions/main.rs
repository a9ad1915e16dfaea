//! Instructions of decisions and compilations, counted by callgrind: `cargo bench --bench instructions`.
//!
//! Counts do not depend on what else a machine does. Those of `counts.tsv` belong to the compiler of
//! `rust-toolchain.toml`; `.ci/instructions` compares, and writes them anew when asked to.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    missing_docs,
    reason = "a benchmark may fail loudly"
)]
#![allow(unused_qualifications, reason = "the macros of gungraun write names out in full")]

mod hostile;
#[path = "../workloads/mod.rs"]
mod workloads;

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use iamtree::cognito::{Pool, RuleQuestion, RuleWalk};
use iamtree::{Engine, Outcome, Request};
use workloads::bound::{Bound, Check};
use workloads::{Asked, Workload, w1, w2, w3};

/// What a benchmark borrows lives as long as the process.
fn keep<T>(thing: T) -> &'static T {
    Box::leak(Box::new(thing))
}

fn workload(name: &str) -> &'static Workload {
    keep(if name == "w1" { w1::workload() } else { w2::workload(name.parse().expect("a size")) })
}

type Asking = &'static (Engine, Vec<Request<'static>>);

/// A prepared workload, asked once so that the thread's scratch is there.
fn by_name(name: &str) -> Asking {
    let workload = workload(name);
    let asking = keep((workload.engine(), workload.requests.iter().map(Asked::request).collect()));
    decide_each(asking);
    asking
}

fn decide_each((engine, requests): Asking) -> usize {
    requests
        .iter()
        .filter(|request| engine.decide(black_box(request)).is_ok_and(|decision| decision.is_allowed()))
        .count()
}

/// The same for bound sessions.
fn bound(name: &str) -> &'static [Check<'static>] {
    let workload = workload(name);
    let bound = keep(Bound::new(keep(workload.engine()), workload));
    keep(bound.checks())
}

fn check_each(checks: &[Check<'_>]) -> usize {
    checks.iter().filter(|check| check.decide() == Outcome::Allowed).count()
}

#[library_benchmark]
#[bench::w1(by_name("w1"))]
#[bench::w2_10(by_name("10"))]
#[bench::w2_1000(by_name("1000"))]
fn decide(asking: Asking) -> usize {
    black_box(decide_each(asking))
}

#[library_benchmark]
#[bench::w1(bound("w1"))]
#[bench::w2_10(bound("10"))]
#[bench::w2_1000(bound("1000"))]
fn decide_bound(checks: &'static [Check<'static>]) -> usize {
    black_box(check_each(checks))
}

#[library_benchmark]
#[bench::w1((keep(workload("w1").engine()), workload("w1")))]
fn build_and_decide((engine, workload): (&'static Engine, &'static Workload)) -> usize {
    black_box(workload.requests.iter().filter(|asked| engine.decide(&asked.request()).is_ok()).count())
}

#[library_benchmark]
#[bench::w2_1000(workload("1000"))]
fn compile(workload: &'static Workload) -> Engine {
    black_box(workload.engine())
}

fn questions() -> &'static [RuleQuestion<'static>] {
    let rules = w3::rules();
    let pool = keep(Pool::parse("mapping.json", &w3::pool(&rules).to_string()).expect("a pool"));
    let question = |login: w3::Login| pool.rule_question(keep(login.verified(w3::LOGIN_KEY))).expect("a question");
    keep(w3::logins(&rules).into_iter().map(question).collect::<Vec<_>>())
}

#[library_benchmark]
#[bench::w3(questions())]
fn select_role(questions: &'static [RuleQuestion<'static>]) -> usize {
    black_box(questions.iter().filter(|question| question.first(RuleWalk::Compiled).is_some()).count())
}

#[library_benchmark]
#[bench::one_prefix(hostile::one_prefix())]
#[bench::leading_stars(hostile::leading_stars())]
#[bench::one_organization(hostile::one_organization())]
#[bench::thousand_stars(hostile::thousand_stars())]
#[bench::one_variable(hostile::one_variable())]
fn hostile_shape(asking: Asking) -> usize {
    black_box(decide_each(asking))
}

library_benchmark_group!(
    name = counts,
    benchmarks = [decide, decide_bound, build_and_decide, compile, select_role, hostile_shape]
);

main!(library_benchmark_groups = counts);
