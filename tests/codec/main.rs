//! The codec against an encoder by another hand, and against published captures: `bedsidectl decode --stdin` must
//! answer each line as expected. Not here: how the lines are made (`encode_vectors.py`), what single functions do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod captures;
mod exact;
mod question;

use question::{Answer, Question};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// How many characteristics `bedsidectl decode` knows.
const CHARACTERISTICS: usize = 66;

/// How many valid lines each characteristic has at least.
const FEWEST_VALID: usize = 5;

/// How many wrong answers of one characteristic are printed.
const SHOWN: usize = 4;

#[test]
fn every_vector_is_answered_as_the_independent_encoder_says() {
    assert_answers(&vectors());
}

#[test]
fn every_published_capture_is_answered_as_its_source_says() {
    let captures = captures::all();
    assert!(!captures.is_empty(), "there are no captures");
    assert_answers(&captures);
}

#[test]
fn every_characteristic_has_enough_valid_lines_and_a_rejected_one() {
    let mut counts = BTreeMap::<String, (usize, usize)>::new();
    for question in vectors() {
        let (valid, rejected) = counts.entry(question.characteristic).or_default();
        match question.answer {
            Answer::Value { .. } => *valid += 1,
            Answer::Rejected { .. } => *rejected += 1,
        }
    }
    // Characteristics that nobody knows have rejected lines alone.
    counts.retain(|_, (valid, _)| *valid > 0);
    assert_eq!(counts.len(), CHARACTERISTICS);
    let poor: Vec<_> = counts.iter().filter(|(_, (valid, rejected))| *valid < FEWEST_VALID || *rejected == 0).collect();
    assert!(poor.is_empty(), "too few lines: {poor:?}");
}

#[test]
fn the_committed_vectors_are_what_the_encoder_writes() {
    let encoder = folder().join("encode_vectors.py");
    let output = Command::new("python3").arg("-B").arg(encoder).arg("--check").output().expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/codec"))
}

fn vectors() -> Vec<Question> {
    let text = fs::read_to_string(folder().join("vectors.jsonl")).unwrap();
    text.lines().zip(1..).map(|(line, number)| Question::of_vector(line, &format!("vectors.jsonl:{number}"))).collect()
}

fn assert_answers(questions: &[Question]) {
    let lines: String = questions.iter().map(Question::line).collect();
    let mut output = Vec::new();
    bedside_ctl::decode::decode_lines(lines.as_bytes(), &mut output).unwrap();
    let answers: Vec<&str> = std::str::from_utf8(&output).unwrap().lines().collect();
    assert_eq!(answers.len(), questions.len(), "one line of answer for each line of question");

    let mut faults = BTreeMap::<&str, Vec<String>>::new();
    for (question, answer) in questions.iter().zip(answers) {
        let answer = serde_json::from_str(answer).unwrap();
        if let Some(fault) = question.fault_of(&answer) {
            faults.entry(&question.characteristic).or_default().push(fault);
        }
    }
    assert!(faults.is_empty(), "{}", report(&faults));
}

fn report(faults: &BTreeMap<&str, Vec<String>>) -> String {
    let mut text = String::new();
    for (characteristic, faults) in faults {
        writeln!(text, "{characteristic}: {} wrong answers", faults.len()).unwrap();
        for fault in faults.iter().take(SHOWN) {
            writeln!(text, "  {fault}").unwrap();
        }
    }
    text
}
