//! Signing in at the clinic's server: whose token carries what, that a rotated token is durable before anything is done with
//! it, and that nothing is lost or sent as somebody else when tokens die. Not here: people who leave (`clinic_leavers`), the
//! server in memory (`clinic_with_tokens`), OAuth over HTTP (`clinic-http`).
use crate::clinic_with_tokens::Clinic;
use crate::harness::Bedside;
use crate::harness::*;
use crate::held_store::{Gate, Point};
use bedside_console::ports::*;
use bedside_console::*;
use bedside_outbox::RowState;
use std::sync::Arc;
use std::time::Duration;

pub(crate) async fn start(laptop: &Laptop, clinic: &Arc<Clinic>, store: Option<WrapStore>) -> Bedside {
    let clinic: Arc<dyn ClinicServer> = clinic.clone();
    laptop.start("calm", Options { clinic: Some(clinic), staffed: true, store, ..Options::default() }).await
}

pub(crate) async fn signed_in(bedside: &Bedside, clinic: &Clinic, user: &'static str) {
    clinic.with(|state| state.at_browser = Some(user));
    bedside.console.clinic_sign_in().await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    assert!(matches!(shown(bedside), ClinicSignIn::SignedIn { .. }), "{:?}", shown(bedside));
}

/// A clinician who is signed in at the server, and nothing waits.
async fn all_sent(store: Option<WrapStore>) -> (Laptop, Arc<Clinic>, Bedside) {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, store).await;
    signed_in(&bedside, &clinic, "okafor").await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    (laptop, clinic, bedside)
}

fn shown(bedside: &Bedside) -> ClinicSignIn {
    bedside.latest().sync.sign_in.clone()
}

async fn left_after_sync(bedside: &Bedside) -> u64 {
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    [RowState::Waiting, RowState::Sending, RowState::Held, RowState::Refused].iter().map(|s| counts.count(*s)).sum()
}

/// Whose token the vault has.
pub(crate) async fn kept(bedside: &Bedside, clinic: &Clinic) -> Vec<Option<ClinicianId>> {
    match bedside.store.read(Query::ServerTokens(clinic.address())).await.unwrap() {
        Answer::ServerTokens(tokens) => tokens.into_iter().map(|token| token.clinician).collect(),
        _ => panic!("expected tokens"),
    }
}

pub(crate) async fn takes_over(bedside: &Bedside, user: &str) {
    bedside.console.lock_screen(LockReason::ByHand).await;
    bedside.console.unlock_screen(user_name(user), pin(user)).await.unwrap();
}

pub(crate) async fn colleague(bedside: &Bedside, user: &str) -> Clinician {
    let all = bedside.console.clinicians().await.unwrap();
    all.into_iter().find(|one| one.user_name.as_str() == user).unwrap()
}

/// Something to send, at once.
async fn add_one_and_sync(bedside: &Bedside) {
    bedside.add_patient(2).await;
    bedside.console.sync_now().await.unwrap();
}

/// What the audit log says of signing in at the server: the act, what came of it, by whom and about whom.
pub(crate) async fn noted(
    bedside: &Bedside,
) -> Vec<(AuditAction, AuditOutcome, Option<ClinicianId>, Option<ClinicianId>)> {
    use AuditAction::{ClinicSignedIn, ClinicSignedOut};
    let entries = bedside.audited().await.into_iter();
    let of_it = entries.filter(|entry| [ClinicSignedIn, ClinicSignedOut].contains(&entry.action));
    of_it.map(|entry| (entry.action, entry.outcome, entry.actor, entry.clinician)).collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_before_the_sign_in_and_everything_after_it_and_capture_never_waits() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    let patient = bedside.add_patient(1).await;
    bedside.measure(&patient).await;
    assert!(!bedside.readings().await.is_empty());
    assert!(left_after_sync(&bedside).await > 0);
    assert_eq!(shown(&bedside), ClinicSignIn::Needed);
    assert_eq!(clinic.with(|state| (state.sent.len(), state.turned_away)), (0, 0), "nothing was even tried");
    signed_in(&bedside, &clinic, "okafor").await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    let name = Some("Practitioner/okafor".to_owned());
    assert!(matches!(shown(&bedside), ClinicSignIn::SignedIn { name: shown, .. } if shown == name));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_its_end_with_one_request_and_no_old_token_is_used_again() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    let patient = bedside.add_patient(1).await;
    signed_in(&bedside, &clinic, "okafor").await;
    bedside.measure(&patient).await;
    bedside.work(15).await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    assert!(clinic.renewals() > 2);
    assert_eq!(clinic.with(|state| state.turned_away), 0, "no request went out with a token at its end");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_rotated_token_is_on_the_disk_before_the_new_access_token_is_used() {
    let (laptop, clinic, gate) = (Laptop::new(), Clinic::new(), Gate::new());
    let bedside = start(&laptop, &clinic, Some(gate.before())).await;
    bedside.add_patient(1).await;
    signed_in(&bedside, &clinic, "okafor").await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    clinic.end_access();
    gate.stop_at(Point::ServerToken);
    add_one_and_sync(&bedside).await;
    gate.reached().await;
    let before = clinic.with(|state| state.sent.len());
    bedside.pass(Duration::from_secs(1)).await;
    assert_eq!(clinic.with(|state| state.sent.len()), before, "the access token waits for the disk");
    gate.go_on();
    bedside.pass(Duration::from_secs(10)).await;
    assert!(clinic.with(|state| state.sent.len()) > before);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn killed_after_the_token_was_written_the_next_run_goes_on_with_it() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    let patient = bedside.add_patient(1).await;
    signed_in(&bedside, &clinic, "okafor").await;
    bedside.measure(&patient).await;
    bedside.kill().await;
    clinic.end_access();
    let bedside = start(&laptop, &clinic, None).await;
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    assert!(matches!(shown(&bedside), ClinicSignIn::SignedIn { .. }));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn killed_before_the_token_was_written_nothing_was_sent_with_it_and_a_sign_in_is_asked_for() {
    let (laptop, clinic, gate) = (Laptop::new(), Clinic::new(), Gate::new());
    let bedside = start(&laptop, &clinic, Some(gate.before())).await;
    bedside.add_patient(1).await;
    signed_in(&bedside, &clinic, "okafor").await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    clinic.end_access();
    gate.stop_at(Point::ServerToken);
    add_one_and_sync(&bedside).await;
    gate.reached().await;
    let before = clinic.with(|state| state.sent.len());
    bedside.kill().await;
    let bedside = start(&laptop, &clinic, None).await;
    bedside.pass(Duration::from_secs(5)).await;
    assert!(left_after_sync(&bedside).await > 0);
    assert_eq!(shown(&bedside), ClinicSignIn::Needed);
    assert_eq!(clinic.with(|state| state.sent.len()), before);
    signed_in(&bedside, &clinic, "okafor").await;
    assert_eq!(left_after_sync(&bedside).await, 0, "and it cost nothing");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_written_is_kept_and_written_later_and_never_the_old_one_again() {
    let (laptop, clinic, gate) = (Laptop::new(), Clinic::new(), Gate::new());
    let bedside = start(&laptop, &clinic, Some(gate.before())).await;
    let patient = bedside.add_patient(1).await;
    signed_in(&bedside, &clinic, "okafor").await;
    bedside.measure(&patient).await;
    clinic.end_access();
    gate.refuse_at(Some(Point::ServerToken));
    bedside.add_patient(2).await;
    bedside.console.sync_now().await.unwrap();
    bedside.pass(Duration::from_secs(20)).await;
    assert!(clinic.renewals() > 0 && bedside.latest().sync.counts.count(RowState::Waiting) > 0);
    gate.refuse_at(None);
    bedside.pass(Duration::from_secs(30)).await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    // It looks itself whether it was asked with an old one.
    clinic.renewals();
    let turned_away = clinic.with(|state| state.turned_away);
    assert!(turned_away <= 1, "only the token that had ended");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_was_ended_at_the_server_pauses_sending_and_costs_nothing() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    let patient = bedside.add_patient(1).await;
    signed_in(&bedside, &clinic, "okafor").await;
    clinic.end_all();
    bedside.measure(&patient).await;
    let readings = bedside.readings().await.len();
    assert!(readings > 0 && left_after_sync(&bedside).await > 0);
    assert_eq!(shown(&bedside), ClinicSignIn::Needed);
    bedside.work(10).await;
    assert_eq!(clinic.with(|state| state.asked.len()), 1, "a dead token is not asked with again");
    signed_in(&bedside, &clinic, "okafor").await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_one_clinician_measured_is_never_sent_as_another() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    let patient = bedside.add_patient(1).await;
    bedside.enrol("berg", &[Role::Nurse]).await;
    let chief = colleague(&bedside, CHIEF).await;
    bedside.measure(&patient).await;
    // The next one takes over, signs in at the server, and measures nothing.
    takes_over(&bedside, "berg").await;
    signed_in(&bedside, &clinic, "berg").await;
    left_after_sync(&bedside).await;
    assert!(!clinic.with(|state| state.sent.is_empty()), "what nobody measured goes");
    assert_eq!(clinic.carried(&chief), Vec::<String>::new());
    assert!(bedside.latest().sync.waits_for_sign_in > 0);
    // Until the one who measured comes back.
    takes_over(&bedside, CHIEF).await;
    signed_in(&bedside, &clinic, "okafor").await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    let carried = clinic.carried(&chief);
    assert!(!carried.is_empty() && carried.iter().all(|user| user == "okafor"), "{carried:?}");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_remembers_a_colleague_signs_nobody_in() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    bedside.enrol("berg", &[Role::Nurse]).await;
    signed_in(&bedside, &clinic, "okafor").await;
    takes_over(&bedside, "berg").await;
    bedside.console.clinic_sign_in().await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(shown(&bedside), ClinicSignIn::Failed { code: "SIGN-IN-OTHER-CLINICIAN" });
    signed_in(&bedside, &clinic, "berg").await;
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_nobody_comes_back_from_can_be_given_up_and_the_lock_gives_it_up_too() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    bedside.console.clinic_sign_in().await.unwrap();
    bedside.pass(Duration::from_secs(30)).await;
    assert_eq!(shown(&bedside), ClinicSignIn::WaitingForBrowser);
    bedside.console.cancel_clinic_sign_in().await.unwrap();
    bedside.pass(Duration::from_secs(1)).await;
    assert_eq!(shown(&bedside), ClinicSignIn::Needed);
    bedside.console.clinic_sign_in().await.unwrap();
    bedside.console.lock_vault(LockReason::ByHand).await;
    clinic.with(|state| state.at_browser = Some("okafor"));
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(shown(&bedside), ClinicSignIn::Needed);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_fresh_token_that_is_refused_too_pauses_instead_of_asking_for_ever() {
    let (_laptop, clinic, bedside) = all_sent(None).await;
    clinic.end_access();
    clinic.fhir.set_moods(&[crate::sync::Mood::NoToken; 50]);
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(20)).await;
    let asked = clinic.with(|state| state.asked.len());
    assert!((1..=2).contains(&asked), "{asked} renewals");
    clinic.fhir.is_fine_again();
    assert_eq!(left_after_sync(&bedside).await, 0, "a person who asks for a sync begins anew");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_every_entry_of_a_batch_is_not_sent_tokens_for_ever() {
    let (_laptop, clinic, bedside) = all_sent(None).await;
    let before = clinic.renewals();
    clinic.with(|state| state.refuses_entries = true);
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(40)).await;
    let renewals = clinic.renewals() - before;
    assert!((1..=2).contains(&renewals), "{renewals} renewals");
    assert_eq!(shown(&bedside), ClinicSignIn::Failed { code: "SIGN-IN-TOKEN-REFUSED" });
    clinic.with(|state| state.refuses_entries = false);
    assert_eq!(left_after_sync(&bedside).await, 0, "a person who asks for a sync begins anew");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_of_half_a_batch_that_it_is_not_permitted_is_not_sent_tokens_for_ever() {
    let (_laptop, clinic, bedside) = all_sent(None).await;
    let before = clinic.renewals();
    clinic.with(|state| (state.refuses_entries, state.permits_none) = (true, true));
    for number in 1..=4 {
        bedside.add_patient(number).await;
    }
    bedside.pass(Duration::from_secs(40)).await;
    let renewals = clinic.renewals() - before;
    assert!((1..=2).contains(&renewals), "{renewals} renewals");
    clinic.with(|state| state.refuses_entries = false);
    assert_eq!(left_after_sync(&bedside).await, 0, "a person who asks for a sync begins anew");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_was_left_open_signs_in_nobody_after_a_colleague_took_over() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    bedside.enrol("berg", &[Role::Nurse]).await;
    bedside.console.clinic_sign_in().await.unwrap();
    takes_over(&bedside, "berg").await;
    // Who sits here now comes back from the window that the one before opened.
    clinic.with(|state| state.at_browser = Some("berg"));
    bedside.pass(Duration::from_secs(10)).await;
    assert_eq!(shown(&bedside), ClinicSignIn::Needed);
    takes_over(&bedside, CHIEF).await;
    bedside.pass(Duration::from_secs(10)).await;
    assert_eq!(shown(&bedside), ClinicSignIn::Needed);
    assert_eq!(kept(&bedside, &clinic).await, []);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_could_not_be_written_outlives_a_lock_and_the_old_one_is_not_used_again() {
    let gate = Gate::new();
    let (_laptop, clinic, bedside) = all_sent(Some(gate.before())).await;
    clinic.end_access();
    gate.refuse_at(Some(Point::ServerToken));
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(10)).await;
    let before = clinic.renewals();
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.pass(Duration::from_secs(5)).await;
    gate.refuse_at(None);
    bedside.pass(Duration::from_secs(5)).await;
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(10)).await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    assert!(clinic.renewals() > before, "the access token was lost with the lock");
    assert!(matches!(shown(&bedside), ClinicSignIn::SignedIn { .. }), "{:?}", shown(&bedside));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_is_answered_after_a_lock_and_an_opening_is_waited_for() {
    let (_laptop, clinic, bedside) = all_sent(None).await;
    clinic.end_access();
    clinic.with(|state| state.slow = Duration::from_secs(60));
    let before = clinic.renewals();
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(clinic.renewals(), before + 1, "it is on its way");
    bedside.console.lock_vault(LockReason::ByHand).await;
    bedside.sign_in(CHIEF).await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(clinic.renewals(), before + 1, "nothing else is asked with the token that is used up");
    clinic.with(|state| state.slow = Duration::ZERO);
    bedside.work(2).await;
    assert_eq!(left_after_sync(&bedside).await, 0);
    assert!(clinic.renewals() > before + 1);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_old_token_does_not_end_the_sign_in_that_was_made_meanwhile() {
    let gate = Gate::new();
    let (_laptop, clinic, bedside) = all_sent(Some(gate.before())).await;
    clinic.end_all();
    clinic.with(|state| state.slow = Duration::from_secs(20));
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(2)).await;
    assert_eq!(clinic.renewals(), 1, "it is on its way");
    gate.stop_at(Point::ServerToken);
    bedside.console.clinic_sign_in().await.unwrap();
    gate.reached().await;
    bedside.pass(Duration::from_secs(30)).await;
    gate.go_on();
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!(kept(&bedside, &clinic).await.len(), 1);
    assert!(matches!(shown(&bedside), ClinicSignIn::SignedIn { .. }), "{:?}", shown(&bedside));
    assert_eq!(left_after_sync(&bedside).await, 0);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn where_only_the_anchor_is_due_an_endpoint_that_is_away_is_asked_at_the_anchor_s_pace() {
    let (_laptop, clinic, bedside) = all_sent(None).await;
    bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(5)).await;
    clinic.with(|state| state.is_away = true);
    bedside.work(14).await;
    let asked = clinic.with(|state| state.asked.len());
    assert!((1..=3).contains(&asked), "{asked} questions in a quarter of an hour");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_s_sync_brings_the_anchor_although_a_token_has_to_be_fetched_for_it() {
    let (_laptop, clinic, bedside) = all_sent(None).await;
    bedside.add_patient(1).await;
    bedside.work(2).await;
    let (known, before) = (clinic.fhir.gateway().expect("the console"), clinic.renewals());
    assert_eq!(left_after_sync(&bedside).await, 0);
    assert!(clinic.renewals() > before, "the token had ended");
    assert_ne!(clinic.fhir.gateway(), Some(known));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_there_a_refused_one_and_its_end_are_one_entry_each_and_renewals_are_none() {
    use AuditAction::{ClinicSignedIn, ClinicSignedOut};
    use AuditOutcome::{Refused, Success};
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    let bedside = start(&laptop, &clinic, None).await;
    let okafor = Some(colleague(&bedside, CHIEF).await.id);
    clinic.with(|state| state.declines = true);
    bedside.console.clinic_sign_in().await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    let mut wanted = vec![(ClinicSignedIn, Refused, okafor, okafor)];
    assert_eq!(noted(&bedside).await, wanted);
    clinic.with(|state| state.declines = false);
    signed_in(&bedside, &clinic, "okafor").await;
    wanted.push((ClinicSignedIn, Success, okafor, okafor));
    assert_eq!(noted(&bedside).await, wanted);
    let patient = bedside.add_patient(1).await;
    bedside.measure(&patient).await;
    bedside.work(10).await;
    assert!(clinic.renewals() > 0);
    assert_eq!(noted(&bedside).await, wanted, "a renewal is no sign-in");
    clinic.end_all();
    bedside.add_patient(2).await;
    bedside.work(3).await;
    wanted.push((ClinicSignedOut, Success, None, okafor));
    assert_eq!(noted(&bedside).await, wanted);
    bedside.enrol("berg", &[Role::Nurse]).await;
    let berg = Some(colleague(&bedside, "berg").await.id);
    signed_in(&bedside, &clinic, "okafor").await;
    takes_over(&bedside, "berg").await;
    bedside.console.clinic_sign_in().await.unwrap();
    bedside.pass(Duration::from_secs(5)).await;
    wanted.extend([(ClinicSignedIn, Success, okafor, okafor), (ClinicSignedIn, Refused, berg, berg)]);
    assert_eq!(noted(&bedside).await, wanted, "the browser remembered somebody else");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_there_is_noted_with_its_token_or_not_at_all() {
    let (laptop, clinic, gate) = (Laptop::new(), Clinic::new(), Gate::new());
    let bedside = start(&laptop, &clinic, Some(gate.before())).await;
    gate.stop_at(Point::ServerToken);
    clinic.with(|state| state.at_browser = Some("okafor"));
    bedside.console.clinic_sign_in().await.unwrap();
    gate.reached().await;
    assert_eq!((noted(&bedside).await.len(), kept(&bedside, &clinic).await.len()), (0, 0));
    bedside.kill().await;
    let bedside = start(&laptop, &clinic, Some(gate.before())).await;
    assert_eq!((noted(&bedside).await.len(), kept(&bedside, &clinic).await.len()), (0, 0));
    gate.refuse_at(Some(Point::ServerToken));
    bedside.console.clinic_sign_in().await.unwrap();
    bedside.pass(Duration::from_secs(10)).await;
    assert_eq!((noted(&bedside).await.len(), kept(&bedside, &clinic).await.len()), (0, 0));
    gate.refuse_at(None);
    bedside.pass(Duration::from_secs(5)).await;
    assert_eq!((noted(&bedside).await.len(), kept(&bedside, &clinic).await.len()), (1, 1));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_said_to_be_over_at_once_are_not_renewed_in_a_loop() {
    let (laptop, clinic) = (Laptop::new(), Clinic::new());
    clinic.with(|state| state.lasts = Some(Duration::ZERO));
    let bedside = start(&laptop, &clinic, None).await;
    let patient = bedside.add_patient(1).await;
    signed_in(&bedside, &clinic, "okafor").await;
    bedside.measure(&patient).await;
    assert_eq!(left_after_sync(&bedside).await, 0, "what it carries goes all the same");
    let before = clinic.renewals();
    bedside.add_patient(2).await;
    bedside.work(1).await;
    let renewals = clinic.renewals() - before;
    assert!(renewals <= 7, "{renewals} renewals in a minute");
    bedside.close().await;
}
