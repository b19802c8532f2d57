//! Fetching the stored records of one memory over its control point: count, report, compare, say how it ended.
//! Never a delete. Not here: decoding and persisting records (`machine`), and which services have a memory (`memories`).
//!
//! A fetch begins with the last stored record itself: as long as the device still sends it with the same base time, the
//! memory is the one that was read before. Else it was cleared or replaced, and everything is fetched.
use crate::input::{Bookmark, RecordMark, Shortfall};
use crate::memories::{Memory, Record};
use crate::quirks::Quirk;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use bedside_gatt::generic_health::SegmentJoiner;
use bedside_gatt::record_access::{RecordReply, RecordRequest, ResponseCode, Selection};
use bedside_vitals::BootTime;
use core::time::Duration;

/// So long a device may take for the next record or answer before the fetch has failed.
const RECORD_DEADLINE: Duration = Duration::from_secs(30);
/// A device that is busy is asked again after so long, …
const BUSY: Duration = Duration::from_secs(5);
/// … so many times.
const MOST_BUSY: u8 = 6;

/// One fetch.
#[derive(Debug)]
pub(crate) struct Download {
    memory: &'static Memory,
    /// As it would be stored if the fetch ended now.
    bookmark: Bookmark,
    /// As it was when this began: it stands until the device has shown that the memory is still the same.
    start: Bookmark,
    /// The stored record to begin with; `None` = everything.
    from: Option<RecordMark>,
    /// Records stored since the memory was last complete, before this fetch.
    before: u32,
    /// Whether the device can count its records.
    counts: bool,
    counted: Option<u32>,
    seen: BTreeSet<u32>,
    without_number: u32,
    known_seen: bool,
    other_memory: bool,
    /// Joins the parts of records that come in several.
    parts: SegmentJoiner,
    /// The parts so far of the record that comes.
    begun: bool,
    /// Everything is asked for anew.
    restarted: bool,
    /// When the device, or the store for it, last did something for this.
    last_progress: BootTime,
    busy: u8,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// To be written.
    Ask(RecordRequest),
    /// Written; records and the answer come.
    Asked(RecordRequest),
    /// The device was busy; asked again at this time.
    Busy(BootTime, RecordRequest),
    /// `None` = complete.
    Over(Option<Shortfall>),
}

impl Download {
    /// From where `bookmark` stands, or everything.
    pub(crate) fn new(memory: &'static Memory, bookmark: Option<Bookmark>, quirk: &Quirk, now: BootTime) -> Self {
        let from_number = !quirk.never_from_number && !quirk.sequence_reversed;
        let from = bookmark.and_then(|bookmark| bookmark.highest);
        let from = from.filter(|&mark| from_number && memory.bound(mark).is_some());
        let bookmark = bookmark.filter(|_| from.is_some()).unwrap_or_else(|| nothing_read(memory));
        let mut download = Self {
            memory,
            bookmark,
            start: bookmark,
            from,
            before: 0,
            counts: true,
            counted: None,
            seen: BTreeSet::new(),
            without_number: 0,
            known_seen: false,
            other_memory: false,
            parts: SegmentJoiner::new(),
            begun: false,
            restarted: false,
            last_progress: now,
            busy: 0,
            phase: Phase::Over(None),
        };
        download.before = download.bookmark.since_complete;
        download.phase = Phase::Ask(download.first());
        download
    }

    pub(crate) const fn memory(&self) -> &'static Memory {
        self.memory
    }

    /// What is to be written to the control point now.
    pub(crate) fn poll_write(&mut self, now: BootTime) -> Option<Vec<u8>> {
        let Phase::Ask(request) = self.phase else { return None };
        self.progressed(now);
        self.phase = Phase::Asked(request);
        let octets = request.encode();
        if octets.is_err() {
            self.phase = Phase::Over(Some(Shortfall::Refused));
        }
        octets.ok()
    }

    /// When a busy device is to be asked again.
    pub(crate) const fn ask_again_at(&self) -> Option<BootTime> {
        match self.phase {
            Phase::Busy(at, _) => Some(at),
            Phase::Ask(_) | Phase::Asked(_) | Phase::Over(_) => None,
        }
    }

    /// When an answer or a record is overdue. Other values of the device change nothing of it.
    pub(crate) fn overdue_at(&self) -> Option<BootTime> {
        matches!(self.phase, Phase::Asked(_)).then(|| self.last_progress.plus(RECORD_DEADLINE))
    }

    /// Something was done for this: written, sent or stored.
    pub(crate) fn progressed(&mut self, now: BootTime) {
        self.last_progress = self.last_progress.max(now);
    }

    /// Whether everything is asked for anew, told once.
    pub(crate) const fn take_restart(&mut self) -> bool {
        core::mem::replace(&mut self.restarted, false)
    }

    /// How it ended: `Some(None)` = complete.
    pub(crate) const fn ended(&self) -> Option<Option<Shortfall>> {
        match self.phase {
            Phase::Over(shortfall) => Some(shortfall),
            Phase::Ask(_) | Phase::Asked(_) | Phase::Busy(..) => None,
        }
    }

    /// The time of `ask_again_at` has come.
    pub(crate) fn ask_again(&mut self) {
        if let Phase::Busy(_, request) = self.phase {
            self.phase = Phase::Ask(request);
        }
    }

    /// The control point refused the write itself: another procedure runs, or it is not ready.
    pub(crate) fn write_refused(&mut self, now: BootTime) {
        if let Phase::Asked(request) = self.phase {
            self.try_later(now, request, Shortfall::Refused);
        }
    }

    /// A person stops it.
    pub(crate) fn abort(&mut self) {
        match self.phase {
            Phase::Asked(_) => self.phase = Phase::Ask(RecordRequest::Abort),
            Phase::Ask(_) | Phase::Busy(..) => self.stop(Shortfall::Aborted),
            Phase::Over(_) => {}
        }
    }

    /// It cannot go on.
    pub(crate) fn stop(&mut self, shortfall: Shortfall) {
        if self.ended().is_none() {
            self.phase = Phase::Over(Some(shortfall));
        }
    }

    /// A value came: the records that it completed, or `None` when none of it is new. A record in several parts counts
    /// once its last part has come and none is missing; its parts are all kept.
    pub(crate) fn came(&mut self, bytes: &[u8], now: BootTime) -> Option<Vec<Record>> {
        self.progressed(now);
        let mut in_parts = false;
        let records = if self.memory.in_parts() {
            let Some(body) = self.parts.push(bytes).ok().and_then(|outcome| outcome.body) else {
                self.begun = true;
                return Some(Vec::new());
            };
            in_parts = core::mem::take(&mut self.begun);
            self.memory.read(&body)
        } else {
            self.memory.read(bytes)
        };
        // Each of them is looked at, also after a new one.
        let new = records.iter().filter(|&&record| self.one_came(record)).count() > 0;
        (new || in_parts || records.is_empty()).then_some(records)
    }

    /// Records are handed on to be stored: the bookmark that is to be stored with them.
    pub(crate) fn handed_on(&mut self, records: &[Record]) -> Bookmark {
        let is_new = |record: &&Record| record.mark.is_none() || record.mark != self.from;
        let new = u32::try_from(records.iter().filter(is_new).count()).unwrap_or(u32::MAX);
        self.bookmark.since_complete = self.bookmark.since_complete.saturating_add(new);
        for mark in records.iter().filter_map(|record| record.mark) {
            if self.bookmark.highest.is_none_or(|highest| mark.number > highest.number) {
                self.bookmark.highest = Some(mark);
            }
        }
        self.durable()
    }

    /// An answer of the control point.
    pub(crate) fn replied(&mut self, reply: RecordReply, now: BootTime) {
        self.progressed(now);
        let Phase::Asked(request) = self.phase else { return };
        match (request, reply) {
            (RecordRequest::ReportNumber(_), RecordReply::NumberOfRecords(count)) => match count.number() {
                0 => self.no_records(),
                number => {
                    self.counted = Some(number);
                    self.phase = Phase::Ask(RecordRequest::Report(self.selection(self.from)));
                }
            },
            // Whether it was stopped, or had ended by itself, makes no difference.
            (RecordRequest::Abort, RecordReply::Response { .. }) => self.stop(Shortfall::Aborted),
            (_, RecordReply::Response { request: of, code }) if of == request.operation() => {
                self.answered(request, code, now);
            }
            // An answer to something else: late, or of another client.
            _ => {}
        }
    }

    /// Records that are kept since the memory was last complete.
    pub(crate) fn received(&self) -> u32 {
        let new = u32::try_from(self.seen.len()).unwrap_or(u32::MAX).saturating_add(self.without_number);
        self.before.saturating_add(new)
    }

    /// Records that the device has since then, by its own count.
    pub(crate) fn expected(&self) -> Option<u32> {
        let complete = self.bookmark_at_start_complete();
        let includes_known = complete.is_some() && (self.known_seen || complete != self.from);
        self.counted.map(|counted| counted.saturating_sub(u32::from(includes_known)))
    }

    /// The bookmark as it stands at the end.
    pub(crate) fn bookmark(&self) -> Bookmark {
        let Bookmark { complete, highest, .. } = self.bookmark;
        match self.phase {
            Phase::Over(None) => Bookmark { complete: highest, highest, since_complete: 0, ..self.bookmark },
            // Something in between is missing: next time everything after the last complete record is asked for again.
            Phase::Over(Some(Shortfall::Missing)) => {
                Bookmark { complete, highest: complete, since_complete: 0, ..self.bookmark }
            }
            Phase::Over(Some(_)) | Phase::Ask(_) | Phase::Asked(_) | Phase::Busy(..) => self.durable(),
        }
    }

    /// The bookmark that holds if the fetch is cut off now.
    fn durable(&self) -> Bookmark {
        if self.other_memory {
            // The numbers are those of another memory: nothing of the old bookmark holds.
            nothing_read(self.memory)
        } else if self.is_unsure() {
            self.start
        } else {
            self.bookmark
        }
    }

    /// Whether the device has not yet sent the record by which the memory is known to be the one that was read before.
    const fn is_unsure(&self) -> bool {
        self.from.is_some() && !self.known_seen
    }

    /// `false` when it is the stored one that was asked for only to know the memory by it.
    fn one_came(&mut self, record: Record) -> bool {
        let Some(mark) = record.mark else {
            self.without_number += 1;
            return true;
        };
        if let Some(known) = self.from.filter(|known| known.number == mark.number) {
            // Without a time it may be any record of that number.
            if known.base_time.is_some() && known == mark {
                self.known_seen = true;
                return false;
            }
            self.other_memory |= known.base_time.is_some() && mark.base_time.is_some();
        }
        self.seen.insert(mark.number);
        true
    }

    fn answered(&mut self, request: RecordRequest, code: ResponseCode, now: BootTime) {
        let counting = matches!(request, RecordRequest::ReportNumber(_));
        match code {
            ResponseCode::Success if counting => self.report_without_count(),
            ResponseCode::Success => self.finish(),
            ResponseCode::NoRecords => self.no_records(),
            ResponseCode::ServerBusy => self.try_later(now, request, Shortfall::Busy),
            ResponseCode::OperationNotSupported if counting => self.report_without_count(),
            // It cannot begin at a number: then everything, and what is stored already is known again.
            ResponseCode::OperationNotSupported
            | ResponseCode::OperatorNotSupported
            | ResponseCode::InvalidOperator
            | ResponseCode::OperandNotSupported
            | ResponseCode::InvalidOperand => match (self.from, counting) {
                (Some(_), _) => self.everything(),
                (None, true) => self.report_without_count(),
                (None, false) => self.stop(Shortfall::Refused),
            },
            ResponseCode::ProcedureNotCompleted | ResponseCode::AbortUnsuccessful | ResponseCode::Reserved(_) => {
                self.stop(Shortfall::NotCompleted);
            }
        }
    }

    fn finish(&mut self) {
        // Records after the end of the numbers have lower ones: they were not asked for.
        let at_end = self.bookmark.highest.is_some_and(|mark| self.memory.bound(mark).is_none());
        if self.other_memory || self.is_unsure() || self.from.is_some() && at_end {
            return self.everything();
        }
        let missing = self.expected().is_some_and(|expected| self.received() < expected);
        self.phase = Phase::Over(missing.then_some(Shortfall::Missing));
    }

    /// Nothing from the last stored record on means that this record is gone: the memory was cleared.
    fn no_records(&mut self) {
        if self.from.is_some() {
            return self.everything();
        }
        let promised = self.counted.unwrap_or(0);
        self.counted = Some(promised);
        self.phase = Phase::Over((promised > self.received()).then_some(Shortfall::Missing));
    }

    fn everything(&mut self) {
        self.bookmark = nothing_read(self.memory);
        self.start = self.bookmark;
        self.restarted = true;
        self.before = 0;
        self.from = None;
        self.counted = None;
        self.seen.clear();
        self.without_number = 0;
        self.known_seen = false;
        self.other_memory = false;
        self.parts = SegmentJoiner::new();
        self.begun = false;
        self.phase = Phase::Ask(self.first());
    }

    fn report_without_count(&mut self) {
        self.counts = false;
        self.phase = Phase::Ask(RecordRequest::Report(self.selection(self.from)));
    }

    fn try_later(&mut self, now: BootTime, request: RecordRequest, else_ended: Shortfall) {
        self.busy += 1;
        self.phase =
            if self.busy > MOST_BUSY { Phase::Over(Some(else_ended)) } else { Phase::Busy(now.plus(BUSY), request) };
    }

    /// The count goes from the last complete record on, so that what an earlier fetch lost is noticed.
    fn first(&self) -> RecordRequest {
        let complete = self.from.and(self.bookmark.complete);
        if self.counts {
            RecordRequest::ReportNumber(self.selection(complete))
        } else {
            RecordRequest::Report(self.selection(self.from))
        }
    }

    fn selection(&self, from: Option<RecordMark>) -> Selection {
        from.and_then(|mark| self.memory.bound(mark)).map_or(Selection::All, Selection::AtLeast)
    }

    fn bookmark_at_start_complete(&self) -> Option<RecordMark> {
        self.from.and(self.bookmark.complete)
    }
}

const fn nothing_read(memory: &Memory) -> Bookmark {
    Bookmark { service: memory.service, complete: None, highest: None, since_complete: 0 }
}
