//! regorus: each statement becomes one or more bodies of a Rego rule, run by the virtual machine.
//!
//! * The virtual machine instead of the interpreter, with the program compiled once and one machine kept for all requests.
//! * `allow` and `deny` are rules that all have the value `true`, for then the machine stops at the first body that holds.
//!   Alternatives are bodies of their own.
//! * Rego has no IAM wildcards. Action patterns are sets of actions in the `data` document, one for each list of actions.
//!   A resource pattern becomes `startswith`, `endswith` and `contains`, followed by `substring` and `count` where these three
//!   do not say the same. `regex.match` would take its compiled expression from a cache as a clone, which has no memory to
//!   match with yet. Variables: see [`crate::mask`].
//! * The resource comes before the action and the conditions, for it rejects most.
//! * Inputs are parsed beforehand, Booleans as Booleans.
//! * The limits on policy length and on executed instructions are lifted. That on the instructions of a program is fixed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::rvm::vm::RegoVM;
use regorus::utils::limits::PolicyLengthConfig;
use regorus::{Engine, Value};
use serde_json::json;

use crate::Result;
use crate::mask::{self, RESOURCE, View};
use crate::measure::{Answer, Peer};
use crate::workload::{Effect, OneOrMany, Statement, Workload, action_matches};

pub struct Rego {
    machine: RegoVM,
    inputs: Vec<Value>,
    allowed: Value,
    implicit: Value,
    explicit: Value,
}

pub struct Source {
    policy: String,
    data: String,
}

const ENTRY: &str = "data.iam.decision";

impl Peer for Rego {
    type Source = Source;
    type Compiled = (Arc<Program>, Value);

    fn translate(workload: &'static Workload) -> Result<Source> {
        let mut actions = Actions::default();
        let mut policy = String::from(
            "package iam\n\
             import rego.v1\n\
             decision := \"explicitDeny\" if { deny } else := \"allowed\" if { allow } else := \"implicitDeny\"\n",
        );
        for statement in &workload.statements {
            rule(&mut policy, statement, workload, &mut actions)?;
        }
        // A rule that no policy gives must exist all the same.
        policy.push_str("allow if { false }\ndeny if { false }\n");
        Ok(Source { policy, data: json!({ "actions": actions.sets }).to_string() })
    }

    fn compile(source: &Source) -> Result<(Arc<Program>, Value)> {
        let mut engine = Engine::new();
        engine.set_policy_length_config(PolicyLengthConfig {
            max_col: NonZeroU32::MAX,
            max_file_bytes: NonZeroUsize::MAX,
            max_lines: NonZeroUsize::MAX,
        });
        engine.add_policy("iam.rego".to_owned(), source.policy.clone())?;
        let data = Value::from_json_str(&source.data)?;
        engine.add_data(data.clone())?;
        let compiled = engine.compile_with_entrypoint(&ENTRY.into())?;
        let program = Compiler::compile_from_policy(&compiled, &[ENTRY]).map_err(|error| error.to_string())?;
        Ok((program, data))
    }

    fn prepare((program, data): (Arc<Program>, Value), workload: &'static Workload) -> Result<Self> {
        let views = mask::views(workload)?;
        let mut inputs = Vec::new();
        for ask in &workload.asks {
            let asked = &ask.request;
            let mut input = serde_json::Map::new();
            input.insert("action".to_owned(), json!(asked.action));
            for (key, given) in &asked.context {
                let value = match given {
                    OneOrMany::One(text) if key == "aws:SecureTransport" => json!(text == "true"),
                    OneOrMany::One(text) => json!(text),
                    OneOrMany::Many(texts) => json!(texts),
                };
                input.insert(key.clone(), value);
            }
            for view in &views {
                if let Some(text) = view.text(asked)? {
                    input.insert(view.name(), json!(text));
                }
            }
            inputs.push(Value::from_json_str(&json!(input).to_string())?);
        }
        let mut machine = RegoVM::new();
        machine.load_program(program);
        machine.set_data(data).map_err(|error| error.to_string())?;
        machine.set_max_instructions(usize::MAX);
        let [allowed, implicit, explicit] = ["allowed", "implicitDeny", "explicitDeny"].map(Value::from);
        Ok(Rego { machine, inputs, allowed, implicit, explicit })
    }

    fn decide(&mut self, index: usize) -> Answer {
        let Some(input) = self.inputs.get(index) else { return Answer::Failed };
        self.machine.set_input(input.clone());
        match self.machine.execute() {
            Ok(value) if value == self.allowed => Answer::Allowed,
            Ok(value) if value == self.implicit => Answer::ImplicitDeny,
            Ok(value) if value == self.explicit => Answer::ExplicitDeny,
            _ => Answer::Failed,
        }
    }
}

/// The lists of actions of the policies, each written out as a set and named once.
#[derive(Default)]
struct Actions {
    names: BTreeMap<Vec<String>, String>,
    /// Name, then action, then true.
    sets: BTreeMap<String, BTreeMap<String, bool>>,
}

impl Actions {
    /// A condition on the action.
    fn condition(&mut self, patterns: &OneOrMany, negated: bool, workload: &Workload) -> String {
        let all = workload.actions().into_iter();
        let is_covered = |action: &str| patterns.as_slice().iter().any(|pattern| action_matches(pattern, action));
        let covered: Vec<String> = all.filter(|action| is_covered(action) != negated).map(str::to_owned).collect();
        if let [one] = covered.as_slice() {
            return format!("input.action == {}", quote(one));
        }
        let next = format!("a{}", self.names.len());
        let name = self.names.entry(covered.clone()).or_insert(next).clone();
        let condition = format!("data.actions.{name}[input.action]");
        self.sets.insert(name, covered.into_iter().map(|action| (action, true)).collect());
        condition
    }
}

/// Writes the bodies of one statement: one for each combination of a resource pattern and a value of `StringLike`.
fn rule(text: &mut String, statement: &Statement, workload: &Workload, actions: &mut Actions) -> Result<()> {
    let action = match (&statement.action, &statement.not_action) {
        (Some(patterns), None) => actions.condition(patterns, false, workload),
        (None, Some(patterns)) => actions.condition(patterns, true, workload),
        _ => return Err("a statement needs Action or NotAction".into()),
    };
    let mut bodies: Vec<Vec<String>> = Vec::new();
    for pattern in statement.resource.as_slice() {
        let mut body = like(RESOURCE, pattern)?;
        body.push(action.clone());
        bodies.push(body);
    }
    for (operator, keys) in &statement.condition {
        for (key, values) in keys {
            let alternatives = condition(operator, key, values.as_slice())?;
            let combine = |body: &Vec<String>| -> Vec<Vec<String>> {
                alternatives.iter().map(|alternative| [body.as_slice(), alternative.as_slice()].concat()).collect()
            };
            bodies = bodies.iter().flat_map(combine).collect();
        }
    }
    let name = match statement.effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    };
    for body in bodies {
        writeln!(text, "{name} if {{\n  {}\n}}", body.join("\n  "))?;
    }
    Ok(())
}

/// The alternatives of a condition, each a list of expressions that must all hold.
fn condition(operator: &str, key: &str, values: &[String]) -> Result<Vec<Vec<String>>> {
    let attribute = format!("input[{}]", quote(key));
    let texts: Vec<String> = values.iter().map(|value| quote(value)).collect();
    let equals = || match texts.as_slice() {
        [one] => format!("{attribute} == {one}"),
        _ => format!("{attribute} in {{{}}}", texts.join(", ")),
    };
    Ok(match operator {
        "StringLike" => values.iter().map(|value| like(key, value)).collect::<Result<_>>()?,
        "StringEquals" => vec![vec![equals()]],
        // `not` also holds if the key is missing, as in IAM.
        "StringNotEquals" => vec![vec![format!("not {}", equals())]],
        "Bool" => match values {
            [value] if value == "false" || value == "true" => vec![vec![format!("{attribute} == {value}")]],
            _ => return Err(format!("no Boolean for {key}").into()),
        },
        "IpAddress" => texts.iter().map(|range| vec![format!("net.cidr_contains({range}, {attribute})")]).collect(),
        "NotIpAddress" => {
            vec![texts.iter().map(|range| format!("not net.cidr_contains({range}, {attribute})")).collect()]
        }
        "ForAllValues:StringEquals" => {
            let member = |value: &String| match value.strip_prefix("${").and_then(|v| v.strip_suffix('}')) {
                Some(variable) => format!("input[{}]", quote(variable)),
                None => quote(value),
            };
            let [value] = values else { return Err(format!("several values for {key}").into()) };
            let every = format!("every value in {attribute} {{ value == {} }}", member(value));
            vec![vec![every], vec![format!("not {attribute}")]]
        }
        _ => return Err(format!("no translation of {operator}").into()),
    })
}

/// A pattern on an attribute: expressions that must all hold. The cheap ones that say most come first.
fn like(key: &str, pattern: &str) -> Result<Vec<String>> {
    if key == RESOURCE && pattern == "*" {
        return Ok(Vec::new());
    }
    let view = View::of(key, pattern)?;
    let attribute = format!("input[{}]", quote(&view.name()));
    let untranslated = || format!("no translation of the pattern {pattern}");
    let pieces: Vec<&str> = pattern.split('*').collect();
    let (first, infix, last) = match pieces.as_slice() {
        [whole] => (*whole, "", None),
        [first, last] => (*first, "", Some(*last)),
        [first, infix, last] => (*first, *infix, Some(*last)),
        _ => return Err(untranslated().into()),
    };
    if infix.contains('?') || last.is_some_and(|last| last.contains('?')) {
        return Err(untranslated().into());
    }
    let length = |text: &str| text.chars().count();

    let head = first.split('?').next().unwrap_or_default();
    let rest = first.strip_prefix(head).unwrap_or_default().trim_start_matches('?');
    if rest.contains('?') {
        return Err(untranslated().into());
    }
    let is_whole = last.is_none();
    if is_whole && head == first {
        return Ok(vec![format!("{attribute} == {}", quote(first))]);
    }
    let last = last.unwrap_or_default();
    let mut expressions = Vec::new();
    for (function, text) in [("startswith", head), ("endswith", last), ("contains", infix)] {
        if !text.is_empty() {
            expressions.push(format!("{function}({attribute}, {})", quote(text)));
        }
    }
    // So far the pieces might overlap, stand in another order, or have another distance.
    let ends = length(first) + length(last);
    if is_whole {
        expressions.push(format!("count({attribute}) == {ends}"));
    } else if head != first || (!first.is_empty() && !last.is_empty()) {
        expressions.push(format!("count({attribute}) >= {ends}"));
    }
    if !rest.is_empty() {
        let (from, count) = (length(first) - length(rest), length(rest));
        expressions.push(format!("substring({attribute}, {from}, {count}) == {}", quote(rest)));
    }
    if !infix.is_empty() && ends > 0 {
        let between = format!("substring({attribute}, {}, count({attribute}) - {ends})", length(first));
        expressions.push(format!("contains({between}, {})", quote(infix)));
    }
    Ok(expressions)
}

/// A string of Rego, which writes strings as JSON does.
fn quote(text: &str) -> String {
    json!(text).to_string()
}
