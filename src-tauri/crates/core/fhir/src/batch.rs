//! Resources out as a batch Bundle, answers back by their place. Each entry stands alone: one refusal stops no other.
//! Not here: which rows go together, and what an answer means for a row.
use crate::not_fhir::NotFhir;
use crate::outcome::summary_of_value;
use crate::resources::{Bundle, BundleEntry};
use serde_json::Value;
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
}

/// A Bundle of type `batch` that puts each row at `<type>/<id>`, in this order. The stored text goes out as it is.
pub fn batch_bundle(rows: &[BatchRow<'_>]) -> Result<String, BadRow> {
    let octets: usize = rows.iter().map(|row| row.json.len() + ENTRY_OCTETS).sum();
    let mut bundle = String::with_capacity(octets + ENTRY_OCTETS);
    bundle.push_str(r#"{"resourceType":"Bundle","type":"batch","entry":["#);
    for (index, row) in rows.iter().enumerate() {
        check(row).map_err(|reason| BadRow { index, reason })?;
        let BatchRow { resource_type, id, json } = row;
        if index > 0 {
            bundle.push(',');
        }
        bundle.push_str(&format!(r#"{{"fullUrl":"urn:uuid:{id}","resource":"#));
        bundle.push_str(json);
        bundle.push_str(&format!(r#","request":{{"method":"PUT","url":"{resource_type}/{id}"}}}}"#));
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
    let text = said.and_then(summary_of_value).map(|summary| summary.text).unwrap_or_default();
    Ok(EntryOutcome { status: status.ok_or(NotFhir::Status { index })?, text })
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
        let bundle = batch_bundle(&[BatchRow { resource_type: "Observation", id: ID, json: &json }]).unwrap();
        let parsed: Bundle = serde_json::from_str(&bundle).unwrap();
        assert_eq!(parsed.entry[0].request.as_ref().unwrap().url, format!("Observation/{ID}"));
        assert!(bundle.contains("36.50"));
    }

    #[test]
    fn a_damaged_row_is_named_by_its_place() {
        let (good, other) = (resource(ID), resource(Uuid::from_u128(8)));
        let row = |json| BatchRow { resource_type: "Observation", id: ID, json };
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
        assert_eq!(answers[0], EntryOutcome { status: 201, text: String::new() });
        assert_eq!(answers[1], EntryOutcome { status: 422, text: "required at Observation.status".to_owned() });
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
