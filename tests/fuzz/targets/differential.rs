//! Policies and requests that nearly match them: both evaluators equal.
//!
//! The bytes are the random numbers of the strategies, so that the fuzzer turns their choices one by one.

#![no_main]

use iamtree::Engine;
use iamtree::strategies::{identity_set, policy_set, questions};
use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// More random numbers than the strategies draw for one input.
const NUMBERS: usize = 256 << 10;

/// The fuzzer's bytes, continued by numbers that follow from them: where bytes end, a plain pass-through draws zeros
/// for ever, and sampling from a range can wait for another number for ever.
fn continued(choices: &[u8]) -> Vec<u8> {
    let mut numbers = choices.to_vec();
    let mut state = choices
        .iter()
        .fold(0x9e37_79b9_7f4a_7c15_u64, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
        | 1;
    while numbers.len() < NUMBERS {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        numbers.extend(state.to_le_bytes());
    }
    numbers
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, choices)) = bytes.split_first() else { return };
    let rng = TestRng::from_seed(RngAlgorithm::PassThrough, &continued(choices));
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let questions = match first % 4 {
        0 => questions(identity_set(), 4).new_tree(&mut runner).map(|tree| tree.current()),
        _ => questions(policy_set(), 4).new_tree(&mut runner).map(|tree| tree.current()),
    };
    let Ok(questions) = questions else { return };
    let engine = Engine::compile(questions.policies.clone()).expect("generated sets compile");
    for request in questions.requests.iter().flat_map(|spec| spec.request()) {
        if let Err(error) = engine.explain(&request) {
            assert!(!error.is_disagreement(), "{error}\n{questions:?}");
        }
    }
});
