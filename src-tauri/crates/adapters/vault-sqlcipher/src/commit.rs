//! One transaction for everything that belongs together.
//! Not here: threads, and faults in the words of the port.
use crate::fault::Fault;
use crate::samples;
use crate::tables::series::{self, SeriesKey};
use crate::tables::{
    audit, binding, bookmark, clock_setting, connection, consent, device, frame, meta, minute_median, outbox, patient,
    reading, run, tail,
};
use bedside_console::{Changes, Receipt, SampleValues, StoredSamples};
use rusqlite::{Connection, TransactionBehavior};

/// Writes all changes or none. When this returns, they are on the disk.
pub(crate) fn commit(db: &mut Connection, changes: &Changes) -> Result<Receipt, Fault> {
    let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let generation = meta::next_generation(&all)?;
    changes.patients.iter().try_for_each(|row| patient::put(&all, row))?;
    changes.devices.iter().try_for_each(|row| device::put(&all, row))?;
    changes.connections.iter().try_for_each(|row| connection::put(&all, row))?;
    changes.bindings.iter().try_for_each(|row| binding::put(&all, row))?;
    changes.bookmarks.iter().try_for_each(|(device, row)| bookmark::put(&all, *device, row))?;
    changes.consents.iter().try_for_each(|(device, row)| consent::put(&all, *device, *row))?;
    changes.clock_settings.iter().try_for_each(|row| clock_setting::add(&all, row))?;
    changes.frames.iter().try_for_each(|row| frame::add(&all, row))?;
    changes.accepted_frames.iter().try_for_each(|place| frame::accept(&all, *place))?;
    let (mut already_known, mut displaced) = (Vec::new(), Vec::new());
    for row in &changes.readings {
        if !reading::add(&all, row)? {
            already_known.push(row.id);
            // The second delivery may bring what the first one was cut off from.
            if let Some(meal) = row.measurement.glucose.and_then(|said| said.meal) {
                reading::add_meal(&all, row.id, meal)?;
            }
            displaced.extend(reading::free_place(&all, row)?.map(|place| (row.id, place)));
        }
    }
    for &(id, patient) in &changes.assignments {
        // Meant is the reading that has no place yet, not the stored one that has its id.
        if displaced.iter().any(|(without_place, _)| *without_place == id) {
            continue;
        }
        if reading::assign(&all, id, patient)? {
            // It may have been delivered once more in this commit: it is news for this patient all the same.
            already_known.retain(|known| *known != id);
        } else {
            // Given to a patient meanwhile: it stays there, and nothing of it is filed for this one.
            already_known.push(id);
        }
    }
    changes.samples.iter().try_for_each(|samples| add_samples(&all, samples))?;
    changes.medians.iter().try_for_each(|row| minute_median::add(&all, row))?;
    let mut ignored_rows = Vec::new();
    for row in &changes.outbox {
        if !outbox::add(&all, row)? {
            ignored_rows.push(row.id);
        }
    }
    for (reading, row) in &changes.reading_rows {
        if already_known.contains(reading) || !outbox::add(&all, row)? {
            ignored_rows.push(row.id);
        }
    }
    changes.outbox_updates.iter().try_for_each(|update| outbox::update(&all, update))?;
    changes.audit.iter().try_for_each(|entry| audit::add(&all, entry))?;
    changes.run.iter().try_for_each(|row| run::put(&all, row))?;
    all.commit()?;
    Ok(Receipt { generation, already_known, displaced, ignored_rows })
}

fn add_samples(db: &Connection, stored: &StoredSamples) -> Result<(), Fault> {
    let hertz = match &stored.values {
        SampleValues::Timed(_) => 0,
        SampleValues::Even { hertz, .. } => *hertz,
    };
    let packed = samples::pack(&stored.values)?;
    let Some(last) = samples::latest(&stored.values) else { return Ok(()) };
    let key = SeriesKey {
        series: stored.series,
        device: stored.device,
        patient: stored.patient,
        parameter: stored.parameter,
        unit: stored.unit,
        exponent: stored.exponent,
        hertz,
    };
    let id = series::ensure(db, &key)?;
    let count = packed.iter().map(|blob| blob.count as usize).sum();
    packed.iter().try_for_each(|blob| tail::add(db, id, blob))?;
    series::count_in(db, id, count, last)
}
