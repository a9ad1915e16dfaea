//! The one use of the network: the keys of an issuer.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

use super::stop::Stop;
use crate::source::quote;

/// How long an issuer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest key set, in bytes.
const LONGEST: u64 = 1 << 20;

/// Fetches a text over HTTPS. Without encryption only from this machine: whoever can change keys on their way can sign.
pub(super) fn text(url: &str) -> Result<String, Stop> {
    let cannot = |reason: String| Stop::mistake(format_args!("cannot fetch {}: {reason}", quote(url)));
    let uri: Uri = url.parse().map_err(|error| cannot(format!("malformed address: {error}")))?;
    let is_local = uri.host().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
    if uri.scheme_str() != Some("https") && !(uri.scheme_str() == Some("http") && is_local) {
        return Err(cannot("expected an address with `https://`".to_owned()));
    }
    let config = Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0).build();
    let response = Agent::new_with_config(config).get(uri).call().map_err(|error| cannot(error.to_string()))?;
    if response.status() != 200 {
        return Err(cannot(format!("found status {}, expected 200", response.status())));
    }
    let mut body = response.into_body();
    body.with_config().limit(LONGEST).read_to_string().map_err(|error| cannot(error.to_string()))
}
