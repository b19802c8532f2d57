//! What is printed: answers on standard output, messages on standard error.
//! A closed pipe ends quietly. Not here: what the words are.
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::Write;

/// Where answers go, and in which form.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// One answer, or one line of a stream.
    pub(crate) fn say(&self, human: &str, json: &Value) {
        if self.json { self.line(&json.to_string()) } else { self.line(human) }
    }

    /// One line as it is.
    pub(crate) fn line(&self, line: &str) {
        // Whoever read us may have gone; there is nobody left to tell.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// A message beside the answer.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Why the command failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            let _ = writeln!(std::io::stderr().lock(), "{}", json!({ "error": failure.text, "exit": failure.code }));
        } else {
            self.note(&format!("bedsidectl: {}", failure.text));
        }
    }
}
