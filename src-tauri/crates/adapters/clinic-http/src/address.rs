//! Which addresses a clinic's server may have. Encrypted, except on this very computer.
//! Not here: connecting.
use bedside_console::ports::ClinicFault;
use std::path::PathBuf;
use url::{Host, Url};

/// Why a server cannot be used as configured. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServer {
    /// No URL.
    #[error("expected a URL such as https://fhir.example.org/r4 for the clinic's server")]
    Url,
    /// Neither https nor loopback.
    #[error(
        "expected https for the clinic's server, got {scheme}; plain http is for this computer only (127.0.0.1, ::1)"
    )]
    NotEncrypted {
        /// The scheme that came.
        scheme: String,
    },
    /// User name or password in the URL.
    #[error("the URL of the clinic's server must not hold a user name or a password")]
    Credentials,
    /// A query or a fragment.
    #[error("the URL of the clinic's server must end with its path: no '?' and no '#'")]
    Query,
    /// The file with the private certificate authority cannot be read.
    #[error("the private CA file {} cannot be read: {reason}", .path.display())]
    CaUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It holds no certificate.
    #[error("expected PEM certificates in the private CA file {}", .path.display())]
    CaContent {
        /// The file.
        path: PathBuf,
    },
    /// A file of the client certificate cannot be read.
    #[error("the client certificate's file {} cannot be read: {reason}", .path.display())]
    ClientCertificateUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// They hold no certificate with its key.
    #[error(
        "expected a PEM certificate in {} and its PEM private key in {}",
        .certificate.display(), .key.display()
    )]
    ClientCertificateContent {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The proxy's address is none.
    #[error("expected a proxy's address such as http://proxy.example.org:3128")]
    Proxy,
    /// The system's certificates cannot be loaded, or the client cannot be made.
    #[error("the HTTPS client cannot be made: {0}")]
    Client(String),
}

/// The base URL of a FHIR server, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    base: Url,
}

impl ServerAddress {
    /// Reads a base URL: https, or http to a loopback address; without credentials, query and fragment.
    pub fn new(text: &str) -> Result<Self, InvalidServer> {
        let mut base = Url::parse(text.trim()).map_err(|_| InvalidServer::Url)?;
        if base.host().is_none() {
            return Err(InvalidServer::Url);
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(InvalidServer::Credentials);
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(InvalidServer::Query);
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let address = Self { base };
        if address.is_encrypted() || (address.base.scheme() == "http" && address.is_loopback()) {
            Ok(address)
        } else {
            Err(InvalidServer::NotEncrypted { scheme: address.base.scheme().to_owned() })
        }
    }

    /// The base URL, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether requests are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Whether the server is on this very computer, by its address and not by a name that could lead elsewhere.
    pub fn is_loopback(&self) -> bool {
        match self.base.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        }
    }

    /// Path and query behind the base of an address that the server gave, absolute or relative to the base; `None`
    /// where it lies on another origin or not below the base.
    pub(crate) fn behind(&self, link: &str) -> Option<String> {
        let base = self.base.as_str().trim_end_matches('/');
        let url = match Url::parse(link.trim()) {
            Ok(url) => url,
            // Relative addresses are those of this server: behind the base, as in a batch.
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                Url::parse(&format!("{base}/")).ok()?.join(link.trim()).ok()?
            }
            Err(_) => return None,
        };
        let is_ours = url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none();
        let rest = url.path().strip_prefix(self.base.path().trim_end_matches('/')).filter(|_| is_ours)?;
        let path = match rest.strip_prefix('/') {
            Some(path) => path,
            // Paging addresses of some servers are the base itself with a query.
            None if rest.is_empty() => "",
            None => return None,
        };
        let behind = url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        // What is asked for is what was checked.
        let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
        self.join(&behind).ok().filter(|joined| path(joined) == path(&url) && joined.query() == url.query())?;
        Some(behind)
    }

    /// The URL of `path` behind the base; empty for the base itself. A path that leaves the base is refused.
    pub(crate) fn join(&self, path: &str) -> Result<Url, ClinicFault> {
        let refused = || ClinicFault::NotTrusted("a request would leave the server's base URL".to_owned());
        if path.is_empty() {
            return Ok(self.base.clone());
        }
        let base = self.base.as_str().trim_end_matches('/');
        // A query alone is one of the base itself: some servers page so.
        let slash = if path.starts_with('?') { "" } else { "/" };
        let url = Url::parse(&format!("{base}{slash}{path}")).map_err(|_| refused())?;
        let inside = url.path().strip_prefix(self.base.path().trim_end_matches('/'));
        let is_below = |rest: &str| rest.starts_with('/') || (rest.is_empty() && path.starts_with('?'));
        let stays = url.origin() == self.base.origin() && inside.is_some_and(is_below);
        if stays { Ok(url) } else { Err(refused()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_computer_only() {
        for good in
            ["https://fhir.example.org/r4", "http://127.0.0.1:8103/fhir", "http://[::1]:8103/", "http://127.9.9.9"]
        {
            assert!(ServerAddress::new(good).is_ok(), "{good}");
        }
        for bad in [
            "http://fhir.example.org",
            "http://localhost:8103",
            "http://192.168.0.1",
            "ftp://127.0.0.1",
            "http://0.0.0.0",
        ] {
            assert!(matches!(ServerAddress::new(bad), Err(InvalidServer::NotEncrypted { .. })), "{bad}");
        }
    }

    #[test]
    fn an_address_with_secrets_or_a_query_is_refused() {
        assert_eq!(ServerAddress::new("https://nurse:secret@example.org"), Err(InvalidServer::Credentials));
        assert_eq!(ServerAddress::new("https://example.org/fhir?tenant=1"), Err(InvalidServer::Query));
        assert_eq!(ServerAddress::new("example.org/fhir"), Err(InvalidServer::Url));
        assert_eq!(ServerAddress::new(""), Err(InvalidServer::Url));
    }

    #[test]
    fn a_next_page_is_followed_only_below_the_base_of_the_same_origin() {
        let address = ServerAddress::new("https://example.org/r4/").unwrap();
        let behind = |link: &str| address.behind(link);
        assert_eq!(behind("https://example.org/r4/Patient?a=1&page=2").as_deref(), Some("Patient?a=1&page=2"));
        assert_eq!(behind("https://example.org:443/r4/Patient").as_deref(), Some("Patient"));
        assert_eq!(behind("Patient?page=2").as_deref(), Some("Patient?page=2"));
        assert_eq!(behind("?_getpages=7").as_deref(), Some("?_getpages=7"));
        for bad in [
            "https://evil.example/r4/Patient",
            "http://example.org/r4/Patient",
            "https://example.org:8443/r4/Patient",
            "https://nurse:secret@example.org/r4/Patient",
            "https://example.org/r4x/Patient",
            "https://example.org/admin",
            "https://example.org/r4/../admin",
            "https://example.org/r4/%2e%2e/admin",
            "//evil.example/r4/Patient",
            "/admin",
            "../admin",
            "file:///etc/passwd",
            "javascript:1",
        ] {
            assert_eq!(behind(bad), None, "{bad}");
        }
    }

    #[test]
    fn paths_stay_behind_the_base() {
        let address = ServerAddress::new("https://example.org/r4/").unwrap();
        assert_eq!(address.join("").unwrap().as_str(), "https://example.org/r4");
        assert_eq!(address.join("Patient?_id=1,2").unwrap().as_str(), "https://example.org/r4/Patient?_id=1,2");
        for bad in ["../admin", "a/../../admin", "%2e%2e/admin", "..\\admin"] {
            assert!(address.join(bad).is_err(), "{bad}");
        }
        let root = ServerAddress::new("https://example.org").unwrap();
        assert_eq!(root.join("/evil.example").unwrap().host_str(), Some("example.org"));
        assert_eq!(root.join("metadata").unwrap().as_str(), "https://example.org/metadata");
    }
}
