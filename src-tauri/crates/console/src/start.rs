//! From a closed vault to a running loop: key, vault, what the run before left open, then the loop.
//! A key is made only when there is no vault (security finding 1). Not here: which adapters.
use crate::event_loop::{self, Console, Ports};
use crate::live::Live;
use crate::minutes::{Minutes, Stream};
use crate::ports::*;
use crate::procedures::DeviceFacts;
use crate::records::*;
use crate::request::ConsoleHandle;
use crate::snapshot::{Interruption, Mode};
use crate::strips::Strips;
use crate::sync::Sync;
use crate::vigil::Vigil;
use bedside_charts::Advances;
use bedside_fhir::FilingContext;
use bedside_outbox::RowState;
use bedside_policy::Policy;
use bedside_session::Now;
use bedside_vitals::WallTime;
use futures::stream::FuturesUnordered;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What the console is told besides its ports.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Demo vault or real one.
    pub mode: Mode,
    /// The policy.
    pub policy: Policy,
    /// The identifier system of record numbers, when the policy names none.
    pub record_number_system: String,
    /// The bundled font's widths.
    pub advances: Advances,
}

/// Why the vault is not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// The keyring.
    #[error(transparent)]
    Keys(#[from] KeyFault),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// Makes a new vault with a new secret. Fails when there is one, and when the keyring does not truly work.
pub async fn create_vault(
    store: &dyn RecordStore,
    keys: &dyn KeyStore,
    machine: &dyn Machine,
) -> Result<VaultId, OpenFault> {
    if store.presence().await? != VaultPresence::Missing {
        return Err(StoreFault::AlreadyThere.into());
    }
    keys.probe().await?;
    let vault = VaultId(Uuid::from_slice(&machine.random()[..16]).unwrap_or_default());
    let secret = DeviceSecret::new(machine.random());
    keys.create(vault, &secret).await?;
    if let Err(fault) = store.create(vault, &secret).await {
        // The secret opens nothing: leave no trace of it. If that fails too, an unused entry stays in the keyring.
        let _ = keys.forget(vault).await;
        return Err(fault.into());
    }
    Ok(vault)
}

/// Opens the vault that is there. Never makes a key.
pub async fn open_vault(store: &dyn RecordStore, keys: &dyn KeyStore, mode: OpenMode) -> Result<VaultId, OpenFault> {
    let VaultPresence::Present(vault) = store.presence().await? else { return Err(StoreFault::Missing.into()) };
    let secret = keys.load(vault).await?;
    store.open(&secret, mode).await?;
    Ok(vault)
}

/// Starts the console on an open vault. The future is the loop: spawn it; it ends after `ConsoleHandle::close`.
pub async fn start(
    ports: Ports,
    settings: Settings,
    vault: VaultId,
) -> Result<(ConsoleHandle, impl Future<Output = ()> + Send + 'static), StoreFault> {
    let Settings { mode, policy, record_number_system, advances } = settings;
    let wall = ports.machine.wall();
    let now = Now { boot: ports.machine.boot(), wall, zone_offset_ms: ports.machine.zone_offset_ms(wall) };
    let context = FilingContext {
        record_number_system: policy.patient_identifier_system.clone().unwrap_or(record_number_system),
        gateway: Uuid::new_v5(&vault.0, b"gateway"),
        test_data: mode == Mode::Demo,
    };
    let left = Left::read(ports.store.as_ref()).await?;
    let run_id = Uuid::from_slice(&ports.machine.random()[..16]).unwrap_or_default();
    let mut sync = Sync::new(context, ports.clinic.is_some());
    let updates = sync.load(left.rows);
    sync.counted(left.counts);
    let interrupted = left.last_run.as_ref().filter(|run| !run.ended && run.recording > 0).map(|run| Interruption {
        from: run.last_alive,
        until: wall,
        devices: left.bindings.iter().map(|binding| (binding.device, binding.patient)).collect(),
    });
    let mut console = Console {
        policy,
        mode,
        work: FuturesUnordered::new(),
        patients: left.patients.into_iter().map(|patient| (patient.id, patient)).collect(),
        known: left.devices.into_iter().map(|device| (device.id, device)).collect(),
        devices: Default::default(),
        pairings: Default::default(),
        facts: DeviceFacts::new(left.memories, left.ended),
        commits: Default::default(),
        minutes: Minutes::default(),
        live: Live::default(),
        strips: Strips::new(advances),
        sync,
        vigil: Vigil::new(now),
        run: Run { id: run_id, started: wall, last_alive: wall, recording: 0, ended: false },
        interrupted,
        open: None,
        adapter: AdapterState::Missing,
        radio: Diagnosis::default(),
        adapter_known: false,
        unassigned: 0,
        opened_before: BTreeSet::new(),
        snapshots: 0,
        inhibitor: None,
        asked_to_stay_awake: false,
        maintained: None,
        maintaining: false,
        closing: None,
        changed: true,
        asked: false,
        shown: None,
        ports,
    };
    console.end_left_bindings(left.bindings, wall);
    let reopened = left.last_run.as_ref().map(|run| run.last_alive);
    console.close_left_minutes(reopened).await?;
    let gateway = console.gateway_row();
    console.commits.capture(|changes| {
        changes.outbox.extend(gateway);
        changes.outbox_updates.extend(updates);
    });
    console.ask_unassigned();
    let (handle, requests) = event_loop::handle(mode);
    Ok((handle, console.run(requests)))
}

/// What the runs before left in the store.
struct Left {
    patients: Vec<bedside_vitals::Patient>,
    devices: Vec<bedside_vitals::DeviceDescription>,
    bindings: Vec<Binding>,
    ended: Vec<Binding>,
    last_run: Option<Run>,
    memories: DeviceMemories,
    rows: Vec<bedside_outbox::OutboxRow>,
    counts: OutboxCounts,
}

macro_rules! read {
    ($store:expr, $query:expr, $answer:ident) => {
        match $store.read($query).await? {
            Answer::$answer(found) => found,
            _ => return Err(StoreFault::Io("the store answered another query".into())),
        }
    };
}

impl Left {
    async fn read(store: &dyn RecordStore) -> Result<Self, StoreFault> {
        let open = vec![RowState::Waiting, RowState::Sending, RowState::Refused, RowState::Held];
        Ok(Self {
            patients: read!(store, Query::Patients, Patients),
            devices: read!(store, Query::Devices, Devices),
            bindings: read!(store, Query::OpenBindings, Bindings),
            ended: read!(store, Query::LastBindings, Bindings),
            last_run: read!(store, Query::LastRun, LastRun),
            memories: read!(store, Query::DeviceMemories, DeviceMemories),
            rows: read!(store, Query::OutboxRows { states: open, limit: usize::MAX }, OutboxRows),
            counts: read!(store, Query::OutboxCounts, OutboxCounts),
        })
    }
}

impl Console {
    /// Bindings do not outlive a run: after an unclean end they are offered again, never resumed by themselves.
    fn end_left_bindings(&mut self, bindings: Vec<Binding>, wall: WallTime) {
        if !bindings.is_empty() {
            bindings.iter().for_each(|binding| self.facts.binding_ended(binding, wall));
            self.commits.capture(|changes| {
                changes.bindings.extend(bindings.into_iter().map(|binding| Binding { until: Some(wall), ..binding }));
            });
        }
    }

    /// Minutes that the run before could not close, because it ended: their samples are on disk, their medians are not.
    async fn close_left_minutes(&mut self, last_alive: Option<WallTime>) -> Result<(), StoreFault> {
        let Some(last_alive) = last_alive else { return Ok(()) };
        let since = last_alive.minute().plus_millis(-LOOK_BACK_MS);
        let store = self.ports.store.clone();
        let samples = read!(store, Query::Samples { patient: None, since: Some(since), until: None }, Samples);
        let closed = read!(store, Query::MinuteMedians { patient: None, since: Some(since) }, MinuteMedians);
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
        self.file_medians(medians);
        Ok(())
    }
}

/// A run's life sign is at most ten seconds old, so its open minutes are the last ones before it.
const LOOK_BACK_MS: i64 = 3 * 60_000;

/// Streams of which a median a minute goes to the server: the numerics, not the beats.
const fn is_summarised(parameter: bedside_vitals::Parameter) -> bool {
    !matches!(parameter, bedside_vitals::Parameter::BeatInterval | bedside_vitals::Parameter::Electrocardiogram)
}
