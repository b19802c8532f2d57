//! HTTP/1.1 as octets: one message from a connection, and back. Just enough for loopback, one exchange to a connection.
//! Not here: what a message means.
use std::io;

use flate2::read::GzDecoder;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;

/// A request or an answer, whole.
#[derive(Clone, Debug)]
pub(super) struct Message {
    start: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Message {
    pub(super) fn request(method: &str, path: &str) -> Self {
        Self { start: format!("{method} {path} HTTP/1.1"), headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn answer(status: u16, media: &str, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), media.to_owned())];
        Self { start: format!("HTTP/1.1 {status} Told"), headers, body }
    }

    /// The next message of a connection; `None` when it was closed before one began.
    pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut reader = BufReader::new(stream);
        let mut start = String::new();
        if reader.read_line(&mut start).await? == 0 {
            return Ok(None);
        }
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).await?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut message = Self { start: start.trim_end().to_owned(), headers, body: Vec::new() };
        message.body = message.read_body(&mut reader).await?;
        message.remove_header("transfer-encoding");
        if message.header("content-encoding") == Some("gzip") {
            // The proxy reads what is said, and passes on what it read.
            let mut plain = Vec::new();
            io::Read::read_to_end(&mut GzDecoder::new(message.body.as_slice()), &mut plain)?;
            message.body = plain;
            message.remove_header("content-encoding");
        }
        Ok(Some(message))
    }

    async fn read_body(&self, reader: &mut BufReader<&mut TcpStream>) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if self.header("transfer-encoding") == Some("chunked") {
            loop {
                let mut size = String::new();
                reader.read_line(&mut size).await?;
                let size = usize::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk).await?;
                if size == 0 {
                    return Ok(body);
                }
                body.extend_from_slice(&chunk[..size]);
            }
        }
        match self.header("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => {
                body.resize(length, 0);
                reader.read_exact(&mut body).await?;
            }
            // An answer without a length ends with the connection; a request without one has no body.
            None if self.start.starts_with("HTTP/") => {
                reader.read_to_end(&mut body).await?;
            }
            None => {}
        }
        Ok(body)
    }

    /// As it goes over the wire, with its length, for a connection that ends with it.
    pub(super) fn octets(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        let own = ["content-length", "connection", "keep-alive"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len());
        let mut octets = text.into_bytes();
        octets.extend_from_slice(&self.body);
        octets
    }

    /// Method and path of a request, the first line of an answer.
    pub(super) fn line(&self) -> String {
        self.start.trim_end_matches(" HTTP/1.1").to_owned()
    }

    pub(super) fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    pub(super) fn path(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    pub(super) fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(own, _)| own != name);
    }

    pub(super) fn set_header(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        self.remove_header(&name);
        self.headers.push((name, value.to_owned()));
    }

    pub(super) fn copy_headers(&mut self, from: &Self, names: &[&str]) {
        for name in names {
            if let Some(value) = from.header(name) {
                self.set_header(name, value);
            }
        }
    }
}
