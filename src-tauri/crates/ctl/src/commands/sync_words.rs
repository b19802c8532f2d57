//! Records on their way to the server in words and as JSON, the same in every command.
//! Not here: readings themselves (`words`).
use super::words;
use bedside_console::{ReceiptSource, RowSummary, RowVersion, ServerFinding, SyncReceipt};
use bedside_vitals::Parameter;
use serde_json::{Value, json};

/// `refused  Observation/… body_temperature, written …, 1 tries: 422 …`
pub(crate) fn row_line(row: &RowSummary) -> String {
    let what = row.parameter.map_or("", Parameter::name);
    let version = match row.version {
        RowVersion::First => "",
        RowVersion::Amended => " (correction)",
        RowVersion::EnteredInError => " (rejection)",
    };
    let conflict = if row.conflict { " conflict: decide in the window;" } else { "" };
    let why = reason(row).map(|reason| format!(": {reason}")).unwrap_or_default();
    format!(
        "{:<9} {}  {}/{} {what}{version}, written {}, {} tries{conflict}{why}",
        row.state.name(),
        row.id.0,
        row.resource_type,
        row.resource_id,
        row.created,
        row.attempts
    )
}

pub(crate) fn row_json(row: &RowSummary) -> Value {
    json!({
        "id": row.id.0.to_string(),
        "resource": format!("{}/{}", row.resource_type, row.resource_id),
        "parameter": row.parameter.map(Parameter::name),
        "version": match row.version {
            RowVersion::First => "first",
            RowVersion::Amended => "amended",
            RowVersion::EnteredInError => "entered_in_error",
        },
        "state": row.state.name(),
        "conflict": row.conflict,
        "attempts": row.attempts,
        "written": row.created.to_string(),
        "next_attempt": row.next_attempt.map(|at| at.to_string()),
        "status": row.outcome.as_ref().map(|outcome| outcome.status),
        "reason": reason(row),
        "answered": row.outcome.as_ref().map(|outcome| outcome.at.to_string()),
        "octets": row.octets,
        "server": row.server.as_ref().map(|copy| json!({
            "id": copy.id, "version": copy.version, "modified": copy.modified.map(|at| at.to_string()),
        })),
    })
}

/// The way of a record, a step a line.
pub(crate) fn receipt_lines(receipt: &SyncReceipt) -> Vec<String> {
    let row = &receipt.row;
    let mut lines = Vec::new();
    if let Some(patient) = &receipt.patient {
        lines.push(format!("patient         {}", patient.record_number.reveal()));
    }
    match &receipt.source {
        ReceiptSource::Reading { reading, device, frame } => {
            let measurement = &reading.measurement;
            let serial = device.serial.as_deref().map(|serial| format!(" (serial {serial})")).unwrap_or_default();
            lines.push(format!("measured by     {}{serial}", device.name));
            lines.push(format!("on the device   {}", measurement.identity));
            lines.push(format!("measured        {} ({})", measurement.time.at, words::method(measurement.time.method)));
            lines.push(format!("received        {}", measurement.time.received));
            lines.push(match frame {
                Some(frame) => {
                    let octets = frame_octets(&frame.bytes);
                    format!("raw octets      {octets} of {} value {}", frame.characteristic, frame.index)
                }
                None => "raw octets      not kept any more, or never were".into(),
            });
        }
        ReceiptSource::Minute { median, device } => {
            let name = device.as_ref().map_or_else(|| median.device.to_string(), |device| device.name.clone());
            lines.push(format!("measured by     {name}"));
            lines.push(format!("median          of {} values of the minute {}", median.count, median.minute));
        }
        ReceiptSource::Device(device) => {
            lines.push(format!("device          {}", device.as_ref().map_or("this console", |device| &device.name)));
        }
        ReceiptSource::Other => {}
    }
    if let Some(by) = &receipt.measured_by {
        lines.push(format!("by              {}", by.user_name));
    }
    lines.push(format!("written         {} as {}, {} octets", row.created, row.id.0, row.octets));
    lines.push(match &row.outcome {
        Some(outcome) => {
            format!("last answer     {} at {}, try {}: {}", outcome.status, outcome.at, row.attempts, outcome.text)
        }
        None => "last answer     none yet".into(),
    });
    lines.push(format!("state           {}", row.state));
    if let Some(copy) = &row.server {
        let version = copy.version.as_deref().unwrap_or("not told");
        let stored = copy.modified.map(|at| format!(", stored {at} by its clock")).unwrap_or_default();
        lines.push(format!("at the server   {}/{} version {version}{stored}", row.resource_type, copy.id));
    }
    if let Some(discard) = &row.discarded {
        let by = receipt.discarded_by.as_ref().map_or("this console", |by| by.user_name.as_str());
        lines.push(format!("put away        {} by {by}: {}", discard.at, discard.reason));
    }
    lines
}

pub(crate) fn receipt_json(receipt: &SyncReceipt) -> Value {
    let source = match &receipt.source {
        ReceiptSource::Reading { reading, device, frame } => json!({
            "kind": "reading",
            "reading": reading.id.to_string(),
            "device": device.name,
            "serial": device.serial,
            "measurement": words::measurement_json(&reading.measurement),
            "frame": frame.as_ref().map(|frame| json!({
                "connection": frame.connection.to_string(),
                "characteristic": frame.characteristic.to_string(),
                "index": frame.index,
                "received": frame.received.to_string(),
                "octets": frame_octets(&frame.bytes),
            })),
        }),
        ReceiptSource::Minute { median, device } => json!({
            "kind": "minute",
            "minute": median.minute.to_string(),
            "samples": median.count,
            "device": device.as_ref().map(|device| device.name.clone()),
        }),
        ReceiptSource::Device(device) => {
            json!({ "kind": "device", "device": device.as_ref().map(|device| device.name.clone()) })
        }
        ReceiptSource::Other => json!({ "kind": "other" }),
    };
    json!({
        "record": row_json(&receipt.row),
        "patient": receipt.patient.as_ref().map(|patient| patient.record_number.reveal().to_owned()),
        "source": source,
        "measured_by": receipt.measured_by.as_ref().map(|by| by.user_name.to_string()),
        "discarded": receipt.row.discarded.as_ref().map(|discard| json!({
            "reason": discard.reason,
            "by": receipt.discarded_by.as_ref().map(|by| by.user_name.to_string()),
            "at": discard.at.to_string(),
        })),
    })
}

/// What a server does otherwise, in words.
pub(crate) fn finding(finding: &ServerFinding) -> String {
    match finding {
        ServerFinding::CapabilityUnreadable => "the server does not say what it can do".into(),
        ServerFinding::OtherFhirVersion(version) => {
            format!("the server speaks FHIR {version} and not 4.0.1: nothing is sent")
        }
        ServerFinding::NoBatch => "the server says that it takes no batches: nothing is sent".into(),
        ServerFinding::RefusesClientIds => {
            "the server refuses client ids: records are created under a condition".into()
        }
        ServerFinding::NoConditionalCreate => {
            "the server creates nothing under a condition, so a record could come to be there twice: nothing is sent"
                .into()
        }
        ServerFinding::NoSearch => "the server cannot be searched".into(),
        ServerFinding::LargestBundle(entries) => format!("the server takes at most {entries} entries at once"),
    }
}

/// The server's words, or a person's, on why it stands so.
fn reason(row: &RowSummary) -> Option<String> {
    if let Some(discard) = &row.discarded {
        return Some(discard.reason.clone());
    }
    row.outcome.as_ref().map(|outcome| format!("{} {}", outcome.status, outcome.text).trim().to_owned())
}

fn frame_octets(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
