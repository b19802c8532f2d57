//! Records for the tests of the vault, and a vault in a folder that goes away.
//! Not here: what should come back, which each test says.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]
pub mod batches;
pub mod earlier;
pub mod proof;

use bedside_console::ports::{
    Answer, DeviceSecret, NewVault, OpenMode, Query, RecordStore, StoreFault, Unlock, VaultId,
};
use bedside_console::{
    AuditAction, AuditEntry, Binding, Changes, Connection, MinuteMedian, RawFrame, Run, SampleValues,
    StoredClockSetting, StoredReading, StoredSamples, Trend,
};
use bedside_outbox::{OutboxRow, RowId, RowState};
use bedside_session::{Bookmark, ClockOutcome, ClockSetting, RecordMark, UserConsent};
use bedside_vault_sqlcipher::Vault;
use bedside_vitals::{
    BirthDate, BootTime, Cadence, ConnectionId, CorrectedTime, Decimal, DeviceClock, DeviceDescription, DeviceId,
    DeviceKind, DeviceTime, MeasuredValue, Measurement, Parameter, Patient, PatientId, Quality, QualityFlag, Quantity,
    ReadingId, ReadingIdentity, RecordNumber, Sensitive, SeriesId, Sex, Unit, WallTime,
};
use std::path::Path;
use uuid::Uuid;

pub const VAULT: VaultId = VaultId(Uuid::from_u128(0xbed51de));
pub const T0: i64 = 1_773_842_792_000; // 2026-03-18
pub const PATIENT: PatientId = PatientId(Uuid::from_u128(1));
pub const DEVICE: DeviceId = DeviceId(Uuid::from_u128(2));
pub const CONNECTION: ConnectionId = ConnectionId(Uuid::from_u128(3));
pub const CHARACTERISTIC: Uuid = Uuid::from_u128(0x2a37);

pub fn secret() -> DeviceSecret {
    DeviceSecret::new(std::array::from_fn(|i| i as u8 + 1))
}

/// A vault that the device secret alone opens.
pub fn made_of() -> NewVault {
    NewVault { id: VAULT, secret: secret(), first: None, recovery: None }
}

pub fn unlock() -> Unlock {
    Unlock::Device(secret())
}

pub async fn new_vault(folder: &Path) -> Vault {
    let vault = Vault::in_folder(folder);
    vault.create(made_of()).await.unwrap();
    vault
}

pub async fn opened(folder: &Path) -> Vault {
    let vault = Vault::in_folder(folder);
    vault.open(unlock(), OpenMode::Writer).await.unwrap();
    vault
}

pub fn patient() -> Patient {
    Patient {
        id: PATIENT,
        record_number: RecordNumber::new("MRN-4711").unwrap(),
        family: Sensitive::new("ADEYEMI-MARKER".into()),
        given: Sensitive::new("Folake".into()),
        birth_date: BirthDate::new("1951-03-14", WallTime(T0)).unwrap(),
        sex: Sex::Female,
        bed: Some(Sensitive::new("4B".into())),
    }
}

pub fn device() -> DeviceDescription {
    DeviceDescription {
        id: DEVICE,
        kind: DeviceKind::HeartRateStrap,
        name: "Strap".into(),
        manufacturer: Some("Maker".into()),
        model: None,
        serial: Some("123".into()),
        firmware: Some("1.2".into()),
        hardware: None,
        software: None,
        system_id: Some("0011223344556677".into()),
        udi: None,
        simulated: false,
    }
}

pub fn connection() -> Connection {
    let device = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 14, minute: 6, second: 0 };
    let clock = DeviceClock { device, read_at: WallTime(T0), offset_ms: -1500 };
    Connection { id: CONNECTION, device: DEVICE, at: WallTime(T0), clock: Some(clock) }
}

pub fn binding(id: u128, until: Option<i64>) -> Binding {
    Binding {
        id: Uuid::from_u128(id),
        device: DEVICE,
        patient: PATIENT,
        since: WallTime(T0),
        not_before: WallTime(T0 - 1_000),
        until: until.map(WallTime),
        user_slot: None,
    }
}

pub fn bookmark() -> Bookmark {
    let mark = |number| Some(RecordMark { number, base_time: None });
    Bookmark { service: Uuid::from_u128(0x1808), complete: mark(56), highest: mark(60), since_complete: 4 }
}

pub fn clock_setting() -> ClockSetting {
    ClockSetting { connection: CONNECTION, before: connection().clock, after: None, outcome: ClockOutcome::NotReadBack }
}

pub fn reading(number: u32, at: i64, patient: Option<PatientId>) -> StoredReading {
    let identity = ReadingIdentity::Sequence { sequence: number, base_time: None };
    let value = Quantity { number: Decimal::new(365 + i64::from(number % 10), -1).into(), unit: Unit::DegreeCelsius };
    StoredReading {
        id: ReadingId::derive(DEVICE, Parameter::BodyTemperature, &identity),
        device: DEVICE,
        patient,
        measurement: Measurement {
            parameter: Parameter::BodyTemperature,
            value: MeasuredValue::Single(value),
            cadence: Cadence::Spot,
            time: CorrectedTime::on_receipt(WallTime(at), BootTime::from_millis(5)),
            identity,
            quality: Quality::GOOD.with(QualityFlag::FromStorage),
            user_slot: Some(1),
            glucose: None,
            temperature_site: None,
        },
        frame: Some((CONNECTION, CHARACTERISTIC, u64::from(number))),
    }
}

pub fn frame(index: u64, rejection: Option<&str>) -> RawFrame {
    RawFrame {
        device: DEVICE,
        connection: CONNECTION,
        characteristic: CHARACTERISTIC,
        index,
        received: WallTime(T0 + index as i64 * 1000),
        bytes: vec![0x16, 60 + (index % 40) as u8, index as u8, 3],
        rejection: rejection.map(Into::into),
    }
}

pub fn samples(parameter: Parameter, values: SampleValues) -> StoredSamples {
    StoredSamples {
        series: SeriesId::derive(DEVICE, Some(PATIENT), parameter),
        device: DEVICE,
        patient: Some(PATIENT),
        parameter,
        unit: if parameter == Parameter::Electrocardiogram { Unit::Microvolt } else { Unit::PerMinute },
        exponent: 0,
        values,
    }
}

pub fn heart_rate(from: i64, values: impl IntoIterator<Item = i32>) -> StoredSamples {
    let timed = values.into_iter().enumerate().map(|(i, v)| (WallTime(from + i as i64 * 1000), v)).collect();
    samples(Parameter::HeartRate, SampleValues::Timed(timed))
}

pub fn median(minute: i64) -> MinuteMedian {
    MinuteMedian {
        series: SeriesId::derive(DEVICE, Some(PATIENT), Parameter::HeartRate),
        device: DEVICE,
        patient: PATIENT,
        parameter: Parameter::HeartRate,
        unit: Unit::PerMinute,
        minute: WallTime(minute),
        median: Decimal::new(72, 0),
        count: 58,
    }
}

pub fn outbox_row(id: u128, state: RowState, created: i64) -> OutboxRow {
    OutboxRow {
        id: RowId(Uuid::from_u128(id)),
        resource_type: "Observation".into(),
        resource_id: Uuid::from_u128(id + 1000),
        payload: format!(r#"{{"resourceType":"Observation","subject":{{"reference":"Patient/{PATIENT}"}}}}"#),
        depends_on: vec![RowId(Uuid::from_u128(77)), RowId(Uuid::from_u128(78))],
        state,
        attempts: 0,
        next_attempt: None,
        created: WallTime(created),
        outcome: None,
        ..OutboxRow::new("Observation", Uuid::nil(), String::new(), WallTime(created))
    }
}

pub fn run(id: u128, ended: bool) -> Run {
    Run {
        id: Uuid::from_u128(id),
        started: WallTime(T0),
        last_alive: WallTime(T0 + 9),
        recording: 3,
        ended,
        policy: None,
    }
}

/// One record of every kind.
pub fn everything() -> Changes {
    Changes {
        clinic: Vec::new(),
        server_tokens: Vec::new(),
        server_traits: None,
        audit_filed: None,
        patients: vec![patient()],
        devices: vec![device()],
        connections: vec![connection()],
        bindings: vec![binding(5, None), binding(6, Some(T0 + 5))],
        bookmarks: vec![(DEVICE, bookmark())],
        consents: vec![(DEVICE, UserConsent::new(2, 1234).unwrap())],
        clock_settings: vec![StoredClockSetting { device: DEVICE, at: WallTime(T0), setting: clock_setting() }],
        frames: vec![frame(0, None), frame(1, Some("expected 4 octets, got 2"))],
        readings: vec![reading(1, T0, Some(PATIENT)), reading(2, T0 + 5, None)],
        assignments: Vec::new(),
        accepted_frames: Vec::new(),
        samples: vec![heart_rate(T0, [70, 71, 72])],
        medians: vec![median(T0 / 60_000 * 60_000)],
        outbox: vec![outbox_row(1, RowState::Waiting, T0)],
        reading_rows: Vec::new(),
        outbox_updates: Vec::new(),
        clinicians: Vec::new(),
        pins: Vec::new(),
        versions: Vec::new(),
        audit: vec![AuditEntry { patient: Some(PATIENT), ..AuditEntry::new(WallTime(T0), AuditAction::PatientAdded) }],
        run: Some(run(9, false)),
        interruption: None,
        anchor_kept: false,
        spool_filed: None,
        unwritable: Vec::new(),
    }
}

pub async fn read(vault: &Vault, query: Query) -> Answer {
    vault.read(query).await.unwrap()
}

pub async fn readings(vault: &Vault) -> Vec<StoredReading> {
    match read(vault, Query::Readings { patient: None, unassigned_only: false, since: None, limit: usize::MAX }).await {
        Answer::Readings(readings) => readings,
        other => panic!("{other:?}"),
    }
}

pub async fn trend(vault: &Vault, parameter: Parameter, from: i64, until: i64, columns: usize) -> Trend {
    let (from, until) = (WallTime(from), WallTime(until));
    match read(vault, Query::Trend { patient: PATIENT, parameters: vec![parameter], from, until, columns }).await {
        Answer::Trend(trend) => trend,
        other => panic!("{other:?}"),
    }
}
