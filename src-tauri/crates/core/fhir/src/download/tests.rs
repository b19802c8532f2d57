//! What is read of pages that servers give, and what is left out with a reason.
//! Not here: which pages are asked for.
use super::*;
use serde_json::json;

const NOW: WallTime = WallTime(1_773_842_400_000); // 2026-03-18T14:00:00Z
const IDS: RecordNumbers<'_> = RecordNumbers { system: "urn:site", system_is_assumed: false, now: NOW };

fn page<T: Downloaded>(resources: Vec<Value>) -> Page<T> {
    let entry: Vec<Value> = resources.into_iter().map(|resource| json!({ "resource": resource })).collect();
    parse_page(&json!({ "resourceType": "Bundle", "type": "searchset", "entry": entry }).to_string(), &IDS).unwrap()
}

fn orders(kind: OrderKind, resource: Value) -> Page<ServerOrder> {
    let body = json!({ "resourceType": "Bundle", "type": "searchset", "entry": [{ "resource": resource }] });
    parse_orders(kind, &body.to_string(), &IDS).unwrap()
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "p1", "meta": { "versionId": "3", "lastUpdated": "2026-03-18T07:02:00.5+01:00" },
        "identifier": [{ "system": "urn:other", "value": "9" }, { "system": "urn:site", "value": "MRN 1" }],
        "name": [{ "use": "maiden", "family": "BEFORE" }, { "family": "EXAMPLE", "given": ["Ann", "B."] }],
        "gender": "female", "birthDate": "1951-03-14", "unknownElement": { "kept": "not needed" }
    })
}

/// The patient with one member changed; `null` takes it away.
fn patient_with(key: &str, value: Value) -> Value {
    let mut patient = patient();
    if value.is_null() {
        patient.as_object_mut().unwrap().remove(key);
    } else {
        patient[key] = value;
    }
    patient
}

fn why_not(resource: Value) -> Skipped {
    page::<ServerPatient>(vec![resource]).items.remove(0).particulars.unwrap_err()
}

#[test]
fn a_patient_comes_with_both_identifiers_and_the_version_of_the_server() {
    let page = page::<ServerPatient>(vec![patient()]);
    let found = &page.items[0];
    let who = found.particulars.as_ref().unwrap();
    assert_eq!((who.record_number.reveal(), who.birth_date.iso().as_str()), ("MRN 1", "1951-03-14"));
    assert_eq!((who.family.reveal().as_str(), who.given.reveal().as_str()), ("EXAMPLE", "Ann B."));
    assert_eq!(found.version.id.as_deref(), Some("3"));
    assert_eq!(page.latest, Some(WallTime(1_773_813_720_500)));
    assert!(found.active && !found.is_replaced && page.next.is_none());
}

#[test]
fn what_a_banner_needs_is_never_guessed() {
    let two = json!([{ "system": "urn:site", "value": "1" }, { "system": "urn:site", "value": "2" }]);
    assert_eq!(why_not(patient_with("identifier", two)), Skipped::TwoRecordNumbers);
    let other = json!([{ "system": "urn:other", "value": "1" }]);
    assert_eq!(why_not(patient_with("identifier", other)), Skipped::NoRecordNumber);
    assert_eq!(why_not(patient_with("birthDate", json!("1951"))), Skipped::NoBirthDate);
    assert_eq!(why_not(patient_with("birthDate", Value::Null)), Skipped::NoBirthDate);
    assert_eq!(why_not(patient_with("name", json!([{ "text": "Ann Example" }]))), Skipped::NoName);
    assert_eq!(why_not(patient_with("name", json!([{ "family": "A\u{202E}B", "given": ["C"] }]))), Skipped::NoName);
}

#[test]
fn a_number_that_is_over_does_not_count() {
    let one_over = json!([
        { "system": "urn:site", "value": "1", "period": { "end": "2020-01-01T00:00:00Z" } },
        { "system": "urn:site", "value": "2", "use": "old" },
        { "system": "urn:site", "value": "3" }
    ]);
    let page = page::<ServerPatient>(vec![patient_with("identifier", one_over)]);
    assert_eq!(page.items[0].particulars.as_ref().unwrap().record_number.reveal(), "3");
}

#[test]
fn a_number_of_the_type_mr_counts_only_where_no_system_is_named() {
    let by_type = json!([{ "type": { "coding": [{ "code": "MR" }] }, "system": "urn:other", "value": "7" }]);
    let patient = patient_with("identifier", by_type);
    assert_eq!(why_not(patient.clone()), Skipped::NoRecordNumber);
    let assumed = RecordNumbers { system_is_assumed: true, ..IDS };
    let found = ServerPatient::read(patient, &assumed).unwrap();
    assert_eq!(found.particulars.unwrap().record_number.reveal(), "7");
}

#[test]
fn a_merged_and_an_inactive_patient_say_so() {
    let link = json!([{ "other": { "reference": "Patient/p2" }, "type": "replaced-by" }]);
    let page = page::<ServerPatient>(vec![patient_with("link", link), patient_with("active", json!(false))]);
    assert_eq!(page.items[0].replaced_by, ServerId::new("p2"));
    assert!(page.items[0].is_replaced && !page.items[1].active && !page.items[1].is_replaced);
}

#[test]
fn a_broken_resource_is_told_and_spoils_no_other() {
    let broken = json!({ "resourceType": "Patient", "id": "p9", "name": "EXAMPLE" });
    let no_id = patient_with("id", json!("../admin"));
    let outcome = json!({ "resourceType": "OperationOutcome", "issue": [] });
    let page = page::<ServerPatient>(vec![broken, no_id, outcome, patient(), json!(5)]);
    assert_eq!(page.skipped, [Skipped::Shape, Skipped::Id]);
    assert_eq!(page.items.len(), 1);
}

#[test]
fn a_broken_patient_is_on_the_list_all_the_same() {
    let page = page::<Listed>(vec![json!({ "resourceType": "Patient", "id": "p9", "name": "EXAMPLE" })]);
    assert_eq!(page.items, [Listed(ServerId::new("p9").unwrap())]);
}

#[test]
fn what_is_no_searchset_is_no_page() {
    for body in
        ["<html>", "{}", r#"{"resourceType":"Bundle","type":"batch-response"}"#, r#"{"resourceType":"Patient"}"#]
    {
        assert!(parse_page::<ServerPatient>(body, &IDS).is_err(), "{body}");
    }
    let entry = vec![json!({}); MOST_ENTRIES + 1];
    let long = json!({ "resourceType": "Bundle", "type": "searchset", "entry": entry });
    let refused = parse_page::<ServerPatient>(&long.to_string(), &IDS);
    assert_eq!(refused.unwrap_err(), NotFhir::Length { expected: MOST_ENTRIES, got: MOST_ENTRIES + 1 });
}

#[test]
fn the_next_page_is_named_as_the_server_wrote_it() {
    let link =
        json!([{ "relation": "self", "url": "x" }, { "relation": "next", "url": "https://a.example/r4?page=2" }]);
    let body = json!({ "resourceType": "Bundle", "type": "searchset", "link": link }).to_string();
    let page = parse_page::<ServerPatient>(&body, &IDS).unwrap();
    assert_eq!((page.next.as_deref(), page.total), (Some("https://a.example/r4?page=2"), None));
}

#[test]
fn a_stay_tells_the_bed_that_was_not_left() {
    let stay = json!({
        "resourceType": "Encounter", "id": "e1", "subject": { "reference": "https://a.example/r4/Patient/p1" },
        "location": [
            { "location": { "reference": "Location/old", "display": "Bed 1" }, "status": "completed" },
            { "location": { "reference": "Location/ward" } },
            { "location": { "reference": "Location/b2", "display": "Bed 2" },
              "physicalType": { "coding": [{ "code": "bd" }] }, "status": "active" }
        ]
    });
    let page = page::<Stay>(vec![stay, json!({ "resourceType": "Encounter", "id": "e2" })]);
    assert_eq!(page.skipped, [Skipped::NoPatient]);
    let stay = &page.items[0];
    assert_eq!(stay.patient, ServerId::new("p1").unwrap());
    let places: Vec<_> = stay.places.iter().map(|place| (place.is_bed, place.name.as_deref())).collect();
    assert_eq!(places, [(false, None), (true, Some("Bed 2"))]);
}

#[test]
fn members_of_a_group_and_items_of_a_list_are_told_once_each() {
    let group = json!({ "resourceType": "Group", "member": [
        { "entity": { "reference": "Patient/a" } }, { "entity": { "reference": "Patient/a" } },
        { "entity": { "reference": "Patient/b" }, "inactive": true },
        { "entity": { "reference": "Patient/c" }, "period": { "end": "2026-01-01T00:00:00Z" } },
        { "entity": { "reference": "Device/d" } }, 7
    ]});
    let list = parse_member_list(&group.to_string(), NOW).unwrap();
    assert_eq!((list.patients, list.others), (vec![ServerId::new("a").unwrap()], 2));
    let list = json!({ "resourceType": "List", "entry": [
        { "item": { "reference": "Patient/a" } }, { "item": { "reference": "Patient/b" }, "deleted": true }
    ]});
    assert_eq!(parse_member_list(&list.to_string(), NOW).unwrap().patients.len(), 1);
    assert!(parse_member_list(r#"{"resourceType":"Patient"}"#, NOW).is_err());
}

#[test]
fn a_medication_keeps_the_prescribers_words_and_digits() {
    let request = |dosage: Value| {
        json!({
            "resourceType": "MedicationRequest", "id": "m1", "status": "active", "subject": { "reference": "Patient/p1" },
            "medicationCodeableConcept": { "text": "Metoprolol" }, "dosageInstruction": dosage
        })
    };
    let timing = json!({ "repeat": { "frequency": 2, "period": 1, "periodUnit": "d", "when": ["MORN"] } });
    let dose = json!([{ "doseQuantity": { "value": 47.50, "unit": "mg" } }]);
    let built = orders(OrderKind::Medication, request(json!([{ "timing": timing, "doseAndRate": dose }])));
    assert_eq!(built.items[0].what, "Metoprolol");
    assert_eq!(built.items[0].schedule.as_deref(), Some("2 × per 1 d; MORN"));
    let text = r#"[{"doseAndRate":[{"doseQuantity":{"value":47.50,"unit":"mg"}}]}]"#;
    let exact = orders(OrderKind::Medication, request(serde_json::from_str(text).unwrap()));
    assert_eq!(exact.items[0].dose.as_deref(), Some("47.50 mg"));
    let written = orders(OrderKind::Medication, request(json!([{ "text": "one tablet" }, { "text": "two at night" }])));
    assert_eq!(written.items[0].dose.as_deref(), Some("one tablet; two at night"));
    let no_unit = json!([{ "doseAndRate": [{ "doseQuantity": { "value": 5 } }] }]);
    assert_eq!(orders(OrderKind::Medication, request(no_unit)).items[0].dose, None);
}

#[test]
fn an_order_that_does_not_say_what_or_for_whom_is_left_out() {
    let no_code = json!({ "resourceType": "ServiceRequest", "id": "s1", "status": "active",
        "subject": { "reference": "Patient/p1" } });
    assert_eq!(orders(OrderKind::Service, no_code).skipped, [Skipped::Shape]);
    let no_patient = json!({ "resourceType": "ServiceRequest", "id": "s1", "status": "active",
        "subject": { "reference": "Group/p1" }, "code": { "text": "Weight daily" } });
    assert_eq!(orders(OrderKind::Service, no_patient).skipped, [Skipped::NoPatient]);
}

#[test]
fn an_order_not_to_do_something_says_so() {
    let not = json!({ "resourceType": "ServiceRequest", "id": "s1", "status": "active", "doNotPerform": true,
        "subject": { "reference": "Patient/p1" },
        "code": { "coding": [{ "code": "x", "display": "Blood pressure left arm" }] } });
    let found = orders(OrderKind::Service, not);
    assert!(found.items[0].is_prohibition);
    assert_eq!(found.items[0].what, "Blood pressure left arm");
}

#[test]
fn a_text_too_long_to_show_says_that_it_goes_on() {
    assert_eq!(words("a  b\n\u{202E}c".into()).as_deref(), Some("a b c"));
    assert!(words("x".repeat(600)).unwrap().ends_with(" …"));
    assert_eq!(words(" \n ".into()), None);
}

#[test]
fn searches_name_what_they_want_and_since_when() {
    let ids = [ServerId::new("a").unwrap(), ServerId::new("b-2").unwrap()];
    assert_eq!(people_path(&ids, None, 50), "Patient?_id=a,b-2&_count=50");
    assert_eq!(
        orders_path(OrderKind::Service, &ids, Some(NOW), 50),
        "ServiceRequest?patient=Patient/a,Patient/b-2&_lastUpdated=ge2026-03-18T14:00:00.000Z&_count=50"
    );
    assert_eq!(
        orders_path(OrderKind::Medication, &ids[..1], None, 5),
        "MedicationRequest?patient=Patient/a&status=active,on-hold&_count=5"
    );
    assert_eq!(search_path("active=true", 9), "Patient?active=true&_elements=id&_sort=_id&_count=9");
    assert_eq!(stays_path(&ids[1], 9), "Encounter?location=Location/b-2&status=in-progress&_count=9");
}

#[test]
fn an_id_that_would_leave_its_path_is_none() {
    for bad in ["", "a/b", "..", "a?b", "a b", "ä", &"x".repeat(65)] {
        assert_eq!(ServerId::new(bad), None, "{bad}");
    }
}
