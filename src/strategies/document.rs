//! Plans of policy documents, and the text they become.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::{bool as coin, option};
use serde_json::value::RawValue;

use super::json::{DocumentText, OneOrMany, PrincipalText, Scalar, StatementText};
use super::text::{Pick, Wild, pick, recased, wild};
use super::world::{self, Topic};
use crate::document::PolicyKind;
use crate::language::operator::{BASES, Test};

/// A document before kind and topic are known.
#[derive(Debug, Clone)]
pub(super) struct DocumentPlan {
    version: Option<&'static str>,
    id: Option<Pick>,
    /// Whether it begins with a statement that allows everything, as gates usually do.
    open: bool,
    statements: Vec<StatementPlan>,
    bare: bool,
}

#[derive(Debug, Clone)]
struct StatementPlan {
    sid: Option<Pick>,
    deny: bool,
    principal: PrincipalPlan,
    not_action: bool,
    actions: Vec<ActionPlan>,
    not_resource: bool,
    resources: Vec<ResourcePlan>,
    conditions: Vec<ConditionPlan>,
    bare: bool,
}

#[derive(Debug, Clone)]
struct ActionPlan {
    elsewhere: Option<Pick>,
    everything: bool,
    service: Wild,
    name: Wild,
    recased: Option<Pick>,
}

#[derive(Debug, Clone)]
struct ResourcePlan {
    elsewhere: Option<Pick>,
    everything: bool,
    /// Wildcards in partition, region and account.
    heads: [Option<Pick>; 3],
    wild: Wild,
    variable: Option<VariablePlan>,
    short: Option<Pick>,
}

#[derive(Debug, Clone)]
struct VariablePlan {
    place: Pick,
    key: Pick,
    default: Option<Pick>,
}

#[derive(Debug, Clone)]
struct ConditionPlan {
    base: usize,
    quantifier: &'static str,
    if_exists: bool,
    key: Pick,
    foreign_key: bool,
    recased: Option<Pick>,
    values: Vec<ValuePlan>,
    bare: bool,
}

#[derive(Debug, Clone)]
struct ValuePlan {
    value: Pick,
    /// From the pool of another type.
    ill_typed: bool,
    variable: Option<VariablePlan>,
    wild: Wild,
    unquoted: bool,
}

#[derive(Debug, Clone)]
struct PrincipalPlan {
    negated: bool,
    everyone: bool,
    /// All that must be listed to exempt a caller (Rule E53), possibly but one.
    chain: Option<(Pick, Option<Pick>)>,
    aws: Vec<Pick>,
    service: Option<Pick>,
    provider: Option<Pick>,
    canonical_user: Option<Pick>,
    bare: bool,
}

/// A document with `1..=most` statements; `open` is the share of those that begin with `Allow` of everything.
pub(super) fn document_plan(most: usize, open: f64) -> impl Strategy<Value = DocumentPlan> {
    let version = prop_oneof![6 => Just(Some("2012-10-17")), 1 => Just(Some("2008-10-17")), 1 => Just(None)];
    let id = option::weighted(0.1, pick());
    (version, id, coin::weighted(open), vec(statement_plan(), 1..=most), coin::ANY)
        .prop_map(|(version, id, open, statements, bare)| DocumentPlan { version, id, open, statements, bare })
}

fn statement_plan() -> impl Strategy<Value = StatementPlan> {
    let conditions = prop_oneof![
        3 => Just(Vec::new()),
        2 => vec(condition_plan(), 1),
        1 => vec(condition_plan(), 2..=3),
    ];
    (
        option::weighted(0.3, pick()),
        coin::weighted(0.3),
        principal_plan(),
        coin::weighted(0.12),
        vec(action_plan(), 1..=3),
        coin::weighted(0.12),
        vec(resource_plan(), 1..=3),
        conditions,
        coin::ANY,
    )
        .prop_map(|(sid, deny, principal, not_action, actions, not_resource, resources, conditions, bare)| {
            StatementPlan { sid, deny, principal, not_action, actions, not_resource, resources, conditions, bare }
        })
}

fn action_plan() -> impl Strategy<Value = ActionPlan> {
    let service = prop_oneof![9 => Just(Wild::None), 1 => wild()];
    (option::weighted(0.15, pick()), coin::weighted(0.1), service, wild(), option::weighted(0.15, pick())).prop_map(
        |(elsewhere, everything, service, name, recased)| ActionPlan { elsewhere, everything, service, name, recased },
    )
}

fn resource_plan() -> impl Strategy<Value = ResourcePlan> {
    let head = || option::weighted(0.15, pick());
    (
        option::weighted(0.15, pick()),
        coin::weighted(0.2),
        [head(), head(), head()],
        wild(),
        option::weighted(0.25, variable_plan()),
        option::weighted(0.06, pick()),
    )
        .prop_map(|(elsewhere, everything, heads, wild, variable, short)| ResourcePlan {
            elsewhere,
            everything,
            heads,
            wild,
            variable,
            short,
        })
}

fn variable_plan() -> impl Strategy<Value = VariablePlan> {
    (pick(), pick(), option::weighted(0.3, pick())).prop_map(|(place, key, default)| VariablePlan {
        place,
        key,
        default,
    })
}

fn condition_plan() -> impl Strategy<Value = ConditionPlan> {
    let quantifier = prop_oneof![3 => Just(""), 1 => Just("ForAllValues:"), 1 => Just("ForAnyValue:")];
    let values = prop_oneof![1 => Just(Vec::new()), 9 => vec(value_plan(), 1), 6 => vec(value_plan(), 2..=3)];
    (
        0..BASES.len(),
        quantifier,
        coin::weighted(0.3),
        pick(),
        coin::weighted(0.1),
        option::weighted(0.2, pick()),
        values,
        coin::weighted(0.7),
    )
        .prop_map(|(base, quantifier, if_exists, key, foreign_key, recased, values, bare)| ConditionPlan {
            base,
            quantifier,
            if_exists,
            key,
            foreign_key,
            recased,
            values,
            bare,
        })
}

fn value_plan() -> impl Strategy<Value = ValuePlan> {
    let wild = prop_oneof![2 => Just(Wild::None), 1 => wild()];
    let variable = option::weighted(0.2, variable_plan());
    (pick(), coin::weighted(0.08), variable, wild, coin::weighted(0.4)).prop_map(
        |(value, ill_typed, variable, wild, unquoted)| ValuePlan { value, ill_typed, variable, wild, unquoted },
    )
}

fn principal_plan() -> impl Strategy<Value = PrincipalPlan> {
    (
        coin::weighted(0.4),
        coin::weighted(0.2),
        option::weighted(0.3, (pick(), option::weighted(0.3, pick()))),
        vec(pick(), 0..=2),
        option::weighted(0.1, pick()),
        option::weighted(0.1, pick()),
        option::weighted(0.08, pick()),
        coin::ANY,
    )
        .prop_map(|(negated, everyone, chain, aws, service, provider, canonical_user, bare)| PrincipalPlan {
            negated,
            everyone,
            chain,
            aws,
            service,
            provider,
            canonical_user,
            bare,
        })
}

impl DocumentPlan {
    /// The document as one of a kind, about a topic.
    pub(super) fn resolve(&self, kind: PolicyKind, topic: Topic) -> DocumentText {
        let statements = if kind == PolicyKind::ResourceControl && self.open {
            // The full-access policy written out, the only one that allows (Rule E14).
            vec![open(kind)]
        } else {
            let gate = (self.open && kind != PolicyKind::ResourceControl).then(|| open(kind));
            let planned = self.statements.iter().enumerate().map(|(index, plan)| plan.resolve(index, kind, topic));
            gate.into_iter().chain(planned).collect()
        };
        DocumentText {
            version: self.version,
            id: self.id.map(|id| format!("Id {}", id.text(&world::NAMES))),
            statement: OneOrMany::of(statements, self.bare),
        }
    }
}

/// `Allow` of everything to everyone.
fn open(kind: PolicyKind) -> StatementText {
    let everything = || Some(OneOrMany::One("*".to_owned()));
    StatementText {
        effect: "Allow",
        principal: takes_principal(kind).then_some(PrincipalText::Everyone("*")),
        action: everything(),
        resource: if kind == PolicyKind::Trust { None } else { everything() },
        ..StatementText::default()
    }
}

fn takes_principal(kind: PolicyKind) -> bool {
    use PolicyKind::{Endpoint, Resource, ResourceControl, Trust};
    matches!(kind, Endpoint | Resource | ResourceControl | Trust)
}

/// Kinds whose Sids are checked (Rule L9).
fn is_iam_type(kind: PolicyKind) -> bool {
    use PolicyKind::{Boundary, Identity, Session, Trust};
    matches!(kind, Boundary | Identity | Session | Trust)
}

impl StatementPlan {
    fn resolve(&self, index: usize, kind: PolicyKind, topic: Topic) -> StatementText {
        let is_rcp = kind == PolicyKind::ResourceControl;
        let deny = self.deny || is_rcp;
        let mut statement = StatementText {
            sid: self.sid.map(|sid| match sid.below(3) {
                0 => String::new(),
                _ if is_iam_type(kind) => format!("Sid{index}"),
                _ => "one Sid, many statements".to_owned(),
            }),
            effect: if deny { "Deny" } else { "Allow" },
            condition: self.conditions(),
            ..StatementText::default()
        };
        let actions = self.actions.iter().map(|action| action.resolve(kind, topic)).collect();
        let actions = Some(OneOrMany::of(actions, self.bare));
        *(if self.not_action && !is_rcp { &mut statement.not_action } else { &mut statement.action }) = actions;
        if kind != PolicyKind::Trust {
            let resources = self.resources.iter().map(|resource| resource.resolve(kind, topic)).collect();
            let resources = Some(OneOrMany::of(resources, self.bare));
            *(if self.not_resource { &mut statement.not_resource } else { &mut statement.resource }) = resources;
        }
        if is_rcp {
            statement.principal = Some(PrincipalText::Everyone("*"));
        } else if takes_principal(kind) {
            let negated = self.principal.negated && deny && kind != PolicyKind::Trust;
            let principal = Some(self.principal.resolve(kind, deny));
            *(if negated { &mut statement.not_principal } else { &mut statement.principal }) = principal;
        }
        statement
    }

    /// No operator is named twice, nor a key under one operator in two spellings (Rules L3, L15).
    fn conditions(&self) -> Option<BTreeMap<String, BTreeMap<String, OneOrMany<Scalar>>>> {
        if self.conditions.is_empty() {
            return None;
        }
        let mut blocks: BTreeMap<String, BTreeMap<String, OneOrMany<Scalar>>> = BTreeMap::new();
        for condition in &self.conditions {
            let Some((operator, key, values)) = condition.resolve() else { continue };
            let block = blocks.entry(operator).or_default();
            if !block.keys().any(|known| known.eq_ignore_ascii_case(&key)) {
                block.insert(key, values);
            }
        }
        Some(blocks)
    }
}

impl ActionPlan {
    fn resolve(&self, kind: PolicyKind, topic: Topic) -> String {
        if self.everything && kind != PolicyKind::ResourceControl {
            return "*".to_owned();
        }
        let topic = self.elsewhere.and_then(|other| other.of(world::topics_of(kind))).copied().unwrap_or(topic);
        let (service, name) = topic.action.split_once(':').unwrap_or(("s3", "GetObject"));
        let action = format!("{}:{}", self.service.apply(service), self.name.apply(name));
        self.recased.map_or(action.clone(), |at| recased(&action, at))
    }
}

impl ResourcePlan {
    fn resolve(&self, kind: PolicyKind, topic: Topic) -> String {
        let topic = self.elsewhere.and_then(|other| other.of(world::topics_of(kind))).copied().unwrap_or(topic);
        let fields: Vec<&str> = topic.resource.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = *fields.as_slice() else { return "*".to_owned() };
        if self.everything {
            return "*".to_owned();
        }
        let [in_partition, in_region, in_account] = self.heads;
        let choose =
            |pick: Option<Pick>, otherwise, pool: &[&'static str]| pick.map_or(otherwise, |pick| pick.text(pool));
        let partition = choose(in_partition, partition, &["*", "aws*", "aws-cn", "a?s"]);
        let region = choose(in_region, region, &["*", "eu-*", "eu-west-?", ""]);
        let account =
            choose(in_account, account, &["*", "${aws:PrincipalAccount}", "1111*", "${aws:username, '111122223333'}"]);
        if let Some(short) = self.short {
            // Fields left out are `*` (Rule L33); an empty one would be refused (Rule L31).
            let kept = [arn, partition, service, region, account];
            let kept = kept.iter().take(3 + short.below(3)).take_while(|field| !field.is_empty());
            return kept.copied().collect::<Vec<_>>().join(":");
        }
        let resource = self.wild.apply(resource);
        let resource = self.variable.as_ref().map_or(resource.clone(), |variable| variable.replace(&resource, '/'));
        [arn, partition, service, region, account, &resource].join(":")
    }
}

impl VariablePlan {
    /// Puts the variable in the place of one of the parts of a text.
    fn replace(&self, text: &str, separator: char) -> String {
        let parts: Vec<&str> = text.split(separator).collect();
        let place = self.place.below(parts.len());
        let key = self.key.text(&world::NAME_KEYS);
        let part = parts.get(place).copied().unwrap_or_default();
        let variable = match self.default {
            None => format!("${{{key}}}"),
            Some(default) => match default.below(4) {
                0 => format!("${{{key}, '{}'}}", part.replace(['\'', '}'], "")),
                1 => format!("${{{key}, '*'}}"),
                2 => "${*}${?}${$}".to_owned(),
                _ => format!("{part}${{{key}, ''}}"),
            },
        };
        let parts = parts.iter().enumerate().map(|(index, part)| if index == place { &variable } else { *part });
        parts.collect::<Vec<_>>().join(&separator.to_string())
    }
}

impl ConditionPlan {
    fn resolve(&self) -> Option<(String, String, OneOrMany<Scalar>)> {
        let (base, test, _) = BASES.get(self.base)?;
        let if_exists = if self.if_exists && *test != Test::Null { "IfExists" } else { "" };
        let operator = format!("{}{base}{if_exists}", self.quantifier);
        let keys = if self.foreign_key || (!self.quantifier.is_empty() && self.key.below(3) > 0) {
            &world::LIST_KEYS[..]
        } else {
            keys_of(*test)
        };
        let key = self.key.text(keys);
        let key = self.recased.map_or(key.to_owned(), |at| recased(key, at));
        let values = self.values.iter().map(|value| value.resolve(*test)).collect();
        Some((operator, key, OneOrMany::of(values, self.bare)))
    }
}

/// Keys whose values a test is made for.
fn keys_of(test: Test) -> &'static [&'static str] {
    match test {
        Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike | Test::Null => &world::NAME_KEYS,
        Test::Numeric(_) => &world::NUMBER_KEYS,
        Test::Date(_) => &world::DATE_KEYS,
        Test::Bool => &world::BOOL_KEYS,
        Test::Binary => &world::BINARY_KEYS,
        Test::IpAddress => &world::ADDRESS_KEYS,
        Test::Arn => &world::ARN_KEYS,
    }
}

/// Values that policies hold for a test.
pub(super) fn values_of(test: Test) -> &'static [&'static str] {
    match test {
        Test::StringEquals | Test::StringEqualsIgnoreCase | Test::StringLike => &world::NAMES,
        Test::Numeric(_) => &world::NUMBERS,
        Test::Date(_) => &world::DATES,
        Test::Bool | Test::Null => &world::BOOLS,
        Test::Binary => &world::BINARIES,
        Test::IpAddress => &world::NETWORKS,
        Test::Arn => &world::ARNS,
    }
}

impl ValuePlan {
    fn resolve(&self, test: Test) -> Scalar {
        // A date that cannot be read refuses the document (Rule L18).
        let pool = match (self.ill_typed, test) {
            (true, Test::Numeric(_)) => &world::NAMES[..],
            (true, Test::StringEquals | Test::StringLike | Test::IpAddress) => &world::NUMBERS,
            (true, Test::Bool | Test::Binary | Test::Arn | Test::Null) => &world::NAMES,
            _ => values_of(test),
        };
        let text = self.value.text(pool);
        let unquoted = RawValue::from_string(text.to_owned()).ok().filter(|raw| self.unquoted && is_bare(raw.get()));
        if let Some(raw) = unquoted {
            return Scalar::Unquoted(raw);
        }
        let is_template = text.contains("${");
        let with_wildcards = matches!(test, Test::StringLike | Test::Arn) && !is_template;
        let text = if with_wildcards && test == Test::StringLike { self.wild.apply(text) } else { text.to_owned() };
        match &self.variable {
            Some(variable) if test.substitutes() && !is_template => {
                Scalar::Text(variable.replace(&text, if test == Test::Arn { ':' } else { '/' }))
            }
            _ => Scalar::Text(text),
        }
    }
}

/// Whether a JSON text is a number or a boolean.
fn is_bare(json: &str) -> bool {
    json == "true" || json == "false" || json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

impl PrincipalPlan {
    fn resolve(&self, kind: PolicyKind, deny: bool) -> PrincipalText {
        let chain: &[&'static str] = self.chain.and_then(|(chain, _)| chain.of(&CHAINS)).copied().unwrap_or_default();
        let left_out = self.chain.and_then(|(_, left_out)| left_out).map(|left_out| left_out.below(chain.len()));
        let chain = chain.iter().enumerate().filter(|(index, _)| Some(*index) != left_out).map(|(_, name)| *name);
        let aws: Vec<&'static str> =
            chain.chain(self.aws.iter().map(|entry| entry.text(&world::AWS_ENTRIES))).collect();
        let mut members: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
        if !aws.is_empty() {
            members.insert("AWS", aws);
        }
        if let Some(service) = self.service {
            members.insert("Service", vec![service.text(&world::SERVICES)]);
        }
        if let Some(provider) = self.provider.or(self.service.filter(|_| kind == PolicyKind::Trust)) {
            members.insert("Federated", vec![provider.text(&world::PROVIDERS)]);
        }
        if let Some(user) = self.canonical_user {
            // A `Deny` must know whom it names (Rule E47).
            let pool = [world::KNOWN_CANONICAL_USER, world::UNKNOWN_CANONICAL_USER];
            members.insert("CanonicalUser", vec![if deny { world::KNOWN_CANONICAL_USER } else { user.text(&pool) }]);
        }
        if self.everyone || members.is_empty() {
            return PrincipalText::Everyone("*");
        }
        let members = members.into_iter().map(|(member, names)| (member, OneOrMany::of(names, self.bare)));
        PrincipalText::Members(members.collect())
    }
}

/// What must be listed to exempt a session, a user, a federated user, a bare role, a root user (Rule E53).
const CHAINS: [&[&str]; 5] = [
    &["111122223333", "arn:aws:iam::111122223333:role/App", "arn:aws:sts::111122223333:assumed-role/App/one"],
    &["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/alice"],
    &["111122223333", "arn:aws:sts::111122223333:federated-user/alice"],
    &["444455556666", "arn:aws:iam::444455556666:role/team/Ops"],
    &["arn:aws:iam::444455556666:root"],
];
