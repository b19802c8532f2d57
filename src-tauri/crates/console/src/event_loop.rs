//! The loop that owns all state: one request, radio event, answer or tick at a time.
//! What each of them means lives in the files beside it; nothing here touches a port but through them.
use crate::access::Access;
use crate::anchoring::Anchoring;
use crate::apart::Apart;
use crate::audit_filing::AuditFiling;
use crate::auditing::Auditing;
use crate::clinic_server::ClinicServerSaid;
use crate::clinic_sign_in::ClinicTokens;
use crate::clocks::Clocks;
use crate::commits::{Commits, Committed};
use crate::devices::{Devices, SessionKey};
use crate::download::Download;
use crate::epoch::Epoch;
use crate::inbox::ToAssign;
use crate::live::Live;
use crate::minutes::Minutes;
use crate::pairing::Pairings;
use crate::ports::*;
use crate::procedures::{DeviceFacts, RejectedValues};
use crate::records::*;
use crate::request::{ConsoleHandle, RequestError};
use crate::requests::Request;
use crate::review::UnderReview;
use crate::safeguards::Safeguards;
use crate::snapshot::{Interruption, Mode, Snapshot};
use crate::spool_filing::SpoolFiling;
use crate::strips::Strips;
use crate::sync::{Sync, Tried};
use crate::vigil::Vigil;
use bedside_policy::{Policy, Retention};
use bedside_session::{Now, RequestId, StepResult};
use bedside_vitals::{DeviceDescription, DeviceId, Patient, PatientId, WallTime};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

/// The adapters behind the ports.
#[derive(Clone)]
pub struct Ports {
    /// Bluetooth or the simulated ward.
    pub radio: Arc<dyn Radio>,
    /// The open vault.
    pub store: Arc<dyn RecordStore>,
    /// The clinic's server, where one is configured.
    pub clinic: Option<Arc<dyn ClinicServer>>,
    /// The window or the terminal.
    pub display: Arc<dyn Display>,
    /// The computer.
    pub machine: Arc<dyn Machine>,
    /// The system's keyring.
    pub keys: Arc<dyn KeyStore>,
}

/// How often a snapshot is due, and the state machines are looked at.
const TICK: Duration = Duration::from_millis(250);
/// Between two snapshots that no request asked for.
const SHOWN: Duration = Duration::from_millis(100);
/// A console that cannot write what it holds ends all the same after so long, and says so.
const LONGEST_CLOSE: Duration = Duration::from_secs(30);
/// Frames of live strips: 30 a second are smooth at paper speed and half the cost of 60.
const FRAME: Duration = Duration::from_millis(33);
/// The store tidies up when nothing is waiting to be written.
const MAINTENANCE: Duration = Duration::from_secs(20);
const MAINTENANCE_BUDGET: Duration = Duration::from_millis(200);

/// What a future under way comes back with.
pub(crate) enum Done {
    Nothing,
    Radio(SessionKey, RequestId, StepResult),
    Scan(bool, Result<(), bedside_session::RadioFault>),
    Adapter(Result<AdapterState, bedside_session::RadioFault>),
    Diagnosis(Diagnosis),
    Paired(PeripheralId, Result<(), bedside_session::RadioFault>),
    Forgotten(PeripheralId, Result<(), bedside_session::RadioFault>),
    Bond(PeripheralId, Result<Bond, bedside_session::RadioFault>),
    ToAssign(Box<ToAssign>),
    Rejected(Box<RejectedValues>),
    Committed(Box<Committed>, Result<Receipt, StoreFault>),
    CommittedApart(Box<Committed>, Box<Apart>),
    Spooled(u64, Box<Result<Option<SpooledBatch>, StoreFault>>),
    Maintained(Result<Maintenance, StoreFault>),
    OutboxCounts(Result<Answer, StoreFault>),
    Unassigned(Result<Answer, StoreFault>),
    LastValues(PatientId, Result<Answer, StoreFault>),
    TrendStrip(PatientId, Result<Answer, StoreFault>),
    Clinic(Tried, Result<ClinicAnswer, ClinicFault>),
    Awake(Option<Box<dyn SleepInhibitor>>),
    Then(crate::auditing::Then),
}

/// The state. Each part is owned here and nowhere else.
pub(crate) struct Console {
    pub(crate) ports: Ports,
    pub(crate) vault: VaultId,
    pub(crate) access: Access,
    /// Moves on whenever people are hidden: what was asked before is not answered after.
    pub(crate) epoch: Epoch,
    pub(crate) auditing: Auditing,
    pub(crate) anchoring: Anchoring,
    pub(crate) safeguards: Safeguards,
    pub(crate) policy: Policy,
    pub(crate) mode: Mode,
    pub(crate) work: FuturesUnordered<BoxFuture<'static, Done>>,
    pub(crate) patients: BTreeMap<PatientId, Patient>,
    pub(crate) known: BTreeMap<DeviceId, DeviceDescription>,
    pub(crate) devices: Devices,
    pub(crate) pairings: Pairings,
    pub(crate) facts: DeviceFacts,
    pub(crate) clocks: Clocks,
    pub(crate) commits: Commits,
    pub(crate) filing: SpoolFiling,
    /// Answers of the radio that wait until what it said before them can be taken.
    pub(crate) held_back: VecDeque<Done>,
    pub(crate) minutes: Minutes,
    pub(crate) live: Live,
    pub(crate) strips: Strips,
    pub(crate) sync: Sync,
    pub(crate) audit_filing: AuditFiling,
    pub(crate) tokens: ClinicTokens,
    pub(crate) clinic_said: ClinicServerSaid,
    pub(crate) download: Download,
    pub(crate) vigil: Vigil,
    pub(crate) run: Run,
    pub(crate) interrupted: Option<Interruption>,
    /// The run before that seems to be broken off, and whether the interruption that is told is its.
    pub(crate) broken_off: Option<(uuid::Uuid, bool)>,
    pub(crate) open: Option<PatientId>,
    pub(crate) adapter: AdapterState,
    pub(crate) radio: Diagnosis,
    /// Whether the adapter has answered since the start.
    pub(crate) adapter_known: bool,
    pub(crate) unassigned: u64,
    pub(crate) opened_before: BTreeSet<PatientId>,
    pub(crate) under_review: UnderReview,
    pub(crate) snapshots: u64,
    pub(crate) inhibitor: Option<Box<dyn SleepInhibitor>>,
    pub(crate) asked_to_stay_awake: bool,
    pub(crate) maintained: Option<Instant>,
    pub(crate) maintaining: bool,
    /// Who asked to close, and when.
    pub(crate) closing: Option<(tokio::sync::oneshot::Sender<Result<(), RequestError>>, Instant)>,
    pub(crate) changed: bool,
    pub(crate) asked: bool,
    pub(crate) shown: Option<Instant>,
}

impl Console {
    /// The present on every clock.
    pub(crate) fn now(&self) -> Now {
        let wall = self.ports.machine.wall();
        Now { boot: self.ports.machine.boot(), wall, zone_offset_ms: self.ports.machine.zone_offset_ms(wall) }
    }

    pub(crate) fn start_work(&mut self, work: impl Future<Output = Done> + Send + 'static) {
        self.work.push(Box::pin(work));
    }

    /// Runs until closed, or until every handle is gone.
    pub(crate) async fn run(mut self, mut requests: mpsc::UnboundedReceiver<Request>) {
        let Some(mut radio) = self.ports.radio.take_events() else {
            tracing::error!(code = "RADIO-TAKEN", "the radio's events were taken by somebody else");
            return;
        };
        let mut system = self.ports.machine.take_events();
        self.delay_sleep();
        self.ask_adapter();
        self.vouch_for_spool();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut frame = interval(FRAME);
        frame.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut fronts = true;
        loop {
            self.release(&mut radio);
            let commit_at = self.commits.due().unwrap_or_else(|| Instant::now() + TICK);
            tokio::select! {
                Some(done) = self.work.next(), if !self.work.is_empty() => {
                    if self.hear_before(&done, &mut radio) {
                        self.done(done);
                    } else {
                        self.held_back.push_back(done);
                    }
                }
                event = radio.recv(), if self.commits.room() > 0 => match event {
                    Some(event) => self.radio_event(event),
                    None => return tracing::error!(code = "RADIO-ENDED", "the radio ended"),
                },
                request = requests.recv(), if fronts => match request {
                    Some(request) => {
                        self.request(request);
                        self.asked = true;
                    }
                    None => {
                        fronts = false;
                        self.close(None);
                    }
                },
                event = next_of(&mut system) => self.machine_event(event),
                () = sleep_until(commit_at), if self.commits.due().is_some() => {}
                _ = tick.tick() => self.tick(),
                _ = frame.tick(), if self.strips.moving() => self.draw_live(),
            }
            self.settle();
            if self.is_closed() {
                break;
            }
        }
        // Answers that are given already are delivered.
        while let Some(Some(_)) = self.work.next().now_or_never() {}
        let unwritten = self.commits.pending();
        self.before_locking().await;
        let closed = self.ports.store.close().await;
        let lost = || StoreFault::Io("what was recorded last could not be written before the end".into());
        let result = if unwritten { Err(lost()) } else { closed };
        if let Some((reply, _)) = self.closing.take() {
            let _ = reply.send(result.map_err(RequestError::Store));
        }
    }

    /// What the radio said before an answer is heard before it: an ended link loses no value. Whether all of it could be
    /// taken: when too much waits to be written, the radio's events wait, and its answers behind them.
    fn hear_before(&mut self, done: &Done, radio: &mut mpsc::UnboundedReceiver<RadioEvent>) -> bool {
        let of_radio = matches!(done, Done::Radio(..));
        if of_radio && !self.held_back.is_empty() {
            return false;
        }
        for _ in 0..self.commits.room() {
            match radio.try_recv() {
                Ok(event) => self.radio_event(event),
                Err(_) => return true,
            }
        }
        !of_radio
    }

    /// Answers that waited, once there is room for what stands before them.
    fn release(&mut self, radio: &mut mpsc::UnboundedReceiver<RadioEvent>) {
        if self.commits.room() == 0 {
            return;
        }
        while let Some(done) = self.held_back.pop_front() {
            let others = std::mem::take(&mut self.held_back);
            let heard = self.hear_before(&done, radio);
            self.held_back = others;
            if !heard {
                return self.held_back.push_front(done);
            }
            self.done(done);
        }
    }

    /// What follows from any change: actions of sessions, commits, tries to send, the snapshot.
    fn settle(&mut self) {
        let now = self.now();
        self.run_sessions(now);
        self.start_pairings();
        self.start_commit();
        self.start_sync(now);
        self.start_download(now);
        self.end_run();
        // A storm of advertisements must not become one of snapshots; what a person did is shown at once.
        let calm = self.shown.is_none_or(|at| at.elapsed() >= SHOWN);
        if self.changed && (calm || self.asked) {
            self.changed = false;
            self.asked = false;
            self.show(now);
        }
    }

    fn tick(&mut self) {
        let now = self.now();
        let stood_still = self.vigil.silence(now);
        if self.vigil.look(now) {
            tracing::warn!(
                code = "TIME-JUMP",
                "the computer slept or its clock jumped: every value waits for a new sample"
            );
            self.live.interrupt();
        }
        if self.commits.room() > 0 {
            // Else what devices said waits, and none of them is silent.
            self.devices.timeouts(now);
        }
        self.look_at_spool();
        self.end_unheard_pairings(now);
        self.close_minutes(now.wall);
        self.wake_clinic_tokens(now);
        self.ask_capability(now);
        self.life_sign(now.wall);
        self.look_for_adapter(now);
        self.keep_listening(now);
        self.start_maintenance();
        self.refresh_trend_strip(now);
        self.watch_access(now, stood_still);
        self.keep_safe(now);
        if self.access.vault_is_open() {
            self.keep_anchor(now);
        }
        self.changed = true;
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Radio(key, id, result) => self.radio_answered(key, id, result),
            Done::Scan(on, result) => self.scan_answered(on, result),
            Done::Adapter(state) => self.adapter_answered(state),
            Done::Diagnosis(diagnosis) => self.radio = diagnosis,
            Done::Paired(peripheral, result) => self.paired(peripheral, result),
            Done::Forgotten(peripheral, result) => self.forgotten(peripheral, result),
            Done::Bond(peripheral, bond) => self.bond_answered(peripheral, bond),
            Done::ToAssign(asked) => self.assign_found(*asked),
            Done::Rejected(asked) => self.rejected_read(*asked),
            Done::Committed(batch, result) => self.committed(*batch, result),
            Done::CommittedApart(batch, apart) => self.committed_apart(*batch, *apart),
            Done::Spooled(opening, answer) => self.spool_answered(opening, *answer),
            Done::Maintained(result) => {
                self.maintaining = false;
                match result {
                    Ok(done) if done.more => self.maintained = None,
                    Ok(_) => {}
                    Err(fault) => {
                        tracing::warn!(code = "STORE-MAINTENANCE", %fault, "tidying up failed; it is tried again")
                    }
                }
            }
            // An answer that comes after the vault was locked fills nothing again.
            Done::Unassigned(_) | Done::LastValues(..) | Done::OutboxCounts(_) if !self.access.vault_is_open() => {}
            Done::OutboxCounts(Ok(Answer::OutboxCounts(counts))) => self.sync.counted(counts),
            Done::Unassigned(Ok(Answer::Count(count))) => self.unassigned = count,
            Done::LastValues(patient, Ok(Answer::LastValues(readings))) => {
                let now = self.now();
                self.live.remember(patient, readings, &self.known, now);
            }
            Done::TrendStrip(patient, answer) => self.draw_trend_strip(patient, answer),
            Done::Clinic(tried, answer) => self.clinic_answered(tried, answer),
            Done::Then(then) => then(self),
            Done::Awake(inhibitor) => self.inhibitor = inhibitor.filter(|_| self.run.recording > 0),
            Done::OutboxCounts(Err(fault)) | Done::Unassigned(Err(fault)) | Done::LastValues(_, Err(fault)) => {
                tracing::warn!(code = "STORE-READ", %fault, "a query of the console failed");
            }
            Done::OutboxCounts(Ok(_)) | Done::Unassigned(Ok(_)) | Done::LastValues(_, Ok(_)) => {
                tracing::error!(code = "STORE-ANSWER", "the store answered another query");
            }
        }
        self.changed = true;
    }

    /// A life sign with every commit, and at least every ten seconds while something records.
    fn life_sign(&mut self, wall: WallTime) {
        self.run.recording = self.devices.recording();
        self.run.last_alive = wall;
        if self.run.recording > 0 && self.commits.needs_life_sign() {
            let run = self.run.clone();
            self.commits.capture(|changes| changes.run = Some(run));
        }
        self.stay_awake(self.run.recording > 0);
    }

    /// Asks once when recording begins; a system that cannot is not asked again until the next time.
    fn stay_awake(&mut self, wanted: bool) {
        if wanted && !self.asked_to_stay_awake {
            let machine = self.ports.machine.clone();
            self.start_work(async move { Done::Awake(machine.inhibit_sleep("recording vital signs").await) });
        } else if !wanted {
            self.inhibitor = None;
        }
        self.asked_to_stay_awake = wanted;
    }

    fn start_maintenance(&mut self) {
        let due = self.maintained.is_none_or(|at| at.elapsed() >= MAINTENANCE);
        if self.maintaining || !due || self.commits.busy() || !self.access.vault_is_open() {
            return;
        }
        self.maintaining = true;
        self.maintained = Some(Instant::now());
        let (store, wall) = (self.ports.store.clone(), self.ports.machine.wall());
        let keep_since = keep_frames_since(self.policy.retention, wall);
        self.start_work(async move { Done::Maintained(store.maintain(wall, MAINTENANCE_BUDGET, keep_since).await) });
    }

    /// Links have ended and all is written: the last commit says that this run ended as it should.
    fn end_run(&mut self) {
        let at_rest = self.devices.all_finished() && !self.commits.pending() && !self.files();
        if self.closing.is_some() && !self.run.ended && at_rest {
            self.run.ended = true;
            self.run.recording = 0;
            let run = self.run.clone();
            self.commits.capture(|changes| changes.run = Some(run));
        }
    }

    fn is_closed(&self) -> bool {
        let Some((_, since)) = &self.closing else { return false };
        (self.run.ended && !self.commits.pending()) || since.elapsed() >= LONGEST_CLOSE
    }

    pub(crate) fn show(&mut self, now: Now) {
        self.snapshots += 1;
        self.shown = Some(Instant::now());
        let snapshot: Snapshot = self.snapshot(now);
        self.ports.display.show(Arc::new(snapshot));
    }
}

/// What the system does next; never, where it does not say.
async fn next_of(events: &mut Option<mpsc::UnboundedReceiver<MachineEvent>>) -> MachineEvent {
    if let Some(events) = events
        && let Some(event) = events.recv().await
    {
        return event;
    }
    std::future::pending().await
}

/// Raw frames received before this are over their time; `None` when they are kept for ever.
fn keep_frames_since(retention: Retention, wall: WallTime) -> Option<WallTime> {
    const DAY_MS: i64 = 86_400_000;
    retention.raw_frames_days.map(|days| wall.plus_millis(-(i64::from(days) * DAY_MS)))
}

/// Runs `console` on whatever executor the caller has; the handle speaks to it.
pub(crate) fn handle(mode: Mode) -> (ConsoleHandle, mpsc::UnboundedReceiver<Request>) {
    let (requests, inbox) = mpsc::unbounded_channel();
    (ConsoleHandle { requests, mode }, inbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_frames_are_kept_for_the_days_of_the_policy_or_for_ever() {
        let wall = WallTime(1_773_842_400_000);
        let days = |days| keep_frames_since(Retention { raw_frames_days: days }, wall);
        assert_eq!(days(Some(90)), Some(WallTime(1_773_842_400_000 - 90 * 86_400_000)));
        assert_eq!(days(None), None);
    }
}
