//! Captures of real devices and published sample data: files of `tests/captures`, one folder for each profile.
//! Each states its device and its source; what was made by hand is not among them.

use crate::question::Question;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Table;

/// Every capture; more than one value may come from one device.
pub(crate) fn all() -> Vec<Question> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/captures"));
    let profiles = children(folder);
    profiles.iter().flat_map(|profile| children(profile)).flat_map(|file| questions(&file)).collect()
}

fn questions(file: &Path) -> Vec<Question> {
    let name = file.display();
    let capture: Table = fs::read_to_string(file).unwrap().parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    for required in ["device", "source"] {
        assert!(text(&capture, required).is_some_and(|text| !text.is_empty()), "{name}: lacks `{required}`");
    }
    let values = capture.get("value").and_then(toml::Value::as_array).expect("a capture has [[value]]");
    values.iter().map(|value| question(&name.to_string(), value.as_table().expect("a value is a table"))).collect()
}

fn question(origin: &str, value: &Table) -> Question {
    let required = |name: &str| text(value, name).unwrap_or_else(|| panic!("{origin}: lacks `{name}`"));
    let hex = required("bytes").split_whitespace().collect();
    let expected = serde_json::from_str(&required("expected")).unwrap_or_else(|error| panic!("{origin}: {error}"));
    Question::of_capture(origin.to_owned(), required("characteristic"), hex, text(value, "quirk"), expected)
}

fn text(table: &Table, name: &str) -> Option<String> {
    table.get(name).and_then(toml::Value::as_str).map(str::to_owned)
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
