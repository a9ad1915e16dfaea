//! The text of a token, taken apart. Nothing in it is verified.

use data_encoding::BASE64URL_NOPAD;

use super::TokenError;
use crate::cognito::claims::{Claim, Claims};

/// The longest token Cognito takes, in bytes (the model of `GetCredentialsForIdentity`).
const LONGEST: usize = 50_000;

/// What a token says of itself.
pub(super) struct Parts {
    pub header: Header,
    pub claims: Claims,
}

/// What of the header counts.
pub(super) struct Header {
    pub algorithm: Box<str>,
    pub key_id: Box<str>,
}

impl Parts {
    pub fn read(token: &str) -> Result<Self, TokenError> {
        if token.len() > LONGEST {
            let found = token.len();
            return Err(TokenError::malformed(format_args!("found {found} bytes, expected at most {LONGEST}")));
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, _signature] = parts.as_slice() else {
            let found = parts.len();
            return Err(TokenError::malformed(format_args!("found {found} parts, expected 3 with a dot between them")));
        };
        let header = object("header", header)?;
        // What a critical extension demands, nobody here knows (RFC 7515, section 4.1.11).
        if header.get("crit").is_some() {
            return Err(TokenError::malformed("header: found `crit`, expected no critical extension"));
        }
        let header = Header { algorithm: text(&header, "alg")?, key_id: text(&header, "kid")? };
        Ok(Parts { header, claims: object("payload", payload)? })
    }
}

fn object(part: &str, encoded: &str) -> Result<Claims, TokenError> {
    let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes());
    let bytes = bytes.map_err(|error| TokenError::malformed(format_args!("{part}: no base64url text: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| TokenError::malformed(format_args!("{part}: no UTF-8 text")))?;
    Claims::parse(part, &text).map_err(|error| {
        // The mistake, but not the text around it: that holds values.
        let mistake = error.diagnostics().first();
        let (message, line) = mistake.map_or(("no JSON object", 1), |first| (first.message(), first.position().line));
        TokenError::malformed(format_args!("{part}, line {line}: {message}"))
    })
}

fn text(header: &Claims, name: &str) -> Result<Box<str>, TokenError> {
    match header.get(name) {
        Some(Claim::Text(text)) if !text.is_empty() => Ok(text.clone()),
        Some(_) => Err(TokenError::malformed(format_args!("header: `{name}` is no text"))),
        None => Err(TokenError::malformed(format_args!("header: `{name}` is missing"))),
    }
}
