//! What a record of the spool may bring of which nobody can say who wrote it: what was measured, of nobody, beside what is
//! there. Whatever speaks for a person, sends, assigns, or changes a row stays out. Not here: proofs (`origin`).
use crate::fault::Fault;
use crate::tables::{connection, device, interruption, reading};
use bedside_console::{Changes, StoredInterruption, StoredReading, StoredSamples};
use bedside_vitals::SeriesId;
use rusqlite::Connection;

/// What is filed of a record behind `before`, which is filed in the same batch, and whether something of it was refused
/// that has to be kept apart.
///
/// Left out without more: the life sign of a run, and how far a device's memory was read; a device gives its records again.
pub(crate) fn allowed(db: &Connection, before: &Changes, changes: Changes) -> Result<(Changes, bool), Fault> {
    let Changes {
        patients,
        clinic,
        devices,
        connections,
        bindings,
        bookmarks: _,
        consents,
        clock_settings,
        frames,
        readings,
        assignments,
        accepted_frames,
        samples,
        medians,
        outbox,
        reading_rows,
        outbox_updates,
        clinicians,
        pins,
        versions,
        audit,
        run: _,
        interruption,
        server_traits: _,
        server_tokens,
        anchor_kept,
        audit_filed: _,
        spool_filed,
        unwritable,
    } = changes;
    let for_a_person = [patients.is_empty(), clinicians.is_empty(), pins.is_empty(), versions.is_empty()];
    let to_whom = [bindings.is_empty(), assignments.is_empty(), medians.is_empty(), consents.is_empty()];
    let to_send = [outbox.is_empty(), reading_rows.is_empty(), outbox_updates.is_empty()];
    let said = [audit.is_empty(), clock_settings.is_empty(), accepted_frames.is_empty(), unwritable.is_empty()];
    let mut refused = [for_a_person.as_slice(), &to_whom, &to_send, &said].concat().contains(&false);
    refused |= !clinic.is_empty() || !server_tokens.is_empty() || anchor_kept || spool_filed.is_some();
    let mut kept = Changes { frames, ..Changes::default() };
    for one in devices {
        let pending = before.devices.iter().chain(&kept.devices).find(|known| known.id == one.id).cloned();
        let known = pending.map_or_else(|| device::by_id(db, one.id), |known| Ok(Some(known)))?;
        match known {
            None => kept.devices.push(one),
            Some(known) => refused |= known != one,
        }
    }
    for one in connections {
        let pending = before.connections.iter().chain(&kept.connections).find(|known| known.id == one.id).cloned();
        let known = pending.map_or_else(|| connection::by_id(db, one.id), |known| Ok(Some(known)))?;
        match known {
            None => kept.connections.push(one),
            // Also where it would only bring the clock: the row stays.
            Some(known) => refused |= known != one,
        }
    }
    for one in readings {
        let is_pending = before.readings.iter().chain(&kept.readings).any(|known| known.id == one.id);
        kept.readings.push(of_nobody(is_pending || reading::is_known(db, one.id)?, one));
    }
    for one in samples {
        refused |= one.patient.is_some();
        let series = SeriesId::derive(one.device, None, one.parameter);
        kept.samples.push(StoredSamples { patient: None, series, ..one });
    }
    match interruption {
        None => {}
        Some(Some(one)) if before.interruption.is_none() && interruption::present(db)?.is_none() => {
            refused |= !one.devices.is_empty();
            kept.interruption = Some(Some(StoredInterruption { devices: Vec::new(), ..one }));
        }
        Some(_) => refused = true,
    }
    Ok((kept, refused))
}

/// A stored reading stays as it is: a later delivery of it would add its meal.
fn of_nobody(is_known: bool, mut one: StoredReading) -> StoredReading {
    one.patient = None;
    if is_known && let Some(glucose) = &mut one.measurement.glucose {
        glucose.meal = None;
    }
    one
}
