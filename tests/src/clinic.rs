//! FHIR servers on loopback for tests: the engine in memory (`tests/clinic`), or the one that whoever runs the tests
//! has started; and a reader that asks a server what it holds. Not here: faults (`fault_proxy`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a server that cannot be had fails the test"
)]
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The base address of a server that runs already, such as `http://127.0.0.1:8080`; without it the engine is started.
const SERVER: &str = "BEDSIDE_CLINIC_SERVER";
/// Which node starts the servers; without it the one on the path.
const NODE: &str = "BEDSIDE_NODE";
/// What the tokens of a strict engine are good for.
const AUDIENCE: &str = "http://127.0.0.1/fhir";
/// Entries of a page of a search.
const PAGE: usize = 500;

/// A FHIR server. Dropping it ends it, if it was started here.
#[derive(Debug)]
pub struct Clinic {
    name: String,
    address: SocketAddr,
    path: String,
    /// Where it is asked what it holds, by whoever runs the tests and has no token.
    own_path: String,
    server: Option<Node>,
    tokens: Option<(Node, SocketAddr)>,
}

impl Clinic {
    /// The server that was named, or a new engine in memory.
    #[must_use]
    pub fn at_hand() -> Self {
        Self::named().unwrap_or_else(|| Self::engine(&[]))
    }

    /// The server that was named, if one was.
    #[must_use]
    pub fn named() -> Option<Self> {
        let named = std::env::var(SERVER).ok()?;
        Some(Self::at("Helios", &named, None))
    }

    /// A new engine in memory, with these arguments.
    #[must_use]
    pub fn engine(arguments: &[&str]) -> Self {
        let (node, base) = Node::start("demo-clinic.mjs", arguments);
        Self::at("Medplum's engine", &base, Some(node))
    }

    /// A new engine that refuses what refers to a resource that it does not have, and every request without a token of
    /// an authorization server of its own. Tokens last so many seconds; the private key of the client `console-backend`,
    /// whose id is `console-1`, is written to this file.
    #[must_use]
    pub fn strict_engine(key: &Path, token_seconds: u64) -> Self {
        let (key, seconds) = (key.to_str().expect("a path in Unicode"), token_seconds.to_string());
        let arguments = ["--fhir-base", AUDIENCE, "--token-seconds", &seconds, "--backend-key", key];
        let (node, issuer) = Node::start("smart-oidc.mjs", &arguments);
        let address = issuer.strip_prefix("http://").and_then(|host| host.parse().ok()).expect("an address");
        let engine = Self::engine(&["--issuer", &issuer, "--audience", AUDIENCE, "--checks-references"]);
        Self { tokens: Some((node, address)), own_path: "/test/fhir".to_owned(), ..engine }
    }

    /// How many tokens its authorization server gave out.
    pub async fn tokens_granted(&self) -> u64 {
        let Some((_, address)) = &self.tokens else { return 0 };
        let (_, body) = exchange(*address, "GET", "/test/seen", "", "").await;
        let seen: Value = serde_json::from_str(&body).expect("JSON");
        seen["granted"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum()
    }

    fn at(name: &str, base: &str, server: Option<Node>) -> Self {
        let rest = base.strip_prefix("http://").expect("a server on loopback, by http");
        let (host, path) =
            rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
        let address = host.parse().expect("an address");
        Self { name: name.to_owned(), address, own_path: path.clone(), path, server, tokens: None }
    }

    /// What it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the engine in memory, started here.
    #[must_use]
    pub fn is_engine(&self) -> bool {
        self.server.is_some()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The FHIR base at another address, such as a proxy's.
    #[must_use]
    pub fn base_at(&self, address: SocketAddr) -> String {
        format!("http://{address}{}", self.path)
    }

    /// One of the clinics that it keeps apart.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Tenant<'_> {
        Tenant { clinic: self, name: name.to_owned() }
    }
}

/// One clinic of a server; it shares nothing with the others.
#[derive(Debug)]
pub struct Tenant<'a> {
    clinic: &'a Clinic,
    name: String,
}

impl Tenant<'_> {
    /// The header that a request to it has.
    #[must_use]
    pub fn header(&self) -> (String, String) {
        ("X-Tenant-ID".to_owned(), self.name.clone())
    }

    /// Everything of a kind, by its id.
    pub async fn all(&self, kind: &str) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        for page in 0.. {
            let path = format!("{}/{kind}?_count={PAGE}&_offset={}", self.clinic.own_path, page * PAGE);
            let answer = self.json("GET", &path).await;
            let entries = answer["entry"].as_array().cloned().unwrap_or_default();
            let last = entries.len() < PAGE;
            for entry in entries {
                let id = entry["resource"]["id"].as_str().expect("an id").to_owned();
                assert!(found.insert(id, entry["resource"].clone()).is_none(), "a page was given twice");
            }
            if last {
                break;
            }
        }
        found
    }

    /// Drops what it holds, where the server can.
    pub async fn forget(&self) {
        if self.clinic.server.is_some() {
            self.json("POST", "/test/forget").await;
        }
    }

    /// Puts a resource at its own id, or posts a Bundle to the base: the status, and what was said.
    pub async fn write(&self, resource: &Value) -> (u16, Value) {
        let (kind, id) = (resource["resourceType"].as_str().expect("a type"), resource["id"].as_str());
        let (method, path) = match (kind, id) {
            ("Bundle", _) | (_, None) => ("POST", self.clinic.path.clone()),
            (_, Some(id)) => ("PUT", format!("{}/{kind}/{id}", self.clinic.path)),
        };
        let path = if path.is_empty() { "/" } else { &path };
        let (status, body) = self.exchange(method, path, &resource.to_string()).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    async fn json(&self, method: &str, path: &str) -> Value {
        let (status, body) = self.exchange(method, path, "").await;
        assert!(status == 200, "{method} {path}: {status} {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    async fn exchange(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        exchange(self.clinic.address, method, path, &self.name, body).await
    }
}

/// One exchange: the status, and the body of the answer.
async fn exchange(address: SocketAddr, method: &str, path: &str, tenant: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\naccept: application/fhir+json\r\nx-tenant-id: {tenant}\r\n\
         content-type: application/fhir+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len(),
    );
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server answers");
    let text = String::from_utf8(answer).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

/// A program of `tests/clinic` that ends when we do.
#[derive(Debug)]
struct Node(Child);

impl Node {
    /// Starts it and waits until it says where it is ready.
    fn start(program: &str, arguments: &[&str]) -> (Self, String) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clinic");
        assert!(
            folder.join("node_modules").exists(),
            "the test servers are not installed: `cargo xtask setup` does it"
        );
        let node = std::env::var_os(NODE).unwrap_or_else(|| "node".into());
        let mut command = Command::new(node);
        command.current_dir(&folder).arg(program).arg("0").args(arguments).arg("--until-stdin-closes");
        // Its complaints are seen; what they are about, a test's failure says.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("node starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let ready = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ready on ").map(str::to_owned));
        let node = Self(child);
        (node, ready.unwrap_or_else(|| panic!("{program} did not start")))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
