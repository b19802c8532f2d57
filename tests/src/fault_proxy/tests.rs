//! That the proxy does what its faults say, before a server of a few lines.
//! Not here: a real server (`tests/sync`).
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const ENDED: &str = "Bearer ended";
/// More than anything takes here.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that takes every entry of a batch, has one patient, refuses one token, and ends with the test.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Ok(Some(request)) = Message::read(&mut stream).await else { continue };
            let answer = match request.path() {
                _ if request.header("authorization") == Some(ENDED) => fault::unauthorized(),
                "/fhir/Patient/known" => Message::answer(200, "application/fhir+json", b"{}".to_vec()),
                "/fhir" => {
                    let entries: Vec<Value> = rules::urls(&request)
                        .into_iter()
                        .map(|url| json!({ "response": { "status": "201", "location": url } }))
                        .collect();
                    let body = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": entries });
                    Message::answer(200, "application/fhir+json", body.to_string().into_bytes())
                }
                _ => Message::answer(404, "text/plain", Vec::new()),
            };
            stream.write_all(&answer.octets()).await.unwrap();
        }
    });
    address
}

fn batch(subjects: &[&str]) -> Vec<u8> {
    let entry = |(number, subject): (usize, &&str)| {
        json!({
            "resource": { "resourceType": "Observation", "subject": { "reference": format!("Patient/{subject}") } },
            "request": { "method": "PUT", "url": format!("Observation/{number}") },
        })
    };
    let entries: Vec<Value> = subjects.iter().enumerate().map(entry).collect();
    json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }).to_string().into_bytes()
}

/// What a client gets, octet for octet.
async fn sent(proxy: &FaultProxy, body: Vec<u8>) -> Vec<u8> {
    sent_under(None, proxy, body).await
}

async fn sent_under(authorization: Option<&str>, proxy: &FaultProxy, body: Vec<u8>) -> Vec<u8> {
    let mut request = Message::request("POST", "/fhir");
    request.body = body;
    if let Some(authorization) = authorization {
        request.set_header("authorization", authorization);
    }
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(&request.octets()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

fn statuses(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    let entries = body["entry"].as_array().unwrap();
    entries.iter().map(|entry| entry["response"]["status"].as_str().unwrap().to_owned()).collect()
}

async fn proxy(fault: Fault) -> FaultProxy {
    let proxy = FaultProxy::start(server().await, Passing::default()).await;
    proxy.follow([fault]);
    proxy
}

#[tokio::test]
async fn without_a_fault_the_answer_comes_back_and_is_remembered() {
    let proxy = proxy(Fault::None).await;
    assert_eq!(statuses(&sent(&proxy, batch(&["a", "b"])).await), ["201", "201"]);
    assert_eq!(proxy.stored(), [("Observation/0".to_owned(), 1), ("Observation/1".to_owned(), 1)].into());
}

#[tokio::test]
async fn an_answer_that_is_lost_was_given() {
    let proxy = proxy(Fault::AnswerLost).await;
    assert_eq!(sent(&proxy, batch(&["a"])).await, b"");
    assert_eq!(proxy.stored().len(), 1);
}

#[tokio::test]
async fn what_is_lost_on_the_way_never_arrives() {
    for fault in [Fault::LostOnTheWay, Fault::Page, Fault::Status(503, Some(RetryAfter::Seconds(7)))] {
        let proxy = proxy(fault).await;
        let answer = sent(&proxy, batch(&["a"])).await;
        assert!(proxy.stored().is_empty(), "{fault:?}");
        let told = String::from_utf8_lossy(&answer).contains("retry-after: 7");
        assert_eq!(told, matches!(fault, Fault::Status(..)));
    }
}

#[tokio::test]
async fn a_doubled_request_is_carried_out_twice() {
    let proxy = proxy(Fault::Duplicated).await;
    assert_eq!(statuses(&sent(&proxy, batch(&["a"])).await).len(), 1);
    assert_eq!(proxy.stored()["Observation/0"], 2);
}

#[tokio::test]
async fn a_truncated_answer_is_shorter_than_it_says() {
    let proxy = proxy(Fault::Truncated).await;
    let answer = String::from_utf8(sent(&proxy, batch(&["a", "b"])).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let said: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    assert!(body.len() < said && !body.is_empty());
}

#[tokio::test]
async fn a_token_that_dies_within_leaves_the_first_half() {
    let proxy = proxy(Fault::TokenDiesWithin).await;
    let statuses = statuses(&sent(&proxy, batch(&["a", "b", "c"])).await);
    assert_eq!(statuses, ["201", "201", "401 Unauthorized"]);
    assert_eq!(proxy.stored().len(), 2);
}

#[tokio::test]
async fn what_a_token_does_not_survive_waits_for_a_request_with_a_token() {
    let proxy = proxy(Fault::TokenEndsOnTheWay(Duration::from_millis(1))).await;
    sent(&proxy, batch(&["a"])).await;
    assert_eq!(proxy.faults_left(), 1);
    sent_under(Some("Bearer x"), &proxy, batch(&["a"])).await;
    assert_eq!(proxy.faults_left(), 0);
}

#[tokio::test]
async fn what_a_server_created_under_a_condition_is_kept_by_the_name_that_it_gave() {
    let entry =
        json!({ "resource": {}, "request": { "method": "POST", "url": "Device", "ifNoneExist": "identifier=a" } });
    let mut request = Message::request("POST", "/fhir");
    let over = json!({ "resource": {}, "request": { "method": "PUT", "url": "Device?identifier=http://a/b%7C1" } });
    request.body = json!({ "resourceType": "Bundle", "entry": [entry, over] }).to_string().into_bytes();
    let said = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": [
        { "response": { "status": "201", "location": "http://127.0.0.1/fhir/Device/7/_history/1" } },
        { "response": { "status": "200" }, "resource": { "resourceType": "Device", "id": "8" } },
    ] });
    let answer = Message::answer(200, "application/fhir+json", said.to_string().into_bytes());
    assert_eq!(rules::names(&request, &answer), ["Device/7", "Device/8"]);
}

#[tokio::test]
async fn one_record_alone_is_not_too_many() {
    let proxy = proxy(Fault::Status(413, None)).await;
    assert_eq!(statuses(&sent(&proxy, batch(&["a"])).await), ["201"]);
    proxy.follow([Fault::Status(413, None)]);
    assert!(sent(&proxy, batch(&["a", "b"])).await.starts_with(b"HTTP/1.1 413"));
}

#[tokio::test]
async fn a_batch_of_more_entries_than_the_server_is_said_to_take_is_too_large() {
    let passing = Passing { most_entries: Some(2), ..Passing::default() };
    let proxy = FaultProxy::start(server().await, passing).await;
    assert!(sent(&proxy, batch(&["a", "b", "c"])).await.starts_with(b"HTTP/1.1 413"));
    assert_eq!(statuses(&sent(&proxy, batch(&["a", "b"])).await), ["201", "201"]);
}

#[tokio::test]
async fn a_record_of_a_patient_whom_the_server_does_not_have_is_refused_in_its_place() {
    let passing = Passing { checks_references: true, ..Passing::default() };
    let proxy = FaultProxy::start(server().await, passing).await;
    assert_eq!(statuses(&sent(&proxy, batch(&["known", "stranger", "known"])).await), ["201", "400", "201"]);
    assert_eq!(statuses(&sent(&proxy, batch(&["stranger"])).await), ["400"]);
    let stored: Vec<String> = proxy.stored().into_keys().collect();
    assert_eq!(stored, ["Observation/0", "Observation/2"]);
}

#[tokio::test]
async fn a_request_that_is_held_is_not_answered_and_its_work_is_done_only_where_that_is_wanted() {
    let proxy = Arc::new(proxy(Fault::None).await);
    for (works, stored) in [(false, 2), (true, 3)] {
        proxy.hold(Some(Hold { beyond: 2, works }));
        assert_eq!(statuses(&sent(&proxy, batch(&["a", "b"])).await), ["201", "201"], "not more than that");
        let third = tokio::spawn({
            let proxy = Arc::clone(&proxy);
            async move { sent(&proxy, batch(&["a", "b", "c"])).await }
        });
        let held = async {
            while !proxy.holds_one() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, held).await.expect("the third is held");
        assert!(proxy.is_busy() && !third.is_finished());
        assert_eq!(proxy.stored().len(), stored);
        proxy.hold(None);
        assert_eq!(third.await.unwrap(), b"");
        assert!(!proxy.holds_one());
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_token_is_not_taken_to_miss_the_patients() {
    let passing = Passing { checks_references: true, ..Passing::default() };
    let proxy = FaultProxy::start(server().await, passing).await;
    assert!(sent_under(Some(ENDED), &proxy, batch(&["known", "known"])).await.starts_with(b"HTTP/1.1 401"));
    assert_eq!(proxy.exchanges()[0].status, Some(401));
}
