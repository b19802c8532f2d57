//! Nothing is lost or doubled on the way from tails to chunks.
//! Not here: the same through the port (`tests/records`).
use super::*;
use crate::cipher;
use crate::commit::commit;
use crate::slots::DatabaseKey;
use bedside_console::{Changes, RawFrame, SampleValues, StoredSamples};
use bedside_vitals::{ConnectionId, DeviceId, Parameter, SeriesId, Unit};
use uuid::Uuid;

const LATER: WallTime = WallTime(i64::MAX / 2);

fn database(folder: &tempfile::TempDir) -> Connection {
    let file = folder.path().join("t.db");
    std::fs::write(&file, []).unwrap();
    let mut db = cipher::open(&file, &DatabaseKey::new([1; 32]), cipher::Use::Writing).unwrap();
    crate::tables::migrate(&mut db).unwrap();
    crate::tables::meta::claim(&db, bedside_console::ports::VaultId(Uuid::nil())).unwrap();
    db
}

fn stored(values: SampleValues) -> Changes {
    let samples = StoredSamples {
        series: SeriesId(Uuid::from_u128(1)),
        device: DeviceId(Uuid::from_u128(2)),
        patient: None,
        parameter: Parameter::HeartRate,
        unit: Unit::PerMinute,
        exponent: 0,
        values,
    };
    Changes { samples: vec![samples], ..Changes::default() }
}

fn maintain(db: &mut Connection, now: WallTime) -> Maintenance {
    let mut done = Maintenance::default();
    let mut round = Round::plan(db, now).unwrap();
    while !round.is_done() {
        round.step(db, &mut done).unwrap();
    }
    done
}

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn tile_samples(db: &Connection, level: u8) -> u64 {
    let sql = "SELECT octets FROM chunk WHERE level = ?";
    let blobs = crate::tables::rows(db, sql, [level], |row| Ok(row.get::<_, Vec<u8>>(0)?)).unwrap();
    blobs.iter().flat_map(|blob| decode_tile(blob).unwrap()).map(|(_, bin)| u64::from(bin.count)).sum()
}

fn chunk_samples(db: &Connection, hertz: u16) -> Vec<(WallTime, i32)> {
    let mut samples = Samples::none(hertz);
    let all = (WallTime(i64::MIN), WallTime(i64::MAX));
    chunk::each_between(db, 1, all, |blob| samples.add_blob(blob)).unwrap();
    let mut each = Vec::new();
    samples.each(|at, step| each.push((at, step)));
    each
}

#[test]
fn tails_move_in_many_rounds_and_every_tile_counts_each_sample_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    let sample = |i: i64| (WallTime(i * 1000 + i % 7), 60 + (i % 11) as i32);
    for minute in 0..100 {
        let samples = (minute * 60..minute * 60 + 60).map(sample).collect();
        commit(&mut db, &stored(SampleValues::Timed(samples))).unwrap();
        maintain(&mut db, WallTime(minute * 60_000 + 90_000));
    }
    maintain(&mut db, LATER);
    assert_eq!(count(&db, "SELECT count(*) FROM tail"), 0);
    assert_eq!(chunk_samples(&db, 0), (0..6000).map(sample).collect::<Vec<_>>());
    for level in 1..=3 {
        assert_eq!(tile_samples(&db, level), 6000, "level {level}");
    }
    assert!(count(&db, "SELECT count(*) FROM chunk WHERE level = 0") < 14, "chunks do not grow");
    assert!(count(&db, "SELECT max(length(octets)) FROM chunk") <= 944);
}

#[test]
fn samples_that_come_late_find_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    let noisy = |i: i64| (WallTime(i * 1000), (i * 7919 % 1009) as i32);
    for part in [1, 3, 0, 2, 4] {
        let samples = (part * 2000..part * 2000 + 2000).map(noisy).collect();
        commit(&mut db, &stored(SampleValues::Timed(samples))).unwrap();
        maintain(&mut db, LATER);
    }
    assert_eq!(chunk_samples(&db, 0), (0..10_000).map(noisy).collect::<Vec<_>>());
    assert_eq!(tile_samples(&db, 2), 10_000);
}

#[test]
fn a_second_round_finds_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    commit(&mut db, &stored(SampleValues::Timed(vec![(WallTime(5), 1)]))).unwrap();
    assert_eq!(maintain(&mut db, LATER).samples_compacted, 1);
    assert_eq!(maintain(&mut db, LATER), Maintenance::default());
}

#[test]
fn young_tails_stay_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    commit(&mut db, &stored(SampleValues::Timed(vec![(WallTime(100_000), 1)]))).unwrap();
    assert_eq!(maintain(&mut db, WallTime(100_000 + OLDEST_MS)), Maintenance::default());
    assert_eq!(maintain(&mut db, WallTime(100_001 + OLDEST_MS)).samples_compacted, 1);
}

#[test]
fn a_waveform_moves_with_its_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    let mut expected = Vec::new();
    for block in 0..40i64 {
        let start = block * 1000 + if block >= 20 { 5000 } else { 0 };
        let samples: Vec<i32> = (0..130).map(|i| (i * i * block as i32) % 900).collect();
        expected.extend(samples.iter().enumerate().map(|(i, v)| (WallTime(start + i as i64 * 1000 / 130), *v)));
        commit(&mut db, &stored(SampleValues::Even { start: WallTime(start), hertz: 130, samples })).unwrap();
    }
    assert_eq!(maintain(&mut db, LATER).samples_compacted, 40 * 130);
    assert_eq!(chunk_samples(&db, 130), expected);
    assert_eq!(tile_samples(&db, 1), 40 * 130);
}

#[test]
fn a_round_that_is_broken_off_moves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    commit(&mut db, &stored(SampleValues::Timed((0..500).map(|i| (WallTime(i), 1)).collect()))).unwrap();
    // A tile that cannot be read stands for any failure in the midst of a step.
    db.execute_batch("INSERT INTO chunk VALUES (1, 1, 0, 0, 0, x'00')").unwrap();
    let mut done = Maintenance::default();
    let mut round = Round::plan(&db, LATER).unwrap();
    assert!(round.step(&mut db, &mut done).is_err());
    assert_eq!(done, Maintenance::default());
    assert!(count(&db, "SELECT count(*) FROM tail") > 0);
    assert_eq!(count(&db, "SELECT count(*) FROM chunk"), 1);
}

#[test]
fn frames_are_packed_and_rejected_ones_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    let frame = |i: u64| RawFrame {
        device: DeviceId(Uuid::from_u128(2)),
        connection: ConnectionId(Uuid::from_u128(3)),
        characteristic: Uuid::from_u128(4),
        index: i,
        received: WallTime(i as i64 * 1000),
        bytes: vec![0x10, 60 + (i % 5) as u8, i as u8, (i >> 8) as u8],
        rejection: (i % 100 == 50).then(|| "expected 4 octets, got 2".into()),
    };
    for part in 0..10 {
        let frames = (part * 200..part * 200 + 200).map(frame).collect();
        commit(&mut db, &Changes { frames, ..Changes::default() }).unwrap();
        maintain(&mut db, LATER);
    }
    assert_eq!(count(&db, "SELECT count(*) FROM frame"), 20);
    assert!(frame_chunk::count(&db).unwrap() < 12);
    let mut packed = Vec::new();
    frame_chunk::walk(&db, 1, |_, blob| {
        packed.extend(decode_frames(blob).unwrap().into_iter().map(|frame| frame.index));
        Ok(true)
    })
    .unwrap();
    assert_eq!(packed, (0..2000).filter(|i| i % 100 != 50).collect::<Vec<u64>>());
}

#[test]
#[ignore]
fn zz_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    let mut seed = 5u64;
    let mut noise = move |most: i64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as i64 % (2 * most + 1) - most
    };
    let jitter: i64 = std::env::var("JIT").ok().and_then(|v| v.parse().ok()).unwrap_or(15);
    let mut vitals: Vec<(f64, f64, u64)> = vec![(72.0, 0.0, 0); 8];
    let t0 = 1_773_792_000_000i64;
    let days = 3;
    for minutes in 0..days * 24 * 12i64 {
        let mut samples = Vec::new();
        for v in 0..8usize {
            let timed = (0..300).map(|i| {
                let (value, slow, count) = &mut vitals[v];
                let mut random = || noise(1_000_000) as f64 / 2_000_000.0;
                if count.is_multiple_of(60) { *slow += random() * 2.0 - *slow * 0.01; }
                *value += random() * 1.6 + (72.0 + *slow - *value) * 0.05;
                *count += 1;
                let step = value.round() as i32;
                (WallTime(t0 + (minutes * 300 + i) * 1000 + noise(jitter)), step)
            }).collect();
            samples.push(StoredSamples {
                series: SeriesId(Uuid::from_u128(v as u128)), device: DeviceId(Uuid::from_u128(2)), patient: None,
                parameter: Parameter::HeartRate, unit: Unit::PerMinute, exponent: 0, values: SampleValues::Timed(timed),
            });
        }
        commit(&mut db, &Changes { samples, ..Changes::default() }).unwrap();
        maintain(&mut db, WallTime(t0 + (minutes + 1) * 300_000));
    }
    maintain(&mut db, LATER);
    let n = (days * 86_400 * 8) as f64;
    for level in 0..4 {
        println!("level {level}: rows {} octets/sample {:.3}", count(&db, &format!("SELECT count(*) FROM chunk WHERE level={level}")),
            count(&db, &format!("SELECT coalesce(sum(length(octets)),0) FROM chunk WHERE level={level}")) as f64 / n);
    }
    println!("pages {} freelist {} of {}", count(&db, "PRAGMA page_count"), count(&db, "PRAGMA freelist_count"), count(&db, "PRAGMA page_size"));
    println!("total {:.3}", (count(&db, "PRAGMA page_count") * count(&db, "PRAGMA page_size")) as f64 / n);
    db.execute_batch("VACUUM").unwrap();
    println!("vacuumed {:.3}", (count(&db, "PRAGMA page_count") * count(&db, "PRAGMA page_size")) as f64 / n);
}
