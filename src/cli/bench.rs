//! `iamtree bench`: how fast these policies answer these requests.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::format::{self, Format};
use super::input::{self, Input};
use super::stop::Stop;
use super::{Status, output, policies};
use crate::cases::policies::PolicyTexts;
use crate::cases::{self, Case, Expected};
use crate::decision::Outcome;
use crate::document::PolicyKind;
use crate::engine::Engine;
use crate::request::Request;

/// Measure how fast policies answer the requests of case files
///
/// Asks every request again and again, on one thread, by name; building the request is not in the time. p50 and p99 are
/// over all requests, a decision being timed as the mean of 16 in a row. Cases that expect `invalid` are left out. Every
/// answer is compared with the one the case expects; if one differs, the figures are of something else, and the exit
/// status is 1. The figures are of this machine at this moment: compare them within one run.
#[derive(Debug, Args)]
#[command(override_usage = "iamtree bench <FILE>... [OPTIONS]")]
pub(super) struct Arguments {
    /// Case files, with policies and requests. `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Identity-based policies to ask the same requests of, instead of the policies of the cases. Their answers may differ
    #[arg(long, value_name = "FILE", num_args = 1..)]
    against: Vec<PathBuf>,

    /// How long each side is asked, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,

    /// How to print the figures
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How many decisions are timed in a row: reading the clock takes about as long as one.
const IN_A_ROW: u32 = 16;

/// How often the policies are compiled; the median counts.
const COMPILATIONS: usize = 5;

pub(super) fn run(arguments: &Arguments) -> Result<Status, Stop> {
    let mut input = Input::default();
    let mut read: Vec<Case> = Vec::new();
    for path in &arguments.files {
        read.extend(cases::read(&input.cases(path)?, input::referred)?);
    }
    let asked: Vec<(&Case, Outcome)> = read.iter().filter_map(|case| Some((case, outcome(case.expected())?))).collect();
    if asked.is_empty() {
        return Err(Stop::mistake("nothing to measure: found no case that expects a decision"));
    }
    let time = Duration::from_secs(arguments.seconds);
    let own = Side::of_cases(&asked)?.measure(&asked, time)?;
    let against = match arguments.against.as_slice() {
        [] => None,
        files => {
            let policies = policies::identity(files, &mut input)?;
            Some(Side::of_one(&policies, asked.len()).measure(&asked, time)?)
        }
    };
    output::result(&match arguments.format {
        Format::Text => text(&own, against.as_ref()),
        Format::Json => format::json(&Report { policies: &own, against: against.as_ref() })?,
    })?;
    Ok(if own.answers_as_expected == own.requests { Status::Good } else { Status::Bad })
}

fn outcome(expected: Expected) -> Option<Outcome> {
    match expected {
        Expected::Allowed => Some(Outcome::Allowed),
        Expected::ExplicitDeny => Some(Outcome::ExplicitDeny),
        Expected::ImplicitDeny => Some(Outcome::ImplicitDeny),
        Expected::Invalid => None,
    }
}

/// The figures of a side.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    policy_sets: usize,
    statements: usize,
    text_bytes: usize,
    /// From text to engines, all of them.
    compile_nanoseconds: u64,
    /// The compiled trees; texts are not counted.
    heap_bytes: usize,
    requests: usize,
    answers_as_expected: usize,
    decisions_per_second: u64,
    p50_nanoseconds: u64,
    p99_nanoseconds: u64,
}

#[derive(Serialize)]
struct Report<'f> {
    policies: &'f Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'f Figures>,
}

/// The policies that are asked.
struct Side<'t> {
    sets: Vec<(&'t PolicyTexts, PolicyKind)>,
    /// Which of them each case is asked of.
    of_case: Vec<usize>,
}

impl<'t> Side<'t> {
    /// The policies of the cases. Cases whose policies say the same share an engine, as they would in a service.
    fn of_cases(asked: &[(&'t Case, Outcome)]) -> Result<Self, Stop> {
        let mut known = HashMap::new();
        let mut side = Side { sets: Vec::new(), of_case: Vec::new() };
        for (case, _) in asked {
            let kind = case.request()?.resource_policy_kind();
            let policies = case.policies();
            let index = *known.entry((kind, policies.contents())).or_insert(side.sets.len());
            if index == side.sets.len() {
                side.sets.push((policies, kind));
            }
            side.of_case.push(index);
        }
        Ok(side)
    }

    /// The same policies for all cases.
    fn of_one(policies: &'t PolicyTexts, cases: usize) -> Self {
        Side { sets: vec![(policies, PolicyKind::Resource)], of_case: vec![0; cases] }
    }

    fn compile(&self) -> Result<Vec<Engine>, Stop> {
        self.sets.iter().map(|(texts, kind)| Ok(Engine::compile(texts.parse(*kind)?)?)).collect()
    }

    fn measure(&self, asked: &[(&Case, Outcome)], time: Duration) -> Result<Figures, Stop> {
        let mut compilations = Vec::new();
        for _ in 0..COMPILATIONS {
            let start = Instant::now();
            black_box(self.compile()?);
            compilations.push(nanoseconds(start.elapsed()));
        }
        let engines = self.compile()?;
        let mut questions: Vec<(&Engine, Request<'_>)> = Vec::new();
        let mut answers_as_expected = 0;
        for ((case, expected), index) in asked.iter().zip(&self.of_case) {
            let (Some(engine), request) = (engines.get(*index), case.request()?) else { continue };
            answers_as_expected += usize::from(engine.decide(&request)?.outcome() == *expected);
            questions.push((engine, request));
        }
        let (mut times, decisions_per_second) = ask(&questions, time);
        let sets: Vec<_> = engines.iter().map(Engine::policies).collect();
        let documents = || sets.iter().flat_map(|set| set.documents());
        Ok(Figures {
            policy_sets: engines.len(),
            statements: documents().map(|(_, document)| document.statements().len()).sum(),
            text_bytes: documents().map(|(_, document)| document.source().text().len()).sum(),
            compile_nanoseconds: percentile(&mut compilations, 50),
            heap_bytes: engines.iter().map(Engine::heap_bytes).sum(),
            requests: questions.len(),
            answers_as_expected,
            decisions_per_second,
            p50_nanoseconds: percentile(&mut times, 50),
            p99_nanoseconds: percentile(&mut times, 99),
        })
    }
}

/// Asks all questions in turn until the time is over. Returns nanoseconds a decision, one sample a question and turn, and
/// decisions a second.
fn ask(questions: &[(&Engine, Request<'_>)], time: Duration) -> (Vec<u64>, u64) {
    /// Enough for a percentile; more would only fill the memory.
    const SAMPLES: usize = 1 << 20;
    let mut times = Vec::new();
    let mut decisions: u64 = 0;
    let begin = Instant::now();
    while begin.elapsed() < time {
        for (engine, request) in questions {
            let start = Instant::now();
            for _ in 0..IN_A_ROW {
                let _ = black_box(engine.decide(black_box(request)));
            }
            let spent = nanoseconds(start.elapsed());
            decisions += u64::from(IN_A_ROW);
            if times.len() < SAMPLES {
                times.push(spent / u64::from(IN_A_ROW));
            }
        }
    }
    let spent = u128::from(nanoseconds(begin.elapsed())).max(1);
    let per_second = u128::from(decisions) * 1_000_000_000 / spent;
    (times, u64::try_from(per_second).unwrap_or(u64::MAX))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The smallest value that this many of a hundred do not exceed.
fn percentile(values: &mut [u64], hundredths: usize) -> u64 {
    values.sort_unstable();
    let rank = (values.len() * hundredths).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or_default()
}

/// What a figure is called, which it is, and what it counts.
type Row = (&'static str, fn(&Figures) -> u64, Unit);

/// One row a figure; with two sides, their ratio too.
fn text(own: &Figures, against: Option<&Figures>) -> String {
    let rows: [Row; 10] = [
        ("policy sets", |figures| count(figures.policy_sets), Unit::Count),
        ("statements", |figures| count(figures.statements), Unit::Count),
        ("policy text", |figures| count(figures.text_bytes), Unit::Bytes),
        ("compiled, heap", |figures| count(figures.heap_bytes), Unit::Bytes),
        ("compile", |figures| figures.compile_nanoseconds, Unit::Nanoseconds),
        ("requests", |figures| count(figures.requests), Unit::Count),
        ("as expected", |figures| count(figures.answers_as_expected), Unit::Count),
        ("decisions a second", |figures| figures.decisions_per_second, Unit::Count),
        ("p50", |figures| figures.p50_nanoseconds, Unit::Nanoseconds),
        ("p99", |figures| figures.p99_nanoseconds, Unit::Nanoseconds),
    ];
    let mut lines = Vec::new();
    if against.is_some() {
        lines.push(format!("{:<18}  {:>14}  {:>14}  {:>6}", "", "policies", "against", "ratio"));
    }
    for (name, figure, unit) in rows {
        let shown = unit.show(figure(own));
        lines.push(match against {
            None => format!("{name:<18}  {shown:>14}"),
            Some(other) => {
                let (first, second) = (figure(own), figure(other));
                let ratio = ratio(second, first);
                format!("{name:<18}  {shown:>14}  {:>14}  {ratio:>6}", unit.show(second))
            }
        });
    }
    lines.push(String::new());
    lines.join("\n")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Two digits behind the point, in whole numbers.
fn ratio(over: u64, under: u64) -> String {
    match u128::from(over) * 100 / u128::from(under).max(1) {
        _ if under == 0 => "-".to_owned(),
        hundredths => format!("{}.{:02}", hundredths / 100, hundredths % 100),
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Count,
    Bytes,
    Nanoseconds,
}

impl Unit {
    fn show(self, number: u64) -> String {
        match (self, number) {
            (Unit::Count, _) => number.to_string(),
            (Unit::Bytes, _) => format!("{number} B"),
            (Unit::Nanoseconds, 0..100_000) => format!("{number} ns"),
            (Unit::Nanoseconds, _) => format!("{} µs", number / 1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values() {
        assert_eq!(percentile(&mut [3, 1, 2], 50), 2);
        assert_eq!(percentile(&mut (1..=100).rev().collect::<Vec<_>>(), 99), 99);
        assert_eq!(percentile(&mut [7], 99), 7);
        assert_eq!(percentile(&mut [], 50), 0);
    }

    #[test]
    fn ratios_have_two_digits() {
        assert_eq!([ratio(1, 3), ratio(5, 2), ratio(0, 1), ratio(1, 0)], ["0.33", "2.50", "0.00", "-"]);
    }
}
