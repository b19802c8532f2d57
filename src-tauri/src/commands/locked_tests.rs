//! Every command of the window, called as the window calls it, in each locked state: `LOCKED`, and nothing about a person.
//! The list is that of `build.rs`, so that a new command is in it or cannot be called. Not here: the console's own table.
use super::handler;
use crate::arguments::Arguments;
use crate::start::Shell;
use async_trait::async_trait;
use bedside_console::ports::*;
use clap::Parser;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tauri::ipc::{CallbackFn, InvokeBody, InvokeResponse, InvokeResponseBody};
use tauri::test::{INVOKE_KEY, MockRuntime, mock_builder, mock_context, noop_assets};
use tauri::webview::InvokeRequest;
use tauri::{App, Manager, WebviewWindow, WebviewWindowBuilder};

const FAMILY: &str = "ADEYEMI-TEST";
const RECORD_NUMBER: &str = "TST 4410 0187";
const PASSPHRASE: &str = "a quiet river";
/// A busy machine is slow; a command that waits for a person is another fault.
const PATIENCE: Duration = Duration::from_secs(30);

/// What answers in every state, because it opens, locks, captures or ends, and says nothing of a person.
const ALWAYS: [&str; 18] = [
    "start",
    "watch",
    "snapshot_shown",
    "frame_shown",
    "search",
    "capture",
    "create_vault",
    "sign_in",
    "open_by_itself",
    "recover",
    "lock_screen",
    "sign_out",
    "unlock_screen",
    "activity",
    "restore",
    "restore_without_slots",
    "restore_by_kit",
    "demo",
];

/// Arguments of the right shape, so that a command is not refused before it is asked whether it is locked.
fn arguments(command: &str) -> Value {
    let id = "00000000-0000-4000-8000-000000000001";
    let form = json!({ "user_name": "kaya", "display_name": "Dr Kaya", "roles": ["clinician"],
                       "passphrase": PASSPHRASE, "pin": null });
    match command {
        "watch" => json!({ "snapshots": "__CHANNEL__:7", "strips": "__CHANNEL__:8" }),
        "add_patient" => {
            json!({ "patient": { "record_number": RECORD_NUMBER, "family": FAMILY, "given": "Rosa",
                                 "birth_date": "1951-03-14", "sex": "female", "bed": "12B" } })
        }
        "open_patient" | "inbox" => json!({ "patient": null }),
        "search" => json!({ "seconds": 0 }),
        "capture" | "pair" | "pair_anew" => json!({ "peripheral": "sim:nothing" }),
        "bind" => json!({ "peripheral": "sim:strap-1", "patient": id }),
        "bind_known" => json!({ "device": id, "patient": id }),
        "unbind" | "fetch_records" => json!({ "device": id }),
        "confirm_user_slot" => json!({ "device": id, "slot": 1 }),
        "give_consent" => json!({ "device": id, "user": 1, "code": 1 }),
        "assign" => json!({ "readings": [id], "patient": id }),
        "acknowledge_interruption" => json!({ "bindAgain": false }),
        "answer_pairing" => json!({ "prompt": 1, "answer": { "answer": "reject" } }),
        "set_strips" => json!({ "strips": [] }),
        "trend_chart" => json!({ "patient": id, "range": "1h", "width": 10, "height": 10, "theme": "dark" }),
        "open_records" => json!({ "discarded": false }),
        "retry" | "record_receipt" | "export_record" | "conflict" => json!({ "record": id }),
        "discard_record" => json!({ "record": id, "reason": "typed wrongly", "withDependants": false }),
        "keep_theirs" => json!({ "record": id, "theirId": "a", "theirVersion": null }),
        "send_ours" => json!({ "record": id, "theirId": "a", "theirVersion": "1" }),
        "set_metered" => json!({ "on": true }),
        "orders" => json!({ "patient": id }),
        "decide_identity" => json!({ "question": "a", "shown": id, "choice": "different" }),
        "create_vault" | "enrol_first" | "add_clinician" => json!({ "form": form }),
        "recover" => json!({ "kit": "no kit", "form": form }),
        "sign_in" => json!({ "user": "kaya", "passphrase": PASSPHRASE }),
        "unlock_screen" => json!({ "user": "kaya", "pin": "482913" }),
        "break_glass" => json!({ "reason": "an emergency" }),
        "change_clinician" => json!({ "id": id, "displayName": "Dr Kaya", "roles": ["nurse"] }),
        "disable_clinician" => json!({ "id": id }),
        "change_passphrase" => json!({ "old": PASSPHRASE, "new": PASSPHRASE }),
        "reset_passphrase" => json!({ "id": id, "passphrase": PASSPHRASE }),
        "change_pin" => json!({ "passphrase": PASSPHRASE, "pin": "482913" }),
        "charted" => json!({ "patient": id, "limit": 10 }),
        "correct_reading" => {
            let value = json!({ "kind": "single", "number": "37.2", "unit": "Cel" });
            json!({ "reading": id, "value": value, "reason": "typed wrongly" })
        }
        "mark_strip" => json!({ "patient": id, "strip": "electrocardiogram", "seconds": 20 }),
        "confirm_reading" => json!({ "reading": id }),
        "reject_reading" => json!({ "reading": id, "reason": "typed wrongly" }),
        "restore" => json!({ "folder": null, "user": null, "passphrase": null }),
        "restore_without_slots" => json!({ "user": "kaya", "passphrase": PASSPHRASE }),
        "restore_by_kit" => json!({ "kit": "no kit" }),
        "audit_log" => json!({ "patient": null, "limit": 10 }),
        "demo" => json!({ "action": { "action": "measure", "device": "nothing" } }),
        _ => json!({}),
    }
}

/// The commands that `build.rs` declares: no other can be called.
fn declared() -> BTreeSet<String> {
    let text = include_str!("../../build.rs");
    let (_, list) = text.split_once("COMMANDS: &[&str] = &[").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    list.split(',').map(|name| name.trim().trim_matches('"').to_owned()).filter(|name| !name.is_empty()).collect()
}

struct Program {
    app: App<MockRuntime>,
    window: WebviewWindow<MockRuntime>,
    _data: tempfile::TempDir,
}

impl Program {
    /// The demo vault with one patient: it is locked like any other.
    fn with_a_patient() -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().display().to_string();
        let arguments = Arguments::parse_from(["bedside", "--simulated=calm", "--data-dir", &folder]);
        let shell = Shell::new(arguments).with_keys(Arc::new(KeysInMemory::default()));
        let app = mock_builder().manage(shell).invoke_handler(handler()).build(mock_context(noop_assets())).unwrap();
        let window = WebviewWindowBuilder::new(&app, "main", Default::default()).build().unwrap();
        let program = Self { app, window, _data: data };
        assert_eq!(program.call("start").unwrap()["state"], "running");
        assert_eq!(program.call("add_patient").unwrap()["family"], FAMILY);
        program
    }

    fn call(&self, command: &str) -> Result<Value, Value> {
        self.call_with(command, arguments(command))
    }

    fn call_with(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(arguments),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        let (tell, answer) = std::sync::mpsc::sync_channel(1);
        let answered = move |_: _, _: _, response: InvokeResponse, _: _, _: _| tell.send(response).unwrap();
        self.window.as_ref().clone().on_message(request, Box::new(answered));
        match answer.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{command} does not answer")) {
            InvokeResponse::Ok(InvokeResponseBody::Json(text)) => Ok(serde_json::from_str(&text).unwrap()),
            InvokeResponse::Ok(InvokeResponseBody::Raw(octets)) => {
                Ok(Value::String(String::from_utf8_lossy(&octets).into_owned()))
            }
            InvokeResponse::Err(error) => Err(error.0),
        }
    }

    /// Calls every command but those that would end the state.
    fn is_locked_everywhere_but(&self, ending_it: &[&str]) {
        for command in declared().into_iter().filter(|command| !ending_it.contains(&command.as_str())) {
            let answer = self.call(&command);
            let text = format!("{answer:?}");
            assert!(!text.contains(FAMILY) && !text.contains(RECORD_NUMBER), "{command} tells of a person: {text}");
            assert!(!text.contains(PASSPHRASE), "{command} gives a secret back: {text}");
            if !ALWAYS.contains(&command.as_str()) {
                let code = answer.as_ref().map_err(|error| error["code"].clone());
                assert_eq!(code, Err(json!("LOCKED")), "{command}");
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        tauri::async_runtime::block_on(self.app.state::<Shell>().close());
    }
}

#[test]
fn every_command_answers_locked_while_the_screen_is_locked() {
    let program = Program::with_a_patient();
    assert!(program.call("patients").unwrap().to_string().contains(FAMILY), "the control: it tells while it is open");
    program.call("lock_screen").unwrap();
    program.is_locked_everywhere_but(&["open_by_itself", "sign_out"]);
}

#[test]
fn every_command_answers_locked_while_the_vault_is_locked() {
    let program = Program::with_a_patient();
    program.call("sign_out").unwrap();
    program.is_locked_everywhere_but(&["open_by_itself"]);
}

#[test]
fn a_named_backup_is_found_while_the_vault_is_closed_and_a_foreign_folder_is_not() {
    let program = Program::with_a_patient();
    let made = program.call("back_up").unwrap();
    program.call("sign_out").unwrap();
    let restore = |folder: &Value| {
        let asked = json!({ "folder": folder, "user": "nobody", "passphrase": PASSPHRASE });
        program.call_with("restore", asked).unwrap_err()["code"].clone()
    };
    // It is looked for before anybody is: here nobody is enrolled, and that is what is told.
    assert_eq!(restore(&made["folder"]), "SECRET-WRONG");
    assert_eq!(restore(&json!("/nowhere")), "BACKUP");
}

#[test]
fn the_log_names_its_people_and_a_look_at_it_is_one_entry() {
    let program = Program::with_a_patient();
    let actions = || {
        let log = program.call("audit_log").unwrap();
        let lines = log.as_array().unwrap().iter();
        assert!(log.to_string().contains(FAMILY), "whom an entry is about");
        lines.map(|line| line["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    actions();
    assert!(!actions().contains(&"patients_listed".to_owned()), "nobody listed patients");
}

#[test]
fn a_page_that_begins_anew_does_not_undo_a_lock() {
    let program = Program::with_a_patient();
    program.call("sign_out").unwrap();
    assert_eq!(program.call("start").unwrap()["state"], "running");
    assert_eq!(program.call("patients").unwrap_err()["code"], "LOCKED");
    program.call("open_by_itself").unwrap();
    assert!(program.call("patients").unwrap().to_string().contains(FAMILY));
}

#[test]
fn every_declared_command_may_be_called_by_the_window() {
    let capability = include_str!("../../capabilities/main.json");
    for command in declared() {
        let permission = format!("\"allow-{}\"", command.replace('_', "-"));
        assert!(capability.contains(&permission), "{permission}");
    }
}

/// A keyring of this process.
#[derive(Default)]
struct KeysInMemory {
    secrets: Mutex<HashMap<VaultId, [u8; 32]>>,
    notes: Mutex<HashMap<(VaultId, KeyNote), String>>,
}

#[async_trait]
impl KeyStore for KeysInMemory {
    async fn probe(&self) -> Result<(), KeyFault> {
        Ok(())
    }

    async fn load(&self, vault: VaultId) -> Result<DeviceSecret, KeyFault> {
        self.secrets.lock().unwrap().get(&vault).map(|octets| DeviceSecret::new(*octets)).ok_or(KeyFault::NoEntry)
    }

    async fn create(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        self.replace(vault, secret).await
    }

    async fn replace(&self, vault: VaultId, secret: &DeviceSecret) -> Result<(), KeyFault> {
        self.secrets.lock().unwrap().insert(vault, *secret.reveal());
        Ok(())
    }

    async fn note(&self, vault: VaultId, note: KeyNote) -> Result<Option<String>, KeyFault> {
        Ok(self.notes.lock().unwrap().get(&(vault, note)).cloned())
    }

    async fn set_note(&self, vault: VaultId, note: KeyNote, text: &str) -> Result<(), KeyFault> {
        self.notes.lock().unwrap().insert((vault, note), text.to_owned());
        Ok(())
    }

    async fn forget(&self, vault: VaultId) -> Result<(), KeyFault> {
        self.secrets.lock().unwrap().remove(&vault);
        Ok(())
    }
}
