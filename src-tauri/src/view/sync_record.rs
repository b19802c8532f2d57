//! Single records on their way to the server: the list of those that it has not accepted, and the way of one of them.
//! In a list a record is named by its kind, never by its content; whose it is stands in its receipt.
use super::catalogue::{PatientView, model, patient};
use super::names::{RecordState, TimeMethodView};
use bedside_console::{RawFrame, ReceiptSource, RowSummary, RowVersion, SyncReceipt};
use bedside_vitals::{Parameter, ReadingIdentity, WallTime};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// A record on its way to the server.
#[derive(Clone, Serialize, TS)]
pub(crate) struct OpenRecordView {
    /// Id of the row.
    pub(crate) id: String,
    /// Where it stands.
    pub(crate) state: RecordState,
    /// What kind of record: what an observation measured in words, or its FHIR type.
    pub(crate) record: String,
    /// Which version of a reading it is.
    pub(crate) version: RowVersionView,
    /// The server holds another version: a person decides between the two.
    pub(crate) conflict: bool,
    /// When it was written, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) created: i64,
    /// Tries so far.
    pub(crate) attempts: u32,
    /// Not before this time.
    #[ts(type = "number | null")]
    pub(crate) next_attempt: Option<i64>,
    /// HTTP status of the last answer; 0 when none came.
    pub(crate) answer_status: Option<u16>,
    /// The last answer's text.
    pub(crate) answer: Option<String>,
    /// When it came.
    #[ts(type = "number | null")]
    pub(crate) answered: Option<i64>,
}

super::names::mirrored! {
    /// Which version of a reading a record is.
    RowVersionView as "RowVersion" of RowVersion { First, Amended, EnteredInError }
}

/// The way of one record, from the device to the server.
#[derive(Clone, Serialize, TS)]
pub(crate) struct ReceiptView {
    /// The record.
    pub(crate) record: OpenRecordView,
    /// Whom it is about.
    pub(crate) patient: Option<PatientView>,
    /// What it was made of.
    pub(crate) source: ReceiptSourceView,
    /// FHIR type and id, as it is or will be at the server.
    pub(crate) resource: String,
    /// Octets of the resource.
    #[ts(type = "number")]
    pub(crate) octets: usize,
    /// Who measured or said it.
    pub(crate) measured_by: Option<String>,
    /// What the server calls it, once it is accepted.
    pub(crate) server: Option<ServerCopyView>,
    /// Why it was put away.
    pub(crate) discarded: Option<DiscardView>,
}

/// What the server calls a record that it accepted.
#[derive(Clone, Serialize, TS)]
pub(crate) struct ServerCopyView {
    /// Its id there.
    pub(crate) id: String,
    /// Its version there.
    pub(crate) version: Option<String>,
    /// When the server stored it, by its own clock.
    #[ts(type = "number | null")]
    pub(crate) modified: Option<i64>,
}

/// Why a record was put away.
#[derive(Clone, Serialize, TS)]
pub(crate) struct DiscardView {
    /// In whose words it stands here.
    pub(crate) reason: String,
    /// Who; `null` = the console, for what the server does not take.
    pub(crate) by: Option<String>,
    /// When.
    #[ts(type = "number")]
    pub(crate) at: i64,
}

/// What a record was made of.
#[derive(Clone, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(rename = "ReceiptSource")]
pub(crate) enum ReceiptSourceView {
    /// A spot reading.
    Reading {
        /// The device's name.
        device: String,
        /// Its maker and model.
        model: Option<String>,
        /// Its serial number.
        serial: Option<String>,
        /// The number that the device gave it.
        sequence: Option<u32>,
        /// What makes it this reading, as IT reads it.
        identity: String,
        /// When it was measured, in milliseconds since 1970.
        #[ts(type = "number")]
        measured: i64,
        /// How that is known.
        time: TimeMethodView,
        /// When it arrived.
        #[ts(type = "number")]
        received: i64,
        /// The octets that it was decoded from; `null` where they are not kept any more, or never were.
        frame: Option<FrameView>,
    },
    /// The median of a minute.
    Minute {
        /// The device's name.
        device: String,
        /// Start of the minute.
        #[ts(type = "number")]
        minute: i64,
        /// Samples.
        samples: u32,
    },
    /// A device, or this console.
    Device {
        /// Its name; `null` = this console.
        device: Option<String>,
    },
    /// Another record.
    Other,
}

/// Octets as the radio gave them.
#[derive(Clone, Serialize, TS)]
pub(crate) struct FrameView {
    /// The characteristic: four digits where it is an assigned number.
    pub(crate) characteristic: String,
    /// Its place among the values of the connection.
    #[ts(type = "number")]
    pub(crate) index: u64,
    /// When it arrived, in milliseconds since 1970.
    #[ts(type = "number")]
    pub(crate) received: i64,
    /// The octets, in hexadecimal, two digits each.
    pub(crate) octets: String,
}

/// A record for the list.
pub(crate) fn open_record(row: &RowSummary) -> OpenRecordView {
    OpenRecordView {
        id: row.id.0.to_string(),
        state: row.state.into(),
        record: row.parameter.map_or_else(|| row.resource_type.clone(), words),
        version: row.version.into(),
        conflict: row.conflict,
        created: row.created.0,
        attempts: row.attempts,
        next_attempt: row.next_attempt.map(|at| at.0),
        answer_status: row.outcome.as_ref().map(|outcome| outcome.status),
        answer: row.outcome.as_ref().map(|outcome| outcome.text.clone()),
        answered: row.outcome.as_ref().map(|outcome| outcome.at.0),
    }
}

/// The way of a record for the window.
pub(crate) fn receipt(receipt: &SyncReceipt, now: WallTime) -> ReceiptView {
    let row = &receipt.row;
    ReceiptView {
        record: open_record(row),
        patient: receipt.patient.as_ref().map(|who| patient(who, now)),
        source: source(&receipt.source),
        resource: format!("{}/{}", row.resource_type, row.resource_id),
        octets: row.octets,
        measured_by: receipt.measured_by.as_ref().map(|clinician| clinician.display_name.clone()),
        server: row.server.as_ref().map(|copy| ServerCopyView {
            id: copy.id.clone(),
            version: copy.version.clone(),
            modified: copy.modified.map(|at| at.0),
        }),
        discarded: row.discarded.as_ref().map(|discard| DiscardView {
            reason: discard.reason.clone(),
            by: receipt.discarded_by.as_ref().map(|clinician| clinician.display_name.clone()),
            at: discard.at.0,
        }),
    }
}

fn source(source: &ReceiptSource) -> ReceiptSourceView {
    match source {
        ReceiptSource::Reading { reading, device, frame } => {
            let measurement = &reading.measurement;
            ReceiptSourceView::Reading {
                device: device.name.clone(),
                model: model(device),
                serial: device.serial.clone(),
                sequence: match measurement.identity {
                    ReadingIdentity::Sequence { sequence, .. } => Some(sequence),
                    ReadingIdentity::Ordinal { .. } | ReadingIdentity::Stream { .. } => None,
                },
                identity: measurement.identity.to_string(),
                measured: measurement.time.at.0,
                time: measurement.time.method.into(),
                received: measurement.time.received.0,
                frame: frame.as_ref().map(frame_view),
            }
        }
        ReceiptSource::Minute { median, device } => ReceiptSourceView::Minute {
            device: device.as_ref().map_or_else(|| median.device.to_string(), |device| device.name.clone()),
            minute: median.minute.0,
            samples: median.count,
        },
        ReceiptSource::Device(device) => {
            ReceiptSourceView::Device { device: device.as_ref().map(|device| device.name.clone()) }
        }
        ReceiptSource::Other => ReceiptSourceView::Other,
    }
}

fn frame_view(frame: &RawFrame) -> FrameView {
    let octets: Vec<String> = frame.bytes.iter().map(|octet| format!("{octet:02x}")).collect();
    FrameView {
        characteristic: assigned_number(frame.characteristic),
        index: frame.index,
        received: frame.received.0,
        octets: octets.join(" "),
    }
}

/// The four digits of an assigned number, or the whole id (Core Specification 3.B.2.5.1).
fn assigned_number(characteristic: Uuid) -> String {
    const BASE: u128 = 0x0000_0000_0000_1000_8000_0080_5f9b_34fb;
    let id = characteristic.as_u128();
    if id & !(0xffff << 96) == BASE { format!("{:04X}", id >> 96) } else { characteristic.to_string() }
}

fn words(parameter: Parameter) -> String {
    let mut words = parameter.name().replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use bedside_outbox::OutboxRow;

    #[test]
    fn an_observation_is_named_by_what_it_measured_and_anything_else_by_its_type() {
        let coded = r#"{ "code": { "coding": [{ "code": "150020" }] } }"#;
        let named = |kind: &str| {
            let row = OutboxRow::new(kind, Uuid::nil(), coded.to_owned(), WallTime(0));
            open_record(&bedside_console::summary(&row)).record
        };
        assert_eq!(named("Observation"), "Blood pressure");
        assert_eq!(named("Device"), "Device");
    }

    #[test]
    fn an_assigned_number_has_four_digits() {
        let assigned = Uuid::from_u128(0x0000_2a35_0000_1000_8000_0080_5f9b_34fb);
        assert_eq!(assigned_number(assigned), "2A35");
        assert_eq!(assigned_number(Uuid::nil()), Uuid::nil().to_string());
    }
}
