//! Nothing recorded is ever lost (product law 3): a store that fails or stalls is said, and catches up.
//! The vault's own crash tests stand beside it.
use crate::front_store::{Before, in_front};
use crate::harness::*;
use crate::sync::{Mood, Server};
use async_trait::async_trait;
use bedside_console::ports::*;
use bedside_console::*;
use bedside_vitals::Parameter;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

static TROUBLE: AtomicU8 = AtomicU8::new(0);
pub(crate) const FULL: u8 = 1;
const SLOW: u8 = 2;
/// Another program looks at a passphrase and does not end.
pub(crate) const TRIES_HELD: u8 = 3;

/// It fails or stalls on command.
struct Trouble(&'static AtomicU8);

/// Puts trouble in front of the vault.
pub(crate) fn with_trouble(trouble: &'static AtomicU8) -> WrapStore {
    in_front(Trouble(trouble))
}

#[async_trait]
impl Before for Trouble {
    async fn tries_held(&self) -> Result<(), StoreFault> {
        match self.0.load(Ordering::SeqCst) {
            TRIES_HELD => Err(StoreFault::TriesHeld),
            _ => Ok(()),
        }
    }

    async fn commit(&self, _: &Changes) -> Result<(), StoreFault> {
        match self.0.load(Ordering::SeqCst) {
            FULL => return Err(StoreFault::DiskFull),
            SLOW => tokio::time::sleep(Duration::from_secs(6)).await,
            _ => {}
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_or_slow_disk_is_said_and_what_came_meanwhile_is_written_later() {
    let laptop = Laptop::new();
    // A server that is busy at first, so that something waits to be sent.
    let clinic = Server::with_moods(&[Mood::Busy]);
    let options = Options { store: Some(with_trouble(&TROUBLE)), clinic: Some(clinic), ..Options::default() };
    let bedside = laptop.start("calm", options).await;
    let patient = bedside.add_patient(1).await;
    bedside.pass(Duration::from_secs(1)).await;
    assert_eq!(sync_fault(&bedside), Some("SERVER-BUSY"));
    TROUBLE.store(FULL, Ordering::SeqCst);
    bedside.console.sync_now().await.unwrap();
    bedside.pass(Duration::from_secs(1)).await;
    assert_eq!(sync_fault(&bedside), Some("STORE-FULL"), "the server is not to blame");
    TROUBLE.store(0, Ordering::SeqCst);
    bedside.console.sync_now().await.unwrap();
    bedside.pass(Duration::from_secs(1)).await;
    assert_eq!(sync_fault(&bedside), None);
    bedside.console.open_patient(Some(patient.id)).await.unwrap();
    bedside.bind("strap-1", &patient).await;
    for (trouble, code) in [(FULL, "STORE-FULL"), (SLOW, "STORE-SLOW")] {
        bedside.pass(Duration::from_secs(5)).await;
        let tile_before = bedside.tile(Parameter::HeartRate).last.unwrap().at;
        TROUBLE.store(trouble, Ordering::SeqCst);
        bedside.pass(Duration::from_secs(4)).await;
        let recording = bedside.latest().recording.clone();
        assert_eq!(recording.stall_code, Some(code));
        assert!(recording.stalled_since.is_some());
        let tile = bedside.tile(Parameter::HeartRate).last.unwrap().at;
        assert!(tile.millis_since(tile_before) < 1_500, "a tile moves only after the commit");
        TROUBLE.store(0, Ordering::SeqCst);
        bedside.pass(Duration::from_secs(10)).await;
        assert_eq!(bedside.latest().recording.stall_code, None);
    }
    bedside.ward.set_out_of_reach("strap-1", true).unwrap();
    bedside.pass(Duration::from_secs(2)).await;
    let sent = bedside.ledger().len();
    assert_eq!(bedside.frames().await.len(), sent, "every value that was sent is on disk");
    bedside.close().await;
}

fn sync_fault(bedside: &crate::harness::Bedside) -> Option<&'static str> {
    bedside.latest().sync.fault.as_ref().map(|(code, _)| *code)
}

#[tokio::test(start_paused = true)]
async fn a_power_cut_loses_nothing_that_was_shown_as_recorded() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    let patient = bedside.add_patient(1).await;
    bedside.bind("cuff-1", &patient).await;
    bedside.bind("strap-1", &patient).await;
    bedside.pass(Duration::from_secs(120)).await;
    let shown = bedside.display.recorded.lock().unwrap().clone();
    assert!(shown.iter().any(|value| value.reading.is_some()), "the cuff measured");
    bedside.kill().await;

    let bedside = laptop.start("calm", Options::default()).await;
    let readings = bedside.readings().await;
    let samples: usize = bedside
        .samples()
        .await
        .iter()
        .filter(|samples| samples.parameter == Parameter::HeartRate)
        .map(|samples| match &samples.values {
            SampleValues::Timed(values) => values.len(),
            SampleValues::Even { samples, .. } => samples.len(),
        })
        .sum();
    for value in &shown {
        if let Some(id) = value.reading {
            assert!(readings.iter().any(|reading| reading.id == id));
        }
    }
    assert!(samples >= shown.iter().filter(|value| value.reading.is_none()).count());
    bedside.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_vault_is_backed_up_once_and_not_because_of_its_backups() {
    let laptop = Laptop::new();
    let bedside = laptop.start("calm", Options::default()).await;
    for _ in 0..60 {
        bedside.machine.sleep(Duration::from_secs(60));
        bedside.pass(Duration::from_millis(600)).await;
    }
    let made = bedside.audited().await.into_iter().filter(|entry| entry.action == AuditAction::BackedUp);
    assert_eq!(made.count(), 1);
    bedside.close().await;
}
