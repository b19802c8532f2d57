//! Asking a server which resources arrived, after an answer was lost. A resource counts only if the server holds it with
//! everything that was sent: an earlier version under the same id is not the later one. Not here: when to ask.
use crate::batch::{BatchRow, HowSent, ServerName, is_fhir_id};
use crate::known_by::{KnownBy, is_same_person};
use crate::not_fhir::NotFhir;
use crate::resources::Bundle;
use bedside_vitals::WallTime;
use serde_json::Value;
use uuid::Uuid;

/// Path and query of the search for these ids of the server, relative to the base URL, for example
/// `Observation?_id=a,b&_count=2`. What is no FHIR id is not asked for.
pub fn ids_search_path(resource_type: &str, ids: &[impl std::fmt::Display]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).filter(|id| is_fhir_id(id)).collect();
    let list = ids.join(",");
    format!("{resource_type}?_id={list}&_count={}", ids.len())
}

/// Path and query of the search for what is known by the keys of these resources, all of one type; `None` where one has no key.
pub fn identifiers_search_path(sent: &[BatchRow<'_>]) -> Option<String> {
    let resource_type = sent.first()?.resource_type;
    let keys = sent.iter().map(|row| KnownBy::of(row.json)).collect::<Option<Vec<_>>>()?;
    let list = keys.iter().map(KnownBy::term).collect::<Vec<_>>().join(",");
    // More than there should be, so that second copies are seen.
    let most = sent.len().saturating_mul(4).max(20);
    Some(format!("{resource_type}?{}={list}&_count={most}", keys.first()?.parameter()))
}

/// A resource that the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Our id of it.
    pub id: Uuid,
    /// How many the server has of it.
    pub copies: u32,
    /// What it calls it.
    pub server: Option<ServerName>,
    /// It has a patient with this identifier who was born at another time or has another name: it is somebody else, or one
    /// of the two is wrong.
    pub is_another: bool,
}

/// The rows that the server holds just as they were sent. What else it sends, as servers that ignore a search
/// parameter do, is left aside; what it holds otherwise counts as not arrived, and sending it again makes no copy. Of the
/// first word on a reading that others may have sent too, anything counts: it may be a later one. One that went over a
/// resource with an id of the server's own is looked for under that id.
pub fn parse_ids_answer(body: &str, sent: &[BatchRow<'_>]) -> Result<Vec<Arrived>, NotFhir> {
    let stored = searchset(body)?;
    let arrived = |row: &BatchRow<'_>| {
        let mut sent = serde_json::from_str::<Value>(row.json).ok()?;
        if let (HowSent::Over { id, .. }, Some(sent)) = (row.how, sent.as_object_mut()) {
            sent.insert("id".to_owned(), Value::String(id.to_owned()));
        }
        let is_ours = |resource: &&Value| ["resourceType", "id"].iter().all(|key| resource.get(key) == sent.get(key));
        let is_there = |stored: &&Value| row.how == HowSent::FirstAtOurId || holds(stored, &sent);
        let there = stored.iter().find(is_ours).filter(is_there)?;
        Some(Arrived { id: row.id, copies: 1, server: name_of(there), is_another: false })
    };
    Ok(sent.iter().filter_map(arrived).collect())
}

/// The rows whose identifier the server holds, and how often. A first version counts whatever stands in it, because the server
/// would take no other; a later one only as it was sent, and under the id that it was put at. A patient is nobody else's only
/// if birth date and name agree too: record numbers are typed by hand, and a clinic may have used one twice.
pub fn parse_identifiers_answer(body: &str, sent: &[BatchRow<'_>]) -> Result<Vec<Arrived>, NotFhir> {
    let stored = searchset(body)?;
    let arrived = |row: &BatchRow<'_>| {
        let mut sent = serde_json::from_str::<Value>(row.json).ok()?;
        let known_by = KnownBy::of_value(&sent)?;
        let is_there = |resource: &Value| match row.how {
            HowSent::Over { id, .. } => resource.get("id").and_then(Value::as_str) == Some(id),
            HowSent::AtOurId | HowSent::FirstAtOurId | HowSent::IfNoneExists | HowSent::OverIdentified => true,
        };
        let is_ours = |resource: &&Value| {
            resource.get("resourceType").and_then(Value::as_str) == Some(row.resource_type)
                && known_by.is_of(resource)
                && is_there(resource)
        };
        let copies: Vec<&Value> = stored.iter().filter(is_ours).collect();
        if let Some(sent) = sent.as_object_mut() {
            sent.remove("id");
        }
        let as_sent = matches!(row.how, HowSent::IfNoneExists) || copies.iter().all(|copy| holds(copy, &sent));
        let first = copies.first().filter(|_| as_sent)?;
        let is_another = row.resource_type == "Patient" && !copies.iter().all(|copy| is_same_person(copy, &sent));
        let copies = u32::try_from(copies.len()).unwrap_or(u32::MAX);
        Some(Arrived { id: row.id, copies, server: name_of(first), is_another })
    };
    Ok(sent.iter().filter_map(arrived).collect())
}

/// A resource that was asked for by its id, or those with its identifier: each with what the server calls it.
pub fn parse_server_copies(body: &str) -> Result<Vec<(ServerName, String)>, NotFhir> {
    let stored = searchset(body)?;
    let whole = |resource: Value| Some((name_of(&resource)?, serde_json::to_string_pretty(&resource).ok()?));
    Ok(stored.into_iter().filter_map(whole).collect())
}

fn searchset(body: &str) -> Result<Vec<Value>, NotFhir> {
    const EXPECTED: &str = "searchset";
    let bundle: Bundle = serde_json::from_str(body).map_err(|error| NotFhir::shape("Bundle", &error))?;
    if bundle.r#type != EXPECTED {
        return Err(NotFhir::BundleType { expected: EXPECTED });
    }
    Ok(bundle.entry.into_iter().filter_map(|entry| entry.resource).collect())
}

fn name_of(resource: &Value) -> Option<ServerName> {
    let id = resource.get("id")?.as_str().filter(|id| is_fhir_id(id))?.to_owned();
    let meta = |key: &str| resource.get("meta")?.get(key)?.as_str();
    let version = meta("versionId").filter(|version| is_fhir_id(version)).map(str::to_owned);
    Some(ServerName { id, version, modified: meta("lastUpdated").and_then(WallTime::parse) })
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
        let rows: Vec<_> = rows.iter().map(|(id, json)| BatchRow::new("Observation", *id, json)).collect();
        parse_ids_answer(&body, &rows).map(|all| all.into_iter().map(|one| one.id).collect())
    }

    #[test]
    fn two_copies_of_one_identifier_are_counted_and_a_later_version_must_be_as_it_was_sent() {
        let with =
            |value: &str| sent(A, value).replace("\"value", r#""identifier":[{"system":"s","value":"v"}],"value"#);
        let stored = with("1").replace(&A.to_string(), "17");
        let body = |times: usize| {
            let all = vec![format!(r#"{{"resource":{stored}}}"#); times].join(",");
            format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{all}]}}"#)
        };
        let (ours, later) = (with("1"), with("2"));
        let first = BatchRow { how: HowSent::IfNoneExists, ..BatchRow::new("Observation", A, &ours) };
        let found = parse_identifiers_answer(&body(2), &[first]).unwrap();
        assert_eq!((found[0].copies, found[0].server.as_ref().unwrap().id.as_str()), (2, "17"));
        let over = HowSent::Over { id: "17", version: None };
        let row = |json| BatchRow { how: over, ..BatchRow::new("Observation", A, json) };
        assert_eq!(parse_identifiers_answer(&body(1), &[row(&later)]).unwrap(), []);
        assert_eq!(parse_identifiers_answer(&body(1), &[row(&ours)]).unwrap().len(), 1);
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
    fn of_the_first_word_on_a_reading_that_others_send_too_any_version_counts() {
        let ours = sent(A, "36.8");
        let body =
            format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{}}}]}}"#, sent(A, "36.5"));
        let row = BatchRow { how: HowSent::FirstAtOurId, ..BatchRow::new("Observation", A, &ours) };
        assert_eq!(parse_ids_answer(&body, &[row]).unwrap().len(), 1);
        let of_another = BatchRow { id: B, ..row };
        let other = sent(B, "36.8");
        assert_eq!(parse_ids_answer(&body, &[BatchRow { json: &other, ..of_another }]).unwrap(), []);
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
    fn what_went_over_a_resource_of_the_servers_own_id_is_found_under_that_id() {
        let ours = sent(A, "2");
        let body = |id: &str, value: &str| {
            let stored = sent(A, value).replace(&A.to_string(), id);
            format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{stored}}}]}}"#)
        };
        let row = || BatchRow {
            how: HowSent::Over { id: "17", version: Some("3") },
            ..BatchRow::new("Observation", A, &ours)
        };
        let found = parse_ids_answer(&body("17", "2"), &[row()]).unwrap();
        assert_eq!((found[0].id, found[0].server.as_ref().unwrap().id.as_str()), (A, "17"));
        assert_eq!(parse_ids_answer(&body("17", "1"), &[row()]).unwrap(), [], "it did not arrive");
        assert_eq!(parse_ids_answer(&body("18", "2"), &[row()]).unwrap(), []);
    }

    #[test]
    fn a_second_copy_is_no_matter_for_what_went_over_one_that_was_seen() {
        let with = |id: &str| {
            let json =
                format!(r#"{{"resourceType":"Observation","id":"{id}","identifier":[{{"system":"s","value":"v"}}]}}"#);
            format!(r#"{{"resource":{json}}}"#)
        };
        let body = format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{},{}]}}"#, with("18"), with("17"));
        let ours =
            format!(r#"{{"resourceType":"Observation","id":"{A}","identifier":[{{"system":"s","value":"v"}}]}}"#);
        let how = HowSent::Over { id: "17", version: Some("3") };
        let found = parse_identifiers_answer(&body, &[BatchRow { how, ..BatchRow::new("Observation", A, &ours) }]);
        let found = found.unwrap();
        assert_eq!((found[0].copies, found[0].server.as_ref().unwrap().id.as_str()), (1, "17"));
    }

    #[test]
    fn somebody_else_with_our_record_number_is_another_patient() {
        let patient = |id: &str, family: &str, given: &str, born: &str| {
            format!(
                r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"system":"s","value":"4711"}}],
                "name":[{{"family":"{family}","given":{given}}}],"birthDate":"{born}"}}"#
            )
        };
        let ours = patient(&A.to_string(), "Garcia", r#"["Rosa Maria"]"#, "1950-01-02");
        let row = || BatchRow { how: HowSent::IfNoneExists, ..BatchRow::new("Patient", A, &ours) };
        let is_another = |theirs: String| {
            let body = format!(r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{theirs}}}]}}"#);
            parse_identifiers_answer(&body, &[row()]).unwrap()[0].is_another
        };
        assert!(!is_another(patient("17", "GARCIA", r#"["Rosa","Maria"]"#, "1950-01-02")));
        assert!(is_another(patient("17", "Garcia", r#"["Rosa Maria"]"#, "1950-02-01")));
        assert!(is_another(patient("17", "Graf", r#"["Rosa Maria"]"#, "1950-01-02")));
        assert!(is_another(patient("17", "Garcia", r#"["Rolf"]"#, "1950-01-02")));
        assert!(is_another(patient("17", "Garcia", r#"["Rosa Maria"]"#, "1950-01-02").replace("birthDate", "x")));
    }

    #[test]
    fn an_error_page_is_not_an_empty_result() {
        assert!(parse_ids_answer("{}", &[]).is_err());
        let outcome = r#"{"resourceType":"OperationOutcome","type":"searchset"}"#;
        assert!(parse_ids_answer(outcome, &[]).is_err());
    }
}
