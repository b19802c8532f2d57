//! Bodies in gzip: sent where the server takes them, never again where it does not, and answers that are small on the
//! wire and huge when unpacked. Not here: what is in them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions};
use bedside_console::ports::{ClinicAnswer, ClinicFault, ClinicRequest, ClinicServer, Method};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What each request held: whether it was packed, and its octets.
type Requests = Arc<Mutex<Vec<(bool, Vec<u8>)>>>;

/// A server that answers packed bodies with one status and others with 200, always with this body, packed or not.
async fn server(status_of_packed: u16, body: Vec<u8>, is_packed: bool) -> (ClinicHttp, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (packed, sent) = request(&mut stream).await;
            seen.lock().unwrap().push((packed, sent));
            let status = if packed { status_of_packed } else { 200 };
            let encoding = if is_packed { "content-encoding: gzip\r\n" } else { "" };
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} X\r\n{encoding}content-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
        }
    });
    let options =
        ClinicHttpOptions { largest_answer: 1024 * 1024, ..ClinicHttpOptions::new(format!("http://{address}/fhir")) };
    (ClinicHttp::new(&options).unwrap(), requests)
}

async fn request(stream: &mut tokio::net::TcpStream) -> (bool, Vec<u8>) {
    let mut read = Vec::new();
    loop {
        let mut part = [0; 8192];
        let length = stream.read(&mut part).await.unwrap();
        read.extend_from_slice(&part[..length]);
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap_or("0");
        if read.len() - end - 4 >= expected.trim().parse().unwrap() {
            return (head.contains("content-encoding: gzip"), read[end + 4..].to_vec());
        }
    }
}

async fn post(clinic: &ClinicHttp, body: &str) -> Result<ClinicAnswer, ClinicFault> {
    let request = ClinicRequest { method: Method::Post, path: String::new(), body: Some(body.to_owned()) };
    clinic.send(request).await
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_large_body_goes_packed_and_is_the_same() {
    let (clinic, requests) = server(200, b"{}".to_vec(), false).await;
    let body = "{\"resourceType\":\"Bundle\"}".repeat(500);
    assert_eq!(post(&clinic, &body).await.unwrap().status, 200);
    assert_eq!(clinic.takes_gzip(), Some(true));
    let (is_packed, sent) = requests.lock().unwrap().remove(0);
    assert!(is_packed && sent.len() * 10 < body.len());
    let mut unpacked = String::new();
    GzDecoder::new(sent.as_slice()).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, body);
}

#[tokio::test]
async fn a_server_that_does_not_take_it_gets_the_same_unpacked_and_is_not_asked_again() {
    let (clinic, requests) = server(415, b"{}".to_vec(), false).await;
    let body = "x".repeat(5000);
    for _ in 0..2 {
        assert_eq!(post(&clinic, &body).await.unwrap().status, 200);
    }
    let kinds: Vec<bool> = requests.lock().unwrap().iter().map(|(packed, _)| *packed).collect();
    assert_eq!((kinds, clinic.takes_gzip()), (vec![true, false, false], Some(false)));
    assert!(requests.lock().unwrap()[1..].iter().all(|(_, sent)| sent == body.as_bytes()));
}

#[tokio::test]
async fn a_server_that_is_busy_or_refuses_the_token_is_not_sent_the_same_twice() {
    for status in [401, 403, 413, 422, 429, 500, 503] {
        let (clinic, requests) = server(status, b"{}".to_vec(), false).await;
        assert_eq!(post(&clinic, &"x".repeat(5000)).await.unwrap().status, status);
        assert_eq!(requests.lock().unwrap().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    let (clinic, _) = server(200, packed(b"{\"a\":1}"), true).await;
    assert_eq!(post(&clinic, "{}").await.unwrap().body, "{\"a\":1}");
}

#[tokio::test]
async fn an_answer_that_is_huge_when_unpacked_is_not_read_on() {
    let bomb = packed(&vec![b' '; 64 * 1024 * 1024]);
    assert!(bomb.len() < 200 * 1024);
    let (clinic, _) = server(200, bomb, true).await;
    assert_eq!(post(&clinic, "{}").await, Err(ClinicFault::TooLarge { limit: 1024 * 1024 }));
}
