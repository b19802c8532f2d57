//! The PMD control point: requests for settings, start and stop, and the sensor's replies.
//! Samples come through the data characteristic, in `data.rs`.
use crate::codes::{flag_word, octet_codes};
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::string::ToString;
use alloc::vec::Vec;
use bedside_vitals::Decimal;

const CONTROL_POINT: Characteristic = Characteristic::named("Polar Measurement Data Control Point");

const GET_SETTINGS: u8 = 1;
const START: u8 = 2;
const STOP: u8 = 3;
const REPLY: u8 = 0xF0;
const FEATURES: u8 = 0x0F;

const SAMPLE_RATE: u8 = 0;
const RESOLUTION: u8 = 1;
const RANGE: u8 = 2;
const RANGE_MILLI_UNIT: u8 = 3;
const CHANNELS: u8 = 4;
const FACTOR: u8 = 5;

octet_codes! {
    /// What a Polar sensor measures.
    pub enum MeasurementKind {
        /// Electrocardiogram.
        Ecg = 0 => "ecg",
        /// Photoplethysmogram: the optical pulse waveform.
        Ppg = 1 => "ppg",
        /// Acceleration.
        Acceleration = 2 => "acc",
        /// Intervals between pulses.
        PulseIntervals = 3 => "ppi",
        /// Angular velocity.
        Gyroscope = 5 => "gyro",
        /// Magnetic field.
        Magnetometer = 6 => "magnetometer",
        /// The mode in which applications choose all settings.
        SdkMode = 9 => "sdk_mode",
        /// Location.
        Location = 10 => "location",
        /// Air pressure.
        Pressure = 11 => "pressure",
        /// Temperature.
        Temperature = 12 => "temperature",
    }
}

octet_codes! {
    /// How a request ended.
    pub enum ControlStatus {
        /// Done.
        Success = 0 => "success",
        /// Invalid operation.
        InvalidOperation = 1 => "invalid_op",
        /// Invalid type of measurement.
        InvalidKind = 2 => "invalid_type",
        /// Not supported.
        NotSupported = 3 => "not_supported",
        /// Invalid length.
        InvalidLength = 4 => "invalid_length",
        /// Invalid parameter.
        InvalidParameter = 5 => "invalid_parameter",
        /// Already in that state.
        AlreadyInState = 6 => "already_in_state",
        /// Invalid resolution.
        InvalidResolution = 7 => "invalid_resolution",
        /// Invalid sample rate.
        InvalidRate = 8 => "invalid_rate",
        /// Invalid range.
        InvalidRange = 9 => "invalid_range",
        /// The link's packets are too small.
        InvalidMtu = 10 => "invalid_mtu",
        /// Invalid number of channels.
        InvalidChannels = 11 => "invalid_channels",
        /// Not in this state.
        InvalidState = 12 => "invalid_state",
        /// The sensor sits in its charger.
        InCharger = 13 => "in_charger",
        /// The sensor's memory is full.
        DiskFull = 14 => "disk_full",
    }
}

flag_word! {
    /// What a sensor can measure, as received: one bit for each kind, by its number.
    pub struct MeasurementKinds(u16);
    /// One kind that a sensor can measure.
    pub enum MeasurementSupport {
        /// Electrocardiogram.
        Ecg = 0 => "ecg",
        /// The optical pulse waveform.
        Ppg = 1 => "ppg",
        /// Acceleration.
        Acceleration = 2 => "acc",
        /// Intervals between pulses.
        PulseIntervals = 3 => "ppi",
        /// Angular velocity.
        Gyroscope = 5 => "gyro",
        /// Magnetic field.
        Magnetometer = 6 => "magnetometer",
        /// The mode in which applications choose all settings.
        SdkMode = 9 => "sdk_mode",
        /// Location.
        Location = 10 => "location",
        /// Air pressure.
        Pressure = 11 => "pressure",
        /// Temperature.
        Temperature = 12 => "temperature",
    }
}

/// What the console asks of a sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlRequest {
    /// Which settings the measurement can have.
    GetSettings(MeasurementKind),
    /// Start the measurement with these settings; pulse intervals take none.
    Start {
        /// What to measure.
        kind: MeasurementKind,
        /// How to measure it.
        settings: Vec<Setting>,
    },
    /// Stop the measurement.
    Stop(MeasurementKind),
}

/// One setting and its values: all possible ones in a reply, one in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Samples a second.
    SampleRateHertz(Vec<u16>),
    /// Bits of a sample.
    ResolutionBits(Vec<u16>),
    /// The largest magnitude, in the unit of the measurement (for acceleration G).
    Range(Vec<u16>),
    /// The largest magnitude, in thousandths of the unit.
    RangeMilliUnit(Vec<i32>),
    /// Channels.
    Channels(Vec<u8>),
    /// What compressed samples are multiplied by; comes in the reply to a start.
    Factor(Vec<Factor>),
}

/// An IEEE 754 single, kept as its bits so that settings compare exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Factor(pub u32);

/// A sensor's answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlReply<'a> {
    /// The operation that was asked for, as received.
    pub operation: u8,
    /// The measurement it was asked for.
    pub kind: MeasurementKind,
    /// How it ended.
    pub status: ControlStatus,
    /// The parameters go on in another reply.
    pub more: bool,
    /// Settings, to be read with [`decode_settings`] once all parts have come; empty after a failure.
    pub parameters: &'a [u8],
}

impl ControlRequest {
    /// The octets to write.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(CONTROL_POINT);
        writer.octets(&[self.operation(), self.kind().octet()]);
        if let Self::Start { settings, .. } = self {
            write_settings(&mut writer, settings)?;
        }
        Ok(writer.finish())
    }

    /// Reads a request as a sensor does. A start with fewer settings is complete in itself; a cut setting is not.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(CONTROL_POINT, octets);
        let operation = reader.u8("operation")?;
        if !matches!(operation, GET_SETTINGS | START | STOP) {
            return Err(reader.unsupported("get settings (1), start (2) or stop (3)", operation));
        }
        let kind = MeasurementKind::from_octet(reader.u8("measurement type")?);
        let request = match operation {
            GET_SETTINGS => Self::GetSettings(kind),
            START => Self::Start { kind, settings: read_settings(&mut reader)? },
            _ => Self::Stop(kind),
        };
        reader.finish(false)?;
        Ok(request)
    }

    /// The operation code, as a [`ControlReply`] repeats it.
    pub const fn operation(&self) -> u8 {
        match self {
            Self::GetSettings(_) => GET_SETTINGS,
            Self::Start { .. } => START,
            Self::Stop(_) => STOP,
        }
    }

    /// The measurement it is about.
    pub const fn kind(&self) -> MeasurementKind {
        match self {
            Self::GetSettings(kind) | Self::Start { kind, .. } | Self::Stop(kind) => *kind,
        }
    }
}

impl<'a> ControlReply<'a> {
    /// Reads a reply. After a failure sensors may leave out the "more" octet. Parameters are the rest of the value,
    /// so a value cut among them is complete here and fails in [`decode_settings`].
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(CONTROL_POINT, octets);
        let header = reader.u8("header")?;
        if header != REPLY {
            return Err(reader.bad_header("a reply (0xF0)", header));
        }
        let operation = reader.u8("operation")?;
        let kind = MeasurementKind::from_octet(reader.u8("measurement type")?);
        let status = ControlStatus::from_octet(reader.u8("status")?);
        let failed = status != ControlStatus::Success;
        let more = if failed && reader.remaining() == 0 { false } else { reader.u8("more")? != 0 };
        Ok(Self { operation, kind, status, more, parameters: reader.take_rest() })
    }

    /// The octets to indicate.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(CONTROL_POINT);
        writer.octets(&[REPLY, self.operation, self.kind.octet(), self.status.octet(), u8::from(self.more)]);
        writer.octets(self.parameters);
        writer.finish()
    }
}

impl MeasurementKinds {
    /// What reading the control point gives: a header and the bits. Octets after them are reserved.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(CONTROL_POINT, octets);
        let header = reader.u8("header")?;
        if header != FEATURES {
            return Err(reader.bad_header("features (0x0F)", header));
        }
        reader.u16("features").map(Self::from_bits)
    }

    /// The octets that a sensor gives.
    pub fn encode(self) -> Vec<u8> {
        let mut writer = Writer::new(CONTROL_POINT);
        writer.u8(FEATURES);
        writer.u16(self.bits());
        writer.finish()
    }
}

impl Factor {
    /// The factor 1.
    pub const ONE: Self = Self(0x3F80_0000);

    /// The shortest decimal that rounds to these bits: what the vendor wrote down, for example 0.244. `None` for a
    /// pattern that is no number, and for one with more places than any factor has.
    pub fn decimal(self) -> Option<Decimal> {
        f32::from_bits(self.0).to_string().parse().ok()
    }
}

/// The settings in the parameters of a reply, parts joined. Whole settings may be absent; a cut one is an error.
pub fn decode_settings(parameters: &[u8]) -> Result<Vec<Setting>, DecodeError> {
    read_settings(&mut Reader::new(CONTROL_POINT, parameters))
}

/// The parameters of a reply that carries these settings.
pub fn encode_settings(settings: &[Setting]) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(CONTROL_POINT);
    write_settings(&mut writer, settings)?;
    Ok(writer.finish())
}

fn read_settings(reader: &mut Reader<'_>) -> Result<Vec<Setting>, DecodeError> {
    let mut settings = Vec::new();
    while reader.remaining() > 0 {
        let id = reader.u8("setting")?;
        if id > FACTOR {
            // Its values have no known size, so nothing after it can be found either.
            return Err(reader.unsupported("a setting (0 to 5)", id));
        }
        let count = reader.u8("number of values")?;
        let octets = |reader: &mut Reader<'_>| values(count, || reader.u8("value"));
        let words = |reader: &mut Reader<'_>| values(count, || reader.u16("value"));
        settings.push(match id {
            SAMPLE_RATE => Setting::SampleRateHertz(words(reader)?),
            RESOLUTION => Setting::ResolutionBits(words(reader)?),
            RANGE => Setting::Range(words(reader)?),
            RANGE_MILLI_UNIT => Setting::RangeMilliUnit(values(count, || reader.i32("value"))?),
            CHANNELS => Setting::Channels(octets(reader)?),
            _ => Setting::Factor(values(count, || reader.u32("value").map(Factor))?),
        });
    }
    Ok(settings)
}

fn values<T>(count: u8, mut next: impl FnMut() -> Result<T, DecodeError>) -> Result<Vec<T>, DecodeError> {
    (0..count).map(|_| next()).collect()
}

fn write_settings(writer: &mut Writer, settings: &[Setting]) -> Result<(), EncodeError> {
    for setting in settings {
        let (id, count) = match setting {
            Setting::SampleRateHertz(values) => (SAMPLE_RATE, values.len()),
            Setting::ResolutionBits(values) => (RESOLUTION, values.len()),
            Setting::Range(values) => (RANGE, values.len()),
            Setting::RangeMilliUnit(values) => (RANGE_MILLI_UNIT, values.len()),
            Setting::Channels(values) => (CHANNELS, values.len()),
            Setting::Factor(values) => (FACTOR, values.len()),
        };
        let Ok(count) = u8::try_from(count) else {
            let got = i64::try_from(count).unwrap_or(i64::MAX);
            return Err(writer.out_of_range("number of values", "at most 255", got));
        };
        writer.octets(&[id, count]);
        match setting {
            Setting::SampleRateHertz(values) | Setting::ResolutionBits(values) | Setting::Range(values) => {
                values.iter().for_each(|value| writer.u16(*value));
            }
            Setting::RangeMilliUnit(values) => values.iter().for_each(|value| writer.i32(*value)),
            Setting::Channels(values) => writer.octets(values),
            Setting::Factor(values) => values.iter().for_each(|value| writer.u32(value.0)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn starting_the_ecg_of_a_chest_strap_asks_for_130_hertz_and_14_bits() {
        let settings = vec![Setting::SampleRateHertz(vec![130]), Setting::ResolutionBits(vec![14])];
        let start = ControlRequest::Start { kind: MeasurementKind::Ecg, settings };
        let octets = [2, 0, 0, 1, 0x82, 0, 1, 1, 14, 0];
        assert_eq!(start.encode().unwrap(), octets);
        assert_eq!(ControlRequest::decode(&octets), Ok(start));
    }

    #[test]
    fn a_reply_carries_the_possible_settings() {
        let reply = [0xF0, 1, 2, 0, 0, 0, 4, 25, 0, 50, 0, 100, 0, 200, 0, 1, 1, 16, 0, 2, 3, 2, 0, 4, 0, 8, 0];
        let reply = ControlReply::decode(&reply).unwrap();
        assert_eq!((reply.operation, reply.kind), (1, MeasurementKind::Acceleration));
        assert_eq!((reply.status, reply.more), (ControlStatus::Success, false));
        let settings = decode_settings(reply.parameters).unwrap();
        let expected = [
            Setting::SampleRateHertz(vec![25, 50, 100, 200]),
            Setting::ResolutionBits(vec![16]),
            Setting::Range(vec![2, 4, 8]),
        ];
        assert_eq!(settings, expected);
    }

    #[test]
    fn a_factor_keeps_its_bits() {
        let settings = decode_settings(&[5, 1, 0, 0, 0x80, 0x3F]).unwrap();
        assert_eq!(settings, [Setting::Factor(vec![Factor::ONE])]);
    }

    #[test]
    fn a_started_stream_says_what_its_samples_are_multiplied_by() {
        let reply = ControlReply::decode(&[0xF0, 2, 2, 0, 0, 5, 1, 0x23, 0xDB, 0x79, 0x3E]).unwrap();
        assert_eq!((reply.operation, reply.kind), (2, MeasurementKind::Acceleration));
        assert_eq!(decode_settings(reply.parameters).unwrap(), [Setting::Factor(vec![Factor(0x3E79_DB23)])]);
    }

    #[test]
    fn a_factor_is_the_decimal_that_the_vendor_wrote_down() {
        assert_eq!(Factor::ONE.decimal(), Some(Decimal::whole(1)));
        assert_eq!(Factor(0x3E79_DB23).decimal(), Some(Decimal::new(244, -3)));
        assert_eq!(Factor(0x7FC0_0000).decimal(), None);
        assert_eq!(Factor(0x7F80_0000).decimal(), None);
    }

    #[test]
    fn features_are_a_bit_for_each_kind_that_a_sensor_can_measure() {
        let kinds = MeasurementKinds::decode(&[0x0F, 0x05, 0x02, 0, 0]).unwrap();
        let names: Vec<_> = kinds.raised().map(MeasurementSupport::name).collect();
        assert_eq!(names, ["ecg", "acc", "sdk_mode"]);
        for support in MeasurementSupport::DEFINED {
            assert_eq!(MeasurementKind::from_octet(*support as u8).name(), support.name());
        }
        assert_eq!(MeasurementKinds::decode(&[0xF0, 5, 0]).unwrap_err().kind(), "bad_header");
        assert_eq!(MeasurementKinds::decode(&[0x0F, 5]).unwrap_err().kind(), "truncated");
    }

    #[test]
    fn a_failure_may_end_after_its_status() {
        let reply = ControlReply::decode(&[0xF0, 2, 0, 6]).unwrap();
        assert_eq!((reply.status, reply.more), (ControlStatus::AlreadyInState, false));
        assert_eq!(ControlReply::decode(&[0xF0, 2, 0, 0]).unwrap_err().kind(), "truncated");
        assert_eq!(ControlReply::decode(&[0xF0, 2, 0, 99, 0]).unwrap().status, ControlStatus::Reserved(99));
    }

    #[test]
    fn a_value_that_is_no_reply_is_a_bad_header() {
        let error = ControlReply::decode(&[0x0F, 1, 0, 0, 0]).unwrap_err();
        assert!(matches!(error, DecodeError::BadHeader { offset: 0, got: 0x0F, .. }), "{error}");
    }

    #[test]
    fn unknown_and_cut_settings_are_errors() {
        assert_eq!(decode_settings(&[6, 1, 0]).unwrap_err().kind(), "unsupported_opcode");
        assert_eq!(decode_settings(&[0, 2, 130, 0]).unwrap_err().kind(), "truncated");
        assert_eq!(decode_settings(&[0]).unwrap_err().kind(), "truncated");
        assert_eq!(ControlRequest::decode(&[4, 0]).unwrap_err().kind(), "unsupported_opcode");
        assert_eq!(ControlRequest::decode(&[3, 0, 0]).unwrap_err().kind(), "trailing_bytes");
    }
}
