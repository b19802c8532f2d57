//! `sync` and `sync status`.
//! Exit 0 only when nothing is waiting, refused or held.
use crate::arguments::{Sync, SyncCommand};
use crate::failure::{Failure, TRY_AGAIN, UNAVAILABLE};
use crate::output::Output;
use crate::reader::Reader;
use crate::screen::Screen;
use crate::sign_in::{self, Who};
use bedside_assembly::{Place, Start};
use bedside_console::ports::{Answer, Query};
use bedside_console::{AuditAction, OutboxCounts, Permission};
use bedside_outbox::{OutboxRow, RowState};
use serde_json::{Value, json};

pub(crate) async fn run(place: &Place, who: &Who, arguments: &Sync, output: &Output) -> Result<(), Failure> {
    match arguments.command {
        Some(SyncCommand::Status) => status(place, who, output).await,
        None => once(place, who, arguments, output).await,
    }
}

async fn once(place: &Place, who: &Who, arguments: &Sync, output: &Output) -> Result<(), Failure> {
    let (screen, _values, snapshots) = Screen::new();
    let start = Start { clinic: arguments.clinic.clone(), display: screen, ledger: None };
    let running = sign_in::open(place, who, start).await?;
    let counts = running.console.sync_until_quiet().await;
    let fault = snapshots.borrow().as_ref().and_then(|snapshot| snapshot.sync.fault.clone());
    running.close().await;
    let counts = counts?;
    say(&counts, output);
    let open: u64 = RowState::ALL.into_iter().filter(|s| *s != RowState::Accepted).map(|s| counts.count(s)).sum();
    match (open, fault) {
        (0, _) => Ok(()),
        (_, Some((code, text))) => {
            Err(Failure::new(UNAVAILABLE, format!("{code}: {text}; {open} records are kept here")))
        }
        (_, None) => Err(Failure::new(TRY_AGAIN, format!("{open} records are not accepted yet; see `sync status`"))),
    }
}

async fn status(place: &Place, who: &Who, output: &Output) -> Result<(), Failure> {
    let reader = Reader::open(place, who, &[Permission::ReadRecords]).await?;
    let store = reader.store();
    if let Answer::OutboxCounts(counts) = store.read(Query::OutboxCounts).await? {
        say(&counts, output);
    }
    let states = vec![RowState::Refused, RowState::Held];
    if let Answer::OutboxRows(rows) = store.read(Query::OutboxRows { states, limit: 100 }).await? {
        reader.looked(AuditAction::OutboxSeen, None, rows.len()).await?;
        for row in &rows {
            say_row(row, output);
        }
    }
    reader.close().await
}

fn say(counts: &OutboxCounts, output: &Output) {
    let mut json: serde_json::Map<String, Value> =
        RowState::ALL.into_iter().map(|state| (state.name().to_owned(), json!(counts.count(state)))).collect();
    json.insert("oldest_open".into(), json!(counts.oldest_open.map(|at| at.to_string())));
    json.insert("last_accepted".into(), json!(counts.last_accepted.map(|at| at.to_string())));
    let words: Vec<String> =
        RowState::ALL.into_iter().map(|state| format!("{} {state}", counts.count(state))).collect();
    let last = counts.last_accepted.map_or_else(|| "never".into(), |at| at.to_string());
    output.say(&format!("{}; last accepted {last}", words.join(", ")), &Value::Object(json));
}

fn say_row(row: &OutboxRow, output: &Output) {
    let reason =
        row.outcome.as_ref().map_or_else(String::new, |outcome| format!("{} {}", outcome.status, outcome.text));
    let json = json!({
        "id": row.id.0.to_string(), "resource": format!("{}/{}", row.resource_type, row.resource_id),
        "state": row.state.name(), "attempts": row.attempts, "reason": reason,
    });
    output.say(&format!("{} {}/{}: {reason}", row.state, row.resource_type, row.resource_id), &json);
}
