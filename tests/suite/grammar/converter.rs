//! From ABNF (RFC 5234 with the `%s` of RFC 7405) to regular expressions.
//!
//! Crate `abnf` parses and leaves meaning to us: names fold case, core rules are not supplied, a second definition
//! of a name or one with `=/` would silently replace the first. A grammar that is recursive has no regular
//! expression; ours are not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use abnf::types::{Kind, Node, Repeat, Rule, StringLiteral, TerminalValues};

/// The core rules of RFC 5234, appendix B.1, that our grammars use. `HEXDIG` ignores case, as all strings do.
const CORE: &str = r#"
ALPHA  = %x41-5A / %x61-7A
DIGIT  = %x30-39
HEXDIG = DIGIT / "A" / "B" / "C" / "D" / "E" / "F"
SP     = %x20
HTAB   = %x09
CR     = %x0D
LF     = %x0A
"#;

/// Definitions by name in lower case, because `Digit` and `DIGIT` are one name.
pub struct Grammar {
    definitions: BTreeMap<String, Node>,
}

/// How often an element that may repeat without end does so.
#[derive(Clone, Copy)]
pub enum Endless {
    /// Without end: for recognisers, which must be exact.
    Forever,
    /// At most so many times more than it must: for generators, whose sentences should stay short.
    AtMost(usize),
}

/// Why a text is no grammar, or a grammar no regular expression. Names are those that the author wrote.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// The text is no ABNF; the message of the parser.
    Syntax(String),
    /// Two definitions of one name.
    Repeated(String),
    /// `=/`.
    Incremental(String),
    /// A name without definition.
    Undefined(String),
    /// A production that leads back to itself.
    Recursive(String),
    /// `<prose>`.
    Prose(String),
    /// `%xD800`, `%x110000`: no Unicode scalar value.
    NoCharacter(u32),
    /// `%x39-30`, `3*2DIGIT`.
    NothingBetween(String),
}

impl Grammar {
    /// Reads one grammar from several texts: each name is defined once in all of them.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Fault> {
        let mut definitions = BTreeMap::new();
        for text in std::iter::once(CORE).chain(texts) {
            for rule in abnf::rulelist(text).map_err(|error| Fault::Syntax(error.to_string()))? {
                define(&mut definitions, &rule)?;
            }
        }
        Ok(Grammar { definitions })
    }

    /// A regular expression, without anchors, for exactly the sentences of a production.
    pub fn regex(&self, production: &str, endless: Endless) -> Result<String, Fault> {
        Conversion { grammar: self, endless, open: Vec::new() }.production(production)
    }

    /// The names, in lower case, of all productions but the core rules.
    pub fn productions(&self) -> BTreeSet<String> {
        let is_core =
            |name: &str| CORE.lines().any(|line| line.split(' ').next().is_some_and(|core| folds(core, name)));
        self.definitions.keys().filter(|name| !is_core(name)).cloned().collect()
    }

    /// The names, in lower case, of the productions that some of these lead to, themselves included.
    pub fn reachable<'a>(&self, from: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut ahead: Vec<String> = from.into_iter().map(str::to_ascii_lowercase).collect();
        while let Some(name) = ahead.pop() {
            if let Some(node) = self.definitions.get(&name)
                && reached.insert(name)
            {
                names_in(node, &mut ahead);
            }
        }
        reached
    }
}

fn define(definitions: &mut BTreeMap<String, Node>, rule: &Rule) -> Result<(), Fault> {
    if rule.kind() == Kind::Incremental {
        return Err(Fault::Incremental(rule.name().to_owned()));
    }
    match definitions.insert(rule.name().to_ascii_lowercase(), rule.node().clone()) {
        None => Ok(()),
        Some(_) => Err(Fault::Repeated(rule.name().to_owned())),
    }
}

fn folds(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

fn names_in(node: &Node, names: &mut Vec<String>) {
    match node {
        Node::Rulename(name) => names.push(name.to_ascii_lowercase()),
        Node::Alternatives(nodes) | Node::Concatenation(nodes) => nodes.iter().for_each(|node| names_in(node, names)),
        Node::Repetition { node, .. } | Node::Group(node) | Node::Optional(node) => names_in(node, names),
        Node::String(_) | Node::TerminalValues(_) | Node::Prose(_) => {}
    }
}

/// One production on its way to a regular expression.
struct Conversion<'g> {
    grammar: &'g Grammar,
    endless: Endless,
    /// The productions we are inside of: meeting one again is recursion.
    open: Vec<String>,
}

impl Conversion<'_> {
    fn production(&mut self, name: &str) -> Result<String, Fault> {
        let Some(node) = self.grammar.definitions.get(&name.to_ascii_lowercase()) else {
            return Err(Fault::Undefined(name.to_owned()));
        };
        if self.open.iter().any(|open| folds(open, name)) {
            return Err(Fault::Recursive(name.to_owned()));
        }
        self.open.push(name.to_owned());
        let regex = self.node(node);
        self.open.pop();
        regex
    }

    /// Every result can stand beside others as it is: what would fall apart there is grouped here.
    fn node(&mut self, node: &Node) -> Result<String, Fault> {
        match node {
            Node::Alternatives(nodes) => Ok(group(&self.nodes(nodes)?.join("|"))),
            Node::Concatenation(nodes) => Ok(self.nodes(nodes)?.concat()),
            Node::Repetition { repeat, node } => Ok(group(&self.node(node)?) + &self.times(repeat)?),
            Node::Optional(node) => Ok(group(&self.node(node)?) + "?"),
            Node::Group(node) => self.node(node),
            Node::Rulename(name) => self.production(name),
            Node::String(literal) => Ok(string(literal)),
            Node::TerminalValues(values) => terminal(values),
            Node::Prose(text) => Err(Fault::Prose(text.clone())),
        }
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Vec<String>, Fault> {
        nodes.iter().map(|node| self.node(node)).collect()
    }

    fn times(&self, repeat: &Repeat) -> Result<String, Fault> {
        let least = repeat.min().unwrap_or(0);
        match (repeat.max(), self.endless) {
            (Some(most), _) if most < least => Err(Fault::NothingBetween(format!("{least}*{most}"))),
            (Some(most), _) => Ok(format!("{{{least},{most}}}")),
            (None, Endless::Forever) => Ok(format!("{{{least},}}")),
            (None, Endless::AtMost(more)) => Ok(format!("{{{least},{}}}", least + more)),
        }
    }
}

fn group(regex: &str) -> String {
    format!("(?:{regex})")
}

/// Strings ignore the case of ASCII letters and of no others: `(?i)` would take the Kelvin sign for a `k`.
fn string(literal: &StringLiteral) -> String {
    let either_case = |c: char| format!("[{}{}]", c.to_ascii_uppercase(), c.to_ascii_lowercase());
    let exactly = |c: char| regex::escape(c.encode_utf8(&mut [0; 4]));
    let folds = |c: char| c.is_ascii_alphabetic() && !literal.is_case_sensitive();
    literal.value().chars().map(|c| if folds(c) { either_case(c) } else { exactly(c) }).collect()
}

fn terminal(values: &TerminalValues) -> Result<String, Fault> {
    match *values {
        TerminalValues::Concatenation(ref values) => values.iter().map(|&value| code_point(value)).collect(),
        TerminalValues::Range(first, last) if last < first => {
            Err(Fault::NothingBetween(format!("%x{first:02X}-{last:02X}")))
        }
        TerminalValues::Range(first, last) => Ok(format!("[{}-{}]", code_point(first)?, code_point(last)?)),
    }
}

fn code_point(value: u32) -> Result<String, Fault> {
    match char::from_u32(value) {
        Some(_) => Ok(format!("\\x{{{value:X}}}")),
        None => Err(Fault::NoCharacter(value)),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Syntax(message) => write!(f, "malformed grammar: {message}"),
            Fault::Repeated(name) => write!(f, "`{name}` is defined twice"),
            Fault::Incremental(name) => write!(f, "`{name}` is continued with `=/`, expected one definition"),
            Fault::Undefined(name) => write!(f, "`{name}` is not defined"),
            Fault::Recursive(name) => write!(f, "`{name}` leads back to itself, expected a regular language"),
            Fault::Prose(text) => write!(f, "`<{text}>` is prose, expected a definition or a named predicate"),
            Fault::NoCharacter(value) => write!(f, "`%x{value:X}` is no Unicode scalar value"),
            Fault::NothingBetween(range) => write!(f, "`{range}` ends before it begins"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;
    use regex::Regex;

    use super::*;

    /// The regular expression of production `a`.
    fn regex_of(grammar: &str, endless: Endless) -> Result<String, Fault> {
        Grammar::read([format!("{grammar}\n").as_str()])?.regex("a", endless)
    }

    /// Holds production `a` against texts that it accepts and texts that it rejects.
    fn check(grammar: &str, accepted: &[&str], rejected: &[&str]) {
        let source = regex_of(grammar, Endless::Forever).unwrap();
        let regex = Regex::new(&format!(r"\A(?:{source})\z")).unwrap();
        for text in accepted {
            assert!(regex.is_match(text), "`{grammar}` should accept {text:?}: {source}");
        }
        for text in rejected {
            assert!(!regex.is_match(text), "`{grammar}` should reject {text:?}: {source}");
        }
    }

    #[test]
    fn repetitions() {
        check("a = *DIGIT", &["", "1", "123456789012345678901234567890"], &["x", "1x", "1\n"]);
        check("a = 1*DIGIT", &["1", "12"], &["", "٣"]);
        check("a = 1*3DIGIT", &["1", "12", "123"], &["", "1234"]);
        check("a = *2DIGIT", &["", "1", "12"], &["123"]);
        check("a = 2DIGIT", &["12"], &["", "1", "123"]);
        check("a = 0DIGIT", &[""], &["1"]);
        check("a = 2( \"x\" / \"yz\" )", &["xx", "xyz", "yzx", "yzyz"], &["x", "xyzz", "xxx"]);
        check("a = *( \"x\" DIGIT )", &["", "x1", "x1x2"], &["x", "x12", "1"]);
        check("a = 2%s\"ab\"", &["abab"], &["abb", "ab"]);
    }

    #[test]
    fn options_groups_and_precedence() {
        check("a = [\"x\"] \"y\"", &["y", "xy"], &["", "x", "xxy"]);
        check("a = \"x\" \"y\" / \"z\"", &["xy", "z"], &["xz", "y"]);
        check("a = \"x\" ( \"y\" / \"z\" )", &["xy", "xz"], &["z", "xyz"]);
        check("a = [ \"x\" / \"yy\" ]", &["", "x", "yy"], &["y", "xyy"]);
        check("a = b \"!\"\nb = \"x\" / \"y\"", &["x!", "y!"], &["x", "!"]);
        check("a = *b\nb = \"x\" / \"y\" \"z\"", &["", "xyz", "yzyz"], &["y", "xy"]);
    }

    #[test]
    fn values_and_ranges() {
        check("a = %x30-39", &["0", "9"], &["", "/", ":", "00"]);
        check("a = %d48-57", &["0", "9"], &["/", ":"]);
        check("a = %b110000", &["0"], &["1"]);
        check("a = %x61.62.1F4BE", &["ab💾"], &["a", "ab", "AB💾"]);
        check("a = %x0A", &["\n"], &["", "\r\n"]);
        check("a = %x00-D7FF / %xE000-10FFFF", &["\0", "\n", "é", "\u{D7FF}", "\u{E000}", "\u{10FFFF}"], &["", "ab"]);
    }

    #[test]
    fn strings_fold_ascii_only() {
        check("a = \"Kiss\"", &["kiss", "KISS", "kISs"], &["\u{212A}iss", "ki\u{17F}s", "kis"]);
        check("a = %i\"k\"", &["k", "K"], &["\u{212A}"]);
        check("a = %s\"Kiss\"", &["Kiss"], &["kiss", "KISS"]);
        check("a = \"\"", &[""], &["x"]);
        check("a = \"${a}.*\\[x]^|\"", &["${a}.*\\[x]^|", "${A}.*\\[X]^|"], &["", "${a}xx\\[x]^|", "x"]);
        check("a = HEXDIG ALPHA SP HTAB CR LF", &["fz \t\r\n", "Fz \t\r\n"], &["gz \t\r\n", "f1 \t\r\n"]);
    }

    #[test]
    fn names_fold_and_definitions_continue_over_lines() {
        check("a = Bee ; a comment = \"not a rule\"\n\n  ; another\nBEE = \"x\"\n    / digit", &["x", "7"], &["b"]);
    }

    #[test]
    fn faults() {
        let name = || "b".to_owned();
        for (grammar, fault) in [
            ("a = b", Fault::Undefined(name())),
            ("a = \"x\"\nb = \"y\"\nb = \"z\"", Fault::Repeated(name())),
            ("a = \"x\"\nb = \"y\"\nB = \"z\"", Fault::Repeated("B".to_owned())),
            ("a = \"x\"\ndigit = \"y\"", Fault::Repeated("digit".to_owned())),
            ("a = \"x\"\nb = \"y\"\nb =/ \"z\"", Fault::Incremental(name())),
            ("a = b\nb = \"x\" [ b ]", Fault::Recursive(name())),
            ("a = b\nb = [ \"x\" A ]", Fault::Recursive("A".to_owned())),
            ("a = <any text>", Fault::Prose("any text".to_owned())),
            ("a = %xD800-DFFF", Fault::NoCharacter(0xD800)),
            ("a = %x00-110000", Fault::NoCharacter(0x11_0000)),
            ("a = %x39-30", Fault::NothingBetween("%x39-30".to_owned())),
            ("a = 3*2DIGIT", Fault::NothingBetween("3*2".to_owned())),
        ] {
            assert_eq!(regex_of(grammar, Endless::Forever), Err(fault), "{grammar}");
        }
        assert!(matches!(regex_of("a = (", Endless::Forever), Err(Fault::Syntax(_))));
        assert!(matches!(regex_of("", Endless::Forever), Err(Fault::Undefined(_))));
    }

    #[test]
    fn reachable_productions() {
        let grammar = Grammar::read(["a = *( [b] DIGIT )\nb = \"x\"\nunused = b\n"]).unwrap();
        assert_eq!(grammar.productions(), ["a", "b", "unused"].map(str::to_owned).into());
        assert_eq!(grammar.reachable(["A"]), ["a", "b", "digit"].map(str::to_owned).into());
    }

    #[test]
    fn generated_sentences_are_bounded_sentences() {
        let grammar = "a = *\"x\" 1*DIGIT 2*3\"y\"";
        let recogniser = Regex::new(r"\Ax{0,2}[0-9]{1,3}y{2,3}\z").unwrap();
        let source = regex_of(grammar, Endless::AtMost(2)).unwrap();
        proptest!(|(sentence in string_regex(&source).unwrap())| {
            let sentence = sentence.to_ascii_lowercase();
            prop_assert!(recogniser.is_match(&sentence), "{}", sentence);
        });
    }
}
