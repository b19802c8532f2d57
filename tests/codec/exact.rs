//! Equality of JSON with exact decimals: 2.0 is 2 and 1E+2 is 100, but nothing is ever rounded.
//! A field that is null is as good as absent; hexadecimal text has no case.

use serde_json::Value;

/// Fields whose text is hexadecimal.
const HEXADECIMAL: &[&str] = &["data_hex", "payload_hex", "oui", "uuid"];

pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            Decimal::of(&left.to_string()) == Decimal::of(&right.to_string())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
            names.dedup();
            names.into_iter().all(|name| {
                let (left, right) = (left.get(name).unwrap_or(&Value::Null), right.get(name).unwrap_or(&Value::Null));
                match (left, right) {
                    (Value::String(left), Value::String(right)) if HEXADECIMAL.contains(&name.as_str()) => {
                        left.eq_ignore_ascii_case(right)
                    }
                    _ => equal(left, right),
                }
            })
        }
        _ => left == right,
    }
}

/// A JSON number as digits without zeros at either end, and the power of ten of the last digit.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(number: &str) -> Self {
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unsigned = whole.trim_start_matches('-');
        let all = format!("{unsigned}{fraction}");
        let kept = all.trim_end_matches('0');
        let cut = (all.len() - kept.len()) as i64;
        let digits = kept.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        let power: i64 = exponent.parse().expect("JSON has whole exponents");
        Self { negative: whole.starts_with('-'), digits, exponent: power - fraction.len() as i64 + cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(left: &str, right: &str) -> bool {
        equal(&serde_json::from_str(left).unwrap(), &serde_json::from_str(right).unwrap())
    }

    #[test]
    fn numbers_are_equal_whatever_way_they_are_written() {
        for (left, right) in [("2.0", "2"), ("1E+2", "100"), ("-0.50", "-5e-1"), ("0", "-0.0e7"), ("1e127", "10e126")] {
            assert!(same(left, right), "{left} and {right}");
        }
    }

    #[test]
    fn numbers_differ_in_their_last_digit_however_long_they_are() {
        let pairs =
            [("976.5625", "976.5624"), ("18446744073709551615", "18446744073709551616"), ("1", "-1"), ("10", "1")];
        for (left, right) in pairs {
            assert!(!same(left, right), "{left} and {right}");
        }
    }

    #[test]
    fn a_field_of_null_is_absent_and_a_list_of_nothing_is_not() {
        assert!(same(r#"{ "a": null, "b": 1 }"#, r#"{ "b": 1 }"#));
        assert!(!same(r#"{ "a": [] }"#, r#"{ }"#));
        assert!(!same(r#"{ "a": null }"#, r#"{ "a": 0 }"#));
        assert!(!same(r#"{ }"#, r#"{ "a": 0 }"#));
    }
}
