//! The golden resources as two others read R4: Medplum's validator and the JSON schema that HL7 publishes, run by
//! `tests/clinic/validate-goldens.mjs`. Not here: what the files should say (`golden`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test fails by panicking")]
use std::path::Path;
use std::process::Command;

#[test]
fn every_golden_resource_is_valid_for_readers_written_elsewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../tests/clinic");
    let node = std::env::var_os("BEDSIDE_NODE");
    let is_there = ["@medplum/core", "ajv"].iter().all(|package| folder.join("node_modules").join(package).is_dir());
    if !is_there {
        assert!(node.is_none(), "`cargo xtask test` said that the validators are there");
        eprintln!("SKIPPED: no FHIR validators; run `npm ci` in tests/clinic");
        return;
    }
    let mut validate = Command::new(node.unwrap_or_else(|| "node".into()));
    let output = validate.arg("validate-goldens.mjs").current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let goldens = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")).unwrap().count();
    assert!(said.contains(&format!("{goldens} of {goldens} golden resources are valid")), "{said}");
}
