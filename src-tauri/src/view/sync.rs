//! Sync as the window sees it: counts, tries, the server's clock and abilities, and who is signed in there.
//! Not here: single records (`sync_record`).
use super::age_of;
use super::clinic_list::{ListView, list};
use super::format::age;
use bedside_console::{ClinicSignIn, Metered, ServerFinding, SyncProgress, SyncState};
use bedside_outbox::RowState;
use bedside_vitals::WallTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use ts_rs::TS;

/// A difference between the clocks that is worth a word.
const MOST_SKEW_MS: u64 = 120_000;

/// Sync at a glance.
#[derive(Clone, Serialize, TS)]
pub(crate) struct SyncView {
    /// A server is configured.
    pub(crate) configured: bool,
    /// Records that wait.
    #[ts(type = "number")]
    pub(crate) waiting: u64,
    /// Records under way.
    #[ts(type = "number")]
    pub(crate) sending: u64,
    /// Records whose acceptance is stored.
    #[ts(type = "number")]
    pub(crate) accepted: u64,
    /// Records that need a person.
    #[ts(type = "number")]
    pub(crate) refused: u64,
    /// Records that wait for a refused one.
    #[ts(type = "number")]
    pub(crate) held: u64,
    /// Records that were put away.
    #[ts(type = "number")]
    pub(crate) discarded: u64,
    /// Age of the oldest record that is not accepted, with its unit.
    pub(crate) oldest_open: Option<String>,
    /// When the server last accepted a record, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) last_accepted: Option<i64>,
    /// The last try.
    #[ts(type = "number | null")]
    pub(crate) last_attempt: Option<i64>,
    /// The last try that the server answered as it should.
    #[ts(type = "number | null")]
    pub(crate) last_success: Option<i64>,
    /// The next try.
    #[ts(type = "number | null")]
    pub(crate) next_attempt: Option<i64>,
    /// Why the last try failed, as a stable code.
    pub(crate) fault_code: Option<String>,
    /// The same for a person of IT.
    pub(crate) fault_text: Option<String>,
    /// How far the present round is.
    pub(crate) progress: Option<ProgressView>,
    /// Whether only what is small goes out.
    pub(crate) metered: MeteredView,
    /// Records of people who are not signed in at the server.
    #[ts(type = "number")]
    pub(crate) waits_for_sign_in: u64,
    /// The server told its time.
    pub(crate) clock_known: bool,
    /// How far the server's clock is off ours, with its unit and `-` before it when it is behind; `null` up to 2 minutes.
    pub(crate) clock_skew: Option<String>,
    /// What the server cannot do, or does otherwise.
    pub(crate) findings: Vec<FindingView>,
    /// Who is signed in at the server.
    pub(crate) sign_in: ClinicSignInView,
    /// The list of patients from the server.
    pub(crate) list: ListView,
}

/// How far a round of sending is.
#[derive(Clone, Copy, Serialize, TS)]
pub(crate) struct ProgressView {
    /// Records that the server has answered.
    #[ts(type = "number")]
    pub(crate) rows_done: u64,
    /// Records that are to go.
    #[ts(type = "number")]
    pub(crate) rows_left: u64,
    /// Octets of the records that it has answered.
    #[ts(type = "number")]
    pub(crate) octets_done: u64,
    /// Octets of those that are to go.
    #[ts(type = "number")]
    pub(crate) octets_left: u64,
}

super::names::mirrored! {
    /// Whether octets cost.
    MeteredView as "Metered" of Metered { Off, On, ByPolicy }
}

/// What the server cannot do, or does otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "finding", rename_all = "snake_case")]
#[ts(rename = "ServerFinding")]
pub(crate) enum FindingView {
    CapabilityUnreadable,
    OtherFhirVersion { version: String },
    NoBatch,
    RefusesClientIds,
    NoConditionalCreate,
    NoSearch,
    LargestBundle { entries: u32 },
}

/// Whether somebody is signed in at the clinic's server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(rename = "ClinicSignIn")]
pub(crate) enum ClinicSignInView {
    NotNeeded,
    Needed,
    WaitingForBrowser,
    SignedIn {
        /// As whom; `null` = this computer by itself.
        name: Option<String>,
        /// Until when, in milliseconds since 1970.
        #[ts(type = "number | null")]
        until: Option<i64>,
    },
    Failed {
        /// Why, as a stable code.
        code: String,
    },
}

/// The console's sync state for the window.
pub(crate) fn sync_view(sync: &SyncState, now: WallTime) -> SyncView {
    let counts = &sync.counts;
    SyncView {
        configured: sync.configured,
        waiting: counts.count(RowState::Waiting),
        sending: counts.count(RowState::Sending),
        accepted: counts.count(RowState::Accepted),
        refused: counts.count(RowState::Refused),
        held: counts.count(RowState::Held),
        discarded: counts.count(RowState::Discarded),
        oldest_open: counts.oldest_open.map(|at| age_of(at, now)),
        last_accepted: counts.last_accepted.map(|at| at.0),
        last_attempt: sync.last_attempt.map(|at| at.0),
        last_success: sync.last_success.map(|at| at.0),
        next_attempt: sync.next_attempt.map(|at| at.0),
        fault_code: sync.fault.as_ref().map(|(code, _)| (*code).to_owned()),
        fault_text: sync.fault.as_ref().map(|(_, text)| text.clone()),
        progress: sync.progress.map(progress),
        metered: sync.metered.into(),
        waits_for_sign_in: sync.waits_for_sign_in,
        clock_known: sync.clock_skew_ms.is_some(),
        clock_skew: sync.clock_skew_ms.and_then(clock_skew),
        findings: sync.findings.iter().map(finding).collect(),
        sign_in: sign_in(&sync.sign_in),
        list: list(&sync.list, now),
    }
}

const fn progress(progress: SyncProgress) -> ProgressView {
    let SyncProgress { rows_done, rows_left, octets_done, octets_left } = progress;
    ProgressView { rows_done, rows_left, octets_done, octets_left }
}

fn clock_skew(milliseconds: i64) -> Option<String> {
    let size = milliseconds.unsigned_abs();
    let sign = if milliseconds < 0 { "-" } else { "" };
    (size > MOST_SKEW_MS).then(|| format!("{sign}{}", age(Duration::from_millis(size))))
}

fn finding(finding: &ServerFinding) -> FindingView {
    match finding {
        ServerFinding::CapabilityUnreadable => FindingView::CapabilityUnreadable,
        ServerFinding::OtherFhirVersion(version) => FindingView::OtherFhirVersion { version: version.clone() },
        ServerFinding::NoBatch => FindingView::NoBatch,
        ServerFinding::RefusesClientIds => FindingView::RefusesClientIds,
        ServerFinding::NoConditionalCreate => FindingView::NoConditionalCreate,
        ServerFinding::NoSearch => FindingView::NoSearch,
        ServerFinding::LargestBundle(entries) => FindingView::LargestBundle { entries: *entries },
    }
}

fn sign_in(sign_in: &ClinicSignIn) -> ClinicSignInView {
    match sign_in {
        ClinicSignIn::NotNeeded => ClinicSignInView::NotNeeded,
        ClinicSignIn::Needed => ClinicSignInView::Needed,
        ClinicSignIn::WaitingForBrowser => ClinicSignInView::WaitingForBrowser,
        ClinicSignIn::SignedIn { name, until } => {
            ClinicSignInView::SignedIn { name: name.clone(), until: until.map(|at| at.0) }
        }
        ClinicSignIn::Failed { code } => ClinicSignInView::Failed { code: (*code).to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_is_told_when_it_is_off_by_more_than_two_minutes() {
        assert_eq!(clock_skew(120_000), None);
        assert_eq!(clock_skew(-120_001).as_deref(), Some("-2 min"));
        assert_eq!(clock_skew(3_600_000).as_deref(), Some("60 min"));
    }
}
