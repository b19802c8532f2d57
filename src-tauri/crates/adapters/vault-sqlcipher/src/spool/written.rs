//! Changes as they are written in a spool: JSON that names its fields, with a version; numbers as mantissa and exponent.
//! The core's own types write themselves; what has no such form is mirrored in `mirror`. Not here: sealing (`file`).
use super::mirror::*;
use bedside_console::Changes;
use bedside_console::ports::StoreFault;
use bedside_vitals::{ConnectionId, DeviceDescription, DeviceId, PatientId, ReadingId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The version that this program writes. A later one is refused whole; earlier ones lack fields, which are empty then.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Every part of `Changes` that can occur while a vault is locked.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    version: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    devices: Vec<DeviceDescription>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    connections: Vec<Connection>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bindings: Vec<Binding>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bookmarks: Vec<Bookmark>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    consents: Vec<Consent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clock_settings: Vec<ClockSetting>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frames: Vec<Frame>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readings: Vec<Reading>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assignments: Vec<(ReadingId, PatientId)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accepted_frames: Vec<(ConnectionId, Uuid, u64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    samples: Vec<Samples>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    medians: Vec<Median>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outbox: Vec<Row>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reading_rows: Vec<(ReadingId, Row)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outbox_updates: Vec<Update>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    audit: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interruption: Option<Interruption>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    server_tokens: Vec<TokenChange>,
    /// The commit that failed, in whose place the batch stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<Uuid>,
}

/// The octets of changes, and of the commit that failed in whose place they stand.
///
/// # Errors
/// `Closed` for what only an open vault takes: people, their secrets, and words on readings.
pub(crate) fn to_octets(changes: &Changes, failed: Option<Uuid>) -> Result<Zeroizing<Vec<u8>>, StoreFault> {
    let Changes {
        patients,
        clinic,
        devices,
        connections,
        bindings,
        bookmarks,
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
        run,
        interruption,
        server_tokens,
        // Learned again.
        server_traits: _,
        // Said again at the next opening.
        anchor_kept: _,
        // Found again: entries that have a row are not written twice.
        audit_filed: _,
        spool_filed,
        unwritable,
    } = changes;
    let only_open =
        [patients.is_empty(), clinic.is_empty(), clinicians.is_empty(), pins.is_empty(), versions.is_empty()];
    if only_open.contains(&false) || spool_filed.is_some() || !unwritable.is_empty() {
        return Err(StoreFault::Closed);
    }
    let written = Written {
        version: VERSION,
        devices: devices.clone(),
        connections: connections.iter().map(Connection::from).collect(),
        bindings: bindings.iter().map(Binding::from).collect(),
        bookmarks: bookmarks.iter().map(Bookmark::from).collect(),
        consents: consents.iter().map(Consent::from).collect(),
        clock_settings: clock_settings.iter().map(ClockSetting::from).collect(),
        frames: frames.iter().map(Frame::from).collect(),
        readings: readings.iter().map(Reading::from).collect(),
        assignments: assignments.clone(),
        accepted_frames: accepted_frames.clone(),
        samples: samples.iter().map(Samples::from).collect(),
        medians: medians.iter().map(Median::from).collect(),
        outbox: outbox.iter().map(Row::from).collect(),
        reading_rows: reading_rows.iter().map(|(reading, row)| (*reading, Row::from(row))).collect(),
        outbox_updates: outbox_updates.iter().map(Update::from).collect(),
        audit: audit.iter().map(Entry::from).collect(),
        run: run.as_ref().map(Run::from),
        interruption: interruption.as_ref().map(|said| Interruption::from(said.as_ref())),
        server_tokens: server_tokens.iter().map(TokenChange::from).collect(),
        failed,
    };
    let octets = serde_json::to_vec(&written);
    octets.map(Zeroizing::new).map_err(|_| StoreFault::Io("changes could not be written as JSON".into()))
}

/// The changes of octets, and the commit that failed in whose place they stand.
///
/// # Errors
/// `Newer` when a later version wrote them, `Damaged` when they are none.
pub(crate) fn from_octets(octets: &[u8]) -> Result<(Changes, Option<Uuid>), StoreFault> {
    let damaged = || StoreFault::Damaged("a spooled batch is not what this version writes".into());
    let Version { version } = serde_json::from_slice(octets).map_err(|_| damaged())?;
    if version > VERSION {
        return Err(StoreFault::Newer { found: version, known: VERSION });
    }
    let written: Written = serde_json::from_slice(octets).map_err(|_| damaged())?;
    let failed = written.failed;
    let changes = written.changes().filter(|_| version > 0).ok_or_else(damaged)?;
    Ok((changes, failed))
}

impl Written {
    /// `None` when a name in it is unknown.
    fn changes(self) -> Option<Changes> {
        fn each<A, B>(all: Vec<A>, of: impl Fn(A) -> Option<B>) -> Option<Vec<B>> {
            all.into_iter().map(of).collect()
        }
        Some(Changes {
            devices: self.devices,
            connections: self.connections.into_iter().map(Into::into).collect(),
            bindings: self.bindings.into_iter().map(Into::into).collect(),
            bookmarks: self.bookmarks.into_iter().map(<(DeviceId, bedside_session::Bookmark)>::from).collect(),
            consents: each(self.consents, Consent::read)?,
            clock_settings: each(self.clock_settings, ClockSetting::read)?,
            frames: each(self.frames, Frame::read)?,
            readings: self.readings.into_iter().map(Into::into).collect(),
            assignments: self.assignments,
            accepted_frames: self.accepted_frames,
            samples: self.samples.into_iter().map(Into::into).collect(),
            medians: self.medians.into_iter().map(Into::into).collect(),
            outbox: each(self.outbox, Row::read)?,
            reading_rows: each(self.reading_rows, |(reading, row)| Some((reading, row.read()?)))?,
            outbox_updates: each(self.outbox_updates, Update::read)?,
            audit: each(self.audit, Entry::read)?,
            run: self.run.map(Into::into),
            interruption: self.interruption.map(Interruption::read),
            server_tokens: self.server_tokens.into_iter().map(Into::into).collect(),
            ..Changes::default()
        })
    }
}
