//! Which of the known names patterns pick.

use globset::GlobBuilder;

use crate::cli::stop::Stop;
use crate::source::quote;

/// The names to ask about, each once: all that are known if nothing is given; those that a pattern picks; or what was
/// given, if it is no pattern. `*` alone is no pattern: as a principal it is nobody known, as a resource none.
pub(super) fn among<'k>(
    what: &str,
    known: impl Iterator<Item = &'k str>,
    given: &[String],
) -> Result<Vec<String>, Stop> {
    let known: Vec<&str> = known.collect();
    if given.is_empty() {
        return match known.is_empty() {
            true => Err(Stop::mistake(format_args!("the environment knows no {what}: name one"))),
            false => Ok(known.into_iter().map(str::to_owned).collect()),
        };
    }
    let mut chosen: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for pattern in given {
        let picked: Vec<&str> = if is_pattern(pattern) { pick(what, &known, pattern)? } else { vec![pattern] };
        chosen.extend(picked.into_iter().filter(|name| seen.insert((*name).to_owned())).map(str::to_owned));
    }
    Ok(chosen)
}

fn is_pattern(text: &str) -> bool {
    text != "*" && text.contains(['*', '?'])
}

fn pick<'k>(what: &str, known: &[&'k str], pattern: &str) -> Result<Vec<&'k str>, Stop> {
    // Only `*` and `?` mean something: brackets and braces may stand in names.
    let escaped: String =
        pattern.chars().flat_map(|c| if "[]{}!".contains(c) { vec!['[', c, ']'] } else { vec![c] }).collect();
    let glob = GlobBuilder::new(&escaped).literal_separator(false).backslash_escape(false).build();
    let glob = glob.map_err(|error| Stop::mistake(format_args!("{}: {error}", quote(pattern))))?.compile_matcher();
    let picked: Vec<&str> = known.iter().copied().filter(|name| glob.is_match(name)).collect();
    if picked.is_empty() {
        return Err(Stop::mistake(format_args!("{} picks no {what} of the environment", quote(pattern))));
    }
    Ok(picked)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["arn:aws:iam::1:role/App", "arn:aws:iam::1:role/team/Deploy", "arn:aws:iam::1:user/ana"];

    fn chosen(given: &[&str]) -> Result<Vec<String>, Stop> {
        let given: Vec<String> = given.iter().map(|&name| name.to_owned()).collect();
        among("principal", KNOWN.into_iter(), &given)
    }

    #[test]
    fn patterns_pick_from_what_is_known() {
        assert_eq!(chosen(&[]).unwrap(), KNOWN);
        assert_eq!(chosen(&["*role/*"]).unwrap(), &KNOWN[..2]);
        assert_eq!(chosen(&["arn:aws:iam::?:user/*", "*"]).unwrap(), [KNOWN[2], "*"]);
        assert_eq!(chosen(&["*", "s3.amazonaws.com", "*"]).unwrap(), ["*", "s3.amazonaws.com"]);
        assert!(chosen(&["*group*"]).unwrap_err().report().contains("picks no principal"));
        assert!(chosen(&["*[a-z]*"]).is_err());
    }
}
