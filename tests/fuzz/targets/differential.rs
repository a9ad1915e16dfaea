//! Policies and requests that nearly match them: all evaluators equal, by name, bound and in a listing, with each trick
//! of the tree off in turn.
//!
//! The bytes seed the strategies.

#![no_main]

#[path = "../../suite/differential/evaluators.rs"]
mod evaluators;

use evaluators::Evaluators;
use iamtree::strategies::{identity_set, policy_set, questions};
use libfuzzer_sys::fuzz_target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The fuzzer's bytes as the seed of the strategies. Handing them over as the random numbers themselves does not
/// work: each fork of such a generator halves what is left, and where nothing is left sampling waits for ever.
fn seed(bytes: &[u8]) -> [u8; 32] {
    let mut seed = [0u8; 32];
    for (place, byte) in (0..32).cycle().zip(bytes) {
        seed[place] = seed[place].wrapping_mul(31) ^ byte;
    }
    seed
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, choices)) = bytes.split_first() else { return };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed(choices));
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let questions = match first % 4 {
        0 => questions(identity_set(), 4).new_tree(&mut runner).map(|tree| tree.current()),
        _ => questions(policy_set(), 4).new_tree(&mut runner).map(|tree| tree.current()),
    };
    let Ok(questions) = questions else { return };
    let evaluators = Evaluators::compile(&questions.policies);
    for spec in &questions.requests {
        if let Err(difference) = evaluators.compare(spec) {
            panic!("{difference}\n{questions:?}");
        }
    }
});
