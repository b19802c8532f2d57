//! One transaction for everything that belongs together.
//! Not here: threads, and faults in the words of the port.
use crate::fault::{self, Fault};
use crate::safeguard::present;
use crate::samples::Samples;
use crate::tables::series::{self, SeriesKey};
use crate::tables::{
    audit, binding, bookmark, clinic_order, clinic_patient, clinician, clock_setting, connection, consent, device,
    digest, download_cursor, frame, interruption, meta, minute_median, outbox, patient, reading, reading_version, run,
    server_token, server_traits, spool_filed, tail, unwritable,
};
use bedside_console::{Changes, ClinicianId, Receipt, SampleValues, StoredSamples};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Writes all changes or none, under the id of this commit. When this returns, they are on the disk.
///
/// Of a batch of the spool a record that the tables refuse for its own sake is set aside in the same transaction, and
/// everything else is written: in parts it could be broken off in the middle, and be filed once more.
pub(crate) fn commit(db: &mut Connection, changes: &Changes, id: Uuid) -> Result<Receipt, Fault> {
    // Slow on purpose: not within the transaction.
    let pins = changes.pins.iter().map(|(who, pin)| Ok((*who, clinician::verifier(pin)?)));
    let pins = pins.collect::<Result<Vec<_>, Fault>>()?;
    let mut all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(place) = &changes.spool_filed
        && spool_filed::of(&all, place.file)?.is_some_and(|up_to| up_to >= place.end)
    {
        return filed_before(&all, changes);
    }
    let generation = meta::next_generation(&all, id)?;
    let receipt = match &changes.spool_filed {
        None => write(&all, changes, &pins)?,
        Some(place) => {
            let receipt = file(&mut all, changes)?;
            spool_filed::put(&all, place)?;
            receipt
        }
    };
    digest::commit(all)?;
    Ok(Receipt { generation, ..receipt })
}

/// A batch of the spool, whole if it goes; else record by record.
fn file(all: &mut Transaction<'_>, changes: &Changes) -> Result<Receipt, Fault> {
    digest::settle(all)?;
    let whole = all.savepoint()?;
    match write(&whole, changes, &[]) {
        Ok(receipt) => {
            whole.commit()?;
            return Ok(receipt);
        }
        Err(fault) if fault::is_refusal(&fault) => {
            whole.finish()?;
            digest::forget(all)?;
        }
        Err(fault) => return Err(fault),
    }
    let mut receipt = Receipt::default();
    let all_of_it = Changes { spool_filed: None, ..changes.clone() };
    for record in all_of_it.into_single_records() {
        digest::settle(all)?;
        let mut part = all.savepoint()?;
        match write(&part, &record, &[]) {
            Ok(written) => receipt.append(written),
            Err(fault) if fault::is_refusal(&fault) => {
                part.rollback()?;
                digest::forget(&part)?;
                let reason = fault::of_commit(fault).to_string();
                // Nothing of it is in the vault: neither is it news, nor may its rows go to the server.
                let readings = record.readings.iter().map(|reading| reading.id);
                receipt.already_known.extend(readings.chain(record.assignments.iter().map(|(id, _)| *id)));
                let rows = record.reading_rows.iter().map(|(_, row)| row).chain(&record.outbox);
                receipt.ignored_rows.extend(rows.map(|row| row.id));
                receipt.set_aside += 1;
                write(&part, &record.set_aside(reason, present()), &[])?;
            }
            Err(fault) => return Err(fault),
        }
        part.commit()?;
    }
    Ok(receipt)
}

/// Everything but the generation and the place in the spool.
fn write(all: &Connection, changes: &Changes, pins: &[(ClinicianId, String)]) -> Result<Receipt, Fault> {
    changes.patients.iter().try_for_each(|row| patient::put(all, row))?;
    for page in &changes.clinic {
        page.patients.iter().try_for_each(|one| clinic_patient::put(all, &page.server, one))?;
        page.orders.iter().try_for_each(|one| clinic_order::put(all, &page.server, one))?;
        page.orders_whole.iter().try_for_each(|whole| clinic_order::end_others(all, &page.server, whole))?;
        page.cursors.iter().try_for_each(|one| download_cursor::put(all, &page.server, one))?;
    }
    changes.clinicians.iter().try_for_each(|row| clinician::put(all, row))?;
    pins.iter().try_for_each(|(who, verifier)| clinician::put_pin(all, *who, verifier))?;
    changes.devices.iter().try_for_each(|row| device::put(all, row))?;
    changes.connections.iter().try_for_each(|row| connection::put(all, row))?;
    changes.bindings.iter().try_for_each(|row| binding::put(all, row))?;
    changes.bookmarks.iter().try_for_each(|(device, row)| bookmark::put(all, *device, row))?;
    changes.consents.iter().try_for_each(|(device, row)| consent::put(all, *device, *row))?;
    changes.clock_settings.iter().try_for_each(|row| clock_setting::add(all, row))?;
    changes.frames.iter().try_for_each(|row| frame::add(all, row))?;
    changes.accepted_frames.iter().try_for_each(|place| frame::accept(all, *place))?;
    let (mut already_known, mut displaced) = (Vec::new(), Vec::new());
    for row in &changes.readings {
        if !reading::add(all, row)? {
            already_known.push(row.id);
            // The second delivery may bring what the first one was cut off from.
            if let Some(meal) = row.measurement.glucose.and_then(|said| said.meal) {
                reading::add_meal(all, row.id, meal)?;
            }
            displaced.extend(reading::free_place(all, row)?.map(|place| (row.id, place)));
        }
    }
    for &(id, patient) in &changes.assignments {
        // Meant is the reading that has no place yet, not the stored one that has its id.
        if displaced.iter().any(|(without_place, _)| *without_place == id) {
            continue;
        }
        if reading::assign(all, id, patient)? {
            // It may have been delivered once more in this commit: it is news for this patient all the same.
            already_known.retain(|known| *known != id);
        } else {
            // Given to a patient meanwhile: it stays there, and nothing of it is filed for this one.
            already_known.push(id);
        }
    }
    add_samples(all, &changes.samples)?;
    changes.medians.iter().try_for_each(|row| minute_median::add(all, row))?;
    let (mut written, mut ignored_rows) = (BTreeSet::new(), Vec::new());
    let rows = changes.outbox.iter().map(|row| (None, row));
    for (reading, row) in rows.chain(changes.reading_rows.iter().map(|(reading, row)| (Some(reading), row))) {
        let is_known = reading.is_some_and(|reading| already_known.contains(reading));
        if !is_known && outbox::add(all, row)? {
            written.insert(row.id);
        } else {
            ignored_rows.push(row.id);
        }
    }
    // A row may come twice in a commit, as the clock behind two readings: it was written all the same.
    ignored_rows.retain(|row| !written.contains(row));
    changes.outbox_updates.iter().try_for_each(|update| outbox::update(all, update))?;
    changes.versions.iter().try_for_each(|row| reading_version::add(all, row))?;
    changes.audit.iter().try_for_each(|entry| audit::add(all, entry))?;
    changes.run.iter().try_for_each(|row| run::put(all, row))?;
    changes.interruption.iter().try_for_each(|said| interruption::put(all, said.as_ref()))?;
    changes.server_traits.iter().try_for_each(|one| server_traits::put(all, one))?;
    changes.server_tokens.iter().try_for_each(|one| server_token::change(all, one))?;
    changes.audit_filed.iter().try_for_each(|seq| meta::set_audit_filed(all, *seq))?;
    if changes.anchor_kept {
        meta::set_anchor_kept(all)?;
    }
    changes.unwritable.iter().try_for_each(|one| unwritable::add(all, one))?;
    Ok(Receipt { already_known, displaced, ignored_rows, ..Receipt::default() })
}

/// A batch of the spool that was filed before: nothing of it is written again.
fn filed_before(db: &Connection, changes: &Changes) -> Result<Receipt, Fault> {
    let already_known = changes.readings.iter().map(|reading| reading.id).collect();
    let rows = changes.reading_rows.iter().map(|(_, row)| row).chain(&changes.outbox);
    let ignored_rows = rows.map(|row| row.id).collect();
    Ok(Receipt { generation: meta::generation(db)?, already_known, ignored_rows, ..Receipt::default() })
}

/// The samples of a commit, all of a series in one piece: a row for each would cost more than their way to the disk.
fn add_samples(db: &Connection, all: &[StoredSamples]) -> Result<(), Fault> {
    let mut pieces: Vec<(SeriesKey, Samples)> = Vec::new();
    for stored in all {
        let key = key_of(stored);
        let place = pieces.iter().position(|(known, _)| *known == key).unwrap_or(pieces.len());
        if place == pieces.len() {
            pieces.push((key, Samples::none(key.hertz)));
        }
        pieces[place].1.add(&stored.values)?;
    }
    pieces.retain(|(_, samples)| samples.count() > 0);
    pieces.into_iter().try_for_each(|(key, samples)| tail::add_all(db, series::ensure(db, &key)?, samples))
}

fn key_of(stored: &StoredSamples) -> SeriesKey {
    let StoredSamples { series, device, patient, parameter, unit, exponent, ref values } = *stored;
    let hertz = match values {
        SampleValues::Timed(_) => 0,
        SampleValues::Even { hertz, .. } => *hertz,
    };
    SeriesKey { series, device, patient, parameter, unit, exponent, hertz }
}

#[cfg(test)]
mod tests {
    use crate::state::{State, lock};
    use crate::tables::digest;
    use bedside_console::ports::{DeviceSecret, NewVault, VaultId};
    use bedside_console::{Changes, SpoolPlace};
    use bedside_outbox::{OutboxRow, RowId, RowState};
    use bedside_vitals::{PatientId, ReadingId, WallTime};
    use uuid::Uuid;

    fn row(id: u128) -> OutboxRow {
        OutboxRow {
            id: RowId(Uuid::from_u128(id)),
            resource_type: "Observation".into(),
            resource_id: Uuid::from_u128(id),
            payload: "{}".into(),
            depends_on: Vec::new(),
            state: RowState::Waiting,
            attempts: 0,
            next_attempt: None,
            created: WallTime(1),
            outcome: None,
            ..OutboxRow::new("Observation", Uuid::nil(), String::new(), WallTime(1))
        }
    }

    #[test]
    fn of_a_spooled_record_that_is_set_aside_nothing_is_said_to_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::new(folder.path());
        let (id, secret) = (VaultId(Uuid::from_u128(7)), DeviceSecret::new([3; 32]));
        state.create(&NewVault { id, secret, first: None, recovery: None }).unwrap();
        let refuse = "CREATE TEMP TRIGGER refused BEFORE INSERT ON main.outbox WHEN NEW.created = 1
            BEGIN SELECT RAISE(ABORT, 'refused'); END";
        lock(&state.writer).as_ref().unwrap().execute_batch(refuse).unwrap();
        let reading = ReadingId(Uuid::from_u128(9));
        let unassigned =
            "INSERT INTO reading (id, device, parameter, cadence, unit, first_mantissa, first_exponent, at,
            time_method, received, boot_seconds, boot_nanos, identity, identity_number, quality, glucose)
            VALUES (?, x'02', 150364, 1, 'Cel', 365, -1, 1, 0, 1, 1, 1, 0, 1, 0, 0)";
        let added =
            digest::in_transaction(
                lock(&state.writer).as_ref().unwrap(),
                |db| Ok(db.execute(unassigned, [reading.0])?),
            );
        assert_eq!(added.unwrap(), 1);
        let spooled = Changes {
            assignments: vec![(reading, PatientId(Uuid::from_u128(8)))],
            reading_rows: vec![(reading, row(1))],
            outbox: vec![row(2), OutboxRow { created: WallTime(2), ..row(3) }],
            spool_filed: Some(SpoolPlace { file: Uuid::from_u128(4), end: 5 }),
            ..Changes::default()
        };
        let receipt = state.commit(&spooled).unwrap();
        assert_eq!(receipt.set_aside, 2);
        assert_eq!(receipt.already_known, [reading]);
        assert_eq!(receipt.ignored_rows, [row(1).id, row(2).id], "the third one is written");
    }
}
