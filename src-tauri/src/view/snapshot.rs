//! The console's snapshot as the window sees it. Converts field by field; decides nothing.
//! Not here: values (`reading`), patients (`catalogue`), sync (`sync`).
use super::access::{AccessView, access_view};
use super::catalogue::{PatientView, patient};
use super::format::{age, limit};
use super::names::{AdapterView, AdvisoryView, DeviceKindView, LinkView, ModeView, ParameterView, StripKindView};
use super::pairing::{self, BondView, PairingAskedView, RadioView};
use super::reading::{Reading, reading};
use super::sync::{SyncView, sync_view};
use bedside_console::{Bedside, BoundDevice, Nearby, Snapshot, Tile};
use bedside_vitals::WallTime;
use serde::Serialize;
use std::time::Duration;
use ts_rs::TS;

/// Everything the window may know at one moment.
#[derive(Clone, Serialize, TS)]
pub(crate) struct ConsoleView {
    /// Counts up by one.
    #[ts(type = "number")]
    pub(crate) number: u64,
    /// When it was taken, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) taken: i64,
    /// A window without a newer snapshot for this many milliseconds shows "console not answering".
    #[ts(type = "number")]
    pub(crate) valid_for_ms: u64,
    /// Demo vault or real one.
    pub(crate) mode: ModeView,
    /// Who is signed in, and what is locked. While not open, what is about people is absent from all members below.
    pub(crate) access: AccessView,
    /// The Bluetooth adapter.
    pub(crate) adapter: AdapterView,
    /// Every adapter, and the faults of the Bluetooth library.
    pub(crate) radio: RadioView,
    /// Questions about pairings that wait for a person, oldest first.
    pub(crate) pairing: Vec<PairingAskedView>,
    /// Until when the console searches, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) searching_until: Option<i64>,
    /// Devices heard lately, strongest first.
    pub(crate) nearby: Vec<NearbyView>,
    /// Whether values reach the disk.
    pub(crate) recording: RecordingView,
    /// An unclean end before this run, until somebody acknowledged it.
    pub(crate) interrupted: Option<InterruptionView>,
    /// The open patient.
    pub(crate) bedside: Option<BedsideView>,
    /// Devices bound to each patient.
    pub(crate) bound: Vec<BoundCount>,
    /// Readings without a patient.
    #[ts(type = "number")]
    pub(crate) unassigned: u64,
    /// Sync at a glance.
    pub(crate) sync: SyncView,
}

/// A device in reach.
#[derive(Clone, Serialize, TS)]
pub(crate) struct NearbyView {
    /// How to address it.
    pub(crate) peripheral: String,
    /// Its name as advertised.
    pub(crate) name: Option<String>,
    /// What its services say it is.
    pub(crate) kind: DeviceKindView,
    /// Signal strength in dBm.
    pub(crate) signal_dbm: Option<i16>,
    /// Enrolled before under this id.
    pub(crate) known: Option<String>,
    /// Linked or waiting now.
    pub(crate) link: Option<LinkView>,
    /// Bound to this patient.
    pub(crate) patient: Option<String>,
    /// Whether it is paired with this computer, where that is known.
    pub(crate) bond: Option<BondView>,
    /// Age of the last advertisement, with its unit.
    pub(crate) last_heard: String,
}

/// Whether values reach the disk.
#[derive(Clone, Serialize, TS)]
pub(crate) struct RecordingView {
    /// Devices with a binding that are linked or waited for.
    pub(crate) devices: u32,
    /// Age of the last durable commit that carried values, with its unit.
    pub(crate) last_saved: Option<String>,
    /// Since when commits stall or fail, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) stalled_since: Option<i64>,
    /// Why, as a stable code.
    pub(crate) stall_code: Option<String>,
    /// Changes that the store refuses for their own sake; they are set aside, not lost.
    #[ts(type = "number")]
    pub(crate) unwritable: u64,
}

/// A stretch that was not recorded.
#[derive(Clone, Serialize, TS)]
pub(crate) struct InterruptionView {
    /// Last life sign, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) from: i64,
    /// When recording could go on.
    #[ts(type = "number")]
    pub(crate) until: i64,
    /// How many devices can be bound again.
    pub(crate) devices: u32,
}

/// How many devices a patient has bound.
#[derive(Clone, Serialize, TS)]
pub(crate) struct BoundCount {
    /// Who.
    pub(crate) patient: String,
    /// How many.
    pub(crate) devices: u32,
}

/// The open patient.
#[derive(Clone, Serialize, TS)]
pub(crate) struct BedsideView {
    /// Who.
    pub(crate) patient: PatientView,
    /// Another patient has the same family name.
    pub(crate) name_alert: bool,
    /// Bound devices.
    pub(crate) devices: Vec<BoundDeviceView>,
    /// Tiles in display order.
    pub(crate) tiles: Vec<TileView>,
    /// Strips in display order.
    pub(crate) strips: Vec<StripView>,
}

/// A device of the open patient.
#[derive(Clone, Serialize, TS)]
pub(crate) struct BoundDeviceView {
    /// Its id.
    pub(crate) device: String,
    /// How it is addressed at present.
    pub(crate) peripheral: String,
    /// Whether it is paired with this computer, where that is known.
    pub(crate) bond: Option<BondView>,
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: DeviceKindView,
    /// Where the link stands.
    pub(crate) link: LinkView,
    /// Since when, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) link_since: i64,
    /// Signal strength in dBm.
    pub(crate) signal_dbm: Option<i16>,
    /// Battery in percent.
    pub(crate) battery_percent: Option<u8>,
    /// Age of its last value, with its unit.
    pub(crate) last_value: Option<String>,
    /// How far its clock is off, with its unit, when by 2 s or more; `-` before it when it is behind.
    pub(crate) clock_offset: Option<String>,
    /// Values rejected on this connection.
    pub(crate) rejected: u32,
    /// What went wrong last, as a stable code.
    pub(crate) fault: Option<String>,
    /// Readings name this user slot, and nobody has said that it is the patient's.
    pub(crate) user_slot_asked: Option<u8>,
    /// It keeps its values until a user consents.
    pub(crate) consent_wanted: bool,
    /// Its stored records, once they were asked for.
    pub(crate) records: Option<RecordsView>,
    /// What came of setting its clock, as a stable word.
    pub(crate) clock_setting: Option<String>,
}

/// How far a device's stored records are fetched.
#[derive(Clone, Serialize, TS)]
pub(crate) struct RecordsView {
    /// Records that are kept.
    pub(crate) received: u32,
    /// Records that the device counts; `null` when it cannot count.
    pub(crate) expected: Option<u32>,
    /// More may come.
    pub(crate) under_way: bool,
    /// None is missing, once nothing is under way.
    pub(crate) complete: bool,
}

/// One parameter of the open patient.
#[derive(Clone, Serialize, TS)]
pub(crate) struct TileView {
    /// Which parameter.
    pub(crate) parameter: ParameterView,
    /// Its value with its freshness.
    pub(crate) reading: Reading,
    /// Upper limit in the reading's unit, with the parameter's places.
    pub(crate) upper: Option<String>,
    /// Lower limit, likewise.
    pub(crate) lower: Option<String>,
    /// The advisory that the value raises.
    pub(crate) advisory: Option<AdvisoryView>,
}

/// A strip the window shows.
#[derive(Clone, Serialize, TS)]
pub(crate) struct StripView {
    /// The id in strip frames.
    pub(crate) id: u16,
    /// What it shows.
    pub(crate) kind: StripKindView,
}

/// The snapshot for the window.
pub(crate) fn console_view(snapshot: &Snapshot) -> ConsoleView {
    let taken = snapshot.taken;
    let recording = &snapshot.recording;
    ConsoleView {
        number: snapshot.number,
        taken: taken.0,
        valid_for_ms: u64::try_from(snapshot.valid_for.as_millis()).unwrap_or(u64::MAX),
        mode: snapshot.mode.into(),
        access: access_view(&snapshot.access),
        adapter: snapshot.adapter.into(),
        radio: pairing::radio(&snapshot.radio),
        pairing: snapshot.pairing.iter().map(pairing::asked).collect(),
        searching_until: snapshot.searching_until.map(|at| at.0),
        nearby: snapshot.nearby.iter().map(|device| nearby(device, taken)).collect(),
        recording: RecordingView {
            devices: recording.devices,
            last_saved: recording.last_saved.map(|at| super::age_of(at, taken)),
            stalled_since: recording.stalled_since.map(|at| at.0),
            stall_code: recording.stall_code.map(str::to_owned),
            unwritable: recording.unwritable,
        },
        interrupted: snapshot.interrupted.as_ref().map(|gap| InterruptionView {
            from: gap.from.0,
            until: gap.until.0,
            devices: u32::try_from(gap.devices.len()).unwrap_or(u32::MAX),
        }),
        bedside: snapshot.bedside.as_ref().map(|bedside| bedside_view(bedside, taken)),
        bound: snapshot
            .bound
            .iter()
            .map(|(patient, devices)| BoundCount { patient: patient.to_string(), devices: *devices })
            .collect(),
        unassigned: snapshot.unassigned,
        sync: sync_view(&snapshot.sync, taken),
    }
}

fn nearby(device: &Nearby, now: WallTime) -> NearbyView {
    NearbyView {
        peripheral: device.peripheral.to_string(),
        name: device.name.clone(),
        kind: device.kind.into(),
        signal_dbm: device.signal_dbm,
        known: device.known.map(|id| id.to_string()),
        link: device.link.map(Into::into),
        patient: device.patient.map(|id| id.to_string()),
        bond: device.bond.map(pairing::bond),
        last_heard: super::age_of(device.last_heard, now),
    }
}

fn bedside_view(bedside: &Bedside, now: WallTime) -> BedsideView {
    BedsideView {
        patient: patient(&bedside.patient, now),
        name_alert: bedside.name_alert,
        devices: bedside.devices.iter().map(bound_device).collect(),
        tiles: bedside.tiles.iter().map(tile).collect(),
        strips: bedside.strips.iter().map(|strip| StripView { id: strip.id, kind: strip.kind.into() }).collect(),
    }
}

fn bound_device(device: &BoundDevice) -> BoundDeviceView {
    BoundDeviceView {
        device: device.device.to_string(),
        peripheral: device.peripheral.to_string(),
        bond: device.bond.map(pairing::bond),
        name: device.name.clone(),
        kind: device.kind.into(),
        link: device.link.into(),
        link_since: device.link_since.0,
        signal_dbm: device.signal_dbm,
        battery_percent: device.battery_percent,
        last_value: device.last_value.map(age),
        clock_offset: device.clock_offset_ms.and_then(clock_offset),
        rejected: device.rejected,
        fault: device.fault.map(str::to_owned),
        user_slot_asked: device.procedures.user_slot_asked,
        consent_wanted: device.procedures.consent_wanted,
        records: device.procedures.records.map(|records| RecordsView {
            received: records.received,
            expected: records.expected,
            under_way: records.under_way,
            complete: !records.under_way && records.shortfall.is_none(),
        }),
        clock_setting: device.procedures.clock.as_ref().map(|outcome| outcome.name().to_owned()),
    }
}

fn tile(tile: &Tile) -> TileView {
    let unit = tile.last.as_ref().map(|last| last.value.unit());
    TileView {
        parameter: tile.parameter.into(),
        reading: reading(tile),
        upper: tile.limits.upper.map(|value| limit(value, tile.parameter, unit)),
        lower: tile.limits.lower.map(|value| limit(value, tile.parameter, unit)),
        advisory: tile.advisory.map(Into::into),
    }
}

/// Two seconds and less are the resolution of device clocks, not an offset worth a word.
fn clock_offset(milliseconds: i64) -> Option<String> {
    let size = Duration::from_millis(milliseconds.unsigned_abs());
    let sign = if milliseconds < 0 { "-" } else { "" };
    (size > Duration::from_secs(2)).then(|| format!("{sign}{}", age(size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_offset_is_shown_only_when_it_means_something() {
        assert_eq!(clock_offset(-1_900), None);
        assert_eq!(clock_offset(-194_000).as_deref(), Some("-3 min"));
    }
}
