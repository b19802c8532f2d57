//! The samples of PMD frames by what they are, and the layout of those that are packed into bits.
//! The frame around them is in `data.rs`, their compression in `delta.rs`.
use super::control::MeasurementKind;
use crate::error::{DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const LOW_14_BITS: u32 = 0x3FFF;
const LOW_18_BITS: u32 = 0x3_FFFF;
const OVERSAMPLING_SHIFT: u32 = 16;
const SKIN_CONTACT_SHIFT: u32 = 17;
const IMPEDANCE_SHIFT: u32 = 19;
const ECG_TAG_SHIFT: u32 = 18;
const PACE_TAG_SHIFT: u32 = 21;

const BLOCKER: u8 = 1;
const CONTACT: u8 = 1 << 1;
const CONTACT_SUPPORTED: u8 = 1 << 2;

/// The samples of a frame by what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Samples {
    /// ECG in µV (frame type 0).
    Ecg(Vec<i32>),
    /// ECG with what the electrodes say (frame type 1).
    EcgContact(Vec<EcgContactSample>),
    /// ECG with tags (frame type 2).
    EcgTagged(Vec<EcgTaggedSample>),
    /// ECG sent compressed (frame type 0): to be multiplied by the factor.
    EcgRaw(Vec<[i32; 1]>),
    /// Optical pulse waveform, three channels and ambient light (frame type 0).
    Ppg(Vec<[i32; 4]>),
    /// The same, sent compressed (frame type 0): to be multiplied by the factor.
    PpgRaw(Vec<[i32; 4]>),
    /// Sixteen optical channels and a status, sent compressed (frame type 7); the factor is not for the status.
    PpgSixteen(Vec<[i32; 17]>),
    /// Twenty-four optical channels and a status, sent compressed (frame type 8); the factor is not for the status.
    PpgTwentyFour(Vec<[i32; 25]>),
    /// Eight green, six red and six infrared channels and a status, sent compressed (frame type 10); the factor is not
    /// for the status.
    PpgColours(Vec<[i32; 21]>),
    /// Acceleration along x, y, z in mG.
    Acceleration {
        /// The frame type: 0, 1 or 2 for axes of one, two or three octets.
        frame_type: u8,
        /// The samples.
        samples: Vec<[i32; 3]>,
    },
    /// Acceleration sent compressed: multiplied by the factor, type 0 gives G and type 1 gives mG.
    AccelerationRaw {
        /// The frame type, 0 or 1.
        frame_type: u8,
        /// The samples as sent.
        samples: Vec<[i32; 3]>,
    },
    /// Intervals between pulses (frame type 0).
    PulseIntervals(Vec<PulseInterval>),
}

/// One ECG sample with what the electrodes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EcgContactSample {
    /// Fourteen bits of µV, read without a sign as Polar's own software does.
    pub microvolts: u16,
    /// The sample was taken with oversampling.
    pub oversampling: bool,
    /// Skin contact, two bits as received.
    pub skin_contact: u8,
    /// Impedance of the contact, two bits as received.
    pub contact_impedance: u8,
}

/// One ECG sample with its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EcgTaggedSample {
    /// Eighteen bits of µV, read without a sign as Polar's own software does.
    pub microvolts: u32,
    /// Tag of the ECG, three bits as received.
    pub ecg_tag: u8,
    /// Tag of a pacemaker's pulse, three bits as received.
    pub pace_tag: u8,
}

/// One interval between two pulses, found optically. Valid only at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PulseInterval {
    /// Heart rate in beats a minute.
    pub heart_rate_bpm: u8,
    /// The interval in ms.
    pub interval_ms: u16,
    /// Estimated error of the interval in ms.
    pub error_ms: u16,
    /// The sensor moved: the interval is of no use.
    pub blocker: bool,
    /// The sensor touches the skin; unreliable on Verity Sense and OH1.
    pub contact: bool,
    /// The sensor can tell about contact.
    pub contact_supported: bool,
}

impl Samples {
    /// What was measured.
    pub const fn kind(&self) -> MeasurementKind {
        match self {
            Self::Ecg(_) | Self::EcgContact(_) | Self::EcgTagged(_) | Self::EcgRaw(_) => MeasurementKind::Ecg,
            Self::Ppg(_) | Self::PpgRaw(_) | Self::PpgSixteen(_) | Self::PpgTwentyFour(_) | Self::PpgColours(_) => {
                MeasurementKind::Ppg
            }
            Self::Acceleration { .. } | Self::AccelerationRaw { .. } => MeasurementKind::Acceleration,
            Self::PulseIntervals(_) => MeasurementKind::PulseIntervals,
        }
    }

    /// The frame type, without the bit for compression.
    pub const fn frame_type(&self) -> u8 {
        match self {
            Self::Ecg(_) | Self::EcgRaw(_) | Self::Ppg(_) | Self::PpgRaw(_) | Self::PulseIntervals(_) => 0,
            Self::EcgContact(_) => 1,
            Self::EcgTagged(_) => 2,
            Self::PpgSixteen(_) => 7,
            Self::PpgTwentyFour(_) => 8,
            Self::PpgColours(_) => 10,
            Self::Acceleration { frame_type, .. } | Self::AccelerationRaw { frame_type, .. } => *frame_type,
        }
    }

    /// Whether the samples come as differences.
    pub const fn is_compressed(&self) -> bool {
        match self {
            Self::EcgRaw(_)
            | Self::PpgRaw(_)
            | Self::PpgSixteen(_)
            | Self::PpgTwentyFour(_)
            | Self::PpgColours(_)
            | Self::AccelerationRaw { .. } => true,
            Self::Ecg(_)
            | Self::EcgContact(_)
            | Self::EcgTagged(_)
            | Self::Ppg(_)
            | Self::Acceleration { .. }
            | Self::PulseIntervals(_) => false,
        }
    }

    /// How many samples there are; one sample has all its channels.
    pub const fn len(&self) -> usize {
        match self {
            Self::Ecg(samples) => samples.len(),
            Self::EcgContact(samples) => samples.len(),
            Self::EcgTagged(samples) => samples.len(),
            Self::EcgRaw(samples) => samples.len(),
            Self::Ppg(samples) | Self::PpgRaw(samples) => samples.len(),
            Self::PpgSixteen(samples) => samples.len(),
            Self::PpgTwentyFour(samples) => samples.len(),
            Self::PpgColours(samples) => samples.len(),
            Self::Acceleration { samples, .. } | Self::AccelerationRaw { samples, .. } => samples.len(),
            Self::PulseIntervals(intervals) => intervals.len(),
        }
    }

    /// Whether there is no sample; never so in a decoded frame.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl EcgContactSample {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let word = reader.u24("ECG sample")?;
        Ok(Self {
            microvolts: (word & LOW_14_BITS) as u16,
            oversampling: word >> OVERSAMPLING_SHIFT & 1 == 1,
            skin_contact: (word >> SKIN_CONTACT_SHIFT & 0b11) as u8,
            contact_impedance: (word >> IMPEDANCE_SHIFT & 0b11) as u8,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        let microvolts = bits(writer, "ECG sample", self.microvolts.into(), LOW_14_BITS, "14 bits")?;
        let contact = bits(writer, "skin contact", self.skin_contact.into(), 0b11, "2 bits")?;
        let impedance = bits(writer, "impedance", self.contact_impedance.into(), 0b11, "2 bits")?;
        let oversampling = u32::from(self.oversampling) << OVERSAMPLING_SHIFT;
        writer.u24(microvolts | oversampling | contact << SKIN_CONTACT_SHIFT | impedance << IMPEDANCE_SHIFT);
        Ok(())
    }
}

impl EcgTaggedSample {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let word = reader.u24("ECG sample")?;
        Ok(Self {
            microvolts: word & LOW_18_BITS,
            ecg_tag: (word >> ECG_TAG_SHIFT & 0b111) as u8,
            pace_tag: (word >> PACE_TAG_SHIFT & 0b111) as u8,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        let microvolts = bits(writer, "ECG sample", self.microvolts, LOW_18_BITS, "18 bits")?;
        let ecg_tag = bits(writer, "ECG tag", self.ecg_tag.into(), 0b111, "3 bits")?;
        let pace_tag = bits(writer, "pace tag", self.pace_tag.into(), 0b111, "3 bits")?;
        writer.u24(microvolts | ecg_tag << ECG_TAG_SHIFT | pace_tag << PACE_TAG_SHIFT);
        Ok(())
    }
}

impl PulseInterval {
    /// Whether the interval may be used: no motion, and contact wherever the sensor can tell.
    pub const fn is_usable(&self) -> bool {
        !self.blocker && (self.contact || !self.contact_supported)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let heart_rate_bpm = reader.u8("heart rate")?;
        let interval_ms = reader.u16("pulse interval")?;
        let error_ms = reader.u16("error estimate")?;
        let flags = reader.u8("pulse interval flags")?;
        let raised = |flag: u8| flags & flag != 0;
        let (blocker, contact, contact_supported) = (raised(BLOCKER), raised(CONTACT), raised(CONTACT_SUPPORTED));
        Ok(Self { heart_rate_bpm, interval_ms, error_ms, blocker, contact, contact_supported })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.u8(self.heart_rate_bpm);
        writer.u16(self.interval_ms);
        writer.u16(self.error_ms);
        let flag = |raised: bool, flag: u8| if raised { flag } else { 0 };
        writer.u8(flag(self.blocker, BLOCKER)
            | flag(self.contact, CONTACT)
            | flag(self.contact_supported, CONTACT_SUPPORTED));
    }
}

fn bits(
    writer: &Writer,
    field: &'static str,
    value: u32,
    mask: u32,
    expected: &'static str,
) -> Result<u32, EncodeError> {
    if value & !mask == 0 { Ok(value) } else { Err(writer.out_of_range(field, expected, value)) }
}
