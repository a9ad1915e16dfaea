//! The table as one page that loads nothing and runs nothing: a cell opens to its explanation.

use std::fmt::Write;

use super::table::{Cell, Table, word};
use crate::cli::render::{self, safe};
use crate::decision::Explanation;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Access</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid #ccc; padding: .25rem .5rem; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: #f4f4f4; }
th[scope=row] { font-weight: normal; overflow-wrap: anywhere; }
pre { margin: .5rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 60rem; }
summary { cursor: pointer; }
.allowed { background: #e2f5e4; }
.explicitDeny { background: #fbdcdc; }
.implicitDeny { background: #fff; color: #555; }
.error { background: #fff1cc; }
</style>
</head>
<body>
"#;

pub(super) fn write(table: &Table) -> String {
    let mut page = String::from(HEAD);
    if let Some(clock) = table.clock {
        let _ = writeln!(page, "<p>Asked at {clock:.0}.</p>");
    }
    page.push_str("<table>\n<thead><tr><th scope=\"col\">principal</th><th scope=\"col\">resource</th>");
    for action in &table.actions {
        let _ = write!(page, "<th scope=\"col\">{}</th>", escape(&safe(action)));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        let (principal, resource) = (escape(&safe(&row.principal)), escape(&safe(&row.resource)));
        let _ = write!(page, "<tr><th scope=\"row\">{principal}</th><th scope=\"row\">{resource}</th>");
        row.cells.iter().for_each(|cell| self::cell(&mut page, cell));
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    page
}

fn cell(page: &mut String, cell: &Cell) {
    let word = word(cell);
    let details = match cell {
        Ok(answer) => answer.explanation.as_deref().map(plain).unwrap_or_default(),
        Err(error) => error.to_string().lines().map(safe).collect::<Vec<_>>().join("\n"),
    };
    let details = escape(details.trim_end());
    let _ = write!(page, "<td class=\"{word}\"><details><summary>{word}</summary><pre>{details}</pre></details></td>");
}

/// An explanation as text without colours, its warnings behind it.
fn plain(explanation: &Explanation) -> String {
    let mut text = anstream::adapter::strip_str(&render::explanation(explanation)).to_string();
    for warning in &explanation.warnings {
        let _ = writeln!(text, "warning: {}", safe(&warning.message));
    }
    text
}

/// A text in which nothing is markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            // Controls have no business in a page, and some no place in HTML at all.
            control if control.is_control() => escaped.extend(control.escape_default()),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(
            escape("<script>alert('x')</script>&\"\u{1b}"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\\u{1b}"
        );
    }
}
