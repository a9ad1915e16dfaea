//! Percent-encoded text (RFC 3986), as the API of IAM returns documents.

use std::borrow::Cow;

/// The text behind a percent-encoded document; any other text as it is.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        match (first, behind.split_at_checked(2)) {
            (b'%', Some(([high, low], behind))) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(digit(*high) << 4 | digit(*low));
                rest = behind;
            }
            _ => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    // Bytes that are no text are left encoded, and refused as JSON.
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn digit(hexadecimal: u8) -> u8 {
    match hexadecimal {
        b'0'..=b'9' => hexadecimal - b'0',
        _ => (hexadecimal | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        assert_eq!(decode("%7B%22a%22%3A%20%22b+c%C3%a9%22%7d"), "{\"a\": \"b+cé\"}");
        assert_eq!(decode("{\"a\": \"100%25\"}"), "{\"a\": \"100%25\"}");
        assert_eq!(decode("%7B%"), "{%");
        assert_eq!(decode("%7B%zz"), "{%zz");
        assert_eq!(decode("%7B%ff"), "%7B%ff");
    }
}
