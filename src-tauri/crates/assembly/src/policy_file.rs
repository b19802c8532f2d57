//! The policy file: where it lies, and reading it whole or not at all.
//! Not here: what it says (`bedside-policy`).
use crate::error::StartError;
use bedside_policy::Policy;
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

/// Reads the named file, which must be there, or the usual one, which need not.
pub(crate) fn read(named: Option<&Path>) -> Result<Policy, StartError> {
    let path = named.map_or_else(usual_place, Path::to_owned);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(Policy::default()),
        Err(error) => return Err(StartError::PolicyUnreadable { path, reason: error.to_string() }),
    };
    Policy::parse(&text).map_err(|faults| StartError::Policy { path, faults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_must_be_there_and_be_right() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.json");
        assert!(matches!(read(Some(&path)), Err(StartError::PolicyUnreadable { .. })));
        std::fs::write(&path, r#"{"server_url": 7, "other": 1}"#).unwrap();
        let error = read(Some(&path)).unwrap_err();
        assert!(error.to_string().contains("server_url"), "{error}");
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(read(Some(&path)).unwrap(), Policy::default());
    }
}
