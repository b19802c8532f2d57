//! Pairing: the questions that a person sees, the answers back to the radio, and sessions that wait meanwhile.
//! Nothing is bonded by itself: a device that asks for it is offered once. Not here: how a radio pairs.
use crate::audit::{AuditAction, AuditEntry, AuditOutcome};
use crate::devices::SessionKey;
use crate::event_loop::{Console, Done};
use crate::ports::*;
use crate::request::RequestError;
use crate::snapshot::PairingAsked;
use bedside_session::{Action, Answer as StepAnswer, Input, Now, RadioFault};
use bedside_vitals::{BootTime, DeviceKind, WallTime};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::oneshot;

/// A person's three answers and the radio's work between them; until then a device need not say who it is.
const LONGEST_PAIRING: Duration = Duration::from_secs(240);
/// After that the usual time begins anew.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(60);
/// A device whose bond was forgotten must be heard again within this time to be paired anew.
const HEARD_AGAIN_WITHIN: Duration = Duration::from_secs(60);

/// What is shown of a device whose bond is gone (the session's own code for it).
const NEEDED: &str = "PAIRING-NEEDED";

type Reply = oneshot::Sender<Result<(), RequestError>>;

/// Pairings wanted and under way, the questions open, the bonds known.
#[derive(Default)]
pub(crate) struct Pairings {
    asked: BTreeMap<PromptId, (PairingPrompt, WallTime)>,
    under_way: BTreeMap<PeripheralId, UnderWay>,
    /// Offered without a person's asking, and why it failed; not again until the device was paired or forgotten.
    offered: BTreeMap<PeripheralId, Option<&'static str>>,
    bonds: BTreeMap<PeripheralId, Bond>,
}

#[derive(Default)]
struct UnderWay {
    stage: Stage,
    replies: Vec<Reply>,
    /// The connect that each session would like to make, until the pairing is over.
    held: BTreeMap<SessionKey, Action>,
}

/// How far a pairing is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// Begins once the radio has answered what it was asked about the device before.
    #[default]
    Wanted,
    /// The same, and the bond that is kept is forgotten first.
    WantedAnew,
    /// The radio forgets the bond, and with it the system the device.
    Forgetting,
    /// Nothing of the device is known to the system until it is heard again.
    Unheard { until: BootTime },
    /// The radio pairs.
    Pairing,
}

impl Pairings {
    /// Whether a device has to be heard before it can be paired anew.
    pub(crate) fn wants_advertisements(&self) -> bool {
        self.under_way.values().any(|pairing| matches!(pairing.stage, Stage::Unheard { .. }))
    }

    /// What is known of a device's bond.
    pub(crate) fn bond(&self, peripheral: &PeripheralId) -> Option<Bond> {
        self.bonds.get(peripheral).copied()
    }
}

impl Console {
    /// A person pairs a device.
    pub(crate) fn pair(&mut self, peripheral: PeripheralId, reply: Reply) {
        if !self.knows(&peripheral) {
            let _ = reply.send(Err(RequestError::NoSuchDevice));
            return;
        }
        self.pairings.under_way.entry(peripheral).or_default().replies.push(reply);
    }

    /// A person replaces a bond that only one end keeps: it is forgotten, and the device paired when it is heard again.
    pub(crate) fn pair_anew(&mut self, peripheral: PeripheralId, reply: Reply) {
        if !self.knows(&peripheral) {
            let _ = reply.send(Err(RequestError::NoSuchDevice));
            return;
        }
        let now = self.now();
        for key in self.devices.keys_of(&peripheral) {
            self.devices.allow_longer(key, LONGEST_PAIRING, now);
        }
        let pairing = self.pairings.under_way.entry(peripheral).or_default();
        if !matches!(pairing.stage, Stage::Wanted | Stage::WantedAnew) {
            let _ = reply.send(Err(RequestError::Busy));
            return;
        }
        pairing.stage = Stage::WantedAnew;
        pairing.replies.push(reply);
    }

    /// Heard lately, with a session, or with one earlier in this run: nothing else is anybody's to pair or to forget.
    fn knows(&self, peripheral: &PeripheralId) -> bool {
        self.devices.heard.contains_key(peripheral)
            || self.devices.by_peripheral(peripheral).is_some()
            || self.pairings.bonds.contains_key(peripheral)
    }

    /// A device asked to be paired, in the midst of its session: a person is asked, once.
    pub(crate) fn offer_pairing(&mut self, key: SessionKey) {
        let Some(peripheral) = self.devices.tracked.get(&key).map(|tracked| tracked.peripheral.clone()) else { return };
        match self.pairings.offered.get(&peripheral) {
            None => {
                self.pairings.offered.insert(peripheral.clone(), None);
                self.pairings.under_way.entry(peripheral).or_default();
                self.devices.allow_longer(key, LONGEST_PAIRING, self.now());
            }
            // Why it is not paired says more than that it is not.
            Some(Some(code)) => self.devices.note_fault(key, code),
            Some(None) => {}
        }
    }

    /// Starts what is wanted, once the radio has answered what it was asked about the device before.
    pub(crate) fn start_pairings(&mut self) {
        let ready: Vec<(PeripheralId, Stage)> = self
            .pairings
            .under_way
            .iter()
            .filter(|(peripheral, _)| !self.devices.is_busy(peripheral))
            .filter_map(|(peripheral, pairing)| {
                let next = match pairing.stage {
                    Stage::Wanted => Stage::Pairing,
                    Stage::WantedAnew => Stage::Forgetting,
                    Stage::Unheard { .. } if self.devices.heard.contains_key(peripheral) => Stage::Pairing,
                    Stage::Unheard { .. } | Stage::Forgetting | Stage::Pairing => return None,
                };
                Some((peripheral.clone(), next))
            })
            .collect();
        for (peripheral, next) in ready {
            if let Some(pairing) = self.pairings.under_way.get_mut(&peripheral) {
                pairing.stage = next;
            }
            let radio = self.ports.radio.clone();
            self.start_work(async move {
                if next == Stage::Forgetting {
                    let result = radio.forget(&peripheral).await;
                    return Done::Forgotten(peripheral, result);
                }
                let result = radio.pair(&peripheral).await;
                Done::Paired(peripheral, result)
            });
        }
    }

    /// The radio forgot a bond that is to be made anew. Only what is heard from now on shows that the device is there.
    pub(crate) fn forgotten(&mut self, peripheral: PeripheralId, result: Result<(), RadioFault>) {
        let now = self.now();
        if let Err(fault) = result {
            return self.paired(peripheral, Err(fault));
        }
        self.note_about(AuditAction::DeviceForgotten, &peripheral, AuditOutcome::Success);
        self.pairings.offered.remove(&peripheral);
        self.devices.heard.remove(&peripheral);
        for key in self.devices.keys_of(&peripheral) {
            self.devices.note_fault(key, NEEDED);
        }
        if let Some(pairing) = self.pairings.under_way.get_mut(&peripheral) {
            pairing.stage = Stage::Unheard { until: now.boot.plus(HEARD_AGAIN_WITHIN) };
        }
        self.keep_listening(now);
        self.ask_bond(peripheral);
    }

    /// Ends the pairings of devices that were not heard again.
    pub(crate) fn end_unheard_pairings(&mut self, now: Now) {
        let overdue = |pairing: &UnderWay| matches!(pairing.stage, Stage::Unheard { until } if now.boot >= until);
        let all = self.pairings.under_way.iter().filter(|(_, pairing)| overdue(pairing));
        let unheard: Vec<PeripheralId> = all.map(|(peripheral, _)| peripheral.clone()).collect();
        for peripheral in unheard {
            self.paired(peripheral, Err(RadioFault::OutOfReach));
        }
    }

    /// A link must neither be made nor ended under a pairing. Gives an action back that may be carried out now.
    pub(crate) fn hold_for_pairing(&mut self, key: SessionKey, action: Action) -> Option<Action> {
        let peripheral = self.devices.tracked.get(&key).map(|tracked| tracked.peripheral.clone())?;
        let Some(pairing) = self.pairings.under_way.get_mut(&peripheral) else { return Some(action) };
        match action {
            Action::Connect(_) => {
                // In the place of one before, which the session no longer waits for.
                pairing.held.insert(key, action);
                None
            }
            Action::Disconnect(id) => {
                pairing.held.remove(&key);
                if pairing.stage != Stage::Pairing {
                    return Some(action);
                }
                self.answer_ourselves(key, id, Ok(StepAnswer::Done));
                None
            }
            other => Some(other),
        }
    }

    /// The radio is done with a pairing.
    pub(crate) fn paired(&mut self, peripheral: PeripheralId, result: Result<(), RadioFault>) {
        let now = self.now();
        let UnderWay { replies, held, .. } = self.pairings.under_way.remove(&peripheral).unwrap_or_default();
        let keys = self.devices.keys_of(&peripheral);
        // A session whose link ended meanwhile tries again by itself, and has forgotten what was held for it.
        let idle: BTreeSet<SessionKey> = keys.iter().filter(|key| self.devices.is_idle(**key)).copied().collect();
        for key in &keys {
            self.devices.allow_longer(*key, IDENTIFY_WITHIN, now);
        }
        match &result {
            Ok(()) => {
                tracing::info!(code = "PAIRED", "a device was paired");
                self.note_about(AuditAction::DevicePaired, &peripheral, AuditOutcome::Success);
                self.pairings.offered.remove(&peripheral);
                for key in &keys {
                    self.devices.feed(*key, now, Input::Bonded);
                }
            }
            Err(fault) => {
                tracing::warn!(code = "PAIRING", %fault, "a device was not paired");
                // What a person asked for is noted where it is answered.
                if replies.is_empty() {
                    self.note_about(AuditAction::DevicePaired, &peripheral, AuditOutcome::Failed);
                }
                if let RadioFault::Pairing(fault) = fault {
                    self.pairings.offered.insert(peripheral.clone(), Some(fault.code()));
                    for key in &keys {
                        self.devices.note_fault(*key, fault.code());
                    }
                }
            }
        }
        for reply in replies {
            let _ = reply.send(result.clone().map_err(RequestError::Radio));
        }
        for (key, action) in held.into_iter().filter(|(key, _)| !idle.contains(key)) {
            self.carry_out(key, action);
        }
        if keys.is_empty() || result.is_err() && idle.len() == keys.len() {
            // Pairing makes a link; nobody wants it.
            let (radio, peripheral) = (self.ports.radio.clone(), peripheral.clone());
            self.start_work(async move {
                let _ = radio.disconnect(&peripheral).await;
                Done::Nothing
            });
        }
        self.ask_bond(peripheral);
        self.changed = true;
    }

    /// A person lets the system forget a device's bond.
    pub(crate) fn forget(&mut self, peripheral: PeripheralId, reply: Reply) {
        if !self.knows(&peripheral) {
            let _ = reply.send(Err(RequestError::NoSuchDevice));
            return;
        }
        self.pairings.offered.remove(&peripheral);
        let radio = self.ports.radio.clone();
        self.start_work(async move {
            let result = radio.forget(&peripheral).await;
            let bond = radio.bond(&peripheral).await;
            Done::Then(Box::new(move |console: &mut Self| {
                if result.is_ok() {
                    console.note_about(AuditAction::DeviceForgotten, &peripheral, AuditOutcome::Success);
                }
                let _ = reply.send(result.map_err(RequestError::Radio));
                console.bond_answered(peripheral, bond);
            }))
        });
    }

    /// An entry about a device in reach, which may not have said yet which it is.
    fn note_about(&mut self, action: AuditAction, peripheral: &PeripheralId, outcome: AuditOutcome) {
        let tracked = self.devices.by_peripheral(peripheral);
        let device = tracked.and_then(|tracked| tracked.device.as_ref()).map(|device| device.id);
        let reason = device.is_none().then(|| peripheral.short());
        let entry = AuditEntry { outcome, reason, ..self.entry(action, None, device) };
        self.note(entry);
    }

    /// A person answers a question.
    pub(crate) fn answer_pairing(&mut self, prompt: PromptId, answer: PairingAnswer, reply: Reply) {
        let radio = self.ports.radio.clone();
        self.start_work(async move {
            let result = radio.answer_pairing(prompt, answer).await;
            let _ = reply.send(result.map_err(RequestError::Radio));
            Done::Nothing
        });
    }

    /// The radio asks a person something.
    pub(crate) fn pairing_asked(&mut self, prompt: PairingPrompt, now: Now) {
        let millis = i64::try_from(prompt.answer_within.as_millis()).unwrap_or(i64::MAX);
        self.pairings.asked.insert(prompt.id, (prompt, now.wall.plus_millis(millis)));
        self.changed = true;
        self.asked = true;
    }

    /// A question is over.
    pub(crate) fn pairing_question_over(&mut self, prompt: PromptId) {
        self.pairings.asked.remove(&prompt);
        self.changed = true;
        self.asked = true;
    }

    /// Asks whether the system keeps a bond.
    pub(crate) fn ask_bond(&mut self, peripheral: PeripheralId) {
        let radio = self.ports.radio.clone();
        self.start_work(async move {
            let bond = radio.bond(&peripheral).await;
            Done::Bond(peripheral, bond)
        });
    }

    pub(crate) fn bond_answered(&mut self, peripheral: PeripheralId, bond: Result<Bond, RadioFault>) {
        match bond {
            Ok(bond) => drop(self.pairings.bonds.insert(peripheral, bond)),
            // What is not known is not shown.
            Err(_) => drop(self.pairings.bonds.remove(&peripheral)),
        }
        self.changed = true;
    }

    /// The open questions, for the screen; without a bed where no people may be seen.
    pub(crate) fn pairing_questions(&self, people: bool) -> Vec<PairingAsked> {
        let asked = self.pairings.asked.values().map(|(prompt, until)| {
            let heard = self.devices.heard.get(&prompt.peripheral);
            let tracked = self.devices.by_peripheral(&prompt.peripheral);
            let name = tracked.map(|tracked| tracked.name.clone()).filter(|name| !name.is_empty());
            let patient = tracked.and_then(|tracked| self.patients.get(&tracked.purpose.patient?));
            PairingAsked {
                prompt: prompt.id,
                peripheral: prompt.peripheral.clone(),
                name: name.or_else(|| heard.and_then(|heard| heard.advertisement.name.clone())),
                kind: tracked.map(|t| t.kind).or(heard.map(|h| h.kind)).unwrap_or(DeviceKind::Unknown),
                short_address: prompt.peripheral.short(),
                bed: patient.filter(|_| people).and_then(|patient| patient.bed.clone()),
                question: prompt.question,
                until: *until,
            }
        });
        asked.collect()
    }
}
