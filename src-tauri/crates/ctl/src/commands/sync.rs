//! `sync …`: sending, how it stands, single records and their way, and what is done about those that the server refused.
//! Sending exits 0 only when nothing is waiting, refused or held. Not here: what is printed of a record (`sync_words`).
use super::sync_words::{receipt_json, receipt_lines, row_json, row_line};
use crate::arguments::{DiscardRecord, ListRecords, RetryRecords, Sync, SyncCommand};
use crate::failure::{BAD_DATA, Failure, TRY_AGAIN, UNAVAILABLE};
use crate::output::Output;
use crate::reader::Reader;
use crate::screen::{Screen, Snapshots};
use crate::sign_in::{self, Who};
use bedside_assembly::{Place, Running, Start};
use bedside_console::ports::{Answer, Query};
use bedside_console::{AuditAction, OutboxCounts, Permission, RequestError, SyncState};
use bedside_outbox::{Dependants, Lane, Outcome, RowHead, RowId, RowState};
use bedside_vitals::WallTime;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Records that `sync status` names; `sync list` has all of them.
const MOST_NAMED: usize = 100;

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Sync, output: &Output) -> Result<(), Failure> {
    match &arguments.command {
        None => once(place, who, arguments, output).await,
        Some(SyncCommand::Status) => status(place, who, output).await,
        Some(SyncCommand::List(list)) => self::list(place, who, list, output).await,
        Some(SyncCommand::Receipt { id }) => receipt(place, who, row_id(id)?, output).await,
        Some(SyncCommand::Retry(retry)) => self::retry(place, who, retry, output).await,
        Some(SyncCommand::Discard(discard)) => self::discard(place, who, discard, output).await,
    }
}

async fn once(place: &Place, who: &Who, arguments: &Sync, output: &Output) -> Result<(), Failure> {
    let (running, snapshots) = begin(place, who, arguments.clinic.clone()).await?;
    let counts = running.console.sync_until_quiet().await;
    let state = snapshots.borrow().as_ref().map(|snapshot| snapshot.sync.clone()).unwrap_or_default();
    running.close().await;
    let counts = counts?;
    say(&counts, output, Map::new());
    tell_server(&state, output);
    all_accepted(&counts, &state)
}

/// Whether a sending came to its end: nothing is waiting, on its way, refused or held.
fn all_accepted(counts: &OutboxCounts, state: &SyncState) -> Result<(), Failure> {
    let open: u64 = RowState::ALL.into_iter().filter(|state| state.is_open()).map(|state| counts.count(state)).sum();
    match (open, &state.fault) {
        (0, _) => Ok(()),
        (_, Some((code, text))) => {
            Err(Failure::new(UNAVAILABLE, format!("{code}: {text}; {open} records are kept here")))
        }
        (_, None) => Err(Failure::new(TRY_AGAIN, format!("{open} records are not accepted yet; see `sync status`"))),
    }
}

/// How the last tries went, as far as the records tell it: each that waits keeps the last word on it.
struct Tries {
    last: Option<WallTime>,
    last_success: Option<WallTime>,
    /// Why the newest of those that wait was not taken.
    fault: Option<Outcome>,
    /// `None` = as soon as something sends.
    next: Option<WallTime>,
    waits: bool,
}

impl Tries {
    fn of(open: &[RowHead], counts: &OutboxCounts) -> Self {
        let waiting = || open.iter().filter(|row| row.state == RowState::Waiting && row.lane != Lane::Audit);
        let tried = open.iter().filter(|row| row.attempts > 0 && !row.is_withdrawn());
        let answered = tried.filter_map(|row| row.outcome.as_ref()).map(|outcome| outcome.at);
        let fault =
            waiting().filter_map(|row| row.outcome.as_ref()).filter(|outcome| !(200..300).contains(&outcome.status));
        Self {
            last: answered.chain(counts.last_accepted).max(),
            last_success: counts.last_accepted,
            fault: fault.max_by_key(|outcome| outcome.at).cloned(),
            // One that was never tried goes with the others, if they wait.
            next: waiting().filter_map(|row| row.next_attempt).min(),
            waits: waiting().next().is_some(),
        }
    }

    fn json(&self) -> Map<String, Value> {
        let time = |at: Option<WallTime>| json!(at.map(|at| at.to_string()));
        let fault = self
            .fault
            .as_ref()
            .map(|fault| json!({ "status": fault.status, "text": fault.text, "at": fault.at.to_string() }));
        Map::from_iter([
            ("last_attempt".to_owned(), time(self.last)),
            ("last_success".to_owned(), time(self.last_success)),
            ("last_fault".to_owned(), json!(fault)),
            ("next_attempt".to_owned(), time(self.next)),
        ])
    }

    fn lines(&self) -> Vec<String> {
        let time = |at: Option<WallTime>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
        let mut lines = vec![format!("last try {}; last success {}", time(self.last), time(self.last_success))];
        lines.extend(self.fault.as_ref().map(|Outcome { status, text, at }| {
            let status = if *status == 0 { "no answer".to_owned() } else { format!("HTTP {status}") };
            format!("last fault {at}: {status}{}{text}", if text.is_empty() { "" } else { ": " })
        }));
        if self.waits {
            lines.push(self.next.map_or_else(
                || "next try as soon as a window or `sync --once` sends".to_owned(),
                |next| format!("next try not before {next}"),
            ));
        }
        lines
    }
}

/// Beside a window or by itself: it only reads, and asks no server.
async fn status(place: &Place, who: &Who, output: &Output) -> Result<(), Failure> {
    let reader = Reader::open(place, who, &[Permission::ReadRecords]).await?;
    let store = reader.store();
    let Answer::OutboxCounts(counts) = store.read(Query::OutboxCounts).await? else {
        return Err(crate::reader::mixed_up());
    };
    let rows = bedside_console::sync_rows(store, &[RowState::Refused, RowState::Held], MOST_NAMED).await?;
    let Answer::OpenRows(open) = store.read(Query::OpenRows).await? else { return Err(crate::reader::mixed_up()) };
    reader.looked(AuditAction::OutboxSeen, None, open.len()).await?;
    let tries = Tries::of(&open, &counts);
    say(&counts, output, tries.json());
    for line in tries.lines().iter().filter(|_| !output.is_json()) {
        output.line(line);
    }
    for row in &rows {
        output.say(&row_line(row), &row_json(row));
    }
    reader.close().await
}

async fn list(place: &Place, who: &Who, list: &ListRecords, output: &Output) -> Result<(), Failure> {
    let states = if list.state.is_empty() {
        vec![RowState::Refused, RowState::Held, RowState::Sending, RowState::Waiting]
    } else {
        list.state.clone()
    };
    let reader = Reader::open(place, who, &[Permission::ReadRecords]).await?;
    let rows = bedside_console::sync_rows(reader.store(), &states, list.limit).await?;
    reader.looked(AuditAction::OutboxSeen, None, rows.len()).await?;
    for row in &rows {
        output.say(&row_line(row), &row_json(row));
    }
    reader.close().await
}

async fn receipt(place: &Place, who: &Who, id: RowId, output: &Output) -> Result<(), Failure> {
    let reader = Reader::open(place, who, &[Permission::ReadRecords]).await?;
    let vault = sign_in::header(place).await?.id;
    let store = reader.store();
    let row = bedside_console::the_row(store, id).await?;
    let receipt = bedside_console::receipt(store, &place.filing_context(vault), &row).await?;
    let patient = receipt.patient.as_ref().map(|patient| patient.id);
    reader.looked(AuditAction::ReadingsListed, patient, 1).await?;
    output.say(&receipt_lines(&receipt).join("\n"), &receipt_json(&receipt));
    reader.close().await
}

async fn retry(place: &Place, who: &Who, retry: &RetryRecords, output: &Output) -> Result<(), Failure> {
    let one = retry.id.as_deref().map(row_id).transpose()?;
    let (running, snapshots) = begin(place, who, retry.clinic.clone()).await?;
    let done = again(&running, one).await;
    let counts = match done {
        Ok(_) => running.console.sync_until_quiet().await.map_err(Failure::from),
        Err(_) => Ok(OutboxCounts::default()),
    };
    let state = snapshots.borrow().as_ref().map(|snapshot| snapshot.sync.clone()).unwrap_or_default();
    running.close().await;
    let again = done?;
    let tried = Map::from_iter([("retried".to_owned(), json!(again))]);
    output.note(&format!("{again} records are tried again"));
    let counts = counts?;
    say(&counts, output, tried);
    tell_server(&state, output);
    all_accepted(&counts, &state)
}

/// One record, or each that was refused; what is held for it comes with it.
async fn again(running: &Running, one: Option<RowId>) -> Result<usize, Failure> {
    // Where no server is configured, that is said, and not that there is no such record.
    running.console.sync_now().await?;
    if let Some(row) = one {
        running.console.retry(row).await?;
        return Ok(1);
    }
    // All at once: what is refused again meanwhile is not tried a second time, however many there are.
    let Answer::OpenRows(rows) = running.console.query(Query::OpenRows).await? else {
        return Err(crate::reader::mixed_up());
    };
    let mut tried = 0;
    // Two versions of one record need a decision, not another try.
    for row in rows.iter().filter(|row| row.state == RowState::Refused && !row.is_conflict()) {
        match running.console.retry(row.id).await {
            Ok(()) => tried += 1,
            // It came with another one that it is held for, and is not refused any more.
            Err(RequestError::NoSuchRecord) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(tried)
}

async fn discard(place: &Place, who: &Who, discard: &DiscardRecord, output: &Output) -> Result<(), Failure> {
    let id = row_id(&discard.id)?;
    let dependants = if discard.with_dependants { Dependants::Discard } else { Dependants::Release };
    let (running, _snapshots) = begin(place, who, discard.clinic.clone()).await?;
    let done = running.console.discard(id, discard.reason.clone(), dependants).await;
    running.close().await;
    done?;
    output.say("put away; `sync retry` takes it up again", &json!({ "discarded": id.0.to_string() }));
    Ok(())
}

async fn begin(place: &Place, who: &Who, clinic: Option<String>) -> Result<(Running, Snapshots), Failure> {
    let (screen, _values, snapshots) = Screen::new();
    let running = sign_in::open(place, who, Start { clinic, display: screen, ledger: None }).await?;
    Ok((running, snapshots))
}

fn row_id(text: &str) -> Result<RowId, Failure> {
    let expected = |_| Failure::new(BAD_DATA, "expected the id of a record as `sync list` shows it");
    Uuid::try_parse(text).map(RowId).map_err(expected)
}

fn say(counts: &OutboxCounts, output: &Output, more: Map<String, Value>) {
    let mut json: Map<String, Value> =
        RowState::ALL.into_iter().map(|state| (state.name().to_owned(), json!(counts.count(state)))).collect();
    json.insert("oldest_open".into(), json!(counts.oldest_open.map(|at| at.to_string())));
    json.insert("last_accepted".into(), json!(counts.last_accepted.map(|at| at.to_string())));
    json.insert("audit_waiting".into(), json!(counts.audit_waiting));
    json.extend(more);
    let words: Vec<String> =
        RowState::ALL.into_iter().map(|state| format!("{} {state}", counts.count(state))).collect();
    let last = counts.last_accepted.map_or_else(|| "never".into(), |at| at.to_string());
    let log = match counts.audit_waiting {
        0 => String::new(),
        count => format!("; {count} entries of the audit log on their way"),
    };
    output.say(&format!("{}; last accepted {last}{log}", words.join(", ")), &Value::Object(json));
}

/// What is known of the server once it was asked, on standard error: it is no part of the answer.
fn tell_server(state: &SyncState, output: &Output) {
    for finding in &state.findings {
        output.note(&super::sync_words::finding(finding));
    }
    if let Some(skew) = state.clock_skew_ms.filter(|skew| skew.unsigned_abs() > MOST_SKEW_MS) {
        let way = if skew < 0 { "behind" } else { "ahead of" };
        let seconds = skew.unsigned_abs() / 1_000;
        output.note(&format!("the server's clock is {seconds} s {way} this computer's: set this computer's clock"));
    }
    if state.waits_for_sign_in > 0 {
        let count = state.waits_for_sign_in;
        output.note(&format!("{count} records wait until whoever measured them signs in at the server, in the window"));
    }
}

/// A difference between the clocks that is worth a word.
const MOST_SKEW_MS: u64 = 120_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(by_state: &[(RowState, u64)]) -> OutboxCounts {
        OutboxCounts { by_state: by_state.to_vec(), ..OutboxCounts::default() }
    }

    #[test]
    fn it_ends_well_only_when_nothing_is_left_to_be_accepted() {
        let fine = SyncState::default();
        assert_eq!(all_accepted(&counts(&[(RowState::Accepted, 7), (RowState::Discarded, 1)]), &fine), Ok(()));
        for state in [RowState::Waiting, RowState::Sending, RowState::Refused, RowState::Held] {
            let left = counts(&[(RowState::Accepted, 7), (state, 1)]);
            assert_eq!(all_accepted(&left, &fine).unwrap_err().code, TRY_AGAIN, "{state}");
        }
    }

    /// A record that waits, with the last word on it.
    fn waits(attempts: u32, word: Option<(u16, &str, i64)>, next: Option<i64>) -> RowHead {
        let row = bedside_outbox::OutboxRow {
            attempts,
            outcome: word.map(|(status, text, at)| Outcome { status, text: text.into(), at: WallTime(at) }),
            next_attempt: next.map(WallTime),
            ..bedside_outbox::OutboxRow::new("Observation", Uuid::nil(), String::new(), WallTime(0))
        };
        RowHead::from(&row)
    }

    #[test]
    fn in_an_outage_the_status_says_when_it_was_tried_last_and_why_in_vain() {
        let open = [
            waits(1, Some((503, "maintenance", 1_000)), Some(9_000)),
            waits(2, Some((0, "the clinic's server cannot be reached: no route", 5_000)), Some(7_000)),
            waits(0, None, None),
        ];
        let counts = OutboxCounts { last_accepted: Some(WallTime(500)), ..OutboxCounts::default() };
        let tries = Tries::of(&open, &counts);
        let expected = [
            "last try 1970-01-01T00:00:05.000Z; last success 1970-01-01T00:00:00.500Z",
            "last fault 1970-01-01T00:00:05.000Z: no answer: the clinic's server cannot be reached: no route",
            "next try not before 1970-01-01T00:00:07.000Z",
        ];
        assert_eq!(tries.lines(), expected);
        assert_eq!(tries.json()["last_fault"]["status"], 0);
        assert_eq!(tries.json()["last_success"], "1970-01-01T00:00:00.500Z");
    }

    #[test]
    fn where_nothing_was_tried_or_all_is_done_there_is_no_fault() {
        let none = OutboxCounts::default();
        let new = Tries::of(&[waits(0, None, None)], &none);
        assert_eq!(
            new.lines(),
            ["last try never; last success never", "next try as soon as a window or `sync --once` sends"]
        );
        let done = Tries::of(&[], &OutboxCounts { last_accepted: Some(WallTime(0)), ..none });
        assert_eq!(done.lines(), ["last try 1970-01-01T00:00:00.000Z; last success 1970-01-01T00:00:00.000Z"]);
        assert_eq!(
            (done.json()["last_fault"].clone(), done.json()["next_attempt"].clone()),
            (Value::Null, Value::Null)
        );
    }

    #[test]
    fn what_the_server_did_not_answer_is_said_with_how_many_are_kept() {
        let state =
            SyncState { fault: Some(("SERVER-UNREACHABLE", "no route to host".into())), ..SyncState::default() };
        let failure = all_accepted(&counts(&[(RowState::Waiting, 3)]), &state).unwrap_err();
        assert_eq!(failure.code, UNAVAILABLE);
        assert!(failure.text.contains("SERVER-UNREACHABLE") && failure.text.contains("3 records are kept"));
    }
}
