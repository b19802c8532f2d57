//! Two versions of one record side by side: where they differ, in the order of ours.
//! Not here: which of them holds; a person decides.
use bedside_console::{Conflict, TheirVersion};
use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

/// A record of which the server holds another version, or several.
#[derive(Clone, Serialize, TS)]
pub(crate) struct ConflictView {
    /// Id of the row.
    pub(crate) record: String,
    /// What the server holds; nothing when it has none any more.
    pub(crate) theirs: Vec<TheirVersionView>,
}

/// A version that the server holds.
#[derive(Clone, Serialize, TS)]
pub(crate) struct TheirVersionView {
    /// Its id there.
    pub(crate) id: String,
    /// Its version; without one ours cannot be sent over it.
    pub(crate) version: Option<String>,
    /// When the server stored it, by its own clock, in milliseconds since 1970.
    #[ts(type = "number | null")]
    pub(crate) modified: Option<i64>,
    /// Where it differs from ours.
    pub(crate) lines: Vec<ConflictLineView>,
}

/// One element in which two versions differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub(crate) struct ConflictLineView {
    /// Its path in the resource.
    pub(crate) what: String,
    /// What the component it stands in measures, by that component's own code; `null` = it stands in none, or the two sides
    /// say different things of it.
    pub(crate) part: Option<String>,
    /// What ours says; `null` = nothing.
    pub(crate) ours: Option<String>,
    /// What the server's says; `null` = nothing.
    pub(crate) theirs: Option<String>,
}

/// What the server itself writes into every version, and the text made from the rest.
const NOT_COMPARED: [&str; 4] = ["meta.versionId", "meta.lastUpdated", "id", "text"];

/// Both sides of a conflict for the window.
pub(crate) fn conflict(conflict: &Conflict) -> ConflictView {
    let parsed = |json: &str| serde_json::from_str::<Value>(json).unwrap_or_default();
    let ours = parsed(&conflict.ours);
    let theirs = |version: &TheirVersion| TheirVersionView {
        id: version.id.clone(),
        version: version.version.clone(),
        modified: version.modified.map(|at| at.0),
        lines: differences(&ours, &parsed(&version.json)),
    };
    ConflictView { record: conflict.row.0.to_string(), theirs: conflict.theirs.iter().map(theirs).collect() }
}

fn differences(our_version: &Value, their_version: &Value) -> Vec<ConflictLineView> {
    let (ours, theirs) = (&leaves(our_version), &leaves(their_version));
    let of = |side: &[(String, String)], what: &str| side.iter().find(|(path, _)| path == what).map(|(_, v)| v.clone());
    let added = theirs.iter().filter(|(what, _)| of(ours, what).is_none());
    let paths = ours.iter().chain(added).map(|(what, _)| what);
    paths
        .map(|what| ConflictLineView {
            what: what.clone(),
            part: part(what, our_version, their_version),
            ours: of(ours, what),
            theirs: of(theirs, what),
        })
        .filter(|line| line.ours != line.theirs)
        .collect()
}

/// The name of the component in which an element stands, where nobody says another one.
fn part(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    let place: usize = path.strip_prefix("component[")?.split_once(']')?.0.parse().ok()?;
    let names = [ours, theirs].map(|version| version.pointer(&format!("/component/{place}/code")).and_then(name));
    match names {
        [Some(ours), Some(theirs)] => (ours == theirs).then_some(ours),
        [ours, theirs] => ours.or(theirs),
    }
}

/// What a code is called in words: names of IEEE 11073 are for machines.
fn name(code: &Value) -> Option<String> {
    let displays = code["coding"].as_array().into_iter().flatten().map(|coding| &coding["display"]);
    let mut names = std::iter::once(&code["text"]).chain(displays).filter_map(Value::as_str);
    names.find(|name| !name.starts_with("MDC_")).map(str::to_owned)
}

/// Every single value of a resource with its path; a quantity's with its unit.
fn leaves(version: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    collect(version, String::new(), &mut all);
    all
}

fn collect(value: &Value, path: String, all: &mut Vec<(String, String)>) {
    let is_left_out = |left_out: &&str| path == **left_out || path.starts_with(&format!("{left_out}."));
    if NOT_COMPARED.iter().any(is_left_out) {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match (name.as_str(), member, members.get("unit").and_then(Value::as_str)) {
                    ("value", Value::Number(number), Some(unit)) => all.push((below, format!("{number} {unit}"))),
                    _ => collect(member, below, all),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{path}[{index}]"), all);
            }
        }
        Value::String(text) => all.push((path, text.clone())),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => all.push((path, value.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_outbox::RowId;
    use uuid::Uuid;

    fn lines(ours: &str, theirs: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let theirs = TheirVersion { id: "1".into(), version: Some("3".into()), modified: None, json: theirs.into() };
        let both = Conflict { row: RowId(Uuid::nil()), ours: ours.into(), theirs: vec![theirs] };
        conflict(&both).theirs.remove(0).lines.into_iter().map(|line| (line.what, line.ours, line.theirs)).collect()
    }

    #[test]
    fn a_component_is_named_by_its_own_code_unless_the_two_sides_name_another_one() {
        let side = |first: &str, value: u8| {
            let coding = format!(r#"[{{"display":"MDC_X"}},{{"display":"{first}"}}]"#);
            let value = format!(r#""valueQuantity":{{"value":{value},"unit":"mmHg"}}"#);
            format!(r#"{{"component":[{{"code":{{"coding":{coding}}},{value}}}]}}"#)
        };
        let parts = |ours: &str, theirs: &str| -> Vec<Option<String>> {
            let of = |json: &str| serde_json::from_str(json).unwrap();
            differences(&of(ours), &of(theirs)).into_iter().map(|line| line.part).collect()
        };
        let (systolic, other) = (side("Systolic blood pressure", 128), side("Systolic blood pressure", 126));
        assert_eq!(parts(&systolic, &other), [Some("Systolic blood pressure".to_owned())]);
        assert_eq!(parts(&systolic, &side("Diastolic blood pressure", 128)), [None]);
        assert!(parts("{}", &systolic).iter().all(|part| part.as_deref() == Some("Systolic blood pressure")));
    }

    #[test]
    fn only_what_differs_is_told_with_its_path() {
        let found = lines(
            r#"{ "status": "final", "component": [{ "valueQuantity": { "value": 128, "unit": "mmHg" } }] }"#,
            r#"{ "status": "final", "component": [{ "valueQuantity": { "value": 126, "unit": "mmHg" } }], "note": [{ "text": "again" }] }"#,
        );
        let some = |text: &str| Some(text.to_owned());
        let value = ("component[0].valueQuantity.value".to_owned(), some("128 mmHg"), some("126 mmHg"));
        assert_eq!(found, [value, ("note[0].text".to_owned(), None, some("again"))]);
    }

    #[test]
    fn numbers_are_compared_as_they_are_written() {
        let found = lines(r#"{ "value": 37.0 }"#, r#"{ "value": 37.00 }"#);
        assert_eq!(found, [("value".to_owned(), Some("37.0".to_owned()), Some("37.00".to_owned()))]);
    }

    #[test]
    fn what_the_server_writes_by_itself_is_no_difference() {
        let theirs = r#"{ "id": "9", "meta": { "versionId": "3", "lastUpdated": "2026" }, "text": { "div": "x" } }"#;
        assert_eq!(lines(r#"{ "id": "1" }"#, theirs), []);
    }
}
