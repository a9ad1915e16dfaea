//! The compiled tree against the reference on generated questions (threat T12).
//!
//! The seed is fixed, so that the ordinary run is the same everywhere. `PROPTEST_CASES` asks for more sets of
//! policies, `PROPTEST_RNG_SEED` for others.

mod evaluators;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use iamtree::strategies::{Questions, identity_set, policy_set, questions};
use iamtree::{Outcome, Reason};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use evaluators::{Answer, Evaluators};

/// The configuration of every generated test: a fixed seed and so many cases, unless the environment says otherwise.
pub(super) fn config(cases: u32) -> Config {
    let asked = Config::default();
    let is_set = |variable: &str| std::env::var_os(variable).is_some();
    Config {
        cases: if is_set("PROPTEST_CASES") { asked.cases } else { cases },
        rng_seed: if is_set("PROPTEST_RNG_SEED") { asked.rng_seed } else { RngSeed::Fixed(20_121_017) },
        max_shrink_iters: 20_000,
        // A fixed seed finds the same failure again; what it found becomes a case.
        failure_persistence: None,
        ..asked
    }
}

/// Whether nobody asked for another number of cases: how much a run reaches is held for that number.
fn is_ordinary_run() -> bool {
    std::env::var_os("PROPTEST_CASES").is_none()
}

#[test]
fn identity_policies() {
    let tally = compare_all(questions(identity_set(), 1..=24), 2_000);
    println!("identity-based policies alone:\n{tally}");
    if !is_ordinary_run() {
        return;
    }
    assert!(tally.pairs() >= 20_000, "only {} pairs", tally.pairs());
    for outcome in [Outcome::Allowed, Outcome::ImplicitDeny, Outcome::ExplicitDeny] {
        let share = tally.share(outcome);
        assert!(share >= 0.1, "{outcome} is only {:.1} % of the answers", share * 100.0);
    }
}

#[test]
fn policies_of_all_kinds() {
    let tally = compare_all(questions(policy_set(), 1..=16), 3_200);
    println!("policies of all kinds:\n{tally}");
    if !is_ordinary_run() {
        return;
    }
    assert!(tally.pairs() >= 20_000, "only {} pairs", tally.pairs());
    for reason in Reason::ALL {
        assert!(tally.reasons.get(&reason).is_some_and(|count| *count > 0), "{reason} was never reached");
    }
}

/// Asks every question of every evaluator; what they answered, counted.
fn compare_all(strategy: impl Strategy<Value = Questions>, sets: u32) -> Tally {
    let tally = RefCell::new(Tally::default());
    let outcome = TestRunner::new(config(sets)).run(&strategy, |Questions { policies, requests }| {
        let evaluators = Evaluators::compile(&policies);
        for spec in &requests {
            tally.borrow_mut().count(evaluators.compare(spec).map_err(TestCaseError::fail)?);
        }
        Ok(())
    });
    match outcome {
        Ok(()) => tally.into_inner(),
        Err(TestError::Fail(reason, questions)) => panic!("{reason}\n{questions:?}"),
        Err(error) => panic!("{error}"),
    }
}

/// How often each answer was given.
#[derive(Default)]
struct Tally {
    reasons: BTreeMap<Reason, usize>,
    /// Questions that cannot be asked of the policies.
    errors: usize,
    /// Requests that cannot be made, of which no evaluator hears.
    refused: usize,
}

impl Tally {
    fn count(&mut self, answer: Answer) {
        match answer {
            Answer::Decided(reason) => *self.reasons.entry(reason).or_default() += 1,
            Answer::Error => self.errors += 1,
            Answer::Refused => self.refused += 1,
        }
    }

    fn pairs(&self) -> usize {
        self.reasons.values().sum()
    }

    fn share(&self, outcome: Outcome) -> f64 {
        let count: usize = self.reasons.iter().filter(|(reason, _)| reason.outcome() == outcome).map(|(_, n)| n).sum();
        count as f64 / self.pairs() as f64
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pairs, errors, refused) = (self.pairs(), self.errors, self.refused);
        writeln!(f, "  {pairs} pairs decided, {errors} questions that cannot be asked, {refused} requests refused")?;
        for outcome in [Outcome::Allowed, Outcome::ImplicitDeny, Outcome::ExplicitDeny] {
            writeln!(f, "  {:5.1} % {outcome}", self.share(outcome) * 100.0)?;
        }
        for reason in Reason::ALL {
            writeln!(f, "  {:7} {reason}", self.reasons.get(&reason).copied().unwrap_or_default())?;
        }
        Ok(())
    }
}
