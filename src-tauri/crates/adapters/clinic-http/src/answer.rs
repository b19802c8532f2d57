//! The headers of an answer that sync needs: media type, `Retry-After` in both forms, the server's clock (RFC 9110).
//! Not here: the body.
use bedside_vitals::WallTime;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The media type without parameters, in lower case.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = text(headers, CONTENT_TYPE)?;
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!media_type.is_empty()).then_some(media_type)
}

/// The server's clock.
pub(crate) fn server_time(headers: &HeaderMap) -> Option<WallTime> {
    let since_1970 = date(text(headers, DATE)?)?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_millis()).ok().map(WallTime)
}

/// How long the server asks us to wait: seconds, or a date less the server's own clock. `now` stands in for that clock.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER)?.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // More seconds than fit are for ever; the outbox has its own ceiling.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = date(value)?;
    let from = text(headers, DATE).and_then(date).unwrap_or(now);
    Some(until.duration_since(from).unwrap_or_default())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_wait_in_seconds_is_read_as_it_is() {
        let wait = |value| retry_after(&headers(&[(RETRY_AFTER, value)]), UNIX_EPOCH);
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("99999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(wait("-1"), None);
        assert_eq!(wait(""), None);
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn a_wait_until_a_date_is_counted_by_the_servers_clock() {
        let until = (RETRY_AFTER, "Wed, 18 Mar 2026 12:02:00 GMT");
        let both = headers(&[until.clone(), (DATE, "Wed, 18 Mar 2026 12:00:30 GMT")]);
        assert_eq!(retry_after(&both, UNIX_EPOCH), Some(Duration::from_secs(90)));
        let noon = UNIX_EPOCH + Duration::from_secs(1_773_835_200);
        assert_eq!(retry_after(&headers(std::slice::from_ref(&until)), noon), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(&headers(&[until]), noon + Duration::from_secs(999)), Some(Duration::ZERO));
    }

    #[test]
    fn the_servers_clock_and_media_type_are_read() {
        let read =
            headers(&[(DATE, "Wed, 18 Mar 2026 12:00:00 GMT"), (CONTENT_TYPE, "Application/FHIR+JSON; charset=utf-8")]);
        assert_eq!(server_time(&read), Some(WallTime(1_773_835_200_000)));
        assert_eq!(content_type(&read).as_deref(), Some("application/fhir+json"));
        assert_eq!((server_time(&HeaderMap::new()), content_type(&HeaderMap::new())), (None, None));
    }
}
