//! What the snapshot says of access: who, what is locked, when it locks; and the tiles of a ward that watches.
//! Not here: the rest of the snapshot (`screen`).
use super::{Due, Lock};
use crate::clinician::Permission;
use crate::event_loop::Console;
use crate::snapshot::{AccessState, BreakGlass, Mode, TileValue, VaultNotice, WatchTile};
use bedside_session::Now;
use bedside_vitals::{DeviceKind, PatientId};
use std::collections::BTreeMap;

impl Console {
    /// What may be seen now.
    pub(crate) fn access_state(&self, now: Now) -> AccessState {
        let access = &self.access;
        let (tries_left, wait_until) = access.failed.map_or((None, None), |(left, until)| (Some(left), until));
        let wait_until = wait_until.filter(|until| now.wall < *until);
        match access.lock {
            Lock::Vault(since, why) => {
                let header = access.header.as_ref();
                AccessState::Closed {
                    since,
                    why,
                    users: header.into_iter().flat_map(|h| &h.slots).map(|slot| slot.user_name.clone()).collect(),
                    spooled: self.filing.waits(),
                    wait_until,
                    tries_left,
                    device_slot: header.is_some_and(|header| header.device_slot),
                    recovery_slot: header.is_some_and(|header| header.recovery_slot),
                }
            }
            Lock::Screen(since, why) => AccessState::ScreenLocked {
                since,
                why,
                user: access.clinician.as_ref().map(|clinician| clinician.user_name.clone()),
                wait_until,
                watch: if self.policy.watch_display { self.watched(now) } else { Vec::new() },
            },
            Lock::Open => AccessState::Open {
                clinician: access.clinician.clone(),
                may: Permission::ALL.into_iter().filter(|what| access.may(*what, self.mode)).collect(),
                enrolment_needed: access.enrolment_needed(self.mode),
                locks_in: match access.due {
                    Due::Warning(left) => Some(left),
                    Due::Nothing | Due::Screen(_) | Due::Vault(_) => None,
                },
                break_glass: access.emergency.as_ref().map(|emergency| BreakGlass { until: emergency.until_wall }),
                notices: self.notices(),
            },
        }
    }

    fn notices(&self) -> Vec<VaultNotice> {
        let no_recovery = self.mode == Mode::Clinic
            && self.access.clinician.is_some()
            && self.access.header.as_ref().is_some_and(|header| !header.recovery_slot);
        let mut notices = self.access.notices.clone();
        notices.extend(no_recovery.then_some(VaultNotice::NoRecoverySlot));
        notices.extend(self.safeguards.notices());
        notices
    }

    /// Values of bound devices by bed: no name, no record number, no device.
    fn watched(&self, now: Now) -> Vec<WatchTile> {
        let mut kinds: BTreeMap<PatientId, Vec<DeviceKind>> = BTreeMap::new();
        for tracked in self.devices.tracked.values() {
            if let Some(binding) = &tracked.binding {
                kinds.entry(binding.patient).or_default().push(tracked.kind);
            }
        }
        let mut watched: Vec<WatchTile> = Vec::new();
        for (patient, kinds) in kinds {
            let Some(bed) = self.patients.get(&patient).and_then(|person| person.bed.clone()) else { continue };
            let tiles = self.live.tiles(patient, &kinds, &self.policy, now).into_iter().map(|mut tile| {
                tile.last = tile.last.map(|last| TileValue { device_name: String::new(), ..last });
                WatchTile { bed: bed.clone(), tile }
            });
            watched.extend(tiles);
        }
        watched.sort_by(|a, b| a.bed.reveal().cmp(b.bed.reveal()));
        watched
    }
}
