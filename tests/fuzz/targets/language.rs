//! The languages inside strings: no panic, and what holds of each of them.

#![no_main]

use iamtree::language::action::{ActionPattern, parse_request_action};
use iamtree::language::arn::{Arn, ArnTemplate, ResourcePattern};
use iamtree::language::date::Instant;
use iamtree::language::decimal::Decimal;
use iamtree::language::network::{parse_address, parse_network};
use iamtree::language::operator::Operator;
use iamtree::language::pattern::{Template, Wildcards, escape_literal};
use iamtree::language::{SyntaxError, Version};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for version in [Version::V2008, Version::V2012] {
        for wildcards in [Wildcards::Match, Wildcards::AreText] {
            let template = check(text, Template::parse(text, version, wildcards));
            assert!(version == Version::V2012 || template.is_some_and(|template| template.variables().count() == 0));
        }
        check(text, ResourcePattern::parse(text, version));
        check(text, ArnTemplate::parse(text, version));
    }
    let escaped = Template::parse(&escape_literal(text), Version::V2012, Wildcards::Match);
    assert_eq!(escaped.unwrap().as_literal(), Some(text));

    check(text, ActionPattern::parse(text));
    if let Some((service, name)) = check(text, parse_request_action(text)) {
        assert_eq!(format!("{service}:{name}"), text);
        assert!(ActionPattern::parse(text).is_ok() || text.contains("${"));
    }
    if let Some(operator) = check(text, Operator::parse(text)) {
        assert_eq!(operator.to_string(), text);
    }
    if let Some(arn) = Arn::parse(text) {
        assert_eq!(arn.fields().join(":"), text);
    }
    if let Some(instant) = Instant::parse(text)
        && let Some(iso) = instant.to_iso()
    {
        assert_eq!(Instant::parse(&iso).map(Instant::epoch_seconds), Some(instant.epoch_seconds()));
    }
    if let Some(decimal) = Decimal::parse(text) {
        assert_eq!(decimal, decimal);
        let negated =
            text.strip_prefix('-').map_or_else(|| format!("-{}", text.trim_start_matches('+')), str::to_owned);
        let (negated, zero) = (Decimal::parse(&negated).unwrap(), Decimal::parse("0").unwrap());
        assert_eq!(decimal.cmp(&zero), zero.cmp(&negated));
    }
    if let Some(address) = parse_address(text) {
        assert!(
            parse_network(text).is_none_or(|network| network.prefix_len() == network.max_prefix_len()),
            "{address}"
        );
    }
});

/// An error points into the text.
fn check<T>(text: &str, result: Result<T, SyntaxError>) -> Option<T> {
    result
        .inspect_err(|error| {
            assert!(text.get(error.range()).is_some(), "{error:?}");
            let _ = error.to_string();
        })
        .ok()
}
