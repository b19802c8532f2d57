//! Bundles on their way: which records a request is about, what the server said of each, entries taken out and put in.
//! Not here: octets, and what is done to whom.
use serde_json::{Value, json};

use super::bundle;
use super::wire::Message;

/// Whether it is a Bundle for the base of the server.
pub(super) fn is_batch(request: &Message) -> bool {
    request.method() == "POST" && bundle(request).is_some_and(|body| body["entry"].is_array())
}

/// Whether it is a Bundle without entries.
pub(super) fn is_empty_batch(request: &Message) -> bool {
    bundle(request).is_some_and(|body| body["entry"].as_array().is_some_and(Vec::is_empty))
}

/// What a batch of nothing is answered with.
pub(super) fn empty_answer() -> Message {
    let body = json!({ "resourceType": "Bundle", "type": "batch-response", "entry": [] });
    Message::answer(200, "application/fhir+json", body.to_string().into_bytes())
}

/// The records that a request writes, as `Type/id`, in its order. What is put or created under a condition has no id
/// yet: it is its `Type`, with or without that condition.
pub(super) fn urls(request: &Message) -> Vec<String> {
    match (request.method(), bundle(request)) {
        ("POST", Some(body)) => entries(&body).iter().map(|entry| text(&entry["request"]["url"])).collect(),
        ("PUT", _) => vec![last_two(request.path())],
        _ => Vec::new(),
    }
}

/// The records as the server calls them, in the same order: where it gives the id, as the answer names it.
pub(super) fn names(request: &Message, answer: &Message) -> Vec<String> {
    let mut names = urls(request);
    let told = bundle(answer);
    for (name, entry) in names.iter_mut().zip(told.as_ref().map_or(&[][..], entries)) {
        if name.contains('?') || !name.contains('/') {
            *name = name_in(entry).unwrap_or_default();
        }
    }
    names
}

/// From the location (`[base/]Type/id[/_history/version]`), or the resource that is given back.
fn name_in(entry: &Value) -> Option<String> {
    let location = text(&entry["response"]["location"]);
    let of_location = location.split("/_history/").next().filter(|url| url.contains('/')).map(last_two);
    let of_resource =
        || Some(format!("{}/{}", entry["resource"]["resourceType"].as_str()?, entry["resource"]["id"].as_str()?));
    of_location.or_else(of_resource)
}

/// What the server said of each of them, in the same order.
pub(super) fn statuses(request: &Message, answer: &Message) -> Vec<u16> {
    if !is_batch(request) {
        return vec![answer.status()];
    }
    let Some(body) = bundle(answer).filter(|_| answer.status() == 200) else { return Vec::new() };
    let status = |entry: &Value| text(&entry["response"]["status"]).split(' ').next().and_then(|s| s.parse().ok());
    entries(&body).iter().map(|entry| status(entry).unwrap_or(0)).collect()
}

/// Whom the entries of a batch are about, by their place in it.
pub(super) fn subjects(request: &Message) -> Vec<(usize, String)> {
    let Some(body) = bundle(request).filter(|_| is_batch(request)) else { return Vec::new() };
    let subject = |(index, entry): (usize, &Value)| {
        let subject = entry["resource"]["subject"]["reference"].as_str()?;
        subject.starts_with("Patient/").then(|| (index, subject.to_owned()))
    };
    entries(&body).iter().enumerate().filter_map(subject).collect()
}

/// The same batch without the entries at these places, which are in order.
pub(super) fn without_entries(request: &Message, places: &[usize]) -> Message {
    let mut request = request.clone();
    let Some(mut body) = bundle(&request).filter(|_| !places.is_empty()) else { return request };
    if let Some(entries) = body["entry"].as_array_mut() {
        let mut place = 0..;
        entries.retain(|_| place.next().is_some_and(|place| !places.contains(&place)));
    }
    request.body = body.to_string().into_bytes();
    request
}

/// An answer with an entry more at each of these places, which are in order.
pub(super) fn put_refusals(answer: &mut Message, places: &[usize], refusal: impl Fn() -> Value) {
    change_entries(answer, |entries| {
        for place in places {
            entries.insert((*place).min(entries.len()), refusal());
        }
    });
}

/// The first entry becomes the last.
pub(super) fn reorder(answer: &mut Message) {
    change_entries(answer, |entries| {
        if !entries.is_empty() {
            entries.rotate_left(1);
        }
    });
}

pub(super) fn drop_last_entry(answer: &mut Message) {
    change_entries(answer, |entries| drop(entries.pop()));
}

/// Only what a batch was answered with is changed: the answer to a search has no order to keep.
fn change_entries(answer: &mut Message, change: impl FnOnce(&mut Vec<Value>)) {
    let Some(mut body) = bundle(answer).filter(|body| body["type"] == "batch-response") else { return };
    if let Some(entries) = body["entry"].as_array_mut() {
        change(entries);
        answer.body = body.to_string().into_bytes();
    }
}

fn entries(body: &Value) -> &[Value] {
    body["entry"].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `Type/id` at the end of a path.
fn last_two(path: &str) -> String {
    let mut parts = path.split('?').next().unwrap_or_default().rsplitn(3, '/');
    let (id, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{kind}/{id}")
}
