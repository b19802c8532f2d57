//! What is wrong at one place of a policy file.
//! A policy holds no health data, so what was found may be repeated, cut to a readable length.
use alloc::string::{String, ToString};
use serde::Serialize;
use serde_json::Value;

/// One fault of a policy file. All faults of a file are found in one reading.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("{path}: expected {expected}, got {got}")]
pub struct PolicyFault {
    /// Where: `$` is the document, members follow with points, for example `$.freshness.streaming.live_s`.
    pub path: String,
    /// What may stand there.
    pub expected: String,
    /// What stands there, at most 80 characters.
    pub got: String,
}

impl PolicyFault {
    pub(crate) fn new(path: &str, expected: impl Into<String>, got: &str) -> Self {
        Self { path: path.to_string(), expected: expected.into(), got: cut(got) }
    }

    pub(crate) fn of_value(path: &str, expected: impl Into<String>, got: &Value) -> Self {
        Self::new(path, expected, &got.to_string())
    }
}

fn cut(text: &str) -> String {
    const MOST: usize = 80;
    if text.chars().count() <= MOST {
        return text.to_string();
    }
    let mut short: String = text.chars().take(MOST - 1).collect();
    short.push('…');
    short
}
