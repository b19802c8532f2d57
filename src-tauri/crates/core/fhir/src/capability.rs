//! What a server says that it can do: a slice of its CapabilityStatement (FHIR R4).
//! Not here: what sync does about it.
use crate::not_fhir::NotFhir;
use serde::Deserialize;

/// What the statement says; `None` = it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capability {
    /// `fhirVersion`, for example `4.0.1`.
    pub fhir_version: Option<String>,
    /// The software's name and version.
    pub software: Option<String>,
    /// Whether it takes batches at its base URL.
    pub batch: Option<bool>,
    /// Whether it takes transactions there.
    pub transaction: Option<bool>,
    /// Whether an Observation may be put at an id that its client chose.
    pub update_create: Option<bool>,
    /// Whether an Observation may be created under a condition.
    pub conditional_create: Option<bool>,
    /// Whether Observations can be searched.
    pub search: Option<bool>,
    /// Whether it takes AuditEvents.
    pub audit_events: Option<bool>,
}

impl Capability {
    /// Whether it is another version of FHIR than Bedside speaks: R4, of which 4.0.1 is the published one.
    pub fn other_version(&self) -> Option<&str> {
        self.fhir_version.as_deref().filter(|version| *version != "4.0" && !version.starts_with("4.0."))
    }
}

/// Reads a CapabilityStatement.
///
/// # Errors
/// `NotFhir` when it is none.
pub fn parse_capability(body: &str) -> Result<Capability, NotFhir> {
    const EXPECTED: &str = "CapabilityStatement";
    let said: Statement = serde_json::from_str(body).map_err(|error| NotFhir::shape(EXPECTED, &error))?;
    if said.resource_type != EXPECTED {
        return Err(NotFhir::Shape { expected: EXPECTED, line: 0, column: 0 });
    }
    let fhir_version = said.fhir_version.filter(|version| is_short_and_plain(version));
    let software = said.software.map(|software| match software.version {
        Some(version) => format!("{} {version}", software.name),
        None => software.name,
    });
    let mut capability = Capability {
        fhir_version,
        software: software.filter(|text| is_short_and_plain(text)),
        ..Capability::default()
    };
    let Some(rest) = said.rest.into_iter().find(|rest| rest.mode == "server") else { return Ok(capability) };
    let offers = |all: &[Interaction], code: &str| all.iter().any(|one| one.code == code);
    // A list says something where there is one.
    if !rest.interaction.is_empty() {
        capability.batch = Some(offers(&rest.interaction, "batch"));
        capability.transaction = Some(offers(&rest.interaction, "transaction"));
    }
    if let Some(observation) = rest.resource.iter().find(|resource| resource.r#type == "Observation") {
        capability.update_create = observation.update_create;
        capability.conditional_create = observation.conditional_create;
        if !observation.interaction.is_empty() {
            capability.search = Some(offers(&observation.interaction, "search-type"));
        }
    }
    if !rest.resource.is_empty() {
        let audit = rest.resource.iter().find(|resource| resource.r#type == "AuditEvent");
        let writes = |all: &[Interaction]| all.is_empty() || offers(all, "create") || offers(all, "update");
        capability.audit_events = Some(audit.is_some_and(|audit| writes(&audit.interaction)));
    }
    Ok(capability)
}

fn is_short_and_plain(text: &str) -> bool {
    text.chars().count() <= 100 && !text.chars().any(char::is_control)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    resource_type: String,
    fhir_version: Option<String>,
    software: Option<Software>,
    #[serde(default)]
    rest: Vec<Rest>,
}

#[derive(Deserialize)]
struct Software {
    #[serde(default)]
    name: String,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Rest {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    resource: Vec<RestResource>,
    #[serde(default)]
    interaction: Vec<Interaction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RestResource {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    interaction: Vec<Interaction>,
    update_create: Option<bool>,
    conditional_create: Option<bool>,
}

#[derive(Deserialize)]
struct Interaction {
    #[serde(default)]
    code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1",
        "software":{"name":"Example","version":"2"},"rest":[{"mode":"client"},{"mode":"server",
        "interaction":[{"code":"batch"}],"resource":[{"type":"Observation","updateCreate":false,
        "conditionalCreate":true,"interaction":[{"code":"read"},{"code":"search-type"}]},
        {"type":"AuditEvent","interaction":[{"code":"read"}]}]}]}"#;

    #[test]
    fn a_statement_is_read_for_what_sync_needs() {
        let said = parse_capability(FULL).unwrap();
        let expected = Capability {
            fhir_version: Some("4.0.1".into()),
            software: Some("Example 2".into()),
            batch: Some(true),
            transaction: Some(false),
            update_create: Some(false),
            conditional_create: Some(true),
            search: Some(true),
            audit_events: Some(false),
        };
        assert_eq!(said, expected);
        assert_eq!(said.other_version(), None);
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        let said = parse_capability(r#"{"resourceType":"CapabilityStatement","rest":[{"mode":"server"}]}"#).unwrap();
        assert_eq!(said, Capability::default());
        let other = parse_capability(r#"{"resourceType":"CapabilityStatement","fhirVersion":"4.3.0"}"#).unwrap();
        assert_eq!(other.other_version(), Some("4.3.0"));
    }

    #[test]
    fn anything_else_is_no_statement() {
        for other in
            [r#"{"resourceType":"Bundle"}"#, "<html>", "{}", r#"{"resourceType":"CapabilityStatement","rest":7}"#]
        {
            assert!(parse_capability(other).is_err(), "{other}");
        }
    }
}
