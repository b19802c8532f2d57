//! Records opened in an emergency to somebody whose roles do not allow it: with a reason, for a time, and each look noted.
//! Not here: what is allowed meanwhile (`Access::may`), and the purpose in the audit log (`Console::entry`).
use crate::audit::{AuditAction, AuditEntry, AuditOutcome, Purpose};
use crate::clinician::Permission;
use crate::event_loop::Console;
use crate::people::answer;
use crate::request::RequestError;
use crate::requests::Reply;
use bedside_session::Now;
use bedside_vitals::{BootTime, WallTime};
use std::time::Duration;

/// A reason has so many characters.
const LEAST: usize = 5;
const MOST: usize = 200;

/// An emergency.
#[derive(Clone, Debug)]
pub(super) struct Emergency {
    until: BootTime,
    pub(super) until_wall: WallTime,
    /// Stands at each look at a patient: whoever reads that patient's log sees no other entry of it.
    pub(super) reason: String,
}

impl Console {
    /// Nothing is opened before the entry about it is durable, and nothing behind a lock or to somebody else.
    pub(crate) fn begin_emergency(&mut self, reason: &str, reply: Reply<()>) {
        let reason = match self.needed(reason) {
            Ok(reason) => reason,
            Err(error) => return answer(reply, Err(error)),
        };
        let entry = AuditEntry {
            reason: Some(reason.clone()),
            purpose: Purpose::BreakGlass,
            ..self.operation(AuditAction::BreakGlassBegun, None, AuditOutcome::Success)
        };
        let ended = AuditEntry { action: AuditAction::BreakGlassEnded, reason: None, ..entry.clone() };
        let asked = self.epoch.moment();
        self.after_durable(entry, move |console, durable| {
            let noted = durable.is_ok();
            let begun = match asked.let_through(durable) {
                Ok(()) if console.access.emergency.is_some() => Err(RequestError::NotNeeded),
                other => other,
            };
            match begun {
                Ok(()) => console.emergency_begins(reason),
                // What was noted as begun is noted as over.
                Err(_) if noted => console.note(ended),
                Err(_) => {}
            }
            answer(reply, begun);
        });
    }

    fn needed(&self, reason: &str) -> Result<String, RequestError> {
        if !self.policy.break_glass {
            return Err(RequestError::ForbiddenByPolicy);
        }
        let reason = reason.trim();
        if !(LEAST..=MOST).contains(&reason.chars().count()) {
            return Err(RequestError::ReasonNeeded { least: LEAST, most: MOST });
        }
        let needs_none = self.access.clinician.as_ref().is_none_or(|one| one.may(Permission::ReadRecords));
        if needs_none || self.access.emergency.is_some() {
            return Err(RequestError::NotNeeded);
        }
        Ok(reason.to_owned())
    }

    fn emergency_begins(&mut self, reason: String) {
        let now = self.now();
        let length = Duration::from_secs(u64::from(self.policy.break_glass_hours) * 3600);
        let millis = i64::try_from(length.as_millis()).unwrap_or(0);
        let until_wall = now.wall.plus_millis(millis);
        self.access.emergency = Some(Emergency { until: now.boot.plus(length), until_wall, reason });
        self.changed = true;
    }

    /// Its time is over. The time counts sleep, and nobody can set it.
    pub(super) fn end_emergency_in_time(&mut self, now: Now) {
        if self.access.emergency.as_ref().is_some_and(|emergency| now.boot >= emergency.until) {
            self.end_emergency();
        }
    }

    /// It is given up, somebody else works here now, or the vault locks.
    pub(crate) fn end_emergency(&mut self) {
        if self.access.emergency.is_none() {
            return;
        }
        let entry = self.operation(AuditAction::BreakGlassEnded, None, AuditOutcome::Success);
        self.note(entry);
        self.access.emergency = None;
        if let Some(clinician) = self.access.clinician.as_ref().map(|clinician| clinician.id) {
            self.access.places.remove(&clinician);
        }
        self.hide_people();
    }
}
