//! Files, and standard input as the file `-`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::stop::Stop;
use crate::environment::MAX_FILE_BYTES;
use crate::json::Limits;
use crate::source::{Diagnostic, MAX_SOURCE_BYTES, Source};

/// Reads what arguments name.
#[derive(Debug, Default)]
pub(super) struct Input {
    stdin_is_taken: bool,
}

/// The argument that means standard input.
const STDIN: &str = "-";

/// What messages call standard input.
const STDIN_NAME: &str = "<stdin>";

impl Input {
    /// Reads a policy, or another text under the limits of one. Bytes that are no text are a mistake of the
    /// document, and left to it.
    pub(super) fn document(&mut self, path: &Path) -> Result<Result<Source, Box<Diagnostic>>, Stop> {
        self.read(path, Limits::default().bytes)
    }

    /// Reads a case file.
    pub(super) fn cases(&mut self, path: &Path) -> Result<Source, Stop> {
        Ok(self.read(path, MAX_SOURCE_BYTES)??)
    }

    fn read(&mut self, path: &Path, limit: usize) -> Result<Result<Source, Box<Diagnostic>>, Stop> {
        if path.as_os_str() != STDIN {
            let bytes = file(path, limit).map_err(|reason| cannot_read(&path.display().to_string(), &reason))?;
            return Ok(Source::from_bytes(&path.display().to_string(), &bytes));
        }
        if std::mem::replace(&mut self.stdin_is_taken, true) {
            return Err(Stop::mistake("standard input can be read once: found `-` twice, expected it once"));
        }
        let bytes = within(io::stdin().lock(), limit).map_err(|reason| cannot_read(STDIN_NAME, &reason))?;
        Ok(Source::from_bytes(STDIN_NAME, &bytes))
    }
}

/// Reads a file of an environment. Bytes that are no text are left to it, as with documents.
pub(super) fn environment(path: &Path) -> Result<Result<Source, Box<Diagnostic>>, Stop> {
    let name = path.display().to_string();
    let bytes = file(path, MAX_FILE_BYTES).map_err(|reason| cannot_read(&name, &reason))?;
    Ok(Source::from_bytes(&name, &bytes))
}

/// The JSON files directly in a folder, in the order of their names, without case files (`*.test.json`).
pub(super) fn json_files(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let reason = |error: io::Error| cannot_read(&folder.display().to_string(), &error.to_string());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(reason)? {
        let path = entry.map_err(reason)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".json") && !name.ends_with(".test.json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file that another file refers to.
pub(super) fn referred(path: &str) -> Result<Vec<u8>, String> {
    file(&PathBuf::from(path), Limits::default().bytes)
}

fn file(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    within(File::open(path).map_err(|error| error.to_string())?, limit)
}

/// Reads to the end, but not without end: the limit of documents is kept before they are in memory (threat T3).
fn within(reader: impl Read, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(one_more).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > limit { Err(format!("it is longer than {limit} bytes (rule L19)")) } else { Ok(bytes) }
}

fn cannot_read(name: &str, reason: &str) -> Stop {
    Stop::mistake(format_args!("cannot read `{name}`: {reason}"))
}
