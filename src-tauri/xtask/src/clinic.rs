//! The demo clinic: a small FHIR server of our own on loopback, and what it says it has accepted.
//! The server itself is `tests/clinic/demo-clinic.mjs`; sending to it is the console's business.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::http;
use crate::process::{Background, free_port};
use crate::root::Root;
use crate::setup::Node;

/// Loading FHIR's definitions takes seconds, more on a busy machine.
const START: Duration = Duration::from_secs(120);

/// The kinds of resource that the console may send; each is counted at the clinic.
const KINDS: &[&str] =
    &["Patient", "Device", "Observation", "Communication", "MedicationStatement", "AuditEvent", "Provenance"];

/// Resources per page of a search.
const PAGE: usize = 500;

/// A running demo clinic; dropping it stops it.
pub(crate) struct Clinic {
    port: u16,
    _server: Background,
}

impl Clinic {
    /// Starts the clinic on a free port and waits until it answers.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(root: &Root, node: &Node) -> Result<Self> {
        let port = free_port()?;
        let mut server = node.program("node");
        server.current_dir(root.clinic()).arg("demo-clinic.mjs").arg(port.to_string());
        let (server, ()) = Background::start_and_wait_for_line("the demo clinic", &mut server, START, |line| {
            line.starts_with("ready on ").then_some(())
        })?;
        println!("demo clinic: http://127.0.0.1:{port}/fhir");
        Ok(Self { port, _server: server })
    }

    /// The FHIR base address.
    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}/fhir", self.port)
    }

    /// What the clinic holds, by its own search: the number of resources by kind and code.
    ///
    /// # Errors
    /// When a search fails.
    pub(crate) fn accepted(&self) -> Result<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        for kind in KINDS {
            let mut offset = 0;
            loop {
                let page = http::json(self.port, &format!("/fhir/{kind}?_count={PAGE}&_offset={offset}"))?;
                let found = entries(&page);
                for resource in &found {
                    *counts.entry(format!("{kind}{}", code_of(resource))).or_insert(0) += 1;
                }
                if found.len() < PAGE {
                    break;
                }
                offset += PAGE;
            }
        }
        Ok(counts)
    }
}

fn entries(bundle: &Value) -> Vec<&Value> {
    let entries = bundle.get("entry").and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(|entry| entry.get("resource")).collect()
}

/// " 8867-4 Heart rate" for a resource with a code, else nothing. Codes are the clinic's vocabulary, never a person's data.
fn code_of(resource: &Value) -> String {
    let text = |pointer: &str| resource.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let words = format!("{} {}", text("/code/coding/0/code"), text("/code/coding/0/display"));
    match words.trim() {
        "" => String::new(),
        words => format!(" {words}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_named_by_its_first_code() {
        let bundle = serde_json::json!({ "entry": [
            { "resource": { "code": { "coding": [{ "code": "8867-4", "display": "Heart rate" }] } } },
            { "resource": { "code": { "text": "free text is not shown" } } },
            { "search": {} },
        ] });
        let names: Vec<String> = entries(&bundle).into_iter().map(code_of).collect();
        assert_eq!(names, [" 8867-4 Heart rate", ""]);
    }

    #[test]
    fn an_empty_bundle_has_no_entries() {
        assert!(entries(&serde_json::json!({ "resourceType": "Bundle", "total": 0 })).is_empty());
    }
}
