//! The real window through WebDriver: Tauri, WebKit, Svelte, console, ward, vault and keyring together.
//! Needs a screen, a Secret Service and a running WebKitWebDriver: `cargo xtask test` provides them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use bedside_tests::canary::Canary;
use bedside_tests::window::{LOOK_AGAIN, Opening, PATIENCE, Window};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A value is lost a minute after the last one.
const UNTIL_LOST: Duration = Duration::from_secs(100);
const WHOLE_TEST: Duration = Duration::from_secs(270);
const RECORD_NUMBER: &str = "TST 4410 0187";
const FAMILY: &str = "ADEYEMI-TEST";
const BIRTH_DATE: &str = "1951-03-14";

/// The simulated ward in the demo vault of this data folder.
async fn open(data: &Path) -> Window {
    let driver = std::env::var("BEDSIDE_WEBDRIVER").expect("the WebDriver's address; run `cargo xtask test`");
    Window::open(Opening { driver: &driver, data, vault: "demo", arguments: &["--simulated=calm"] }).await
}

async fn until_fresh(window: &Window, parameter: &str, state: &str) {
    let tile = Window::at(&format!("tile-{parameter}"));
    let script = format!("return document.querySelector(\"{tile}\")?.dataset.fresh === '{state}'");
    window.until_at_most(UNTIL_LOST, &format!("{parameter} {state}"), &script).await;
}

/// A command of the demo: silences a device, stops the event loop.
async fn demo(window: &Window, action: Value) {
    assert_eq!(window.invoke("demo", json!({ "action": action })).await, Ok(Value::Null));
}

/// Presses the button of the themes; the strips, which the console draws, come in the new colours, too.
async fn next_theme(window: &Window, name: &str) {
    window.click("theme").await;
    let strip = Window::at("strip-trend");
    let script = format!(
        "const strip = document.querySelector(\"{strip}\"); \
         const [r, g, b] = strip.querySelector('canvas').getContext('2d').getImageData(2, 2, 1, 1).data; \
         return document.documentElement.dataset.theme === '{name}' \
             && getComputedStyle(strip).backgroundColor === `rgb(${{r}}, ${{g}}, ${{b}})`"
    );
    window.until(&format!("theme {name}"), &script).await;
}

/// Columns of the picture that hold names and scales, in pixels.
const RIGHT_OF_NAMES: u32 = 130;
/// A silence of a minute is 17 pixels of an hour wide at the smallest window.
const LEAST_GAP: u32 = 8;

/// Shows the trend of the last hour until its heart rate is drawn on both sides of the silence.
async fn until_trend_has_its_gap(window: &Window) {
    window.click("nav-trends").await;
    window.click("range-1h").await;
    let chart = Window::at("trend-chart");
    let picture = format!(
        "const canvas = document.querySelector(\"{chart} canvas\"); \
         if (!canvas?.width) return false; \
         const {{ width, height }} = canvas; \
         const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data; \
         const isHeart = (i) => {{ \
             const [red, green, blue] = pixels.subarray(i, i + 3); \
             return green > 140 && green - red > 60 && green - blue > 40; \
         }}; \
         let last, widest = 0; \
         for (let x = {RIGHT_OF_NAMES}; x < width; x++) {{ \
             let drawn = false; \
             for (let y = 0; y < height && !drawn; y++) drawn = isHeart(4 * (y * width + x)); \
             if (drawn && last !== undefined) widest = Math.max(widest, x - last - 1); \
             if (drawn) last = x; \
         }} \
         return widest >= {LEAST_GAP}"
    );
    let until = Instant::now() + PATIENCE;
    while window.ask(&picture).await != json!(true) {
        if Instant::now() > until {
            window.photograph("no-gap").await;
            panic!("the trend shows no gap of the heart rate");
        }
        window.click("trend-again").await;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn add_patient(window: &Window) {
    window.click("add-patient-open").await;
    for (field, text) in [
        ("family", FAMILY),
        ("given", "Rosa"),
        ("birth_date", BIRTH_DATE),
        ("record_number", RECORD_NUMBER),
        ("bed", "12B"),
    ] {
        window.fill(&format!("add-{field}"), text).await;
    }
    window.click("add-save").await;
}

async fn bind(window: &Window, device: &str) {
    search(window).await;
    choose(window, device).await;
    window.click("bind-compared").await;
    window.click("bind-confirm").await;
    window.find(&format!("unbind-{device}")).await;
}

/// A row moves when a device above it is heard for the first time: then the click missed it.
async fn choose(window: &Window, device: &str) {
    let panel = Window::at("bind-panel");
    let chosen = format!("return document.querySelector(\"{panel} h2\")?.innerText.includes('{device}') ?? false");
    let until = Instant::now() + PATIENCE;
    while window.ask(&chosen).await != json!(true) {
        assert!(Instant::now() < until, "{device} cannot be chosen");
        window.click(&format!("bind-{device}")).await;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Searches, unless a search is going on.
async fn search(window: &Window) {
    window.click("nav-devices").await;
    if !window.is_shown("search-stop").await {
        window.click("search").await;
    }
}

async fn open_patient(window: &Window) {
    window.click(&format!("patient-row-{RECORD_NUMBER}")).await;
    window.find("bedside").await;
}

#[tokio::test]
async fn a_patient_is_watched_from_the_first_start_to_a_trend_with_its_gap() {
    tokio::time::timeout(WHOLE_TEST, watch_a_patient()).await.expect("an end in time");
}

async fn watch_a_patient() {
    let data = tempfile::tempdir().unwrap();
    let window = open(data.path()).await;
    first_patient_and_devices(&window).await;
    live_values_in_every_theme(&window).await;
    silent_device(&window).await;
    silent_console(&window).await;
    window.kill().await;

    let window = open(data.path()).await;
    after_an_interruption(&window).await;
    window.terminate().await;

    let window = open(data.path()).await;
    open_patient(&window).await;
    assert!(!window.is_shown("notice-interrupted").await, "an end that the system asked for was taken for a failure");
    until_trend_has_its_gap(&window).await;
    let home = home_of(window.process());
    // Before the end, too: what is deleted at the end was there all the while.
    no_names_in_clear(&[data.path(), &home]);
    window.kill().await;
    no_names_in_clear(&[data.path(), &home]);
}

/// The home in which the program and its web processes leave data, cache and logs: one that nobody else uses.
fn home_of(process: u32) -> PathBuf {
    let own = std::env::var("BEDSIDE_WINDOW_HOME").expect("the window's home; run `cargo xtask test`");
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let expected = format!("HOME={own}");
    assert!(environment.split(|byte| *byte == 0).any(|variable| variable == expected.as_bytes()), "another home");
    own.into()
}

/// Vault, logs, WebKit's data and cache: everything that the program and its web processes wrote.
fn no_names_in_clear(folders: &[&Path]) {
    let canary = Canary(&[FAMILY, RECORD_NUMBER, BIRTH_DATE]);
    for folder in folders {
        let found = canary.hits(folder);
        assert!(found.is_empty(), "health data in clear: {found:?}");
    }
    assert!(canary.finds_what_is_planted(tempfile::tempdir().unwrap().path()));
}

async fn first_patient_and_devices(window: &Window) {
    window.find("demo-banner").await;
    window.is_accessible("patients page").await;
    search(window).await;
    window.find("device-row-Chest strap S1").await;
    window.is_accessible("devices page without a patient").await;
    window.click("nav-patients").await;
    add_patient(window).await;
    window.find(&format!("patient-row-{RECORD_NUMBER}")).await;
    window.photograph("patients").await;
    open_patient(window).await;
    window.find("identity-banner").await;
    bind(window, "Chest strap S1").await;
    bind(window, "Oximeter P1").await;
    window.is_accessible("devices page").await;
    window.photograph("devices").await;
}

async fn live_values_in_every_theme(window: &Window) {
    window.click("nav-bedside").await;
    until_fresh(window, "heart_rate", "live").await;
    until_fresh(window, "oxygen_saturation", "live").await;
    let value = Window::at("tile-heart_rate");
    let is_number = format!("return /[0-9]{{2,3}}/.test(document.querySelector(\"{value}\").innerText)");
    window.until("a number", &is_number).await;
    window.is_accessible("bedside, dark").await;
    window.photograph("bedside-live").await;
    for theme in ["light", "high_contrast", "night", "dark"] {
        next_theme(window, theme).await;
        window.is_accessible(&format!("bedside, {theme}")).await;
        window.photograph(&format!("bedside-{theme}")).await;
    }
}

async fn silent_device(window: &Window) {
    demo(window, json!({ "action": "silence_device", "device": "strap-1" })).await;
    until_fresh(window, "heart_rate", "stale").await;
    window.photograph("bedside-stale").await;
    until_fresh(window, "heart_rate", "lost").await;
    until_fresh(window, "oxygen_saturation", "live").await;
    window.is_accessible("bedside with a lost value").await;
    window.photograph("bedside-lost").await;
    demo(window, json!({ "action": "resume_device", "device": "strap-1" })).await;
    until_fresh(window, "heart_rate", "live").await;
    until_trend_has_its_gap(window).await;
}

async fn silent_console(window: &Window) {
    window.click("nav-bedside").await;
    until_fresh(window, "heart_rate", "live").await;
    demo(window, json!({ "action": "halt_console" })).await;
    window.find("notice-silent").await;
    until_fresh(window, "heart_rate", "lost").await;
    until_fresh(window, "oxygen_saturation", "lost").await;
    window.photograph("console-silent").await;
    window.is_accessible("silent console").await;
}

async fn after_an_interruption(window: &Window) {
    open_patient(window).await;
    window.find("notice-interrupted").await;
    let tile = Window::at("tile-oxygen_saturation");
    window.find("tile-oxygen_saturation").await;
    let freshness = window.ask(&format!("return document.querySelector(\"{tile}\").dataset.fresh")).await;
    assert!(
        [json!("stale"), json!("lost")].contains(&freshness),
        "a value from before the interruption is {freshness}"
    );
    until_trend_has_its_gap(window).await;
    window.is_accessible("trends page").await;
    window.photograph("trend-after-reopening").await;
    window.click("nav-sync").await;
    window.is_accessible("sync page").await;
    window.photograph("sync").await;
    window.click("bind-again").await;
    window.click("nav-bedside").await;
    until_fresh(window, "heart_rate", "live").await;
    until_fresh(window, "oxygen_saturation", "live").await;
}
