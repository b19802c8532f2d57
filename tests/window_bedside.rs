//! The real window through WebDriver: Tauri, WebKit, Svelte, console, ward, vault and keyring together.
//! Needs a screen, a Secret Service and a running WebKitWebDriver: `cargo xtask test` provides them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use bedside_tests::canary::Canary;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A busy machine without a graphics card is slow; nothing here is a measurement.
const PATIENCE: Duration = Duration::from_secs(60);
/// A value is lost a minute after the last one.
const UNTIL_LOST: Duration = Duration::from_secs(100);
const WHOLE_TEST: Duration = Duration::from_secs(270);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const RECORD_NUMBER: &str = "TST 4410 0187";
const FAMILY: &str = "ADEYEMI-TEST";
const BIRTH_DATE: &str = "1951-03-14";

struct Window {
    client: Client,
}

impl Window {
    /// Starts the program on the simulated ward in this data folder.
    async fn open(data: &Path) -> Self {
        let driver = std::env::var("BEDSIDE_WEBDRIVER").expect("the WebDriver's address; run `cargo xtask test`");
        let program = std::env::var("BEDSIDE_WINDOW").expect("the window's program; run `cargo xtask test`");
        let arguments = ["--simulated=calm".to_owned(), "--data-dir".to_owned(), data.display().to_string()];
        let capabilities = json!({
            "browserName": "wry",
            "webkitgtk:browserOptions": { "binary": program, "args": arguments },
        });
        let Value::Object(capabilities) = capabilities else { panic!("capabilities are an object") };
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let until = Instant::now() + PATIENCE;
        loop {
            let mut new = ClientBuilder::new(connector.clone());
            new.capabilities(capabilities.clone());
            match in_time("a new window", new.connect(&driver)).await {
                Ok(client) => return Self { client },
                // The driver may still be busy with the end of the window before.
                Err(error) => assert!(Instant::now() < until, "no window: {error}"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn at(testid: &str) -> String {
        format!("[data-testid='{testid}']")
    }

    async fn find(&self, testid: &str) -> fantoccini::elements::Element {
        let selector = Self::at(testid);
        let wait = self.client.wait().at_most(PATIENCE).every(LOOK_AGAIN);
        match wait.for_element(Locator::Css(&selector)).await {
            Ok(element) => element,
            Err(error) => {
                self.photograph("not-found").await;
                let page = self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap_or_default();
                panic!("{testid} did not appear ({error}); the page says:\n{page}");
            }
        }
    }

    async fn click(&self, testid: &str) {
        // The list may be drawn anew between finding and clicking.
        let until = Instant::now() + PATIENCE;
        while let Err(error) = in_time("a click", self.find(testid).await.click()).await {
            assert!(Instant::now() < until, "{testid} cannot be clicked: {error}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn fill(&self, testid: &str, text: &str) {
        in_time("typing", self.find(testid).await.send_keys(text)).await.unwrap();
    }

    /// Waits until a script gives true.
    async fn until(&self, what: &str, script: &str) {
        self.until_at_most(PATIENCE, what, script).await;
    }

    async fn until_at_most(&self, patience: Duration, what: &str, script: &str) {
        let until = Instant::now() + patience;
        while self.ask(script).await != json!(true) {
            if Instant::now() > until {
                self.photograph("waited").await;
                panic!("{what} did not happen; the page says:\n{}", self.ask("return document.body.innerText").await);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn ask(&self, script: &str) -> Value {
        in_time("a script", self.client.execute(script, vec![])).await.unwrap()
    }

    async fn is_shown(&self, testid: &str) -> bool {
        self.ask(&format!("return document.querySelector(\"{}\") !== null", Self::at(testid))).await == json!(true)
    }

    async fn until_fresh(&self, parameter: &str, state: &str) {
        let tile = Self::at(&format!("tile-{parameter}"));
        let script = format!("return document.querySelector(\"{tile}\")?.dataset.fresh === '{state}'");
        self.until_at_most(UNTIL_LOST, &format!("{parameter} {state}"), &script).await;
    }

    /// A command of the demo: silences a device, stops the event loop.
    async fn demo(&self, action: Value) {
        let script = "const done = arguments[1]; \
            window.__TAURI_INTERNALS__.invoke('demo', { action: arguments[0] }) \
                .then(() => done(''), (e) => done(JSON.stringify(e)))";
        let answer = in_time("a demo command", self.client.execute_async(script, vec![action])).await.unwrap();
        assert_eq!(answer, json!(""));
    }

    /// Nothing on the page as it is breaks a rule of accessibility.
    async fn is_accessible(&self, page: &str) {
        assert_eq!(self.axe().await, Vec::<String>::new(), "{page}");
    }

    /// Violations of the accessibility rules on the page as it is, by rule and place.
    async fn axe(&self) -> Vec<String> {
        let source = std::fs::read_to_string(root().join("ui/node_modules/axe-core/axe.min.js")).unwrap();
        self.ask(&source).await;
        let run = "const done = arguments[0]; axe.run(document).then(r => done(r.violations.map(v => \
            v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))), e => done(['axe failed: ' + e]))";
        let found = in_time("axe", self.client.execute_async(run, vec![])).await.unwrap();
        serde_json::from_value(found).unwrap()
    }

    async fn photograph(&self, name: &str) {
        let folder = root().join("target/window-tests");
        std::fs::create_dir_all(&folder).unwrap();
        if let Ok(png) = in_time("a picture", self.client.screenshot()).await {
            std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        }
    }

    /// Presses the button of the themes; the strips, which the console draws, come in the new colours, too.
    async fn next_theme(&self, name: &str) {
        self.click("theme").await;
        let strip = Self::at("strip-trend");
        let script = format!(
            "const strip = document.querySelector(\"{strip}\"); \
             const [r, g, b] = strip.querySelector('canvas').getContext('2d').getImageData(2, 2, 1, 1).data; \
             return document.documentElement.dataset.theme === '{name}' \
                 && getComputedStyle(strip).backgroundColor === `rgb(${{r}}, ${{g}}, ${{b}})`"
        );
        self.until(&format!("theme {name}"), &script).await;
    }

    /// Shows the trend of the last hour until its heart rate is drawn on both sides of the silence.
    async fn until_trend_has_its_gap(&self) {
        self.click("nav-trends").await;
        self.click("range-1h").await;
        let chart = Self::at("trend-chart");
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
        while self.ask(&picture).await != json!(true) {
            if Instant::now() > until {
                self.photograph("no-gap").await;
                panic!("the trend shows no gap of the heart rate");
            }
            self.click("trend-again").await;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Ends the window as a power failure would: the driver kills the program.
    async fn kill(self, data: &Path) {
        in_time("the driver's end of the window", self.client.close()).await.ok();
        until_vault_is_free(data).await;
    }

    /// Asks the program to end, as the system does at its own end.
    async fn terminate(self, data: &Path) {
        let process = process_on(data);
        let asked = std::process::Command::new("sh").args(["-c", &format!("kill -TERM {process}")]).status().unwrap();
        assert!(asked.success());
        until_vault_is_free(data).await;
        // The driver learns only by this that its window is gone.
        in_time("the driver's end of the window", self.client.close()).await.ok();
    }
}

/// Columns of the picture that hold names and scales, in pixels.
const RIGHT_OF_NAMES: u32 = 130;
/// A silence of a minute is 17 pixels of an hour wide at the smallest window.
const LEAST_GAP: u32 = 8;

/// Every step has an end.
async fn in_time<T>(what: &str, step: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, step).await {
        Ok(done) => done,
        Err(_) => panic!("{what} took too long"),
    }
}

/// The next start needs to be the vault's one writer.
async fn until_vault_is_free(data: &Path) {
    let lock = std::fs::File::options().write(true).open(data.join("demo/vault.lock")).unwrap();
    let until = Instant::now() + PATIENCE;
    while lock.try_lock().is_err() {
        assert!(Instant::now() < until, "the program did not let go of its vault");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The process that was started on this data folder.
fn process_on(data: &Path) -> u32 {
    let program = std::env::var("BEDSIDE_WINDOW").unwrap();
    let is_ours = |id: &u32| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.first() == Some(&program.as_bytes()) && words.contains(&data.as_os_str().as_encoded_bytes())
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let mut ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.find(is_ours).expect("the window's process")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
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
    let window = Window::open(data.path()).await;
    first_patient_and_devices(&window).await;
    live_values_in_every_theme(&window).await;
    silent_device(&window).await;
    silent_console(&window).await;
    window.kill(data.path()).await;

    let window = Window::open(data.path()).await;
    after_an_interruption(&window).await;
    window.terminate(data.path()).await;

    let window = Window::open(data.path()).await;
    open_patient(&window).await;
    assert!(!window.is_shown("notice-interrupted").await, "an end that the system asked for was taken for a failure");
    window.until_trend_has_its_gap().await;
    let home = home_of(process_on(data.path()));
    // Before the end, too: what is deleted at the end was there all the while.
    no_names_in_clear(&[data.path(), &home]);
    window.kill(data.path()).await;
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
    window.until_fresh("heart_rate", "live").await;
    window.until_fresh("oxygen_saturation", "live").await;
    let value = Window::at("tile-heart_rate");
    let is_number = format!("return /[0-9]{{2,3}}/.test(document.querySelector(\"{value}\").innerText)");
    window.until("a number", &is_number).await;
    window.is_accessible("bedside, dark").await;
    window.photograph("bedside-live").await;
    for theme in ["light", "high_contrast", "night", "dark"] {
        window.next_theme(theme).await;
        window.is_accessible(&format!("bedside, {theme}")).await;
        window.photograph(&format!("bedside-{theme}")).await;
    }
}

async fn silent_device(window: &Window) {
    window.demo(json!({ "action": "silence_device", "device": "strap-1" })).await;
    window.until_fresh("heart_rate", "stale").await;
    window.photograph("bedside-stale").await;
    window.until_fresh("heart_rate", "lost").await;
    window.until_fresh("oxygen_saturation", "live").await;
    window.is_accessible("bedside with a lost value").await;
    window.photograph("bedside-lost").await;
    window.demo(json!({ "action": "resume_device", "device": "strap-1" })).await;
    window.until_fresh("heart_rate", "live").await;
    window.until_trend_has_its_gap().await;
}

async fn silent_console(window: &Window) {
    window.click("nav-bedside").await;
    window.until_fresh("heart_rate", "live").await;
    window.demo(json!({ "action": "halt_console" })).await;
    window.find("notice-silent").await;
    window.until_fresh("heart_rate", "lost").await;
    window.until_fresh("oxygen_saturation", "lost").await;
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
    window.until_trend_has_its_gap().await;
    window.is_accessible("trends page").await;
    window.photograph("trend-after-reopening").await;
    window.click("nav-sync").await;
    window.is_accessible("sync page").await;
    window.photograph("sync").await;
    window.click("bind-again").await;
    window.click("nav-bedside").await;
    window.until_fresh("heart_rate", "live").await;
    window.until_fresh("oxygen_saturation", "live").await;
}
