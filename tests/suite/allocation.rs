//! Deciding allocates nothing: neither a request by name nor a check of a bound session.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use iamtree::request::ContextValue;
use iamtree::{Document, Engine, PolicyKind, PolicySet, Request, Session};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending is none that measures.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches none of the memory and, the
// counter being a constant-initialized thread local without destructor, allocates nothing itself.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

/// Conditions of every type, variables, sets and a deny, in one policy.
const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::app/*",
     "Condition": {"Bool": {"aws:SecureTransport": "false"}, "NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}},
    {"Effect": "Allow", "Action": ["s3:Get*", "s3:?utObject"], "Resource": "arn:aws:s3:*:*:app/${aws:PrincipalTag/team, 'none'}/*",
     "Condition": {"StringLike": {"aws:PrincipalTag/team": "r*"}, "NumericLessThan": {"s3:max-keys": 10},
                   "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}, "Null": {"aws:TagKeys": false},
                   "ForAllValues:StringEqualsIgnoreCase": {"aws:TagKeys": ["Team", "${aws:PrincipalTag/team}"]},
                   "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/App"}, "BinaryEquals": {"k:b": "YQ=="}}}]}"#;

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/App/one";
const RESOURCE: &str = "arn:aws:s3:::app/red/cat.jpg";

fn engine() -> Engine {
    let document = Document::parse(PolicyKind::Identity, "p.json", POLICY).unwrap();
    Engine::compile(PolicySet::new().identity(document)).unwrap()
}

#[test]
fn counting_works() {
    assert!(allocations_of(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(7)))) > 0);
}

#[test]
fn a_request_by_name_allocates_nothing() {
    let engine = engine();
    let given = [("aws:PrincipalTag/team", "red"), ("s3:max-keys", "1"), ("aws:SourceIp", "10.1.2.3"), ("k:b", "YQ==")];
    let request = Request::new(SESSION, "s3:GetObject", RESOURCE).unwrap();
    let request = given.into_iter().fold(request, |request, (key, value)| request.with(key, value).unwrap());
    let request =
        request.with("aws:CurrentTime", "2026-01-01").unwrap().with("aws:TagKeys", &["team", "red"][..]).unwrap();
    assert!(engine.decide(&request).unwrap().is_allowed());
    assert_eq!(allocations_of(|| (0..100).for_each(|_| drop(engine.decide(&request)))), 0);
}

/// A set of policies that a walk takes notes for: conditions that statements share, and patterns found by needles.
#[test]
fn a_crowd_allocates_nothing() {
    let one = |index: usize| {
        format!(
            r#"{{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::*-{index}/${{k:{index}}}*",
                "Condition": {{"Bool": {{"aws:SecureTransport": "{}"}}}}}}"#,
            index.is_multiple_of(2)
        )
    };
    let statements: Vec<String> = (0..40).map(one).collect();
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","));
    let document = Document::parse(PolicyKind::Identity, "p.json", &text).unwrap();
    let engine = Engine::compile(PolicySet::new().identity(document)).unwrap();
    let request = Request::new(SESSION, "s3:GetObject", "arn:aws:s3:::a-38/red/cat.jpg").unwrap();
    let request = request.with("aws:SecureTransport", "true").unwrap().with("k:38", "red").unwrap();
    // The first request of a thread makes room for its notes.
    assert!(engine.decide(&request).unwrap().is_allowed());
    assert_eq!(allocations_of(|| (0..100).for_each(|_| drop(engine.decide(&request)))), 0);
}

#[test]
fn a_check_of_a_bound_session_allocates_nothing() {
    let engine = engine();
    let given = [("aws:PrincipalTag/team", "red"), ("k:b", "YQ=="), ("aws:CurrentTime", "2026-01-01")];
    let session = given
        .into_iter()
        .fold(Session::new(SESSION).unwrap(), |session, (key, value)| session.with(key, value).unwrap());
    let bound = engine.bind(&session).unwrap();
    let action = engine.action("s3:PutObject").unwrap();
    let keys = ["s3:max-keys", "aws:SourceIp", "aws:TagKeys"].map(|key| engine.key(key));
    let values: [ContextValue<'_>; 3] = ["1".into(), "10.1.2.3".into(), (&["TEAM"][..]).into()];
    let added: Vec<_> = keys.iter().zip(values).collect();
    assert!(bound.decide(&action, RESOURCE, &added).unwrap().is_allowed());
    assert_eq!(allocations_of(|| (0..100).for_each(|_| drop(bound.decide(&action, RESOURCE, &added)))), 0);
}
