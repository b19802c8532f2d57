//! Codes are written in one table: no other file of the crate writes one, nor the URI of a code system.
//! Not here: whether the codes of the table are right (`src/codes/table_tests.rs`).
#![allow(clippy::unwrap_used, reason = "a crate whose sources cannot be read fails the test")]
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const TABLE: &str = "codes/table.rs";

#[test]
fn no_other_file_of_the_crate_writes_a_code_or_a_code_system() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    assert!(files.len() > 15, "the sources are there");
    let terms = terms();
    for file in files {
        let is_test = file.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"));
        if is_test || file.ends_with(TABLE) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            assert_eq!(written_code(line, &terms), None, "in {}: {line}", file.display());
        }
    }
}

/// The 32-bit terms of the table: the numbers in it that are greater than any in a partition.
fn terms() -> BTreeSet<u32> {
    let table = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(TABLE)).unwrap();
    let terms: BTreeSet<u32> =
        numbers(&table).filter(|(_, number)| *number > 0xFFFF).map(|(_, number)| number).collect();
    assert!(terms.len() > 40, "the terms are there");
    terms
}

fn numbers(text: &str) -> impl Iterator<Item = (&str, u32)> {
    let words = text.split(|c: char| !(c.is_ascii_digit() || c == '_'));
    words.filter_map(|word| Some((word, word.replace('_', "").parse().ok()?)))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// A term's name or number, a LOINC or DICOM code in quotes, or the URI of a code system.
fn written_code<'a>(line: &'a str, terms: &BTreeSet<u32>) -> Option<&'a str> {
    let in_quotes = line.split('"').skip(1).step_by(2);
    let is_code = |text: &&str| {
        let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        let is_loinc = text.split_once('-').is_some_and(|(number, check)| digits(number) && digits(check));
        let is_uri = text.contains("CodeSystem") || text.starts_with("http://loinc") || text.starts_with("urn:iso");
        is_loinc || is_uri || text.starts_with("MDC_") || (digits(text) && text.len() > 3)
    };
    let quoted = in_quotes.into_iter().find(is_code);
    quoted.or_else(|| numbers(line).find(|(_, number)| terms.contains(number)).map(|(word, _)| word))
}

#[test]
fn a_written_code_is_found() {
    let terms = terms();
    for line in [r#"codes::measured(150_456, x)"#, r#"("8867-4", "")"#, r#"dicom("110114")"#, r#"name("MDC_TEMP")"#] {
        assert!(written_code(line, &terms).is_some(), "{line}");
    }
    assert_eq!(written_code("at.plus_millis(59_999)", &terms), None);
}
