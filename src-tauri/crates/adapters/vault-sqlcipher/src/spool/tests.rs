//! The written form of changes: a golden file, and a round trip of whatever numbers and times can occur.
//! Not here: files and sealing (`tests/spool.rs`).
use super::written::{from_octets, to_octets};
use bedside_console::ports::{RefreshToken, StoreFault};
use bedside_console::{
    AuditAction, AuditEntry, AuditOrigin, AuditOutcome, Binding, Changes, ClinicianId, Connection, MinuteMedian,
    Purpose, RawFrame, Role, Run, SampleValues, ServerToken, ServerTokenChange, SpoolPlace, StoredClockSetting,
    StoredInterruption, StoredReading, StoredSamples,
};
use bedside_outbox::{AuthorId, Discard, Fact, Lane, OutboxRow, Outcome, RowId, RowState, RowUpdate, ServerCopy};
use bedside_session::{Bookmark, ClockOutcome, ClockSetting, RecordMark, UserConsent};
use bedside_vitals::*;
use proptest::prelude::*;
use std::time::Duration;
use uuid::Uuid;

const DEVICE: DeviceId = DeviceId(Uuid::from_u128(2));
const PATIENT: PatientId = PatientId(Uuid::from_u128(1));
const CONNECTION: ConnectionId = ConnectionId(Uuid::from_u128(3));
const AT: WallTime = WallTime(1_773_842_400_000);

fn reading(number: Number, identity: ReadingIdentity, at: WallTime, boot: u64) -> StoredReading {
    let unit = Unit::MillimetreOfMercury;
    let pressures =
        BloodPressure { systolic: number, diastolic: number, mean: Special::NotANumber.into_number(), unit };
    let shown = DeviceTime { year: None, month: Some(2), day: Some(31), hour: 23, minute: 59, second: 60 };
    let time = CorrectedTime {
        at,
        method: TimeMethod::DeviceClockCorrected,
        device: Some(shown),
        received: at,
        received_boot: BootTime(Duration::from_nanos(boot)),
    };
    StoredReading {
        id: ReadingId::derive(DEVICE, Parameter::BloodPressure, &identity),
        device: DEVICE,
        patient: Some(PATIENT),
        measurement: Measurement {
            parameter: Parameter::BloodPressure,
            value: MeasuredValue::Pressures(pressures),
            cadence: Cadence::Spot,
            time,
            identity,
            quality: Quality::GOOD.with(QualityFlag::FromStorage).with(QualityFlag::IrregularPulse),
            user_slot: Some(2),
            glucose: None,
            temperature_site: None,
        },
        frame: Some((CONNECTION, Uuid::from_u128(0x2a35), u64::MAX)),
    }
}

trait IntoNumber {
    fn into_number(self) -> Number;
}

impl IntoNumber for Special {
    fn into_number(self) -> Number {
        Number::Special(self)
    }
}

fn samples(values: SampleValues) -> StoredSamples {
    let (series, parameter) = (SeriesId(Uuid::from_u128(9)), Parameter::Electrocardiogram);
    StoredSamples { series, device: DEVICE, patient: None, parameter, unit: Unit::Microvolt, exponent: -1, values }
}

fn row() -> OutboxRow {
    OutboxRow {
        id: RowId(Uuid::from_u128(4)),
        resource_type: "Device".into(),
        resource_id: Uuid::from_u128(5),
        payload: r#"{"resourceType":"Device"}"#.into(),
        depends_on: vec![RowId(Uuid::from_u128(6))],
        state: RowState::Waiting,
        attempts: 1,
        next_attempt: Some(AT),
        created: AT,
        outcome: Some(Outcome { status: 503, text: "busy".into(), at: AT }),
        lane: Lane::Waveform,
        kept_by_device: true,
        measured_by: Some(AuthorId(Uuid::from_u128(10))),
        server: Some(ServerCopy {
            address: "https://a.example/fhir".into(),
            id: "a".into(),
            version: Some("2".into()),
            modified: Some(AT),
        }),
        expects: Some("1".into()),
        discarded: Some(Discard { reason: "sent twice".into(), by: Some(AuthorId(Uuid::from_u128(10))), at: AT }),
    }
}

/// One of everything that can be spooled.
fn everything() -> Changes {
    let clock = |offset_ms| {
        let device = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 14, minute: 0, second: 0 };
        Some(DeviceClock { device, read_at: AT, offset_ms })
    };
    let setting = ClockSetting {
        connection: CONNECTION,
        before: clock(60_000),
        after: clock(59_000),
        outcome: ClockOutcome::DidNotTake { off_by_ms: 59_000 },
    };
    let mark = |number, base_time| Some(RecordMark { number, base_time });
    let bookmark = Bookmark {
        service: Uuid::from_u128(0x1808),
        complete: mark(5, None),
        highest: mark(7, clock(0).map(|clock| clock.device)),
        since_complete: 2,
    };
    let binding = Binding {
        id: Uuid::from_u128(7),
        device: DEVICE,
        patient: PATIENT,
        since: AT,
        not_before: WallTime(AT.0 - 300_000),
        until: Some(WallTime(AT.0 + 1)),
        user_slot: Some(1),
    };
    let frame = RawFrame {
        device: DEVICE,
        connection: CONNECTION,
        characteristic: Uuid::from_u128(0x2a37),
        index: 3,
        received: AT,
        bytes: vec![0, 72, 255],
        rejection: Some("expected 4 octets, got 3".into()),
    };
    let sequence = ReadingIdentity::Sequence { sequence: 9, base_time: None };
    let one = reading(Number::Value(Decimal::new(1200, -1)), sequence, AT, 5);
    let entry = AuditEntry {
        origin: AuditOrigin {
            boot: Some(BootTime(Duration::from_secs(9))),
            boot_id: Some("boot".into()),
            run: Some(Uuid::from_u128(8)),
            version: Some("0.1.0".into()),
        },
        actor: Some(ClinicianId(Uuid::from_u128(10))),
        roles: vec![Role::Nurse],
        patient: Some(PATIENT),
        device: Some(DEVICE),
        clinician: Some(ClinicianId(Uuid::from_u128(11))),
        count: Some(3),
        purpose: Purpose::BreakGlass,
        outcome: AuditOutcome::Refused,
        reason: Some("why".into()),
        ..AuditEntry::new(AT, AuditAction::DeviceUnbound)
    };
    let median = MinuteMedian {
        series: SeriesId(Uuid::from_u128(9)),
        device: DEVICE,
        patient: PATIENT,
        parameter: Parameter::HeartRate,
        unit: Unit::PerMinute,
        minute: AT,
        median: Decimal::new(715, -1),
        count: 58,
    };
    let token = ServerToken {
        server: "https://fhir.clinic.example/r4".into(),
        clinician: Some(ClinicianId(Uuid::from_u128(10))),
        endpoint: "https://sign-in.clinic.example/token".into(),
        refresh: RefreshToken::new("renewed"),
        user: Some("Practitioner/7".into()),
        granted: AT,
    };
    Changes {
        server_tokens: vec![
            ServerTokenChange::Keep(token),
            ServerTokenChange::Forget { server: "https://fhir.clinic.example/r4".into(), clinician: None },
        ],
        devices: vec![DeviceDescription {
            id: DEVICE,
            kind: DeviceKind::BloodPressureCuff,
            name: "Cuff".into(),
            manufacturer: Some("Maker".into()),
            model: None,
            serial: Some("S 1".into()),
            firmware: None,
            hardware: None,
            software: None,
            system_id: None,
            udi: None,
            simulated: true,
        }],
        connections: vec![Connection { id: CONNECTION, device: DEVICE, at: AT, clock: clock(-1) }],
        bindings: vec![binding],
        bookmarks: vec![(DEVICE, bookmark)],
        consents: vec![(DEVICE, UserConsent::new(2, 9_999).unwrap())],
        clock_settings: vec![StoredClockSetting { device: DEVICE, at: AT, setting }],
        frames: vec![frame],
        assignments: vec![(one.id, PATIENT)],
        accepted_frames: vec![(CONNECTION, Uuid::from_u128(0x2a37), 3)],
        reading_rows: vec![(one.id, row())],
        readings: vec![one],
        samples: vec![
            samples(SampleValues::Timed(vec![(AT, 70), (WallTime(AT.0 + 1000), i32::MIN)])),
            samples(SampleValues::Even { start: AT, hertz: 250, samples: vec![1, -2, i32::MAX] }),
        ],
        medians: vec![median],
        outbox: vec![row()],
        outbox_updates: vec![RowUpdate {
            id: RowId(Uuid::from_u128(4)),
            state: RowState::Refused,
            attempts: 2,
            next_attempt: None,
            outcome: None,
            fact: Some(Fact::FreeOf(vec![RowId(Uuid::from_u128(6))])),
        }],
        audit: vec![entry],
        run: Some(Run {
            id: Uuid::from_u128(8),
            started: AT,
            last_alive: AT,
            recording: 2,
            ended: false,
            policy: Some(Uuid::from_u128(12)),
        }),
        interruption: Some(Some(StoredInterruption { from: AT, until: AT, devices: vec![(DEVICE, PATIENT)] })),
        ..Changes::default()
    }
}

/// Set BEDSIDE_BLESS=1 to write the file anew; one that a released version wrote must stay readable.
#[test]
fn the_written_form_is_the_committed_one_and_reads_back_the_same() {
    let file = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/spool/golden/changes-1.json");
    let octets = to_octets(&everything(), None).unwrap();
    if std::env::var_os("BEDSIDE_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &*octets).unwrap();
    }
    let golden = std::fs::read(&file).unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&golden), String::from_utf8_lossy(&octets));
    let back = from_octets(&golden).unwrap().0;
    assert_eq!(*to_octets(&back, None).unwrap(), *octets);
    are_the_same(back, everything());
}

/// A console that kept format 4 wrote it: a spool that it left is filed by this one.
#[test]
fn what_a_version_before_lanes_and_authors_wrote_reads_back_with_those_empty() {
    let file = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/spool/golden/changes-1-format-4.json");
    let (back, failed) = from_octets(&std::fs::read(&file).unwrap()).unwrap();
    let plain = || OutboxRow {
        lane: Lane::Clinical,
        kept_by_device: false,
        measured_by: None,
        server: None,
        expects: None,
        discarded: None,
        ..row()
    };
    let all = everything();
    let meant = Changes {
        server_tokens: Vec::new(),
        outbox: vec![plain()],
        reading_rows: all.reading_rows.iter().map(|(reading, _)| (*reading, plain())).collect(),
        outbox_updates: all.outbox_updates.iter().map(|one| RowUpdate { fact: None, ..one.clone() }).collect(),
        ..all
    };
    assert_eq!(failed, None);
    are_the_same(back, meant);
}

fn are_the_same(back: Changes, meant: Changes) {
    assert_eq!(back.server_tokens, meant.server_tokens);
    assert_eq!((back.devices, back.connections, back.bindings), (meant.devices, meant.connections, meant.bindings));
    assert_eq!((back.bookmarks, back.consents), (meant.bookmarks, meant.consents));
    assert_eq!((back.clock_settings, back.frames), (meant.clock_settings, meant.frames));
    assert_eq!((back.readings, back.samples, back.medians), (meant.readings, meant.samples, meant.medians));
    assert_eq!((back.assignments, back.accepted_frames), (meant.assignments, meant.accepted_frames));
    assert_eq!((back.outbox, back.reading_rows), (meant.outbox, meant.reading_rows));
    assert_eq!((back.outbox_updates, back.audit), (meant.outbox_updates, meant.audit));
    assert_eq!((back.run, back.interruption), (meant.run, meant.interruption));
}

#[test]
fn an_interruption_that_was_seen_is_not_one_that_was_not_said() {
    for said in [None, Some(None)] {
        let changes = Changes { interruption: said.clone(), ..Changes::default() };
        assert_eq!(from_octets(&to_octets(&changes, None).unwrap()).unwrap().0.interruption, said);
    }
}

#[test]
fn a_later_version_is_newer_and_anything_else_is_damaged() {
    assert!(matches!(from_octets(br#"{"version":2,"frames":7}"#), Err(StoreFault::Newer { found: 2, known: 1 })));
    let wrong: [&[u8]; 7] = [
        b"",
        b"{}",
        b"[]",
        br#"{"version":0}"#,
        br#"{"version":1,"frames":7}"#,
        br#"{"version":1,"audit":[{"at":1,"action":"flown","purpose":"TREAT","outcome":"success","roles":[]}]}"#,
        br#"{"version":1,"frames":[{"octets":"*"}]}"#,
    ];
    for octets in wrong {
        assert!(matches!(from_octets(octets), Err(StoreFault::Damaged(_))), "{}", String::from_utf8_lossy(octets));
    }
}

#[test]
fn what_only_an_open_vault_takes_is_not_written() {
    let place = Some(SpoolPlace { file: Uuid::nil(), end: 1 });
    let filed = Changes { spool_filed: place, ..Changes::default() };
    assert!(matches!(to_octets(&filed, None), Err(StoreFault::Closed)));
}

fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        (any::<i64>(), any::<i8>()).prop_map(|(mantissa, exponent)| Number::Value(Decimal::new(mantissa, exponent))),
        prop_oneof![Just(Special::NotANumber), Just(Special::NotAtThisResolution), Just(Special::PositiveInfinity)]
            .prop_map(Number::Special),
    ]
}

proptest! {
    #[test]
    fn every_number_time_and_octet_comes_back_exactly(
        number in numbers(),
        at in any::<i64>(),
        boot in any::<u64>(),
        place in any::<u32>(),
        octets in proptest::collection::vec(any::<u8>(), 0..64),
        steps in proptest::collection::vec((any::<i64>(), any::<i32>()), 0..32),
    ) {
        let identity = ReadingIdentity::Stream { connection: CONNECTION, frame: u64::from(place) };
        let mut changes = everything();
        changes.readings = vec![reading(number, identity, WallTime(at), boot)];
        changes.frames[0].bytes = octets;
        let timed = steps.into_iter().map(|(at, step)| (WallTime(at), step)).collect();
        changes.samples = vec![samples(SampleValues::Timed(timed))];
        let back = from_octets(&to_octets(&changes, None).unwrap()).unwrap().0;
        prop_assert_eq!(back.readings, changes.readings);
        prop_assert_eq!(back.frames, changes.frames);
        prop_assert_eq!(back.samples, changes.samples);
    }
}
