//! A server on loopback that goes wrong in one chosen way.
//! Not here: FHIR, and what the client should make of it, which each test says.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the server does with every request.
#[derive(Clone)]
pub(crate) enum Conduct {
    /// Sends these octets and closes.
    Answer(String),
    /// Sends these octets before anything was asked, and closes.
    Interrupts(&'static str),
    /// Takes the request and closes without a word.
    Hangs,
    /// Takes the request and never answers.
    Silent,
}

/// A running server.
pub(crate) struct Loopback {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
    octets: Arc<AtomicUsize>,
}

impl Loopback {
    /// Over plain TCP.
    pub(crate) async fn plain(conduct: Conduct) -> Self {
        Self::start(conduct, None).await
    }

    /// Over TLS.
    pub(crate) async fn encrypted(conduct: Conduct, tls: TlsAcceptor) -> Self {
        Self::start(conduct, Some(tls)).await
    }

    async fn start(conduct: Conduct, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, octets) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let seen = Seen { requests: Arc::clone(&requests), octets: Arc::clone(&octets) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, tls.clone(), conduct.clone(), seen.clone()));
            }
        });
        Self { address, requests, octets }
    }

    /// Octets of HTTP received, whole requests or not.
    pub(crate) fn octets(&self) -> usize {
        self.octets.load(Ordering::SeqCst)
    }

    /// Whole requests received.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[derive(Clone)]
struct Seen {
    requests: Arc<AtomicUsize>,
    octets: Arc<AtomicUsize>,
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, conduct: Conduct, seen: Seen) {
    match tls {
        None => converse(stream, conduct, &seen).await,
        Some(acceptor) => {
            // A client that does not trust us ends here.
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, conduct, &seen).await;
            }
        }
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, conduct: Conduct, seen: &Seen) {
    if let Conduct::Interrupts(octets) = conduct {
        let _ = stream.write_all(octets.as_bytes()).await;
        // Waits for the other side, so that no reset overtakes what was said.
        let _ = whole_request(&mut stream, &seen.octets).await;
        return;
    }
    let Some(()) = whole_request(&mut stream, &seen.octets).await else { return };
    seen.requests.fetch_add(1, Ordering::SeqCst);
    match conduct {
        Conduct::Answer(octets) => {
            let _ = stream.write_all(octets.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Conduct::Hangs | Conduct::Interrupts(_) => {}
        Conduct::Silent => std::future::pending().await,
    }
}

/// Reads the head and as much body as `content-length` says.
async fn whole_request(stream: &mut (impl AsyncRead + Unpin), octets: &AtomicUsize) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        octets.fetch_add(length, Ordering::SeqCst);
        read.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let expected = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse::<usize>().unwrap());
        if body.len() >= expected {
            return Some(());
        }
    }
}
