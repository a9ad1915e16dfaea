//! The keys of an issuer: a JSON Web Key Set.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::{TokenError, TokenErrorKind};
use crate::cognito::error::ReadError;
use crate::cognito::read::{Mistakes, Reader};
use crate::json::{self, Limits, Value};
use crate::source::{Source, quote};

/// The public keys of one issuer, by their ids.
///
/// Keys that cannot verify a token (symmetric ones, those for encryption, RSA keys below 2,048 bits, those of an unknown
/// kind) are there, and a token that names one is refused. A key without an id verifies nothing, since no token can name it.
///
/// # Examples
///
/// ```
/// use iamtree::cognito::token::Jwks;
///
/// let keys = Jwks::parse("jwks.json", r#"{"keys": [{"kid": "a", "kty": "oct", "k": "c2VjcmV0"}]}"#)?;
/// assert_eq!(keys.ids().collect::<Vec<_>>(), ["a"]);
/// assert!(Jwks::parse("jwks.json", r#"{"keys": [{"kid": "a"}, {"kid": "a"}]}"#).is_err());
/// # Ok::<(), iamtree::cognito::ReadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Jwks {
    keys: BTreeMap<Box<str>, Result<Key, &'static str>>,
}

/// A key that can verify a signature.
#[derive(Debug, Clone)]
pub(super) struct Key {
    key: DecodingKey,
    algorithms: Vec<Algorithm>,
}

impl Jwks {
    /// Reads a key set. `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// Returns an error, with line and column, if the text is no key set, a member is repeated, or two keys have the same
    /// id. Members that RFC 7517 does not name are passed over, as it asks.
    pub fn parse(name: &str, text: &str) -> Result<Self, ReadError> {
        let source = Source::new(name, text);
        let mut mistakes = Mistakes::default();
        let keys = match json::parse(&source, &Limits::default()) {
            Ok(tree) => keys(&mut Reader::new(&source, &mut mistakes), tree.root()),
            Err(diagnostic) => {
                mistakes.add(*diagnostic);
                None
            }
        };
        mistakes.into_result(keys.map(|keys| Jwks { keys }))
    }

    /// The ids of all keys, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(|id| &**id)
    }

    pub(super) fn find(&self, id: &str) -> Result<&Key, TokenError> {
        match self.keys.get(id) {
            Some(Ok(key)) => Ok(key),
            Some(Err(reason)) => {
                let message = format!("the key {} verifies no token: {reason}", quote(id));
                Err(TokenError::new(TokenErrorKind::Key, message))
            }
            None => {
                let message = format!("no key of the issuer has the id {}", quote(id));
                Err(TokenError::new(TokenErrorKind::Key, message))
            }
        }
    }
}

fn keys(reader: &mut Reader<'_>, value: Value<'_>) -> Option<BTreeMap<Box<str>, Result<Key, &'static str>>> {
    let set = reader.map("C13", value, "a JSON Web Key Set")?;
    let Some(list) = set.get("keys") else {
        reader.report("C13", value.span(), "a member is missing", "no `keys`", "`keys`");
        return None;
    };
    let mut keys = BTreeMap::new();
    for item in reader.list("C13", list)? {
        let members = reader.map("C13", item, "a JSON Web Key")?;
        let Some(id) = members.get("kid") else { continue };
        let Some(text) = reader.string("C13", id) else { continue };
        let key = match serde_json::from_str(reader.source().slice(item.span())) {
            Ok(jwk) => Key::new(&jwk),
            Err(_) => Err("it is of an unknown kind"),
        };
        if keys.insert(text.into(), key).is_some() {
            let found = format!("a second {}", quote(text));
            reader.report("C13", id.span(), "two keys of one id", found, "each id once");
        }
    }
    Some(keys)
}

impl Key {
    /// The algorithms are those of the kind of key, or the one it names itself (threat T14).
    fn new(jwk: &Jwk) -> Result<Self, &'static str> {
        use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
            return Err("it is not for signatures");
        }
        if jwk.common.key_operations.as_ref().is_some_and(|uses| !uses.contains(&KeyOperations::Verify)) {
            return Err("it is not for verifying");
        }
        let of_kind: &[Algorithm] = match &jwk.algorithm {
            AlgorithmParameters::RSA(key) if is_short(&key.n) => return Err("it has fewer than 2,048 bits"),
            AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
            AlgorithmParameters::EllipticCurve(key) => match key.curve {
                EllipticCurve::P256 => &[ES256],
                EllipticCurve::P384 => &[ES384],
                _ => return Err("its curve is not supported"),
            },
            AlgorithmParameters::OctetKeyPair(_) => &[EdDSA],
            AlgorithmParameters::OctetKey(_) => return Err("it is symmetric: whoever knows it can sign"),
            _ => return Err("it is of an unknown kind"),
        };
        let named = jwk.common.key_algorithm.map(|algorithm| algorithm.to_string().parse().ok());
        let allows = |algorithm: &Algorithm| named.is_none_or(|named| named == Some(*algorithm));
        let algorithms: Vec<Algorithm> = of_kind.iter().copied().filter(allows).collect();
        if algorithms.is_empty() {
            return Err("its `alg` is no signature algorithm of its kind");
        }
        let key = DecodingKey::from_jwk(jwk).map_err(|_| "its numbers are malformed")?;
        Ok(Key { key, algorithms })
    }

    /// The algorithm of this name, if the key allows it.
    pub fn algorithm(&self, name: &str) -> Option<Algorithm> {
        name.parse().ok().filter(|algorithm| self.algorithms.contains(algorithm))
    }

    pub fn key(&self) -> &DecodingKey {
        &self.key
    }
}

/// RFC 7518, section 3.3: a modulus of at least 2,048 bits. Leading zeros are none of it.
fn is_short(modulus: &str) -> bool {
    let Ok(bytes) = BASE64URL_NOPAD.decode(modulus.as_bytes()) else { return true };
    let mut significant = bytes.iter().skip_while(|byte| **byte == 0);
    let first = significant.next().map_or(0, |byte| 8 - byte.leading_zeros() as usize);
    first + 8 * significant.count() < 2048
}
