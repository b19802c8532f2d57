//! Asking a server on loopback for a JSON document, to look at what the demo clinic holds.
//! No TLS, no other hosts: the console's own client lives in its adapter.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// The JSON document at `path` (with its leading slash) of the server on this port of 127.0.0.1.
///
/// # Errors
/// When nobody answers, the answer is not a success, or it is not JSON.
pub(crate) fn json(port: u16, path: &str) -> Result<Value> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("nobody listens on 127.0.0.1:{port}"))?;
    stream.set_read_timeout(Some(PATIENCE)).context("no read time limit")?;
    // Version 1.0: the answer ends with the connection and never comes in chunks.
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nAccept: application/fhir+json\r\n\r\n");
    stream.write_all(request.as_bytes()).context("cannot send the request")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("no whole answer to {path}"))?;
    body_of(&answer).with_context(|| format!("bad answer to {path}"))
}

fn body_of(answer: &[u8]) -> Result<Value> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        bail!("expected an HTTP head, got {} bytes without one", answer.len());
    };
    let head = String::from_utf8_lossy(&answer[..end]);
    let status = head.split(' ').nth(1).unwrap_or("none");
    if !status.starts_with('2') {
        bail!("expected a success, got status {status}");
    }
    serde_json::from_slice(&answer[end + 4..]).context("expected JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_a_success_is_parsed() {
        assert_eq!(body_of(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"total\":2}").unwrap()["total"], 2);
    }

    #[test]
    fn a_refusal_is_an_error_that_names_the_status() {
        assert!(body_of(b"HTTP/1.1 404 Not Found\r\n\r\n{}").unwrap_err().to_string().contains("404"));
    }

    #[test]
    fn a_broken_off_answer_is_an_error() {
        assert!(body_of(b"HTTP/1.1 200 OK\r\nA:").is_err());
        assert!(body_of(b"HTTP/1.1 200 OK\r\n\r\n{\"total\":").is_err());
    }
}
