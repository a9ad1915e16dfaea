//! Times of decisions, bindings and compilations: `cargo bench --bench decide`.
//!
//! Absolute times belong to one machine. What iamtree is held to are the ratios of `cargo bench --bench ratios`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    missing_docs,
    reason = "a benchmark may fail loudly"
)]

mod workloads;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use iamtree::{Engine, Request, Session};
use workloads::bound::Bound;
use workloads::{Asked, Workload, sink, w1, w2};

fn all() -> Vec<(&'static str, Workload)> {
    vec![
        ("w1", w1::workload()),
        ("w2/10", w2::workload(10)),
        ("w2/100", w2::workload(100)),
        ("w2/1000", w2::workload(1_000)),
    ]
}

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide");
    for (name, workload) in all() {
        let engine = workload.engine();
        let requests: Vec<Request<'_>> = workload.requests.iter().map(Asked::request).collect();
        for (request, asked) in requests.iter().zip(&workload.requests) {
            assert_eq!(engine.decide(request).expect("a decision").outcome(), asked.expected);
        }
        group.throughput(Throughput::Elements(requests.len() as u64));
        group.bench_function(BenchmarkId::new("by name", name), |b| {
            b.iter(|| requests.iter().for_each(|request| sink(engine.decide(black_box(request)))));
        });
        group.bench_function(BenchmarkId::new("built and decided", name), |b| {
            b.iter(|| workload.requests.iter().for_each(|asked| sink(engine.decide(&asked.request()))));
        });
        let bound = Bound::new(&engine, &workload);
        let checks = bound.checks();
        group.bench_function(BenchmarkId::new("bound", name), |b| {
            b.iter(|| checks.iter().for_each(|check| sink(black_box(check).decide())));
        });
    }
}

fn bindings(c: &mut Criterion) {
    let mut group = c.benchmark_group("bind");
    for (name, workload) in all() {
        let (engine, session): (Engine, Session) = (workload.engine(), workload.requests[0].session());
        group.bench_function(name, |b| b.iter(|| engine.bind(black_box(&session)).expect("a bound session")));
    }
}

fn compilations(c: &mut Criterion) {
    let mut group = c.benchmark_group("text to engine");
    for (name, workload) in all() {
        group.throughput(Throughput::Bytes(workload.policy_bytes() as u64));
        group.bench_function(name, |b| b.iter(|| black_box(&workload).engine()));
    }
}

criterion_group!(benches, decisions, bindings, compilations);
criterion_main!(benches);
