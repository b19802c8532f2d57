//! The main job through the program: simulated ward, real keyring, real SQLCipher vault, real FHIR engine, real time.
//! The ward's ledger is held against the export, and the export against what the server finds by its own search.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

#[path = "../../../../tests/src/canary.rs"]
#[allow(unreachable_pub, reason = "a library's module in the tests' package")]
mod canary;

use bedside_vitals::Decimal;
use canary::Canary;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const FAMILY: &str = "ZWICKELBRODT-TEST";
const RECORD_NUMBER: &str = "TST 7731 9042";
const BIRTH_DATE: &str = "1951-03-14";
/// Long enough for the first cuff and thermometer of the scenario and for a closed minute.
const SECONDS: &str = "60";

/// The demo clinic, ended with the test.
struct Clinic {
    process: Child,
    url: String,
}

impl Clinic {
    fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/clinic");
        if !folder.join("node_modules").exists() {
            return None;
        }
        let mut node = Command::new(std::env::var_os("BEDSIDE_NODE").unwrap_or_else(|| "node".into()));
        node.arg(folder.join("demo-clinic.mjs")).args(["0", "--until-stdin-closes"]);
        let mut process = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take()?).read_line(&mut line).ok()?;
        let url = line.trim().strip_prefix("ready on ")?.to_owned();
        Some(Self { process, url })
    }

    /// Every Observation, by pages.
    fn observations(&self) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let bundle = self.ask(&format!("Observation?_count=100&_offset={}", all.len()));
            let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
            if entries.is_empty() {
                return all;
            }
            all.extend(entries.into_iter().map(|entry| entry["resource"].clone()));
        }
    }
}

impl Clinic {
    /// One GET of our own, so that the answer does not come through the code under test. HTTP/1.0: the body ends with
    /// the connection.
    fn ask(&self, query: &str) -> Value {
        let (host, base) = self.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET /{base}/{query} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{head}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Laptop {
    folder: tempfile::TempDir,
}

impl Laptop {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedsidectl"));
        command.arg("--data-dir").arg(self.data()).arg("--simulated=calm").args(arguments);
        // Everything the program could write lies in one place that the search for names covers.
        for folder in ["HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            let path = self.folder.path().join(folder);
            std::fs::create_dir_all(&path).unwrap();
            command.env(folder, path);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "bedsidectl {arguments:?}: {words}");
        output
    }
}

/// Device, parameter, part, unit; and the numbers in order.
type Lines = BTreeMap<(String, String, String, String), Vec<String>>;

fn canonical(number: &str) -> String {
    number.parse::<Decimal>().map_or_else(|_| number.to_owned(), |decimal| decimal.rounded(3).to_string())
}

fn ledger(path: &Path) -> Lines {
    let mut lines = Lines::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["valid"], true, "the scenario damages nothing");
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        for value in entry["values"].as_array().unwrap() {
            let key =
                (text(&entry["device_serial"]), text(&value["parameter"]), text(&value["part"]), text(&value["unit"]));
            lines.entry(key).or_default().push(canonical(value["value"].as_str().unwrap()));
        }
    }
    lines
}

/// The rows of an export, by column.
fn export(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut table = csv::Reader::from_path(path).unwrap();
    table.deserialize().map(|row| row.unwrap()).collect()
}

fn exported(rows: &[BTreeMap<String, String>]) -> Lines {
    let mut lines = Lines::new();
    for row in rows {
        let key = (row["device_serial"].clone(), row["parameter"].clone(), row["part"].clone(), row["unit"].clone());
        lines.entry(key).or_default().push(canonical(&row["value"]));
    }
    lines
}

/// What the server must have: one Observation for each spot reading, one for each minute of each numeric stream.
fn expected_observations(rows: &[BTreeMap<String, String>]) -> (usize, BTreeMap<(String, String), BTreeSet<String>>) {
    let spot: BTreeSet<_> = rows
        .iter()
        .filter(|row| row["kind"] == "spot")
        .map(|row| (row["device_serial"].clone(), row["parameter"].clone(), row["identity"].clone()))
        .collect();
    let mut minutes: BTreeMap<(String, String, String), Vec<Decimal>> = BTreeMap::new();
    let summarised = ["heart_rate", "oxygen_saturation", "oximeter_pulse_rate", "pulse_amplitude_index"];
    for row in rows.iter().filter(|row| row["kind"] == "sample" && summarised.contains(&row["parameter"].as_str())) {
        let key = (row["device_serial"].clone(), row["parameter"].clone(), row["measured_at"][..16].to_owned());
        minutes.entry(key).or_default().push(row["value"].parse().unwrap());
    }
    let mut medians: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for ((_, parameter, minute), mut values) in minutes {
        values.sort_by(|a, b| a.to_f64().total_cmp(&b.to_f64()));
        let median = values[(values.len() - 1) / 2].rounded(3).to_string();
        medians.entry((parameter, minute)).or_default().insert(median);
    }
    (spot.len(), medians)
}

const CODES: [(&str, &str); 4] = [
    ("147842", "heart_rate"),
    ("150456", "oxygen_saturation"),
    ("149530", "oximeter_pulse_rate"),
    ("150320", "pulse_amplitude_index"),
];

fn filed_medians(observations: &[Value]) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut medians: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for observation in observations.iter().filter(|o| o.get("effectivePeriod").is_some()) {
        let codings = observation["code"]["coding"].as_array().unwrap();
        let has = |code: &str| codings.iter().any(|coding| coding["code"] == code);
        let (_, parameter) = CODES.iter().find(|(code, _)| has(code)).expect("a known code");
        let minute = observation["effectivePeriod"]["start"].as_str().unwrap()[..16].to_owned();
        let value = canonical(&observation["valueQuantity"]["value"].to_string());
        medians.entry(((*parameter).to_owned(), minute)).or_default().insert(value);
    }
    medians
}

#[test]
fn what_the_ward_sent_is_exported_and_filed_and_nothing_else() {
    let clinic = Clinic::start().expect("the demo clinic; `npm ci` in tests/clinic installs it");
    let laptop = Laptop { folder: tempfile::tempdir().unwrap() };
    let outside = tempfile::tempdir().unwrap();
    let (ledger_file, export_file) = (outside.path().join("ledger.jsonl"), outside.path().join("export.csv"));
    laptop.run(&["vault", "create"]);
    let person = ["--family", FAMILY, "--given", "Rosa", "--birth-date", BIRTH_DATE, "--sex", "female"];
    laptop.run(&[&["patients", "add", "--mrn", RECORD_NUMBER][..], &person].concat());
    let ledger_name = ledger_file.to_str().unwrap();
    let devices = ["Chest strap S1", "ECG sensor E1", "Oximeter P1", "Arm cuff C1", "Thermometer T1"];
    let mut record =
        vec!["--json", "record", "--patient", RECORD_NUMBER, "--seconds", SECONDS, "--ledger", ledger_name];
    record.extend(["--clinic", &clinic.url]);
    devices.iter().for_each(|device| record.extend(["--device", device]));
    let recorded = laptop.run(&record);

    laptop.run(&["readings", "export", "--format", "csv", "--out", export_file.to_str().unwrap()]);
    let rows = export(&export_file);
    let (sent, stored) = (ledger(&ledger_file), exported(&rows));
    assert!(sent.values().all(|values| !values.is_empty()));
    for (key, values) in &sent {
        let none = Vec::new();
        let found = stored.get(key).unwrap_or(&none);
        assert!(found == values, "{key:?}: sent {}, stored {}", values.len(), found.len());
    }
    assert!(stored.keys().eq(sent.keys()), "nothing else is stored");
    let printed = String::from_utf8(recorded.stdout).unwrap().lines().count();
    let numerics =
        rows.iter().filter(|row| !["beat_interval", "electrocardiogram"].contains(&row["parameter"].as_str()));
    let pressures = rows.iter().filter(|row| row["part"] == "systolic" || row["part"] == "mean").count();
    assert_eq!(printed, numerics.count() - pressures, "one line for each durable value");

    laptop.run(&["sync", "--once", "--clinic", &clinic.url]);
    let (spot, medians) = expected_observations(&rows);
    let observations = clinic.observations();
    let ids: BTreeSet<&str> = observations.iter().map(|o| o["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), observations.len(), "each once");
    assert!(spot > 0 && !medians.is_empty());
    let about = |observation: &Value| observation["subject"]["reference"].as_str().unwrap_or_default().to_owned();
    let (of_patient, of_devices): (Vec<Value>, Vec<Value>) =
        observations.iter().cloned().partition(|observation| about(observation).starts_with("Patient/"));
    let filed = of_patient.iter().filter(|o| o.get("effectivePeriod").is_none()).count();
    assert_eq!(filed, spot, "spot values one to one");
    assert_eq!(filed_medians(&of_patient), medians, "one median a minute, as recomputed from the export");
    // What devices said of themselves: a charge a connection, and the clock that a time was corrected by.
    assert!(of_devices.iter().all(|observation| about(observation).starts_with("Device/")));
    let of_code = |code: &str| of_devices.iter().filter(|o| o["code"]["coding"][0]["code"] == code).count();
    let (charges, clocks) = (of_code("67996"), of_code("67975"));
    assert!(charges >= devices.len() && clocks > 0, "{charges} charges, {clocks} clocks");
    assert_eq!(charges + clocks, of_devices.len());

    the_way_of_a_spot_value_is_told(&laptop, &observations);
    no_names_in_clear(laptop.folder.path(), &export_file);
    plain_sqlite_cannot_open(&laptop.data());
}

/// From the octets of the device to the id and version that the server knows.
fn the_way_of_a_spot_value_is_told(laptop: &Laptop, observations: &[Value]) {
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let output = laptop.run(&[&["--json", "sync"], arguments].concat());
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert!(lines(&["list"]).is_empty(), "everything is accepted");
    let accepted = lines(&["list", "--state", "accepted", "--limit", "500"]);
    let pressure = accepted.iter().find(|row| row["parameter"] == "blood_pressure").expect("the cuff has measured");
    let receipt = lines(&["receipt", pressure["id"].as_str().unwrap()]).remove(0);
    assert_eq!((&receipt["source"]["kind"], &receipt["patient"]), (&"reading".into(), &RECORD_NUMBER.into()));
    assert!(!receipt["source"]["frame"]["octets"].as_str().unwrap().is_empty());
    let there = receipt["record"]["server"]["id"].as_str().unwrap();
    let at_server = observations.iter().find(|observation| observation["id"] == there).expect("the server has it");
    let version = &receipt["record"]["server"]["version"];
    assert!(version.is_null() || *version == at_server["meta"]["versionId"], "not told, or the one there: {version}");
    let status = lines(&["status"]).remove(0);
    assert_eq!(status["accepted"], accepted.len());
    assert_eq!((&status["refused"], &status["next_attempt"]), (&0.into(), &Value::Null));
}

/// The family name, the record number and the birth date, as anything could have written them.
fn no_names_in_clear(root: &Path, export: &Path) {
    let canary = Canary(&[FAMILY, RECORD_NUMBER, BIRTH_DATE]);
    let found = canary.hits(root);
    assert!(found.is_empty(), "health data in clear: {found:?}");
    // The same search finds the record number in a plain export, and each disguise where it is planted.
    let control = canary.hits(export.parent().unwrap());
    assert!(control.iter().any(|hit| hit.contains(RECORD_NUMBER)), "the search itself works");
    assert!(canary.finds_what_is_planted(tempfile::tempdir().unwrap().path()));
}

fn plain_sqlite_cannot_open(data: &Path) {
    let vault = data.join("demo").join("vault.db");
    let head = std::fs::read(&vault).unwrap();
    assert!(!head.starts_with(b"SQLite format 3"));
    let output = Command::new("sqlite3").arg(&vault).arg("SELECT count(*) FROM sqlite_master").output();
    let output = output.expect("sqlite3; `cargo xtask test` installs it");
    assert!(!output.status.success(), "plain sqlite3 opened the vault");
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a database"));
}

#[test]
fn a_memory_from_before_the_binding_is_told_listed_and_assigned_once() {
    const METER: &str = "Glucose meter G1";
    let laptop = Laptop { folder: tempfile::tempdir().unwrap() };
    laptop.run(&["vault", "create"]);
    for number in [RECORD_NUMBER, "TST 2"] {
        let person = ["--family", FAMILY, "--given", "Rosa", "--birth-date", BIRTH_DATE];
        laptop.run(&[&["patients", "add", "--mrn", number][..], &person].concat());
    }
    // The meter is awake only after its first measurement; the strap keeps the command from giving up before.
    let devices = ["--device", METER, "--device", "Chest strap S1"];
    let recorded = laptop.run(&[&["record", "--patient", RECORD_NUMBER, "--seconds", "80"][..], &devices].concat());
    let list = |arguments: &[&str]| -> Vec<Value> {
        let output = laptop.run(&[&["--json", "readings", "list"], arguments].concat());
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let inbox = list(&["--unassigned"]);
    assert!(inbox.len() >= 50, "got {}", inbox.len());
    assert!(inbox.iter().all(|reading| reading["unassigned"] == "not_bound" && reading["device_name"] == METER));
    let told = String::from_utf8(recorded.stderr).unwrap();
    let count = inbox.len();
    let line = format!(
        "{count} readings are unassigned: measured before the device was bound; see `readings list --unassigned`"
    );
    assert!(told.contains(&line), "{told}");

    let code = |arguments: &[&str]| laptop.command(arguments).output().unwrap().status.code().unwrap();
    let assign = |number, device, more: &[&str]| {
        code(&[&["readings", "assign", "--patient", number, "--device", device][..], more].concat())
    };
    assert_eq!(assign("nobody", METER, &[]), 66);
    assert_eq!(assign(RECORD_NUMBER, "Glucose meter G9", &[]), 66);
    assert_eq!(assign(RECORD_NUMBER, METER, &["--since", "yesterday"]), 65);
    assert_eq!(code(&["readings", "assign", "--patient", RECORD_NUMBER]), 2, "no device said");
    let newest = inbox[0]["measured_at"].as_str().unwrap();
    assert_eq!(assign(RECORD_NUMBER, METER, &["--since", newest]), 0);
    assert_eq!(list(&["--unassigned"]).len(), count - 1);
    let id = inbox[0]["device"].as_str().unwrap();
    assert_eq!(assign(RECORD_NUMBER, id, &["--until", newest]), 0, "by id");
    assert!(list(&["--unassigned"]).is_empty());
    assert_eq!(assign("TST 2", METER, &[]), 66, "nothing is left for anybody else");
    let charted = list(&["--patient", RECORD_NUMBER]);
    assert!(charted.iter().filter(|reading| reading["device_name"] == METER).count() >= count);
    assert!(list(&["--patient", "TST 2"]).is_empty());
}

#[test]
fn faults_have_their_exit_codes_and_say_what_to_do() {
    let laptop = Laptop { folder: tempfile::tempdir().unwrap() };
    let code = |arguments: &[&str]| {
        let output = laptop.command(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(code(&["vault", "status"]).0, 73, "no vault yet");
    assert_eq!(code(&["--insecure"]).0, 2);
    let bad_policy = laptop.folder.path().join("policy.json");
    std::fs::write(&bad_policy, r#"{"freshness":{"streaming":{"live_s":60}}}"#).unwrap();
    let (status, words) = code(&["--policy", bad_policy.to_str().unwrap(), "vault", "status"]);
    assert_eq!(status, 65);
    assert!(words.contains("live_s"), "{words}");
    laptop.run(&["vault", "create"]);
    assert_eq!(code(&["vault", "create"]).0, 73, "never overwritten");
    assert_eq!(code(&["readings", "list", "--patient", "nobody"]).0, 66);
    assert_eq!(code(&["sync", "--once"]).0, 69, "no server configured");
    assert_eq!(code(&["sync", "--once", "--clinic", "https://clinic.example/fhir"]).0, 77, "demo data stay here");
    assert_eq!(code(&["sync", "receipt", "first"]).0, 65, "no id");
    assert_eq!(code(&["sync", "receipt", "00000000-0000-4000-8000-000000000001"]).0, 66);
    assert_eq!(code(&["sync", "retry"]).0, 2, "neither an id nor --all");
    for which in ["--all", "00000000-0000-4000-8000-000000000001"] {
        let (status, words) = code(&["sync", "retry", which]);
        assert!(status == 69 && words.contains("no clinic server"), "no server configured: {words}");
    }
    assert_eq!(code(&["sync", "list", "--state", "lost"]).0, 2);
    let mut holder = laptop.command(&["record", "--patient", "x", "--seconds", "30"]);
    laptop.run(&["patients", "add", "--mrn", "x", "--family", "A", "--given", "B", "--birth-date", "1950-01-01"]);
    let mut holder = holder.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(holder.stderr.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("recording"), "{first}");
    let (status, words) = code(&["sync", "--once", "--clinic", "http://127.0.0.1:9/fhir"]);
    assert_eq!(status, 75);
    assert!(words.contains("bedsidectl"), "the holder is named: {words}");
    laptop.run(&["vault", "status"]);
    laptop.run(&["sync", "status"]);
    let _ = holder.kill();
    let _ = holder.wait();
    let slots = laptop.data().join("demo").join("slots.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(&slots).unwrap()).unwrap();
    file["format"] = 99.into();
    std::fs::write(&slots, file.to_string()).unwrap();
    assert_eq!(code(&["vault", "status"]).0, 73);
}
