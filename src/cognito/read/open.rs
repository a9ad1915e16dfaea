//! Files named inside files. This room opens none: it is handed a function that does.

use std::path::Path;

use super::reader::Reader;
use crate::json::Value;
use crate::source::{Source, quote};

/// Opens paths relative to the file that names them.
pub(in crate::cognito) struct Opener<'o> {
    open: &'o mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
}

impl<'o> Opener<'o> {
    pub fn new(open: &'o mut dyn FnMut(&str) -> Result<Vec<u8>, String>) -> Self {
        Opener { open }
    }

    /// The text of a file whose path stands in a file.
    pub fn open(&mut self, reader: &mut Reader<'_>, value: Value<'_>, path: &str) -> Option<Source> {
        let path = Path::new(reader.source().name()).with_file_name(path).to_string_lossy().into_owned();
        let opened = match (self.open)(&path) {
            Ok(bytes) => Source::from_bytes(&path, &bytes),
            Err(reason) => {
                reader.report("C3", value.span(), format!("cannot read {}", quote(&path)), reason, "a file");
                return None;
            }
        };
        match opened {
            Ok(source) => Some(source),
            Err(diagnostic) => {
                reader.pass_on(*diagnostic);
                None
            }
        }
    }
}
