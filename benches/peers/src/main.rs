//! Asks iamtree and the public engines the same questions in one run, and prints the table of times as Markdown.
//!
//! See README.md beside this package.

mod mask;
mod measure;
mod peers;
mod table;
mod workload;
#[path = "../../workloads/mod.rs"]
#[allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unreachable,
    reason = "a benchmark may fail loudly"
)]
mod workloads;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use measure::Running;
use table::{Cell, Column, Table};
use workload::Workload;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
Usage: iamtree-peers [--wrong] [WORKLOAD]...

  --wrong   print the first wrong answer of each kind, of each engine on each workload
  WORKLOAD  measure only these: w1, w2/1000, w1s3, w2s3/1000 and so on

w1 and w2 are made here. w1s3 and w2s3 are read from the folder in IAMTREE_WORKLOADS, or else from shared/workloads beside
the repository; what is not there is left out.";

/// An engine as the table names it.
struct Engine {
    name: &'static str,
    /// The package in Cargo.lock whose version is printed.
    package: &'static str,
    start: fn(&'static Workload) -> Result<Running>,
}

const BY_NAME: Engine =
    Engine { name: "iamtree, by name", package: "iamtree", start: Running::start::<peers::iamtree::ByName> };
const BOUND: Engine = Engine {
    name: "iamtree, session bound, handles",
    package: "iamtree",
    start: Running::start::<peers::iamtree::Bound>,
};
const IAM_RS: Engine = Engine { name: "iam-rs", package: "iam-rs", start: Running::start::<peers::iam_rs::IamRs> };
const CEDAR: Engine =
    Engine { name: "cedar-policy, translated", package: "cedar-policy", start: Running::start::<peers::cedar::Cedar> };
const REGO: Engine = Engine {
    name: "regorus, virtual machine, translated",
    package: "regorus",
    start: Running::start::<peers::rego::Rego>,
};
#[cfg(feature = "rustfs")]
const RUSTFS: Engine =
    Engine { name: "rustfs-policy", package: "rustfs-policy", start: Running::start::<peers::rustfs::RustFs> };
const CASBIN: Engine =
    Engine { name: "casbin, translated", package: "casbin", start: Running::start::<peers::casbin::Casbin> };

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (mut shows_wrong, mut only) = (false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--wrong" => shows_wrong = true,
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            option if option.starts_with('-') => return Err(format!("unknown option {option}\n\n{USAGE}").into()),
            _ => only.push(argument),
        }
    }
    let names = |small: &str, growing: &str| -> Vec<String> {
        let sized = SIZES.iter().map(|size| format!("{growing}/{size}"));
        std::iter::once(small.to_owned()).chain(sized).collect()
    };
    let (mut made, mut read) = (names("w1", "w2"), names("w1s3", "w2s3"));
    if let Some(unknown) = only.iter().find(|name| !made.contains(name) && !read.contains(name)) {
        return Err(format!("no such workload: {unknown}\n\n{USAGE}").into());
    }
    if !only.is_empty() {
        made.retain(|name| only.contains(name));
        read.retain(|name| only.contains(name));
    }

    println!("{}\n", table::machine());
    let mut tables = Vec::new();
    if !made.is_empty() {
        let make = |name: &str| match name.strip_prefix("w2/") {
            Some(size) => Workload::w2(size.parse()?),
            None => Workload::w1(),
        };
        tables.push(measure(&made, &make, &[BY_NAME, BOUND, IAM_RS, CEDAR, REGO])?);
    }
    let folder = folder();
    let (read, missing): (Vec<String>, Vec<String>) =
        read.into_iter().partition(|name| folder.join(name).join("policies.json").exists());
    if !read.is_empty() {
        let engines = [
            BY_NAME,
            BOUND,
            IAM_RS,
            CEDAR,
            REGO,
            #[cfg(feature = "rustfs")]
            RUSTFS,
            CASBIN,
        ];
        tables.push(measure(&read, &|name| Workload::read(&folder, name), &engines)?);
    }
    for table in &tables {
        println!("{table}");
    }
    if !missing.is_empty() {
        println!(
            "Left out: {}, not in {}. IAMTREE_WORKLOADS may name another folder that generate.py has written.",
            missing.join(", "),
            folder.display()
        );
        if read.is_empty() {
            println!("With them are left out casbin and rustfs-policy, which are asked about S3 alone.");
        }
    }
    if !cfg!(feature = "rustfs") && !read.is_empty() {
        println!("Left out: rustfs-policy. It takes `--features rustfs --ignore-rust-version`.");
    }
    if shows_wrong {
        println!();
        for table in &tables {
            table.print_wrong()?;
        }
    }
    Ok(())
}

/// Where the workloads are that are not made here.
fn folder() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(""));
    let beside = || repository.parent().unwrap_or(repository).join("shared/workloads");
    std::env::var_os("IAMTREE_WORKLOADS").map_or_else(beside, PathBuf::from)
}

/// Measures engines on workloads: a column for each workload.
fn measure(names: &[String], make: &dyn Fn(&str) -> Result<Workload>, engines: &[Engine]) -> Result<Table> {
    let mut columns = Vec::new();
    for name in names {
        // Prepared requests borrow from it for the rest of the program.
        let workload: &'static Workload = Box::leak(Box::new(make(name)?));
        let mut running: Vec<Result<Running>> = Vec::new();
        for engine in engines {
            eprintln!("{name}: {}", engine.name);
            running.push((engine.start)(workload));
        }
        // In turns, so that whatever else the machine does meets all of them alike.
        while running.iter().flatten().any(Running::wants) {
            for engine in running.iter_mut().flatten().filter(|engine| engine.wants()) {
                engine.sample();
            }
        }
        let cells = running.into_iter().map(|running| match running {
            Ok(running) => Cell::Measured(running.finish()),
            Err(error) => Cell::Refused(error.to_string()),
        });
        columns.push(Column { name: name.clone(), workload, cells: cells.collect() });
    }
    let rows = engines.iter().map(|engine| table::row_name(engine.name, engine.package)).collect::<Result<_>>()?;
    Ok(Table { rows, columns })
}

/// Runs a future that never waits for anything: what the peers call asynchronous reads no file here.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
