//! The policy as the program uses it, and its reading from JSON text.
//! Limits, freshness, the server's address and what concerns safety are read in their own files.
use crate::clinic::{ClientCertificate, Proxy, SignIn};
use crate::freshness;
use crate::json::{Member, Object};
use crate::safety::{self, Backups, LockTimes, flag};
use crate::{Limits, PolicyFault, ServerUrl, Worklist};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use bedside_vitals::FreshnessRule;
use serde_json::Value;

/// What IT decides for a fleet. Everything is optional; what is left out has the default named here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The base address of the clinic's FHIR R4 server; default none, which means local use only.
    pub server_url: Option<ServerUrl>,
    /// The URI that names the clinic's record numbers (FHIR `Identifier.system`); default none.
    pub patient_identifier_system: Option<String>,
    /// The absolute path of a PEM file with the authority that signs the server's certificate; default none.
    pub private_ca_file: Option<String>,
    /// How to sign in to the server; default not at all.
    pub sign_in: Option<SignIn>,
    /// The certificate by which this computer shows itself to the server; default none.
    pub client_certificate: Option<ClientCertificate>,
    /// Through what the server is reached; default as the system says.
    pub proxy: Proxy,
    /// Whether the network costs by the octet: then waveforms wait; default no.
    pub metered: bool,
    /// Whether the entries of the audit log go to the server too, as AuditEvents; default no.
    pub audit_to_server: bool,
    /// Whether a person confirms each spot value: the server has it as preliminary until then; default no.
    pub review_spot_values: bool,
    /// Whose patients are fetched from the server; default nobody's.
    pub worklist: Option<Worklist>,
    /// How old is too old; default as in `vitals`. Never looser.
    pub freshness: FreshnessRule,
    /// Limits of advisories.
    pub limits: Limits,
    /// How long what is kept.
    pub retention: Retention,
    /// Whether the clocks of devices that are off are set; default yes. Whoever has the device keeps its clock otherwise.
    pub set_device_clocks: bool,
    /// The least important messages that are logged; default `info`.
    pub log_level: LogLevel,
    /// IT's X25519 public key, to which the recovery slot of every vault is sealed; default none, which means a kit that
    /// is printed once.
    pub recovery_public_key: Option<[u8; 32]>,
    /// When the screen and the vault lock by themselves.
    pub lock: LockTimes,
    /// Whether a locked screen shows values by bed label, without any identifier; default no.
    pub watch_display: bool,
    /// Whether records can be opened in an emergency by somebody whose role does not allow it; default yes.
    pub break_glass: bool,
    /// For how many hours; default 4.
    pub break_glass_hours: u32,
    /// Whether data may leave the vault in files; default yes.
    pub export: bool,
    /// When and where backups are made.
    pub backup: Backups,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            server_url: None,
            patient_identifier_system: None,
            private_ca_file: None,
            sign_in: None,
            client_certificate: None,
            proxy: Proxy::default(),
            metered: false,
            audit_to_server: false,
            review_spot_values: false,
            worklist: None,
            freshness: FreshnessRule::default(),
            limits: Limits::default(),
            retention: Retention::default(),
            set_device_clocks: true,
            log_level: LogLevel::default(),
            recovery_public_key: None,
            lock: LockTimes::default(),
            watch_display: false,
            break_glass: true,
            break_glass_hours: 4,
            export: true,
            backup: Backups::default(),
        }
    }
}

/// How long what is kept. Readings are never discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that the raw bytes of streams are kept; `None` for ever; default 90.
    pub raw_frames_days: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_frames_days: Some(90) }
    }
}

/// How much is logged. No level logs health data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Faults only.
    Error,
    /// And what may become one.
    Warn,
    /// And the usual events.
    #[default]
    Info,
    /// And what helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Every level, from the fewest messages to the most.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The name in the policy file; also a directive that log filters understand.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Policy {
    /// The members of the document.
    pub(crate) const MEMBERS: [&'static str; 22] = [
        "server_url",
        "patient_identifier_system",
        "private_ca_file",
        "sign_in",
        "client_certificate",
        "proxy",
        "metered",
        "audit_to_server",
        "review_spot_values",
        "worklist",
        "freshness",
        "limits",
        "retention",
        "set_device_clocks",
        "log_level",
        "recovery_public_key",
        "lock",
        "watch_display",
        "break_glass",
        "break_glass_hours",
        "export",
        "backup",
    ];
    /// Ten years: longer is written as `null`.
    pub(crate) const MOST_DAYS: u32 = 3650;

    /// Reads the text of a policy file. All faults are reported together, each with its path; with any fault there
    /// is no policy, because half a policy is one that nobody wrote.
    pub fn parse(text: &str) -> Result<Self, Vec<PolicyFault>> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let document: Value = serde_json::from_str(text).map_err(|error| {
            let got = if error.is_eof() { "an early end of the text" } else { "something else" };
            let place = format!("JSON at line {} column {}", error.line(), error.column());
            Vec::from([PolicyFault::new("$", place, got)])
        })?;
        let mut faults = Vec::new();
        let policy = Self::read(&document, &mut faults);
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }

    fn read(document: &Value, faults: &mut Vec<PolicyFault>) -> Self {
        let root = Object::new("$", document, &Self::MEMBERS, faults);
        let audit_to_server = flag(&root, "audit_to_server", false, faults);
        Self {
            server_url: optional(&root, "server_url", ServerUrl::EXPECTED, faults, |member| {
                ServerUrl::new(member.text()?)
            }),
            patient_identifier_system: optional(
                &root,
                "patient_identifier_system",
                "an absolute URI such as https://clinic.example/record-numbers or urn:oid:1.2.3",
                faults,
                |member| member.text().filter(|text| is_absolute_uri(text)).map(ToString::to_string),
            ),
            private_ca_file: optional(&root, "private_ca_file", "the absolute path of a PEM file", faults, |member| {
                member.text().filter(|text| is_absolute_path(text)).map(ToString::to_string)
            }),
            sign_in: SignIn::read(&root, audit_to_server, faults),
            client_certificate: ClientCertificate::read(&root, faults),
            proxy: Proxy::read(&root, faults),
            metered: flag(&root, "metered", false, faults),
            audit_to_server,
            review_spot_values: flag(&root, "review_spot_values", false, faults),
            worklist: Worklist::read(&root, faults),
            freshness: freshness::read(&root, faults),
            limits: Limits::read(&root, faults),
            retention: retention(&root, faults),
            set_device_clocks: flag(&root, "set_device_clocks", true, faults),
            log_level: log_level(&root, faults),
            recovery_public_key: optional(&root, "recovery_public_key", safety::PUBLIC_KEY, faults, |member| {
                safety::recovery_public_key(member)
            }),
            lock: LockTimes::read(&root, faults),
            watch_display: flag(&root, "watch_display", false, faults),
            break_glass: flag(&root, "break_glass", true, faults),
            break_glass_hours: safety::break_glass_hours(&root, faults),
            export: flag(&root, "export", true, faults),
            backup: Backups::read(&root, faults),
        }
    }
}

/// A member whose absence and whose `null` both mean none.
pub(crate) fn optional<'a, T>(
    object: &Object<'a>,
    name: &str,
    expected: &str,
    faults: &mut Vec<PolicyFault>,
    read: impl Fn(&Member<'a>) -> Option<T>,
) -> Option<T> {
    let member = object.member(name).filter(|member| !member.is_null())?;
    let value = read(&member);
    if value.is_none() {
        faults.push(member.fault(expected));
    }
    value
}

fn retention(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> Retention {
    let default = Retention::default();
    let Some(object) = root.object("retention", &["raw_frames_days"], faults) else { return default };
    let Some(member) = object.member("raw_frames_days") else { return default };
    if member.is_null() {
        return Retention { raw_frames_days: None };
    }
    let days = member.whole_number(1, u64::from(Policy::MOST_DAYS)).and_then(|days| u32::try_from(days).ok());
    if days.is_none() {
        faults.push(member.fault(format!("whole days from 1 to {}, or null for ever", Policy::MOST_DAYS)));
    }
    Retention { raw_frames_days: days }
}

fn log_level(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> LogLevel {
    let Some(member) = root.member("log_level") else { return LogLevel::default() };
    let level = member.text().and_then(|text| LogLevel::ALL.into_iter().find(|level| level.name() == text));
    level.unwrap_or_else(|| {
        faults.push(member.fault(format!("one of {}", LogLevel::ALL.map(LogLevel::name).join(", "))));
        LogLevel::default()
    })
}

/// A scheme, a colon and something after it, all printable ASCII without spaces (RFC 3986, section 4.3, loosely).
fn is_absolute_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_is_valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    scheme_is_valid && !rest.is_empty() && text.len() <= 500 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Absolute on any system the file may be meant for: the same policy serves a mixed fleet's tests.
pub(crate) fn is_absolute_path(text: &str) -> bool {
    let drive = text.as_bytes();
    let on_drive = drive.len() > 3 && drive[0].is_ascii_alphabetic() && drive[1] == b':' && b"\\/".contains(&drive[2]);
    let rooted = text.len() > 1 && text.starts_with('/') || text.len() > 2 && text.starts_with("\\\\") || on_drive;
    rooted && text.len() <= 1000 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::{Decimal, Parameter};
    use core::time::Duration;
    use proptest::prelude::*;

    fn faults(text: &str) -> Vec<String> {
        Policy::parse(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn faulty_paths(text: &str) -> Vec<String> {
        Policy::parse(text).unwrap_err().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn an_empty_policy_is_the_default() {
        assert_eq!(Policy::parse("{}"), Ok(Policy::default()));
        assert_eq!(Policy::default().retention.raw_frames_days, Some(90));
    }

    #[test]
    fn the_committed_example_is_valid_and_sets_every_member() {
        let text = include_str!("../../../../../assets/policy/example.json");
        let policy = Policy::parse(text).unwrap();
        let standard = Policy::default();
        assert!(policy.server_url != standard.server_url && policy.private_ca_file != standard.private_ca_file);
        assert!(policy.patient_identifier_system != standard.patient_identifier_system);
        assert!(policy.sign_in.is_some_and(|sign_in| sign_in.machine_key.is_some()) && policy.metered);
        assert!(policy.audit_to_server != standard.audit_to_server);
        assert!(policy.review_spot_values != standard.review_spot_values);
        assert!(policy.client_certificate.is_some() && policy.proxy != standard.proxy && policy.worklist.is_some());
        assert!(policy.freshness != standard.freshness && policy.limits != standard.limits);
        assert!(policy.retention != standard.retention && policy.log_level != standard.log_level);
        assert!(policy.set_device_clocks != standard.set_device_clocks);
        assert!(policy.recovery_public_key != standard.recovery_public_key && policy.lock != standard.lock);
        assert!(policy.watch_display != standard.watch_display && policy.break_glass != standard.break_glass);
        assert!(policy.break_glass_hours != standard.break_glass_hours && policy.export != standard.export);
        assert!(policy.backup.every_minutes != standard.backup.every_minutes && policy.backup.folder.is_some());
    }

    #[test]
    fn freshness_may_be_tightened() {
        let policy = Policy::parse(r#"{"freshness":{"streaming":{"live_s":3},"spot":{"stale_s":1800}}}"#).unwrap();
        assert_eq!(policy.freshness.streaming.live, Duration::from_secs(3));
        assert_eq!(policy.freshness.streaming.recent, Duration::from_secs(15));
        assert_eq!(policy.freshness.spot.stale, Duration::from_secs(1800));
        assert_eq!(policy.freshness.spot.live, Duration::ZERO);
    }

    #[test]
    fn a_looser_freshness_limit_is_a_fault_naming_the_limit() {
        assert_eq!(
            faults(r#"{"freshness":{"streaming":{"live_s":6}}}"#),
            [
                "$.freshness.streaming.live_s: expected whole seconds from 1 to 5: a policy may tighten, not loosen, got 6"
            ]
        );
    }

    #[test]
    fn freshness_limits_out_of_order_are_a_fault() {
        assert_eq!(
            faults(r#"{"freshness":{"streaming":{"recent_s":4}}}"#),
            ["$.freshness.streaming.recent_s: expected at least live_s, which is 5 s (set both), got 4 s"]
        );
    }

    #[test]
    fn a_spot_value_cannot_be_made_live() {
        assert_eq!(faulty_paths(r#"{"freshness":{"spot":{"live_s":1}}}"#), ["$.freshness.spot.live_s"]);
    }

    #[test]
    fn a_limit_keeps_its_precision_and_null_takes_one_side_away() {
        let text = r#"{"limits":{"body_temperature":{"upper":38.0},"heart_rate":{"lower":null}}}"#;
        let limits = Policy::parse(text).unwrap().limits;
        assert_eq!(limits.of(Parameter::BodyTemperature).upper, Some(Decimal::new(380, -1)));
        assert_eq!(limits.of(Parameter::BodyTemperature).lower, Some(Decimal::new(360, -1)));
        assert_eq!(limits.of(Parameter::HeartRate).lower, None);
        assert_eq!(limits.of(Parameter::HeartRate).upper, Some(Decimal::whole(110)));
    }

    #[test]
    fn limits_that_cross_or_leave_the_scale_are_faults() {
        assert_eq!(faulty_paths(r#"{"limits":{"heart_rate":{"lower":120}}}"#), ["$.limits.heart_rate"]);
        let beyond = r#"{"limits":{"oxygen_saturation":{"lower":101},"heart_rate":{"upper":1e2,"lower":-1}}}"#;
        let expected = ["$.limits.heart_rate.lower", "$.limits.heart_rate.upper", "$.limits.oxygen_saturation.lower"];
        assert_eq!(faulty_paths(beyond), expected);
    }

    #[test]
    fn clocks_are_left_alone_only_by_a_plain_false() {
        assert!(Policy::default().set_device_clocks);
        assert!(!Policy::parse(r#"{"set_device_clocks":false}"#).unwrap().set_device_clocks);
        assert_eq!(faulty_paths(r#"{"set_device_clocks":"no"}"#), ["$.set_device_clocks"]);
    }

    #[test]
    fn null_keeps_raw_frames_for_ever() {
        let policy = Policy::parse(r#"{"retention":{"raw_frames_days":null}}"#).unwrap();
        assert_eq!(policy.retention.raw_frames_days, None);
        assert_eq!(faulty_paths(r#"{"retention":{"raw_frames_days":0}}"#), ["$.retention.raw_frames_days"]);
    }

    #[test]
    fn every_fault_of_a_file_is_found_in_one_reading() {
        let text = r#"{"server_url":"http://clinic.example","private_ca_file":"ca.pem","patient_identifier_system":"mrn",
            "freshness":[],"limits":{"blood_presure":{}},"log_level":"loud","tls_verify":false}"#;
        let mut paths = faulty_paths(text);
        paths.sort();
        let expected = [
            "$.freshness",
            "$.limits.blood_presure",
            "$.log_level",
            "$.patient_identifier_system",
            "$.private_ca_file",
            "$.server_url",
            "$.tls_verify",
        ];
        assert_eq!(paths, expected);
    }

    #[test]
    fn text_that_is_no_json_names_its_place() {
        assert_eq!(faults("{\n  \"limits\": }"), ["$: expected JSON at line 2 column 13, got something else"]);
        assert_eq!(faults(""), ["$: expected JSON at line 1 column 0, got an early end of the text"]);
        assert_eq!(faults("[]"), ["$: expected an object, got []"]);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_policy_or_faults(text in ".{0,200}") {
            let _ = Policy::parse(&text);
        }

        #[test]
        fn no_policy_loosens_freshness(live in 0u64..200, recent in 0u64..200, stale in 0u64..200) {
            let text = format!(
                r#"{{"freshness":{{"streaming":{{"live_s":{live},"recent_s":{recent},"stale_s":{stale}}}}}}}"#
            );
            if let Ok(policy) = Policy::parse(&text) {
                let standard = FreshnessRule::default().streaming;
                prop_assert_eq!(standard.tightened_by(policy.freshness.streaming), policy.freshness.streaming);
            }
        }
    }
}
