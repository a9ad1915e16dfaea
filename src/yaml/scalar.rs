//! What a scalar is: the JSON schema of YAML 1.2, section 10.2, except that whatever it knows not is a string.

use saphyr_parser::ScalarStyle;

use crate::json::Kind;

/// The kind of a scalar. Only plain ones can be anything but a string.
pub(super) fn kind(text: &str, style: ScalarStyle) -> Kind<'_> {
    if style != ScalarStyle::Plain {
        return Kind::String(text);
    }
    match text {
        "" | "~" | "null" => Kind::Null,
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        number if is_number(number) => Kind::Number(number),
        other => Kind::String(other),
    }
}

/// Whether JSON would read the text as a number. `0x1f`, `+1`, `.5` and `007` are strings.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_whole = is_digits(whole) && (whole == "0" || !whole.starts_with('0'));
    is_whole && fraction.is_none_or(is_digits) && exponent.is_none_or(is_digits)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_json() {
        for text in [
            "0",
            "-0",
            "7",
            "120",
            "1.20",
            "-1.5e+10",
            "1E9",
            "0e0",
            "111122223333",
            "",
            "-",
            "+1",
            "007",
            ".5",
            "5.",
            "1e",
            "0x1f",
            "1_000",
            "1.2.3",
            "e5",
            "--1",
            "1e+",
            "٣",
            ".inf",
            "1,5",
        ] {
            let json = serde_json::from_str::<serde_json::Number>(text).is_ok();
            assert_eq!(is_number(text), json, "{text:?}");
        }
    }
}
