//! Arguments that take one of a few names.

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Accepts the names of `choices`, and nothing else.
pub(super) fn of<T: Copy + Send + Sync + 'static>(
    choices: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(choices.iter().map(|&choice| name(choice))).try_map(move |typed| {
        let chosen = choices.iter().copied().find(|&choice| name(choice) == typed);
        chosen.ok_or("not one of the choices")
    })
}
