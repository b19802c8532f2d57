//! The client: TLS by the system's certificates and a site's own authority, deadlines, a bounded body, no redirects.
//! There is no switch that accepts an invalid certificate.
use crate::address::{InvalidServer, ServerAddress};
use crate::answer;
use crate::fault;
use async_trait::async_trait;
use bedside_console::ports::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Certificate, Client, Response, redirect};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const FHIR_JSON: &str = "application/fhir+json";

/// How to reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicHttpOptions {
    /// The FHIR base URL.
    pub base_url: String,
    /// PEM certificates of a private authority that is trusted beside the system's.
    pub private_ca: Option<PathBuf>,
    /// For making a connection.
    pub connect_timeout: Duration,
    /// For a whole exchange: longer than the server's own, so that it answers first.
    pub total_timeout: Duration,
    /// The largest answer in octets.
    pub largest_answer: usize,
}

impl ClinicHttpOptions {
    /// The usual deadlines (10 s and 60 s) and 16 MiB.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            private_ca: None,
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(60),
            largest_answer: 16 * 1024 * 1024,
        }
    }
}

/// The clinic's server over HTTPS.
#[derive(Clone, Debug)]
pub struct ClinicHttp {
    client: Client,
    address: ServerAddress,
    largest_answer: usize,
}

impl ClinicHttp {
    /// Checks the options and makes a client. Nothing is sent.
    pub fn new(options: &ClinicHttpOptions) -> Result<Self, InvalidServer> {
        let address = ServerAddress::new(&options.base_url)?;
        // reqwest takes its cryptography from the process. A provider that is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .connect_timeout(options.connect_timeout)
            .timeout(options.total_timeout)
            // A redirected POST may arrive as a GET, and records may arrive where nobody configured them.
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("Bedside/", env!("CARGO_PKG_VERSION")));
        if address.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some(path) = &options.private_ca {
            builder = builder.tls_certs_merge(certificates(path)?);
        } else if !address.is_encrypted() {
            // Plain loopback needs no certificates, so a computer without any can run it.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| InvalidServer::Client(innermost(&error)))?;
        Ok(Self { client, address, largest_answer: options.largest_answer })
    }

    /// Where the server is.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    async fn whole_answer(&self, mut response: Response) -> Result<ClinicAnswer, ClinicFault> {
        let limit = self.largest_answer;
        let headers = response.headers();
        let content_type = answer::content_type(headers);
        let retry_after = answer::retry_after(headers, SystemTime::now());
        let server_time = answer::server_time(headers);
        let status = response.status().as_u16();
        if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit))
        {
            return Err(ClinicFault::TooLarge { limit });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| fault::of_body(&error))? {
            if body.len() + chunk.len() > limit {
                return Err(ClinicFault::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8(body)
            .map_err(|_| ClinicFault::Ambiguous("the answer is not UTF-8, so it is no FHIR".to_owned()))?;
        Ok(ClinicAnswer { status, content_type, retry_after, server_time, body })
    }
}

#[async_trait]
impl ClinicServer for ClinicHttp {
    async fn send(&self, request: ClinicRequest) -> Result<ClinicAnswer, ClinicFault> {
        let url = self.address.join(&request.path)?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
        };
        let mut builder = self.client.request(method, url).header(ACCEPT, FHIR_JSON);
        if let Some(body) = request.body {
            // Outcomes are enough: what was sent is known here.
            builder = builder.header(CONTENT_TYPE, FHIR_JSON).header("Prefer", "return=minimal").body(body);
        }
        let response = builder.send().await.map_err(|error| fault::of_request(&error))?;
        self.whole_answer(response).await
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, InvalidServer> {
    let pem = std::fs::read(path)
        .map_err(|error| InvalidServer::CaUnreadable { path: path.to_owned(), reason: error.kind().to_string() })?;
    let wrong = || InvalidServer::CaContent { path: path.to_owned() };
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| wrong())?;
    if certificates.is_empty() { Err(wrong()) } else { Ok(certificates) }
}

/// What the library says in the end, without a URL: none has been used yet.
fn innermost(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), innermost)
}
