//! The one reading of a clock (Rule E60).

use jiff::Timestamp;

use crate::request::{Request, RequestError};

/// The keys that tell the time.
pub(super) const KEYS: [&str; 2] = ["aws:CurrentTime", "aws:EpochTime"];

/// Whether a request knows the time. If it was given one of the two keys, the other is derived from it.
pub(super) fn is_known(request: &Request<'_>) -> bool {
    KEYS.iter().any(|key| request.context().get(key).is_some())
}

/// Tells a request the time.
pub(super) fn tell(request: Request<'_>, now: Timestamp) -> Result<Request<'_>, RequestError> {
    let seconds = now.as_second();
    let current = Timestamp::from_second(seconds).unwrap_or(now).to_string();
    let [current_time, epoch_time] = KEYS;
    request.with(current_time, current)?.with(epoch_time, seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-08-01T12:00:00.75Z".parse().unwrap()
    }

    fn clock(request: &Request<'_>) -> (Option<String>, Option<String>) {
        let [current, epoch] = KEYS.map(|key| request.context().single(key).map(str::to_owned));
        (current, epoch)
    }

    #[test]
    fn both_keys_come_from_one_reading() {
        let request = Request::unnamed("s3:GetObject", "*").unwrap();
        assert!(!is_known(&request));
        let request = tell(request, now()).unwrap();
        assert_eq!(clock(&request), (Some("2026-08-01T12:00:00Z".into()), Some("1785585600".into())));
    }

    #[test]
    fn a_given_key_is_known_in_any_spelling() {
        let request = Request::unnamed("s3:GetObject", "*").unwrap().with("AWS:epochtime", "0").unwrap();
        assert!(is_known(&request));
        assert_eq!(clock(&request), (Some("1970-01-01T00:00:00Z".into()), Some("0".into())));
    }
}
