//! The two streams. Both drop colour where it does not belong: in pipes, under `NO_COLOR`, on dumb terminals.

use std::io::{ErrorKind, Write};

use super::Status;
use super::stop::Stop;
use super::style::{self, dress};

/// Writes a result to standard output. A reader that has had enough (`| head -1`) is no mistake.
pub(super) fn result(text: &str) -> Result<(), Stop> {
    let mut stream = anstream::stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Stop::mistake(format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a warning to standard error.
pub(super) fn warning(message: &str) {
    note(&format!("{}: {message}", dress(style::WARNING, "warning")));
}

/// Writes to standard error what ended a command.
pub(super) fn error(stop: &Stop) {
    note(stop.report());
}

/// Writes a line to standard error. If that fails there is nobody left to tell.
pub(super) fn note(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Prints what clap says of the arguments: help and version are results, everything else is a mistake.
pub(super) fn usage(error: &clap::Error) -> Status {
    let _ = error.print();
    if error.use_stderr() { Status::Mistake } else { Status::Good }
}
