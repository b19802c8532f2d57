//! What the runs before left in the store, and how a console that runs already takes it in when its vault is opened.
//! Not here: what opens a vault (`access`), and what was spooled while it was closed (`spool_filing`).
use crate::download::ClinicRecord;
use crate::event_loop::Console;
use crate::filing::by_nobody;
use crate::minutes::Stream;
use crate::ports::*;
use crate::records::*;
use crate::snapshot::{Interruption, VaultNotice};
use bedside_vitals::WallTime;
use std::collections::{BTreeMap, BTreeSet};

/// A run's life sign is at most ten seconds old, so its open minutes are the last ones before it.
const LOOK_BACK_MS: i64 = 3 * 60_000;

/// What the runs before left in the store.
pub(crate) struct Left {
    pub(crate) header: Option<VaultHeader>,
    pub(crate) clinicians: Vec<crate::clinician::Clinician>,
    at: WallTime,
    patients: Vec<bedside_vitals::Patient>,
    devices: Vec<bedside_vitals::DeviceDescription>,
    bindings: Vec<Binding>,
    ended: Vec<Binding>,
    last_run: Option<Run>,
    interruption: Option<StoredInterruption>,
    memories: DeviceMemories,
    rows: Vec<bedside_outbox::RowHead>,
    counts: OutboxCounts,
    clinics: BTreeMap<String, ClinicRecord>,
    /// The streams of the last run's last minutes, and the minutes of them that it closed.
    samples: Vec<StoredSamples>,
    closed: Vec<MinuteMedian>,
}

macro_rules! read {
    ($store:expr, $query:expr, $answer:ident) => {
        match $store.read($query).await? {
            Answer::$answer(found) => found,
            _ => return Err(StoreFault::another_answer()),
        }
    };
}

impl Left {
    /// Reads it from an open vault.
    pub(crate) async fn read(store: &dyn RecordStore, at: WallTime) -> Result<Self, StoreFault> {
        let last_run = read!(store, Query::LastRun, LastRun);
        let (mut samples, mut closed) = (Vec::new(), Vec::new());
        if let Some(run) = &last_run {
            let since = Some(run.last_alive.minute().plus_millis(-LOOK_BACK_MS));
            samples = read!(store, Query::Samples { patient: None, since, until: None }, Samples);
            closed = read!(store, Query::MinuteMedians { patient: None, since }, MinuteMedians);
        }
        Ok(Self {
            header: store.presence().await?.header(),
            clinicians: read!(store, Query::Clinicians, Clinicians),
            at,
            patients: read!(store, Query::Patients, Patients),
            devices: read!(store, Query::Devices, Devices),
            bindings: read!(store, Query::OpenBindings, Bindings),
            ended: read!(store, Query::LastBindings, Bindings),
            last_run,
            interruption: read!(store, Query::Interruption, Interruption),
            memories: read!(store, Query::DeviceMemories, DeviceMemories),
            rows: read!(store, Query::OpenRows, OpenRows),
            counts: read!(store, Query::OutboxCounts, OutboxCounts),
            clinics: read!(store, Query::ClinicRecords, ClinicRecords),
            samples,
            closed,
        })
    }
}

impl Console {
    /// Takes in what was left. What is in memory is newer: devices that were recorded meanwhile stay as they are. The end
    /// of the run before is looked at once in a run; later the last run is this one.
    pub(crate) fn load(&mut self, left: Left, first: bool) {
        let wall = self.ports.machine.wall();
        self.patients = left.patients.into_iter().map(|patient| (patient.id, patient)).collect();
        for device in left.devices {
            self.known.entry(device.id).or_insert(device);
        }
        self.facts.merge(left.memories, left.ended);
        // Before anything is sent: rows name a patient of the server by its own id.
        self.load_clinic(left.clinics);
        let updates = self.sync.load(left.rows);
        self.sync.counted(left.counts);
        self.remember_server();
        self.remember_tokens();
        self.commits.capture(|changes| changes.outbox_updates.extend(updates));
        if first {
            let unclean = left.last_run.as_ref().filter(|run| !run.ended && run.recording > 0);
            self.broken_off = unclean.map(|run| (run.id, left.interruption.is_none()));
            if unclean.is_some() {
                self.access.notices.push(VaultNotice::UncleanEnd);
            }
            self.take_up_interruption(left.interruption, unclean, &left.bindings, left.at);
            self.end_left_bindings(left.bindings, wall);
            self.close_left_minutes(left.samples, &left.closed);
            let gateway = self.gateway_row();
            self.commits.capture(|changes| changes.outbox.extend(gateway));
        }
        self.ask_unassigned();
        self.changed = true;
    }

    /// One that nobody has seen yet, or a new one, which is kept until somebody has.
    fn take_up_interruption(
        &mut self,
        kept: Option<StoredInterruption>,
        unclean: Option<&Run>,
        bindings: &[Binding],
        until: WallTime,
    ) {
        let new = unclean.filter(|_| kept.is_none()).map(|run| StoredInterruption {
            from: run.last_alive,
            until,
            devices: bindings.iter().map(|binding| (binding.device, binding.patient)).collect(),
        });
        if let Some(new) = new.clone() {
            self.commits.capture(|changes| changes.interruption = Some(Some(new)));
        }
        self.interrupted =
            kept.or(new).map(|StoredInterruption { from, until, devices }| Interruption { from, until, devices });
    }

    /// The run that seemed to be broken off ended as it should, while the vault was locked: its end was in the spool, which
    /// cannot be read before the vault is open.
    pub(crate) fn ended_in_spool(&mut self, run: &Run) {
        let Some((_, told)) = self.broken_off.take_if(|(id, _)| *id == run.id) else { return };
        self.access.notices.retain(|notice| *notice != VaultNotice::UncleanEnd);
        if told {
            self.interrupted = None;
            self.commits.capture(|changes| changes.interruption = Some(None));
        }
        self.changed = true;
    }

    /// Bindings do not outlive a run: after an unclean end they are offered again, never resumed by themselves.
    fn end_left_bindings(&mut self, bindings: Vec<Binding>, wall: WallTime) {
        let of_this_run = |binding: &Binding| {
            let mut present = self.devices.tracked.values().filter_map(|tracked| tracked.binding.as_ref());
            present.any(|present| present.id == binding.id)
        };
        let left: Vec<Binding> = bindings.into_iter().filter(|binding| !of_this_run(binding)).collect();
        if !left.is_empty() {
            left.iter().for_each(|binding| self.facts.binding_ended(binding, wall));
            self.commits.capture(|changes| {
                changes.bindings.extend(left.into_iter().map(|binding| Binding { until: Some(wall), ..binding }));
            });
        }
    }

    /// Minutes that the run before could not close, because it ended: their samples are on disk, their medians are not.
    fn close_left_minutes(&mut self, samples: Vec<StoredSamples>, closed: &[MinuteMedian]) {
        let closed: BTreeSet<_> = closed.iter().map(|m| (m.series, m.minute)).collect();
        for StoredSamples { series, device, patient, parameter, unit, exponent, values } in samples {
            let (Some(patient), SampleValues::Timed(values)) = (patient, values) else { continue };
            if !is_summarised(parameter) {
                continue;
            }
            let stream = Stream { series, device, patient, parameter };
            for (at, step) in values {
                if !closed.contains(&(series, at.minute())) {
                    self.minutes.add(stream, at, step, exponent, unit);
                }
            }
        }
        let medians = self.minutes.close(self.ports.machine.wall(), false);
        self.file_medians(medians, by_nobody);
    }
}

/// Streams of which a median a minute goes to the server: the numerics, not the beats.
const fn is_summarised(parameter: bedside_vitals::Parameter) -> bool {
    !matches!(parameter, bedside_vitals::Parameter::BeatInterval | bedside_vitals::Parameter::Electrocardiogram)
}
