//! The table for spreadsheets (RFC 4180).

use super::table::{Table, word};

pub(super) fn write(table: &Table) -> String {
    let mut text = String::new();
    let header = ["principal", "resource"].into_iter().chain(table.actions.iter().map(String::as_str));
    line(&mut text, header);
    for row in &table.rows {
        line(
            &mut text,
            [&*row.principal, &*row.resource].into_iter().chain(row.cells.iter().map(|cell| -> &str { word(cell) })),
        );
    }
    text
}

fn line<'f>(text: &mut String, fields: impl Iterator<Item = &'f str>) {
    let fields: Vec<String> = fields.map(field).collect();
    text.push_str(&fields.join(","));
    text.push_str("\r\n");
}

/// A field, in quotation marks where it needs them. A spreadsheet takes a text that begins with one of `=+-@` for a
/// formula; with an apostrophe before it, it stays a text.
fn field(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{guard}{}\"", field.replace('"', "\"\""))
    } else {
        format!("{guard}{field}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_texts() {
        for (text, expected) in [
            ("arn:aws:s3:::app", "arn:aws:s3:::app"),
            ("a,b\"c", "\"a,b\"\"c\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("-", "'-"),
        ] {
            assert_eq!(field(text), expected);
        }
    }
}
