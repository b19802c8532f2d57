//! Why an answer is no usable FHIR. The texts never repeat what the answer holds.
//! Not here: what to do about it.

/// An answer that cannot be taken as FHIR. Nothing may be counted as done because of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFhir {
    /// No JSON, or not of the expected shape.
    #[error("expected a {expected}, got something else at line {line}, column {column}")]
    Shape {
        /// What was expected.
        expected: &'static str,
        /// Line of the first fault, from 1; 0 when unknown.
        line: usize,
        /// Column of the first fault.
        column: usize,
    },
    /// A Bundle of another type.
    #[error("expected a Bundle of type {expected}")]
    BundleType {
        /// What was expected.
        expected: &'static str,
    },
    /// More or fewer entries than were sent.
    #[error("expected {expected} entries, got {got}")]
    Length {
        /// How many were sent.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// An entry without a status from 100 to 599.
    #[error("entry {index} has no HTTP status")]
    Status {
        /// Its place, from 0.
        index: usize,
    },
}

impl NotFhir {
    pub(crate) fn shape(expected: &'static str, error: &serde_json::Error) -> Self {
        Self::Shape { expected, line: error.line(), column: error.column() }
    }
}
