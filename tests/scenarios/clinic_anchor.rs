//! What the clinic's server knows of the record: it goes with the sync, and an old copy of the file and of the keyring
//! is told by it. Not here: the keyring's anchor (`audit`), and what is sent besides (`sync`).
use crate::harness::Bedside;
use crate::harness::*;
use crate::sync::{Mood, Seen, Server};
use bedside_console::ports::*;
use bedside_console::*;
use bedside_outbox::RowState;
use bedside_vitals::Patient;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

fn at(server: &Arc<Server>) -> Options {
    Options { clinic: Some(server.clone()), staffed: true, ..Options::default() }
}

/// A part of the anchor that the server keeps.
fn part(server: &Server, name: &str) -> Option<String> {
    let gateway = server.gateway()?;
    let parts = gateway["extension"][0]["extension"].as_array()?.clone();
    let part = parts.iter().find(|part| part["url"] == name)?;
    part["valueString"].as_str().map(str::to_owned)
}

fn generation(server: &Server) -> u64 {
    part(server, "generation").expect("an anchor").parse().unwrap()
}

fn notices(bedside: &Bedside) -> Vec<VaultNotice> {
    match &bedside.latest().access {
        AccessState::Open { notices, .. } => notices.clone(),
        other => panic!("expected an open vault, got {other:?}"),
    }
}

async fn patient_synced(bedside: &Bedside, number: u32) -> Patient {
    let patient = bedside.add_patient(number).await;
    bedside.console.sync_until_quiet().await.unwrap();
    patient
}

async fn tampering(bedside: &Bedside) -> Vec<String> {
    let all = bedside.audited().await.into_iter();
    all.filter(|entry| entry.action == AuditAction::TamperFound).filter_map(|entry| entry.reason).collect()
}

#[tokio::test(start_paused = true)]
async fn what_the_record_holds_goes_with_each_sync_and_tells_nothing_of_a_person() {
    let server = Server::with_moods(&[]);
    let bedside = Laptop::new().start("calm", at(&server)).await;
    patient_synced(&bedside, 1).await;
    let Answer::Anchor(present) = bedside.store.read(Query::Anchor).await.unwrap() else { panic!("no anchor") };
    let first = generation(&server);
    assert!(first > 0 && first <= present.generation);
    assert_eq!(part(&server, "vault"), Some(present.vault.to_string()));
    assert!(part(&server, "audit-place").unwrap().parse::<u64>().unwrap() > 0);
    patient_synced(&bedside, 2).await;
    assert!(generation(&server) > first, "a person asked, and something went to the server");
    let said = server.gateway().unwrap().to_string();
    assert!(!said.contains("ADEYEMI") && !said.contains("4410"), "{said}");
    assert_eq!(tampering(&bedside).await, Vec::<String>::new());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_old_copy_of_the_file_and_of_the_keyring_is_told_by_the_server() {
    an_old_copy_is_told_after(&[]).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_copy_is_told_although_the_server_could_not_be_read_at_first() {
    for at_first in [&[Mood::Status(502)][..], &[Mood::NoToken], &[Mood::Html, Mood::AnswerLost]] {
        an_old_copy_is_told_after(at_first).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_copy_is_told_although_the_server_was_down_for_long() {
    an_old_copy_is_told_after(&[Mood::Status(504); 12]).await;
}

/// The server answers so when the old copy is opened, and as it should after that.
async fn an_old_copy_is_told_after(moods: &[Mood]) {
    let server = Server::with_moods(&[]);
    let laptop = Laptop::new();
    let file = laptop.folder.path().join("vault.db");
    let bedside = laptop.start("calm", at(&server)).await;
    let vault = bedside.store.presence().await.unwrap().id().unwrap();
    bedside.close().await;
    // Before anything was sent: the console's own row waits in it too.
    let (old, note) = (std::fs::read(&file).unwrap(), laptop.keys.note(vault, KeyNote::Anchor).await.unwrap().unwrap());

    let bedside = laptop.start("calm", at(&server)).await;
    patient_synced(&bedside, 1).await;
    bedside.close().await;
    let known = part(&server, "audit-head").unwrap();
    server.set_moods(moods);
    std::fs::write(&file, &old).unwrap();
    laptop.keys.set_note(vault, KeyNote::Anchor, &note).await.unwrap();

    let bedside = laptop.start("calm", at(&server)).await;
    bedside.pass(Duration::from_secs(10)).await;
    for _ in moods {
        bedside.console.sync_until_quiet().await.unwrap();
    }
    server.is_fine_again();
    // Once there are more commits than the server knows of it is not an older record any more, but another one.
    let older = |notice: &VaultNotice| match notice {
        VaultNotice::OlderCopy { missing_commits } => *missing_commits > 0,
        VaultNotice::Altered { what } => !moods.is_empty() && *what == "audit",
        _ => false,
    };
    patient_synced(&bedside, 2).await;
    assert!(notices(&bedside).iter().any(older), "{:?}", notices(&bedside));
    let told = tampering(&bedside).await;
    assert!(matches!(&told[..], [one] if one.contains("the clinic's server")), "{told:?}");
    let Answer::Anchor(present) = bedside.store.read(Query::Anchor).await.unwrap() else { panic!("no anchor") };
    assert_ne!(part(&server, "audit-head"), Some(known), "the server knows what there is now");
    assert!(generation(&server) <= present.generation);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn another_history_than_the_server_s_is_told() {
    let server = Server::with_moods(&[]);
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", at(&server)).await;
    patient_synced(&bedside, 1).await;
    let head = part(&server, "audit-head").unwrap();
    server.alter_gateway(|device| {
        let text = device.to_string().replace(&head, &"ab".repeat(32));
        *device = serde_json::from_str::<Value>(&text).unwrap();
    });
    patient_synced(&bedside, 2).await;
    assert_eq!(notices(&bedside).iter().filter(|one| **one == VaultNotice::Altered { what: "audit" }).count(), 1);
    patient_synced(&bedside, 3).await;
    assert_eq!(tampering(&bedside).await.len(), 1, "it is told once");
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_the_anchor_changes_nothing_else() {
    let server = Server::with_moods(&[]);
    server.refuse(Some("record-anchor"));
    let bedside = Laptop::new().start("calm", at(&server)).await;
    for number in 1..4 {
        patient_synced(&bedside, number).await;
    }
    let counts = bedside.console.sync_until_quiet().await.unwrap();
    assert_eq!(counts.count(RowState::Waiting) + counts.count(RowState::Refused), 0);
    assert_eq!(server.kinds("Patient").len(), 3);
    assert!(part(&server, "vault").is_none());
    assert_eq!(bedside.latest().sync.fault, None);
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_over_what_the_server_knows_before_it_was_read() {
    let server = Server::with_moods(&[Mood::Unreachable, Mood::Busy, Mood::AnswerLost]);
    // Nobody is enrolled, so nobody is locked out meanwhile.
    let bedside = Laptop::new().start("calm", Options { staffed: false, ..at(&server) }).await;
    bedside.add_patient(1).await;
    for _ in 0..12 {
        bedside.console.sync_until_quiet().await.unwrap();
        bedside.pass(Duration::from_secs(30)).await;
    }
    assert_eq!(server.kinds("Patient").len(), 1);
    assert!(generation(&server) > 0);
    assert_eq!(server.seen().first(), Some(&Seen::DevicesRead));
    assert!(server.seen().contains(&Seen::OwnDevicePut));
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_can_be_written_to_and_never_read_gets_every_record() {
    for searches in [Mood::Status(504), Mood::AnswerLost, Mood::Html, Mood::Status(403), Mood::Status(501)] {
        let server = Server::with_moods(&[]);
        server.answer_searches(Some(searches));
        let bedside = Laptop::new().start("calm", Options { staffed: false, ..at(&server) }).await;
        bedside.add_patient(1).await;
        for _ in 0..6 {
            bedside.console.sync_until_quiet().await.unwrap();
        }
        assert_eq!(server.kinds("Patient").len(), 1, "{searches:?}");
        assert!(part(&server, "vault").is_none(), "nothing is put over what was not read: {searches:?}");
        bedside.close().await;
    }
}
