//! The way through a proxy: the policy's own, the system's, or none. A proxy learns the server's name and port, and nothing
//! else. Servers on this computer are asked without one, so the server here is one that no name leads to.
//!
//! The system's proxy is read from the environment, which a running process may not change safely: such a test starts itself
//! again as a child that has it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
use bedside_clinic_http::{ClinicHttp, ClinicHttpOptions, ProxyChoice};
use bedside_console::ports::{ClinicFault, ClinicRequest, ClinicServer, Method};
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

const SERVER: &str = "https://clinic.invalid/fhir";
const BODY: &str = "{\"resourceType\":\"Patient\",\"id\":\"somebody\"}";
/// What the child is to do.
const AS_CHILD: &str = "BEDSIDE_TEST_PROXY_CHILD";
/// Names that a proxy of the system has.
const OF_SYSTEM: [&str; 8] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

/// A proxy on loopback that opens no way anywhere.
struct Proxy {
    address: String,
    heard: JoinHandle<String>,
}

impl Proxy {
    /// It hears one connection to its end, and answers a whole head with this.
    async fn that_answers(status_line: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            let mut part = [0; 4096];
            while let Ok(length) = stream.read(&mut part).await
                && length > 0
            {
                heard.extend_from_slice(&part[..length]);
                if heard.ends_with(b"\r\n\r\n") {
                    stream.write_all(format!("{status_line}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
            String::from_utf8_lossy(&heard).into_owned()
        });
        Self { address, heard }
    }

    /// What it was told, when whoever told it has gone; nothing, where nobody came.
    async fn heard(self) -> String {
        if self.heard.is_finished() { self.heard.await.unwrap() } else { in_time(self.heard).await.unwrap() }
    }
}

/// What does not come within so long does not come.
async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(30), what).await.expect("it comes in time")
}

async fn send(proxy: ProxyChoice) -> ClinicFault {
    let options = ClinicHttpOptions { proxy, ..ClinicHttpOptions::new(SERVER.to_owned()) };
    let request = ClinicRequest { method: Method::Post, path: String::new(), body: Some(BODY.to_owned()) };
    in_time(ClinicHttp::new(&options).unwrap().send(request)).await.expect_err("no way leads there")
}

/// One request to open a way to the server's port, without a body, a path, or a word of what is sent there.
fn asks_only_for_the_way(heard: &str) {
    let mut lines = heard.lines();
    assert_eq!(lines.next(), Some("CONNECT clinic.invalid:443 HTTP/1.1"));
    let (head, rest) = heard.split_once("\r\n\r\n").expect("a whole head");
    assert_eq!(rest, "", "nothing follows it");
    for line in head.lines().skip(1) {
        let name = line.split_once(':').expect("a header").0.to_ascii_lowercase();
        assert!(["host", "user-agent", "proxy-connection"].contains(&name.as_str()), "{line}");
    }
    assert!(!heard.contains("fhir\r") && !heard.contains("/fhir") && !heard.contains("Patient"), "{heard}");
}

#[tokio::test]
async fn the_policys_proxy_learns_the_servers_name_and_nothing_else() {
    let proxy = Proxy::that_answers("HTTP/1.1 502 Bad Gateway").await;
    let fault = send(ProxyChoice::At(proxy.address.clone())).await;
    assert!(matches!(fault, ClinicFault::Unreachable(_)), "{fault:?}");
    asks_only_for_the_way(&proxy.heard().await);
}

#[tokio::test]
async fn a_proxy_that_opens_a_way_to_somebody_else_gets_no_record() {
    // It says that the way is open, and closes: no handshake with the clinic's server comes about.
    let proxy = Proxy::that_answers("HTTP/1.1 200 Connection established").await;
    let _fault = send(ProxyChoice::At(proxy.address.clone())).await;
    let heard = proxy.heard().await;
    let (head, rest) = heard.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("CONNECT clinic.invalid:443 HTTP/1.1\r\n"), "{head}");
    assert!(!rest.contains("HTTP/") && !rest.contains("Patient"), "only a handshake may follow");
}

#[tokio::test]
async fn the_systems_proxy_is_asked_for_the_way_unless_the_policy_says_directly() {
    const NAME: &str = "the_systems_proxy_is_asked_for_the_way_unless_the_policy_says_directly";
    if let Ok(choice) = std::env::var(AS_CHILD) {
        let fault = send(if choice == "direct" { ProxyChoice::Direct } else { ProxyChoice::OfSystem }).await;
        assert!(matches!(fault, ClinicFault::Unreachable(_)), "{fault:?}");
        return;
    }
    let child = async |choice: &str, proxy: &Proxy| {
        let mut child = Command::new(std::env::current_exe().unwrap());
        for name in OF_SYSTEM {
            child.env_remove(name);
        }
        child.args(["--exact", NAME]).env(AS_CHILD, choice).env("HTTPS_PROXY", &proxy.address);
        let done = in_time(child.stdout(Stdio::null()).kill_on_drop(true).status()).await.unwrap();
        assert!(done.success(), "{choice}");
    };
    let proxy = Proxy::that_answers("HTTP/1.1 502 Bad Gateway").await;
    child("system", &proxy).await;
    asks_only_for_the_way(&proxy.heard().await);
    let proxy = Proxy::that_answers("HTTP/1.1 502 Bad Gateway").await;
    child("direct", &proxy).await;
    assert!(!proxy.heard.is_finished(), "nobody came to it");
}
