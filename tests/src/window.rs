//! The real window driven through WebDriver: found, clicked, typed into, asked, photographed, ended.
//! What is done with it is the tests' business; where its keyring and its screen come from, `desk`'s and the caller's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a window that does not do what is asked fails the test"
)]
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a step may take. A busy machine without a graphics card is slow; nothing here is a measurement.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often a step looks again.
pub const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How a window is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The address of the WebDriver that starts it.
    pub driver: &'a str,
    /// Its data folder.
    pub data: &'a Path,
    /// The folder of its vault, in the data folder.
    pub vault: &'a str,
    /// What it is told besides its data folder.
    pub arguments: &'a [&'a str],
}

/// A window that is open.
pub struct Window {
    client: Client,
    data: PathBuf,
    lock: PathBuf,
}

impl Window {
    /// Starts the program.
    pub async fn open(opening: Opening<'_>) -> Self {
        let Opening { driver, data, vault, arguments } = opening;
        let mut words: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        words.extend(["--data-dir".to_owned(), data.display().to_string()]);
        let capabilities = json!({
            "browserName": "wry",
            "webkitgtk:browserOptions": { "binary": program(), "args": words },
        });
        let Value::Object(capabilities) = capabilities else { panic!("capabilities are an object") };
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let until = Instant::now() + PATIENCE;
        loop {
            let mut new = ClientBuilder::new(connector.clone());
            new.capabilities(capabilities.clone());
            match in_time("a new window", new.connect(driver)).await {
                Ok(client) => {
                    return Self { client, data: data.to_owned(), lock: data.join(vault).join("vault.lock") };
                }
                // The driver may still be busy with the end of the window before.
                Err(error) => assert!(Instant::now() < until, "no window: {error}"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The selector of what bears a test's name.
    #[must_use]
    pub fn at(testid: &str) -> String {
        format!("[data-testid='{testid}']")
    }

    /// Waits until something is on the page.
    pub async fn find(&self, testid: &str) -> Element {
        let selector = Self::at(testid);
        let wait = self.client.wait().at_most(PATIENCE).every(LOOK_AGAIN);
        match wait.for_element(Locator::Css(&selector)).await {
            Ok(element) => element,
            Err(error) => {
                self.photograph("not-found").await;
                panic!("{testid} did not appear ({error}); the page says:\n{}", self.ask(WORDS).await);
            }
        }
    }

    /// Clicks it as soon as it can be clicked.
    pub async fn click(&self, testid: &str) {
        // The list may be drawn anew between finding and clicking.
        let until = Instant::now() + PATIENCE;
        while let Err(error) = in_time("a click", self.find(testid).await.click()).await {
            assert!(Instant::now() < until, "{testid} cannot be clicked: {error}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Types into a field.
    pub async fn fill(&self, testid: &str, text: &str) {
        in_time("typing", self.find(testid).await.send_keys(text)).await.unwrap();
    }

    /// Empties a field.
    pub async fn clear(&self, testid: &str) {
        in_time("emptying a field", self.find(testid).await.clear()).await.unwrap();
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: char) {
        let keys =
            KeyActions::new("keys".to_owned()).then(KeyAction::Down { value: key }).then(KeyAction::Up { value: key });
        in_time("a key", self.client.perform_actions(keys)).await.unwrap();
    }

    /// Waits until a script gives true.
    pub async fn until(&self, what: &str, script: &str) {
        self.until_at_most(PATIENCE, what, script).await;
    }

    /// The same with a patience of its own.
    pub async fn until_at_most(&self, patience: Duration, what: &str, script: &str) {
        let until = Instant::now() + patience;
        while self.ask(script).await != json!(true) {
            if Instant::now() > until {
                self.photograph("waited").await;
                panic!("{what} did not happen; the page says:\n{}", self.ask(WORDS).await);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until the page says something in this place.
    pub async fn until_says(&self, testid: &str, words: &str) {
        let script = format!("return document.querySelector(\"{}\")?.innerText.includes('{words}')", Self::at(testid));
        self.until(&format!("\"{words}\" in {testid}"), &script).await;
    }

    /// What a script gives. A page that is being loaded anew, as at each lock, is asked again.
    pub async fn ask(&self, script: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            match in_time("a script", self.client.execute(script, vec![])).await {
                Ok(value) => return value,
                Err(error) => assert!(Instant::now() < until, "the page does not answer: {error}"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Whether something is on the page now.
    pub async fn is_shown(&self, testid: &str) -> bool {
        self.ask(&format!("return document.querySelector(\"{}\") !== null", Self::at(testid))).await == json!(true)
    }

    /// What a command answers: its result, or its error as the page gets it.
    pub async fn invoke(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let script = "const done = arguments[2]; window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]) \
                .then((answer) => done([answer]), (error) => done([null, error]))";
        let answer = self.client.execute_async(script, vec![json!(command), arguments]);
        let answer: Vec<Value> = serde_json::from_value(in_time("a command", answer).await.unwrap()).unwrap();
        answer.get(1).map_or_else(|| Ok(answer[0].clone()), |error| Err(error.clone()))
    }

    /// Nothing on the page as it is breaks a rule of accessibility.
    pub async fn is_accessible(&self, page: &str) {
        assert_eq!(self.axe().await, Vec::<String>::new(), "{page}");
    }

    /// Violations of the accessibility rules on the page as it is, by rule and place.
    async fn axe(&self) -> Vec<String> {
        if self.ask("return typeof axe === 'undefined'").await == json!(true) {
            let source = std::fs::read_to_string(root().join("ui/node_modules/axe-core/axe.min.js")).unwrap();
            self.ask(&source).await;
        }
        let run = "const done = arguments[0]; axe.run(document).then(r => done(r.violations.map(v => \
            v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))), e => done(['axe failed: ' + e]))";
        let found = in_time("axe", self.client.execute_async(run, vec![])).await.unwrap();
        serde_json::from_value(found).unwrap()
    }

    /// Makes it so large.
    pub async fn resize(&self, width: u32, height: u32) {
        in_time("another size", self.client.set_window_size(width, height)).await.unwrap();
        self.until("another size", &format!("return innerWidth === {width} && innerHeight === {height}")).await;
    }

    /// Leaves a picture for a person to look at.
    pub async fn photograph(&self, name: &str) {
        let file = root().join("target/window-tests").join(format!("{name}.png"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        // A picture comes with the next drawing, and a page on which nothing moves is never drawn again.
        self.ask("window.testTicks = setInterval(() => document.body.style.opacity = document.body.style.opacity ? '' : '0.999', 40)").await;
        if let Ok(png) = in_time("a picture", self.client.screenshot()).await {
            std::fs::write(file, png).unwrap();
        }
        self.ask("clearInterval(window.testTicks); document.body.style.opacity = ''").await;
    }

    /// The process of the program.
    #[must_use]
    pub fn process(&self) -> u32 {
        let program = program();
        let is_ours = |id: &u32| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            words.first() == Some(&program.as_bytes()) && words.contains(&self.data.as_os_str().as_encoded_bytes())
        };
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let mut ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.find(is_ours).expect("the window's process")
    }

    /// Ends the window as a power failure would: the driver kills the program.
    pub async fn kill(self) {
        in_time("the driver's end of the window", self.client.close()).await.ok();
        until_free(&self.lock).await;
    }

    /// Asks the program to end, as the system does at its own end.
    pub async fn terminate(self) {
        let asked =
            std::process::Command::new("sh").args(["-c", &format!("kill -TERM {}", self.process())]).status().unwrap();
        assert!(asked.success());
        until_free(&self.lock).await;
        // The driver learns only by this that its window is gone.
        in_time("the driver's end of the window", self.client.close()).await.ok();
    }
}

/// All that the page shows.
const WORDS: &str = "return document.body.innerText";

/// Every step has an end.
async fn in_time<T>(what: &str, step: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, step).await {
        Ok(done) => done,
        Err(_) => panic!("{what} took too long"),
    }
}

/// The next start needs to be the vault's one writer. A program that made no vault holds none.
async fn until_free(lock: &Path) {
    let Ok(lock) = std::fs::File::options().write(true).open(lock) else { return };
    let until = Instant::now() + PATIENCE;
    while lock.try_lock().is_err() {
        assert!(Instant::now() < until, "the program did not let go of its vault");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn program() -> String {
    std::env::var("BEDSIDE_WINDOW").expect("the window's program; run `cargo xtask test`")
}

/// The checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
