//! What the devices say they sent against what the vault holds, number by number and in order.
//! Not here: making either happen.
use crate::bedside::Bedside;
use bedside_console::{SampleValues, StoredReading};
use bedside_vitals::{Decimal, MeasuredValue, Number, Parameter};
use serde_json::Value;

/// The numbers of one parameter in a ledger. `part` is "" where a value has only one.
pub(crate) fn sent(ledger: &[Value], parameter: Parameter, part: &str) -> Vec<String> {
    let values = ledger.iter().filter_map(|entry| entry["values"].as_array()).flatten();
    values
        .filter(|value| value["parameter"] == parameter.name() && value["part"] == part)
        .map(|value| canonical(value["value"].as_str().expect("a number as text")))
        .collect()
}

/// Integers that a ledger lists under a key, such as the samples of a waveform.
pub(crate) fn integers(ledger: &[Value], key: &str) -> Vec<i32> {
    let lists = ledger.iter().filter_map(|entry| entry[key].as_array()).flatten();
    lists.map(|value| i32::try_from(value.as_i64().expect("an integer")).expect("a sample")).collect()
}

/// The octets that went through one characteristic, given by its four digits.
pub(crate) fn octets(ledger: &[Value], characteristic: &str) -> Vec<String> {
    let through = ledger.iter().filter(|entry| entry["characteristic"] == characteristic);
    through.map(|entry| entry["hex"].as_str().expect("octets").to_owned()).collect()
}

impl Bedside {
    /// The stored numbers of a stream, in order of time.
    pub(crate) async fn stream(&self, parameter: Parameter) -> Vec<String> {
        let mut numbers = Vec::new();
        for samples in self.samples().await.into_iter().filter(|samples| samples.parameter == parameter) {
            let steps: Vec<i32> = match samples.values {
                SampleValues::Timed(values) => values.into_iter().map(|(_, step)| step).collect(),
                SampleValues::Even { samples, .. } => samples,
            };
            let number = |step| canonical(&Decimal::new(i64::from(step), samples.exponent).to_string());
            numbers.extend(steps.into_iter().map(number));
        }
        numbers
    }

    /// The stored integers of a waveform or of beat intervals, in order of time.
    pub(crate) async fn integers(&self, parameter: Parameter) -> Vec<i32> {
        let mut all = Vec::new();
        for samples in self.samples().await.into_iter().filter(|samples| samples.parameter == parameter) {
            match samples.values {
                SampleValues::Timed(values) => all.extend(values.into_iter().map(|(_, step)| step)),
                SampleValues::Even { samples, .. } => all.extend(samples),
            }
        }
        all
    }

    /// The stored spot readings of a parameter, in the order in which they arrived.
    pub(crate) async fn spots(&self, parameter: Parameter) -> Vec<StoredReading> {
        let mut readings = self.readings().await;
        readings.retain(|reading| reading.measurement.parameter == parameter);
        readings.sort_by_key(|r| (r.measurement.time.received_boot, r.frame.map(|(_, _, index)| index)));
        readings
    }

    /// The octets that came through one characteristic, given by its four digits, in the order of arrival.
    pub(crate) async fn octets(&self, characteristic: &str) -> Vec<String> {
        let is_it = |uuid: &str| uuid[4..8].eq_ignore_ascii_case(characteristic);
        let frames = self.frames().await.into_iter().filter(|frame| is_it(&frame.characteristic.to_string()));
        frames.map(|frame| frame.bytes.iter().map(|octet| format!("{octet:02x}")).collect()).collect()
    }
}

/// The numbers of readings. `part` is "" where a value has only one.
pub(crate) fn numbers(readings: &[StoredReading], part: &str) -> Vec<String> {
    let number = |reading: &StoredReading| -> Option<Number> {
        match (&reading.measurement.value, part) {
            (MeasuredValue::Single(quantity), "") => Some(quantity.number),
            (MeasuredValue::Pressures(pressures), "systolic") => Some(pressures.systolic),
            (MeasuredValue::Pressures(pressures), "diastolic") => Some(pressures.diastolic),
            (MeasuredValue::Pressures(pressures), "mean") => Some(pressures.mean),
            _ => None,
        }
    };
    readings.iter().filter_map(number).map(|number| canonical(&number.to_string())).collect()
}

/// What was stored is what was sent, but for values that went with a lost link: nothing added, nothing twice, nothing
/// out of order.
pub(crate) fn is_in_order_within(stored: &[String], sent: &[String]) -> bool {
    let mut sent = sent.iter();
    stored.iter().all(|value| sent.any(|other| other == value))
}

/// A number as text that is the same for the same value: a series keeps one precision for all of its samples.
fn canonical(number: &str) -> String {
    number.parse::<Decimal>().map_or_else(|_| number.to_owned(), |decimal| decimal.rounded(3).to_string())
}
