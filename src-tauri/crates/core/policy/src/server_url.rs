//! The address of the clinic's FHIR server: HTTPS anywhere, plain HTTP on this computer only.
//! Stricter than RFC 3986 on purpose: no program after this one may read another host out of the same text.
use alloc::string::{String, ToString};
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

/// A base address without a slash at its end, for example `https://fhir.clinic.example/r4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    text: String,
    loopback: bool,
}

impl ServerUrl {
    /// What is accepted, for faults.
    pub(crate) const EXPECTED: &'static str =
        "an https URL of host, port and path only (http only for localhost, 127.0.0.1 and [::1])";

    /// Reads `https://host[:port][/path]`; `http` only for a loopback host. No user, query or fragment.
    pub fn new(text: &str) -> Option<Self> {
        let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return None,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let loopback = host_is_loopback(authority)?;
        let path_is_plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%".contains(&b));
        let climbs = path.split('/').any(|part| part == "." || part == "..");
        if !path_is_plain || climbs || !(secure || loopback) || text.len() > 500 {
            return None;
        }
        Some(Self { text: text.trim_end_matches('/').to_string(), loopback })
    }

    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the server is this computer itself: the only one a demonstration may send to.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether it is a plain `host[:port]`.
pub(crate) fn is_authority(authority: &str) -> bool {
    host_is_loopback(authority).is_some()
}

/// `None` when the authority is no plain `host[:port]`.
fn host_is_loopback(authority: &str) -> Option<bool> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return port_is_valid(port).then(|| address.is_loopback());
    }
    let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
    let label_is_valid = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(label_is_valid) || !port_is_valid(port) {
        return None;
    }
    let is_loopback_address = host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    Some(is_loopback_address || host.eq_ignore_ascii_case("localhost"))
}

/// Empty, or a colon and 1 to 65535.
fn port_is_valid(port: &str) -> bool {
    let Some(digits) = port.strip_prefix(':') else { return port.is_empty() };
    digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secure_address_may_be_anywhere_and_loses_its_last_slash() {
        let url = ServerUrl::new("https://fhir.clinic.example:8443/r4/").unwrap();
        assert_eq!(url.as_str(), "https://fhir.clinic.example:8443/r4");
        assert!(!url.is_loopback());
    }

    #[test]
    fn an_insecure_address_is_accepted_on_this_computer_only() {
        for here in ["http://localhost:8080/fhir", "http://127.0.0.1", "http://127.8.9.10:1", "http://[::1]:8080/fhir"]
        {
            assert!(ServerUrl::new(here).is_some_and(|url| url.is_loopback()), "{here}");
        }
        for elsewhere in ["http://fhir.clinic.example", "http://10.0.0.1", "http://localhost.evil.example"] {
            assert_eq!(ServerUrl::new(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn text_that_hides_another_host_is_refused() {
        let hidden = [
            "https://clinic.example@evil.example/",
            "http://localhost\\@evil.example",
            "https://clinic.example/r4?x=1",
            "https://clinic.example#fragment",
            "https://clinic.example:99999",
            "https://clinic.example:",
            "https://clinic example",
            "https://clinic.example/../admin",
            "https://-clinic.example",
            "https://",
            "https:///r4",
            "ftp://clinic.example",
            "HTTPS//clinic.example",
            "http://[fe80::1]",
            "https://[::1",
            "",
        ];
        for text in hidden {
            assert_eq!(ServerUrl::new(text), None, "{text:?}");
        }
    }
}
