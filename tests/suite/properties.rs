//! What holds for every policy and every request.

use iamtree::decision::Reason;
use iamtree::document::{Document, Effect, Level, PolicyKind, PolicySet};
use iamtree::json::{Kind, Limits, Value};
use iamtree::language::pattern::escape_literal;
use iamtree::request::{PrincipalKind, RequestErrorKind};
use iamtree::source::{Source, Span};
use iamtree::strategies::{Questions, RequestSpec, document_text, policy_set, questions};
use iamtree::{Engine, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::differential::config;

/// The reason, or the kind of mistake.
type Answer = Result<Reason, RequestErrorKind>;

fn answer(engine: &Engine, spec: &RequestSpec) -> Option<Answer> {
    let request = spec.request().ok()?;
    Some(engine.decide(&request).map(|decision| decision.reason()).map_err(|error| error.kind()))
}

fn is_allowed(answer: Option<Answer>) -> bool {
    matches!(answer, Some(Ok(Reason::Allowed(_))))
}

/// A set put together anew, each list of documents passed through `order` and each document through `edit`.
fn rebuilt(set: &PolicySet, edit: impl Fn(&Document) -> Document, order: impl Fn(&mut Vec<Document>)) -> PolicySet {
    let edited = |documents: &[Document]| {
        let mut documents: Vec<Document> = documents.iter().map(&edit).collect();
        order(&mut documents);
        documents
    };
    let level = |level: &Level| Level { name: level.name.clone(), documents: edited(&level.documents) };
    let mut built = PolicySet::new();
    built = edited(set.identity_documents()).into_iter().fold(built, PolicySet::identity);
    built = edited(set.session_documents()).into_iter().fold(built, PolicySet::session);
    built = set.service_control_levels().iter().map(level).fold(built, PolicySet::service_control);
    built = set.resource_control_levels().iter().map(level).fold(built, PolicySet::resource_control);
    if let Some(document) = set.boundary_document() {
        built = built.boundary(edit(document)).unwrap();
    }
    if let Some(document) = set.resource_document() {
        built = built.resource(edit(document)).unwrap();
    }
    if let Some(document) = set.endpoint_document() {
        built = built.endpoint(edit(document)).unwrap();
    }
    match set.account_of_canonical_user("0f0f0f") {
        Some(account) => built.canonical_user("0f0f0f", account).unwrap(),
        None => built,
    }
}

/// The document with other statements, given as JSON.
fn with_statements(document: &Document, statements: &[String]) -> Document {
    let version = match document.version() {
        iamtree::document::Version::V2008 => "2008-10-17",
        iamtree::document::Version::V2012 => "2012-10-17",
    };
    let text = format!(r#"{{"Version": "{version}", "Statement": [{}]}}"#, statements.join(", "));
    Document::parse(document.kind(), document.name(), &text).unwrap()
}

fn statement_texts(document: &Document) -> Vec<String> {
    let statements = document.statements().iter();
    statements.map(|statement| document.source().slice(statement.span).to_owned()).collect()
}

/// A statement as one that denies, without the Sid, which another statement of the document might have.
fn as_deny(statement: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(statement).unwrap();
    value.as_object_mut().unwrap().remove("Sid");
    value["Effect"] = json!("Deny");
    ascii_json(&value)
}

/// A generated document as its text, so that a failing property prints what people read.
fn read(kind: PolicyKind, text: &str) -> Document {
    Document::parse(kind, "generated.json", text).unwrap()
}

proptest! {
    #![proptest_config(config(800))]

    /// Rules E11, L7 and threat T11.
    #[test]
    fn order_never_matters(
        questions in questions(policy_set(), 1..=8),
        moves in vec(any::<Index>(), 4),
    ) {
        fn shuffle<T>(things: &mut [T], moves: &[Index]) {
            for (at, step) in (0..things.len()).zip(moves.iter().cycle()) {
                things.swap(at, step.index(things.len()));
            }
        }
        let edit = |document: &Document| {
            let mut statements = statement_texts(document);
            shuffle(&mut statements, &moves);
            with_statements(document, &statements)
        };
        let Questions { policies, requests } = questions;
        let shuffled = rebuilt(&policies, edit, |documents| shuffle(documents, &moves));
        let (one, other) = (Engine::compile(policies).unwrap(), Engine::compile(shuffled).unwrap());
        for spec in &requests {
            prop_assert_eq!(answer(&one, spec), answer(&other, spec), "{:?}", spec);
        }
    }

    /// Rule E10 and threat T11.
    #[test]
    fn a_further_deny_never_allows(
        questions in questions(policy_set(), 1..=8),
        donors in PolicyKind::ALL.map(document_text),
        target in any::<Index>(),
    ) {
        let Questions { policies, requests } = questions;
        prop_assume!(policies.documents().next().is_some());
        let (place, target) = policies.documents().nth(target.index(policies.documents().count())).unwrap();
        let donors = PolicyKind::ALL.into_iter().zip(&donors).find(|(kind, _)| *kind == place.kind);
        let donor = donors.map(|(kind, text)| read(kind, text)).unwrap();
        // What only an `Allow` may do: name an unknown canonical user (Rule E47), be the full-access policy (Rule E14).
        let denies: Vec<String> = statement_texts(&donor)
            .iter()
            .filter(|text| !text.contains("CanonicalUser"))
            .filter(|text| place.kind != PolicyKind::ResourceControl || !text.contains("Allow"))
            .map(|text| as_deny(text))
            .collect();
        prop_assume!(!denies.is_empty());
        let edit = |document: &Document| {
            if document != target {
                return document.clone();
            }
            // The full-access policy stands alone: the denies take its place.
            let is_rcp = place.kind == PolicyKind::ResourceControl;
            let stands_alone = is_rcp && target.statements()[0].effect == Effect::Allow;
            let kept = if stands_alone { Vec::new() } else { statement_texts(document) };
            with_statements(document, &[kept, denies.clone()].concat())
        };
        let stricter = rebuilt(&policies, edit, |_| {});
        assert_no_wider(&policies, &stricter, &requests)?;
    }

    /// Rule E19.
    #[test]
    fn a_first_boundary_never_allows(
        questions in questions(policy_set(), 1..=8),
        boundary in document_text(PolicyKind::Boundary),
    ) {
        let Questions { policies, requests } = questions;
        prop_assume!(policies.boundary_document().is_none());
        let bounded = policies.clone().boundary(read(PolicyKind::Boundary, &boundary)).unwrap();
        assert_no_wider(&policies, &bounded, &requests)?;
    }

    /// Rule E20 and threat T19. A federated user needs a session policy, so its first one may allow.
    #[test]
    fn a_first_session_policy_of_a_role_never_allows(
        questions in questions(policy_set(), 1..=12),
        session in document_text(PolicyKind::Session),
    ) {
        let Questions { policies, mut requests } = questions;
        prop_assume!(policies.session_documents().is_empty());
        requests.retain(|spec| {
            let kind = spec.request().map(|request| request.principal().kind());
            matches!(kind, Ok(PrincipalKind::Session | PrincipalKind::Role))
        });
        assert_no_wider(&policies, &policies.clone().session(read(PolicyKind::Session, &session)), &requests)?;
    }

    /// Rules E12 and E14.
    #[test]
    fn a_further_level_never_allows(
        questions in questions(policy_set(), 1..=8),
        service_control in vec(document_text(PolicyKind::ServiceControl), 0..=2),
        resource_control in vec(document_text(PolicyKind::ResourceControl), 0..=2),
    ) {
        let Questions { policies, requests } = questions;
        let level = |kind, texts: &[String]| Level {
            name: "further".to_owned(),
            documents: texts.iter().map(|text| read(kind, text)).collect(),
        };
        let service_control = level(PolicyKind::ServiceControl, &service_control);
        let resource_control = level(PolicyKind::ResourceControl, &resource_control);
        assert_no_wider(&policies, &policies.clone().service_control(service_control), &requests)?;
        assert_no_wider(&policies, &policies.clone().resource_control(resource_control), &requests)?;
    }
}

/// No request that one set denies, or cannot be asked, is allowed by the other.
fn assert_no_wider(before: &PolicySet, after: &PolicySet, requests: &[RequestSpec]) -> Result<(), TestCaseError> {
    let (before, after) = (Engine::compile(before.clone()).unwrap(), Engine::compile(after.clone()).unwrap());
    for spec in requests {
        let (then, now) = (answer(&before, spec), answer(&after, spec));
        prop_assert!(
            is_allowed(then) || !is_allowed(now),
            "{then:?} became {now:?} for {spec:?}\n{:?}",
            after.policies()
        );
    }
    Ok(())
}

/// Characters that mean something in patterns, ARNs, JSON or nothing at all.
const CHARACTERS: &str = r#"[*?$\{}/:'", ab\-é𝄞]"#;

fn hostile_text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::string::string_regex(&format!("{CHARACTERS}{{0,8}}")).unwrap(),
        1 => prop::sample::select(vec!["*", "?", "${k}", "${*}", "${k, '*'}", "a*", "**", ""]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// A text and one that equals it, resembles it or has nothing to do with it.
fn two_texts() -> impl Strategy<Value = (String, String)> {
    (hostile_text(), hostile_text(), 0..4u8, any::<Index>()).prop_map(|(one, other, how, at)| {
        let near = match how {
            0 => one.clone(),
            1 => one.chars().skip(1).collect(),
            2 => {
                let mut characters: Vec<char> = one.chars().collect();
                let at = at.index(characters.len() + 1);
                characters.insert(at, 'a');
                characters.into_iter().collect()
            }
            _ => other,
        };
        (one, near)
    })
}

/// JSON with everything beyond ASCII escaped, which every kind of policy may hold.
fn ascii_json(value: &serde_json::Value) -> String {
    let mut json = String::new();
    for character in value.to_string().chars() {
        match character {
            '\0'..='\x7f' => json.push(character),
            _ => character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| json += &format!("\\u{unit:04x}")),
        }
    }
    json
}

/// An engine for one statement that allows every action under a condition.
fn engine_for(resource: &str, condition: serde_json::Value) -> Engine {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition});
    let text = ascii_json(&json!({"Version": "2012-10-17", "Statement": statement}));
    let document = Document::parse(PolicyKind::Identity, "p.json", &text).unwrap();
    Engine::compile(PolicySet::new().identity(document)).unwrap()
}

fn allows(engine: &Engine, request: &Request<'_>) -> bool {
    engine.explain(request).unwrap().decision == iamtree::Outcome::Allowed
}

proptest! {
    #![proptest_config(config(2_000))]

    /// Threat T4: what `escape_literal` writes matches exactly the text, wherever patterns stand.
    #[test]
    fn an_escaped_text_matches_itself_alone((text, asked) in two_texts()) {
        let escaped = escape_literal(&text);
        let like = engine_for("*", json!({"StringLike": {"k": escaped}}));
        let equals = engine_for("*", json!({"StringEquals": {"k": escaped}}));
        let resource = engine_for(&format!("arn:aws:s3:::{escaped}"), json!({}));
        let arn = format!("arn:aws:s3:::{asked}");
        let request = Request::unnamed("s3:GetObject", &arn).unwrap();
        prop_assert_eq!(allows(&resource, &request), text == asked, "resource {}", escaped);
        let request = request.with("k", &*asked).unwrap();
        prop_assert_eq!(allows(&like, &request), text == asked, "StringLike {}", escaped);
        prop_assert_eq!(allows(&equals, &request), text == asked, "StringEquals {}", escaped);
    }

    /// Threats T6 and T7, Rule L55: what a variable stands for is compared as it is, from end to end.
    #[test]
    fn a_value_is_never_a_pattern((value, asked) in two_texts()) {
        let resource = engine_for("arn:aws:s3:::app/${k}/x", json!({}));
        let condition = |operator: &str| engine_for("*", json!({operator: {"asked": "<${k}>"}}));
        let holds = value == asked && !value.is_empty();
        let arn = format!("arn:aws:s3:::app/{asked}/x");
        let request = Request::unnamed("s3:GetObject", &arn).unwrap();
        let request = request.with("k", &*value).unwrap().with("asked", format!("<{asked}>")).unwrap();
        prop_assert_eq!(allows(&resource, &request), holds);
        for operator in ["StringLike", "StringEquals"] {
            prop_assert_eq!(allows(&condition(operator), &request), holds, "{}", operator);
        }
        for operator in ["StringNotLike", "StringNotEquals"] {
            prop_assert_eq!(allows(&condition(operator), &request), !holds, "{}", operator);
        }
    }

    /// Rule L64: a value with colons stays in its field.
    #[test]
    fn a_value_never_shifts_the_fields_of_an_arn((value, asked) in two_texts()) {
        let engine = engine_for("*", json!({"ArnLike": {"asked": "arn:aws:iam::1:${k}/x"}}));
        let request = Request::unnamed("s3:GetObject", "*").unwrap().with("k", &*value).unwrap();
        let request = request.with("asked", format!("arn:aws:iam::1:{asked}/x")).unwrap();
        prop_assert_eq!(allows(&engine, &request), value == asked && !value.is_empty());
    }

    /// Threat T1: no accepted document repeats a member, however it is spelled.
    #[test]
    fn repeated_members_are_refused(
        texts in PolicyKind::ALL.map(document_text),
        kind in 0..PolicyKind::ALL.len(),
        chosen in any::<Index>(),
        escaped in any::<bool>(),
    ) {
        let (text, kind) = (&texts[kind], PolicyKind::ALL[kind]);
        let source = Source::new("p.json", text);
        let mut members = Vec::new();
        collect_members(iamtree::json::parse(&source, &Limits::default()).unwrap().root(), &mut members);
        let (name, span) = members[chosen.index(members.len())].clone();
        let name = if escaped { escape_all(&name) } else { serde_json::to_string(&name).unwrap() };
        let (before, behind) = text.split_at(span.start as usize);
        let repeated = format!("{before}{name}: {}, {behind}", value_of_member(behind));
        let error = Document::parse(kind, "p.json", &repeated);
        prop_assert!(error.is_err_and(|error| error.diagnostics().iter().any(|d| d.rule() == "L3")), "{}", repeated);
    }

    /// Threat T41: no text makes a reader panic, and every mistake has a place in the text.
    #[test]
    fn no_text_panics(
        text in prop_oneof![any::<String>(), document_text(PolicyKind::Resource), document_text(PolicyKind::Trust)],
        edits in vec((any::<Index>(), any::<Index>(), 0..5u8, any::<u8>()), 0..=6),
    ) {
        let mut bytes = text.into_bytes();
        for (from, to, how, byte) in edits {
            mutate(&mut bytes, from, to, how, byte);
        }
        for kind in PolicyKind::ALL {
            match Document::parse_bytes(kind, "p.json", &bytes) {
                Ok(document) => {
                    let set = PolicySet::new();
                    drop(match kind {
                        PolicyKind::Resource | PolicyKind::Trust => set.resource(document).map(Engine::compile),
                        _ => Ok(Engine::compile(set.identity(document))),
                    });
                }
                Err(error) => {
                    prop_assert!(!error.diagnostics().is_empty() && !error.to_string().is_empty());
                    for diagnostic in error.diagnostics() {
                        prop_assert!(diagnostic.span().end as usize <= bytes.len());
                        prop_assert!(diagnostic.position().line > 0 && diagnostic.position().column > 0);
                    }
                }
            }
        }
    }
}

/// Every member of every object: its decoded name and where the name stands.
fn collect_members(value: Value<'_>, members: &mut Vec<(String, Span)>) {
    match value.kind() {
        Kind::Array(items) => items.iter().for_each(|item| collect_members(item, members)),
        Kind::Object(object) => {
            for member in object {
                members.push((member.name().to_string(), member.name_span()));
                collect_members(member.value(), members);
            }
        }
        _ => {}
    }
}

/// The value in a text that begins with a member and has no white space around its colon.
fn value_of_member(text: &str) -> Box<serde_json::value::RawValue> {
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    strings.next().unwrap().unwrap();
    let (_, behind) = text.split_at(strings.byte_offset() + 1);
    serde_json::Deserializer::from_str(behind).into_iter().next().unwrap().unwrap()
}

/// The JSON string with every character as an escape.
fn escape_all(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

fn mutate(bytes: &mut Vec<u8>, from: Index, to: Index, how: u8, byte: u8) {
    let places = bytes.len() + 1;
    let (from, to) = (from.index(places), to.index(places));
    let (from, to) = (from.min(to), from.max(to));
    match how {
        0 => drop(bytes.drain(from..to.min(from + 8))),
        1 => bytes.insert(from, byte),
        2 => bytes.insert(from, b"{}[]\",:\\*$"[usize::from(byte) % 10]),
        3 => {
            let stretch = bytes[from..to.min(from + 64)].to_vec();
            bytes.splice(to..to, stretch).for_each(drop);
        }
        _ => bytes.truncate(to),
    }
}
