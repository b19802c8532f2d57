//! CGM Specific Ops Control Point 0x2AAC: commands to a sensor and its answers.
//! A console that watches sends commands that ask, never those that set, start or stop: that is the sessions' rule.
use super::feature::{SensorLocation, write_sample};
use crate::codes::{flag_word, octet_codes};
use crate::end_to_end_check::{CheckSum, CheckSums};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::glucose::SampleType;
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;
use bedside_vitals::Number;

const CONTROL_POINT: Characteristic = Characteristic::named("CGM Specific Ops Control Point");

/// The operation codes; those of the levels follow each other in threes: set, get, response.
mod operation {
    pub(super) const SET_INTERVAL: u8 = 0x01;
    pub(super) const GET_INTERVAL: u8 = 0x02;
    pub(super) const INTERVAL: u8 = 0x03;
    pub(super) const SET_CALIBRATION: u8 = 0x04;
    pub(super) const GET_CALIBRATION: u8 = 0x05;
    pub(super) const CALIBRATION: u8 = 0x06;
    pub(super) const FIRST_LEVEL: u8 = 0x07;
    pub(super) const LAST_LEVEL: u8 = 0x18;
    pub(super) const RESET_ALERT: u8 = 0x19;
    pub(super) const START_SESSION: u8 = 0x1A;
    pub(super) const STOP_SESSION: u8 = 0x1B;
    pub(super) const RESPONSE: u8 = 0x1C;
}

/// What is written to the control point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlRequest {
    /// What is asked.
    pub command: Command,
    /// Whether the value is protected.
    pub check_sum: CheckSum,
}

/// What the control point indicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlReply {
    /// What is answered.
    pub answer: Answer,
    /// Whether the value is protected.
    pub check_sum: CheckSum,
}

/// What a sensor can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send every so many minutes; 0 ends it, 255 asks for the fastest.
    SetCommunicationInterval(u8),
    /// Say how often you send.
    GetCommunicationInterval,
    /// Calibrate with this.
    SetCalibration(Calibration),
    /// Say how calibration record so and so ended; 65535 asks for the last.
    GetCalibration(u16),
    /// Alert at this.
    SetLevel(AlertLevel, Number),
    /// Say at what you alert.
    GetLevel(AlertLevel),
    /// End the alert that only the maker can explain.
    ResetDeviceSpecificAlert,
    /// Begin a session.
    StartSession,
    /// End the session.
    StopSession,
}

/// What a sensor answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// How often it sends, in minutes; 0 not at all, 255 as fast as it can. Sent in one octet, or, as the supplement
    /// has it, in two.
    CommunicationInterval(u16),
    /// A calibration and how it ended.
    Calibration(Calibration),
    /// At what it alerts: mg/dL, or mg/dL a minute for the two rates.
    Level(AlertLevel, Number),
    /// How a command ended.
    Response {
        /// The operation that was asked for, as received.
        request: u8,
        /// How it ended.
        code: ControlResponseCode,
    },
}

/// A calibration with a blood glucose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// The blood glucose in mg/dL.
    pub concentration_mg_dl: Number,
    /// When it was measured, in minutes since the session began.
    pub time_offset_min: u16,
    /// What it was measured in.
    pub sample_type: SampleType,
    /// Where the sample was taken.
    pub sample_location: SensorLocation,
    /// When the next calibration is due, in minutes since the session began.
    pub next_time_offset_min: u16,
    /// The number of the calibration; means nothing when setting one.
    pub record_number: u16,
    /// How it ended; means nothing when setting one.
    pub status: CalibrationResult,
}

/// A level at which a sensor alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertLevel {
    /// The patient's high level.
    PatientHigh,
    /// The patient's low level.
    PatientLow,
    /// Hypoglycaemia.
    Hypo,
    /// Hyperglycaemia.
    Hyper,
    /// Fast fall.
    RateDown,
    /// Fast rise.
    RateUp,
}

flag_word! {
    /// How a calibration ended, as received; no flag raised means that it was taken.
    pub struct CalibrationResult(u8);
    /// One statement about a calibration.
    pub enum CalibrationOutcome {
        /// The sensor rejected it.
        Rejected = 0 => "rejected",
        /// The value was out of range.
        OutOfRange = 1 => "out_of_range",
        /// Not yet worked through.
        Pending = 2 => "pending",
    }
}

octet_codes! {
    /// How a command ended.
    pub enum ControlResponseCode {
        /// Done.
        Success = 1 => "success",
        /// The operation is not supported.
        NotSupported = 2 => "not_supported",
        /// The operand makes no sense here.
        InvalidOperand = 3 => "invalid_operand",
        /// The procedure could not be completed.
        ProcedureNotCompleted = 4 => "procedure_not_completed",
        /// A parameter is out of range.
        OutOfRange = 5 => "out_of_range",
    }
}

impl ControlRequest {
    /// Reads what was written, as a sensor does.
    pub fn decode(octets: &[u8], check_sums: CheckSums) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(CONTROL_POINT, octets);
        let command = Command::read(&mut reader)?;
        Ok(Self { command, check_sum: check_sums.finish(reader, octets)? })
    }

    /// The octets to write.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(CONTROL_POINT);
        writer.u8(self.command.operation());
        match self.command {
            Command::SetCommunicationInterval(minutes) => writer.u8(minutes),
            Command::SetCalibration(calibration) => calibration.write(&mut writer)?,
            Command::GetCalibration(record) => writer.u16(record),
            Command::SetLevel(_, level) => writer.short_float("level", level)?,
            Command::GetCommunicationInterval
            | Command::GetLevel(_)
            | Command::ResetDeviceSpecificAlert
            | Command::StartSession
            | Command::StopSession => {}
        }
        writer.check_sum(self.check_sum);
        Ok(writer.finish())
    }
}

impl ControlReply {
    /// Reads an answer.
    ///
    /// A communication interval is one or two octets wide by what is left of the value, so a cut interval of two
    /// octets is a complete answer. Without knowing of check sums, so is any answer that was cut before its own.
    pub fn decode(octets: &[u8], check_sums: CheckSums) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(CONTROL_POINT, octets);
        let answer = Answer::read(&mut reader)?;
        Ok(Self { answer, check_sum: check_sums.finish(reader, octets)? })
    }

    /// The octets to indicate. An interval is written in one octet where it fits, as sensors do.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(CONTROL_POINT);
        match self.answer {
            Answer::CommunicationInterval(minutes) => {
                writer.u8(operation::INTERVAL);
                match u8::try_from(minutes) {
                    Ok(minutes) => writer.u8(minutes),
                    Err(_) => writer.u16(minutes),
                }
            }
            Answer::Calibration(calibration) => {
                writer.u8(operation::CALIBRATION);
                calibration.write(&mut writer)?;
            }
            Answer::Level(which, level) => {
                writer.u8(which.operation(LevelStep::Response));
                writer.short_float("level", level)?;
            }
            Answer::Response { request, code } => writer.octets(&[operation::RESPONSE, request, code.octet()]),
        }
        writer.check_sum(self.check_sum);
        Ok(writer.finish())
    }
}

impl Command {
    /// The operation code, as [`Answer::Response`] repeats it.
    pub const fn operation(&self) -> u8 {
        match self {
            Self::SetCommunicationInterval(_) => operation::SET_INTERVAL,
            Self::GetCommunicationInterval => operation::GET_INTERVAL,
            Self::SetCalibration(_) => operation::SET_CALIBRATION,
            Self::GetCalibration(_) => operation::GET_CALIBRATION,
            Self::SetLevel(which, _) => which.operation(LevelStep::Set),
            Self::GetLevel(which) => which.operation(LevelStep::Get),
            Self::ResetDeviceSpecificAlert => operation::RESET_ALERT,
            Self::StartSession => operation::START_SESSION,
            Self::StopSession => operation::STOP_SESSION,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = reader.u8("operation")?;
        Ok(match (code, AlertLevel::of_operation(code)) {
            (operation::SET_INTERVAL, _) => Self::SetCommunicationInterval(reader.u8("communication interval")?),
            (operation::GET_INTERVAL, _) => Self::GetCommunicationInterval,
            (operation::SET_CALIBRATION, _) => Self::SetCalibration(Calibration::read(reader)?),
            (operation::GET_CALIBRATION, _) => Self::GetCalibration(reader.u16("calibration record")?),
            (_, Some((which, LevelStep::Set))) => Self::SetLevel(which, reader.short_float("level")?),
            (_, Some((which, LevelStep::Get))) => Self::GetLevel(which),
            (operation::RESET_ALERT, _) => Self::ResetDeviceSpecificAlert,
            (operation::START_SESSION, _) => Self::StartSession,
            (operation::STOP_SESSION, _) => Self::StopSession,
            _ => return Err(reader.unsupported("a command (01 to 1B, not the responses 03, 06 .. 18)", code)),
        })
    }
}

impl Answer {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let code = reader.u8("operation")?;
        Ok(match (code, AlertLevel::of_operation(code)) {
            (operation::INTERVAL, _) => Self::CommunicationInterval(read_interval(reader)?),
            (operation::CALIBRATION, _) => Self::Calibration(Calibration::read(reader)?),
            (_, Some((which, LevelStep::Response))) => Self::Level(which, reader.short_float("level")?),
            (operation::RESPONSE, _) => {
                let request = reader.u8("request")?;
                Self::Response { request, code: ControlResponseCode::from_octet(reader.u8("response code")?) }
            }
            _ => return Err(reader.unsupported("an answer (03, 06 .. 18 in threes, or 1C)", code)),
        })
    }
}

/// One or two octets: a check sum has two, so an odd one left over belongs to the interval.
fn read_interval(reader: &mut Reader<'_>) -> Result<u16, DecodeError> {
    let low = reader.u8("communication interval")?;
    let high = if matches!(reader.remaining(), 1 | 3) { reader.u8("communication interval")? } else { 0 };
    Ok(u16::from_le_bytes([low, high]))
}

impl Calibration {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let concentration_mg_dl = reader.short_float("calibration concentration")?;
        let time_offset_min = reader.u16("calibration time")?;
        let (sample_type, sample_location) = reader.nibbles("sample type and location")?;
        Ok(Self {
            concentration_mg_dl,
            time_offset_min,
            sample_type: SampleType::from_octet(sample_type),
            sample_location: SensorLocation::from_octet(sample_location),
            next_time_offset_min: reader.u16("next calibration time")?,
            record_number: reader.u16("calibration record")?,
            status: CalibrationResult::from_bits(reader.u8("calibration status")?),
        })
    }

    fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.short_float("calibration concentration", self.concentration_mg_dl)?;
        writer.u16(self.time_offset_min);
        write_sample(writer, self.sample_type, self.sample_location)?;
        writer.u16(self.next_time_offset_min);
        writer.u16(self.record_number);
        writer.u8(self.status.bits());
        Ok(())
    }
}

/// The place of an operation among the three of a level.
#[derive(Clone, Copy)]
enum LevelStep {
    Set,
    Get,
    Response,
}

impl AlertLevel {
    /// Every level in the order of its operations.
    pub const ALL: [Self; 6] =
        [Self::PatientHigh, Self::PatientLow, Self::Hypo, Self::Hyper, Self::RateDown, Self::RateUp];

    /// The stable name in snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PatientHigh => "patient_high",
            Self::PatientLow => "patient_low",
            Self::Hypo => "hypo",
            Self::Hyper => "hyper",
            Self::RateDown => "rate_down",
            Self::RateUp => "rate_up",
        }
    }

    const fn operation(self, step: LevelStep) -> u8 {
        operation::FIRST_LEVEL + 3 * self as u8 + step as u8
    }

    fn of_operation(code: u8) -> Option<(Self, LevelStep)> {
        if !(operation::FIRST_LEVEL..=operation::LAST_LEVEL).contains(&code) {
            return None;
        }
        let place = code - operation::FIRST_LEVEL;
        let step = match place % 3 {
            0 => LevelStep::Set,
            1 => LevelStep::Get,
            _ => LevelStep::Response,
        };
        Self::ALL.get(usize::from(place / 3)).map(|level| (*level, step))
    }
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
