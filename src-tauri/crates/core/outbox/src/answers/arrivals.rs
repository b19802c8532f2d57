//! Asking which records a server has: those whose answer was lost, and those that another console may have sent.
//! Not here: all other answers (`answers`), and what is asked for next (`outbox`).
use crate::backoff::spread;
use crate::exchange::Found;
use crate::outbox::Outbox;
use crate::row::{Outcome, RowId, RowState, RowUpdate, ServerCopy};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;

/// So long a question rests that was lost again and again, behind the back-off of all.
const QUESTION_RESTS_MS: i64 = 60_000;

impl Outbox {
    /// The server told which resources it has, and how often. The rest goes out again.
    ///
    /// That a question was answered ends no back-off: a request that the server breaks off every time is not tried the more
    /// often for it.
    pub(super) fn take_arrivals(
        &mut self,
        now: WallTime,
        random: u64,
        rows: &[RowId],
        found: Vec<Found>,
    ) -> Vec<RowUpdate> {
        self.lost_questions = 0;
        self.last_fault = None;
        let mut updates = Vec::new();
        for (index, id) in rows.iter().enumerate() {
            let was_sent = self.window.is_uncertain(*id);
            self.window.set_uncertain(*id, false);
            let random = spread(random, index as u64);
            let Some(entry) = self.window.entry_mut(*id) else { continue };
            entry.unasked = false;
            let (taken, clash, doubted) = (entry.taken.take(), entry.clash.take(), entry.doubted);
            let resource = entry.row.resource_id;
            match found.iter().find(|found| found.resource_id == resource) {
                Some(found) if found.copies > 1 => {
                    self.window.doubt(*id);
                    let text = format!("conflict: the server has {} records with this identifier", found.copies);
                    updates.extend(self.settle(*id, RowState::Refused, Outcome { status: 412, text, at: now }));
                }
                Some(found) if found.is_another => {
                    self.window.doubt(*id);
                    let text = "conflict: the server has somebody else under this record number".to_owned();
                    updates.extend(self.settle(*id, RowState::Refused, Outcome { status: 412, text, at: now }));
                }
                Some(found) => {
                    self.it_works();
                    self.last_success = Some(now);
                    let text = if doubted {
                        "found on the server after an answer was lost"
                    } else {
                        "the server had it before it was sent from here"
                    }
                    .to_owned();
                    let (outcome, server) = taken.unwrap_or((Outcome { status: 200, text, at: now }, None));
                    updates.extend(self.accept(*id, outcome, found.server.clone().or(server)));
                }
                None if taken.is_some() => {
                    let outcome = Outcome { status: 0, text: String::new(), at: now };
                    let says = "the server says that it took this record and does not show it";
                    updates.extend(self.fail(random, *id, true, says, outcome));
                }
                None if clash.is_some() => {
                    updates.extend(clash.map(|clash| self.conflict(*id, clash)).unwrap_or_default())
                }
                None if was_sent => updates.extend(self.send_again(now, random, *id, true, None)),
                // In the store it waits, as it did before it was asked for.
                None => updates.extend(
                    self.put_back(*id, None, None).into_iter().filter(|update| update.state != RowState::Waiting),
                ),
            }
        }
        updates
    }

    /// It is not there, or nobody can tell (then the server does not answer): it goes out again, and one that a request broke
    /// off with when it was alone waits for longer each time.
    fn send_again(
        &mut self,
        now: WallTime,
        random: u64,
        id: RowId,
        it_answers: bool,
        last: Option<Outcome>,
    ) -> Vec<RowUpdate> {
        if !self.window.entry(id).is_some_and(|entry| entry.alone) {
            return self.put_back(id, None, last);
        }
        let before = || self.window.entry(id).and_then(|entry| entry.row.outcome.clone());
        let outcome = last.or_else(before).unwrap_or(Outcome { status: 0, text: String::new(), at: now });
        let its_own = self.fails_by_itself(id, it_answers);
        self.fail(random, id, its_own, "every request with this record comes to no end", Outcome { at: now, ..outcome })
    }

    /// The server cannot be asked. Where that is so for the time being (`until`), what it said that it took is asked for
    /// later, and all else is sent again without asking: it has ids or identifiers, so no copy appears. Where it answers no
    /// questions at all, its word that it took one counts when that went alone. That the server may have them stays true.
    pub(super) fn believe_answers(
        &mut self,
        random: u64,
        rows: &[RowId],
        until: Option<WallTime>,
        outcome: &Outcome,
    ) -> Vec<RowUpdate> {
        let now = outcome.at;
        let mut updates = Vec::new();
        for (index, id) in rows.iter().enumerate() {
            self.window.set_uncertain(*id, false);
            let random = spread(random, index as u64);
            let Some(entry) = self.window.entry_mut(*id) else { continue };
            entry.unasked = false;
            let (taken, clash) = (entry.taken.take(), entry.clash.take());
            let (is_person, alone) = (entry.row.resource_type == "Patient", entry.alone);
            updates.extend(match (taken, clash) {
                // It has it, and can be asked later, when others had their turn.
                (Some(taken), clash) if until.is_some() => {
                    entry.taken = Some(taken);
                    entry.clash = clash;
                    self.window.set_uncertain(*id, true);
                    let later = until.map(|until| until.plus_millis(QUESTION_RESTS_MS));
                    self.put_back(*id, later, Some(outcome.clone()))
                }
                // Whom the server had already under this record number was not seen: it may be somebody else.
                (Some((told, _)), _) if is_person && told.status != 201 => {
                    let says = "the server has a patient with this record number, and does not show whom";
                    self.fail(random, *id, true, says, outcome.clone())
                }
                // The answer to a request with one entry is surely about that one; of several it may be another's.
                (Some((told, server)), _) if alone => self.accept(*id, told, server),
                (Some(_), _) => self.alone(*id, Some(outcome.clone())),
                (None, Some(clash)) => self.conflict(*id, clash),
                (None, None) if alone => self.send_again(now, random, *id, false, Some(outcome.clone())),
                (None, None) => self.put_back(*id, until, Some(outcome.clone())),
            });
        }
        updates
    }

    /// The server took it, and whether it has it once is still to be asked: two that arrive at the same moment may both be
    /// created.
    pub(super) fn look_back(
        &mut self,
        id: RowId,
        outcome: Outcome,
        server: Option<ServerCopy>,
        by_place: bool,
    ) -> Vec<RowUpdate> {
        self.window.set_uncertain(id, true);
        self.window.doubt(id);
        if let Some(entry) = self.window.entry_mut(id) {
            entry.alone |= !by_place;
            entry.taken = Some((outcome.clone(), server));
        }
        // Also with a later version behind it: the server has it.
        self.window.set(id, RowState::Waiting, None, Some(outcome)).into_iter().collect()
    }
}
