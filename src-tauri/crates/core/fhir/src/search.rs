//! Asking a server which resources arrived, after an answer was lost. A resource counts only if the server holds it with
//! everything that was sent: an earlier version under the same id is not the later one. Not here: when to ask.
use crate::batch::BatchRow;
use crate::not_fhir::NotFhir;
use crate::resources::Bundle;
use serde_json::Value;
use uuid::Uuid;

/// Path and query of the search for these ids, relative to the base URL, for example `Observation?_id=a,b&_count=2`.
pub fn ids_search_path(resource_type: &str, ids: &[Uuid]) -> String {
    let list = ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(",");
    format!("{resource_type}?_id={list}&_count={}", ids.len())
}

/// The ids of the rows that the server holds just as they were sent. What else it sends, as servers that ignore a search
/// parameter do, is left aside; what it holds otherwise counts as not arrived, and sending it again makes no copy.
pub fn parse_ids_answer(body: &str, sent: &[BatchRow<'_>]) -> Result<Vec<Uuid>, NotFhir> {
    const EXPECTED: &str = "searchset";
    let bundle: Bundle = serde_json::from_str(body).map_err(|error| NotFhir::shape("Bundle", &error))?;
    if bundle.r#type != EXPECTED {
        return Err(NotFhir::BundleType { expected: EXPECTED });
    }
    let stored: Vec<&Value> = bundle.entry.iter().filter_map(|entry| entry.resource.as_ref()).collect();
    let is_there = |row: &&BatchRow<'_>| {
        let Ok(sent) = serde_json::from_str::<Value>(row.json) else { return false };
        let is_ours = |resource: &&&Value| ["resourceType", "id"].iter().all(|key| resource.get(key) == sent.get(key));
        stored.iter().find(is_ours).is_some_and(|stored| holds(stored, &sent))
    };
    Ok(sent.iter().filter(is_there).map(|row| row.id).collect())
}

/// Whether `stored` holds all of `sent`. Servers add elements and write 36.50 as 36.5; both are the same resource.
fn holds(stored: &Value, sent: &Value) -> bool {
    match (stored, sent) {
        (Value::Object(stored), Value::Object(sent)) => {
            sent.iter().all(|(key, sent)| stored.get(key).is_some_and(|stored| holds(stored, sent)))
        }
        (Value::Array(stored), Value::Array(sent)) => {
            stored.len() == sent.len() && stored.iter().zip(sent).all(|(stored, sent)| holds(stored, sent))
        }
        (Value::Number(stored), Value::Number(sent)) => stored == sent || stored.as_f64() == sent.as_f64(),
        _ => stored == sent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    fn sent(id: Uuid, value: &str) -> String {
        format!(r#"{{"resourceType":"Observation","id":"{id}","valueQuantity":{{"value":{value}}}}}"#)
    }

    fn arrived(stored: &[String], rows: &[(Uuid, &str)]) -> Result<Vec<Uuid>, NotFhir> {
        let entries = stored.iter().map(|json| format!(r#"{{"resource":{json}}}"#)).collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{entries}]}}"#);
        let rows: Vec<_> =
            rows.iter().map(|(id, json)| BatchRow { resource_type: "Observation", id: *id, json }).collect();
        parse_ids_answer(&body, &rows)
    }

    #[test]
    fn only_what_was_asked_for_and_is_of_the_type_counts_as_arrived() {
        let (ours, other) = (sent(A, "1"), sent(B, "1"));
        let of_another_type = other.replace("Observation", "Patient");
        let found =
            arrived(&[ours.clone(), of_another_type, sent(Uuid::from_u128(3), "1")], &[(A, &ours), (B, &other)]);
        assert_eq!(found.unwrap(), vec![A]);
    }

    #[test]
    fn an_earlier_version_under_the_same_id_is_not_the_later_one() {
        let later = sent(A, "36.8");
        assert_eq!(arrived(&[sent(A, "36.5")], &[(A, &later)]).unwrap(), Vec::<Uuid>::new());
    }

    #[test]
    fn what_a_server_adds_or_writes_shorter_is_the_same_resource() {
        let ours = sent(A, "36.50");
        let stored = sent(A, "36.5").replace("\"value", "\"meta\":{\"versionId\":\"1\"},\"value");
        assert_eq!(arrived(&[stored], &[(A, &ours)]).unwrap(), vec![A]);
    }

    #[test]
    fn the_search_asks_for_all_ids_at_once() {
        let path = ids_search_path("Observation", &[Uuid::nil(), Uuid::max()]);
        let expected = "Observation?_id=00000000-0000-0000-0000-000000000000,\
                        ffffffff-ffff-ffff-ffff-ffffffffffff&_count=2";
        assert_eq!(path, expected);
    }

    #[test]
    fn an_error_page_is_not_an_empty_result() {
        assert!(parse_ids_answer("{}", &[]).is_err());
        let outcome = r#"{"resourceType":"OperationOutcome","type":"searchset"}"#;
        assert!(parse_ids_answer(outcome, &[]).is_err());
    }
}
