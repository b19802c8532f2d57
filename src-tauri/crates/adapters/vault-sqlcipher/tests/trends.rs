//! A trend shows every spike, no value where none was, and the same before and after compaction.
//! Not here: drawing.
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
mod support;

use bedside_console::ports::RecordStore;
use bedside_console::{Changes, SampleValues, TrendBin};
use bedside_vitals::{Parameter, WallTime};
use std::time::Duration;
use support::*;

const HOUR: i64 = 3_600_000;
const LATER: WallTime = WallTime(T0 + 400 * 24 * HOUR);

async fn vault_with(
    folder: &tempfile::TempDir,
    samples: Vec<bedside_console::StoredSamples>,
) -> bedside_vault_sqlcipher::Vault {
    let vault = new_vault(folder.path()).await;
    vault.commit(Changes { samples, ..Changes::default() }).await.unwrap();
    vault
}

async fn maintain(vault: &bedside_vault_sqlcipher::Vault) {
    while vault.maintain(LATER, Duration::from_secs(9), None).await.unwrap().more {}
}

async fn bins(vault: &bedside_vault_sqlcipher::Vault, from: i64, until: i64, columns: usize) -> (i64, Vec<TrendBin>) {
    let trend = trend(vault, Parameter::HeartRate, from, until, columns).await;
    trend.series.into_iter().next().map_or((0, Vec::new()), |series| (series.bin_ms, series.bins))
}

#[tokio::test]
async fn every_width_of_screen_shows_the_spike_and_counts_every_sample() {
    let folder = tempfile::tempdir().unwrap();
    let rate = |i: i64| if i == 123_456 { 201 } else { 60 + (i % 13) as i32 };
    let day = 2 * 24 * 3600;
    let vault = vault_with(&folder, vec![heart_rate(T0, (0..day).map(rate))]).await;
    for compacted in [false, true] {
        if compacted {
            maintain(&vault).await;
        }
        for columns in [1, 7, 100, 150, 1200, 5000] {
            let (from, until) = (T0 + 17_500, T0 + 40 * HOUR + 3);
            let (width, bins) = bins(&vault, from, until, columns).await;
            assert!(bins.len() <= columns, "{} bins for {columns} columns", bins.len());
            let expected = (0..day).filter(|i| (from..until).contains(&(T0 + i * 1000))).count();
            assert_eq!(bins.iter().map(|bin| bin.count as usize).sum::<usize>(), expected, "{columns}, {compacted}");
            let highest = bins.iter().max_by(|a, b| a.highest.total_cmp(&b.highest)).unwrap();
            assert_eq!(highest.highest, 201.0);
            let spike = T0 + 123_456_000;
            assert!((highest.start.0..highest.start.0 + width).contains(&spike));
            assert!(bins.iter().all(|bin| bin.start.0 >= from && bin.start.0 < until && bin.lowest >= 60.0));
        }
    }
}

#[tokio::test]
async fn a_gap_has_no_bins() {
    let folder = tempfile::tempdir().unwrap();
    let hours = |h: i64| heart_rate(T0 + h * HOUR, (0..3600).map(|_| 70));
    let vault = vault_with(&folder, vec![hours(0), hours(5)]).await;
    for _ in 0..2 {
        let (width, bins) = bins(&vault, T0, T0 + 6 * HOUR, 300).await;
        let inside = |bin: &&TrendBin| bin.start.0 >= T0 + HOUR && bin.start.0 + width <= T0 + 5 * HOUR;
        assert_eq!(bins.iter().filter(inside).count(), 0);
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<u32>(), 7200);
        maintain(&vault).await;
    }
}

#[tokio::test]
async fn samples_that_are_still_in_tails_join_the_tiles() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault_with(&folder, vec![heart_rate(T0, (0..90_000).map(|_| 70))]).await;
    maintain(&vault).await;
    let more = heart_rate(T0 + 90_000_000, (0..30).map(|_| 90));
    vault.commit(Changes { samples: vec![more], ..Changes::default() }).await.unwrap();
    let (_, bins) = bins(&vault, T0, T0 + 26 * HOUR, 100).await;
    assert_eq!(bins.iter().map(|bin| bin.count).sum::<u32>(), 90_030);
    assert_eq!(bins.last().unwrap().highest, 90.0);
}

#[tokio::test]
async fn values_are_in_the_unit_of_the_series_and_a_change_of_precision_keeps_one_curve() {
    let folder = tempfile::tempdir().unwrap();
    let mut coarse = heart_rate(T0, [37, 38]);
    let mut fine = heart_rate(T0 + 500, [3725, 3850]);
    (coarse.exponent, fine.exponent) = (0, -2);
    let vault = vault_with(&folder, vec![coarse, fine]).await;
    let trend = trend(&vault, Parameter::HeartRate, T0, T0 + 2000, 1).await;
    assert_eq!(trend.series.len(), 1);
    let [bin] = trend.series[0].bins[..] else { panic!("{:?}", trend.series[0].bins) };
    assert_eq!((bin.lowest, bin.highest, bin.count), (37.0, 38.5, 4));
    assert!((bin.mean - 37.6875).abs() < 1e-9);
}

#[tokio::test]
async fn a_waveform_has_a_trend_too() {
    let folder = tempfile::tempdir().unwrap();
    let values = (0..130 * 600).map(|i| if i == 40_000 { 3000 } else { i % 100 }).collect();
    let even = SampleValues::Even { start: WallTime(T0), hertz: 130, samples: values };
    let vault = vault_with(&folder, vec![samples(Parameter::Electrocardiogram, even)]).await;
    for _ in 0..2 {
        let trend = trend(&vault, Parameter::Electrocardiogram, T0, T0 + 600_000, 60).await;
        let bins = &trend.series[0].bins;
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<u32>(), 78_000);
        assert!(bins.len() <= 60 && bins.iter().any(|bin| bin.highest == 3000.0));
        maintain(&vault).await;
    }
}

#[tokio::test]
async fn spot_readings_of_the_range_come_with_the_trend() {
    let folder = tempfile::tempdir().unwrap();
    let vault = new_vault(folder.path()).await;
    let readings =
        vec![reading(2, T0 + 5, Some(PATIENT)), reading(1, T0, Some(PATIENT)), reading(3, T0 + 10, Some(PATIENT))];
    vault.commit(Changes { readings: readings.clone(), ..Changes::default() }).await.unwrap();
    let trend = trend(&vault, Parameter::BodyTemperature, T0, T0 + 10, 100).await;
    assert_eq!(trend.readings, [readings[1].clone(), readings[0].clone()]);
}

#[tokio::test]
async fn odd_ranges_are_empty_and_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault_with(&folder, vec![heart_rate(T0, [70])]).await;
    assert!(bins(&vault, T0 + 5, T0, 100).await.1.is_empty());
    assert!(bins(&vault, T0, T0, 0).await.1.is_empty());
    assert_eq!(bins(&vault, i64::MIN, i64::MAX, 100).await.1.len(), 1);
    assert_eq!(bins(&vault, T0, T0 + 1, 0).await.1.len(), 1);
}
