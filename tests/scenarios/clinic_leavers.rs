//! Clinicians who leave while they are signed in at the clinic's server: their tokens are forgotten, whatever was under way,
//! and never used again. Not here: signing in there (`clinic_sign_in`).
use crate::clinic_sign_in::{colleague, kept, noted, signed_in, start, takes_over};
use crate::clinic_with_tokens::Clinic;
use crate::harness::Bedside;
use crate::harness::*;
use crate::held_store::{Gate, Point};
use bedside_console::*;
use std::time::Duration;

/// Berg, signed in at the server, who leaves while no token can be written.
async fn berg_leaves(bedside: &Bedside, clinic: &Clinic, gate: &Gate) -> ClinicianId {
    bedside.enrol("berg", &[Role::Nurse]).await;
    let berg = colleague(bedside, "berg").await.id;
    takes_over(bedside, "berg").await;
    signed_in(bedside, clinic, "berg").await;
    takes_over(bedside, CHIEF).await;
    gate.refuse_at(Some(Point::ServerToken));
    bedside.console.disable_clinician(berg).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(kept(bedside, clinic).await, [Some(berg)], "the disk is full");
    berg
}

#[tokio::test(start_paused = true)]
async fn a_leaver_s_token_does_not_come_back_with_a_renewal_that_was_under_way() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    let patient = bedside.add_patient(1).await;
    bedside.enrol("berg", &[Role::Nurse]).await;
    let berg = colleague(&bedside, "berg").await.id;
    takes_over(&bedside, "berg").await;
    signed_in(&bedside, &clinic, "berg").await;
    assert_eq!(kept(&bedside, &clinic).await, [Some(berg)]);
    clinic.end_access();
    clinic.with(|state| state.slow = Duration::from_secs(15 * 60));
    let before = clinic.renewals();
    bedside.measure(&patient).await;
    assert_eq!(clinic.renewals(), before + 1, "it is on its way");
    takes_over(&bedside, CHIEF).await;
    bedside.console.disable_clinician(berg).await.unwrap();
    bedside.pass(Duration::from_secs(1)).await;
    assert_eq!(kept(&bedside, &clinic).await, []);
    bedside.work(20).await;
    assert_eq!(kept(&bedside, &clinic).await, []);
    assert_eq!(clinic.renewals(), before + 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_leaver_s_token_that_could_not_be_forgotten_is_forgotten_once_the_disk_takes_it() {
    let (laptop, clinic, gate) = (Laptop::new(), Clinic::new(), Gate::new());
    let bedside = start(&laptop, &clinic, Some(gate.before())).await;
    let berg = berg_leaves(&bedside, &clinic, &gate).await;
    gate.refuse_at(None);
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(kept(&bedside, &clinic).await, []);
    let last = noted(&bedside).await.last().copied().unwrap();
    assert_eq!((last.0, last.3), (AuditAction::ClinicSignedOut, Some(berg)));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_leaver_s_token_that_survived_in_the_vault_is_not_used_by_the_next_run_and_forgotten_there() {
    let (laptop, clinic, gate) = (Laptop::new(), Clinic::new(), Gate::new());
    let bedside = start(&laptop, &clinic, Some(gate.before())).await;
    let patient = bedside.add_patient(1).await;
    bedside.enrol("berg", &[Role::Nurse]).await;
    takes_over(&bedside, "berg").await;
    // Something that only berg's token may carry.
    bedside.measure(&patient).await;
    takes_over(&bedside, CHIEF).await;
    let berg = colleague(&bedside, "berg").await.id;
    takes_over(&bedside, "berg").await;
    clinic.fhir.set_moods(&[crate::sync::Mood::Unreachable; 500]);
    signed_in(&bedside, &clinic, "berg").await;
    takes_over(&bedside, CHIEF).await;
    gate.refuse_at(Some(Point::ServerToken));
    bedside.console.disable_clinician(berg).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    bedside.kill().await;
    clinic.end_access();
    clinic.fhir.is_fine_again();
    let before = clinic.renewals();
    let bedside = start(&laptop, &clinic, None).await;
    bedside.pass(Duration::from_secs(10)).await;
    assert_eq!((kept(&bedside, &clinic).await, clinic.renewals()), (vec![], before));
    let last = noted(&bedside).await.last().copied().unwrap();
    assert_eq!((last.0, last.2, last.3), (AuditAction::ClinicSignedOut, None, Some(berg)));
    bedside.close().await;
}
