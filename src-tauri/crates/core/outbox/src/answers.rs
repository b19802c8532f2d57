//! What an answer, or the lack of one, makes of the rows of a request. Source of the classes: FHIR R4 http, section on
//! batch and transaction responses, and RFC 9110 for the statuses.
//! Not here: which rows go next, and what the server says that it has (`arrivals`).
mod arrivals;

use crate::backoff::{spread, wait_ms};
use crate::exchange::{EntryAnswer, Naming, Pause, PauseReason, TryKind, TryResult};
use crate::outbox::{InFlight, Outbox};
use crate::row::{AuthorId, Fact, Lane, Outcome, RowId, RowState, RowUpdate, ServerCopy};
use crate::verdict::{EntryVerdict, WholeVerdict, of_entry, of_whole};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::WallTime;
use core::time::Duration;

/// A record on which the server failed so often in a row, while it did others, needs a person.
const MOST_ENTRY_FAILURES: u32 = 10;
/// On so many records the server may fail with nothing settled between, and it may be the records. With more it is the server.
const MOST_FAILING: usize = 2;
/// So many single rows refused as whole requests, with no batch answered between: it is not the rows.
const MOST_LONE_REFUSALS: u32 = 3;
/// After so many questions without a usable answer the rows are simply sent again: they have ids, so no copy appears.
const MOST_LOST_QUESTIONS: u32 = 3;
/// So long entries of the audit log rest after an answer that nobody expects, and disturb nothing.
const AUDIT_RESTS_MS: i64 = 15 * 60_000;

impl Outbox {
    /// Takes the result of the request under way; `random` spreads the next try. Returns what changed, to be stored. Without a request under way nothing happens.
    pub fn handle(&mut self, now: WallTime, random: u64, result: TryResult) -> Vec<RowUpdate> {
        let Some(request) = self.in_flight.take() else { return Vec::new() };
        self.wake.set(None);
        let (kind, rows) = (request.kind, &request.rows);
        match (kind, result) {
            (TryKind::Send, TryResult::Entries(answers)) if answers.len() == rows.len() => {
                self.take_answers(now, random, &request, answers)
            }
            (TryKind::AskWhichArrived, TryResult::Arrived(found)) => self.take_arrivals(now, random, rows, found),
            (_, TryResult::Entries(_) | TryResult::Arrived(_)) => {
                let text = "the answer does not fit the request".to_owned();
                self.lost(random, kind, rows, None, Outcome { status: 0, text, at: now })
            }
            (_, TryResult::NothingSent(text)) => {
                let until = self.backoff.unreached(now, random);
                let outcome = Outcome { status: 0, text, at: now };
                self.last_fault = Some(outcome.clone());
                self.put_all_back(rows, Some(until), &outcome)
            }
            (_, TryResult::NoWholeAnswer(text) | TryResult::NotFhir(text)) => {
                self.lost(random, kind, rows, None, Outcome { status: 0, text, at: now })
            }
            (_, TryResult::Unsendable(row, text)) => self.set_aside(now, rows, row, text),
            (_, TryResult::Status { status, retry_after, too_large, text }) => {
                let outcome = Outcome { status, text, at: now };
                self.take_status(random, &request, of_whole(status, too_large), retry_after, outcome)
            }
        }
    }

    /// Answers to each entry: each stands for itself.
    fn take_answers(
        &mut self,
        now: WallTime,
        random: u64,
        request: &InFlight,
        answers: Vec<EntryAnswer>,
    ) -> Vec<RowUpdate> {
        let rows = &request.rows;
        let mut verdicts: Vec<EntryVerdict> = answers.iter().map(|answer| of_entry(answer.status)).collect();
        self.learn(request, &answers, &mut verdicts);
        let any = |wanted| verdicts.contains(&wanted);
        let settled = any(EntryVerdict::Accepted) || any(EntryVerdict::Refused) || any(EntryVerdict::Conflict);
        self.lone_refusals = 0;
        self.last_fault = None;
        // One record alone, while the server took others in this run: it is about that record, unless it goes on so.
        let forbidden_alone = *verdicts == [EntryVerdict::Permission] && self.last_success.is_some();
        if any(EntryVerdict::Accepted) {
            self.last_success = Some(now);
            self.lone_forbidden = 0;
        }
        if forbidden_alone {
            self.lone_forbidden = self.lone_forbidden.saturating_add(1);
        }
        let forbidden_alone = forbidden_alone && self.lone_forbidden < MOST_LONE_REFUSALS;
        let others_pass = any(EntryVerdict::Accepted) || forbidden_alone;
        if settled {
            self.backoff.reset();
            self.size.answered(rows.len(), now.millis_since(request.since).max(0));
        } else if any(EntryVerdict::Busy) || any(EntryVerdict::Failed) {
            self.backoff.fail(now, random, None);
        }
        // Without ids of ours only the place tells which entry an answer is about, and not every server keeps the order.
        let by_place = request.naming == Naming::Identifier && rows.len() > 1;
        let mut updates = Vec::new();
        for (index, ((id, answer), verdict)) in rows.iter().zip(answers).zip(&verdicts).enumerate() {
            let outcome = Outcome { status: answer.status, text: shortened(answer.text), at: now };
            let random = spread(random, index as u64);
            updates.extend(match verdict {
                EntryVerdict::Accepted if request.naming == Naming::Identifier => {
                    self.look_back(*id, outcome, answer.server, by_place)
                }
                EntryVerdict::Accepted => self.accept(*id, outcome, answer.server),
                EntryVerdict::Refused if by_place => self.alone(*id, Some(outcome)),
                EntryVerdict::Permission if by_place && others_pass => self.alone(*id, Some(outcome)),
                _ => self.take_no(random, *id, *verdict, outcome, others_pass),
            });
        }
        if settled {
            self.it_works();
        }
        updates
    }

    /// What the answers tell of the server itself: that it gives ids itself, or takes no audit entries.
    fn learn(&mut self, request: &InFlight, answers: &[EntryAnswer], verdicts: &mut [EntryVerdict]) {
        let lane = |id: &RowId| self.window.entry(*id).map_or(Lane::Clinical, |entry| entry.row.lane);
        let lanes: Vec<Lane> = request.rows.iter().map(lane).collect();
        for ((answer, verdict), lane) in answers.iter().zip(verdicts.iter_mut()).zip(&lanes) {
            // A server that keeps its own log has no such thing, or lets nobody write it.
            if matches!(answer.status, 403 | 405) && *lane == Lane::Audit {
                self.server.audit_events = Some(false);
                *verdict = EntryVerdict::NotTaken;
            }
        }
        if request.naming == Naming::Identifier {
            return;
        }
        if verdicts.contains(&EntryVerdict::Accepted) {
            // A later 405 then speaks of a kind of resource, and not of ids.
            self.server.our_ids.get_or_insert(true);
        }
        let unknown = self.server.our_ids.is_none();
        for ((answer, verdict), lane) in answers.iter().zip(verdicts.iter_mut()).zip(&lanes) {
            if answer.refuses_our_id || (unknown && answer.status == 405 && *lane != Lane::Audit) {
                self.server.our_ids = Some(false);
                *verdict = EntryVerdict::OtherName;
            }
        }
    }

    fn accept(&mut self, id: RowId, outcome: Outcome, server: Option<ServerCopy>) -> Vec<RowUpdate> {
        if let Some(entry) = self.window.entry(id).filter(|entry| entry.row.lane != Lane::Audit) {
            self.done = (self.done.0.saturating_add(1), self.done.1.saturating_add(entry.row.octets as u64));
        }
        let mut updates = self.settle(id, RowState::Accepted, outcome);
        if let Some(update) = updates.iter_mut().find(|update| update.id == id) {
            update.fact = server.map(Fact::Server);
        }
        updates
    }

    /// The server takes no audit entries: these and all that wait are put away.
    fn take_no_audit(&mut self, rows: &[RowId], now: WallTime) -> Vec<RowUpdate> {
        self.server.audit_events = Some(false);
        self.last_fault = None;
        let others = self.window.ids_in(Lane::Audit);
        rows.iter().copied().chain(others).filter_map(|id| self.put_away_audit(id, now)).collect()
    }

    /// An answer to an entry that is no yes.
    fn take_no(
        &mut self,
        random: u64,
        id: RowId,
        verdict: EntryVerdict,
        outcome: Outcome,
        others_pass: bool,
    ) -> Vec<RowUpdate> {
        let now = outcome.at;
        match verdict {
            EntryVerdict::Accepted => self.accept(id, outcome, None),
            EntryVerdict::Refused => self.settle(id, RowState::Refused, outcome),
            EntryVerdict::NotTaken => self.take_no_audit(&[id], now),
            EntryVerdict::OtherName => self.put_back(id, None, None),
            EntryVerdict::Conflict => {
                self.window.doubt(id);
                self.window.set_uncertain(id, true);
                if let Some(entry) = self.window.entry_mut(id) {
                    entry.clash = Some(outcome.clone());
                }
                self.put_back(id, None, Some(outcome))
            }
            // The server lets us write, only not this: the record waits for a person, the others go on.
            EntryVerdict::Permission if others_pass => {
                let text = joined("not permitted", &outcome.text);
                self.settle(id, RowState::Refused, Outcome { text, ..outcome })
            }
            EntryVerdict::Permission => {
                let author = self.window.entry(id).and_then(|entry| entry.row.measured_by);
                self.shut_for(author, PauseReason::Permission, &outcome);
                self.put_back(id, None, Some(outcome))
            }
            EntryVerdict::Token => {
                let author = self.window.entry(id).and_then(|entry| entry.row.measured_by);
                self.shut_for(author, PauseReason::Token, &outcome);
                self.put_back(id, None, Some(outcome))
            }
            EntryVerdict::Busy => self.put_back(id, Some(now.plus_millis(wait_ms(1, random, None))), Some(outcome)),
            EntryVerdict::Failed => {
                self.window.doubt(id);
                let its_own = self.fails_by_itself(id, true);
                self.fail(random, id, its_own, "the server fails on this record again and again", outcome)
            }
        }
    }

    /// The server said of a record what becomes of it.
    fn it_works(&mut self) {
        self.settled = self.settled.saturating_add(1);
        self.failing.clear();
    }

    /// Whether it is the record on which the server failed, and not an outage: the server settled others since the last time
    /// that it failed on this one or, where it answers at all, since the first time, and it fails on hardly any other now.
    /// While it settles nothing, nothing is known of any record. Called once for each failure.
    fn fails_by_itself(&mut self, id: RowId, it_answers: bool) -> bool {
        let settled = self.settled;
        self.failing.insert(id);
        let is_one_of_few = self.failing.len() <= MOST_FAILING;
        let Some(entry) = self.window.entry_mut(id) else { return false };
        let Some((first, last)) = entry.failed_at.replace((settled, settled)) else { return false };
        entry.failed_at = Some((first, settled));
        settled > last || it_answers && is_one_of_few && settled > first
    }

    /// One more time that it did not come to an end with a record; too often by the record's own fault, and a person must look.
    fn fail(&mut self, random: u64, id: RowId, its_own: bool, says: &str, outcome: Outcome) -> Vec<RowUpdate> {
        if !its_own {
            // Later than the others: they may show that the server works.
            let from = self.backoff.until().map_or(outcome.at, |until| until.max(outcome.at));
            return self.put_back(id, Some(from.plus_millis(wait_ms(1, random, None))), Some(outcome));
        }
        let failures = self.window.entry_mut(id).map_or(0, |entry| {
            entry.failures = entry.failures.saturating_add(1);
            entry.failures
        });
        if failures >= MOST_ENTRY_FAILURES {
            let text = joined(says, &outcome.text);
            return self.settle(id, RowState::Refused, Outcome { text, ..outcome });
        }
        let until = outcome.at.plus_millis(wait_ms(failures, random, None));
        self.put_back(id, Some(until), Some(outcome))
    }

    /// The server has another version: a person decides.
    fn conflict(&mut self, id: RowId, outcome: Outcome) -> Vec<RowUpdate> {
        let text = joined("conflict: the server holds another version", &outcome.text);
        self.settle(id, RowState::Refused, Outcome { text, ..outcome })
    }

    fn take_status(
        &mut self,
        random: u64,
        request: &InFlight,
        verdict: WholeVerdict,
        retry_after: Option<Duration>,
        outcome: Outcome,
    ) -> Vec<RowUpdate> {
        let InFlight { rows, kind, measured_by: author, .. } = request;
        let (kind, author) = (*kind, *author);
        let now = outcome.at;
        let asking = kind == TryKind::AskWhichArrived;
        let is_audit = rows.iter().any(|id| self.window.entry(*id).is_some_and(|entry| entry.row.lane == Lane::Audit));
        match verdict {
            // An audit entry goes alone: what the server says of it is about its kind, and stops nothing else.
            WholeVerdict::Permission if is_audit && asking => {
                return self.believe_answers(random, rows, None, &outcome);
            }
            // It may let us write and not search: whether it does is told by the next request.
            WholeVerdict::Permission if asking && rows.iter().all(|id| !self.window.is_uncertain(*id)) => {
                return self.believe_answers(random, rows, None, &outcome);
            }
            WholeVerdict::Permission | WholeVerdict::Address | WholeVerdict::Refused if is_audit && !asking => {
                if matches!(outcome.status, 403 | 405 | 501) {
                    return self.take_no_audit(rows, now);
                }
                // Anything else may be of the moment.
                return self.put_all_back(rows, Some(now.plus_millis(AUDIT_RESTS_MS)), &outcome);
            }
            _ => {}
        }
        self.last_fault = Some(outcome.clone());
        match verdict {
            WholeVerdict::Token => {
                self.shut_for(author, PauseReason::Token, &outcome);
                self.put_all_back(rows, None, &outcome)
            }
            // What the server does not permit one person it may permit another.
            WholeVerdict::Permission => {
                self.shut_for(author, PauseReason::Permission, &outcome);
                self.put_all_back(rows, None, &outcome)
            }
            WholeVerdict::Busy => self.back_off(now, random, retry_after, rows, outcome),
            WholeVerdict::Failed => self.lost(random, kind, rows, retry_after, outcome),
            WholeVerdict::NotFhir => self.lost(random, kind, rows, None, Outcome { status: 0, ..outcome }),
            // A server that cannot search is sent the rows again.
            WholeVerdict::Address | WholeVerdict::TooLarge | WholeVerdict::Refused if asking => {
                self.believe_answers(random, rows, None, &outcome)
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
                self.size.answered(1, 0);
                self.settle_all(rows, RowState::Refused, &outcome)
            }
        }
    }

    /// Nothing is known of what the request did.
    fn lost(
        &mut self,
        random: u64,
        kind: TryKind,
        rows: &[RowId],
        retry_after: Option<Duration>,
        outcome: Outcome,
    ) -> Vec<RowUpdate> {
        self.doubt(rows, kind);
        if kind == TryKind::Send {
            // Perhaps it took too long, or there is one among them that breaks it: half of them next time.
            self.size.shrink(rows.len());
            if let [lone] = rows
                && let Some(entry) = self.window.entry_mut(*lone)
            {
                entry.alone = true;
            }
        } else {
            self.lost_questions = self.lost_questions.saturating_add(1);
            if self.lost_questions >= MOST_LOST_QUESTIONS {
                self.lost_questions = 0;
                let until = self.backoff.fail(outcome.at, random, retry_after);
                self.last_fault = Some(outcome.clone());
                return self.believe_answers(random, rows, Some(until), &outcome);
            }
        }
        self.back_off(outcome.at, random, retry_after, rows, outcome)
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

    fn shut_for(&mut self, author: Option<AuthorId>, reason: PauseReason, outcome: &Outcome) {
        self.last_fault = Some(outcome.clone());
        let pause = Pause { reason, since: outcome.at, text: outcome.text.clone() };
        self.gate.shut.insert(author, pause);
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

    /// It goes once more, in a request of its own.
    fn alone(&mut self, id: RowId, outcome: Option<Outcome>) -> Vec<RowUpdate> {
        if let Some(entry) = self.window.entry_mut(id) {
            entry.alone = true;
        }
        self.put_back(id, None, outcome)
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
