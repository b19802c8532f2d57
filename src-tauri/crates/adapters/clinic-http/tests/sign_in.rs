//! Signing in against an authorization server of a few lines that goes wrong in one chosen way: what comes back from
//! the browser, what is asked of the token endpoint and what its answers mean. The real one is in `real_sign_in`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
use bedside_clinic_http::{Browser, ClinicHttp, ClinicHttpOptions, SignInOptions};
use bedside_console::ports::{ClinicFault, ClinicServer, Grant, GrantFault, RefreshToken, SignInKind};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

const GRANT: &str = r#"{"access_token":"access-1","token_type":"Bearer","expires_in":300,"refresh_token":"refresh-2",
    "scope":"user/Observation.cruds"}"#;

/// Announces itself and answers the token endpoint with what the test says.
struct Server {
    base: String,
    /// The forms that the token endpoint got.
    asked: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
}

impl Server {
    async fn answering(status: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let (seen, own) = (Arc::clone(&asked), origin.clone());
        let (status, body) = (status.to_owned(), body.to_owned());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (head, form) = request(&mut stream).await;
                let (status, body) = if head.starts_with("GET /fhir/.well-known/smart-configuration ") {
                    ("200 OK".to_owned(), configuration(&own))
                } else {
                    seen.lock().unwrap().push(form);
                    (status.clone(), body.clone())
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
                     connection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { base: format!("{origin}/fhir"), asked }
    }

    fn client(&self, browser: Browser) -> ClinicHttp {
        self.patient_client(browser, Duration::from_secs(30))
    }

    fn patient_client(&self, browser: Browser, patience: Duration) -> ClinicHttp {
        let sign_in = SignInOptions { browser, patience, ..SignInOptions::new("bedside", "user/Observation.cruds") };
        ClinicHttp::new(&ClinicHttpOptions { sign_in: Some(sign_in), ..ClinicHttpOptions::new(&self.base) }).unwrap()
    }

    fn endpoint(&self) -> String {
        self.base.replace("/fhir", "/token")
    }

    fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.asked.lock().unwrap().clone()
    }
}

fn configuration(origin: &str) -> String {
    format!(
        r#"{{"issuer":"{origin}","authorization_endpoint":"{origin}/authorize","token_endpoint":"{origin}/token",
        "code_challenge_methods_supported":["S256"],"capabilities":["launch-standalone","client-public"]}}"#
    )
}

async fn request(stream: &mut tokio::net::TcpStream) -> (String, BTreeMap<String, String>) {
    let mut read = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.unwrap();
        read.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_ascii_lowercase();
        let expected = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
        if body.len() >= expected.map_or(0, |text| text.trim().parse().unwrap()) {
            return (head.to_owned(), url::form_urlencoded::parse(body.as_bytes()).into_owned().collect());
        }
    }
}

/// A person who comes back with these queries, one visit after another: `STATE` is the state that was sent. What they
/// were sent, and the status of each page that they saw.
struct Person {
    browser: Browser,
    sent: Arc<Mutex<Option<Url>>>,
    visits: Arc<Mutex<Option<std::thread::JoinHandle<Vec<String>>>>>,
}

impl Person {
    /// The pages that they saw, once they saw all.
    fn pages(&self) -> Vec<String> {
        self.visits.lock().unwrap().take().expect("a browser was opened").join().unwrap()
    }
}

fn person(queries: &'static [&'static str]) -> Person {
    let sent = Arc::<Mutex<Option<Url>>>::default();
    let visits = Arc::<Mutex<Option<std::thread::JoinHandle<Vec<String>>>>>::default();
    let (to, begun) = (Arc::clone(&sent), Arc::clone(&visits));
    let browser = Browser::new(move |url| {
        *to.lock().unwrap() = Some(url.clone());
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let (redirect, state) = (Url::parse(&asked["redirect_uri"]).unwrap(), asked["state"].clone());
        let visit = move |query: &&str| visit(&redirect, &query.replace("STATE", &state));
        *begun.lock().unwrap() = Some(std::thread::spawn(move || queries.iter().map(visit).collect()));
        Ok(())
    });
    Person { browser, sent, visits }
}

fn visit(redirect: &Url, query: &str) -> String {
    let address = format!("127.0.0.1:{}", redirect.port().unwrap());
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    write!(stream, "GET {}?{query} HTTP/1.1\r\nHost: {address}\r\n\r\n", redirect.path()).unwrap();
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page);
    page
}

fn nobody() -> Browser {
    Browser::new(|_| Ok(()))
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_its_proof() {
    let server = Server::answering("200 OK", GRANT).await;
    let person = person(&["state=STATE&code=code-1"]);
    let grant = server.client(person.browser.clone()).sign_in().await.unwrap();
    assert_eq!((grant.access.reveal(), grant.lasts), ("access-1", Some(Duration::from_secs(300))));
    assert_eq!(grant.refresh.as_ref().map(RefreshToken::reveal), Some("refresh-2"));
    assert_eq!(grant.endpoint, server.endpoint());
    let sent: BTreeMap<String, String> =
        person.sent.lock().unwrap().clone().unwrap().query_pairs().into_owned().collect();
    assert_eq!((sent["aud"].as_str(), sent["response_type"].as_str()), (server.base.as_str(), "code"));
    assert_eq!((sent["code_challenge_method"].as_str(), sent["client_id"].as_str()), ("S256", "bedside"));
    assert!(sent["state"].len() >= 32 && sent["nonce"].len() >= 32 && sent["state"] != sent["nonce"]);
    assert!(sent["redirect_uri"].starts_with("http://127.0.0.1:"));
    let asked = &server.asked()[0];
    assert_eq!((asked["grant_type"].as_str(), asked["code"].as_str()), ("authorization_code", "code-1"));
    assert_eq!((&asked["redirect_uri"], asked["client_id"].as_str()), (&sent["redirect_uri"], "bedside"));
    assert_eq!(sent["code_challenge"], challenge(&asked["code_verifier"]));
    let page = person.pages().remove(0);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("close this page") && !page.contains("code-1"), "{page}");
}

/// RFC 7636, section 4.2.
fn challenge(verifier: &str) -> String {
    oauth2::PkceCodeChallenge::from_code_verifier_sha256(&oauth2::PkceCodeVerifier::new(verifier.to_owned()))
        .as_str()
        .to_owned()
}

#[tokio::test]
async fn an_answer_with_another_state_is_turned_away_and_the_right_one_still_taken() {
    let server = Server::answering("200 OK", GRANT).await;
    let person = person(&["state=forged&code=theirs", "code=theirs", "state=forged&error=x", "state=STATE&code=ours"]);
    assert!(server.client(person.browser.clone()).sign_in().await.is_ok());
    let codes: Vec<String> = server.asked().iter().map(|form| form["code"].clone()).collect();
    assert_eq!(codes, ["ours"]);
    assert!(person.pages()[..3].iter().all(|page| page.starts_with("HTTP/1.1 400")));
}

#[tokio::test]
async fn a_person_who_declines_is_no_fault_of_anybody_and_nothing_is_asked_for() {
    let server = Server::answering("200 OK", GRANT).await;
    let person = person(&["state=STATE&error=access_denied&error_description=no%20thanks"]);
    let fault = server.client(person.browser.clone()).sign_in().await.unwrap_err();
    assert_eq!(fault, GrantFault::Declined("access_denied".to_owned()));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_names_another_server_is_not_accepted() {
    let server = Server::answering("200 OK", GRANT).await;
    let person = person(&["state=STATE&code=c&iss=https%3A%2F%2Fevil.example"]);
    assert!(matches!(server.client(person.browser.clone()).sign_in().await, Err(GrantFault::NotAccepted(_))));
    assert!(server.asked().is_empty(), "the code goes nowhere");
}

#[tokio::test]
async fn a_browser_that_never_comes_back_is_waited_for_only_so_long() {
    let server = Server::answering("200 OK", GRANT).await;
    let client = server.patient_client(nobody(), Duration::from_millis(50));
    assert_eq!(client.sign_in().await, Err(GrantFault::NobodyCame));
}

#[tokio::test]
async fn a_sign_in_that_is_cancelled_listens_no_more() {
    let server = Server::answering("200 OK", GRANT).await;
    let person = person(&[]);
    let sent = Arc::clone(&person.sent);
    let client = server.client(person.browser.clone());
    let waiting = tokio::spawn(async move { client.sign_in().await });
    let address = loop {
        if let Some(url) = sent.lock().unwrap().clone() {
            break url.query_pairs().find(|(key, _)| key == "redirect_uri").unwrap().1.into_owned();
        }
        tokio::task::yield_now().await;
    };
    let port = Url::parse(&address).unwrap().port().unwrap();
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[tokio::test]
async fn a_computer_without_a_browser_says_so() {
    let server = Server::answering("200 OK", GRANT).await;
    let browser = Browser::new(|_| Err(std::io::Error::from(std::io::ErrorKind::NotFound)));
    assert!(matches!(server.client(browser).sign_in().await, Err(GrantFault::NoBrowser(_))));
}

async fn renewed(server: &Server, endpoint: &str) -> Result<Grant, GrantFault> {
    server.client(nobody()).renew(&RefreshToken::new("refresh-1"), endpoint).await
}

#[tokio::test]
async fn a_renewal_brings_the_next_token_and_asks_once() {
    let server = Server::answering("200 OK", GRANT).await;
    let grant = renewed(&server, &server.endpoint()).await.unwrap();
    assert_eq!(grant.refresh, Some(RefreshToken::new("refresh-2")));
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0]["grant_type"].as_str()), (1, "refresh_token"));
    assert_eq!(asked[0]["refresh_token"], "refresh-1");
}

#[tokio::test]
async fn a_refresh_token_goes_only_where_it_was_granted() {
    let server = Server::answering("200 OK", GRANT).await;
    let fault = renewed(&server, "https://sign-in.before.example/token").await.unwrap_err();
    assert_eq!(fault, GrantFault::SignInAgain);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn what_the_token_endpoint_says_is_told_apart() {
    for (status, body, expected) in [
        ("400 Bad Request", r#"{"error":"invalid_grant"}"#, GrantFault::SignInAgain),
        ("401 Unauthorized", r#"{"error":"invalid_client"}"#, GrantFault::Refused("invalid_client".into())),
        ("400 Bad Request", r#"{"error":"Patient EXAMPLE"}"#, GrantFault::Refused("another reason".into())),
        (
            "503 Service Unavailable",
            r#"{"error":"invalid_grant"}"#,
            GrantFault::NoAnswer(ClinicFault::Ambiguous("the sign-in server answered 503".into())),
        ),
        (
            "200 OK",
            "<html>Maintenance</html>",
            GrantFault::NoAnswer(ClinicFault::Ambiguous("the sign-in server gave no token".into())),
        ),
        ("200 OK", r#"{"access_token":"a","token_type":"mac"}"#, GrantFault::NotOffered("bearer tokens")),
    ] {
        let server = Server::answering(status, body).await;
        assert_eq!(renewed(&server, &server.endpoint()).await.unwrap_err(), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_server_that_announces_no_sign_in_or_cannot_be_reached_is_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sign_in = SignInOptions { browser: nobody(), ..SignInOptions::new("bedside", "openid") };
    let options =
        ClinicHttpOptions { sign_in: Some(sign_in), ..ClinicHttpOptions::new(format!("http://{address}/fhir")) };
    let clinic = ClinicHttp::new(&options).unwrap();
    assert_eq!(clinic.sign_in_kind(), SignInKind::Person);
    assert!(matches!(clinic.sign_in().await, Err(GrantFault::NoAnswer(ClinicFault::Unreachable(_)))));
    assert_eq!(
        ClinicHttp::new(&ClinicHttpOptions::new("https://a.example")).unwrap().sign_in_kind(),
        SignInKind::NotNeeded
    );
}

#[tokio::test]
async fn no_fault_and_no_grant_prints_a_token() {
    let server = Server::answering("200 OK", GRANT).await;
    let said = format!("{:?}", renewed(&server, &server.endpoint()).await);
    assert!(!said.contains("access-1") && !said.contains("refresh-"), "{said}");
    let server = Server::answering("200 OK", r#"{"access_token":"access-1","token_type":7}"#).await;
    let fault = renewed(&server, &server.endpoint()).await.unwrap_err();
    assert!(!format!("{fault} {fault:?}").contains("access-1"), "{fault:?}");
}
