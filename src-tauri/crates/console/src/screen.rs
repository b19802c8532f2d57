//! The snapshot: everything the screen may know, put together from the parts that own it.
//! Decides nothing: freshness comes from `vitals`, advisories from `live`.
use crate::devices::Tracked;
use crate::event_loop::Console;
use crate::snapshot::*;
use crate::strips::Strips;
use bedside_session::Now;
use bedside_vitals::{DeviceKind, PatientId};
use std::collections::BTreeMap;
use std::time::Duration;

/// A screen without a newer snapshot after this long shows "console not answering" (product law 1).
const VALID_FOR: Duration = Duration::from_secs(2);

impl Console {
    pub(crate) fn snapshot(&self, now: Now) -> Snapshot {
        let stalled = self.commits.stalled(now.wall);
        let people = self.shows_people();
        Snapshot {
            number: self.snapshots,
            taken: now.wall,
            taken_boot: now.boot,
            valid_for: VALID_FOR,
            mode: self.mode,
            access: self.access_state(now),
            adapter: self.adapter,
            radio: self.radio.clone(),
            pairing: if self.somebody_works() { self.pairing_questions(people) } else { Vec::new() },
            searching_until: self.devices.search_until.map(|(_, wall)| wall),
            nearby: self.nearby(people),
            recording: Recording {
                devices: self.devices.recording(),
                last_saved: self.commits.last_saved,
                stalled_since: stalled.map(|(since, _)| since),
                stall_code: stalled.map(|(_, code)| code),
                unwritable: self.commits.unwritable,
            },
            interrupted: self.interrupted.clone().filter(|_| people),
            bedside: self.open.filter(|_| people).and_then(|patient| self.bedside(patient, now)),
            bound: if people { self.bound() } else { Vec::new() },
            unassigned: if people { self.unassigned } else { 0 },
            sync: if self.somebody_works() { self.sync_state(now) } else { SyncState::default() },
        }
    }

    fn sync_state(&self, now: Now) -> SyncState {
        let present = self.access.clinician.as_ref().map(|clinician| clinician.id);
        SyncState {
            list: self.download.state(now.wall, now.boot),
            sign_in: self.tokens.shown(present, now),
            ..self.sync_with_server(self.sync.state(), now)
        }
    }

    /// Where no people may be seen, only devices that are with nobody.
    fn nearby(&self, people: bool) -> Vec<Nearby> {
        let mut nearby: Vec<Nearby> = self
            .devices
            .heard
            .iter()
            .filter(|(peripheral, _)| people || self.devices.by_peripheral(peripheral).is_none_or(Tracked::is_free))
            .map(|(peripheral, heard)| {
                let tracked = self.devices.by_peripheral(peripheral);
                let device = tracked.and_then(|tracked| tracked.device.as_ref());
                Nearby {
                    peripheral: peripheral.clone(),
                    name: heard.advertisement.name.clone(),
                    kind: heard.kind,
                    signal_dbm: heard.advertisement.signal_dbm,
                    known: device.map(|device| device.id),
                    link: tracked.map(|tracked| tracked.link),
                    patient: tracked.and_then(|tracked| tracked.purpose.patient),
                    bond: self.pairings.bond(peripheral),
                    last_heard: heard.wall,
                }
            })
            .collect();
        nearby.sort_by_key(|device| (std::cmp::Reverse(device.signal_dbm), device.peripheral.clone()));
        nearby
    }

    fn bound(&self) -> Vec<(PatientId, u32)> {
        let mut counts: BTreeMap<PatientId, u32> = BTreeMap::new();
        for binding in self.devices.tracked.values().filter_map(|tracked| tracked.binding.as_ref()) {
            *counts.entry(binding.patient).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    fn bedside(&self, patient: PatientId, now: Now) -> Option<Bedside> {
        let person = self.patients.get(&patient)?;
        let mine = || self.devices.tracked.values().filter(move |tracked| tracked.purpose.patient == Some(patient));
        let kinds: Vec<DeviceKind> = mine().map(|tracked| tracked.kind).collect();
        Some(Bedside {
            patient: person.clone(),
            name_alert: self.has_name_alert(person),
            devices: mine().filter_map(|tracked| self.bound_device(tracked, now)).collect(),
            tiles: self.live.tiles(patient, &kinds, &self.policy, now),
            strips: strips_for(&kinds, &self.strips),
        })
    }

    fn bound_device(&self, tracked: &Tracked, now: Now) -> Option<BoundDevice> {
        let device = tracked.device.as_ref()?;
        let heard = self.devices.heard.get(&tracked.peripheral);
        Some(BoundDevice {
            device: device.id,
            peripheral: tracked.peripheral.clone(),
            bond: self.pairings.bond(&tracked.peripheral),
            name: tracked.name.clone(),
            kind: tracked.kind,
            link: tracked.link,
            link_since: tracked.link_since,
            signal_dbm: heard.and_then(|heard| heard.advertisement.signal_dbm),
            battery_percent: tracked.battery_percent,
            last_value: tracked.last_value.map(|at| now.boot.since(at)),
            clock_offset_ms: tracked.clock_offset_ms,
            rejected: tracked.rejected,
            fault: tracked.fault,
            procedures: tracked.procedures.shown.clone(),
        })
    }
}

/// The strips a bedside with such devices shows, in display order. Only some oximeters send their pulse wave: its strip
/// comes with the first samples.
fn strips_for(kinds: &[DeviceKind], drawn: &Strips) -> Vec<Strip> {
    let pulse_wave = drawn.has(StripKind::Plethysmogram);
    // An arm sensor of the same maker has the same service, and no ECG.
    let ecg = drawn.has(StripKind::Electrocardiogram) || !pulse_wave;
    let has = |wanted: &[DeviceKind]| kinds.iter().any(|kind| wanted.contains(kind));
    let shown = [
        (StripKind::Electrocardiogram, has(&[DeviceKind::EcgSensor]) && ecg),
        (StripKind::BeatIntervals, has(&[DeviceKind::EcgSensor, DeviceKind::HeartRateStrap])),
        (StripKind::Plethysmogram, pulse_wave),
        (StripKind::Trend, true),
    ];
    shown.into_iter().filter(|(_, shown)| *shown).map(|(kind, _)| Strip { id: kind.id(), kind }).collect()
}
