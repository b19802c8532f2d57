//! `bedsidectl decode`: one Bluetooth value to JSON, or a line of JSON for each line of input.
//! What the octets mean is `bedside-gatt`'s knowledge; here are only the names and shapes of the JSON fields.
mod continuous_glucose;
mod device_facts;
mod generic_health;
mod glucose;
mod json;
mod polar;
mod scales;
mod vendor;
mod vital_signs;

use bedside_gatt::DecodeError;
use bedside_gatt::blood_pressure::Dialect;
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};

/// A value that cannot be decoded: `{"error": kind, "detail": …}` on the command line, exit code 65.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct Rejected {
    /// The stable name of the fault, such as `truncated`.
    pub kind: &'static str,
    /// What was expected, what came, and where.
    pub detail: String,
}

/// The value that stands for no octets where an empty word cannot be written.
const EMPTY: &str = "-";

/// Decodes one value: `characteristic` is a 16-bit number in hex (`2A37`) or a bare word (`SFLOAT`), in any case;
/// `hex` the octets in the order they were received, `-` or nothing for an empty value; `quirk` the name of a known
/// fault of the device's model.
pub fn decode(characteristic: &str, hex: &str, quirk: Option<&str>) -> Result<Value, Rejected> {
    let decoder = decoder_of(characteristic)?;
    let dialect = dialect_of(quirk)?;
    let octets = octets_of(hex)?;
    let decoded = match decoder {
        Decoder::OfModel(decode) => decode(dialect, &octets),
        // A quirk belongs to a model, and the model's other characteristics are free of it.
        Decoder::OfAll(decode) => decode(&octets),
    };
    Ok(decoded?)
}

/// Answers each line `CHARACTERISTIC HEX [QUIRK]` of `input` with a line of JSON, in order. A line that cannot be
/// decoded is answered with its error, and the next one follows.
pub fn decode_lines(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let answer = decode_line(&String::from_utf8_lossy(&line)).unwrap_or_else(|rejected| rejected.json());
        writeln!(output, "{answer}")?;
        line.clear();
    }
    output.flush()
}

impl Rejected {
    /// The JSON that is printed.
    pub fn json(&self) -> Value {
        json!({ "error": self.kind, "detail": self.detail })
    }
}

impl From<DecodeError> for Rejected {
    fn from(error: DecodeError) -> Self {
        Self { kind: error.kind(), detail: error.to_string() }
    }
}

type Decoded = Result<Value, DecodeError>;

enum Decoder {
    OfAll(fn(&[u8]) -> Decoded),
    OfModel(fn(Dialect, &[u8]) -> Decoded),
}

fn decoder_of(characteristic: &str) -> Result<Decoder, Rejected> {
    Ok(Decoder::OfAll(match characteristic.to_ascii_uppercase().as_str() {
        "2A35" => return Ok(Decoder::OfModel(vital_signs::blood_pressure)),
        "SFLOAT" => device_facts::short_float,
        "FLOAT" => device_facts::float,
        "2A08" => device_facts::date_and_time,
        "2A0D" => device_facts::daylight_saving,
        "2A0E" => device_facts::time_zone,
        "2A0F" => device_facts::local_time,
        "2A14" => device_facts::reference_time,
        "2A18" => glucose::measurement,
        "2A19" => device_facts::battery_level,
        "2A1C" => vital_signs::temperature,
        "2A1D" => vital_signs::temperature_type,
        "2A1E" => vital_signs::intermediate_temperature,
        "2A21" => vital_signs::measurement_interval,
        "2A23" => device_facts::system_id,
        "2A24" => device_facts::model_number,
        "2A25" => device_facts::serial_number,
        "2A26" => device_facts::firmware_revision,
        "2A27" => device_facts::hardware_revision,
        "2A28" => device_facts::software_revision,
        "2A29" => device_facts::manufacturer_name,
        "2A2B" => device_facts::current_time,
        "2A34" => glucose::context,
        "2A36" => vital_signs::cuff_pressure,
        "2A37" => vital_signs::heart_rate,
        "2A38" => vital_signs::body_sensor_location,
        "2A49" => vital_signs::blood_pressure_features,
        "2A50" => device_facts::pnp_id,
        "2A51" => glucose::features,
        "2A52" => device_facts::record_access,
        "2A5E" => vital_signs::spot_check_oximetry,
        "2A5F" => vital_signs::continuous_oximetry,
        "2A60" => vital_signs::pulse_oximeter_features,
        "2A80" => scales::age,
        "2A85" => scales::date_of_birth,
        "2A8C" => scales::gender,
        "2A8E" => scales::user_height,
        "2A92" => scales::resting_heart_rate,
        "2A98" => scales::user_weight,
        "2A9B" => scales::body_composition_features,
        "2A9C" => scales::body_composition,
        "2A9D" => scales::weight,
        "2A9E" => scales::weight_features,
        "2A9F" => scales::user_control,
        "2B8B" | "2BDD" => generic_health::segment,
        "2AA7" => continuous_glucose::measurement,
        "2AA8" => continuous_glucose::features,
        "2AA9" => continuous_glucose::status,
        "2AAA" => continuous_glucose::session_start,
        "2AAB" => continuous_glucose::session_run_time,
        "2AAC" => continuous_glucose::control_reply,
        "2B34" => vital_signs::enhanced_blood_pressure,
        "2B35" => vital_signs::enhanced_cuff_pressure,
        "2B36" => vital_signs::blood_pressure_record,
        "2BED" => device_facts::battery_level_status,
        "2BF2" => device_facts::current_elapsed_time,
        "2BF3" => generic_health::features,
        "2BFF" => device_facts::unique_device_identifier,
        "GHS_OBSERVATION" => generic_health::observation,
        "PMD_DATA" => polar::data_frame,
        "NONIN_OXI" => vendor::nonin,
        "VIATOM_RT" => vendor::viatom,
        "BERRYMED" => vendor::berrymed,
        "MISCALE1" => vendor::scale_version_1,
        "MISCALE2" => vendor::scale_version_2,
        "YONKER_BP" => vendor::yonker,
        _ => {
            let detail = "expected a characteristic such as 2A37, SFLOAT or PMD_DATA".to_owned();
            return Err(Rejected { kind: "unknown_characteristic", detail });
        }
    }))
}

fn dialect_of(quirk: Option<&str>) -> Result<Dialect, Rejected> {
    let Some(name) = quirk else { return Ok(Dialect::Standard) };
    Dialect::of_quirk(name)
        .ok_or_else(|| Rejected { kind: "unknown_quirk", detail: "expected the quirk beurer_be".to_owned() })
}

fn octets_of(hex: &str) -> Result<Vec<u8>, Rejected> {
    if hex == EMPTY {
        return Ok(Vec::new());
    }
    let digit = |(at, digit): (usize, u8)| {
        char::from(digit).to_digit(16).map(|digit| digit as u8).ok_or_else(|| Rejected {
            kind: "bad_hex",
            detail: format!("expected a hex digit at place {at} of the value"),
        })
    };
    let digits = hex.bytes().enumerate().map(digit).collect::<Result<Vec<u8>, _>>()?;
    let (pairs, half) = digits.as_chunks::<2>();
    if !half.is_empty() {
        let detail = format!("expected two hex digits for each octet, got {} digits", digits.len());
        return Err(Rejected { kind: "bad_hex", detail });
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn decode_line(line: &str) -> Result<Value, Rejected> {
    let mut words = line.split_whitespace();
    let characteristic = words.next().unwrap_or_default();
    let hex = words.next();
    let quirk = words.next();
    if words.next().is_some() {
        let detail = "expected CHARACTERISTIC HEX [QUIRK], got more words".to_owned();
        return Err(Rejected { kind: "bad_hex", detail });
    }
    let Some(hex) = hex else {
        // The name is judged first: a line of one unknown word is not a matter of hex.
        decoder_of(characteristic)?;
        let detail = "expected a value after the characteristic (- for an empty one)".to_owned();
        return Err(Rejected { kind: "bad_hex", detail });
    };
    decode(characteristic, hex, quirk)
}

#[cfg(test)]
mod tests;
