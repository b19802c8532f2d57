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
    /// What ours says; `null` = nothing.
    pub(crate) ours: Option<String>,
    /// What the server's says; `null` = nothing.
    pub(crate) theirs: Option<String>,
}

/// What the server itself writes into every version, and the text made from the rest.
const NOT_COMPARED: [&str; 4] = ["meta.versionId", "meta.lastUpdated", "id", "text"];

/// Both sides of a conflict for the window.
pub(crate) fn conflict(conflict: &Conflict) -> ConflictView {
    let ours = leaves(&conflict.ours);
    let theirs = |version: &TheirVersion| TheirVersionView {
        id: version.id.clone(),
        version: version.version.clone(),
        modified: version.modified.map(|at| at.0),
        lines: differences(&ours, &leaves(&version.json)),
    };
    ConflictView { record: conflict.row.0.to_string(), theirs: conflict.theirs.iter().map(theirs).collect() }
}

fn differences(ours: &[(String, String)], theirs: &[(String, String)]) -> Vec<ConflictLineView> {
    let of = |side: &[(String, String)], what: &str| side.iter().find(|(path, _)| path == what).map(|(_, v)| v.clone());
    let added = theirs.iter().filter(|(what, _)| of(ours, what).is_none());
    let paths = ours.iter().chain(added).map(|(what, _)| what);
    paths
        .map(|what| ConflictLineView { what: what.clone(), ours: of(ours, what), theirs: of(theirs, what) })
        .filter(|line| line.ours != line.theirs)
        .collect()
}

/// Every single value of a resource with its path.
fn leaves(json: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    collect(&serde_json::from_str(json).unwrap_or_default(), String::new(), &mut all);
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
                collect(member, below, all);
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
    fn only_what_differs_is_told_with_its_path() {
        let found = lines(
            r#"{ "status": "final", "component": [{ "valueQuantity": { "value": 128, "unit": "mmHg" } }] }"#,
            r#"{ "status": "final", "component": [{ "valueQuantity": { "value": 126, "unit": "mmHg" } }], "note": [{ "text": "again" }] }"#,
        );
        let some = |text: &str| Some(text.to_owned());
        let value = ("component[0].valueQuantity.value".to_owned(), some("128"), some("126"));
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
