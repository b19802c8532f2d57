//! A real vault in the real window, with a real keyring: first run, kit, lock, user switch, emergency access, sign-out, wrong
//! passphrase, access log, check, backup, and a keyring that is gone. Not here: the ward and its values (`window_bedside`).
//! Needs a screen and the programs of a session: `cargo xtask test` provides them. The desk is the test's own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use bedside_tests::canary::Canary;
use bedside_tests::desk::{Bus, Home, Unlock, WebDriver, start_keyring};
use bedside_tests::window::{Opening, Window};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const WHOLE_TEST: Duration = Duration::from_secs(240);
const RECORD_NUMBER: &str = "TST 7731 0246";
const FAMILY: &str = "BRANDVOLD-TEST";
const BIRTH_DATE: &str = "1944-08-29";
const REASON: &str = "collapse at bed four, nobody of the ward in reach";
const WRONG: &str = "violet kettle of the south";
/// Sizes of windows that a picture is taken of: the smallest of the design, and the usual one.
const SIZES: [(u32, u32); 2] = [(1280, 800), (1920, 1080)];
const THEMES: [&str; 2] = ["dark", "light"];

/// Somebody who signs in.
struct Person {
    user: &'static str,
    name: &'static str,
    passphrase: &'static str,
    pin: &'static str,
    role: &'static str,
}

const FIRST: Person = Person {
    user: "o.berg",
    name: "Oda Berg",
    passphrase: "violet kettle of the north",
    pin: "704913",
    role: "administrator",
};
const NURSE: Person = Person {
    user: "n.okafor",
    name: "Ngozi Okafor",
    passphrase: "nine lanterns by the harbour",
    pin: "318846",
    role: "nurse",
};
const SUPPORT: Person = Person {
    user: "it.desk",
    name: "Ivo Tamm",
    passphrase: "copper gate behind a hedge",
    pin: "962057",
    role: "it_support",
};

#[tokio::test]
async fn a_real_vault_is_made_locked_shared_looked_after_and_never_made_anew() {
    tokio::time::timeout(WHOLE_TEST, keep_a_vault()).await.expect("an end in time");
}

async fn keep_a_vault() {
    let place = tempfile::tempdir().unwrap();
    let (home, data) = (Home::new(&place.path().join("home")), place.path().join("data"));
    let bus = Bus::start(&home);
    let keyring = start_keyring(&home, &bus, Unlock::Password);
    let driver = WebDriver::start(&home, &bus);
    let open = || Window::open(Opening { driver: driver.address(), data: &data, vault: "vault", arguments: &[] });

    let window = open().await;
    let kit = first_run(&window).await;
    first_patient(&window).await;
    colleagues(&window).await;
    locked_is_locked(&window).await;
    the_same_page_after_the_pin(&window).await;
    another_user(&window, &NURSE).await;
    emergency_access(&window).await;
    signed_out(&window).await;
    wrong_passphrase(&window).await;
    who_looked(&window).await;
    check_and_back_up(&window).await;
    nothing_in_clear(&[&data, home.folder()], &kit);
    window.terminate().await;

    drop(keyring);
    let before = files(&data.join("vault"));
    let window = open().await;
    keyring_is_gone(&window).await;
    untouched(&before, &files(&data.join("vault")));
    let _keyring = start_keyring(&home, &bus, Unlock::Password);
    window.click("keyring-again").await;
    sign_in(&window, &FIRST).await;
    window.until_says("user-menu", FIRST.name).await;
    open_patient(&window).await;
    look(&window, "27-keyring-is-back").await;
    window.terminate().await;
    nothing_in_clear(&[&data, home.folder()], &kit);
}

/// The first administrator is enrolled; the kit is shown once and typed back. It is returned.
async fn first_run(window: &Window) -> String {
    window.find("first-run").await;
    look(window, "01-first-run").await;
    window.fill("first-user", FIRST.user).await;
    window.fill("first-name", FIRST.name).await;
    secrets(window, "first", &FIRST).await;
    look(window, "02-first-run-filled").await;
    window.click("first-save").await;

    window.find("kit-page").await;
    look(window, "03-kit").await;
    let groups =
        window.ask("return [...document.querySelectorAll(\"[data-testid='kit-groups'] b\")].map(b => b.innerText)");
    let groups: Vec<String> = serde_json::from_value(groups.await).unwrap();
    assert_eq!(groups.len(), 14, "{groups:?}");
    let asked = window.ask("return document.querySelector(\"label[for='kit-check']\").innerText").await;
    let asked: usize =
        asked.as_str().unwrap().chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    window.fill("kit-check", "22222").await;
    window.click("kit-done").await;
    window.find("kit-check-fault").await;
    look(window, "04-kit-mistyped").await;
    window.clear("kit-check").await;
    window.fill("kit-check", &groups[asked - 1].to_lowercase()).await;
    window.click("kit-done").await;

    window.find("add-patient-open").await;
    let page = window.ask("return document.documentElement.outerHTML").await;
    assert!(!page.as_str().unwrap().contains(&groups[asked - 1]), "the kit is still in the document");
    look(window, "05-signed-in").await;
    groups.join("-")
}

async fn first_patient(window: &Window) {
    window.click("add-patient-open").await;
    let fields = [("family", FAMILY), ("given", "Liv"), ("birth_date", BIRTH_DATE), ("record_number", RECORD_NUMBER)];
    for (field, text) in fields.into_iter().chain([("bed", "4A")]) {
        window.fill(&format!("add-{field}"), text).await;
    }
    window.click("add-save").await;
    open_patient(window).await;
    look(window, "06-bedside").await;
}

async fn colleagues(window: &Window) {
    window.click("nav-settings").await;
    window.click("section-clinicians").await;
    for who in [&NURSE, &SUPPORT] {
        window.click("clinician-add").await;
        window.fill("new-user", who.user).await;
        window.fill("new-name", who.name).await;
        window.click("role-clinician").await;
        window.click(&format!("role-{}", who.role)).await;
        secrets(window, "new", who).await;
        if who.user == NURSE.user {
            look(window, "07-colleague").await;
        }
        window.click("new-save").await;
        window.find(&format!("clinician-{}", who.user)).await;
    }
    look(window, "08-clinicians").await;
    window.click("nav-bedside").await;
    window.find("identity-banner").await;
}

/// With the hot key. The page is thrown away with all it held; neither the document, nor the window's title, nor what the
/// web view stores, nor a command holds the patient.
async fn locked_is_locked(window: &Window) {
    let canary = Canary(&[FAMILY, RECORD_NUMBER, BIRTH_DATE]);
    assert_ne!(canary.hits_in("the page before", &everything(window).await), Vec::<String>::new());
    assert_eq!(window.ask("window.heldBefore = true; return window.heldBefore").await, json!(true));
    lock(window).await;
    window.until("the page was loaded anew", "return window.heldBefore === undefined").await;
    window.find("screen-unlock").await;
    assert_eq!(canary.hits_in("the locked page", &everything(window).await), Vec::<String>::new());
    assert_eq!(canary.hits_in("windows", &titles()), Vec::<String>::new());
    for command in ["patients", "inbox", "clinicians", "vault_state"] {
        let answer = window.invoke(command, json!({})).await;
        assert_eq!(answer.unwrap_err()["code"], json!("LOCKED"), "{command}");
    }
    look(window, "09-locked").await;
}

async fn the_same_page_after_the_pin(window: &Window) {
    window.fill("unlock-pin", "704914").await;
    window.click("unlock-go").await;
    window.find("unlock-pin-fault").await;
    look(window, "10-wrong-pin").await;
    window.fill("unlock-pin", FIRST.pin).await;
    window.click("unlock-go").await;
    window.find("bedside").await;
    window.until_says("identity-banner", RECORD_NUMBER).await;
}

/// The screen is locked and a colleague unlocks it with their own PIN.
async fn another_user(window: &Window, who: &Person) {
    lock(window).await;
    window.click("unlock-other").await;
    window.fill("unlock-user", who.user).await;
    window.fill("unlock-pin", who.pin).await;
    if who.user == NURSE.user {
        look(window, "11-other-user").await;
    }
    window.click("unlock-go").await;
    window.until_says("user-menu", who.name).await;
    look(window, &format!("12-as-{}", who.role)).await;
}

/// IT support sees no patient until they say why; then everything under a red banner, until they end it.
async fn emergency_access(window: &Window) {
    // The nurse looks at the patient first.
    open_patient(window).await;
    another_user(window, &SUPPORT).await;
    window.click("nav-patients").await;
    window.find("refused").await;
    let canary = Canary(&[FAMILY, RECORD_NUMBER, BIRTH_DATE]);
    assert_eq!(canary.hits_in("the page of IT support", &everything(window).await), Vec::<String>::new());
    window.click("break-glass").await;
    window.fill("break-glass-reason", REASON).await;
    look(window, "13-emergency-reason").await;
    window.click("break-glass-next").await;
    look(window, "14-emergency-question").await;
    window.click("break-glass-confirm").await;
    window.find("break-glass-banner").await;
    open_patient(window).await;
    look(window, "15-emergency").await;
    window.click("break-glass-end").await;
    window.find("refused").await;
}

async fn signed_out(window: &Window) {
    window.click("user-menu").await;
    look(window, "16-user-menu").await;
    window.click("menu-sign-out").await;
    window.find("sign-in").await;
    let canary = Canary(&[FAMILY, RECORD_NUMBER, BIRTH_DATE]);
    assert_eq!(canary.hits_in("the closed page", &everything(window).await), Vec::<String>::new());
    // Everybody who was enrolled meanwhile is offered.
    window.find(&format!("user-{}", NURSE.user)).await;
    look(window, "17-closed").await;
}

async fn wrong_passphrase(window: &Window) {
    window.fill("sign-in-user", FIRST.user).await;
    window.fill("sign-in-passphrase", WRONG).await;
    window.click("sign-in-go").await;
    window.find("sign-in-passphrase-fault").await;
    window.until_says("sign-in-state", "Tries left before this sign-in is disabled: 9.").await;
    look(window, "18-wrong-passphrase").await;
    window.fill("sign-in-passphrase", FIRST.passphrase).await;
    window.click("sign-in-go").await;
    window.until_says("user-menu", FIRST.name).await;
}

/// Everybody's looks at the patient, that in the emergency with its reason.
async fn who_looked(window: &Window) {
    open_patient(window).await;
    window.click("access-log-open").await;
    window.find("access-log").await;
    for words in [FIRST.name, NURSE.name, SUPPORT.name, "emergency"] {
        window.until_says("access-log", words).await;
    }
    look(window, "19-access-log").await;
    window.click("access-log-close").await;
}

async fn check_and_back_up(window: &Window) {
    window.click("nav-settings").await;
    window.click("section-record").await;
    let said = |words: &str| {
        format!("return document.querySelector(\"{}\").innerText !== '{words}'", Window::at("record-said"))
    };
    window.click("check-vault").await;
    window.until("the check's answer", &said("")).await;
    let checked =
        window.ask(&format!("return document.querySelector(\"{}\").innerText", Window::at("record-said"))).await;
    window.click("back-up").await;
    window.until("the backup's answer", &said(checked.as_str().unwrap())).await;
    window.until("a backup", "return document.querySelectorAll(\"tr[data-testid^='backup-']\").length > 0").await;
    look(window, "20-record").await;
    window.click("section-audit").await;
    window.until_says("settings", REASON).await;
    window.click("audit-verify").await;
    window.find("audit-verdict").await;
    look(window, "21-audit").await;
    let sound = window.invoke("verify_audit", json!({})).await.unwrap();
    assert_eq!(sound["state"], json!("sound"), "{sound}");
    for (section, picture) in [("me", "22-me"), ("policy", "23-policy"), ("about", "24-about")] {
        window.click(&format!("section-{section}")).await;
        look(window, picture).await;
    }
}

/// Which fault it is, and what can be done about it.
async fn keyring_is_gone(window: &Window) {
    window.find("sign-in").await;
    window.fill("sign-in-user", FIRST.user).await;
    window.fill("sign-in-passphrase", FIRST.passphrase).await;
    window.click("sign-in-go").await;
    window.find("keyring-fault").await;
    let code = format!("return document.querySelector(\"{}\").dataset.code", Window::at("keyring-fault"));
    assert_eq!(window.ask(&code).await, json!("KEY-NONE"));
    look(window, "25-no-keyring").await;
    window.click("keyring-recover").await;
    window.find("recover-page").await;
    look(window, "26-recover").await;
    window.click("recover-back").await;
    window.find("keyring-fault").await;
}

async fn secrets(window: &Window, form: &str, who: &Person) {
    for (field, text) in
        [("passphrase", who.passphrase), ("again", who.passphrase), ("pin", who.pin), ("pin-again", who.pin)]
    {
        window.fill(&format!("{form}-{field}"), text).await;
    }
}

async fn sign_in(window: &Window, who: &Person) {
    window.fill("sign-in-user", who.user).await;
    window.fill("sign-in-passphrase", who.passphrase).await;
    window.click("sign-in-go").await;
}

/// A record that is open already, as after a resume, shows itself.
async fn open_patient(window: &Window) {
    window.click("nav-patients").await;
    let row = Window::at(&format!("patient-row-{RECORD_NUMBER}"));
    let bedside = Window::at("bedside");
    window.until("the patient", &format!("return document.querySelector(\"{row}, {bedside}\") !== null")).await;
    if !window.is_shown("bedside").await {
        window.click(&format!("patient-row-{RECORD_NUMBER}")).await;
    }
    window.find("bedside").await;
}

/// Locks by the hot key and waits for a page that can be typed into.
async fn lock(window: &Window) {
    window.press('l').await;
    window.find("locked-page").await;
    window.find("screen-unlock").await;
}

/// Pictures for a person to look at, in every size and colours; and in each, nothing breaks a rule of accessibility.
async fn look(window: &Window, name: &str) {
    for (width, height) in SIZES {
        window.resize(width, height).await;
        for theme in THEMES {
            // By the page's own switch and not by its button: that would need a way past every dialog.
            window.ask(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
            window
                .until("colours at rest", "return document.getAnimations().every(each => each.playState !== 'running')")
                .await;
            window.photograph(&format!("vault/{name}-{width}-{theme}")).await;
            if width == SIZES[0].0 {
                window.is_accessible(&format!("{name}, {theme}")).await;
            }
        }
        window.ask("document.documentElement.dataset.theme = 'dark'").await;
    }
    let (width, height) = SIZES[0];
    window.resize(width, height).await;
}

/// The document with what is typed in it, its title and address, and all that the web view stores for it.
async fn everything(window: &Window) -> Vec<u8> {
    let script = "const fields = [...document.querySelectorAll('input, select, textarea')].map(each => each.value); \
        return [document.documentElement.outerHTML, document.title, location.href, JSON.stringify(history.state), \
            document.cookie, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), ...fields] \
            .join('\\n')";
    let Value::String(text) = window.ask(script).await else { panic!("the page is no text") };
    text.into_bytes()
}

/// The titles of all windows on this screen, as the window manager and any other program sees them.
fn titles() -> Vec<u8> {
    let tree = Command::new("xwininfo").args(["-root", "-tree"]).output().expect("xwininfo");
    assert!(String::from_utf8_lossy(&tree.stdout).contains("\"Bedside\""), "no window of the program");
    tree.stdout
}

/// Vault, logs, web view's data and cache, keyring: no name, no passphrase, no kit in any of them.
fn nothing_in_clear(folders: &[&Path], kit: &str) {
    let plain = kit.replace('-', "");
    let secrets = [FIRST.passphrase, NURSE.passphrase, SUPPORT.passphrase, WRONG, kit, &plain];
    let words: Vec<&str> = [FAMILY, RECORD_NUMBER, BIRTH_DATE, REASON].into_iter().chain(secrets).collect();
    let canary = Canary(&words);
    for folder in folders {
        let found = canary.hits(folder);
        assert!(found.is_empty(), "in clear: {found:?}");
    }
    assert!(canary.finds_what_is_planted(tempfile::tempdir().unwrap().path()));
}

/// Nothing of the vault is other than it was. That somebody tried is a new file of the spool.
fn untouched(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>) {
    let names: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    for name in names.into_iter().filter(|name| before.get(*name) != after.get(*name)) {
        let is_new_in_spool =
            !before.contains_key(name) && name.parent().is_some_and(|folder| folder.ends_with("spool"));
        assert!(is_new_in_spool, "{} was touched without the keyring", name.display());
    }
}

/// What a vault's folder holds, but the lock, which names who holds it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("vault.lock") {
                found.insert(path.clone(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
