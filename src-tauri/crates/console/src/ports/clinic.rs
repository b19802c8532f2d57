//! The clinic's server: requests the outbox made go out, answers come back. Implemented over HTTPS.
//! Not here: FHIR, order, retry.
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
}
