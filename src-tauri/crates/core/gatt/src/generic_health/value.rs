//! The values of an observation, one form per class of the ACOM model (ISO/IEEE 11073-10206).
//! Scaling of samples and the meaning of codes is left to whoever shows them.
use super::observation::Observation;
use crate::codes::octet_codes;
use crate::error::{DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::string::String;
use alloc::vec::Vec;
use bedside_vitals::{Number, Sensitive, Unit};

/// Levels that bundles and compounds may nest: real sensors need two.
const DEEPEST: u8 = 4;
const NESTING: &str = "at most 4 levels";

octet_codes! {
    /// The class of an observation.
    pub enum ObservationClass {
        /// A number with its unit.
        Numeric = 1 => "numeric",
        /// One code.
        SimpleDiscrete = 2 => "simple_discrete",
        /// A text.
        Text = 3 => "string",
        /// A waveform.
        SampleArray = 4 => "sample_array",
        /// Several codes.
        CompoundDiscreteEvent = 5 => "compound_discrete_event",
        /// Bits of states and events.
        CompoundStateEvent = 6 => "compound_state_event",
        /// Several values of one moment.
        Compound = 7 => "compound",
        /// Type, length, value: of a later version.
        TypeLengthValue = 8 => "tlv",
        /// Several observations.
        Bundle = 255 => "bundle",
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObservationValue {
    /// A number with its unit.
    Numeric(Quantity),
    /// A code, or bits, by the type of the observation.
    SimpleDiscrete(u32),
    /// A text; it may name a person.
    Text(Sensitive<String>),
    /// A waveform.
    SampleArray(SampleArray),
    /// Several codes.
    CompoundDiscreteEvent(Vec<u32>),
    /// Bits of states and events.
    CompoundStateEvent(StateEvent),
    /// Several values of one moment, such as the pressures of a cuff.
    Compound(Vec<Component>),
    /// Several observations that share time and patient.
    Bundle(Vec<Observation>),
}

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// A code in the dimensions partition (4) of ISO/IEEE 11073-10101, for example 3872 for mmHg.
    pub unit: u16,
    /// The number.
    pub value: Number,
}

/// A waveform. A real value is `scale × sample + offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleArray {
    /// The unit of the real values, as in [`Quantity`].
    pub unit: u16,
    /// What a sample is multiplied by.
    pub scale: Number,
    /// What is added then.
    pub offset: Number,
    /// The period in seconds.
    pub sample_period_s: Number,
    /// Samples in a period.
    pub samples_per_period: u8,
    /// Octets of a sample, 1 to 4.
    pub bytes_per_sample: u8,
    /// The samples in two's complement, oldest first.
    pub samples: Vec<i32>,
}

/// Bits of states and events; the three have the same number of octets, the first octet holding bits 0 to 7.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateEvent {
    /// The bits that the sensor supports.
    pub supported: Vec<u8>,
    /// Of each bit, whether it is a state (1) or an event (0).
    pub states: Vec<u8>,
    /// The bits.
    pub bits: Vec<u8>,
}

/// One value of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// What it is: a code of ISO/IEEE 11073-10101, the partition in the high half.
    pub kind: u32,
    /// The value, of any class but a bundle.
    pub value: ObservationValue,
}

impl ObservationValue {
    /// The class of the value.
    pub const fn class(&self) -> ObservationClass {
        match self {
            Self::Numeric(_) => ObservationClass::Numeric,
            Self::SimpleDiscrete(_) => ObservationClass::SimpleDiscrete,
            Self::Text(_) => ObservationClass::Text,
            Self::SampleArray(_) => ObservationClass::SampleArray,
            Self::CompoundDiscreteEvent(_) => ObservationClass::CompoundDiscreteEvent,
            Self::CompoundStateEvent(_) => ObservationClass::CompoundStateEvent,
            Self::Compound(_) => ObservationClass::Compound,
            Self::Bundle(_) => ObservationClass::Bundle,
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>, class: ObservationClass, depth: u8) -> Result<Self, DecodeError> {
        Ok(match class {
            ObservationClass::Numeric => Self::Numeric(Quantity::read(reader)?),
            ObservationClass::SimpleDiscrete => Self::SimpleDiscrete(reader.u32("discrete value")?),
            ObservationClass::Text => Self::Text(read_text(reader)?),
            ObservationClass::SampleArray => Self::SampleArray(SampleArray::read(reader)?),
            ObservationClass::CompoundDiscreteEvent => {
                let count = reader.u8("number of discrete values")?;
                let values = (0..count).map(|_| reader.u32("discrete value"));
                Self::CompoundDiscreteEvent(values.collect::<Result<_, _>>()?)
            }
            ObservationClass::CompoundStateEvent => Self::CompoundStateEvent(StateEvent::read(reader)?),
            ObservationClass::Compound => {
                let (count, depth) = read_nested(reader, "number of components", depth)?;
                let components = (0..count).map(|_| Component::read(reader, depth));
                Self::Compound(components.collect::<Result<_, _>>()?)
            }
            ObservationClass::Bundle => {
                let (count, depth) = read_nested(reader, "number of observations", depth)?;
                let members = (0..count).map(|_| Observation::read(reader, depth));
                Self::Bundle(members.collect::<Result<_, _>>()?)
            }
            ObservationClass::TypeLengthValue | ObservationClass::Reserved(_) => {
                return Err(reader.unsupported("a value class (1 to 7)", class.octet()));
            }
        })
    }

    pub(super) fn write(&self, writer: &mut Writer, depth: u8) -> Result<(), EncodeError> {
        match self {
            Self::Numeric(quantity) => quantity.write(writer),
            Self::SimpleDiscrete(value) => {
                writer.u32(*value);
                Ok(())
            }
            Self::Text(text) => write_text(writer, text.reveal()),
            Self::SampleArray(array) => array.write(writer),
            Self::CompoundDiscreteEvent(values) => {
                write_count(writer, "number of discrete values", values.len())?;
                values.iter().for_each(|value| writer.u32(*value));
                Ok(())
            }
            Self::CompoundStateEvent(bits) => bits.write(writer),
            Self::Compound(components) => {
                let depth = write_nested(writer, "number of components", components.len(), depth)?;
                components.iter().try_for_each(|component| component.write(writer, depth))
            }
            Self::Bundle(members) => {
                let depth = write_nested(writer, "number of observations", members.len(), depth)?;
                members.iter().try_for_each(|member| member.write(writer, depth))
            }
        }
    }
}

impl Quantity {
    /// The unit in the words of the vocabulary (ISO/IEEE 11073-10101, table of units); `None` for any other code.
    pub const fn known_unit(&self) -> Option<Unit> {
        Some(match self.unit {
            512 => Unit::One,
            544 => Unit::Percent,
            1297 => Unit::Centimetre,
            1376 => Unit::Inch,
            1731 => Unit::Kilogram,
            1760 => Unit::Pound,
            1952 => Unit::KilogramPerSquareMetre,
            2130 => Unit::MilligramPerDecilitre,
            2194 => Unit::Millisecond,
            // Beats and breaths.
            2720 | 2784 => Unit::PerMinute,
            3843 => Unit::Kilopascal,
            3872 => Unit::MillimetreOfMercury,
            4275 => Unit::Microvolt,
            4416 => Unit::DegreeFahrenheit,
            4722 => Unit::MillimolePerLitre,
            6048 => Unit::DegreeCelsius,
            _ => return None,
        })
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let unit = reader.u16("unit")?;
        Ok(Self { unit, value: reader.float("value")? })
    }

    fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.u16(self.unit);
        writer.float("value", self.value)
    }
}

impl SampleArray {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let unit = reader.u16("unit")?;
        let scale = reader.float("scale")?;
        let offset = reader.float("offset")?;
        let sample_period_s = reader.float("sample period")?;
        let samples_per_period = reader.u8("samples per period")?;
        let bytes_per_sample = reader.u8("octets per sample")?;
        if !(1..=4).contains(&bytes_per_sample) {
            return Err(reader.out_of_range("octets per sample", 1, "1 to 4", bytes_per_sample));
        }
        let count = reader.u32("number of samples")?;
        // Taken at once, so that a false count reserves no memory.
        let width = usize::from(bytes_per_sample);
        let size = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(width);
        let samples = reader.take("samples", size)?.chunks_exact(width).map(signed).collect();
        Ok(Self { unit, scale, offset, sample_period_s, samples_per_period, bytes_per_sample, samples })
    }

    fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        writer.u16(self.unit);
        writer.float("scale", self.scale)?;
        writer.float("offset", self.offset)?;
        writer.float("sample period", self.sample_period_s)?;
        if !(1..=4).contains(&self.bytes_per_sample) {
            return Err(writer.out_of_range("octets per sample", "1 to 4", self.bytes_per_sample));
        }
        let Ok(count) = u32::try_from(self.samples.len()) else {
            return Err(writer.out_of_range("number of samples", "at most 32 bits", i64::MAX));
        };
        writer.octets(&[self.samples_per_period, self.bytes_per_sample]);
        writer.u32(count);
        let width = usize::from(self.bytes_per_sample);
        for sample in &self.samples {
            let octets = &sample.to_le_bytes()[..width];
            if signed(octets) != *sample {
                return Err(writer.out_of_range("sample", "a number of the sample's octets", *sample));
            }
            writer.octets(octets);
        }
        Ok(())
    }
}

impl StateEvent {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let size = usize::from(reader.u8("octets of the bits")?);
        let supported = reader.take("supported bits", size)?.to_vec();
        let states = reader.take("state or event bits", size)?.to_vec();
        Ok(Self { supported, states, bits: reader.take("bits", size)?.to_vec() })
    }

    fn write(&self, writer: &mut Writer) -> Result<(), EncodeError> {
        for bits in [&self.supported, &self.states] {
            if bits.len() != self.bits.len() {
                let got = i64::try_from(bits.len()).unwrap_or(i64::MAX);
                return Err(writer.out_of_range("octets of a mask", "as many as of the bits", got));
            }
        }
        write_count(writer, "octets of the bits", self.bits.len())?;
        [&self.supported, &self.states, &self.bits].iter().for_each(|bits| writer.octets(bits));
        Ok(())
    }
}

impl Component {
    fn read(reader: &mut Reader<'_>, depth: u8) -> Result<Self, DecodeError> {
        let kind = reader.u32("component type")?;
        let class = ObservationClass::from_octet(reader.u8("class of the component")?);
        if class == ObservationClass::Bundle {
            return Err(reader.unsupported("a value class (1 to 7)", class.octet()));
        }
        Ok(Self { kind, value: ObservationValue::read(reader, class, depth)? })
    }

    fn write(&self, writer: &mut Writer, depth: u8) -> Result<(), EncodeError> {
        let class = self.value.class();
        if class == ObservationClass::Bundle {
            return Err(writer.out_of_range("class of the component", "1 to 7", class.octet()));
        }
        writer.u32(self.kind);
        writer.u8(class.octet());
        self.value.write(writer, depth)
    }
}

/// A number of entries in one octet.
pub(super) fn write_count(writer: &mut Writer, field: &'static str, count: usize) -> Result<(), EncodeError> {
    let Ok(octet) = u8::try_from(count) else {
        return Err(writer.out_of_range(field, "at most 255", i64::try_from(count).unwrap_or(i64::MAX)));
    };
    writer.u8(octet);
    Ok(())
}

/// The number of entries one level down, and that level.
fn read_nested(reader: &mut Reader<'_>, field: &'static str, depth: u8) -> Result<(u8, u8), DecodeError> {
    let count = reader.u8(field)?;
    if depth >= DEEPEST {
        return Err(reader.out_of_range("nesting", 1, NESTING, depth.saturating_add(1)));
    }
    Ok((count, depth + 1))
}

fn write_nested(writer: &mut Writer, field: &'static str, count: usize, depth: u8) -> Result<u8, EncodeError> {
    if depth >= DEEPEST {
        return Err(writer.out_of_range("nesting", NESTING, depth.saturating_add(1)));
    }
    write_count(writer, field, count)?;
    Ok(depth + 1)
}

fn read_text(reader: &mut Reader<'_>) -> Result<Sensitive<String>, DecodeError> {
    let length = usize::from(reader.u16("length of the text")?);
    let octets = reader.take("text", length)?;
    match core::str::from_utf8(octets) {
        Ok(text) => Ok(Sensitive::new(text.into())),
        Err(error) => {
            // The octet says nothing about the text around it.
            let wrong = octets.get(error.valid_up_to()).copied().unwrap_or_default();
            Err(reader.out_of_range("text", length - error.valid_up_to(), "UTF-8", wrong))
        }
    }
}

fn write_text(writer: &mut Writer, text: &str) -> Result<(), EncodeError> {
    let Ok(length) = u16::try_from(text.len()) else {
        let got = i64::try_from(text.len()).unwrap_or(i64::MAX);
        return Err(writer.out_of_range("length of the text", "at most 65535 octets", got));
    };
    writer.u16(length);
    writer.octets(text.as_bytes());
    Ok(())
}

/// One to four octets in two's complement.
fn signed(octets: &[u8]) -> i32 {
    let spare_bits = 32 - 8 * octets.len();
    let unsigned = octets.iter().rev().fold(0, |word: u32, octet| word << 8 | u32::from(*octet));
    (unsigned << spare_bits) as i32 >> spare_bits
}
