//! How much memory an environment of many roles takes: `cargo bench --bench environment`.
//!
//! 10,000 roles, each with 10 documents out of a shared 200 and one inline document of its own, read from one file of our
//! own format and once more as `aws iam get-account-authorization-details` prints them. Figures are live heap bytes as the
//! allocator was asked for them; the bytes it adds for itself are not counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use iamtree::Request;
use iamtree::environment::Environment;
use iamtree::source::Source;

const ROLES: usize = 10_000;
const SHARED: usize = 200;
const ATTACHED: usize = 10;
const ACCOUNT: &str = "111122223333";

/// What a role may take at rest beyond the text of its inline document, in bytes.
const GOAL: usize = 2_000;

/// Counts the bytes that are allocated and not freed.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches none of the memory.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        LIVE.fetch_add(new_size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// A document that several roles share: four statements, 30 actions, conditions.
fn shared(index: usize) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [
  {{"Sid": "Read{index}", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"],
   "Resource": ["arn:aws:s3:::shared-{index}", "arn:aws:s3:::shared-{index}/${{aws:PrincipalTag/team}}/*"]}},
  {{"Sid": "Queue{index}", "Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"],
   "Resource": "arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs-{index}-*",
   "Condition": {{"Bool": {{"aws:SecureTransport": "true"}}}}}},
  {{"Sid": "Table{index}", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"],
   "Resource": "arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/table-{index}",
   "Condition": {{"ForAllValues:StringEquals": {{"dynamodb:LeadingKeys": ["${{aws:PrincipalTag/team}}"]}}}}}},
  {{"Sid": "Guard{index}", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::shared-{index}/sealed/*",
   "Condition": {{"StringNotEquals": {{"aws:PrincipalTag/clearance": "high"}}}}}}]}}"#
    )
}

/// The inline document of a role.
fn inline(role: usize) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "Own", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::data/service-{role}/*"}}, {{"Sid": "Logs", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/service/{role}:*", "Condition": {{"StringEquals": {{"aws:RequestedRegion": "eu-west-1"}}}}}}]}}"#
    )
}

/// The shared documents of a role, spread evenly.
fn attached(role: usize) -> impl Iterator<Item = usize> {
    (0..ATTACHED).map(move |index| (role * 7 + index * 19) % SHARED)
}

/// The environment in one file of our own format.
fn own_format(roles: usize) -> String {
    let mut text = format!("{{\"accounts\": {{\"{ACCOUNT}\": {{\"roles\": {{");
    for role in 0..roles {
        let names: Vec<String> = attached(role).map(|index| format!("\"shared-{index}\"")).collect();
        let comma = if role > 0 { "," } else { "" };
        let (names, inline) = (names.join(", "), inline(role));
        let _ = write!(text, "{comma}\n\"service-{role}\": {{\"policies\": [{names}, {inline}]}}");
    }
    text.push_str("}}},\n\"documents\": {");
    for index in 0..SHARED {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(text, "{comma}\n\"shared-{index}\": {}", shared(index));
    }
    text.push_str("}}\n");
    text
}

/// The same as the AWS CLI prints it.
fn account_details(roles: usize) -> String {
    let arn = |index: usize| format!("arn:aws:iam::{ACCOUNT}:policy/shared-{index}");
    let mut text = String::from("{\"UserDetailList\": [], \"GroupDetailList\": [], \"RoleDetailList\": [");
    for role in 0..roles {
        let name = format!("service-{role}");
        let policies: Vec<String> = attached(role)
            .map(|index| format!("{{\"PolicyName\": \"shared-{index}\", \"PolicyArn\": \"{}\"}}", arn(index)))
            .collect();
        let (comma, policies, inline) = (if role > 0 { "," } else { "" }, policies.join(", "), inline(role));
        let _ = write!(
            text,
            "{comma}\n{{\"RoleName\": \"{name}\", \"Path\": \"/\", \"Arn\": \"arn:aws:iam::{ACCOUNT}:role/{name}\", \
             \"RolePolicyList\": [{{\"PolicyName\": \"own\", \"PolicyDocument\": {inline}}}], \
             \"AttachedManagedPolicies\": [{policies}]}}"
        );
    }
    text.push_str("], \"Policies\": [");
    for index in 0..SHARED {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(
            text,
            "{comma}\n{{\"PolicyName\": \"shared-{index}\", \"Arn\": \"{}\", \
             \"PolicyVersionList\": [{{\"IsDefaultVersion\": true, \"Document\": {}}}]}}",
            arn(index),
            shared(index)
        );
    }
    text.push_str("]}\n");
    text
}

fn read(text: &str) -> Result<Environment, Box<dyn std::error::Error>> {
    let file = Source::new("environment.json", text);
    let environment = Environment::read([Ok(file)], |_| Err("there are no other files".to_owned()))?;
    let refused = environment.refused().next().map(ToString::to_string);
    refused.map_or(Ok(environment), |refused| Err(format!("refused: {refused}").into()))
}

/// Reads an environment and returns it with the heap bytes it holds.
fn measured(text: &str) -> Result<(Environment, usize), Box<dyn std::error::Error>> {
    let before = live();
    let environment = read(text)?;
    Ok((environment, live().saturating_sub(before)))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `cargo test --benches` only wants to know that it runs.
    let roles = if std::env::args().any(|argument| argument == "--bench") { ROLES } else { 100 };
    let own_text: usize = (0..roles).map(|role| inline(role).len()).sum::<usize>() / roles;
    println!("{roles} roles, each with {ATTACHED} of {SHARED} shared documents and an inline one of {own_text} bytes");
    let mut highest = 0;
    for (name, write) in [("own format", own_format as fn(usize) -> String), ("account details", account_details)] {
        let text = write(roles);
        let start = Instant::now();
        let (environment, total) = measured(&text)?;
        let read_in = start.elapsed();
        let of_roles = total / roles;
        let beyond = of_roles.saturating_sub(own_text);
        highest = highest.max(beyond);
        println!("\n{name}: {} bytes of text, read in {} ms", text.len(), read_in.as_millis());
        println!("  {total:>10} bytes of heap, shared documents included");
        println!("  {of_roles:>10} bytes a role at rest, {beyond} of them beyond its inline document's text");

        // The first request makes the merged tree of its role, and warms up what a thread keeps for itself.
        let ask = |role: usize| -> Result<usize, Box<dyn std::error::Error>> {
            let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/service-{role}/one");
            let resource = format!("arn:aws:s3:::data/service-{role}/x");
            let request = Request::new(&session, "s3:GetObject", &resource)?.resource_account(ACCOUNT)?;
            if !environment.decide(&request)?.is_allowed() {
                return Err(format!("service-{role} may not read its own data").into());
            }
            Ok(environment.resolve(&request)?.0.heap_bytes())
        };
        ask(0)?;
        let before = live();
        let start = Instant::now();
        let tree = ask(1)?;
        let (asked_in, asked) = (start.elapsed().as_micros(), live().saturating_sub(before));
        println!(
            "  {asked:>10} bytes a role that is asked about, {tree} of them its merged tree, made in {asked_in} µs"
        );
    }
    match highest < GOAL {
        true => Ok(()),
        false => Err(format!("a role takes {highest} bytes at rest, the goal is less than {GOAL}").into()),
    }
}
