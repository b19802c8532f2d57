//! Sync as the window sees it: counts, tries, and the records that the server has not accepted.
//! A record is named by its kind, never by its content.
use super::names::RecordState;
use bedside_console::SyncState;
use bedside_outbox::{OutboxRow, RowState};
use bedside_vitals::{Parameter, WallTime};
use serde::Serialize;
use ts_rs::TS;

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
    /// Age of the oldest record that is not accepted, with its unit.
    pub(crate) oldest_open: Option<String>,
    /// When the server last accepted a record, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) last_accepted: Option<i64>,
    /// The last try.
    #[ts(type = "number | null")]
    pub(crate) last_attempt: Option<i64>,
    /// The next try.
    #[ts(type = "number | null")]
    pub(crate) next_attempt: Option<i64>,
    /// Why the last try failed, as a stable code.
    pub(crate) fault_code: Option<String>,
    /// The same for a person of IT.
    pub(crate) fault_text: Option<String>,
}

/// A record that the server has not accepted.
#[derive(Clone, Serialize, TS)]
pub(crate) struct OpenRecordView {
    /// Id of the row.
    pub(crate) id: String,
    /// Where it stands.
    pub(crate) state: RecordState,
    /// What kind of record: the display of its code, or its FHIR type.
    pub(crate) record: String,
    /// When it was written, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) created: i64,
    /// Tries so far.
    pub(crate) attempts: u32,
    /// Not before this time.
    #[ts(type = "number | null")]
    pub(crate) next_attempt: Option<i64>,
    /// HTTP status of the last answer; 0 when none came.
    pub(crate) answer_status: Option<u16>,
    /// The last answer's text.
    pub(crate) answer: Option<String>,
    /// When it came.
    #[ts(type = "number | null")]
    pub(crate) answered: Option<i64>,
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
        oldest_open: counts.oldest_open.map(|at| super::age_of(at, now)),
        last_accepted: counts.last_accepted.map(|at| at.0),
        last_attempt: sync.last_attempt.map(|at| at.0),
        next_attempt: sync.next_attempt.map(|at| at.0),
        fault_code: sync.fault.as_ref().map(|(code, _)| (*code).to_owned()),
        fault_text: sync.fault.as_ref().map(|(_, text)| text.clone()),
    }
}

/// A row of the outbox for the window.
pub(crate) fn open_record(row: &OutboxRow) -> OpenRecordView {
    OpenRecordView {
        id: row.id.0.to_string(),
        state: row.state.into(),
        record: record_name(row),
        created: row.created.0,
        attempts: row.attempts,
        next_attempt: row.next_attempt.map(|at| at.0),
        answer_status: row.outcome.as_ref().map(|outcome| outcome.status),
        answer: row.outcome.as_ref().map(|outcome| outcome.text.clone()),
        answered: row.outcome.as_ref().map(|outcome| outcome.at.0),
    }
}

/// What an observation measured, in words; other records, and unreadable ones, by their type.
fn record_name(row: &OutboxRow) -> String {
    let measured = || {
        let resource: serde_json::Value = serde_json::from_str(&row.payload).ok()?;
        let codings = resource.pointer("/code/coding")?.as_array()?;
        let code = |coding: &serde_json::Value| coding.get("code")?.as_str()?.parse().ok();
        let parameter = codings.iter().filter_map(code).find_map(Parameter::from_mdc)?;
        let mut words = parameter.name().replace('_', " ");
        words.get_mut(..1)?.make_ascii_uppercase();
        Some(words)
    };
    if row.resource_type == "Observation" { measured() } else { None }.unwrap_or_else(|| row.resource_type.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_outbox::RowId;
    use uuid::Uuid;

    fn row(resource_type: &str, payload: &str) -> OutboxRow {
        OutboxRow {
            id: RowId(Uuid::nil()),
            resource_type: resource_type.to_owned(),
            resource_id: Uuid::nil(),
            payload: payload.to_owned(),
            depends_on: Vec::new(),
            state: RowState::Waiting,
            attempts: 0,
            next_attempt: None,
            created: WallTime(0),
            outcome: None,
        }
    }

    #[test]
    fn a_record_is_named_by_its_code_and_never_by_its_value() {
        let coded = row(
            "Observation",
            r#"{"code":{"coding":[{"code":"147842"},{"code":"8867-4"}]},"valueQuantity":{"value":94}}"#,
        );
        assert_eq!(open_record(&coded).record, "Heart rate");
        assert_eq!(open_record(&row("Patient", r#"{"name":[{"family":"ADEYEMI"}]}"#)).record, "Patient");
        assert_eq!(open_record(&row("Observation", "not JSON")).record, "Observation");
    }
}
