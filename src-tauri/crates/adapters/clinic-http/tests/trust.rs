//! Servers that must not be trusted: each is refused in the handshake, and not one octet of HTTP reaches it. And what
//! this computer shows of itself, where the server asks. Not here: what follows a handshake that succeeded (`faults`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#[allow(dead_code, reason = "each test program uses a part")]
mod loopback;
use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions, InvalidServer};
use bedside_console::ports::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
use loopback::{Conduct, Loopback};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

/// A private authority, and files for the client.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key.
struct Leaf {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer, folder: tempfile::tempdir().unwrap() }
    }

    fn signs(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf { certificate, key }
    }

    fn file(&self) -> PathBuf {
        let path = self.folder.path().join("ca.pem");
        std::fs::write(&path, self.issuer.pem()).unwrap();
        path
    }
}

fn acceptor(leaf: &Leaf, clients: Option<&Authority>) -> TlsAcceptor {
    let provider = Arc::new(crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::Pkcs8(leaf.key.serialize_der().into());
    let config = builder.with_single_cert(vec![leaf.certificate.der().clone()], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn options(server: &Loopback, trusts: &Authority) -> ClinicHttpOptions {
    ClinicHttpOptions {
        private_ca: Some(trusts.file()),
        ..ClinicHttpOptions::new(format!("https://{}/fhir", server.address))
    }
}

async fn send(options: &ClinicHttpOptions) -> Result<ClinicAnswer, ClinicFault> {
    let body = Some("{\"resourceType\":\"Patient\"}".to_owned());
    let request = ClinicRequest { method: Method::Post, path: String::new(), body };
    ClinicHttp::new(options).unwrap().send(request).await
}

/// Sends to a server with such a certificate, and gives the words of the refusal.
async fn refused(leaf: &Leaf, trusts: &Authority) -> String {
    let server = Loopback::encrypted(Conduct::Answer(FINE.to_owned()), acceptor(leaf, None)).await;
    let fault = send(&options(&server, trusts)).await.unwrap_err();
    assert_eq!(server.octets(), 0, "something was sent");
    match fault {
        ClinicFault::NotTrusted(why) => why,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_the_sites_authority_vouches_for_is_trusted() {
    let authority = Authority::new("Clinic");
    let leaf = authority.signs("127.0.0.1", |_| {});
    let server = Loopback::encrypted(Conduct::Answer(FINE.to_owned()), acceptor(&leaf, None)).await;
    assert_eq!(send(&options(&server, &authority)).await.unwrap().status, 200);
    assert!(server.octets() > 0);
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new("Clinic");
    let leaf = authority.signs("fhir.example.org", |_| {});
    assert_eq!(refused(&leaf, &authority).await, "its certificate is for another name");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new("Clinic");
    let leaf = authority.signs("127.0.0.1", |params| params.not_after = date_time_ymd(2020, 1, 1));
    assert_eq!(refused(&leaf, &authority).await, "its certificate has expired");
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_refused_and_points_at_the_clock() {
    let authority = Authority::new("Clinic");
    let leaf = authority.signs("127.0.0.1", |params| {
        (params.not_before, params.not_after) = (date_time_ymd(4000, 1, 1), date_time_ymd(4001, 1, 1));
    });
    let why = refused(&leaf, &authority).await;
    assert_eq!(why, "its certificate is not valid yet: check this computer's clock");
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_is_refused() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let why = refused(&Leaf { certificate, key }, &Authority::new("Clinic")).await;
    assert_eq!(why, "its certificate is from an unknown issuer");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let leaf = Authority::new("Somebody").signs("127.0.0.1", |_| {});
    assert_eq!(refused(&leaf, &Authority::new("Clinic")).await, "its certificate is from an unknown issuer");
}

#[tokio::test]
async fn a_server_that_speaks_no_later_tls_than_1_1_is_refused() {
    for version in [[3, 1], [3, 2]] {
        let (address, after_hello) = server_of_old_tls(version).await;
        let authority = Authority::new("Clinic");
        let options = ClinicHttpOptions {
            private_ca: Some(authority.file()),
            ..ClinicHttpOptions::new(format!("https://{address}/fhir"))
        };
        let fault = send(&options).await.unwrap_err();
        assert!(matches!(fault, ClinicFault::NotTrusted(_)), "{version:?}: {fault:?}");
        assert_eq!(after_hello.load(Ordering::SeqCst), 0, "{version:?}: more than a refusal was sent");
    }
}

#[tokio::test]
async fn this_computer_shows_its_certificate_where_the_policy_names_one_and_the_server_asks() {
    let (authority, clients) = (Authority::new("Clinic"), Authority::new("Laptops"));
    let leaf = authority.signs("127.0.0.1", |_| {});
    let server = Loopback::encrypted(Conduct::Answer(FINE.to_owned()), acceptor(&leaf, Some(&clients))).await;
    let own = clients.signs("laptop-7", |_| {});
    let (certificate, key) = (clients.folder.path().join("own.pem"), clients.folder.path().join("own-key.pem"));
    std::fs::write(&certificate, own.certificate.pem()).unwrap();
    std::fs::write(&key, own.key.serialize_pem()).unwrap();
    let with =
        ClinicHttpOptions { client_certificate: Some((certificate.clone(), key)), ..options(&server, &authority) };
    assert_eq!(send(&with).await.unwrap().status, 200);
    let requests = server.requests();
    assert!(send(&options(&server, &authority)).await.is_err(), "without one");
    assert_eq!(server.requests(), requests);
    let no_key = clients.folder.path().join("none.pem");
    let missing = ClinicHttpOptions { client_certificate: Some((certificate.clone(), no_key)), ..with.clone() };
    assert!(matches!(ClinicHttp::new(&missing), Err(InvalidServer::ClientCertificateUnreadable { .. })));
    let other = ClinicHttpOptions { client_certificate: Some((certificate.clone(), certificate)), ..with };
    assert!(matches!(ClinicHttp::new(&other), Err(InvalidServer::ClientCertificateContent { .. })));
}

/// Answers every ClientHello with a ServerHello of this version, and counts the octets of records that follow and are
/// no alert (RFC 5246, section 6.2.1 and 7.4.1.3; RFC 2246).
async fn server_of_old_tls([major, minor]: [u8; 2]) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    const ALERT: u8 = 21;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some(_hello) = record(&mut stream).await else { continue };
            // Version, 32 octets of chance, no session, ECDHE-RSA-AES256-SHA, no compression.
            let body = [&[major, minor][..], &[7; 32], &[0, 0xc0, 0x14, 0]].concat();
            let handshake = [&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
            let length = u16::try_from(handshake.len()).unwrap().to_be_bytes();
            stream.write_all(&[&[22, major, minor][..], &length, &handshake].concat()).await.unwrap();
            while let Some((kind, octets)) = record(&mut stream).await {
                if kind != ALERT {
                    count.fetch_add(octets, Ordering::SeqCst);
                }
            }
        }
    });
    (address, counted)
}

/// The kind and the length of the next TLS record.
async fn record(stream: &mut tokio::net::TcpStream) -> Option<(u8, usize)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await.ok()?;
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    Some((head[0], length))
}
