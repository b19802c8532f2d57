//! Each way in which a request can go wrong, and what may be said of it afterwards: nothing was sent, or nobody knows.
//! Not here: answers that speak FHIR (`real_fhir_server`), and whether to try again, which the outbox decides.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#[allow(dead_code, reason = "each test program uses a part")]
mod loopback;
use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions, InvalidServer};
use bedside_console::ports::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
use bedside_vitals::WallTime;
use loopback::{Conduct, Loopback};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

const RECORD: &str = r#"{"resourceType":"Patient","name":[{"family":"EXAMPLE"}]}"#;

fn post() -> ClinicRequest {
    ClinicRequest { method: Method::Post, path: String::new(), body: Some(RECORD.to_owned()) }
}

async fn send(server: &Loopback) -> Result<ClinicAnswer, ClinicFault> {
    send_with(&ClinicHttpOptions::new(format!("http://{}/fhir", server.address))).await
}

async fn send_with(options: &ClinicHttpOptions) -> Result<ClinicAnswer, ClinicFault> {
    ClinicHttp::new(options).unwrap().send(post()).await
}

fn http(status: &str, headers: &str, body: &str) -> Conduct {
    let length = body.len();
    Conduct::Answer(format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}"
    ))
}

#[tokio::test]
async fn an_answer_comes_back_whole_with_its_headers() {
    let headers = "content-type: application/fhir+json; charset=utf-8\r\ndate: Wed, 18 Mar 2026 12:00:00 GMT\r\n";
    let server = Loopback::plain(http("200 OK", headers, "{\"a\":1}")).await;
    let answer = send(&server).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"a\":1}"));
    assert_eq!(answer.content_type.as_deref(), Some("application/fhir+json"));
    assert_eq!(answer.server_time, Some(WallTime(1_773_835_200_000)));
}

#[tokio::test]
async fn a_server_that_is_busy_says_for_how_long() {
    let server = Loopback::plain(http("429 Too Many Requests", "retry-after: 17\r\n", "")).await;
    let answer = send(&server).await.unwrap();
    assert_eq!((answer.status, answer.retry_after), (429, Some(Duration::from_secs(17))));
}

#[tokio::test]
async fn a_page_of_another_type_is_an_answer_that_shows_its_type() {
    let server = Loopback::plain(http("200 OK", "content-type: text/html\r\n", "<html>Sign in</html>")).await;
    assert_eq!(send(&server).await.unwrap().content_type.as_deref(), Some("text/html"));
}

#[tokio::test]
async fn nobody_listening_means_that_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let fault = send_with(&ClinicHttpOptions::new(format!("http://{address}/fhir"))).await.unwrap_err();
    assert_eq!(fault, ClinicFault::Unreachable("the connection was refused".to_owned()));
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_is_ambiguous() {
    let server = Loopback::plain(Conduct::Hangs).await;
    assert!(matches!(send(&server).await, Err(ClinicFault::Ambiguous(_))));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_ambiguous() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"resourceType\":\"Bun".to_owned();
    let server = Loopback::plain(Conduct::Answer(half)).await;
    assert!(matches!(send(&server).await, Err(ClinicFault::Ambiguous(_))));
}

#[tokio::test]
async fn a_server_that_never_answers_is_ambiguous_after_the_deadline() {
    let server = Loopback::plain(Conduct::Silent).await;
    let options = ClinicHttpOptions {
        total_timeout: Duration::from_millis(200),
        ..ClinicHttpOptions::new(format!("http://{}/fhir", server.address))
    };
    let fault = send_with(&options).await.unwrap_err();
    assert_eq!(fault, ClinicFault::Ambiguous("no answer in time".to_owned()));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read_on() {
    let announced = http("200 OK", "", &"x".repeat(1001));
    let unannounced = Conduct::Answer(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(5000)));
    for conduct in [announced, unannounced] {
        let server = Loopback::plain(conduct).await;
        let options = ClinicHttpOptions {
            largest_answer: 1000,
            ..ClinicHttpOptions::new(format!("http://{}/fhir", server.address))
        };
        assert_eq!(send_with(&options).await, Err(ClinicFault::TooLarge { limit: 1000 }));
    }
}

#[tokio::test]
async fn an_answer_that_is_not_utf_8_is_no_answer() {
    let server = Loopback::plain(http("200 OK", "", "ok")).await;
    assert!(send(&server).await.is_ok());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let _ = stream.read(&mut head).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n\xff\xfe").await;
    });
    let fault = send_with(&ClinicHttpOptions::new(format!("http://{address}/fhir"))).await;
    assert!(matches!(fault, Err(ClinicFault::Ambiguous(_))));
}

#[tokio::test]
async fn a_redirect_is_shown_and_not_followed() {
    let target = Loopback::plain(http("200 OK", "", "{}")).await;
    let header = format!("location: http://{}/fhir\r\n", target.address);
    let server = Loopback::plain(http("307 Temporary Redirect", &header, "")).await;
    assert_eq!(send(&server).await.unwrap().status, 307);
    assert_eq!(target.requests(), 0);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let (tls, authority) = self_signed("127.0.0.1");
    let server = Loopback::encrypted(http("200 OK", "", "{}"), tls).await;
    // Another private authority is trusted, so that this also runs on a computer without any certificates.
    let (_, another) = self_signed("127.0.0.1");
    drop(authority);
    let options = encrypted(&server, &another);
    let fault = send_with(&options).await.unwrap_err();
    assert!(matches!(fault, ClinicFault::NotTrusted(_)), "{fault:?}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_certificate_of_the_sites_own_authority_is_trusted() {
    let (tls, authority) = self_signed("127.0.0.1");
    let server = Loopback::encrypted(http("200 OK", "", "{}"), tls).await;
    assert_eq!(send_with(&encrypted(&server, &authority)).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (tls, authority) = self_signed("fhir.example.org");
    let server = Loopback::encrypted(http("200 OK", "", "{}"), tls).await;
    let fault = send_with(&encrypted(&server, &authority)).await.unwrap_err();
    assert_eq!(fault, ClinicFault::NotTrusted("its certificate is for another name".to_owned()));
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_not_trusted() {
    let server = Loopback::plain(Conduct::Interrupts("HTTP/1.1 400 Bad Request\r\n\r\n")).await;
    let (_, authority) = self_signed("127.0.0.1");
    let fault = send_with(&encrypted(&server, &authority)).await.unwrap_err();
    assert_eq!(fault, ClinicFault::NotTrusted("it does not speak TLS as it must".to_owned()));
}

#[tokio::test]
async fn no_fault_repeats_what_was_sent_or_where() {
    let server = Loopback::plain(Conduct::Hangs).await;
    let clinic = ClinicHttp::new(&ClinicHttpOptions::new(format!("http://{}/fhir", server.address))).unwrap();
    let path = "Patient?identifier=MRN-0042".to_owned();
    let fault = clinic.send(ClinicRequest { method: Method::Get, path, body: None }).await.unwrap_err();
    let said = format!("{fault} {fault:?}");
    assert!(!said.contains("MRN") && !said.contains("127.0.0.1"), "{said}");
}

#[test]
fn an_authority_file_that_is_missing_or_holds_no_certificate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let options =
        ClinicHttpOptions { private_ca: Some(path.clone()), ..ClinicHttpOptions::new("https://fhir.example.org") };
    assert!(matches!(ClinicHttp::new(&options), Err(InvalidServer::CaUnreadable { .. })));
    std::fs::write(&path, "no certificate").unwrap();
    assert_eq!(ClinicHttp::new(&options).unwrap_err(), InvalidServer::CaContent { path });
}

/// A server's TLS and the file by which a client may trust it.
fn self_signed(name: &str) -> (TlsAcceptor, tempfile::NamedTempFile) {
    let signed = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), signed.cert.pem()).unwrap();
    let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority)
}

fn encrypted(server: &Loopback, authority: &tempfile::NamedTempFile) -> ClinicHttpOptions {
    ClinicHttpOptions {
        private_ca: Some(authority.path().to_owned()),
        ..ClinicHttpOptions::new(format!("https://{}/fhir", server.address))
    }
}
