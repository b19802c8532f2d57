//! Later words on readings: what was measured stays, what is in force is what people said last.
//! Not here: who may say it, which the console decides.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]
mod support;

use bedside_console::ports::{Answer, Query};
use bedside_console::ports::{RecordStore, Safeguard};
use bedside_console::{Changes, ClinicianId, ReadingVersion, StoredReading, Verdict};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::{
    Decimal, MeasuredValue, Measurement, Parameter, QualityFlag, Quantity, Sensitive, Unit, WallTime,
};
use support::*;
use uuid::Uuid;

fn value(tenths: i64) -> MeasuredValue {
    MeasuredValue::Single(Quantity { number: Decimal::new(tenths, -1).into(), unit: Unit::DegreeCelsius })
}

fn said(reading: &StoredReading, corrected: Option<i64>, reason: &str) -> ReadingVersion {
    let verdict = match corrected {
        Some(tenths) => {
            let corrected = Measurement { value: value(tenths), ..reading.measurement.clone() };
            Verdict::Corrected(Box::new(corrected))
        }
        None => Verdict::Rejected,
    };
    ReadingVersion {
        reading: reading.id,
        version: 0,
        verdict,
        reason: Sensitive::new(reason.into()),
        author: Some(ClinicianId(Uuid::from_u128(77))),
        at: WallTime(T0 + 1),
    }
}

async fn say(vault: &Vault, version: ReadingVersion) {
    vault.commit(Changes { versions: vec![version], ..Changes::default() }).await.unwrap();
}

async fn versions(vault: &Vault, of: &StoredReading) -> Vec<ReadingVersion> {
    match read(vault, Query::Versions(vec![of.id])).await {
        Answer::Versions(all) => all,
        other => panic!("{other:?}"),
    }
}

async fn last(vault: &Vault) -> Vec<StoredReading> {
    match read(vault, Query::LastValues(PATIENT)).await {
        Answer::LastValues(all) => all,
        other => panic!("{other:?}"),
    }
}

async fn in_trend(vault: &Vault) -> Vec<StoredReading> {
    trend(vault, Parameter::BodyTemperature, T0 - 1, T0 + 60_000, 10).await.readings
}

/// A vault with two temperatures of the patient, the second one later, and one of nobody.
async fn vault(folder: &std::path::Path) -> (Vault, StoredReading, StoredReading, StoredReading) {
    let vault = new_vault(folder).await;
    let (first, second) = (reading(1, T0, Some(PATIENT)), reading(2, T0 + 5_000, Some(PATIENT)));
    let nobodys = reading(3, T0 + 6_000, None);
    let readings = vec![first.clone(), second.clone(), nobodys.clone()];
    vault.commit(Changes { readings, patients: vec![patient()], ..Changes::default() }).await.unwrap();
    (vault, first, second, nobodys)
}

#[tokio::test]
async fn a_correction_is_what_the_bedside_the_trend_and_the_lists_show_with_its_mark() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, _, second, _) = vault(folder.path()).await;
    say(&vault, said(&second, Some(371), "typed wrong")).await;
    for shown in [last(&vault).await, in_trend(&vault).await, readings(&vault).await] {
        let reading = shown.iter().find(|reading| reading.id == second.id).unwrap();
        assert_eq!(reading.measurement.value, value(371));
        assert!(reading.measurement.quality.has(QualityFlag::Corrected));
    }
}

#[tokio::test]
async fn a_rejected_reading_is_no_value_any_more_and_the_one_before_is_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, first, second, _) = vault(folder.path()).await;
    say(&vault, said(&second, None, "sensor had slipped")).await;
    assert_eq!(last(&vault).await, std::slice::from_ref(&first));
    assert_eq!(in_trend(&vault).await, [first]);
    let listed = readings(&vault).await;
    let rejected = listed.iter().find(|reading| reading.id == second.id).unwrap();
    assert!(rejected.measurement.quality.has(QualityFlag::Rejected));
}

#[tokio::test]
async fn a_confirmed_reading_stays_a_value_everywhere_with_its_mark_and_can_be_rejected_later() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, first, second, nobodys) = vault(folder.path()).await;
    let confirmed = |reading| ReadingVersion { verdict: Verdict::Confirmed, ..said(reading, None, "") };
    say(&vault, confirmed(&second)).await;
    say(&vault, confirmed(&nobodys)).await;
    for shown in [last(&vault).await, in_trend(&vault).await, readings(&vault).await] {
        let reading = shown.iter().find(|reading| reading.id == second.id).unwrap();
        assert_eq!(reading.measurement.value, second.measurement.value);
        let quality = reading.measurement.quality;
        assert!(quality.has(QualityFlag::Confirmed) && !quality.has(QualityFlag::Corrected));
    }
    assert!(matches!(read(&vault, Query::UnassignedCount).await, Answer::Count(1)), "it is no rejection");
    assert_eq!(versions(&vault, &second).await, [ReadingVersion { version: 1, ..confirmed(&second) }]);
    say(&vault, said(&second, None, "was hers")).await;
    assert_eq!(last(&vault).await, [first]);
}

#[tokio::test]
async fn what_was_measured_and_every_word_on_it_stay_with_reason_and_author() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, _, second, _) = vault(folder.path()).await;
    say(&vault, said(&second, None, "slipped")).await;
    say(&vault, said(&second, Some(368), "was right after all")).await;
    match read(&vault, Query::TheseReadings(vec![second.id])).await {
        Answer::Readings(found) => assert_eq!(found, std::slice::from_ref(&second)),
        other => panic!("{other:?}"),
    }
    let all = versions(&vault, &second).await;
    assert_eq!(all.iter().map(|version| version.version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(all[0], ReadingVersion { version: 1, ..said(&second, None, "slipped") });
    assert_eq!(all[1], ReadingVersion { version: 2, ..said(&second, Some(368), "was right after all") });
    // The last word counts.
    assert_eq!(last(&vault).await[0].measurement.value, value(368));
}

#[tokio::test]
async fn a_rejected_reading_of_nobody_leaves_the_inbox() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, _, _, nobodys) = vault(folder.path()).await;
    say(&vault, said(&nobodys, None, "nobody's")).await;
    let query = Query::Readings { patient: None, unassigned_only: true, since: None, limit: 9 };
    assert!(matches!(read(&vault, query).await, Answer::Readings(none) if none.is_empty()));
    assert!(matches!(read(&vault, Query::UnassignedCount).await, Answer::Count(0)));
}

#[tokio::test]
async fn versions_of_a_damaged_vault_come_back_with_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let (vault, _, second, _) = vault(folder.path()).await;
    vault.safeguard(Safeguard::Backup { now: WallTime(T0) }).await.unwrap();
    say(&vault, said(&second, Some(371), "typed wrong")).await;
    let task = Safeguard::Restore { backup: None, unlock: None, now: WallTime(T0) };
    vault.safeguard(task).await.unwrap();
    vault.open(unlock(), bedside_console::ports::OpenMode::Writer).await.unwrap();
    assert_eq!(versions(&vault, &second).await.len(), 1);
    assert_eq!(last(&vault).await[0].measurement.value, value(371));
}
