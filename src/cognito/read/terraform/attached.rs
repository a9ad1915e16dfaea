//! Which pool a resource is attached to. In the plan that makes a pool its id is unknown, here as in the pool itself; then
//! the `configuration` beside the plan says which resource the expression refers to.

use super::POOL;
use super::plan::{Plan, Resource};
use crate::cognito::read::reader::Reader;
use crate::cognito::read::rewrite::{get, items, text};
use crate::json::{Kind, Value};
use crate::source::quote;

/// How many references are followed for one expression: variables and outputs may name each other in a circle.
const MOST_REFERENCES: usize = 200;

/// A name and the key of the instance, brackets included; the key is empty if there is none.
type Step<'a> = (&'a str, &'a str);

/// The address of a resource: the modules it is in, its name.
#[derive(Clone)]
struct Address<'a> {
    modules: Vec<Step<'a>>,
    name: Step<'a>,
}

impl Plan<'_> {
    /// Whether a resource is attached to this pool; none after reporting that it cannot be said. Another pool's roles
    /// must not become this one's.
    pub fn is_attached(
        &self,
        reader: &mut Reader<'_>,
        resource: &Resource<'_>,
        pool: &Resource<'_>,
        id: &str,
    ) -> Option<bool> {
        if let Some(written) = get(resource.values, "identity_pool_id") {
            return reader.string("C5", written).map(|written| written == id);
        }
        // What is planned together with the only pool does not know its id either.
        let is_planned = get(pool.values, "id").is_none_or(|id| id.kind() == Kind::Null);
        if is_planned && self.of_type(POOL).count() == 1 {
            return Some(true);
        }
        let owner = self.refers_to(resource.address, pool.address);
        if owner.is_none() {
            let found = format!("an unknown `identity_pool_id` of {}", quote(resource.address));
            let expected = "an id, or a reference in the plan's `configuration` that leads to one pool";
            reader.report("C5", resource.values.span(), "a resource attached to no certain pool", found, expected);
        }
        owner
    }

    /// Whether the configuration says that a resource is attached to this pool, or to another one.
    fn refers_to(&self, resource: &str, pool: &str) -> Option<bool> {
        let root = get(self.configuration?, "root_module")?;
        let (kind, address) = address(resource)?;
        let (name, _) = address.name;
        let module = configured(root, &address.modules)?;
        let local = format!("{kind}.{name}");
        let is_it = |written: &Value<'_>| get(*written, "address").and_then(text) == Some(&local);
        let written = items(get(module, "resources")?).iter().find(is_it)?;
        let expression = get(get(written, "expressions")?, "identity_pool_id")?;

        let mut found = Vec::new();
        let mut left = MOST_REFERENCES;
        follow(root, expression, &address.modules, &mut left, &mut found)?;
        let instances = self.of_type(POOL).filter(|instance| {
            let is_meant =
                |wanted: &Address<'_>| self::address(instance.address).is_some_and(|(_, of)| wanted.means(&of));
            found.iter().any(is_meant)
        });
        let instances: Vec<&str> = instances.map(|instance| instance.address).collect();
        match instances.as_slice() {
            [] => None,
            [only] => Some(*only == pool),
            several => (!several.contains(&pool)).then_some(false),
        }
    }
}

impl Address<'_> {
    /// Whether a reference may mean this instance: a key that is worked out later is not in it.
    fn means(&self, instance: &Address<'_>) -> bool {
        let fits = |(one, other): (&Step<'_>, &Step<'_>)| one.0 == other.0 && (one.1.is_empty() || one.1 == other.1);
        self.modules.len() == instance.modules.len()
            && self.modules.iter().zip(&instance.modules).all(fits)
            && fits((&self.name, &instance.name))
    }
}

/// Collects the pools that an expression of a module refers to; none if it refers to anything else.
fn follow<'v>(
    root: Value<'v>,
    expression: Value<'v>,
    modules: &[Step<'v>],
    left: &mut usize,
    found: &mut Vec<Address<'v>>,
) -> Option<()> {
    let references: Vec<&str> = items(get(expression, "references")?).iter().map(text).collect::<Option<_>>()?;
    // `a.b[0].id` is followed by `a.b[0]` and `a.b`, which say less.
    let says_more = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('['))
    };
    let whole = references.iter().filter(|short| !references.iter().any(|long| says_more(long, short)));
    let whole: Vec<Vec<Step<'v>>> = whole.map(|reference| steps(reference)).collect();
    if whole.is_empty() {
        return None;
    }
    for reference in whole {
        *left = left.checked_sub(1)?;
        match reference.as_slice() {
            [(POOL, ""), name, ..] => found.push(Address { modules: modules.to_vec(), name: *name }),
            [("var", ""), (variable, _), ..] => {
                let ((call, _), parents) = modules.split_last()?;
                let call = get(get(configured(root, parents)?, "module_calls")?, call)?;
                let given = get(get(call, "expressions")?, variable)?;
                follow(root, given, parents, left, found)?;
            }
            [("module", ""), call, (output, _), ..] => {
                let inner: Vec<Step<'v>> = modules.iter().chain([call]).copied().collect();
                let output = get(get(configured(root, &inner)?, "outputs")?, output)?;
                follow(root, get(output, "expression")?, &inner, left, found)?;
            }
            _ => return None,
        }
    }
    Some(())
}

/// The configuration of a module.
fn configured<'v>(root: Value<'v>, modules: &[Step<'_>]) -> Option<Value<'v>> {
    modules.iter().try_fold(root, |module, (name, _)| get(get(get(module, "module_calls")?, name)?, "module"))
}

/// The type of a resource, and its address.
fn address(written: &str) -> Option<(&str, Address<'_>)> {
    let steps = steps(written);
    let mut rest = steps.as_slice();
    let mut modules = Vec::new();
    while let [("module", ""), module, behind @ ..] = rest {
        modules.push(*module);
        rest = behind;
    }
    let [(kind, ""), name] = rest else { return None };
    Some((kind, Address { modules, name: *name }))
}

/// The names between the dots, with their keys: a key in quotation marks may hold dots and brackets.
fn steps(written: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let (mut is_quoted, mut is_escaped, mut is_in_key) = (false, false, false);
    let is_end = |character: char| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => is_in_key = true,
            ']' if !is_quoted => is_in_key = false,
            '.' => return !is_quoted && !is_in_key,
            _ => {}
        }
        false
    };
    for step in written.split(is_end) {
        let (name, key) = step.split_at(step.find('[').unwrap_or(step.len()));
        steps.push((name, key));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let (kind, of) = address(r#"module.a["x.y]\"[."].module.b[0].aws_cognito_identity_pool.main[1]"#).unwrap();
        assert_eq!((kind, of.name), ("aws_cognito_identity_pool", ("main", "[1]")));
        assert_eq!(of.modules, [("a", r#"["x.y]\"[."]"#), ("b", "[0]")]);
        assert!(address("main").is_none());
        assert!(address("data.aws_cognito_identity_pool.main").is_none());
    }
}
