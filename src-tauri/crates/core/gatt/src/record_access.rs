//! Record Access Control Point 0x2A52 (Bluetooth SIG, shared by several services): requests and answers.
//! The order of steps is the sessions' work. There is no delete request: a device's memory is never erased.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::DeviceTime;

const RECORD_ACCESS: Characteristic = Characteristic::named("Record Access Control Point");

const REPORT: u8 = 1;
const ABORT: u8 = 3;
const REPORT_NUMBER: u8 = 4;
const NUMBER_RESPONSE: u8 = 5;
const RESPONSE: u8 = 6;
const COMBINED_REPORT: u8 = 7;
const COMBINED_RESPONSE: u8 = 8;

const OPERATOR_NULL: u8 = 0;
const OPERATOR_ALL: u8 = 1;
const OPERATOR_AT_MOST: u8 = 2;
const OPERATOR_AT_LEAST: u8 = 3;
const OPERATOR_WITHIN: u8 = 4;
const OPERATOR_FIRST: u8 = 5;
const OPERATOR_LAST: u8 = 6;

const FILTER_NUMBER: u8 = 1;
const FILTER_USER_FACING_TIME: u8 = 2;

/// What the console asks of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordRequest {
    /// Send the selected records.
    Report(Selection),
    /// Say how many records the selection has.
    ReportNumber(Selection),
    /// Send the selected records and end with how many were sent.
    CombinedReport(Selection),
    /// Stop what was asked before.
    Abort,
}

/// Which records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// All.
    All,
    /// Up to this one.
    AtMost(Bound),
    /// From this one.
    AtLeast(Bound),
    /// From `least` to `most`, both included and of one kind.
    Within {
        /// The first.
        least: Bound,
        /// The last.
        most: Bound,
    },
    /// The oldest.
    First,
    /// The newest.
    Last,
}

/// Where a selection begins or ends, in what the service counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Two octets: the sequence number of glucose and blood pressure, the minutes of a continuous glucose session.
    Number(u16),
    /// Four octets: the record number of the generic health sensor.
    WideNumber(u32),
    /// The time as the device's user saw it (Glucose service: base time plus offset).
    UserFacingTime(DeviceTime),
}

/// What a device answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordReply {
    /// How many records the selection has.
    NumberOfRecords(RecordCount),
    /// How a request ended.
    Response {
        /// The operation that was asked for, as received.
        request: u8,
        /// How it ended.
        code: ResponseCode,
    },
    /// The end of a combined report and how many records it sent.
    CombinedReportResponse {
        /// Records sent.
        count: u32,
    },
}

/// A number of records in the width that the service uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordCount {
    /// Two octets: glucose, continuous glucose, blood pressure, pulse oximeter.
    Narrow(u16),
    /// Four octets: generic health sensor.
    Wide(u32),
}

octet_codes! {
    /// How a request ended.
    pub enum ResponseCode {
        /// Done.
        Success = 1 => "success",
        /// The operation is not supported.
        OperationNotSupported = 2 => "op_not_supported",
        /// The operator makes no sense here.
        InvalidOperator = 3 => "invalid_operator",
        /// The operator is not supported.
        OperatorNotSupported = 4 => "operator_not_supported",
        /// The operand makes no sense here.
        InvalidOperand = 5 => "invalid_operand",
        /// The selection has no record.
        NoRecords = 6 => "no_records",
        /// Nothing could be stopped.
        AbortUnsuccessful = 7 => "abort_unsuccessful",
        /// The procedure could not be completed.
        ProcedureNotCompleted = 8 => "procedure_not_completed",
        /// The operand is not supported.
        OperandNotSupported = 9 => "operand_not_supported",
        /// The device is busy.
        ServerBusy = 10 => "server_busy",
    }
}

impl RecordRequest {
    /// The octets to write. Only a selection between bounds of two kinds, or by an impossible time, has none.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(RECORD_ACCESS);
        writer.u8(self.operation());
        match *self {
            Self::Report(selection) | Self::ReportNumber(selection) | Self::CombinedReport(selection) => {
                selection.write(&mut writer)?;
            }
            Self::Abort => writer.u8(OPERATOR_NULL),
        }
        Ok(writer.finish())
    }

    /// The operation code, as a [`RecordReply::Response`] repeats it.
    pub const fn operation(&self) -> u8 {
        match self {
            Self::Report(_) => REPORT,
            Self::ReportNumber(_) => REPORT_NUMBER,
            Self::CombinedReport(_) => COMBINED_REPORT,
            Self::Abort => ABORT,
        }
    }

    /// Reads a request as a device does. Other operations, delete among them, are unsupported.
    ///
    /// A number is two or four octets wide by what is left of the value, so a bound of four octets cut in half is a
    /// complete request; no other prefix of a request is.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(RECORD_ACCESS, octets);
        let request = match reader.u8("operation")? {
            REPORT => Self::Report(Selection::read(&mut reader)?),
            REPORT_NUMBER => Self::ReportNumber(Selection::read(&mut reader)?),
            COMBINED_REPORT => Self::CombinedReport(Selection::read(&mut reader)?),
            ABORT => {
                read_null_operator(&mut reader)?;
                Self::Abort
            }
            other => {
                let requests = "report (1), abort (3), report number (4) or combined report (7)";
                return Err(reader.unsupported(requests, other));
            }
        };
        reader.finish(false)?;
        Ok(request)
    }

    /// Reads a request, or gives the answer with which a device refuses it.
    pub fn decode_or_refuse(octets: &[u8]) -> Result<Self, RecordReply> {
        Self::decode(octets).map_err(|error| {
            let code = match error {
                DecodeError::UnsupportedOpcode { .. } => ResponseCode::OperationNotSupported,
                DecodeError::OutOfRange { field: OPERATOR, .. } | DecodeError::Truncated { field: OPERATOR, .. } => {
                    ResponseCode::InvalidOperator
                }
                DecodeError::OutOfRange { field: FILTER_TYPE, .. } => ResponseCode::OperandNotSupported,
                DecodeError::OutOfRange { .. }
                | DecodeError::Truncated { .. }
                | DecodeError::TrailingOctets { .. }
                | DecodeError::Length { .. }
                | DecodeError::CrcMismatch { .. }
                | DecodeError::SizeFlagsMismatch { .. }
                | DecodeError::BadHeader { .. } => ResponseCode::InvalidOperand,
            };
            RecordReply::Response { request: octets.first().copied().unwrap_or_default(), code }
        })
    }
}

impl RecordReply {
    /// Reads an answer. A count of records is two or four octets wide by what is left of the value, so a count of
    /// four octets cut in half is a complete answer; no other prefix of an answer is.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(RECORD_ACCESS, octets);
        let operation = reader.u8("operation")?;
        if !matches!(operation, NUMBER_RESPONSE | RESPONSE | COMBINED_RESPONSE) {
            let answers = "number response (5), response code (6) or combined report response (8)";
            return Err(reader.unsupported(answers, operation));
        }
        read_null_operator(&mut reader)?;
        let reply = match operation {
            NUMBER_RESPONSE if reader.remaining() > 2 => {
                Self::NumberOfRecords(RecordCount::Wide(reader.u32("number of records")?))
            }
            NUMBER_RESPONSE => Self::NumberOfRecords(RecordCount::Narrow(reader.u16("number of records")?)),
            RESPONSE => {
                let request = reader.u8("request")?;
                Self::Response { request, code: ResponseCode::from_octet(reader.u8("response code")?) }
            }
            _ => Self::CombinedReportResponse { count: reader.u32("number of records")? },
        };
        reader.finish(false)?;
        Ok(reply)
    }

    /// The octets to indicate.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(RECORD_ACCESS);
        match *self {
            Self::NumberOfRecords(count) => {
                writer.octets(&[NUMBER_RESPONSE, OPERATOR_NULL]);
                match count {
                    RecordCount::Narrow(count) => writer.u16(count),
                    RecordCount::Wide(count) => writer.u32(count),
                }
            }
            Self::Response { request, code } => {
                writer.octets(&[RESPONSE, OPERATOR_NULL, request, code.octet()]);
            }
            Self::CombinedReportResponse { count } => {
                writer.octets(&[COMBINED_RESPONSE, OPERATOR_NULL]);
                writer.u32(count);
            }
        }
        writer.finish()
    }
}

impl RecordCount {
    /// The number, whatever its width.
    pub const fn number(self) -> u32 {
        match self {
            Self::Narrow(count) => count as u32,
            Self::Wide(count) => count,
        }
    }
}

impl From<u16> for Bound {
    fn from(number: u16) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Bound {
    fn from(number: u32) -> Self {
        Self::WideNumber(number)
    }
}

impl From<DeviceTime> for Bound {
    fn from(time: DeviceTime) -> Self {
        Self::UserFacingTime(time)
    }
}

const OPERATOR: &str = "operator";
const FILTER_TYPE: &str = "filter type";
const LEAST: &str = "lower bound";
const MOST: &str = "upper bound";

impl Selection {
    fn write(self, writer: &mut Writer) -> Result<(), EncodeError> {
        let (operator, bounds): (u8, &[Bound]) = match &self {
            Self::All => (OPERATOR_ALL, &[]),
            Self::AtMost(most) => (OPERATOR_AT_MOST, &[*most]),
            Self::AtLeast(least) => (OPERATOR_AT_LEAST, &[*least]),
            Self::Within { least, most } => (OPERATOR_WITHIN, &[*least, *most]),
            Self::First => (OPERATOR_FIRST, &[]),
            Self::Last => (OPERATOR_LAST, &[]),
        };
        writer.u8(operator);
        let Some(first) = bounds.first() else { return Ok(()) };
        writer.u8(first.filter_type());
        for bound in bounds {
            if bound.size() != first.size() {
                return Err(writer.out_of_range(MOST, "of the same kind as the lower one", bound.filter_type()));
            }
            bound.write(writer)?;
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.u8(OPERATOR)? {
            OPERATOR_ALL => Self::All,
            OPERATOR_AT_MOST => Self::AtMost(read_bounds(reader, [MOST])?[0]),
            OPERATOR_AT_LEAST => Self::AtLeast(read_bounds(reader, [LEAST])?[0]),
            OPERATOR_WITHIN => {
                let [least, most] = read_bounds(reader, [LEAST, MOST])?;
                Self::Within { least, most }
            }
            OPERATOR_FIRST => Self::First,
            OPERATOR_LAST => Self::Last,
            other => return Err(reader.out_of_range(OPERATOR, 1, "1 to 6", other)),
        })
    }
}

/// A filter type and bounds of that kind. Numbers are wide when more octets are left than narrow ones need.
fn read_bounds<const N: usize>(reader: &mut Reader<'_>, fields: [&'static str; N]) -> Result<[Bound; N], DecodeError> {
    let filter_type = reader.u8(FILTER_TYPE)?;
    let wide = reader.remaining() > N * 2;
    let mut bounds = [Bound::Number(0); N];
    for (bound, field) in bounds.iter_mut().zip(fields) {
        *bound = match filter_type {
            FILTER_NUMBER if wide => Bound::WideNumber(reader.u32(field)?),
            FILTER_NUMBER => Bound::Number(reader.u16(field)?),
            FILTER_USER_FACING_TIME => Bound::UserFacingTime(reader.date_time()?),
            other => {
                let filters = "1 (sequence number, time offset or record number) or 2 (user-facing time)";
                return Err(reader.out_of_range(FILTER_TYPE, 1, filters, other));
            }
        };
    }
    Ok(bounds)
}

impl Bound {
    const fn filter_type(self) -> u8 {
        match self {
            Self::Number(_) | Self::WideNumber(_) => FILTER_NUMBER,
            Self::UserFacingTime(_) => FILTER_USER_FACING_TIME,
        }
    }

    const fn size(self) -> usize {
        match self {
            Self::Number(_) => 2,
            Self::WideNumber(_) => 4,
            Self::UserFacingTime(_) => 7,
        }
    }

    fn write(self, writer: &mut Writer) -> Result<(), EncodeError> {
        match self {
            Self::Number(number) => writer.u16(number),
            Self::WideNumber(number) => writer.u32(number),
            Self::UserFacingTime(time) => writer.date_time(time)?,
        }
        Ok(())
    }
}

fn read_null_operator(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.u8(OPERATOR)? {
        OPERATOR_NULL => Ok(()),
        other => Err(reader.out_of_range(OPERATOR, 1, "0 (null)", other)),
    }
}

#[cfg(test)]
#[path = "record_access_tests.rs"]
mod tests;
