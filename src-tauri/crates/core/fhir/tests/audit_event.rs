//! AuditEvents against their golden files in `tests/golden`; `BLESS=1` writes them anew.
//! Not here: the other resources (`golden`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
mod common;
use bedside_fhir::{AuditAct, AuditEventInput, AuditEventOutcome, FilingContext, Resource, audit_event};
use bedside_vitals::DeviceId;
use common::{NOON, context, person};
use std::path::Path;
use uuid::Uuid;

fn entry() -> AuditEventInput<'static> {
    AuditEventInput {
        vault: Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0009),
        seq: 42,
        at: NOON,
        act: AuditAct::Read,
        action: "patient_opened",
        outcome: AuditEventOutcome::Success,
        user: Some((Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0005), vec!["nurse"])),
        patient: None,
        device: None,
        about_user: None,
        count: None,
        purpose: "TREAT",
    }
}

fn written(context: &FilingContext, entry: &AuditEventInput<'_>) -> String {
    let document = audit_event(context, entry).unwrap().document().unwrap();
    let value: serde_json::Value = serde_json::from_str(&document.json).unwrap();
    format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
}

fn golden(name: &str, entry: &AuditEventInput<'_>) {
    let text = written(&context(), entry);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).expect("the golden file is there; BLESS=1 writes it");
    assert_eq!(text, expected, "{name} is not what its golden file says; BLESS=1 writes it anew");
}

#[test]
fn a_look_at_a_patient() {
    let person = person();
    golden(
        "audit_patient_read",
        &AuditEventInput { patient: Some((person.id, Some(&person.record_number))), ..entry() },
    );
}

#[test]
fn a_device_bound_to_a_patient() {
    let person = person();
    let device = Some(DeviceId(Uuid::from_u128(0x0b0d_51de_0000_4000_8000_0000_0000_0003)));
    let patient = Some((person.id, Some(&person.record_number)));
    golden(
        "audit_patient_create",
        &AuditEventInput { act: AuditAct::Create, action: "device_bound", patient, device, ..entry() },
    );
}

#[test]
fn a_list_in_an_emergency() {
    let (act, action) = (AuditAct::Search, "patients_listed");
    golden("audit_query", &AuditEventInput { act, action, count: Some(12), purpose: "BTG", ..entry() });
}

#[test]
fn a_sign_in_that_was_refused() {
    let about_user = entry().user.map(|(id, _)| id);
    let (outcome, purpose) = (AuditEventOutcome::Refused, "HOPERAT");
    golden(
        "audit_login_refused",
        &AuditEventInput {
            act: AuditAct::Login,
            action: "signed_in",
            outcome,
            purpose,
            user: None,
            about_user,
            ..entry()
        },
    );
}

#[test]
fn of_a_person_there_are_two_identifiers_and_nothing_more() {
    let person = person();
    let text =
        written(&context(), &AuditEventInput { patient: Some((person.id, Some(&person.record_number))), ..entry() });
    assert!(text.contains("MRN-0042") && text.contains(&person.id.to_string()));
    for more in [person.family.reveal().as_str(), person.given.reveal(), "1951", "female", "12 B"] {
        assert!(!text.contains(more), "{more}");
    }
}

#[test]
fn the_same_entry_has_one_id_and_another_entry_another() {
    let id = |seq| audit_event(&context(), &AuditEventInput { seq, ..entry() }).unwrap().id;
    assert_eq!(id(42), id(42));
    assert_ne!(id(42), id(43));
    let later = AuditEventInput { at: NOON.plus_millis(1), ..entry() };
    let in_its_place = audit_event(&context(), &later).unwrap().id;
    assert_ne!(id(42), in_its_place, "after a backup was restored");
}

#[test]
fn every_act_is_of_the_demo_vault_there() {
    let demo = FilingContext { test_data: true, ..context() };
    assert!(written(&demo, &entry()).contains("HTEST"));
}
