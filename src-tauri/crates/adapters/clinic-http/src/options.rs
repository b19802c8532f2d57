//! How to reach the server, and how to sign in to it.
//! Not here: what the policy file calls these things.
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How to reach the server.
#[derive(Clone, Debug)]
pub struct ClinicHttpOptions {
    /// The FHIR base URL.
    pub base_url: String,
    /// PEM certificates of a private authority that is trusted beside the system's.
    pub private_ca: Option<PathBuf>,
    /// PEM files of the certificate by which this computer shows itself, and of its key (mutual TLS).
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Through what the server is reached.
    pub proxy: ProxyChoice,
    /// How to sign in; `None` = requests carry no token.
    pub sign_in: Option<SignInOptions>,
    /// For making a connection.
    pub connect_timeout: Duration,
    /// For a whole exchange: longer than the server's own, so that it answers first.
    pub total_timeout: Duration,
    /// The largest answer in octets, unpacked.
    pub largest_answer: usize,
}

impl ClinicHttpOptions {
    /// The usual deadlines (10 s and 60 s) and 16 MiB, no sign-in.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            private_ca: None,
            client_certificate: None,
            proxy: ProxyChoice::OfSystem,
            sign_in: None,
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(60),
            largest_answer: 16 * 1024 * 1024,
        }
    }
}

/// Through what the server is reached. One on this computer is reached directly in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What the system says.
    #[default]
    OfSystem,
    /// Nothing, whatever the system says.
    Direct,
    /// This one.
    At(String),
}

/// How to sign in (OAuth 2.0, SMART App Launch 2.2).
#[derive(Clone, Debug)]
pub struct SignInOptions {
    /// The client id under which the server knows Bedside.
    pub client_id: String,
    /// The scopes, separated by spaces.
    pub scopes: String,
    /// The file of this computer's private key (EC P-384, PKCS #8, PEM) and its id: then no person signs in.
    pub machine_key: Option<(PathBuf, String)>,
    /// Opens an address for a person.
    pub browser: Browser,
    /// So long nobody is waited for.
    pub patience: Duration,
}

impl SignInOptions {
    /// For people, in the system's browser, waiting five minutes.
    pub fn new(client_id: impl Into<String>, scopes: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            scopes: scopes.into(),
            machine_key: None,
            browser: Browser::of_system(),
            patience: Duration::from_secs(300),
        }
    }
}

type Open = dyn Fn(&Url) -> io::Result<()> + Send + Sync;

/// Opens an address where a person sees it. It may block for a moment.
#[derive(Clone)]
pub struct Browser(Arc<Open>);

impl Browser {
    /// The one that the system opens addresses with.
    pub fn of_system() -> Self {
        Self::new(|url| open::that_detached(url.as_str()))
    }

    /// Something else.
    pub fn new(open: impl Fn(&Url) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    pub(crate) fn open(&self, url: &Url) -> io::Result<()> {
        (self.0)(url)
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Browser")
    }
}
