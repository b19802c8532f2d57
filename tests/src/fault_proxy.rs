//! A proxy on loopback between a console and a FHIR server, which does on purpose what networks and servers do by
//! accident. It keeps what the server really said of each record. Not here: which faults there are (`fault`), octets
//! (`wire`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a rig that does not work fails the test"
)]
pub mod fault;
mod rules;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use fault::{Fault, RetryAfter, schedule};
use wire::Message;

/// Between the parts of a slow body.
const DRIP: Duration = Duration::from_millis(2);

/// A running proxy. Dropping it ends it, and every exchange that is under way.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

/// What the proxy is to do besides passing on.
#[derive(Clone, Debug, Default)]
pub struct Passing {
    /// Headers that every request is given.
    pub headers: Vec<(String, String)>,
    /// Records that refer to a patient the server does not have are refused with 400, as servers with referential
    /// integrity do.
    pub checks_references: bool,
    /// A batch of more entries than this is refused with 413.
    pub most_entries: Option<usize>,
}

/// One exchange, as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Method and path.
    pub request: String,
    /// What was done to it.
    pub fault: Fault,
    /// What the server answered; `None` where it was not asked.
    pub status: Option<u16>,
}

/// From which request on nothing is answered any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The request with which the server would have stored more records than this.
    pub beyond: usize,
    /// The server does the work of that request; only the answer is held.
    pub works: bool,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    passing: Passing,
    state: Mutex<State>,
    /// Counts what was said about holding, with `state` in hand: a request is held until the next word.
    words: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    schedule: VecDeque<Fault>,
    /// Requests that were read, whole.
    begun: usize,
    exchanges: Vec<Exchange>,
    hold: Option<Hold>,
    /// Requests that are held since the last word about it.
    held: usize,
    /// How often the server stored each record, by the `Type/id` that it has there.
    stored: BTreeMap<String, u32>,
}

impl FaultProxy {
    /// Starts it in front of a server that is on loopback.
    pub async fn start(upstream: SocketAddr, passing: Passing) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared { upstream, passing, state: Mutex::default(), words: watch::Sender::default() });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self { address, shared, listening }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens to the next exchanges, one each; those after them are left alone.
    pub fn follow(&self, schedule: impl IntoIterator<Item = Fault>) {
        self.shared.state().schedule = schedule.into_iter().collect();
    }

    /// Faults that have not happened yet.
    #[must_use]
    pub fn faults_left(&self) -> usize {
        self.shared.state().schedule.len()
    }

    /// Holds requests from one on, or none; whoever is held already hears nothing of it and is hung up on.
    pub fn hold(&self, hold: Option<Hold>) {
        let mut state = self.shared.state();
        state.hold = hold;
        state.held = 0;
        self.shared.words.send_modify(|words| *words += 1);
    }

    /// Whether somebody waits for an answer that is held.
    #[must_use]
    pub fn holds_one(&self) -> bool {
        self.shared.state().held > 0
    }

    /// Every exchange so far.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.state().exchanges.clone()
    }

    /// Requests that came so far.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.shared.state().begun
    }

    /// Whether a request came that is not answered yet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let state = self.shared.state();
        state.begun > state.exchanges.len()
    }

    /// What the server said it has stored, whoever heard of it, and how often: by the `Type/id` that it has there.
    #[must_use]
    pub fn stored(&self) -> BTreeMap<String, u32> {
        self.shared.state().stored.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn next_fault(&self, request: &Message) -> Fault {
        let mut state = self.state();
        state.begun += 1;
        match state.schedule.front() {
            Some(Fault::TokenEndsOnTheWay(_)) if request.header("authorization").is_none() => Fault::None,
            _ => state.schedule.pop_front().unwrap_or(Fault::None),
        }
    }

    /// Whether this request is held, and until which word.
    fn held(&self, request: &Message) -> Option<(Hold, usize)> {
        let state = self.state();
        let hold = state.hold?;
        let urls: BTreeSet<String> = rules::urls(request).into_iter().collect();
        let new = urls.iter().filter(|url| !state.stored.contains_key(*url)).count();
        (new > 0 && state.stored.len() + new > hold.beyond).then_some((hold, *self.words.borrow()))
    }

    /// Until something else is said about holding.
    async fn wait_for_a_word(&self, after: usize) {
        let mut words = self.words.subscribe();
        {
            let mut state = self.state();
            state.held += usize::from(*words.borrow() == after);
        }
        // It ends with a word, or with the exchange: the sender is our own.
        let _ = words.wait_for(|words| *words != after).await;
    }

    /// Remembers which records of a request the server took.
    fn remember(&self, request: &Message, answer: &Message) {
        let names = rules::names(request, answer);
        let statuses = rules::statuses(request, answer);
        let mut state = self.state();
        for (name, _) in names.into_iter().zip(statuses).filter(|(_, status)| (200..300).contains(status)) {
            *state.stored.entry(name).or_default() += 1;
        }
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // The exchanges end with the set, and the set with the proxy.
    let mut exchanges = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        exchanges.spawn(exchange(stream, Arc::clone(&shared)));
        while exchanges.try_join_next().is_some() {}
    }
}

/// One request and what becomes of it. Whoever hangs up meanwhile is not told anything.
async fn exchange(mut client: TcpStream, shared: Arc<Shared>) {
    // A client may open a connection and never use it.
    let Ok(Some(request)) = Message::read(&mut client).await else { return };
    let fault = match shared.next_fault(&request) {
        _ if shared.passing.most_entries.is_some_and(|most| rules::urls(&request).len() > most) => {
            Fault::Status(413, None)
        }
        // To one record alone it is no fault but the server's word on it.
        Fault::Status(413, _) if rules::urls(&request).len() < 2 => Fault::None,
        fault => fault,
    };
    let status = match shared.held(&request) {
        Some((hold, word)) => {
            let worked = if hold.works { Box::pin(forward(&shared, &request)).await } else { None };
            shared.wait_for_a_word(word).await;
            worked.map(|answer| answer.status())
        }
        None => Box::pin(answer(&mut client, &shared, &request, fault)).await,
    };
    shared.state().exchanges.push(Exchange { request: request.line(), fault, status });
    let _ = client.shutdown().await;
}

/// Answers one request; what the server said, where it was asked.
async fn answer(client: &mut TcpStream, shared: &Shared, request: &Message, fault: Fault) -> Option<u16> {
    if let Some(told) = fault.instead_of_the_server() {
        if let Some(told) = told {
            let _ = client.write_all(&told.octets()).await;
        }
        return None;
    }
    if let Fault::Delayed(wait) | Fault::TokenEndsOnTheWay(wait) = fault {
        tokio::time::sleep(wait).await;
    }
    if fault == Fault::Duplicated {
        forward(shared, request).await;
    }
    let answered = match fault {
        Fault::TokenDiesWithin => token_dies_within(shared, request).await,
        _ => forward(shared, request).await,
    };
    let Some(answered) = answered else {
        let _ = client.write_all(&Message::answer(502, "text/plain", b"the server is gone".to_vec()).octets()).await;
        return None;
    };
    let status = answered.status();
    give_back(client, answered, fault).await;
    Some(status)
}

/// The server's answer, as the fault leaves it.
async fn give_back(client: &mut TcpStream, mut answer: Message, fault: Fault) {
    match fault {
        Fault::AnswerLost => return,
        Fault::GatewayTimeout => answer = Message::answer(504, "text/html", b"<html>504</html>".to_vec()),
        Fault::PageAfterwards => answer = Message::answer(200, "text/html", b"<html>Welcome</html>".to_vec()),
        Fault::WrongType => answer.set_header("content-type", "text/plain"),
        Fault::Reordered => rules::reorder(&mut answer),
        Fault::EntryMissing => rules::drop_last_entry(&mut answer),
        Fault::Huge(octets) => answer.body.extend(std::iter::repeat_n(b' ', octets)),
        _ => {}
    }
    let octets = answer.octets();
    match fault {
        Fault::Truncated => {
            let half = octets.len() - answer.body.len() / 2;
            let _ = client.write_all(&octets[..half.min(octets.len() - 1)]).await;
        }
        Fault::Slow => {
            for part in octets.chunks(octets.len().div_ceil(8).max(1)) {
                let _ = client.write_all(part).await;
                let _ = client.flush().await;
                tokio::time::sleep(DRIP).await;
            }
        }
        _ => {
            let _ = client.write_all(&octets).await;
        }
    }
}

/// Asks the server; `None` when it gave no whole answer.
async fn forward(shared: &Shared, request: &Message) -> Option<Message> {
    let mut request = request.clone();
    for (name, value) in &shared.passing.headers {
        request.set_header(name, value);
    }
    // The proxy reads what is said.
    request.remove_header("accept-encoding");
    let orphans = if shared.passing.checks_references { orphans(shared, &request).await } else { Vec::new() };
    let mut answer = match rules::without_entries(&request, &orphans) {
        // A server refuses a batch of nothing.
        nothing if rules::is_empty_batch(&nothing) && !orphans.is_empty() => rules::empty_answer(),
        asked => ask(shared, &asked).await?,
    };
    rules::put_refusals(&mut answer, &orphans, || {
        json!({ "response": { "status": "400", "outcome": {
            "resourceType": "OperationOutcome",
            "issue": [{ "severity": "error", "code": "not-found",
                "diagnostics": "Observation.subject refers to a resource that is not on this server" }],
        } } })
    });
    shared.remember(&request, &answer);
    Some(answer)
}

/// The token ends while the server works: the first half of a batch is done, each of the others is answered with 401.
async fn token_dies_within(shared: &Shared, request: &Message) -> Option<Message> {
    let entries = rules::urls(request).len();
    if !rules::is_batch(request) || entries < 2 {
        return Some(fault::unauthorized());
    }
    let late: Vec<usize> = (entries.div_ceil(2)..entries).collect();
    let mut answer = forward(shared, &rules::without_entries(request, &late)).await?;
    rules::put_refusals(&mut answer, &late, || json!({ "response": { "status": "401 Unauthorized" } }));
    Some(answer)
}

/// The entries of a batch whose patient the server says it does not have, neither yet nor after this batch. A server that
/// says something else, as 401 to a token that ended, is asked the batch itself.
async fn orphans(shared: &Shared, request: &Message) -> Vec<usize> {
    let mut missing: BTreeMap<String, bool> = rules::urls(request).into_iter().map(|url| (url, false)).collect();
    let mut orphans = Vec::new();
    for (index, subject) in rules::subjects(request) {
        if !missing.contains_key(&subject) {
            let mut look = Message::request("GET", &format!("{}/{subject}", request.path().trim_end_matches('/')));
            look.copy_headers(request, &["host", "authorization", "x-tenant-id"]);
            let gone = ask(shared, &look).await.is_some_and(|answer| matches!(answer.status(), 404 | 410));
            missing.insert(subject.clone(), gone);
        }
        if missing[&subject] {
            orphans.push(index);
        }
    }
    orphans
}

async fn ask(shared: &Shared, request: &Message) -> Option<Message> {
    let mut server = TcpStream::connect(shared.upstream).await.ok()?;
    server.write_all(&request.octets()).await.ok()?;
    Message::read(&mut server).await.ok().flatten()
}

/// A batch's body as JSON.
fn bundle(message: &Message) -> Option<Value> {
    serde_json::from_slice::<Value>(&message.body).ok().filter(|body| body["resourceType"] == "Bundle")
}

#[cfg(test)]
#[path = "fault_proxy/tests.rs"]
mod tests;
