//! By what a resource is known where the server gives ids itself: its identifier, or, of a Provenance, which R4 gives none,
//! what it tells of and when; and whether a patient who has it is the same person. Not here: when a server is asked so.
use crate::codes::uri;
use serde_json::Value;

/// The key of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KnownBy {
    Identifier { system: String, value: String },
    Told { target: String, recorded: String },
}

impl KnownBy {
    /// The key of a resource as JSON text; `None` where it has none.
    pub(crate) fn of(json: &str) -> Option<Self> {
        Self::of_value(&serde_json::from_str(json).ok()?)
    }

    pub(crate) fn of_value(resource: &Value) -> Option<Self> {
        let text = |value: Option<&Value>| Some(value?.as_str()?.to_owned());
        let whole = |one: &Value| {
            let (system, value) = (text(one.get("system"))?, text(one.get("value"))?);
            Some(Self::Identifier { system, value })
        };
        let identifiers = resource.get("identifier").and_then(Value::as_array).into_iter().flatten();
        let all: Vec<Self> = identifiers.filter_map(whole).collect();
        // The guide's key of a measurement has whole seconds and no sequence: two records of one second share it. Our
        // own id is made from the sequence too. A device, though, may be at the clinic already, under its System ID.
        let is_measured = resource.get("resourceType").and_then(Value::as_str) == Some("Observation");
        let is_own = |one: &&Self| matches!(one, Self::Identifier { system, .. } if system == uri::URI);
        let own = all.iter().find(is_own).filter(|_| is_measured).cloned();
        let told = || {
            if resource.get("resourceType")?.as_str()? != "Provenance" {
                return None;
            }
            let target = text(resource.get("target")?.as_array()?.first()?.get("reference"))?;
            Some(Self::Told { target, recorded: text(resource.get("recorded"))? })
        };
        own.or_else(|| all.into_iter().next()).or_else(told)
    }

    /// The search that finds it and nothing else (FHIR R4 search: token, reference, date). A moment is a range from itself to
    /// itself: that an instant with milliseconds equals itself not every server finds.
    pub(crate) fn criteria(&self) -> String {
        match self {
            Self::Identifier { .. } => format!("identifier={}", self.term()),
            Self::Told { recorded, .. } => {
                let recorded = escaped(recorded);
                format!("target={}&recorded=ge{recorded}&recorded=le{recorded}", self.term())
            }
        }
    }

    /// The parameter by which many of one kind are asked for at once, and this one's part of it.
    pub(crate) const fn parameter(&self) -> &'static str {
        match self {
            Self::Identifier { .. } => "identifier",
            Self::Told { .. } => "target",
        }
    }

    pub(crate) fn term(&self) -> String {
        match self {
            Self::Identifier { system, value } => format!("{}%7C{}", escaped(system), escaped(value)),
            Self::Told { target, .. } => escaped(target),
        }
    }

    /// Whether a resource is known by this key.
    pub(crate) fn is_of(&self, resource: &Value) -> bool {
        match self {
            Self::Identifier { system, value } => {
                let all = resource.get("identifier").and_then(Value::as_array).into_iter().flatten();
                let text = |one: &Value, key: &str, wanted: &str| one.get(key).and_then(Value::as_str) == Some(wanted);
                all.into_iter().any(|one| text(one, "system", system) && text(one, "value", value))
            }
            Self::Told { .. } => Self::of_value(resource).as_ref() == Some(self),
        }
    }
}

/// Whether two Patients agree in birth date, family and given name, whatever the case and where one given name ends.
pub(crate) fn is_same_person(theirs: &Value, ours: &Value) -> bool {
    let born = |patient: &Value| Some(patient.get("birthDate")?.as_str()?.to_owned());
    let names = |patient: &Value| -> Vec<(String, String)> {
        let all = patient.get("name").and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|name| {
            let given = name.get("given")?.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
            Some((folded(name.get("family")?.as_str()?), folded(&given)))
        })
        .collect()
    };
    let their_names = names(theirs);
    born(ours).is_some() && born(ours) == born(theirs) && names(ours).iter().any(|name| their_names.contains(name))
}

/// One name whatever its case and spacing; never two names that only look alike.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Escaped for a search (`\`, `|`, `,` and `$` are its own signs) and then for a query.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for octet in text.bytes() {
        if matches!(octet, b'\\' | b'|' | b',' | b'$') {
            all.push_str("%5C");
        }
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
                all.push(char::from(octet));
            }
            _ => all.push_str(&format!("%{octet:02X}")),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_is_known_by_its_own_id_and_a_device_by_the_first_of_its_identifiers() {
        let of_kind = |kind: &str| {
            format!(
                r#"{{"resourceType":"{kind}","identifier":[{{"system":"urn:a","value":"1"}},
                {{"system":"urn:ietf:rfc:3986","value":"urn:uuid:7"}}]}}"#
            )
        };
        let criteria = |kind: &str| KnownBy::of(&of_kind(kind)).unwrap().criteria();
        assert_eq!(criteria("Observation"), "identifier=urn:ietf:rfc:3986%7Curn:uuid:7");
        assert_eq!(criteria("Device"), "identifier=urn:a%7C1");
        let keyed = r#"{"resourceType":"Observation","identifier":[{"system":"urn:a","value":"1"}]}"#;
        assert_eq!(KnownBy::of(keyed).unwrap().criteria(), "identifier=urn:a%7C1");
    }

    #[test]
    fn a_provenance_is_known_by_what_it_tells_of_and_when() {
        let json = r#"{"resourceType":"Provenance","target":[{"reference":"Observation/7"}],
            "recorded":"2026-03-18T12:00:00+01:00"}"#;
        let known_by = KnownBy::of(json).unwrap();
        let at = "2026-03-18T12:00:00%2B01:00";
        assert_eq!(known_by.criteria(), format!("target=Observation/7&recorded=ge{at}&recorded=le{at}"));
        assert!(known_by.is_of(&serde_json::from_str(json).unwrap()));
        let other = json.replace("12:00:00", "12:00:01");
        assert!(!known_by.is_of(&serde_json::from_str(&other).unwrap()));
        assert_eq!(KnownBy::of(r#"{"resourceType":"Observation"}"#), None);
    }
}
