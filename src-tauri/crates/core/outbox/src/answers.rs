//! What an answer, or the lack of one, makes of the rows of a request. Source of the classes: FHIR R4 http, section on
//! batch and transaction responses, and RFC 9110 for the statuses.
//! Not here: which rows go next.
use crate::backoff::{spread, wait_ms};
use crate::exchange::{EntryAnswer, Pause, PauseReason, TryKind, TryResult};
use crate::outbox::{InFlight, Outbox};
use crate::row::{Outcome, RowId, RowState, RowUpdate};
use crate::verdict::{EntryVerdict, WholeVerdict, of_entry, of_whole};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use core::time::Duration;
use uuid::Uuid;

/// A record on which the server failed so often in a row, while it answered, needs a person.
const MOST_ENTRY_FAILURES: u32 = 10;
/// So many single rows refused as whole requests, with no batch answered between: it is not the rows.
const MOST_LONE_REFUSALS: u32 = 3;
/// After so many questions without a usable answer the rows are simply sent again: they have ids, so no copy appears.
const MOST_LOST_QUESTIONS: u32 = 3;

impl Outbox {
    /// Takes the result of the request under way; `random` spreads the next try. Returns what changed, to be stored; each
    /// of its rows is among them. Without a request under way nothing happens.
    pub fn handle(&mut self, now: WallTime, random: u64, result: TryResult) -> Vec<RowUpdate> {
        let Some(InFlight { rows, kind }) = self.in_flight.take() else { return Vec::new() };
        match (kind, result) {
            (TryKind::Send, TryResult::Entries(answers)) if answers.len() == rows.len() => {
                self.take_answers(now, random, &rows, answers)
            }
            (TryKind::AskWhichArrived, TryResult::Arrived(ids)) => self.take_arrivals(now, &rows, &ids),
            (_, TryResult::Entries(_) | TryResult::Arrived(_)) => {
                let text = "the answer does not fit the request".to_owned();
                self.lost(now, random, kind, &rows, text)
            }
            (_, TryResult::NothingSent(text)) => {
                self.back_off(now, random, None, &rows, Outcome { status: 0, text, at: now })
            }
            (_, TryResult::NoWholeAnswer(text) | TryResult::NotFhir(text)) => self.lost(now, random, kind, &rows, text),
            (_, TryResult::Unsendable(row, text)) => self.set_aside(now, &rows, row, text),
            (_, TryResult::Status { status, retry_after, too_large, text }) => {
                let outcome = Outcome { status, text, at: now };
                self.take_status(random, kind, &rows, of_whole(status, too_large), retry_after, outcome)
            }
        }
    }

    /// Answers to each entry: each stands for itself.
    fn take_answers(
        &mut self,
        now: WallTime,
        random: u64,
        rows: &[RowId],
        answers: Vec<EntryAnswer>,
    ) -> Vec<RowUpdate> {
        let verdicts: Vec<EntryVerdict> = answers.iter().map(|answer| of_entry(answer.status)).collect();
        let any = |wanted| verdicts.contains(&wanted);
        let settled = any(EntryVerdict::Accepted) || any(EntryVerdict::Refused) || any(EntryVerdict::Conflict);
        self.lone_refusals = 0;
        self.last_fault = None;
        if any(EntryVerdict::Accepted) {
            self.last_success = Some(now);
        }
        if settled {
            self.backoff.reset();
            self.size.grow();
        } else if any(EntryVerdict::Busy) || any(EntryVerdict::Failed) {
            self.backoff.fail(now, random, None);
        }
        let mut updates = Vec::new();
        for (index, ((id, answer), verdict)) in rows.iter().zip(answers).zip(&verdicts).enumerate() {
            let outcome = Outcome { status: answer.status, text: shortened(answer.text), at: now };
            let random = spread(random, index as u64);
            updates.extend(self.take_answer(random, *id, *verdict, outcome, any(EntryVerdict::Accepted)));
        }
        updates
    }

    fn take_answer(
        &mut self,
        random: u64,
        id: RowId,
        verdict: EntryVerdict,
        outcome: Outcome,
        others_pass: bool,
    ) -> Vec<RowUpdate> {
        let now = outcome.at;
        match verdict {
            EntryVerdict::Accepted => self.settle(id, RowState::Accepted, outcome),
            EntryVerdict::Refused => self.settle(id, RowState::Refused, outcome),
            EntryVerdict::Conflict => {
                self.window.doubt(id);
                let text = joined("conflict: the server holds another version", &outcome.text);
                self.settle(id, RowState::Refused, Outcome { text, ..outcome })
            }
            // The server lets us write, only not this: the record waits for a person, the others go on.
            EntryVerdict::Permission if others_pass => {
                let text = joined("not permitted", &outcome.text);
                self.settle(id, RowState::Refused, Outcome { text, ..outcome })
            }
            EntryVerdict::Permission => {
                self.pause_for(PauseReason::Permission, &outcome);
                self.put_back(id, None, Some(outcome))
            }
            EntryVerdict::Token => {
                self.pause_for(PauseReason::Token, &outcome);
                self.put_back(id, None, Some(outcome))
            }
            EntryVerdict::Busy => self.put_back(id, Some(now.plus_millis(wait_ms(1, random, None))), Some(outcome)),
            EntryVerdict::Failed => {
                self.window.doubt(id);
                let failures = self.window.entry_mut(id).map_or(0, |entry| {
                    entry.failures = entry.failures.saturating_add(1);
                    entry.failures
                });
                if failures >= MOST_ENTRY_FAILURES {
                    let text = joined("the server fails on this record again and again", &outcome.text);
                    return self.settle(id, RowState::Refused, Outcome { text, ..outcome });
                }
                self.put_back(id, Some(now.plus_millis(wait_ms(failures, random, None))), Some(outcome))
            }
        }
    }

    /// The server told which resources it has as they were sent. The rest goes out again at once.
    fn take_arrivals(&mut self, now: WallTime, rows: &[RowId], arrived: &[Uuid]) -> Vec<RowUpdate> {
        self.lost_questions = 0;
        self.last_fault = None;
        self.backoff.reset();
        let mut updates = Vec::new();
        for id in rows {
            self.window.set_uncertain(*id, false);
            let Some(entry) = self.window.entry(*id) else { continue };
            if arrived.contains(&entry.row.resource_id) {
                self.last_success = Some(now);
                let text = "found on the server after an answer was lost".to_owned();
                updates.extend(self.settle(*id, RowState::Accepted, Outcome { status: 200, text, at: now }));
            } else {
                updates.extend(self.put_back(*id, None, None));
            }
        }
        updates
    }

    fn take_status(
        &mut self,
        random: u64,
        kind: TryKind,
        rows: &[RowId],
        verdict: WholeVerdict,
        retry_after: Option<Duration>,
        outcome: Outcome,
    ) -> Vec<RowUpdate> {
        let now = outcome.at;
        let asking = kind == TryKind::AskWhichArrived;
        self.last_fault = Some(outcome.clone());
        match verdict {
            WholeVerdict::Token => self.pause_all(PauseReason::Token, rows, outcome),
            WholeVerdict::Permission => self.pause_all(PauseReason::Permission, rows, outcome),
            WholeVerdict::Busy => self.back_off(now, random, retry_after, rows, outcome),
            WholeVerdict::Failed => {
                self.doubt(rows, kind);
                self.back_off(now, random, retry_after, rows, outcome)
            }
            WholeVerdict::NotFhir => self.lost(now, random, kind, rows, outcome.text),
            // A server that cannot search is sent the rows again: they have ids, so no copy appears.
            WholeVerdict::Address | WholeVerdict::TooLarge | WholeVerdict::Refused if asking => {
                self.believe_nothing(rows);
                self.put_all_back(rows, None, &outcome)
            }
            WholeVerdict::Address => self.pause_all(PauseReason::Address, rows, outcome),
            WholeVerdict::TooLarge if rows.len() > 1 => {
                self.size.lower_largest(rows.len());
                self.put_all_back(rows, None, &outcome)
            }
            // Half of the rows next time, until the one that is refused stands alone.
            WholeVerdict::Refused if rows.len() > 1 => {
                self.size.shrink(rows.len());
                self.put_all_back(rows, None, &outcome)
            }
            WholeVerdict::TooLarge => self.settle_all(rows, RowState::Refused, &outcome),
            WholeVerdict::Refused => {
                self.lone_refusals = self.lone_refusals.saturating_add(1);
                if self.lone_refusals >= MOST_LONE_REFUSALS {
                    return self.pause_all(PauseReason::Address, rows, outcome);
                }
                self.size.grow();
                self.settle_all(rows, RowState::Refused, &outcome)
            }
        }
    }

    /// Nothing is known of what the request did.
    fn lost(&mut self, now: WallTime, random: u64, kind: TryKind, rows: &[RowId], text: String) -> Vec<RowUpdate> {
        self.doubt(rows, kind);
        if kind == TryKind::Send {
            // Perhaps it took too long.
            self.size.shrink(rows.len());
        } else {
            self.lost_questions = self.lost_questions.saturating_add(1);
            if self.lost_questions >= MOST_LOST_QUESTIONS {
                self.lost_questions = 0;
                self.believe_nothing(rows);
            }
        }
        self.back_off(now, random, None, rows, Outcome { status: 0, text, at: now })
    }

    fn back_off(
        &mut self,
        now: WallTime,
        random: u64,
        retry_after: Option<Duration>,
        rows: &[RowId],
        outcome: Outcome,
    ) -> Vec<RowUpdate> {
        let until = self.backoff.fail(now, random, retry_after);
        self.last_fault = Some(outcome.clone());
        self.put_all_back(rows, Some(until), &outcome)
    }

    fn set_aside(&mut self, now: WallTime, rows: &[RowId], bad: RowId, text: String) -> Vec<RowUpdate> {
        let mut updates = Vec::new();
        for id in rows {
            if *id == bad {
                let outcome = Outcome { status: 0, text: shortened(text.clone()), at: now };
                updates.extend(self.settle(*id, RowState::Refused, outcome));
            } else {
                updates.extend(self.put_back(*id, None, None));
            }
        }
        updates
    }

    fn pause_all(&mut self, reason: PauseReason, rows: &[RowId], outcome: Outcome) -> Vec<RowUpdate> {
        self.pause_for(reason, &outcome);
        self.put_all_back(rows, None, &outcome)
    }

    fn pause_for(&mut self, reason: PauseReason, outcome: &Outcome) {
        self.last_fault = Some(outcome.clone());
        self.pause = Some(Pause { reason, since: outcome.at, text: outcome.text.clone() });
    }

    /// The rows of a batch may be on the server.
    fn doubt(&mut self, rows: &[RowId], kind: TryKind) {
        if kind == TryKind::Send {
            for id in rows {
                self.window.set_uncertain(*id, true);
                self.window.doubt(*id);
            }
        }
    }

    /// The rows are sent again without asking. That the server may have them stays true.
    fn believe_nothing(&mut self, rows: &[RowId]) {
        rows.iter().for_each(|id| self.window.set_uncertain(*id, false));
    }

    fn put_all_back(&mut self, rows: &[RowId], until: Option<WallTime>, outcome: &Outcome) -> Vec<RowUpdate> {
        rows.iter().flat_map(|id| self.put_back(*id, until, Some(outcome.clone()))).collect()
    }

    fn settle_all(&mut self, rows: &[RowId], state: RowState, outcome: &Outcome) -> Vec<RowUpdate> {
        rows.iter().flat_map(|id| self.settle(*id, state, outcome.clone())).collect()
    }

    /// Back to waiting; held at once if something it depends on was refused meanwhile.
    fn put_back(&mut self, id: RowId, until: Option<WallTime>, outcome: Option<Outcome>) -> Vec<RowUpdate> {
        // Only what was on its way when a person corrected it comes here with a later version behind it.
        if self.window.is_superseded(id) {
            let created = self.window.entry(id).map_or(WallTime(0), |entry| entry.row.created);
            let at = outcome.map_or(created, |outcome| outcome.at);
            return self.window.withdraw(id, at).into_iter().collect();
        }
        let blocked = self.window.entry(id).is_some_and(|entry| self.window.is_blocked(entry));
        let (state, until) = if blocked { (RowState::Held, None) } else { (RowState::Waiting, until) };
        self.window.set(id, state, until, outcome).into_iter().collect()
    }

    /// An answer for good, and what follows from it for those that depend on the row.
    fn settle(&mut self, id: RowId, state: RowState, outcome: Outcome) -> Vec<RowUpdate> {
        self.window.set_uncertain(id, false);
        // Tried again, it would overtake the version that follows it.
        if state == RowState::Refused && self.window.is_superseded(id) {
            return self.window.withdraw(id, outcome.at).into_iter().collect();
        }
        let mut updates: Vec<RowUpdate> = self.window.set(id, state, None, Some(outcome)).into_iter().collect();
        if state == RowState::Refused {
            updates.extend(self.window.hold_dependants(id));
        }
        updates
    }
}

const MOST_CHARACTERS: usize = 500;

fn shortened(text: String) -> String {
    if text.chars().count() <= MOST_CHARACTERS { text } else { text.chars().take(MOST_CHARACTERS).collect() }
}

fn joined(first: &str, then: &str) -> String {
    shortened(if then.is_empty() { first.to_owned() } else { format!("{first}: {then}") })
}
