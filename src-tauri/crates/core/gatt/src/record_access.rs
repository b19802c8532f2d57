//! Record Access Control Point 0x2A52 (Bluetooth SIG, shared by several services): requests and answers.
//! The order of steps is the sessions' work. There is no delete request: a device's memory is never erased.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const RECORD_ACCESS: Characteristic = Characteristic::named("Record Access Control Point");

const REPORT: u8 = 1;
const ABORT: u8 = 3;
const REPORT_NUMBER: u8 = 4;
const NUMBER_RESPONSE: u8 = 5;
const RESPONSE: u8 = 6;
const COMBINED_RESPONSE: u8 = 8;

const OPERATOR_NULL: u8 = 0;
const OPERATOR_ALL: u8 = 1;
const OPERATOR_AT_MOST: u8 = 2;
const OPERATOR_AT_LEAST: u8 = 3;
const OPERATOR_WITHIN: u8 = 4;
const OPERATOR_FIRST: u8 = 5;
const OPERATOR_LAST: u8 = 6;

const FILTER_SEQUENCE: u8 = 1;

/// What the console asks of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordRequest {
    /// Send the selected records.
    Report(Selection),
    /// Say how many records the selection has.
    ReportNumber(Selection),
    /// Stop what was asked before.
    Abort,
}

/// Which records. Numbers are what the service counts by: sequence numbers, or minutes since a sensor session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// All.
    All,
    /// Numbers up to this one.
    AtMost(u16),
    /// Numbers from this one.
    AtLeast(u16),
    /// Numbers from `least` to `most`, both included.
    Within {
        /// The lowest number.
        least: u16,
        /// The highest number.
        most: u16,
    },
    /// The oldest.
    First,
    /// The newest.
    Last,
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
    /// The octets to write.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(RECORD_ACCESS);
        writer.u8(self.operation());
        match *self {
            Self::Report(selection) | Self::ReportNumber(selection) => selection.write(&mut writer),
            Self::Abort => writer.u8(OPERATOR_NULL),
        }
        writer.finish()
    }

    /// The operation code, as a [`RecordReply::Response`] repeats it.
    pub const fn operation(&self) -> u8 {
        match self {
            Self::Report(_) => REPORT,
            Self::ReportNumber(_) => REPORT_NUMBER,
            Self::Abort => ABORT,
        }
    }

    /// Reads a request as a device does. Other operations, delete among them, are unsupported.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(RECORD_ACCESS, octets);
        let request = match reader.u8("operation")? {
            REPORT => Self::Report(Selection::read(&mut reader)?),
            REPORT_NUMBER => Self::ReportNumber(Selection::read(&mut reader)?),
            ABORT => {
                read_null_operator(&mut reader)?;
                Self::Abort
            }
            other => return Err(reader.unsupported("report (1), abort (3) or report number (4)", other)),
        };
        reader.finish(false)?;
        Ok(request)
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

impl Selection {
    fn write(self, writer: &mut Writer) {
        let (operator, operands): (u8, &[u16]) = match &self {
            Self::All => (OPERATOR_ALL, &[]),
            Self::AtMost(most) => (OPERATOR_AT_MOST, &[*most]),
            Self::AtLeast(least) => (OPERATOR_AT_LEAST, &[*least]),
            Self::Within { least, most } => (OPERATOR_WITHIN, &[*least, *most]),
            Self::First => (OPERATOR_FIRST, &[]),
            Self::Last => (OPERATOR_LAST, &[]),
        };
        writer.u8(operator);
        if !operands.is_empty() {
            writer.u8(FILTER_SEQUENCE);
        }
        operands.iter().for_each(|operand| writer.u16(*operand));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let operator = reader.u8("operator")?;
        if matches!(operator, OPERATOR_AT_MOST | OPERATOR_AT_LEAST | OPERATOR_WITHIN) {
            let filter = reader.u8("filter type")?;
            if filter != FILTER_SEQUENCE {
                return Err(reader.out_of_range("filter type", 1, "1 (sequence number or time offset)", filter));
            }
        }
        Ok(match operator {
            OPERATOR_ALL => Self::All,
            OPERATOR_AT_MOST => Self::AtMost(reader.u16("highest number")?),
            OPERATOR_AT_LEAST => Self::AtLeast(reader.u16("lowest number")?),
            OPERATOR_WITHIN => {
                Self::Within { least: reader.u16("lowest number")?, most: reader.u16("highest number")? }
            }
            OPERATOR_FIRST => Self::First,
            OPERATOR_LAST => Self::Last,
            other => return Err(reader.out_of_range("operator", 1, "1 to 6", other)),
        })
    }
}

fn read_null_operator(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.u8("operator")? {
        OPERATOR_NULL => Ok(()),
        other => Err(reader.out_of_range("operator", 1, "0 (null)", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(octets: &[u8]) -> &'static str {
        RecordReply::decode(octets).unwrap_err().kind()
    }

    #[test]
    fn requests_name_operation_operator_filter_and_operand() {
        assert_eq!(RecordRequest::ReportNumber(Selection::All).encode(), [4, 1]);
        assert_eq!(RecordRequest::Report(Selection::AtLeast(0x0102)).encode(), [1, 3, 1, 0x02, 0x01]);
        assert_eq!(RecordRequest::Report(Selection::AtMost(7)).encode(), [1, 2, 1, 7, 0]);
        assert_eq!(RecordRequest::Report(Selection::Within { least: 1, most: 258 }).encode(), [1, 4, 1, 1, 0, 2, 1]);
        assert_eq!(RecordRequest::Report(Selection::First).encode(), [1, 5]);
        assert_eq!(RecordRequest::Report(Selection::Last).encode(), [1, 6]);
        assert_eq!(RecordRequest::Abort.encode(), [3, 0]);
    }

    #[test]
    fn a_delete_request_is_not_understood() {
        let error = RecordRequest::decode(&[2, 1]).unwrap_err();
        assert!(matches!(error, DecodeError::UnsupportedOpcode { offset: 0, got: 2, .. }), "{error}");
    }

    #[test]
    fn a_count_is_as_wide_as_its_service_sends_it() {
        assert_eq!(RecordReply::decode(&[5, 0, 3, 1]), Ok(RecordReply::NumberOfRecords(RecordCount::Narrow(259))));
        assert_eq!(
            RecordReply::decode(&[5, 0, 3, 0, 1, 0]),
            Ok(RecordReply::NumberOfRecords(RecordCount::Wide(65_539)))
        );
        assert_eq!(RecordReply::decode(&[8, 0, 3, 0, 1, 0]), Ok(RecordReply::CombinedReportResponse { count: 65_539 }));
    }

    #[test]
    fn a_response_repeats_the_request_and_keeps_undefined_codes() {
        let no_records = RecordReply::Response { request: 1, code: ResponseCode::NoRecords };
        assert_eq!(RecordReply::decode(&[6, 0, 1, 6]), Ok(no_records));
        let undefined = RecordReply::Response { request: 4, code: ResponseCode::Reserved(77) };
        assert_eq!(RecordReply::decode(&[6, 0, 4, 77]), Ok(undefined));
    }

    #[test]
    fn wrong_answers_are_rejected_by_kind() {
        assert_eq!(kind(&[]), "truncated");
        assert_eq!(kind(&[5, 0, 3]), "truncated");
        assert_eq!(kind(&[5, 0, 3, 0, 1]), "truncated");
        assert_eq!(kind(&[6, 0, 1]), "truncated");
        assert_eq!(kind(&[6, 0, 1, 1, 0]), "trailing_bytes");
        assert_eq!(kind(&[5, 0, 3, 0, 1, 0, 0]), "trailing_bytes");
        assert_eq!(kind(&[5, 1, 3, 0]), "out_of_range");
        assert_eq!(kind(&[1, 1]), "unsupported_opcode");
    }
}
