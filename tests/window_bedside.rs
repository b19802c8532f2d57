//! The real window through WebDriver: Tauri, WebKit, Svelte, console, ward, vault and keyring together.
//! Needs a screen, a Secret Service and a running WebKitWebDriver: `cargo xtask test` provides them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A busy machine without a graphics card is slow; nothing here is a measurement.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

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
        let mut last = None;
        for _ in 0..3 {
            match ClientBuilder::new(connector.clone()).capabilities(capabilities.clone()).connect(&driver).await {
                Ok(client) => return Self { client },
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("no window: {last:?}");
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
        while let Err(error) = self.find(testid).await.click().await {
            assert!(Instant::now() < until, "{testid} cannot be clicked: {error}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn fill(&self, testid: &str, text: &str) {
        self.find(testid).await.send_keys(text).await.unwrap();
    }

    /// Waits until a script gives true.
    async fn until(&self, what: &str, script: &str) {
        let until = Instant::now() + 2 * PATIENCE;
        while self.ask(script).await != json!(true) {
            if Instant::now() > until {
                self.photograph("waited").await;
                let tiles = self.ask("return [...document.querySelectorAll('.tile')].map(t => t.innerText)").await;
                panic!("{what} did not happen; tiles: {tiles}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn ask(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    async fn until_fresh(&self, parameter: &str, state: &str) {
        let tile = Self::at(&format!("tile-{parameter}"));
        let script = format!("return document.querySelector(\"{tile}\")?.dataset.fresh === '{state}'");
        self.until(&format!("{parameter} {state}"), &script).await;
    }

    /// A command of the demo: silences a device, stops the event loop.
    async fn demo(&self, action: Value) {
        let script = "const done = arguments[1]; \
            window.__TAURI_INTERNALS__.invoke('demo', { action: arguments[0] }).then(() => done(''), (e) => done(JSON.stringify(e)))";
        let answer = self.client.execute_async(script, vec![action]).await.unwrap();
        assert_eq!(answer, json!(""));
    }

    /// Violations of the accessibility rules on the page as it is, by rule and place.
    async fn axe(&self) -> Vec<String> {
        let source = std::fs::read_to_string(root().join("ui/node_modules/axe-core/axe.min.js")).unwrap();
        self.client.execute(&source, vec![]).await.unwrap();
        let run = "const done = arguments[0]; axe.run(document).then(r => done(r.violations.map(v => \
            v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))), e => done(['axe failed: ' + e]))";
        let found = self.client.execute_async(run, vec![]).await.unwrap();
        serde_json::from_value(found).unwrap()
    }

    async fn photograph(&self, name: &str) {
        let folder = root().join("target/window-tests");
        std::fs::create_dir_all(&folder).unwrap();
        if let Ok(png) = self.client.screenshot().await {
            std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        }
    }

    async fn theme(&self, name: &str) {
        self.ask(&format!("document.documentElement.dataset.theme = '{name}'")).await;
    }

    /// Closes the window as a person would; the program commits and ends.
    async fn close(self, data: &Path) {
        self.client.close_window().await.ok();
        self.client.close().await.ok();
        // The next start needs the vault's one writer: wait until the lock is free.
        let lock = std::fs::File::options().write(true).open(data.join("demo/vault.lock")).unwrap();
        let until = Instant::now() + PATIENCE;
        while lock.try_lock().is_err() {
            assert!(Instant::now() < until, "the program did not let go of its vault");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

async fn add_patient(window: &Window) {
    window.click("add-patient-open").await;
    for (field, text) in [
        ("family", "ADEYEMI-TEST"),
        ("given", "Rosa"),
        ("birth_date", "1951-03-14"),
        ("record_number", "TST 4410 0187"),
        ("bed", "12B"),
    ] {
        window.fill(&format!("add-{field}"), text).await;
    }
    window.click("add-save").await;
}

async fn bind(window: &Window, device: &str) {
    window.click("nav-devices").await;
    window.click("search").await;
    window.click(&format!("bind-{device}")).await;
    window.click("bind-compared").await;
    window.click("bind-confirm").await;
    window.find(&format!("unbind-{device}")).await;
}

#[tokio::test]
async fn a_patient_is_watched_from_the_first_start_to_a_trend_with_its_gap() {
    let data = tempfile::tempdir().unwrap();
    let window = Window::open(data.path()).await;
    window.find("demo-banner").await;
    assert_eq!(window.axe().await, Vec::<String>::new(), "patients page");
    add_patient(&window).await;
    window.click("patient-row-TST 4410 0187").await;
    window.find("identity-banner").await;
    bind(&window, "Chest strap S1").await;
    bind(&window, "Oximeter P1").await;
    assert_eq!(window.axe().await, Vec::<String>::new(), "devices page");
    window.click("nav-bedside").await;
    window.until_fresh("heart_rate", "live").await;
    window.until_fresh("oxygen_saturation", "live").await;
    let value = Window::at("tile-heart_rate");
    window
        .until("a number", &format!("return /[0-9]{{2,3}}/.test(document.querySelector(\"{value}\").innerText)"))
        .await;
    assert_eq!(window.axe().await, Vec::<String>::new(), "bedside page, dark");
    window.photograph("bedside-live").await;
    window.theme("light").await;
    assert_eq!(window.axe().await, Vec::<String>::new(), "bedside page, light");
    window.photograph("bedside-light").await;
    window.theme("dark").await;

    window.demo(json!({ "action": "silence_device", "device": "strap-1" })).await;
    window.until_fresh("heart_rate", "stale").await;
    window.until_fresh("heart_rate", "lost").await;
    window.until_fresh("oxygen_saturation", "live").await;
    window.photograph("bedside-lost").await;
    window.demo(json!({ "action": "resume_device", "device": "strap-1" })).await;
    window.until_fresh("heart_rate", "live").await;

    window.demo(json!({ "action": "halt_console" })).await;
    window.find("notice-silent").await;
    window.until_fresh("oxygen_saturation", "lost").await;
    window.photograph("console-silent").await;
    assert_eq!(window.axe().await, Vec::<String>::new(), "silent console");
    window.close(data.path()).await;

    let window = Window::open(data.path()).await;
    window.click("patient-row-TST 4410 0187").await;
    window.find("bedside").await;
    window.until_fresh("oxygen_saturation", "lost").await;
    window.click("nav-trends").await;
    window.find("trend-chart").await;
    let drawn = format!(
        "const canvas = document.querySelector(\"{} canvas\") ?? document.querySelector(\"canvas{}\"); if (!canvas) return false; \
         const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data; \
         const colours = new Set(); for (let i = 0; i < pixels.length; i += 4) colours.add(pixels[i] << 16 | pixels[i+1] << 8 | pixels[i+2]); \
         return colours.size > 8",
        Window::at("trend-chart"),
        Window::at("trend-chart"),
    );
    window.until("a drawn trend", &drawn).await;
    window.photograph("trend-after-reopening").await;
    assert_eq!(window.axe().await, Vec::<String>::new(), "trends page");
    window.close(data.path()).await;
}
