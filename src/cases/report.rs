//! Many cases asked, and what became of them.

use std::fmt;

use super::{Answer, Case, EngineChoice};
use crate::decision::Explanation;

/// How many cases passed, and every one that failed.
///
/// `Display` prints the line `N passed, N failed`.
#[derive(Debug, Clone, Default)]
pub struct Report<'c> {
    passed: usize,
    failures: Vec<Failure<'c>>,
}

/// A case that did not get the answer it expects.
///
/// `Display` prints its name, its rules, its place, the answer expected and the answer it got.
#[derive(Debug, Clone)]
pub struct Failure<'c> {
    /// The case.
    pub case: &'c Case,
    /// What came back.
    pub answer: Answer,
    /// Why the reference decides as it does; none if the question is refused.
    pub explanation: Option<Box<Explanation>>,
}

/// Asks every case.
pub fn run<'c>(cases: impl IntoIterator<Item = &'c Case>, engine: EngineChoice) -> Report<'c> {
    let mut report = Report::default();
    for case in cases {
        let answer = case.ask(engine);
        if answer.is(case.expected()) {
            report.passed += 1;
        } else {
            let explanation = case.explain().map(Box::new);
            report.failures.push(Failure { case, answer, explanation });
        }
    }
    report
}

impl<'c> Report<'c> {
    /// How many passed.
    pub fn passed(&self) -> usize {
        self.passed
    }

    /// Those that failed, in order.
    pub fn failures(&self) -> &[Failure<'c>] {
        &self.failures
    }

    /// How many were asked.
    pub fn total(&self) -> usize {
        self.passed + self.failures.len()
    }

    /// Whether something was asked, and nothing failed.
    pub fn is_success(&self) -> bool {
        self.passed > 0 && self.failures.is_empty()
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failures.len())
    }
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.case.name())?;
        if let Some(rules) = self.case.rules() {
            write!(f, " ({rules})")?;
        }
        write!(f, ", {}:{}", self.case.file(), self.case.line())?;
        write!(f, "\n  expected  {}\n  got       {}", self.case.expected(), self.answer)
    }
}
