//! The policy file: where it lies, and reading it whole or not at all.
//! Not here: what it says (`bedside-policy`).
use crate::error::StartError;
use bedside_console::ports::RecoveryPublicKey;
use bedside_policy::{Policy, ServerUrl};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Where an administrator puts it when `--policy` names no other.
pub(crate) fn usual_place() -> PathBuf {
    if cfg!(windows) {
        PathBuf::from(r"C:\ProgramData\Bedside\policy.json")
    } else if cfg!(target_os = "macos") {
        PathBuf::from("/Library/Application Support/Bedside/policy.json")
    } else {
        PathBuf::from("/etc/bedside/policy.json")
    }
}

/// The policy in force, and which of its settings the file makes.
pub(crate) struct PolicyFile {
    policy: Policy,
    text: Value,
}

/// One setting of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLine {
    /// Its path in the policy file.
    pub name: String,
    /// Its value, as JSON writes it.
    pub value: String,
    /// Whether the file sets it; otherwise it is the default.
    pub managed: bool,
}

impl PolicyFile {
    /// Reads the named file, which must be there, or the usual one, which need not.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, StartError> {
        let path = named.map_or_else(usual_place, Path::to_owned);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => "{}".to_owned(),
            Err(error) => return Err(StartError::PolicyUnreadable { path, reason: error.to_string() }),
        };
        let policy = Policy::parse(&text).map_err(|faults| StartError::Policy { path, faults })?;
        // What was read as a policy is JSON.
        Ok(Self { policy, text: serde_json::from_str(&text).unwrap_or_default() })
    }

    /// The policy.
    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the administration page shows.
    pub(crate) fn lines(&self) -> Vec<PolicyLine> {
        let Policy { server_url, patient_identifier_system, private_ca_file, retention, lock, backup, .. } =
            &self.policy;
        let recovery = self.policy.recovery_public_key.map(|key| RecoveryPublicKey(key).to_base64());
        let (sign_in, certificate) = (self.policy.sign_in.as_ref(), self.policy.client_certificate.as_ref());
        let machine_key = sign_in.and_then(|sign_in| sign_in.machine_key.as_ref());
        let lines = [
            ("server_url", json!(server_url.as_ref().map(ServerUrl::as_str))),
            ("patient_identifier_system", json!(patient_identifier_system)),
            ("private_ca_file", json!(private_ca_file)),
            ("sign_in.client_id", json!(sign_in.map(|sign_in| &sign_in.client_id))),
            ("sign_in.scopes", json!(sign_in.map(|sign_in| &sign_in.scopes))),
            ("sign_in.machine_key_file", json!(machine_key.map(|key| &key.file))),
            ("sign_in.machine_key_id", json!(machine_key.map(|key| &key.id))),
            ("client_certificate.certificate_file", json!(certificate.map(|files| &files.certificate_file))),
            ("client_certificate.key_file", json!(certificate.map(|files| &files.key_file))),
            ("proxy", json!(self.policy.proxy.name())),
            ("metered", json!(self.policy.metered)),
            ("audit_to_server", json!(self.policy.audit_to_server)),
            ("review_spot_values", json!(self.policy.review_spot_values)),
            ("set_device_clocks", json!(self.policy.set_device_clocks)),
            ("retention.raw_frames_days", json!(retention.raw_frames_days)),
            ("recovery_public_key", json!(recovery)),
            ("lock.screen_idle_s", json!(lock.screen_idle.as_secs())),
            ("lock.warning_s", json!(lock.warning.as_secs())),
            ("lock.vault_idle_s", json!(lock.vault_idle.as_secs())),
            ("lock.absolute_s", json!(lock.absolute.as_secs())),
            ("watch_display", json!(self.policy.watch_display)),
            ("break_glass", json!(self.policy.break_glass)),
            ("break_glass_hours", json!(self.policy.break_glass_hours)),
            ("export", json!(self.policy.export)),
            ("backup.every_minutes", json!(backup.every_minutes)),
            ("backup.folder", json!(backup.folder)),
        ];
        lines.into_iter().map(|(name, value)| self.line(name, &value)).collect()
    }

    fn line(&self, name: &str, value: &Value) -> PolicyLine {
        let set = self.text.pointer(&format!("/{}", name.replace('.', "/")));
        PolicyLine { name: name.to_owned(), value: value.to_string(), managed: set.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_must_be_there_and_be_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        assert!(matches!(PolicyFile::read(Some(&path)), Err(StartError::PolicyUnreadable { .. })));
        std::fs::write(&path, r#"{"server_url": 7, "other": 1}"#).unwrap();
        let Err(error) = PolicyFile::read(Some(&path)) else { panic!("a wrong file was taken") };
        assert!(error.to_string().contains("server_url"), "{error}");
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(PolicyFile::read(Some(&path)).unwrap().policy(), &Policy::default());
    }

    #[test]
    fn what_the_file_sets_is_told_from_a_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        std::fs::write(&path, r#"{"retention":{"raw_frames_days":30}}"#).unwrap();
        let lines = PolicyFile::read(Some(&path)).unwrap().lines();
        let of = |name: &str| lines.iter().find(|line| line.name == name).cloned().unwrap();
        let days = of("retention.raw_frames_days");
        assert_eq!((days.value.as_str(), days.managed), ("30", true));
        assert!(!of("set_device_clocks").managed);
    }
}
