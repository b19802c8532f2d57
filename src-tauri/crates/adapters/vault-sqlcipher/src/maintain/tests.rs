//! Nothing is lost or doubled on the way from tails to chunks.
//! Not here: the same through the port (`tests/records`).
use super::*;
use crate::cipher;
use crate::slots::DatabaseKey;
use bedside_console::{Changes, MinuteMedian, RawFrame, SampleValues, StoredSamples};
use bedside_vitals::{ConnectionId, Decimal, DeviceId, Parameter, PatientId, SeriesId, Unit};
use uuid::Uuid;

const LATER: WallTime = WallTime(i64::MAX / 2);

fn database(folder: &tempfile::TempDir) -> Connection {
    let file = folder.path().join("t.db");
    std::fs::write(&file, []).unwrap();
    let mut db = cipher::open(&file, &DatabaseKey::new([1; 32]), cipher::Use::Writing).unwrap();
    crate::tables::migrate(&mut db).unwrap();
    crate::keyed::equip_writer(&mut db, &DatabaseKey::new([1; 32])).unwrap();
    let vault = bedside_console::ports::VaultId(Uuid::nil());
    digest::in_transaction(&db, |db| crate::tables::meta::claim(db, vault)).unwrap();
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
    maintain_keeping(db, now, None)
}

fn maintain_keeping(db: &mut Connection, now: WallTime, since: Option<WallTime>) -> Maintenance {
    let mut done = Maintenance::default();
    let mut round = Round::plan(db, now, since).unwrap();
    while !round.is_done() {
        round.step(db, &mut done).unwrap();
    }
    done
}

/// One a second; one of a hundred was rejected.
fn frame(i: u64) -> RawFrame {
    RawFrame {
        device: DeviceId(Uuid::from_u128(2)),
        connection: ConnectionId(Uuid::from_u128(3)),
        characteristic: Uuid::from_u128(4),
        index: i,
        received: WallTime(i as i64 * 1000),
        bytes: vec![0x10, 60 + (i % 5) as u8, i as u8, (i >> 8) as u8],
        rejection: (i % 100 == 50).then(|| "expected 4 octets, got 2".into()),
    }
}

fn frames(from: u64, until: u64) -> Changes {
    Changes { frames: (from..until).map(frame).collect(), ..Changes::default() }
}

/// Places of the frames that are there, packed or not.
fn places(db: &Connection) -> Vec<u64> {
    let mut places = Vec::new();
    frame_chunk::walk(db, 1, |_, blob| {
        places.extend(decode_frames(blob).unwrap().into_iter().map(|frame| frame.index));
        Ok(true)
    })
    .unwrap();
    places.extend(frame::oldest(db, None, false, usize::MAX).unwrap().into_iter().map(|row| row.frame.index));
    places.sort_unstable();
    places
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
        committed(&mut db, &stored(SampleValues::Timed(samples))).unwrap();
        maintain(&mut db, WallTime(minute * 60_000 + 90_000));
    }
    maintain(&mut db, LATER);
    assert_eq!(count(&db, "SELECT count(*) FROM tail"), 0);
    assert_eq!(chunk_samples(&db, 0), (0..6000).map(sample).collect::<Vec<_>>());
    for level in 1..=3 {
        assert_eq!(tile_samples(&db, level), 6000, "level {level}");
    }
    assert!(count(&db, "SELECT count(*) FROM chunk WHERE level = 0") < 14, "chunks do not grow");
    assert!(count(&db, "SELECT max(length(octets)) FROM chunk") <= bedside_series::TARGET_OCTETS as i64);
}

#[test]
fn samples_that_come_late_find_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    let noisy = |i: i64| (WallTime(i * 1000), (i * 7919 % 1009) as i32);
    for part in [1, 3, 0, 2, 4] {
        let samples = (part * 2000..part * 2000 + 2000).map(noisy).collect();
        committed(&mut db, &stored(SampleValues::Timed(samples))).unwrap();
        maintain(&mut db, LATER);
    }
    assert_eq!(chunk_samples(&db, 0), (0..10_000).map(noisy).collect::<Vec<_>>());
    assert_eq!(tile_samples(&db, 2), 10_000);
}

#[test]
fn a_second_round_finds_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    committed(&mut db, &stored(SampleValues::Timed(vec![(WallTime(5), 1)]))).unwrap();
    assert_eq!(maintain(&mut db, LATER).samples_compacted, 1);
    assert_eq!(maintain(&mut db, LATER), Maintenance::default());
}

#[test]
fn young_tails_stay_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    committed(&mut db, &stored(SampleValues::Timed(vec![(WallTime(100_000), 1)]))).unwrap();
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
        committed(&mut db, &stored(SampleValues::Even { start: WallTime(start), hertz: 130, samples })).unwrap();
    }
    assert_eq!(maintain(&mut db, LATER).samples_compacted, 40 * 130);
    assert_eq!(chunk_samples(&db, 130), expected);
    assert_eq!(tile_samples(&db, 1), 40 * 130);
}

#[test]
fn a_round_that_is_broken_off_moves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    committed(&mut db, &stored(SampleValues::Timed((0..500).map(|i| (WallTime(i), 1)).collect()))).unwrap();
    // A tile that cannot be read stands for any failure in the midst of a step.
    digest::in_transaction(&db, |db| Ok(db.execute_batch("INSERT INTO chunk VALUES (1, 1, 0, 0, 0, x'00')")?)).unwrap();
    let mut done = Maintenance::default();
    let mut round = Round::plan(&db, LATER, None).unwrap();
    assert!(round.step(&mut db, &mut done).is_err());
    assert_eq!(done, Maintenance::default());
    assert!(count(&db, "SELECT count(*) FROM tail") > 0);
    assert_eq!(count(&db, "SELECT count(*) FROM chunk"), 1);
}

#[test]
fn frames_are_packed_and_rejected_ones_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    for part in 0..10 {
        committed(&mut db, &frames(part * 200, part * 200 + 200)).unwrap();
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
fn frames_whose_time_is_over_go_by_whole_packs_and_rejected_ones_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    committed(&mut db, &frames(0, 20_000)).unwrap();
    maintain(&mut db, LATER);
    let packs = frame_chunk::count(&db).unwrap();
    let since = 15_000;
    let done = maintain_keeping(&mut db, LATER, Some(WallTime(since as i64 * 1000)));
    let left = places(&db);
    assert_eq!(done.frames_removed as usize, 20_000 - left.len());
    assert!(packs > frame_chunk::count(&db).unwrap() && left.len() < 10_000, "{packs} packs, {} left", left.len());
    assert!((since..20_000).all(|i| left.contains(&i)), "no frame goes early");
    assert!(left.iter().all(|i| *i >= since || i % 100 != 50), "rejected ones go to the second");
    let kept = (left.len() as u64, left.iter().filter(|i| *i % 100 == 50).count() as u64);
    assert_eq!(frame_stream::counts(&db).unwrap(), kept);
}

#[test]
fn frames_that_were_never_packed_go_too_and_their_stream_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    committed(&mut db, &frames(0, 200)).unwrap();
    assert_eq!(maintain_keeping(&mut db, LATER, Some(LATER)).frames_removed, 200);
    assert_eq!(count(&db, "SELECT count(*) FROM frame_stream"), 0);
    committed(&mut db, &frames(200, 210)).unwrap();
    maintain(&mut db, LATER);
    assert_eq!(places(&db), (200..210).collect::<Vec<u64>>());
}

#[test]
fn without_a_retention_no_frame_goes() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    committed(&mut db, &frames(0, 2000)).unwrap();
    assert_eq!(maintain(&mut db, LATER).frames_removed, 0);
    assert_eq!(places(&db).len(), 2000);
}

#[test]
fn retention_takes_no_sample_no_bin_and_no_median() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    let samples: Vec<_> = (0..2000).map(|i| (WallTime(i * 1000), 60 + (i % 9) as i32)).collect();
    let mut changes = stored(SampleValues::Timed(samples.clone()));
    changes.frames = frames(0, 2000).frames;
    changes.medians = vec![MinuteMedian {
        series: SeriesId(Uuid::from_u128(1)),
        device: DeviceId(Uuid::from_u128(2)),
        patient: PatientId(Uuid::from_u128(5)),
        parameter: Parameter::HeartRate,
        unit: Unit::PerMinute,
        minute: WallTime(0),
        median: Decimal::whole(64),
        count: 60,
    }];
    committed(&mut db, &changes).unwrap();
    assert_eq!(maintain_keeping(&mut db, LATER, Some(LATER)).frames_removed, 2000);
    assert!(places(&db).is_empty());
    assert_eq!(chunk_samples(&db, 0), samples);
    assert_eq!(tile_samples(&db, 1), 2000);
    assert_eq!(count(&db, "SELECT count(*) FROM minute_median"), 1);
}

#[test]
fn a_removal_that_is_broken_off_removes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = database(&folder);
    committed(&mut db, &frames(0, 2000)).unwrap();
    maintain(&mut db, WallTime(1_500_000));
    let before = places(&db);
    // A pack that cannot be read stands for any failure in the midst of a step.
    digest::in_transaction(&db, |db| Ok(db.execute_batch("INSERT INTO frame_chunk VALUES (999, 1, 0, 0, x'00')")?))
        .unwrap();
    let mut round = Round::plan(&db, LATER, Some(LATER)).unwrap();
    assert!(round.step(&mut db, &mut Maintenance::default()).is_err());
    digest::in_transaction(&db, |db| Ok(db.execute_batch("DELETE FROM frame_chunk WHERE id = 999")?)).unwrap();
    assert_eq!(places(&db), before);
    assert_eq!(frame_stream::counts(&db).unwrap().0, 2000);
}

fn committed(db: &mut Connection, changes: &Changes) -> Result<(), Fault> {
    crate::commit::commit(db, changes, uuid::Uuid::from_u128(1)).map(drop)
}
