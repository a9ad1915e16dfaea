use super::*;
use crate::source::Source;

const ALLOW: &str = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;

/// A case that is allowed, with one of its parts replaced.
fn line(from: &str, to: &str) -> String {
    let line = format!(
        r#"{{"name": "a", "policies": {{"identity": [{ALLOW}]}}, "request": {{"action": "s3:GetObject", "resource": "*", "context": {{"k": "v"}}}}, "expect": "allowed"}}"#
    );
    assert!(line.contains(from), "{from}");
    line.replacen(from, to, 1)
}

fn read_text(text: &str) -> Result<Vec<Case>, CaseFileError> {
    read(&Source::new("dir/own.jsonl", text), |path| match path {
        "dir/allow.json" => Ok(ALLOW.as_bytes().to_vec()),
        "dir/binary.json" => Ok(vec![0xff]),
        _ => Err("no such file".to_owned()),
    })
}

fn refusal(text: &str) -> String {
    read_text(text).unwrap_err().to_string()
}

fn one(text: &str) -> Case {
    let mut cases = read_text(text).unwrap();
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

#[test]
fn lines_and_lists() {
    let (first, second) = (line("", ""), line("\"a\"", "\"b\""));
    for text in [
        format!("{first}\n{second}"),
        format!("\n  \r\n{first}\r\n\n{second}\n"),
        format!("[{first},{second}]"),
        format!(" [\n{first},\n{second}\n]\n"),
    ] {
        let names: Vec<String> = read_text(&text).unwrap().iter().map(|case| case.name().to_owned()).collect();
        assert_eq!(names, ["a", "b"], "{text}");
    }
    assert!(read_text("").unwrap().is_empty());
    assert!(read_text("[]").unwrap().is_empty());
}

#[test]
fn cases_know_their_line() {
    let text = format!("[\n{},\n\n{}]", line("", ""), line("\"a\"", "\"b\""));
    let lines: Vec<usize> = read_text(&text).unwrap().iter().map(Case::line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn mistakes_name_file_and_place() {
    for (text, expected) in [
        (line("\"name\": \"a\", ", ""), "1:199: missing field `name`"),
        (line("\"a\"", "\"\""), "1:1: a case without a name: found ``, expected a unique path"),
        (line("\"a\"", "7"), "1:10: invalid type: integer `7`, expected a string"),
        (
            line("\"expect\": \"allowed\"", "\"expect\": \"Allowed\""),
            "1:211: unknown variant `Allowed`, expected one of `allowed`, `explicitDeny`, `implicitDeny`, `invalid`",
        ),
        (
            line("\"name\"", "\"id\""),
            "1:5: unknown field `id`, expected one of `name`, `source`, `tier`, `policies`, `request`, `expect`",
        ),
        (
            line("\"name\"", "\"a\\nb\""),
            "1:7: unknown field `a\\nb`, expected one of `name`, `source`, `tier`, `policies`, `request`, `expect`",
        ),
        (
            line("\"identity\"", "\"inline\""),
            "1:35: unknown field `inline`, expected one of `identity`, `boundary`, `session`, `resource`, `scp`, `rcp`, `endpoint`",
        ),
        (
            line("\"action\"", "\"issuer\": \"\", \"action\""),
            "1:133: unknown field `issuer`, expected one of `principal`, `action`, `resource`, `resourceAccount`, `context`",
        ),
        (line("\"v\"", "7"), "1:186: invalid type: integer `7`, expected a string or a list of strings"),
        (line("\"v\"", "[[\"v\"]]"), "1:186: invalid type: sequence, expected a string"),
        (line("\"v\"", "null"), "1:189: invalid type: null, expected a string or a list of strings"),
        (line("\"name\": \"a\"", "\"name\": \"a\", \"source\": null"), "1:28: invalid type: null, expected a string"),
        (line("\"name\": \"a\"", "\"name\": \"a\", \"name\": \"a\""), "1:20: duplicate field `name`"),
        (line(ALLOW, "\"gone.json\""), "1:41: cannot read the policy `dir/gone.json`: no such file"),
        (
            line("\"allowed\"}", "\"allowed\""),
            "1:211: found the end of an object, expected the rest of it: a case stands on one line, or in a list of cases",
        ),
        ("\u{feff}[]".to_owned(), "1:1: the file begins with a byte-order mark; save it as UTF-8 without one"),
        (format!("{}\n[]", line("", "")), "2:1: invalid type: sequence, expected an object"),
        (line("\"request\": {", "\"request\": [{"), "1:124: invalid type: sequence, expected an object"),
    ] {
        assert_eq!(refusal(&text), format!("dir/own.jsonl:{expected}"), "{text}");
    }
}

#[test]
fn every_mistake_of_a_file_is_told() {
    let text = format!("{}\n{}\n{}\n{{", line("", ""), line("", ""), line("\"a\"", "7"));
    let messages = refusal(&text);
    let lines: Vec<&str> = messages.lines().collect();
    assert_eq!(lines.len(), 3, "{messages}");
    assert_eq!(lines[0], "dir/own.jsonl:2:1: a second case of the name `a`, expected a unique one");
    assert!(lines[1].starts_with("dir/own.jsonl:3:10: "), "{messages}");
    assert!(lines[2].starts_with("dir/own.jsonl:4:"), "{messages}");
}

#[test]
fn a_hostile_file_is_told_in_few_lines() {
    let messages = refusal(&"{\n".repeat(1_000));
    assert_eq!(messages.lines().count(), 51);
    assert!(messages.ends_with("and 950 more mistakes"));
}

#[test]
fn documents_may_be_paths() {
    let case = one(&line(ALLOW, "\"allow.json\""));
    assert!(case.ask(EngineChoice::Both).is(Expected::Allowed));
}

#[test]
fn documents_may_be_strings_of_json() {
    let case = one(&line(ALLOW, &format!("{ALLOW:?}")));
    assert!(case.ask(EngineChoice::Both).is(Expected::Allowed));
}

#[cfg(feature = "yaml")]
mod yaml {
    use super::*;

    const CASES: &str = r#"
- name: mapping
  source: L10
  policies:
    identity:
      - Version: 2012-10-17
        Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}
    scp:
      - - '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
  request: {principal: "arn:aws:iam::111122223333:user/ana", action: s3:GetObject, resource: "*", context: {k: [a, b]}}
  expect: allowed
- name: path
  policies: {identity: [allow.json]}
  request: {action: s3:GetObject, resource: "*"}
  expect: allowed
- name: refused
  policies:
    boundary:
      Statement: {Effect: allow, Action: "*", Resource: "*"}
  request: {action: s3:GetObject, resource: "*"}
  expect: invalid
"#;

    fn read_yaml(text: &str) -> Result<Vec<Case>, CaseFileError> {
        read(&Source::new("dir/own.yaml", text), |path| match path {
            "dir/allow.json" => Ok(ALLOW.into()),
            _ => Err("no such file".to_owned()),
        })
    }

    #[test]
    fn cases_are_a_list() {
        let cases = read_yaml(CASES).unwrap();
        let lines: Vec<(&str, usize)> = cases.iter().map(|case| (case.name(), case.line())).collect();
        assert_eq!(lines, [("mapping", 2), ("path", 12), ("refused", 16)]);
        let report = run(&cases, EngineChoice::Both);
        assert!(report.is_success(), "{report}");
        let refused = cases[2].ask(EngineChoice::Both).to_string();
        assert!(
            refused.starts_with("invalid: dir/own.yaml#boundary:19:27: unknown effect: found `allow`"),
            "{refused}"
        );
    }

    #[test]
    fn mistakes_name_file_and_place() {
        for (from, to, expected) in [
            ("name: path", "nam: path", "12:3: unknown field `nam`, expected one of"),
            ("name: path", "name: mapping", "12:3: a second case of the name `mapping`, expected a unique one"),
            ("allow.json", "gone.json", "13:25: cannot read the policy `dir/gone.json`: no such file"),
            (
                "[a, b]",
                "7",
                "10:112: request.context.k: invalid type: a number, expected a string or a list of strings",
            ),
            ("expect: invalid", "expect: *x", "21:11: the text is not YAML: "),
        ] {
            let message = read_yaml(&CASES.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(message.starts_with(&format!("dir/own.yaml:{expected}")), "{message}");
        }
        let message = read_yaml("name: a").unwrap_err().to_string();
        assert_eq!(message, "dir/own.yaml:1:1: found an object, expected a list of cases");
    }
}

#[test]
fn a_file_that_is_no_text_is_a_refused_document() {
    let case = one(&line(ALLOW, "\"binary.json\""));
    assert!(case.ask(EngineChoice::Both).is(Expected::Invalid));
    assert!(case.explain().is_none());
}

#[test]
fn repeated_members_reach_the_document() {
    let case = one(&line("\"Effect\": \"Allow\"", "\"Effect\": \"Allow\", \"Effect\": \"Allow\""));
    let answer = case.ask(EngineChoice::Both);
    assert!(answer.is(Expected::Invalid), "{answer}");
    assert!(answer.to_string().starts_with("invalid: dir/own.jsonl:1#identity[0]:1:35: "), "{answer}");
}

#[test]
fn hostile_documents_are_refused_not_read() {
    for document in ["[".repeat(100_000) + &"]".repeat(100_000), "{\"\\ud800\": 1}".to_owned(), "null".to_owned()] {
        let case = one(&line(ALLOW, &document));
        assert!(case.ask(EngineChoice::Both).is(Expected::Invalid));
    }
}

#[test]
fn a_context_key_given_twice_is_an_invalid_request() {
    for second in ["k", "K"] {
        let case = one(&line("\"k\": \"v\"", &format!("\"k\": \"v\", \"{second}\": \"v\"")));
        let Answer::Refused(Refusal::Request(error)) = case.ask(EngineChoice::Both) else { panic!("not refused") };
        assert_eq!(error.rule(), "E59");
    }
}

#[test]
fn all_mistakes_of_all_documents_are_told() {
    let case = one(&line(ALLOW, "{\"Statement\": 7}, {\"Statement\": 8}"));
    let Answer::Refused(Refusal::Documents(errors)) = case.ask(EngineChoice::Both) else { panic!("not refused") };
    assert_eq!(errors.len(), 2);
}

#[test]
fn the_policy_of_a_role_to_be_assumed_is_a_trust_policy() {
    let text = r#"{"name": "a", "expect": "allowed", "policies": {"resource": {"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}},
        "request": {"principal": "arn:aws:iam::111122223333:user/ana", "action": "sts:AssumeRole", "resource": "arn:aws:iam::111122223333:role/R"}}"#;
    let answer = one(&text.replace('\n', " ")).ask(EngineChoice::Both);
    assert!(!answer.is(Expected::Invalid), "{answer}");
}

#[test]
fn every_engine_answers() {
    let (good, bad) = (line("", ""), line("\"expect\": \"allowed\"", "\"expect\": \"invalid\""));
    let cases = read_text(&format!("{good}\n{}", bad.replacen("\"a\"", "\"b\"", 1))).unwrap();
    for engine in EngineChoice::ALL {
        let report = run(&cases, engine);
        assert_eq!(report.to_string(), "1 passed, 1 failed", "{}", engine.as_str());
        assert!(!report.is_success());
        let failure = &report.failures()[0];
        assert_eq!(
            failure.to_string(),
            "b, dir/own.jsonl:2\n  expected  invalid\n  got       allowed (Allowed.Identity)"
        );
        assert!(failure.explanation.is_some());
    }
    assert!(!run(&[], EngineChoice::Both).is_success());
}
