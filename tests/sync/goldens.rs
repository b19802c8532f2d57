//! Every golden resource of the mapping is put on the server at hand, as it would go up: Helios with its validation
//! enforced, or Medplum's engine.
//! Not here: what the files should say (`core/fhir/tests/golden.rs`), and readers that are no servers.
use std::collections::BTreeMap;
use std::path::Path;

use bedside_tests::clinic::{Clinic, Tenant};
use bedside_tests::figures;
use serde_json::Value;

use crate::on_a_runtime;

const GOLDENS: &str = "../src-tauri/crates/core/fhir/tests/golden";

/// By file name, those to which others refer first.
fn goldens() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDENS);
    let mut all: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect();
    all.sort_by_cached_key(|(name, golden)| (place(golden), name.clone()));
    all
}

fn place(golden: &Value) -> u8 {
    match kind(golden) {
        "Patient" => 0,
        "Device" => 1,
        "Provenance" => 3,
        _ => 2,
    }
}

fn kind(resource: &Value) -> &str {
    resource["resourceType"].as_str().unwrap()
}

/// What the server said of it: one status, or one for each entry of a Bundle.
async fn statuses(tenant: &Tenant<'_>, resource: &Value) -> (Vec<u16>, Value) {
    let (status, answer) = tenant.write(resource).await;
    let entries = answer["entry"].as_array().filter(|_| kind(resource) == "Bundle" && status == 200);
    let told = |entry: &Value| entry["response"]["status"].as_str()?.split(' ').next()?.parse().ok();
    (entries.map_or(vec![status], |all| all.iter().map(|entry| told(entry).unwrap_or(0)).collect()), answer)
}

#[test]
fn every_golden_resource_is_taken_by_a_server_that_validates() {
    let goldens = goldens();
    assert!(!goldens.is_empty());
    on_a_runtime(async {
        let clinic = Clinic::at_hand();
        let tenant = clinic.tenant(&format!("goldens-{}", std::process::id()));
        let (mut refused, mut keeps_its_own) = (Vec::new(), BTreeMap::<&str, u32>::new());
        for (name, golden) in &goldens {
            let (statuses, answer) = statuses(&tenant, golden).await;
            if kind(golden) == "AuditEvent" && statuses == [405] {
                // A server that writes this log itself: a trait of it, and nothing about our resource.
                *keeps_its_own.entry("AuditEvent").or_default() += 1;
            } else if statuses.is_empty() || statuses.iter().any(|status| !matches!(status, 200 | 201)) {
                refused.push(format!("{name}: {statuses:?} {answer}"));
            }
        }
        assert!(refused.is_empty(), "{} of {}:\n{}", refused.len(), goldens.len(), refused.join("\n"));

        // It looks at what it takes: the same with an element that R4 does not know is refused, each kind of it.
        let kinds: BTreeMap<&str, &Value> = goldens
            .iter()
            .map(|(_, golden)| (kind(golden), golden))
            .filter(|(kind, _)| *kind != "Bundle" && !keeps_its_own.contains_key(kind))
            .collect();
        for (kind, golden) in &kinds {
            let mut wrong = (*golden).clone();
            wrong["bedsideOfNoGuide"] = Value::from(true);
            let (statuses, _) = statuses(&tenant, &wrong).await;
            assert!(matches!(statuses[..], [400 | 422]), "{kind} with an unknown element: {statuses:?}");
        }
        figures::tell(
            "golden resources",
            &format!(
                "{}: {} of {} taken, of {} kinds, each kind refused with an element that R4 does not know; not taken \
                 of any client (405): {keeps_its_own:?}",
                clinic.name(),
                goldens.len() - keeps_its_own.values().sum::<u32>() as usize,
                goldens.len(),
                kinds.len(),
            ),
        );
    });
}
