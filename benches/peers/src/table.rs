//! The table, in Markdown.

use std::fmt;

use crate::Result;
use crate::measure::{Measured, Tally};
use crate::workload::Workload;

pub struct Table {
    /// Names of the engines; the first is the one that the others are compared with.
    pub rows: Vec<String>,
    pub columns: Vec<Column>,
}

pub struct Column {
    pub name: String,
    pub workload: &'static Workload,
    /// One for each row.
    pub cells: Vec<Cell>,
}

pub enum Cell {
    Measured(Measured),
    /// The engine or its translation does not take the workload.
    Refused(String),
}

impl Cell {
    fn measured(&self) -> Option<&Measured> {
        match self {
            Cell::Measured(measured) => Some(measured),
            Cell::Refused(_) => None,
        }
    }
}

/// The column that heap and build time are shown for.
const SHOWN: &str = "/1000";

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.columns.iter().find(|column| column.name.ends_with(SHOWN));
        write!(f, "| |")?;
        for column in &self.columns {
            write!(f, " {} |", column.name)?;
        }
        write!(f, " wrong answers |")?;
        if let Some(shown) = shown {
            write!(f, " heap, {0} | build, {0} |", shown.name)?;
        }
        let count = self.columns.len() + if shown.is_some() { 3 } else { 1 };
        writeln!(f, "\n|---|{}", "---|".repeat(count))?;
        for (at, row) in self.rows.iter().enumerate() {
            write!(f, "| {row} |")?;
            for column in &self.columns {
                let Some(measured) = column.cells.get(at).and_then(Cell::measured) else {
                    write!(f, " — |")?;
                    continue;
                };
                write!(f, " {}", Time(measured.nanoseconds))?;
                match column.cells.first().and_then(Cell::measured) {
                    Some(base) if at > 0 => {
                        write!(f, " ({} ×) |", Ratio(measured.nanoseconds / base.nanoseconds))?;
                    }
                    _ => write!(f, " |")?,
                }
            }
            write!(f, " {} |", self.wrong(at))?;
            match shown.map(|shown| shown.cells.get(at).and_then(Cell::measured)) {
                Some(Some(Measured { build, heap, .. })) => {
                    write!(f, " {:.2} MB | {} |", *heap as f64 / 1e6, Time(build.as_secs_f64() * 1e9))?;
                }
                Some(None) => write!(f, " — | — |")?,
                None => {}
            }
            writeln!(f)?;
        }
        self.notes(f)
    }
}

impl Table {
    /// The share of wrong answers of one row: the least and the most of its workloads.
    fn wrong(&self, row: usize) -> String {
        let cells = self.columns.iter().filter_map(|column| column.cells.get(row)?.measured());
        let mut shares: Vec<f64> = cells.map(|cell| percent(cell.tally.wrong(), &cell.tally)).collect();
        shares.sort_by(f64::total_cmp);
        match (shares.first(), shares.last()) {
            (Some(_), Some(0.0)) => "none".to_owned(),
            (Some(least), Some(most)) if least < most => format!("{least:.1} to {most:.1} %"),
            (Some(share), _) => format!("{share:.1} %"),
            (None, _) => "—".to_owned(),
        }
    }

    /// Which answers are wrong, why a cell is empty, and what was measured a few times only.
    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        for (at, row) in self.rows.iter().enumerate() {
            for column in &self.columns {
                let Some(cell) = column.cells.get(at) else { continue };
                for note in cell.notes() {
                    if std::mem::take(&mut is_first) {
                        writeln!(f)?;
                    }
                    writeln!(f, "* {row}, {}: {note}", column.name)?;
                }
            }
        }
        Ok(())
    }

    /// Prints the first wrong answer of each kind, of each engine on each workload.
    pub fn print_wrong(&self) -> Result<()> {
        for (at, row) in self.rows.iter().enumerate() {
            for column in &self.columns {
                let Some(measured) = column.cells.get(at).and_then(Cell::measured) else { continue };
                for (index, expected, answer) in &measured.tally.examples {
                    let Some(ask) = column.workload.asks.get(*index) else { continue };
                    println!("{row}, {}, request {index}: {answer:?} instead of {expected:?}", column.name);
                    println!("  {}", serde_json::to_string(&ask.request)?);
                }
            }
        }
        Ok(())
    }
}

impl Cell {
    fn notes(&self) -> Vec<String> {
        let measured = match self {
            Cell::Measured(measured) => measured,
            Cell::Refused(error) => return vec![format!("not measured: {error}")],
        };
        let tally = &measured.tally;
        let kinds = [
            (tally.wrongly_allowed, "wrongly allowed"),
            (tally.wrongly_denied, "wrongly denied"),
            (tally.wrong_reason, "denied for the wrong reason"),
            (tally.failed, "ended in an error"),
        ];
        let kinds = kinds.iter().filter(|(count, _)| *count > 0);
        let kinds: Vec<String> = kinds.map(|(count, kind)| format!("{count} {kind}")).collect();
        let mut notes = Vec::new();
        if !kinds.is_empty() {
            notes.push(format!("of {} answers {}", tally.asked, kinds.join(", ")));
        }
        if measured.is_short() {
            notes.push(format!("too slow for more than {} of all requests", rounds(measured.samples)));
        }
        notes
    }
}

fn rounds(count: usize) -> String {
    if count == 1 { "one round".to_owned() } else { format!("{count} rounds") }
}

fn percent(count: usize, tally: &Tally) -> f64 {
    100.0 * count as f64 / tally.asked as f64
}

/// Three digits and a unit.
struct Time(f64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0 {
            nanoseconds if nanoseconds < 1e3 => return write!(f, "{nanoseconds:.0} ns"),
            nanoseconds if nanoseconds < 1e6 => (nanoseconds / 1e3, "µs"),
            nanoseconds => (nanoseconds / 1e6, "ms"),
        };
        match value {
            _ if value < 10.0 => write!(f, "{value:.2} {unit}"),
            _ if value < 100.0 => write!(f, "{value:.1} {unit}"),
            _ => write!(f, "{value:.0} {unit}"),
        }
    }
}

struct Ratio(f64);

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ratio if ratio < 1.0 => write!(f, "{ratio:.2}"),
            ratio if ratio < 10.0 => write!(f, "{ratio:.1}"),
            ratio => write!(f, "{ratio:.0}"),
        }
    }
}

/// The processor and the compiler.
pub fn machine() -> String {
    let unknown = || "unknown processor".to_owned();
    let processor = std::fs::read_to_string("/proc/cpuinfo").map_or_else(
        |_| unknown(),
        |text| {
            let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
            model.map_or_else(unknown, |(_, model)| model.to_owned())
        },
    );
    format!(
        "{processor}, {}. Median time of one decision on one thread; in brackets, how many times what iamtree takes by name.",
        env!("PEERS_RUSTC")
    )
}

/// The name of an engine with the version that Cargo.lock has.
pub fn row_name(name: &str, package: &str) -> Result<String> {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
    let (version, _) = version.ok_or_else(|| format!("{package} is not in Cargo.lock"))?;
    Ok(name.replacen(package, &format!("{package} {version}"), 1))
}
