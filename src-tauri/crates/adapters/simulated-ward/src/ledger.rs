//! The ledger: every value that was handed to a subscribed link, in the model's own numbers.
//! It is written without a decoder, so that a test can hold decoder, console and store against it.
use bedside_vitals::{DeviceTime, Number, Parameter, Unit, WallTime};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::io::Write;
use uuid::Uuid;

/// One value that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerEntry {
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: WallTime,
    /// The serial number of the device (0x2A25).
    pub device_serial: String,
    /// Which link of that device, from 1.
    pub connection: u64,
    /// Which characteristic.
    pub characteristic: Uuid,
    /// How many values of that characteristic came before on this link.
    pub frame: u64,
    /// The octets, damaged ones included; hexadecimal in JSON.
    #[serde(serialize_with = "as_hexadecimal")]
    pub bytes: Vec<u8>,
    /// What the device meant; empty for what is no measurement (replies, cuff pressure while inflating).
    pub values: Vec<LedgerValue>,
    /// Whether the octets form a complete value that a decoder must accept.
    pub valid: bool,
    /// What is special about it.
    pub conditions: Vec<Condition>,
}

/// One number of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerValue {
    /// What was measured.
    #[serde(serialize_with = "as_text")]
    pub parameter: Parameter,
    /// `systolic`, `diastolic` or `mean` of a blood pressure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<&'static str>,
    /// The exact decimal or special value; text in JSON.
    #[serde(rename = "value", serialize_with = "as_text")]
    pub number: Number,
    /// Its unit; the UCUM code in JSON.
    #[serde(serialize_with = "as_text")]
    pub unit: Unit,
    /// What makes it this one.
    pub identity: LedgerIdentity,
}

/// What makes a value this one and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerIdentity {
    /// Its place among the valid values of its parameter on this link. A damaged value does not advance the count.
    Index(u64),
    /// The device's own time and the number of the record since the device was made.
    Record {
        /// As the value carries it.
        device_time: DeviceTime,
        /// Each measurement of a device has the next number, also one of equal time and value.
        record: u64,
    },
}

/// What is special about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The sensor does not touch the person.
    NoContact,
    /// The device runs a demonstration: it must never enter a chart.
    Demonstration,
    /// A meter measured control solution: it must never enter a chart.
    ControlSolution,
    /// The last octet was cut off.
    Truncated,
    /// A surplus octet was added.
    Trailing,
    /// A reserved flag is set: a decoder ignores it.
    ReservedFlags,
}

impl Serialize for LedgerIdentity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Index(index) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("index", index)?;
                map.end()
            }
            Self::Record { device_time, record } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("device_time", &device_time.to_string())?;
                map.serialize_entry("record", record)?;
                map.end()
            }
        }
    }
}

/// Keeps entries, writes them as JSON lines, or both.
pub(crate) struct Ledger {
    kept: Option<Vec<LedgerEntry>>,
    writer: Option<Box<dyn Write + Send>>,
    fault: Option<std::io::Error>,
}

impl Ledger {
    pub(crate) const fn keeping() -> Self {
        Self { kept: Some(Vec::new()), writer: None, fault: None }
    }

    pub(crate) fn keep_none(&mut self) {
        self.kept = None;
    }

    pub(crate) fn write_to(&mut self, writer: Box<dyn Write + Send>) {
        self.writer = Some(writer);
    }

    pub(crate) fn snapshot(&self) -> Vec<LedgerEntry> {
        self.kept.clone().unwrap_or_default()
    }

    /// The fault that ended the writing; taken once.
    pub(crate) fn take_fault(&mut self) -> Option<std::io::Error> {
        self.fault.take()
    }

    pub(crate) fn enter(&mut self, entry: LedgerEntry) {
        if let Some(writer) = &mut self.writer
            && let Err(fault) = write_line(writer, &entry)
        {
            // A file with a hole in it would prove the wrong thing: it ends where the fault came.
            self.writer = None;
            self.fault = Some(fault);
        }
        if let Some(kept) = &mut self.kept {
            kept.push(entry);
        }
    }
}

fn write_line(writer: &mut dyn Write, entry: &LedgerEntry) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    writer.write_all(&line)?;
    writer.flush()
}

fn as_text<T: ToString, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

fn as_hexadecimal<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let text: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    serializer.serialize_str(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_vitals::Decimal;

    fn entry() -> LedgerEntry {
        LedgerEntry {
            at: WallTime(1_700_000_000_123),
            device_serial: "SIM-T-0001".into(),
            connection: 1,
            characteristic: bedside_gatt::uuids::TEMPERATURE_MEASUREMENT,
            frame: 0,
            bytes: vec![0, 0x6E, 1, 0, 0xFF],
            values: vec![LedgerValue {
                parameter: Parameter::BodyTemperature,
                part: None,
                number: Decimal::new(366, -1).into(),
                unit: Unit::DegreeCelsius,
                identity: LedgerIdentity::Index(4),
            }],
            valid: true,
            conditions: vec![Condition::ReservedFlags],
        }
    }

    #[test]
    fn a_line_is_one_json_object_with_exact_text_numbers() {
        let mut line = Vec::new();
        write_line(&mut line, &entry()).unwrap();
        let expected = concat!(
            r#"{"at":"2023-11-14T22:13:20.123Z","device_serial":"SIM-T-0001","connection":1,"#,
            r#""characteristic":"00002a1c-0000-1000-8000-00805f9b34fb","frame":0,"bytes":"006e0100ff","#,
            r#""values":[{"parameter":"body_temperature","value":"36.6","unit":"Cel","identity":{"index":4}}],"#,
            r#""valid":true,"conditions":["reserved_flags"]}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn a_writer_that_fails_ends_the_file_and_says_why_while_entries_are_still_kept() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut ledger = Ledger::keeping();
        ledger.write_to(Box::new(Full));
        ledger.enter(entry());
        ledger.enter(entry());
        assert_eq!(ledger.snapshot().len(), 2);
        assert_eq!(ledger.take_fault().unwrap().kind(), std::io::ErrorKind::StorageFull);
    }
}
