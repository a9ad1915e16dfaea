//! The questions of a table, asked.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::cli::clock;
use crate::decision::{Explanation, Reason};
use crate::environment::{AskError, Environment};
use crate::request::{ContextValue, Request};

/// Every principal with every resource and every action.
pub(super) struct Table {
    pub actions: Vec<String>,
    pub rows: Vec<Row>,
    /// What was assumed for an answer, each once.
    pub warnings: Notes,
    /// Why a question has no answer, each once.
    pub errors: Notes,
    /// When the clock was read, if it was.
    pub clock: Option<Timestamp>,
}

/// One principal and one resource.
pub(super) struct Row {
    pub principal: String,
    pub resource: String,
    /// One for each action, in their order.
    pub cells: Vec<Cell>,
}

/// The answer to one question, or why there is none.
pub(super) type Cell = Result<Answer, AskError>;

/// An answer. Explanations take most of the room, so they are kept only for who shows them.
pub(super) struct Answer {
    pub reason: Reason,
    pub explanation: Option<Box<Explanation>>,
}

/// What every question of a table has in common.
pub(super) struct Asked<'e> {
    pub environment: &'e Environment,
    pub context: &'e [(String, ContextValue<'static>)],
    pub now: Timestamp,
    pub keeps_explanations: bool,
}

/// Messages, each once, in the order in which they came.
#[derive(Default)]
pub(super) struct Notes {
    list: Vec<String>,
    seen: HashSet<String>,
}

impl Notes {
    fn add(&mut self, message: &str) {
        if !self.seen.contains(message) {
            self.seen.insert(message.to_owned());
            self.list.push(message.to_owned());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(String::as_str)
    }
}

impl Table {
    /// Asks everything of one environment, at one time.
    ///
    /// Each question is explained, shown or not: so both evaluators answer it, and what was assumed comes to light.
    pub(super) fn ask(asked: &Asked<'_>, principals: &[String], actions: Vec<String>, resources: &[String]) -> Self {
        let mut rows = Vec::new();
        let (mut warnings, mut errors) = (Notes::default(), Notes::default());
        for principal in principals {
            for resource in resources {
                let mut cells = Vec::with_capacity(actions.len());
                for action in &actions {
                    let explained = asked.explain(principal, action, resource);
                    match &explained {
                        Ok(explanation) => explanation.warnings.iter().for_each(|it| warnings.add(&it.message)),
                        Err(error) => errors.add(&error.to_string()),
                    }
                    cells.push(explained.map(|explanation| Answer {
                        reason: explanation.reason,
                        explanation: asked.keeps_explanations.then(|| Box::new(explanation)),
                    }));
                }
                rows.push(Row { principal: principal.clone(), resource: resource.clone(), cells });
            }
        }
        let is_clock = |key: &str| clock::KEYS.iter().any(|known| known.eq_ignore_ascii_case(key));
        let reads_clock = !asked.context.iter().any(|(key, _)| is_clock(key));
        Table { actions, rows, warnings, errors, clock: reads_clock.then_some(asked.now) }
    }
}

impl Asked<'_> {
    fn explain(&self, principal: &str, action: &str, resource: &str) -> Result<Explanation, AskError> {
        let mut request = Request::new(principal, action, resource)?;
        for (key, value) in self.context {
            request = request.with(key.as_str(), value.clone())?;
        }
        if !clock::is_known(&request) {
            request = clock::tell(request, self.now)?;
        }
        self.environment.explain(&request)
    }
}

/// What a cell says in a word.
pub(super) fn word(cell: &Cell) -> &'static str {
    cell.as_ref().map_or("error", |answer| answer.reason.outcome().as_str())
}
