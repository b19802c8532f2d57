//! The JSON Schema of the policy file, for editors and fleet tools: generated here, committed in `assets/policy`.
//! Test code only. The reading itself is in `policy.rs`; the tests below hold both together.
extern crate std;

use crate::{Limits, LogLevel, Policy, PolicyFault};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// The policy of a Bedside fleet. Everything is optional.
#[derive(JsonSchema)]
#[schemars(title = "Bedside policy", deny_unknown_fields)]
#[allow(dead_code)]
struct PolicyDocument {
    /// Base address of the clinic's FHIR R4 server. HTTPS; plain HTTP only for localhost, 127.0.0.1 and [::1].
    #[schemars(extend("pattern" = "^(https://|http://(localhost|127\\.|\\[::1\\]))"))]
    server_url: Option<String>,
    /// The URI that names the clinic's record numbers (FHIR Identifier.system).
    #[schemars(extend("pattern" = "^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$"))]
    patient_identifier_system: Option<String>,
    /// Absolute path of a PEM file with the authority that signs the server's certificate.
    private_ca_file: Option<String>,
    /// How to sign in to the server (OAuth 2.0, SMART App Launch); null for not at all.
    sign_in: Option<SignInDocument>,
    /// The certificate by which this computer shows itself to the server (mutual TLS).
    client_certificate: Option<ClientCertificateDocument>,
    /// The proxy through which the server is reached, such as http://proxy.clinic.example:3128; "none" for none whatever the system says; null for the system's.
    #[schemars(extend("pattern" = "^(none|https?://[^@/\\s]+/?)$"))]
    proxy: Option<String>,
    /// Whether the network costs by the octet: then waveforms wait (default false).
    metered: bool,
    /// Whether the entries of the audit log go to the server too, as AuditEvents, one to a request (default false). Scopes that sign_in names must then let them be written and searched.
    audit_to_server: bool,
    /// Whether a person confirms each spot value: the server has it as preliminary until it is confirmed or corrected, and as final from the first where not (default false).
    review_spot_values: bool,
    /// Whose patients are fetched from the server: exactly one of encounter_location, group, list and search; null for nobody's.
    worklist: Option<WorklistDocument>,
    /// How old is too old, in whole seconds. A policy may tighten the built-in limits, never loosen them.
    freshness: Freshness,
    /// Limits of advisories by parameter; null means no limit on that side.
    limits: LimitsByParameter,
    /// How long what is kept. Readings are never discarded.
    retention: RetentionDocument,
    /// Whether the clocks of devices that are off are set, after they were read (default true).
    set_device_clocks: bool,
    /// The least important messages that are logged (default info). No level logs health data.
    log_level: LogLevelName,
    /// IT's X25519 public key in base64. Every vault gets a recovery slot sealed to it. Without it a recovery kit is printed.
    #[schemars(extend("pattern" = "^[A-Za-z0-9+/]{43}=$"))]
    recovery_public_key: Option<String>,
    /// When the screen and the vault lock by themselves, in whole seconds. No policy switches a lock off.
    lock: LockDocument,
    /// Whether a locked screen shows values by bed label, without any identifier of a person (default false).
    watch_display: bool,
    /// Whether records can be opened in an emergency, with a reason, by somebody whose role does not allow it (default true).
    break_glass: bool,
    /// For how many hours (default 4).
    #[schemars(range(min = 1, max = 4))]
    break_glass_hours: u32,
    /// Whether data may leave the vault in files (default true).
    export: bool,
    /// When and where backups are made.
    backup: BackupDocument,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct SignInDocument {
    /// The client id under which the server knows Bedside; must be there.
    #[schemars(extend("pattern" = "^[!-~]{1,200}$"))]
    client_id: String,
    /// The scopes that are asked for, separated by spaces; null for what sync needs.
    scopes: Option<String>,
    /// Absolute path of this computer's private key (EC P-384, PKCS #8, PEM), not readable by everybody: the computer signs in by itself (Backend Services). Null: each person signs in, in the browser.
    machine_key_file: Option<String>,
    /// Its id in the key set that the server knows; together with machine_key_file.
    #[schemars(extend("pattern" = "^[!-~]{1,200}$"))]
    machine_key_id: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct WorklistDocument {
    /// The id of a Location of the server: whoever has an encounter in progress there.
    #[schemars(extend("pattern" = "^[A-Za-z0-9.-]{1,64}$"))]
    encounter_location: Option<String>,
    /// The id of a Group of the server: its members.
    #[schemars(extend("pattern" = "^[A-Za-z0-9.-]{1,64}$"))]
    group: Option<String>,
    /// The id of a List of the server: its items.
    #[schemars(extend("pattern" = "^[A-Za-z0-9.-]{1,64}$"))]
    list: Option<String>,
    /// A search for Patient, the part behind the question mark, such as active=true&general-practitioner=Practitioner/7.
    #[schemars(extend("pattern" = "^[!-~]{3,500}$"))]
    search: Option<String>,
    /// Minutes between two downloads while the vault is open (default 15).
    #[schemars(range(min = 2, max = 1440))]
    every_minutes: u32,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct ClientCertificateDocument {
    /// Absolute path of a PEM file with the certificate and its chain; must be there.
    certificate_file: String,
    /// Absolute path of a PEM file with its private key; must be there.
    key_file: String,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct LockDocument {
    /// Nobody touched the window for so long: the screen locks (default 300).
    #[schemars(range(min = 60, max = 1800))]
    screen_idle_s: u32,
    /// So long before, the screen says so (default 60).
    #[schemars(range(min = 10, max = 120))]
    warning_s: u32,
    /// Nobody touched it for so long: the vault locks and a passphrase is needed (default 1800).
    #[schemars(range(min = 300, max = 43200))]
    vault_idle_s: u32,
    /// One sign-in lasts at most so long (default 43200).
    #[schemars(range(min = 900, max = 43200))]
    absolute_s: u32,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct BackupDocument {
    /// Minutes between two backups (default 15).
    #[schemars(range(min = 5, max = 1440))]
    every_minutes: u32,
    /// Absolute path of their folder; null for a folder beside the vault.
    folder: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct Freshness {
    /// Values that stream.
    streaming: Streaming,
    /// Single measurements: these are never live.
    spot: Spot,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct Streaming {
    /// Live to this age.
    #[schemars(range(min = 1, max = 5))]
    live_s: u32,
    /// Recent to this age.
    #[schemars(range(min = 1, max = 15))]
    recent_s: u32,
    /// Stale to this age, then lost.
    #[schemars(range(min = 1, max = 60))]
    stale_s: u32,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct Spot {
    /// Recent to this age.
    #[schemars(range(min = 1, max = 900))]
    recent_s: u32,
    /// Stale to this age, then lost.
    #[schemars(range(min = 1, max = 3600))]
    stale_s: u32,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct LimitsByParameter {
    /// Beats a minute (default 50 to 110).
    heart_rate: LimitDocument,
    /// Pulses a minute (default 50 to 110).
    oximeter_pulse_rate: LimitDocument,
    /// Pulses a minute (default none).
    cuff_pulse_rate: LimitDocument,
    /// Percent (default from 94).
    oxygen_saturation: LimitDocument,
    /// Percent (default none).
    pulse_amplitude_index: LimitDocument,
    /// Systolic pressure in mmHg (default 100 to 160).
    blood_pressure: LimitDocument,
    /// Degrees Celsius (default 36.0 to 38.5).
    body_temperature: LimitDocument,
    /// Breaths a minute (default none).
    respiration_rate: LimitDocument,
    /// Milligrams in a decilitre, whatever the meter's unit (default 70 to 180).
    blood_glucose: LimitDocument,
    /// Milligrams in a decilitre, whatever the sensor's unit (default 70 to 180).
    interstitial_glucose: LimitDocument,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Limit")]
#[allow(dead_code)]
struct LimitDocument {
    /// A value above it raises an advisory; null for none.
    #[schemars(range(min = 0, max = 300))]
    upper: Option<f64>,
    /// A value below it raises an advisory; null for none.
    #[schemars(range(min = 0, max = 300))]
    lower: Option<f64>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, inline)]
#[allow(dead_code)]
struct RetentionDocument {
    /// Days that the raw bytes of streams are kept (default 90); null for ever.
    #[schemars(range(min = 1, max = 3650))]
    raw_frames_days: Option<u32>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
#[allow(dead_code)]
enum LogLevelName {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

fn generated() -> Value {
    let mut schema = schemars::schema_for!(PolicyDocument);
    // Types without `Option` would be required; here everything is optional and `Option` means that null is a word.
    RecursiveTransform(|part: &mut Schema| drop(part.remove("required"))).transform(&mut schema);
    schema.to_value()
}

fn members(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(ToString::to_string).collect()
}

#[test]
fn the_committed_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../assets/policy/policy.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&generated()).unwrap());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    assert!(committed == text, "assets/policy/policy.schema.json is not current: run this test with BLESS=1");
}

#[test]
fn schema_and_reading_know_the_same_members() {
    let schema = generated();
    assert_eq!(members(&schema), set(Policy::MEMBERS));
    assert_eq!(members(&schema["properties"]["limits"]), set(Limits::PARAMETERS.iter().map(|p| p.name())));
    let levels: Vec<&str> =
        schema["properties"]["log_level"]["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(levels, LogLevel::ALL.map(LogLevel::name));
}

/// Every bounded number of the schema: its path in the document and its bounds.
fn bounded(schema: &Value, path: &[&str], found: &mut Vec<(Vec<String>, u64, u64)>) {
    if let (Some(least), Some(most)) = (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
        found.push((path.iter().map(ToString::to_string).collect(), least as u64, most as u64));
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let mut deeper = path.to_vec();
        deeper.push(name);
        bounded(member, &deeper, found);
    }
}

fn accepted(path: &[String], number: u64) -> bool {
    let document = path.iter().rev().fold(json!(number), |inner, name| json!({ name: inner }));
    // Order against the other limits, and what else has to be there, is no matter of one member's bounds.
    match Policy::parse(&document.to_string()) {
        Ok(_) => true,
        Err(faults) => {
            let of_others = |fault: &PolicyFault| {
                fault.expected.starts_with("at least") || fault.expected.starts_with("exactly one")
            };
            faults.iter().all(of_others)
        }
    }
}

#[test]
fn schema_and_reading_have_the_same_bounds() {
    let mut found = Vec::new();
    bounded(&generated(), &[], &mut found);
    assert_eq!(found.len(), 13, "{found:?}");
    for (path, least, most) in found {
        assert!(accepted(&path, least) && accepted(&path, most), "{path:?} refuses its own bounds");
        assert!(!accepted(&path, least - 1) && !accepted(&path, most + 1), "{path:?} accepts more than its bounds");
    }
}
