//! Pairing: the questions that a person sees, the answers back to the radio, and sessions that wait meanwhile.
//! Nothing is bonded by itself: a device that asks for it is offered once. Not here: how a radio pairs.
use crate::devices::SessionKey;
use crate::event_loop::{Console, Done};
use crate::ports::*;
use crate::request::RequestError;
use crate::snapshot::PairingAsked;
use bedside_session::{Action, Answer as StepAnswer, Input, Now, RadioFault};
use bedside_vitals::{DeviceKind, WallTime};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::oneshot;

/// A person's three answers and the radio's work between them; until then a device need not say who it is.
const LONGEST_PAIRING: Duration = Duration::from_secs(240);
/// After that the usual time begins anew.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(60);

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
    started: bool,
    replies: Vec<Reply>,
    /// The connect that each session would like to make, until the pairing is over.
    held: BTreeMap<SessionKey, Action>,
}

impl Pairings {
    /// What is known of a device's bond.
    pub(crate) fn bond(&self, peripheral: &PeripheralId) -> Option<Bond> {
        self.bonds.get(peripheral).copied()
    }
}

impl Console {
    /// A person pairs a device.
    pub(crate) fn pair(&mut self, peripheral: PeripheralId, reply: Reply) {
        let known = self.devices.heard.contains_key(&peripheral) || self.devices.by_peripheral(&peripheral).is_some();
        if !known {
            let _ = reply.send(Err(RequestError::NoSuchDevice));
            return;
        }
        self.pairings.under_way.entry(peripheral).or_default().replies.push(reply);
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
        let waiting = self.pairings.under_way.iter().filter(|(_, pairing)| !pairing.started);
        let ready: Vec<PeripheralId> =
            waiting.map(|(peripheral, _)| peripheral.clone()).filter(|p| !self.devices.is_busy(p)).collect();
        for peripheral in ready {
            if let Some(pairing) = self.pairings.under_way.get_mut(&peripheral) {
                pairing.started = true;
            }
            let radio = self.ports.radio.clone();
            self.start_work(async move {
                let result = radio.pair(&peripheral).await;
                Done::Paired(peripheral, result)
            });
        }
    }

    /// A link must neither be made nor ended under a pairing. Gives an action back that may be carried out now.
    pub(crate) fn hold_for_pairing(&mut self, key: SessionKey, action: Action) -> Option<Action> {
        let peripheral = self.devices.tracked.get(&key).map(|tracked| tracked.peripheral.clone())?;
        let Some(pairing) = self.pairings.under_way.get_mut(&peripheral) else { return Some(action) };
        match action {
            Action::Connect(_) => {
                if let Some(Action::Connect(stale)) = pairing.held.insert(key, action) {
                    // The session waits for a later one; its answer only keeps the books right.
                    self.answer_ourselves(key, stale, Err(RadioFault::OutOfReach));
                }
                None
            }
            Action::Disconnect(id) if pairing.started => {
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
        for key in &keys {
            self.devices.allow_longer(*key, IDENTIFY_WITHIN, now);
        }
        match &result {
            Ok(()) => {
                tracing::info!(code = "PAIRED", "a device was paired");
                self.pairings.offered.remove(&peripheral);
                for key in &keys {
                    self.devices.feed(*key, now, Input::Bonded);
                }
            }
            Err(fault) => {
                tracing::warn!(code = "PAIRING", %fault, "a device was not paired");
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
        for (key, action) in held {
            self.carry_out(key, action);
        }
        if keys.is_empty() {
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
        self.pairings.offered.remove(&peripheral);
        let radio = self.ports.radio.clone();
        self.start_work(async move {
            let result = radio.forget(&peripheral).await;
            let _ = reply.send(result.map_err(RequestError::Radio));
            let bond = radio.bond(&peripheral).await;
            Done::Bond(peripheral, bond)
        });
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

    /// The open questions, for the screen.
    pub(crate) fn pairing_questions(&self) -> Vec<PairingAsked> {
        let asked = self.pairings.asked.values().map(|(prompt, until)| {
            let heard = self.devices.heard.get(&prompt.peripheral);
            let tracked = self.devices.by_peripheral(&prompt.peripheral);
            let name = tracked.map(|tracked| tracked.name.clone()).filter(|name| !name.is_empty());
            PairingAsked {
                prompt: prompt.id,
                peripheral: prompt.peripheral.clone(),
                name: name.or_else(|| heard.and_then(|heard| heard.advertisement.name.clone())),
                kind: tracked.map(|t| t.kind).or(heard.map(|h| h.kind)).unwrap_or(DeviceKind::Unknown),
                question: prompt.question,
                until: *until,
            }
        });
        asked.collect()
    }
}
