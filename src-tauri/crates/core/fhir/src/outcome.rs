//! What a server says about a request, in words that hold no health data.
//! Not here: what follows from it for a record.
use crate::resources::{OperationOutcome, OutcomeIssue};
use serde_json::Value;

/// A server's words, made safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeSummary {
    /// At most 500 characters.
    pub text: String,
    /// The server says that the request was too large or had too many entries.
    pub too_large: bool,
    /// The server says that it takes no ids that a client chose.
    pub refuses_our_id: bool,
}

/// The summary of a body, or `None` when it is no OperationOutcome.
pub fn operation_outcome(body: &str) -> Option<OutcomeSummary> {
    serde_json::from_str::<OperationOutcome>(body).ok().map(|outcome| summary(&outcome))
}

/// Only the words of `operation_outcome`.
pub fn operation_outcome_text(body: &str) -> Option<String> {
    operation_outcome(body).map(|summary| summary.text)
}

pub(crate) fn summary_of_value(value: &Value) -> Option<OutcomeSummary> {
    serde_json::from_value::<OperationOutcome>(value.clone()).ok().map(|outcome| summary(&outcome))
}

const MOST_CHARACTERS: usize = 500;

fn summary(outcome: &OperationOutcome) -> OutcomeSummary {
    let serious = |issue: &&OutcomeIssue| !matches!(issue.severity.as_deref(), Some("information" | "warning"));
    let said: Vec<String> = outcome.issue.iter().filter(serious).map(words).collect();
    let too_large = outcome.issue.iter().any(|issue| matches!(issue.code.as_deref(), Some("too-costly" | "too-long")))
        || said.iter().any(|text| text.contains("too many") || text.contains("too large"));
    let refuses_our_id = outcome.issue.iter().filter(serious).any(speaks_of_our_ids);
    OutcomeSummary { text: said.join("; ").chars().take(MOST_CHARACTERS).collect(), too_large, refuses_our_id }
}

/// As servers that give ids themselves put it.
fn speaks_of_our_ids(issue: &OutcomeIssue) -> bool {
    let details = issue.details.as_ref().and_then(|details| details.text.as_deref());
    let mut said = [details, issue.diagnostics.as_deref()].into_iter().flatten().map(str::to_ascii_lowercase);
    said.any(|said| {
        ["client-assigned id", "client assigned id", "client-defined id", "client defined id"]
            .iter()
            .any(|words| said.contains(words))
    })
}

/// `code at path: words`. A server may echo any part of a resource in its free text, so only words that speak about FHIR
/// pass, each other run of words becomes "…".
fn words(issue: &OutcomeIssue) -> String {
    let code = issue.code.as_deref().filter(|code| ISSUE_TYPES.contains(code)).unwrap_or("refused");
    let paths: Vec<&str> = issue.expression.iter().map(String::as_str).filter(|path| is_path(path)).collect();
    let details = issue.details.as_ref().and_then(|details| details.text.as_deref());
    let mut text = code.to_owned();
    if !paths.is_empty() {
        text.push_str(" at ");
        text.push_str(&paths.join(", "));
    }
    let mut free: Vec<String> = [details, issue.diagnostics.as_deref()].into_iter().flatten().map(passable).collect();
    free.dedup();
    free.retain(|said| said.chars().any(char::is_alphabetic));
    if !free.is_empty() {
        text.push_str(": ");
        text.push_str(&free.join(" "));
    }
    text
}

fn passable(said: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in said.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';' | ':' | '"' | '\'')) {
        let bare = word.trim_end_matches('.');
        if bare.is_empty() {
            continue;
        }
        let passes = PASSABLE.contains(&bare.to_ascii_lowercase().as_str()) || is_path(bare);
        if passes {
            words.push(bare);
        } else if words.last() != Some(&"…") {
            words.push("…");
        }
    }
    words.join(" ")
}

/// A path into one of our own resources, such as `Observation.component[1].valueQuantity`, and nothing else.
fn is_path(text: &str) -> bool {
    let mut parts = text.split('.');
    let resource = ["Patient", "Device", "Observation", "Bundle"].contains(&parts.next().unwrap_or_default());
    let elements: Vec<&str> = parts.collect();
    let is_element = |part: &&str| {
        let name = part.split_once('[').map_or(*part, |(name, index)| if is_index(index) { name } else { "" });
        ELEMENTS.contains(&name)
    };
    resource && !elements.is_empty() && elements.iter().all(is_element)
}

fn is_index(text: &str) -> bool {
    let digits = text.strip_suffix(']').unwrap_or_default();
    !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'x')
}

/// Every element that Bedside writes.
#[rustfmt::skip]
const ELEMENTS: [&str; 52] = [
    "id", "meta", "security", "extension", "url", "value", "identifier", "use", "type", "system", "code", "coding",
    "display", "text", "name", "family", "given", "gender", "birthDate", "manufacturer", "serialNumber", "deviceName",
    "modelNumber", "specialization", "systemType", "version", "status", "category", "subject", "effective",
    "effectiveDateTime", "effectivePeriod", "start", "end", "valueQuantity", "valueDateTime", "valueCodeableConcept",
    "valueReference", "unit", "dataAbsentReason", "interpretation", "note", "method", "device", "component", "reference",
    "entry", "resource", "request", "profile", "contained", "resourceType",
];

/// The issue types of FHIR R4.
#[rustfmt::skip]
const ISSUE_TYPES: [&str; 31] = [
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
    "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
    "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store",
    "exception", "timeout", "incomplete", "throttled", "informational",
];

/// Words of validators. None is a likely part of a person's particulars.
#[rustfmt::skip]
const PASSABLE: [&str; 84] = [
    "a", "an", "the", "is", "are", "was", "not", "no", "and", "or", "of", "in", "on", "for", "to", "at", "with", "this",
    "missing", "required", "invalid", "unknown", "unexpected", "expected", "additional", "property", "properties",
    "element", "elements", "field", "type", "code", "value", "values", "format", "constraint", "failed", "violated",
    "validation", "error", "resource", "reference", "references", "found", "cannot", "does", "must", "exist", "exists",
    "match", "matches", "profile", "version", "conflict", "precondition", "duplicate", "minimum", "maximum",
    "cardinality", "allowed", "supported", "unsupported", "string", "number", "decimal", "date", "datetime", "datatype",
    "object", "array", "boolean", "integer", "too", "many", "large", "entries", "limit", "exceeded", "forbidden",
    "unauthorized", "method", "empty", "null", "server",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(issue: &str) -> String {
        operation_outcome_text(&format!(r#"{{"resourceType":"OperationOutcome","issue":[{issue}]}}"#)).unwrap()
    }

    #[test]
    fn the_reason_of_a_validator_is_kept() {
        let said = text(
            r#"{"severity":"error","code":"structure","details":{"text":"Missing required property"},
                "expression":["Observation.component[1].code"]}"#,
        );
        assert_eq!(said, "structure at Observation.component[1].code: Missing required property");
    }

    #[test]
    fn what_a_server_echoes_of_a_person_does_not_pass() {
        let said = text(
            r#"{"severity":"error","code":"ADEYEMI","expression":["Patient.name.where(family='ADEYEMI')","Patient.grace"],
                "diagnostics":"Invalid value 'ADEYEMI, Grace' 1951-03-14 MRN-0042 for Patient.birthDate.",
                "details":{"text":"Duplicate of Patient/MRN-0042"}}"#,
        );
        assert_eq!(said, "refused: Duplicate of … Invalid value … for Patient.birthDate");
    }

    #[test]
    fn a_long_outcome_is_cut_and_warnings_are_left_out() {
        let issue = r#"{"severity":"error","code":"invalid","expression":["Observation.status"]}"#;
        let warning = r#"{"severity":"warning","code":"value"}"#;
        let said = text(&format!("{warning},{}", vec![issue; 100].join(",")));
        assert_eq!(said.chars().count(), 500);
        assert!(said.starts_with("invalid at Observation.status; "));
    }

    #[test]
    fn too_many_entries_are_told_apart_from_an_invalid_one() {
        let outcome = |issue: &str| {
            operation_outcome(&format!(r#"{{"resourceType":"OperationOutcome","issue":[{issue}]}}"#)).unwrap()
        };
        assert!(outcome(r#"{"code":"too-costly"}"#).too_large);
        assert!(outcome(r#"{"code":"invalid","diagnostics":"Bundle has too many entries (51)"}"#).too_large);
        assert!(!outcome(r#"{"code":"invalid"}"#).too_large);
    }

    #[test]
    fn a_page_that_is_no_outcome_gives_nothing() {
        assert_eq!(operation_outcome_text("<html>ADEYEMI</html>"), None);
    }
}
