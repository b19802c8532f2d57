//! One question to `bedsidectl decode` and the answer that is right, and what is wrong with another answer.
//! Where questions come from is not known here.

use serde_json::{Map, Value};

use crate::exact;

/// A value to decode.
pub(crate) struct Question {
    /// Where it is written, for the person who looks into a fault.
    origin: String,
    pub(crate) characteristic: String,
    hex: String,
    quirk: Option<String>,
    pub(crate) answer: Answer,
}

/// What must come back.
pub(crate) enum Answer {
    /// The JSON of the value; `undecided` are paths that are not compared, `*` all that the JSON does not have.
    Value { json: Value, undecided: Vec<String> },
    /// One of these kinds of error.
    Rejected { kinds: Vec<String> },
}

impl Question {
    pub(crate) fn of_vector(line: &str, origin: &str) -> Self {
        let line: Map<String, Value> = serde_json::from_str(line).unwrap_or_else(|error| panic!("{origin}: {error}"));
        let answer = match (line.get("expected"), line.get("error")) {
            (Some(json), None) => {
                Answer::Value { json: json.clone(), undecided: line.get("undecided").map(texts).unwrap_or_default() }
            }
            (None, Some(kinds)) => Answer::Rejected { kinds: texts(kinds) },
            _ => panic!("{origin}: a vector has either `expected` or `error`"),
        };
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            origin: origin.to_owned(),
            characteristic: text("characteristic").expect("a vector names its characteristic"),
            hex: text("hex").expect("a vector has its octets"),
            quirk: text("quirk"),
            answer,
        }
    }

    pub(crate) fn of_capture(
        origin: String,
        characteristic: String,
        hex: String,
        quirk: Option<String>,
        json: Value,
    ) -> Self {
        Self { origin, characteristic, hex, quirk, answer: Answer::Value { json, undecided: Vec::new() } }
    }

    /// The line that `bedsidectl decode --stdin` reads.
    pub(crate) fn line(&self) -> String {
        let quirk = self.quirk.as_deref().unwrap_or_default();
        format!("{} {} {quirk}\n", self.characteristic, self.hex)
    }

    /// What is wrong with the answer, if anything.
    pub(crate) fn fault_of(&self, answer: &Value) -> Option<String> {
        let expected = match &self.answer {
            Answer::Value { json, undecided } => {
                let (json, answer) = compared(json, answer, undecided);
                if exact::equal(&json, &answer) {
                    return None;
                }
                json.to_string()
            }
            Answer::Rejected { kinds } => {
                let kind = answer.get("error").and_then(Value::as_str);
                if kind.is_some_and(|kind| kinds.iter().any(|fits| fits == kind)) {
                    return None;
                }
                kinds.join(" or ")
            }
        };
        let Self { origin, characteristic, hex, .. } = self;
        Some(format!("{origin} {characteristic} {hex}: expected {expected}, got {answer}"))
    }
}

fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| value.as_str().expect("a text").to_owned();
    value.as_array().map_or_else(|| vec![one(value)], |many| many.iter().map(one).collect())
}

/// Both sides without what is undecided.
fn compared(json: &Value, answer: &Value, undecided: &[String]) -> (Value, Value) {
    let (mut json, mut answer) = (json.clone(), answer.clone());
    for path in undecided {
        if path == "*" {
            if let (Value::Object(json), Value::Object(answer)) = (&json, &mut answer) {
                answer.retain(|name, _| json.contains_key(name) || name == "error");
            }
        } else {
            remove(&mut json, path);
            remove(&mut answer, path);
        }
    }
    (json, answer)
}

fn remove(value: &mut Value, path: &str) {
    match (value, path.split_once('.')) {
        (Value::Array(many), _) => many.iter_mut().for_each(|one| remove(one, path)),
        (Value::Object(fields), None) => {
            fields.remove(path);
        }
        (Value::Object(fields), Some((name, rest))) => {
            if let Some(part) = fields.get_mut(name) {
                remove(part, rest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fault(vector: &Value, answer: &Value) -> Option<String> {
        Question::of_vector(&vector.to_string(), "here").fault_of(answer)
    }

    #[test]
    fn an_undecided_path_is_not_compared_and_all_others_are() {
        let vector =
            json!({ "characteristic": "X", "hex": "-", "expected": { "a": [{ "b": 1 }] }, "undecided": ["a.c"] });
        assert_eq!(fault(&vector, &json!({ "a": [{ "b": 1, "c": 2 }] })), None);
        assert!(fault(&vector, &json!({ "a": [{ "b": 2, "c": 2 }] })).is_some());
    }

    #[test]
    fn an_error_is_never_taken_for_a_value() {
        let vector = json!({ "characteristic": "X", "hex": "-", "expected": {}, "undecided": ["*"] });
        assert!(fault(&vector, &json!({ "error": "truncated" })).is_some());
    }

    #[test]
    fn a_rejection_of_another_kind_is_a_fault() {
        let vector = json!({ "characteristic": "X", "hex": "-", "error": ["length", "truncated"] });
        assert_eq!(fault(&vector, &json!({ "error": "length" })), None);
        assert!(fault(&vector, &json!({ "error": "bad_hex" })).is_some());
        assert!(fault(&vector, &json!({ "value": 1 })).is_some());
    }
}
