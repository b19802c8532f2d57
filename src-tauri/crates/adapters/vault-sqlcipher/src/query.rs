//! Answers to the port's queries, each from one consistent state of the database.
//! Not here: how a trend is put together (`trend`), and the statements on each table (`tables`).
use crate::fault::Fault;
use crate::samples::Samples;
use crate::tables::series::SeriesRow;
use crate::tables::{
    FORMAT, audit, binding, bookmark, chunk, clinic_order, clinic_patient, clinician, clock_setting, connection,
    consent, device, digest, download_cursor, frame, frame_chunk, frame_stream, interruption, meta, minute_median,
    outbox, patient, reading, reading_version, row, run, series, server_token, server_traits, tail, unwritable,
};
use crate::trend::trend;
use crate::{anchor, chain};
use crate::{cipher, tables};
use bedside_console::ports::{Answer, Query};
use bedside_console::{
    ClinicRecord, DeviceMemories, PatientActivity, RawFrame, StoredReading, StoredSamples, VaultStatus,
};
use bedside_series::decode_frames;
use bedside_vitals::{
    BootTime, Cadence, ConnectionId, CorrectedTime, Decimal, DeviceId, MeasuredValue, Measurement, Number, Parameter,
    PatientId, Quality, Quantity, ReadingId, ReadingIdentity, WallTime,
};
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What the database cannot know of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    /// The run that has the vault open for writing, if it has shown a life sign.
    pub(crate) this_run: Option<Uuid>,
    /// Octets of the files.
    pub(crate) octets: u64,
    /// Octets that are free on their disk.
    pub(crate) free_octets: u64,
}

/// Answers one query.
pub(crate) fn answer(db: &mut Connection, query: Query, beside: Beside) -> Result<Answer, Fault> {
    let db = db.transaction_with_behavior(TransactionBehavior::Deferred)?;
    Ok(match query {
        Query::Patients => Answer::Patients(patient::all(&db)?),
        Query::PatientByRecordNumber(number) => {
            Answer::Patients(patient::by_record_number(&db, &number)?.into_iter().collect())
        }
        Query::Devices => Answer::Devices(device::all(&db)?),
        Query::OpenBindings => Answer::Bindings(binding::open(&db)?),
        Query::BindingAt(device, at) => Answer::Bindings(binding::at(&db, device, at)?.into_iter().collect()),
        Query::LastBindings => Answer::Bindings(binding::last(&db)?),
        Query::BindingsOf(device) => Answer::Bindings(binding::of_device(&db, device)?),
        Query::DeviceMemories => {
            Answer::DeviceMemories(DeviceMemories { bookmarks: bookmark::all(&db)?, consents: consent::all(&db)? })
        }
        Query::ClockSettings(device) => Answer::ClockSettings(clock_setting::of_device(&db, device)?),
        Query::Connections(device) => Answer::Connections(connection::of_device(&db, device)?),
        Query::Readings { patient, unassigned_only, since, limit } => {
            let found = reading::newest(&db, patient, unassigned_only, since, limit)?;
            Answer::Readings(in_force(&db, found)?)
        }
        Query::ReadingsAt(at) => Answer::Readings(in_force(&db, reading::at(&db, at)?)?),
        Query::MediansAt(minute) => Answer::MinuteMedians(minute_median::of_minute(&db, minute)?),
        Query::TheseReadings(ids) => {
            let mut found = Vec::new();
            for id in ids {
                found.extend(reading::by_id(&db, id)?);
            }
            Answer::Readings(found)
        }
        Query::UnassignedCount => Answer::Count(reading::count_unassigned(&db)?),
        Query::KnownReadings(ids) => {
            let mut known = Vec::new();
            for id in ids {
                if reading::is_known(&db, id)? {
                    known.push(id);
                }
            }
            Answer::KnownReadings(known)
        }
        Query::Samples { patient, since, until } => {
            let range = (since.unwrap_or(WallTime(i64::MIN)), until.unwrap_or(WallTime(i64::MAX)));
            Answer::Samples(samples(&db, patient, range)?)
        }
        Query::MinuteMedians { patient, since } => {
            Answer::MinuteMedians(minute_median::of_patient(&db, patient, since)?)
        }
        Query::Trend { patient, parameters, from, until, columns } => {
            Answer::Trend(trend(&db, patient, &parameters, (from, until), columns)?)
        }
        Query::LastValues(patient) => Answer::LastValues(last_values(&db, patient)?),
        Query::PatientActivity => Answer::PatientActivity(activity(&db)?),
        Query::OutboxCounts => Answer::OutboxCounts(outbox::counts(&db)?),
        Query::OutboxRows { states, limit } => Answer::OutboxRows(outbox::in_states(&db, &states, limit)?),
        Query::TheseRows(ids) => {
            let mut found = Vec::new();
            for id in ids {
                found.extend(outbox::by_id(&db, id)?);
            }
            Answer::OutboxRows(found)
        }
        Query::Audit { patient, limit } => Answer::Audit(audit::newest(&db, patient, limit)?),
        Query::VerifyAudit(anchor) => Answer::AuditVerdict(chain::verify(&db, anchor.as_ref())?),
        Query::AuditToFile { behind, limit } => {
            let behind = behind.map_or_else(|| meta::audit_filed(&db), Ok)?;
            Answer::Audit(audit::behind(&db, behind, limit)?)
        }
        Query::Anchor => Answer::Anchor(anchor::of(&db)?),
        Query::AnchorKept => Answer::AnchorKept(meta::anchor_kept(&db)?),
        Query::CompareAnchor(known) => Answer::AnchorVerdict(anchor::compare(&db, &known)?),
        Query::VerifyDigests => Answer::Digests(digest::verify(&db)?),
        Query::Clinicians => Answer::Clinicians(clinician::all(&db)?),
        Query::VerifyPin(who, pin) => Answer::PinVerified(clinician::is_pin(&db, who, &pin)?),
        Query::Versions(ids) => {
            let mut said = Vec::new();
            for id in ids {
                said.extend(reading_version::of_reading(&db, id)?);
            }
            Answer::Versions(said)
        }
        // Not in the database: the vault answers it before.
        Query::Backups => Answer::Backups(Vec::new()),
        Query::Interruption => Answer::Interruption(interruption::present(&db)?),
        Query::UnwritableCount => Answer::Count(unwritable::count(&db)?),
        Query::LastRun => Answer::LastRun(run::last_before(&db, beside.this_run)?),
        Query::Frames { device, rejected_only, limit } => Answer::Frames(frames(&db, device, rejected_only, limit)?),
        Query::FrameAt { connection, characteristic, index } => {
            Answer::Frames(frame_at(&db, connection, characteristic, index)?.into_iter().collect())
        }
        Query::OpenRows => Answer::OpenRows(outbox::open_heads(&db)?),
        Query::ServerCopies { server, resources } => Answer::ServerCopies(outbox::copies(&db, &server, &resources)?),
        Query::AcceptedElsewhere(server) => Answer::OpenRows(outbox::accepted_elsewhere(&db, &server)?),
        Query::ServerTraits(address) => Answer::ServerTraits(server_traits::of(&db, &address)?),
        Query::ServerTokens(server) => Answer::ServerTokens(server_token::of_server(&db, &server)?),
        Query::ClinicRecords => Answer::ClinicRecords(clinic_records(&db)?),
        Query::ClinicOrders { server, patients } => {
            let mut found = Vec::new();
            for patient in patients {
                found.extend(clinic_order::of_patient(&db, &server, &patient)?);
            }
            Answer::ClinicOrders(found)
        }
        Query::VaultStatus => Answer::VaultStatus(status(&db, beside)?),
    })
}

/// Readings as the last words on them say.
fn in_force(db: &Connection, readings: Vec<StoredReading>) -> Result<Vec<StoredReading>, Fault> {
    readings.into_iter().map(|reading| reading_version::in_force(db, reading)).collect()
}

fn status(db: &Connection, beside: Beside) -> Result<VaultStatus, Fault> {
    let (frames, rejected_frames) = frame_stream::counts(db)?;
    Ok(VaultStatus {
        format: FORMAT,
        cipher: cipher::cipher_version(db)?,
        generation: meta::generation(db)?,
        octets: beside.octets,
        free_octets: beside.free_octets,
        patients: patient::count(db)?,
        readings: reading::count(db)?,
        samples: series::samples(db)?,
        frames,
        rejected_frames,
    })
}

fn samples(
    db: &Connection,
    patient: Option<PatientId>,
    (from, until): (WallTime, WallTime),
) -> Result<Vec<StoredSamples>, Fault> {
    let mut all = Vec::new();
    for SeriesRow { id, key, .. } in series::of_patient(db, patient)? {
        let mut samples = Samples::none(key.hertz);
        chunk::each_between(db, id, (from, until), |blob| samples.add_blob(blob))?;
        tail::each_between(db, id, (from, until), |blob| samples.add_blob(blob))?;
        samples.sort();
        all.extend(samples.into_values(from, until).into_iter().map(|values| StoredSamples {
            series: key.series,
            device: key.device,
            patient: key.patient,
            parameter: key.parameter,
            unit: key.unit,
            exponent: key.exponent,
            values,
        }));
    }
    all.sort_by_key(|samples| first_time(&samples.values));
    Ok(all)
}

fn first_time(values: &bedside_console::SampleValues) -> Option<WallTime> {
    match values {
        bedside_console::SampleValues::Timed(samples) => samples.first().map(|(at, _)| *at),
        bedside_console::SampleValues::Even { start, .. } => Some(*start),
    }
}

fn last_values(db: &Connection, patient: PatientId) -> Result<Vec<StoredReading>, Fault> {
    let mut last: BTreeMap<Parameter, StoredReading> = BTreeMap::new();
    for parameter in Parameter::ALL {
        if let Some(reading) = reading::latest(db, patient, parameter)? {
            last.insert(parameter, reading_version::in_force(db, reading)?);
        }
    }
    // One sample of a waveform is no value.
    for row in series::of_patient(db, Some(patient))?.iter().filter(|row| row.key.hertz == 0) {
        let Some(reading) = of_sample(row) else { continue };
        let at = |reading: &StoredReading| reading.measurement.time.at;
        if last.get(&row.key.parameter).is_none_or(|held| at(held) < at(&reading)) {
            last.insert(row.key.parameter, reading);
        }
    }
    Ok(last.into_values().collect())
}

/// The last sample of a stream as a reading. Samples keep neither quality nor the clock of the boot, and no connection:
/// their identity is the time.
fn of_sample(row: &SeriesRow) -> Option<StoredReading> {
    let (at, step) = row.last?;
    let identity = ReadingIdentity::Stream { connection: ConnectionId(Uuid::nil()), frame: at.0.cast_unsigned() };
    let number = Number::Value(Decimal::new(step.into(), row.key.exponent));
    Some(StoredReading {
        id: ReadingId::derive(row.key.device, row.key.parameter, &identity),
        device: row.key.device,
        patient: row.key.patient,
        measurement: Measurement {
            parameter: row.key.parameter,
            value: MeasuredValue::Single(Quantity { number, unit: row.key.unit }),
            cadence: Cadence::Streaming,
            time: CorrectedTime::on_receipt(at, BootTime::default()),
            identity,
            quality: Quality::GOOD,
            user_slot: None,
            glucose: None,
            temperature_site: None,
        },
        frame: None,
    })
}

fn clinic_records(db: &Connection) -> Result<BTreeMap<String, ClinicRecord>, Fault> {
    let mut all: BTreeMap<String, ClinicRecord> = BTreeMap::new();
    for (server, patient) in clinic_patient::all(db)? {
        all.entry(server).or_default().patients.push(patient);
    }
    for (server, cursor) in download_cursor::all(db)? {
        all.entry(server).or_default().cursors.push(cursor);
    }
    Ok(all)
}

fn activity(db: &Connection) -> Result<Vec<PatientActivity>, Fault> {
    let last_sql = "SELECT max(at) FROM (SELECT max(at) AS at FROM reading WHERE patient = ?1
        UNION ALL SELECT max(last_at) FROM series WHERE patient = ?1)";
    let ids = tables::rows(db, "SELECT id FROM patient ORDER BY id", [], |row| Ok(row.get::<_, Uuid>(0)?))?;
    let one = |id: Uuid| {
        let last = row(db, last_sql, [id], |row| Ok(row.get::<_, Option<i64>>(0)?))?.flatten();
        let unsent = outbox::open_observations(db, id)?;
        Ok(PatientActivity { patient: PatientId(id), last_value: last.map(WallTime), unsent })
    };
    ids.into_iter().map(one).collect()
}

/// One frame, packed or not. Of a stream that goes on under the same connection after its frames were removed there is one.
fn frame_at(
    db: &Connection,
    connection: ConnectionId,
    characteristic: Uuid,
    index: u64,
) -> Result<Option<RawFrame>, Fault> {
    for stream in frame_stream::of_connection(db, connection, characteristic)? {
        let raw = |frame: bedside_series::Frame, rejection| RawFrame {
            device: stream.device,
            connection: stream.connection,
            characteristic: stream.characteristic,
            index: frame.index,
            received: frame.received,
            bytes: frame.octets,
            rejection,
        };
        if let Some(row) = frame::at(db, stream.id, index)? {
            return Ok(Some(raw(row.frame, row.rejection)));
        }
        let mut found = None;
        frame_chunk::walk(db, stream.id, |_, blob| {
            found = decode_frames(blob)?.into_iter().find(|frame| frame.index == index);
            Ok(found.is_none())
        })?;
        if let Some(frame) = found {
            return Ok(Some(raw(frame, None)));
        }
    }
    Ok(None)
}

fn frames(
    db: &Connection,
    device: Option<DeviceId>,
    rejected_only: bool,
    limit: usize,
) -> Result<Vec<RawFrame>, Fault> {
    let streams: BTreeMap<i64, _> =
        frame_stream::of_device(db, device)?.into_iter().map(|stream| (stream.id, stream)).collect();
    let mut all = Vec::new();
    let raw = |stream: &frame_stream::FrameStream, frame: bedside_series::Frame, rejection| RawFrame {
        device: stream.device,
        connection: stream.connection,
        characteristic: stream.characteristic,
        index: frame.index,
        received: frame.received,
        bytes: frame.octets,
        rejection,
    };
    for found in frame::oldest(db, device.map(|id| id.0), rejected_only, limit)? {
        let stream = streams.get(&found.stream).ok_or(Fault::Column("frame.stream"))?;
        all.push(raw(stream, found.frame, found.rejection));
    }
    // Rejected frames are never packed.
    for stream in streams.values().filter(|_| !rejected_only) {
        let (mut taken, mut latest) = (0, None);
        frame_chunk::walk(db, stream.id, |start, blob| {
            // Chunks of one stream overlap only where a clock went back; then one more is read than needed.
            if taken >= limit && latest.is_some_and(|latest| start > latest) {
                return Ok(false);
            }
            for frame in decode_frames(blob)? {
                taken += 1;
                latest = latest.max(Some(frame.received));
                all.push(raw(stream, frame, None));
            }
            Ok(true)
        })?;
    }
    all.sort_by_key(|frame| (frame.received, frame.connection, frame.characteristic, frame.index));
    all.truncate(limit);
    Ok(all)
}
