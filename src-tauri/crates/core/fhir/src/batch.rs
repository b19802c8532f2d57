//! Resources out as a batch Bundle, answers back by their place. Each entry stands alone: one refusal stops no other.
//! Not here: which rows go together and how each is named (`bedside-outbox`), and what an answer means for a row.
use crate::known_by::KnownBy;
use crate::not_fhir::NotFhir;
use crate::outcome::summary_of_value;
use crate::resources::{Bundle, BundleEntry, BundleResponse};
use bedside_vitals::WallTime;
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

/// One resource for a batch, as it is stored.
#[derive(Clone, Copy)]
pub struct BatchRow<'a> {
    /// For example `Observation`.
    pub resource_type: &'a str,
    /// Its id on the server.
    pub id: Uuid,
    /// The resource as JSON. Health data.
    pub json: &'a str,
    /// How the server is to take it.
    pub how: HowSent<'a>,
}

impl<'a> BatchRow<'a> {
    /// One that is put at its own id.
    pub const fn new(resource_type: &'a str, id: Uuid, json: &'a str) -> Self {
        Self { resource_type, id, json, how: HowSent::AtOurId }
    }
}

/// How a server is to take a resource (FHIR R4 http: update as create, conditional create, version aware update).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HowSent<'a> {
    /// It is put at our id.
    #[default]
    AtOurId,
    /// It is put at our id, where another console may have put the same reading: what stands there is not to be put back
    /// to this first word.
    FirstAtOurId,
    /// It takes the place of what the server has under this id of its own, and only over this version where one is
    /// named.
    Over {
        /// The server's id.
        id: &'a str,
        /// The server's version.
        version: Option<&'a str>,
    },
    /// The server gives the id, and makes none if it has a resource with the same identifier.
    IfNoneExists,
    /// It takes the place of the one that has the same identifier; the server gives the id if there is none.
    OverIdentified,
}

/// What the server calls a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName {
    /// Its id there.
    pub id: String,
    /// Its version, where one is told.
    pub version: Option<String>,
    /// When it was stored by the server's clock, where that is told.
    pub modified: Option<WallTime>,
}

/// What is wrong with a stored resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// Not a JSON object.
    #[error("the stored resource is no JSON object")]
    Json,
    /// It says it is something else than its row says.
    #[error("the stored resource is not of the type that its row names")]
    Type,
    /// It has another id than its row.
    #[error("the stored resource has not the id that its row names")]
    Id,
    /// It has no identifier, and the server gives ids itself: nothing would tell a second copy.
    #[error("the server gives ids itself, and the stored resource has no identifier by which to know it again")]
    NoIdentifier,
    /// What is known as the server's id or version is none.
    #[error("what is kept as the server's id of the resource is no FHIR id")]
    ServerId,
}

/// A row that cannot be sent. The others can, without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {index} cannot be sent: {reason}")]
pub struct BadRow {
    /// Its place among the rows, from 0.
    pub index: usize,
    /// What is wrong.
    pub reason: BadPayload,
}

/// What the server did with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryOutcome {
    /// The HTTP status of the entry, 100 to 599.
    pub status: u16,
    /// The OperationOutcome in words without health data, at most 500 characters; empty when there is none.
    pub text: String,
    /// What the server calls the resource, where it says so.
    pub server: Option<ServerName>,
    /// The server's words say that it takes no ids of ours.
    pub refuses_our_id: bool,
}

/// A Bundle of type `batch` with each row as it is to be taken, in this order. The stored text goes out as it is, but
/// for the id where the server has its own.
pub fn batch_bundle(rows: &[BatchRow<'_>]) -> Result<String, BadRow> {
    let octets: usize = rows.iter().map(|row| row.json.len() + ENTRY_OCTETS).sum();
    let mut bundle = String::with_capacity(octets + ENTRY_OCTETS);
    bundle.push_str(r#"{"resourceType":"Bundle","type":"batch","entry":["#);
    for (index, row) in rows.iter().enumerate() {
        check(row).map_err(|reason| BadRow { index, reason })?;
        if index > 0 {
            bundle.push(',');
        }
        push_entry(&mut bundle, row).map_err(|reason| BadRow { index, reason })?;
    }
    bundle.push_str("]}");
    Ok(bundle)
}

/// The answers to the `sent` entries of a batch, by their place. Anything else than a `batch-response` of that length is
/// no answer at all.
pub fn parse_batch_answer(body: &str, sent: usize) -> Result<Vec<EntryOutcome>, NotFhir> {
    const EXPECTED: &str = "batch-response";
    let bundle: Bundle = serde_json::from_str(body).map_err(|error| NotFhir::shape("Bundle", &error))?;
    if bundle.r#type != EXPECTED {
        return Err(NotFhir::BundleType { expected: EXPECTED });
    }
    if bundle.entry.len() != sent {
        return Err(NotFhir::Length { expected: sent, got: bundle.entry.len() });
    }
    bundle.entry.iter().enumerate().map(|(index, entry)| outcome(index, entry)).collect()
}

fn push_entry(bundle: &mut String, row: &BatchRow<'_>) -> Result<(), BadPayload> {
    let BatchRow { resource_type, id, json, how } = *row;
    let (resource, request) = match how {
        HowSent::AtOurId | HowSent::FirstAtOurId => {
            (Cow::Borrowed(json), format!(r#""method":"PUT","url":"{resource_type}/{id}""#))
        }
        HowSent::Over { id: server, version } => {
            if !is_fhir_id(server) || version.is_some_and(|version| !is_fhir_id(version)) {
                return Err(BadPayload::ServerId);
            }
            let over = version.map(|version| format!(r#","ifMatch":"W/\"{version}\"""#)).unwrap_or_default();
            let request = format!(r#""method":"PUT","url":"{resource_type}/{server}"{over}"#);
            (with_id(json, id, server), request)
        }
        HowSent::IfNoneExists => {
            let query = KnownBy::of(json).ok_or(BadPayload::NoIdentifier)?.criteria();
            let request = format!(r#""method":"POST","url":"{resource_type}","ifNoneExist":"{query}""#);
            (Cow::Borrowed(json), request)
        }
        HowSent::OverIdentified => {
            let query = KnownBy::of(json).ok_or(BadPayload::NoIdentifier)?.criteria();
            let request = format!(r#""method":"PUT","url":"{resource_type}?{query}""#);
            // An id of ours is another one than the server's.
            (Cow::Owned(json.replacen(&format!(r#""id":"{id}","#), "", 1)), request)
        }
    };
    // Without a `fullUrl`: nothing in a batch may refer to it, and servers put their own name of the resource in place of
    // this text wherever it stands, also where it is the resource's identifier.
    bundle.push_str(r#"{"resource":"#);
    bundle.push_str(&resource);
    bundle.push_str(&format!(r#","request":{{{request}}}}}"#));
    Ok(())
}

/// The same resource under the server's id. The text is our own, so the id stands in it as we wrote it.
fn with_id<'a>(json: &'a str, id: Uuid, server: &str) -> Cow<'a, str> {
    if server == id.to_string() {
        return Cow::Borrowed(json);
    }
    Cow::Owned(json.replacen(&format!(r#""id":"{id}""#), &format!(r#""id":"{server}""#), 1))
}

/// A FHIR id: letters, digits, `-` and `.`, 1 to 64 (FHIR R4 datatypes, id). Versions are ids too.
pub(crate) fn is_fhir_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

/// What a reference means to the server: `Type/<our id>` becomes `Type/<its id>`, wherever it stands as a whole text.
pub fn with_references(json: &str, names: &[(Uuid, String)]) -> String {
    let mut all = json.to_owned();
    for (ours, theirs) in names.iter().filter(|(ours, theirs)| is_fhir_id(theirs) && *theirs != ours.to_string()) {
        all = all.replace(&format!("/{ours}\""), &format!("/{theirs}\""));
    }
    all
}

/// Octets of an entry around its resource, rounded up.
const ENTRY_OCTETS: usize = 192;

fn check(row: &BatchRow<'_>) -> Result<(), BadPayload> {
    let Ok(Value::Object(resource)) = serde_json::from_str(row.json) else { return Err(BadPayload::Json) };
    let text = |key: &str| resource.get(key).and_then(Value::as_str);
    let type_is_a_name = row.resource_type.bytes().all(|b| b.is_ascii_alphabetic());
    if text("resourceType") != Some(row.resource_type) || !type_is_a_name {
        return Err(BadPayload::Type);
    }
    if text("id").and_then(|id| Uuid::parse_str(id).ok()) != Some(row.id) {
        return Err(BadPayload::Id);
    }
    Ok(())
}

fn outcome(index: usize, entry: &BundleEntry) -> Result<EntryOutcome, NotFhir> {
    let response = entry.response.as_ref().ok_or(NotFhir::Status { index })?;
    let digits = response.status.split_ascii_whitespace().next().unwrap_or_default();
    let status = digits.parse::<u16>().ok().filter(|status| (100..600).contains(status) && digits.len() == 3);
    // Some servers put the OperationOutcome in the place of the resource.
    let said = response.outcome.as_ref().or(entry.resource.as_ref());
    let summary = said.and_then(summary_of_value);
    let refuses_our_id = summary.as_ref().is_some_and(|summary| summary.refuses_our_id);
    let text = summary.map(|summary| summary.text).unwrap_or_default();
    let server = server_name(response, entry.resource.as_ref());
    Ok(EntryOutcome { status: status.ok_or(NotFhir::Status { index })?, text, server, refuses_our_id })
}

/// From the location (`Type/id/_history/version`, also as a whole URL), the ETag, and the resource where it is given
/// back.
fn server_name(response: &BundleResponse, resource: Option<&Value>) -> Option<ServerName> {
    let location: Vec<&str> = response.location.as_deref().unwrap_or_default().split('/').collect();
    let (id, of_location) = match location.as_slice() {
        [.., id, "_history", version] => (Some(*id), Some(*version)),
        [.., kind, id] if kind.starts_with(|c: char| c.is_ascii_uppercase()) => (Some(*id), None),
        _ => (None, None),
    };
    let given = resource.filter(|resource| resource.get("resourceType").is_some_and(|kind| kind != "OperationOutcome"));
    let id = id.or_else(|| given?.get("id")?.as_str()).filter(|id| is_fhir_id(id))?;
    let meta = |key: &str| given?.get("meta")?.get(key)?.as_str();
    let tag = response.etag.as_deref().map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
    let version = tag.or(of_location).or_else(|| meta("versionId")).filter(|version| is_fhir_id(version));
    let modified = response.last_modified.as_deref().or_else(|| meta("lastUpdated")).and_then(WallTime::parse);
    Some(ServerName { id: id.to_owned(), version: version.map(str::to_owned), modified })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    fn resource(id: Uuid) -> String {
        format!(r#"{{"resourceType":"Observation","id":"{id}","valueQuantity":{{"value":36.50}}}}"#)
    }

    #[test]
    fn a_batch_puts_each_resource_at_its_own_id_and_keeps_every_digit() {
        let json = resource(ID);
        let bundle = batch_bundle(&[BatchRow::new("Observation", ID, &json)]).unwrap();
        let parsed: Bundle = serde_json::from_str(&bundle).unwrap();
        assert_eq!(parsed.entry[0].request.as_ref().unwrap().url, format!("Observation/{ID}"));
        assert!(bundle.contains("36.50"));
    }

    #[test]
    fn no_entry_has_a_full_url_that_a_server_would_replace_within_identifiers() {
        let json = resource(ID).replace("\"value", r#""identifier":[{"system":"urn:a","value":"1"}],"value"#);
        for how in [
            HowSent::AtOurId,
            HowSent::Over { id: "17", version: None },
            HowSent::IfNoneExists,
            HowSent::OverIdentified,
        ] {
            let row = BatchRow { how, ..BatchRow::new("Observation", ID, &json) };
            let bundle: Value = serde_json::from_str(&batch_bundle(&[row]).unwrap()).unwrap();
            assert_eq!(bundle["entry"][0].get("fullUrl"), None, "{how:?}");
        }
    }

    fn request_of(row: BatchRow<'_>) -> (Value, Value) {
        let bundle: Value = serde_json::from_str(&batch_bundle(&[row]).unwrap()).unwrap();
        (bundle["entry"][0]["request"].clone(), bundle["entry"][0]["resource"]["id"].clone())
    }

    #[test]
    fn a_later_version_goes_over_the_one_that_the_server_has_under_its_own_id() {
        let json = resource(ID);
        let how = HowSent::Over { id: "17", version: Some("2") };
        let (request, id) = request_of(BatchRow { how, ..BatchRow::new("Observation", ID, &json) });
        assert_eq!(request, serde_json::json!({"method": "PUT", "url": "Observation/17", "ifMatch": "W/\"2\""}));
        assert_eq!(id, "17");
        let how = HowSent::Over { id: "../Patient", version: None };
        let bad = batch_bundle(&[BatchRow { how, ..BatchRow::new("Observation", ID, &json) }]).unwrap_err();
        assert_eq!(bad.reason, BadPayload::ServerId);
    }

    #[test]
    fn where_the_server_gives_ids_a_resource_is_created_once_for_its_identifier() {
        let json = resource(ID).replace("\"value", r#""identifier":[{"system":"urn:a","value":"1|2, 3"}],"value"#);
        let how = HowSent::IfNoneExists;
        let (request, _) = request_of(BatchRow { how, ..BatchRow::new("Observation", ID, &json) });
        let expected = "identifier=urn:a%7C1%5C%7C2%5C%2C%203";
        assert_eq!(request, serde_json::json!({"method": "POST", "url": "Observation", "ifNoneExist": expected}));
        let row = BatchRow { how: HowSent::OverIdentified, ..BatchRow::new("Observation", ID, &json) };
        let (request, id) = request_of(row);
        let url = format!("Observation?{expected}");
        assert_eq!((request, id), (serde_json::json!({"method": "PUT", "url": url}), Value::Null));
        let without = resource(ID);
        let bad = batch_bundle(&[BatchRow { how, ..BatchRow::new("Observation", ID, &without) }]).unwrap_err();
        assert_eq!(bad.reason, BadPayload::NoIdentifier);
    }

    #[test]
    fn what_the_server_calls_a_resource_is_read_wherever_it_says_so() {
        let name = |entry: &str| {
            let body = format!(r#"{{"resourceType":"Bundle","type":"batch-response","entry":[{entry}]}}"#);
            parse_batch_answer(&body, 1).unwrap().remove(0).server
        };
        let at = WallTime::parse("2026-03-18T12:00:00Z");
        let whole = ServerName { id: "a1".into(), version: Some("3".into()), modified: at };
        let told = r#"{"response":{"status":"201","location":"https://h.example/r4/Observation/a1/_history/3",
            "lastModified":"2026-03-18T12:00:00Z"}}"#;
        let given = r#"{"resource":{"resourceType":"Observation","id":"a1","meta":{"versionId":"3",
            "lastUpdated":"2026-03-18T12:00:00Z"}},"response":{"status":"200"}}"#;
        let tagged = r#"{"response":{"status":"201","location":"Observation/a1","etag":"W/\"3\"",
            "lastModified":"2026-03-18T12:00:00Z"}}"#;
        for entry in [told, given, tagged] {
            assert_eq!(name(entry), Some(whole.clone()), "{entry}");
        }
        assert_eq!(name(r#"{"response":{"status":"201"}}"#), None);
    }

    #[test]
    fn a_reference_to_what_the_server_calls_otherwise_is_put_into_its_words() {
        let json = format!(r#"{{"subject":{{"reference":"Patient/{ID}"}},"note":"{ID}"}}"#);
        let expected = format!(r#"{{"subject":{{"reference":"Patient/17"}},"note":"{ID}"}}"#);
        assert_eq!(with_references(&json, &[(ID, "17".into())]), expected);
    }

    #[test]
    fn a_damaged_row_is_named_by_its_place() {
        let (good, other) = (resource(ID), resource(Uuid::from_u128(8)));
        let row = |json| BatchRow::new("Observation", ID, json);
        let bad = |json| batch_bundle(&[row(&good), row(json)]).unwrap_err();
        assert_eq!(bad("{\"resourceType\":"), BadRow { index: 1, reason: BadPayload::Json });
        assert_eq!(bad("{\"resourceType\":\"Patient\"}"), BadRow { index: 1, reason: BadPayload::Type });
        assert_eq!(bad(&other), BadRow { index: 1, reason: BadPayload::Id });
    }

    #[test]
    fn answers_are_mapped_by_place() {
        let body = r#"{"resourceType":"Bundle","type":"batch-response","entry":[
            {"response":{"status":"201 Created"}},
            {"response":{"status":"422","outcome":{"resourceType":"OperationOutcome",
                "issue":[{"severity":"error","code":"required","expression":["Observation.status"]}]}}}]}"#;
        let answers = parse_batch_answer(body, 2).unwrap();
        assert_eq!((answers[0].status, answers[0].text.as_str()), (201, ""));
        assert_eq!((answers[1].status, answers[1].text.as_str()), (422, "required at Observation.status"));
    }

    #[test]
    fn what_is_no_answer_to_this_batch_is_not_taken_for_one() {
        let answer = |kind: &str, status: &str| {
            format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{{"response":{{"status":"{status}"}}}}]}}"#)
        };
        assert!(matches!(parse_batch_answer("<html>", 1), Err(NotFhir::Shape { line: 1, .. })));
        assert!(parse_batch_answer(r#"{"resourceType":"Patient","type":"batch-response"}"#, 0).is_err());
        let other_type = parse_batch_answer(&answer("searchset", "200"), 1);
        assert_eq!(other_type, Err(NotFhir::BundleType { expected: "batch-response" }));
        let short = parse_batch_answer(&answer("batch-response", "200"), 2);
        assert_eq!(short, Err(NotFhir::Length { expected: 2, got: 1 }));
        for status in ["", "ok", "20", "2000", "099"] {
            let wrong = parse_batch_answer(&answer("batch-response", status), 1);
            assert_eq!(wrong, Err(NotFhir::Status { index: 0 }), "{status:?}");
        }
    }
}
