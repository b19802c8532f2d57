//! The clinic's server: requests the outbox made go out, answers come back. Implemented over HTTPS.
//! Not here: FHIR, order, retry, and whose token goes with a request (`clinic_sign_in`).
use super::clinic_tokens::{AccessToken, Grant, GrantFault, RefreshToken, SignInKind};
use async_trait::async_trait;
use bedside_vitals::WallTime;
use std::fmt;
use std::time::Duration;

/// An HTTP method that sync uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read or search.
    Get,
    /// A batch Bundle to the base URL.
    Post,
    /// One resource by its id.
    Put,
}

/// One request, relative to the server's FHIR base URL.
#[derive(Clone, PartialEq, Eq)]
pub struct ClinicRequest {
    /// The method.
    pub method: Method,
    /// Path and query behind the base URL, without a leading slash; empty for the base itself.
    pub path: String,
    /// The body as FHIR JSON. Health data.
    pub body: Option<String>,
}

impl fmt::Debug for ClinicRequest {
    /// Without path and body: both may hold health data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} request of {} octets", self.method, self.body.as_ref().map_or(0, String::len))
    }
}

/// What the server said.
#[derive(Clone, PartialEq, Eq)]
pub struct ClinicAnswer {
    /// HTTP status.
    pub status: u16,
    /// The media type without parameters, in lower case.
    pub content_type: Option<String>,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
    /// The server's clock, from the `Date` header.
    pub server_time: Option<WallTime>,
    /// The body. Health data.
    pub body: String,
}

impl fmt::Debug for ClinicAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answer {} of {} octets", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClinicFault {
    /// No connection was made, so nothing was received by the server.
    #[error("the clinic's server cannot be reached: {0}")]
    Unreachable(String),
    /// The server's certificate or our transport rules forbid it; nothing was sent.
    #[error("the clinic's server failed the security check: {0}")]
    NotTrusted(String),
    /// The request was sent and no whole answer came: it may or may not have been carried out.
    #[error("the clinic's server gave no whole answer: {0}")]
    Ambiguous(String),
    /// The answer is larger than `limit` octets.
    #[error("the clinic's server answered more than {limit} octets")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

/// The clinic's FHIR server.
#[async_trait]
pub trait ClinicServer: Send + Sync {
    /// Sends one request and waits for the whole answer, within the adapter's deadline.
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault>;

    /// The same, authorized by a token.
    async fn send_as(&self, token: &AccessToken, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        let _ = token;
        self.send(request).await
    }

    /// How it wants to be asked. Nothing is sent to find out: the policy says it.
    fn sign_in_kind(&self) -> SignInKind {
        SignInKind::NotNeeded
    }

    /// Its FHIR base URL: tokens are kept for one server.
    fn address(&self) -> String {
        String::new()
    }

    /// Path and query behind the base URL of an address that the server gave, such as that of its next page; `None`
    /// where it lies elsewhere: on another origin, or not below the base.
    fn path_behind(&self, link: &str) -> Option<String> {
        let _ = link;
        None
    }

    /// A person signs in, in the system's browser; this comes back with them, or when nobody came back in time.
    /// Dropped, it waits no longer.
    async fn sign_in(&self) -> Result<Grant, GrantFault> {
        Err(GrantFault::NotSetUp("no client is configured".to_owned()))
    }

    /// This computer signs in with its key.
    async fn sign_in_as_machine(&self) -> Result<Grant, GrantFault> {
        Err(GrantFault::NotSetUp("no client is configured".to_owned()))
    }

    /// A new access token by a refresh token, which is sent to `endpoint` only, where it was granted.
    async fn renew(&self, refresh: &RefreshToken, endpoint: &str) -> Result<Grant, GrantFault> {
        let _ = (refresh, endpoint);
        Err(GrantFault::NotSetUp("no client is configured".to_owned()))
    }

    /// What it says of itself (`metadata`, the CapabilityStatement). Asked without a token: it holds nothing of
    /// anybody.
    async fn capability(&self) -> Result<ClinicAnswer, ClinicFault> {
        Err(ClinicFault::Unreachable("it cannot be asked what it is".to_owned()))
    }

    /// Whether it takes request bodies in gzip, as far as that was tried.
    fn takes_gzip(&self) -> Option<bool> {
        None
    }
}
