//! The program as its users meet it: recorded sessions in `tests/cli/*.md`, and what a recording cannot show.
//!
//! `TRYCMD=overwrite cargo test` records the sessions again. Read the diff.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const SUB: &str = "cognito-identity.amazonaws.com:sub=ana";
const DENIED: [&str; 9] = [
    "eval",
    "--policy",
    "corpus/policies/user-folder.json",
    "--action",
    "s3:GetObject",
    "--resource",
    "arn:aws:s3:::app/ben/cat.jpg",
    "--context",
    SUB,
];

fn iamtree(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamtree"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    iamtree(arguments).output().unwrap()
}

fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = iamtree(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn recorded_sessions() {
    // Help is wrapped to the terminal, and there is none.
    trycmd::TestCases::new().env("COLUMNS", "100").case("tests/cli/*.md");
}

#[test]
fn results_go_to_standard_output_everything_else_to_standard_error() {
    let mut arguments = DENIED.to_vec();
    arguments.extend(["--principal", "arn:aws:iam::111122223333:user/ana"]);
    let denied = run(&arguments);
    assert!(stdout(&denied).starts_with("implicitDeny  "), "{}", stdout(&denied));
    assert!(stderr(&denied).starts_with("warning: "), "{}", stderr(&denied));
    let refused = run(&["check", "tests/cli/files/refused.json"]);
    assert_eq!(stdout(&refused), "0 accepted, 1 refused\n");
    assert!(stderr(&refused).contains("--> tests/cli/files/refused.json:6:17"), "{}", stderr(&refused));
}

#[test]
fn json_is_all_that_standard_output_holds() {
    let mut arguments = DENIED.to_vec();
    arguments.extend(["--format", "json"]);
    let output = run(&arguments);
    let explanation: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(explanation["decision"], "implicitDeny");
    assert_eq!(explanation["reason"], "ImplicitDeny.Principal");
    let derived = explanation["derivedContext"].as_object().unwrap();
    assert!(derived.contains_key("aws:CurrentTime") && derived.contains_key("aws:EpochTime"), "{derived:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_clock_is_not_read_by_test() {
    let case = r#"{"name": "a", "policies": {"identity": [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"}}}}]},
        "request": {"action": "s3:GetObject", "resource": "*"}, "expect": "implicitDeny"}"#;
    let output = run_with_input(&["test", "-"], &case.replace('\n', " "));
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("1 passed, 0 failed\n", Some(0)));
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let escapes = |command: &mut Command| {
        let output = command.output().unwrap();
        (output.stdout.contains(&0x1b), output.stderr.contains(&0x1b))
    };
    let refused = ["check", "tests/cli/files/refused.json"];
    assert_eq!(escapes(&mut iamtree(&DENIED)), (false, false));
    assert_eq!(escapes(iamtree(&DENIED).env("CLICOLOR_FORCE", "1")), (true, false));
    assert_eq!(escapes(iamtree(&DENIED).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")), (false, false));
    assert_eq!(escapes(&mut iamtree(&refused)), (false, false));
    assert_eq!(escapes(iamtree(&refused).env("CLICOLOR_FORCE", "1")), (false, true));
    assert_eq!(escapes(iamtree(&refused).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")), (false, false));
}

#[test]
fn colour_carries_no_meaning_alone() {
    let plain = run(&DENIED);
    let coloured = iamtree(&DENIED).env("CLICOLOR_FORCE", "1").output().unwrap();
    // The clock of two runs may differ.
    let without_clock =
        |text: String| text.lines().filter(|line| !line.contains("clock:")).collect::<Vec<_>>().join("\n");
    let stripped = anstream::adapter::strip_str(&stdout(&coloured)).to_string();
    assert_eq!(without_clock(stripped), without_clock(stdout(&plain)));
}

#[test]
fn standard_input_is_a_policy() {
    let mut arguments = DENIED.to_vec();
    arguments[2] = "-";
    let policy = r#"{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
    let allowed = run_with_input(&arguments, policy);
    assert_eq!(allowed.status.code(), Some(0), "{}", stderr(&allowed));
    assert!(stdout(&allowed).contains("allowed by: Statement[0], <stdin>:1:15"), "{}", stdout(&allowed));
    let refused = run_with_input(&arguments, "{");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--> <stdin>:1:2"), "{}", stderr(&refused));
}

#[test]
fn standard_input_is_a_context() {
    let mut arguments = DENIED.to_vec();
    arguments.extend(["--context-file", "-"]);
    let output = run_with_input(&arguments, r#"{"aws:EpochTime": 0}"#);
    assert!(stdout(&output).contains("clock: aws:CurrentTime 1970-01-01T00:00:00Z\n"), "{output:?}");
}

#[test]
fn bytes_that_are_no_text_are_a_mistake_with_a_place() {
    let path = std::env::temp_dir().join(format!("iamtree-{}-binary.json", std::process::id()));
    std::fs::write(&path, b"{\n \xff").unwrap();
    let output = run(&["check", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("binary.json:2:2"), "{}", stderr(&output));
}

#[test]
fn a_long_line_is_drawn_in_part() {
    let policy = format!(
        r#"{{"Statement": {{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::{}", "Extra": 1}}}}"#,
        "x".repeat(60_000)
    );
    let output = run_with_input(&["check", "-"], &policy);
    assert!(
        stderr(&output).contains("--> <stdin>:1:60082") && stderr(&output).contains("\"Extra\""),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).len() < 2_000, "{}", stderr(&output));
}

#[test]
fn a_closed_pipe_is_quiet() {
    for arguments in
        [&DENIED[..], &["test", "tests/cli/files/failing.jsonl"], &["completions", "bash"], &["eval", "--help"]]
    {
        let mut child = iamtree(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(stderr(&output), "", "{arguments:?}");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {:?}", output.status);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_not_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let arguments =
        ["eval", "--policy", "tests/cli/files/everything.json", "--action", "s3:GetObject", "--resource", "*"];
    let output = iamtree(&arguments).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("error: cannot write to standard output: "), "{}", stderr(&output));
}

#[test]
fn completions_and_manual_pages() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("resource-account"), "{shell}");
    }
    assert!(stdout(&run(&["man"])).contains(".TH iamtree 1"));
    assert!(stdout(&run(&["man", "eval"])).contains("resource\\-account"));
    assert_eq!(run(&["man", "nothing"]).status.code(), Some(2));
}

#[test]
fn an_explanation_for_programs() {
    let arguments = ["--policy", "tests/cli/files/everything.json", "--action", "s3:GetObject", "--resource", "*"];
    let clock = ["--context", "aws:CurrentTime=2026-08-01T12:00:00Z", "--format", "json"];
    let output = run(&[&["eval"][..], &arguments, &clock].concat());
    insta::assert_snapshot!(stdout(&output), @r#"
    {
      "decision": "allowed",
      "reason": "Allowed.Identity",
      "message": "The caller is authorized to perform: s3:GetObject on resource: \"*\" because an identity-based policy allows the s3:GetObject action: tests/cli/files/everything.json",
      "principal": {
        "principal": null,
        "kind": "Unnamed",
        "account": null,
        "partition": null,
        "serviceLinkedRole": false
      },
      "action": "s3:GetObject",
      "resource": "*",
      "sameAccount": true,
      "resourceAccount": null,
      "resourceAccountSource": "defaultedToCaller",
      "checks": [
        {
          "checkType": "PRINCIPAL",
          "effect": "ALLOW",
          "relevantPolicyTypes": [
            "identity"
          ],
          "matchedPolicies": [
            {
              "policyId": "tests/cli/files/everything.json",
              "policyType": "identity",
              "statements": [
                {
                  "sid": null,
                  "index": 0,
                  "effect": "Allow",
                  "startPosition": {
                    "line": 1,
                    "column": 40
                  },
                  "endPosition": {
                    "line": 1,
                    "column": 91
                  }
                }
              ]
            }
          ]
        }
      ],
      "matchedStatements": [
        {
          "sourcePolicyId": "tests/cli/files/everything.json",
          "sourcePolicyType": "identity",
          "sid": null,
          "index": 0,
          "effect": "Allow",
          "startPosition": {
            "line": 1,
            "column": 40
          },
          "endPosition": {
            "line": 1,
            "column": 91
          }
        }
      ],
      "missingContextValues": [],
      "derivedContext": {
        "aws:EpochTime": "1785585600"
      },
      "nearMisses": [],
      "warnings": []
    }
    "#);
}

#[test]
fn a_benchmark_checks_its_answers() {
    let cases = "corpus/policies/user-folder.test.jsonl";
    let output = run(&[
        "bench",
        cases,
        "--against",
        "corpus/policies/read-only-audit.json",
        "--seconds",
        "1",
        "--format",
        "json",
    ]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let (own, against) = (&report["policies"], &report["against"]);
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert_eq!(own["answersAsExpected"], own["requests"]);
    assert!(against["answersAsExpected"].as_u64() < against["requests"].as_u64(), "{against}");
    for figure in
        ["decisionsPerSecond", "p50Nanoseconds", "p99Nanoseconds", "compileNanoseconds", "heapBytes", "statements"]
    {
        assert!(own[figure].as_u64() > Some(0), "{figure}: {own}");
    }
    let refused = run(&["bench", "tests/cli/files/failing.jsonl", "--seconds", "1"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
    let wrong = r#"{"name": "wrong", "policies": {}, "request": {"action": "s3:GetObject", "resource": "*"}, "expect": "allowed"}"#;
    let failing = run_with_input(&["bench", "-", "--seconds", "1"], wrong);
    assert_eq!(failing.status.code(), Some(1), "{}", stderr(&failing));
}
