//! Generic health sensors: observations whose codes Bedside knows become readings of the same parameters as from any
//! other device; the others are kept as bytes and said to be so. Not here: joining segments, and bundles (`gatt`).
use super::{Frame, Ordinals, PulseWave};
use crate::input::Content;
use alloc::vec::Vec;
use bedside_gatt::elapsed_time::ElapsedTimeFlag;
use bedside_gatt::generic_health::{
    Component, InheritedObservation, Loss, MeasurementStatement, MeasurementStatus, Observation, ObservationValue,
    Quantity as Sent, SampleArray, SegmentJoiner, SegmentOutcome, StoredObservation,
};
use bedside_gatt::{Characteristic, DecodeError};
use bedside_vitals::{
    BloodPressure, Cadence, Decimal, GlucoseDetails, GlucoseSample, MeasuredValue, Measurement, Number, Parameter,
    Quality, QualityFlag, Quantity, ReadingIdentity, Special, TemperatureSite, Unit,
};

/// What must be remembered between values of one connection.
#[derive(Default)]
pub(super) struct HealthSensor {
    live: Path,
    stored: Path,
    wave: PulseWave,
}

/// One way of an observation. The same reading has the same place on both, so that it is one.
#[derive(Default)]
struct Path {
    joiner: SegmentJoiner,
    ordinals: Ordinals,
}

const OBSERVATIONS: Characteristic = Characteristic::named("Health Observations");

/// Said of a single reading of an oximeter (`MDC_MODALITY_SPOT`).
const SPOT_MODALITY: u32 = 150_588;

impl HealthSensor {
    /// The memory is sent from its beginning.
    pub(super) fn begin_delivery(&mut self) {
        self.stored = Path::default();
    }

    /// A segment of a live observation. A body with a segment missing is lost: the value that shows it is rejected.
    pub(super) fn live(&mut self, bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
        let Some(body) = whole(self.live.joiner.push(bytes)?)? else { return Ok(Vec::new()) };
        let observation = Observation::decode(&body)?;
        let leaves = observation.leaves();
        let contents = leaves.iter().map(|leaf| content(leaf, None, frame, &mut self.live.ordinals, &mut self.wave));
        Ok(contents.collect())
    }

    /// A segment of a stored observation.
    pub(super) fn stored(&mut self, bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
        let Some(body) = whole(self.stored.joiner.push(bytes)?)? else { return Ok(Vec::new()) };
        let stored = StoredObservation::decode(&body)?;
        let record = Some(stored.record_number);
        let leaves = stored.observation.leaves();
        let contents =
            leaves.iter().map(|leaf| content(leaf, record, frame, &mut self.stored.ordinals, &mut self.wave));
        Ok(contents.collect())
    }
}

/// The body that a segment completed; an error when the segment tells that one is lost. One that is whole counts all the
/// same.
fn whole(outcome: SegmentOutcome) -> Result<Option<Vec<u8>>, DecodeError> {
    let (expected, got) = match (&outcome.body, outcome.loss) {
        (Some(_), _) | (None, None) => return Ok(outcome.body),
        (None, Some(Loss::Gap { got, .. })) => ("the one after that before it", got.into()),
        (None, Some(Loss::NoBeginning { got })) => ("the first of an observation", got.into()),
        (None, Some(Loss::Unfinished { expected })) => {
            // This segment begins an observation that may still be completed: it is the one before that is lost.
            ("the rest of the observation before it", expected.into())
        }
        (None, Some(Loss::TooLarge { largest })) => {
            ("one of a smaller observation", largest.try_into().unwrap_or(i64::MAX))
        }
    };
    Err(DecodeError::OutOfRange { characteristic: OBSERVATIONS, field: "segment", offset: 0, expected, got })
}

fn content(
    leaf: &InheritedObservation<'_>,
    record: Option<u32>,
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
    wave: &mut PulseWave,
) -> Content {
    let mdc = leaf.observation.kind;
    let found = mdc.and_then(|mdc| match &leaf.observation.value {
        ObservationValue::Numeric(sent) => {
            let (parameter, sample) = parameter(mdc)?;
            let value = MeasuredValue::Single(Quantity { number: sent.value, unit: unit(sent.unit)? });
            Some(Content::Measurement(reading(leaf, (parameter, sample, value), record, frame, ordinals)))
        }
        ObservationValue::Compound(components) if mdc == Parameter::BloodPressure.mdc() => {
            let value = MeasuredValue::Pressures(pressures(components)?);
            let found = (Parameter::BloodPressure, None, value);
            Some(Content::Measurement(reading(leaf, found, record, frame, ordinals)))
        }
        ObservationValue::SampleArray(array) if mdc == Parameter::Plethysmogram.mdc() => {
            wave.block(array.samples.clone(), hertz(array)?, frame)
        }
        _ => None,
    });
    found.unwrap_or(Content::NotCharted { mdc })
}

fn reading(
    leaf: &InheritedObservation<'_>,
    (parameter, sample, value): (Parameter, Option<GlucoseSample>, MeasuredValue),
    record: Option<u32>,
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
) -> Measurement {
    let observation = leaf.observation;
    let quality = observation.status.map_or(Quality::GOOD, quality);
    let quality = quality.with_if(record.is_some(), QualityFlag::FromStorage);
    let streams = record.is_none() && is_continuous(parameter, observation);
    let time = leaf.time.map_or_else(|| frame.received(), |elapsed| frame.measured_elapsed(&elapsed));
    // Ticks begin anew when the device does: the same count may be another time.
    let counts_ticks = leaf.time.is_some_and(|elapsed| elapsed.flags.has(ElapsedTimeFlag::TickCounter));
    let identity = match (streams, time.device.filter(|_| !counts_ticks), record) {
        (true, _, _) | (false, None, None) => frame.stream_identity(),
        (false, Some(base_time), _) => ordinals.identity(parameter, Some(base_time), frame),
        (false, None, Some(sequence)) => ReadingIdentity::Sequence { sequence, base_time: None },
    };
    let glucose = is_glucose(parameter).then(|| GlucoseDetails { sample, ..GlucoseDetails::default() });
    Measurement {
        parameter,
        value,
        cadence: if streams { Cadence::Streaming } else { Cadence::Spot },
        time: if streams { frame.received() } else { time },
        identity,
        quality: quality.with_if(sample == Some(GlucoseSample::ControlSolution), QualityFlag::ControlSolution),
        user_slot: leaf.patient,
        glucose,
        temperature_site: observation.kind.and_then(temperature_site),
    }
}

/// Rates and saturations that a sensor sends as they come are a stream, unless it says that it is a spot check.
fn is_continuous(parameter: Parameter, observation: &Observation) -> bool {
    let spot = observation.supplemental.as_ref().is_some_and(|codes| codes.contains(&SPOT_MODALITY));
    let may_stream = matches!(
        parameter,
        Parameter::HeartRate
            | Parameter::OximeterPulseRate
            | Parameter::OxygenSaturation
            | Parameter::PulseAmplitudeIndex
            | Parameter::PerfusionIndex
            | Parameter::RespirationRate
    );
    may_stream && !spot
}

const fn is_glucose(parameter: Parameter) -> bool {
    matches!(parameter, Parameter::BloodGlucose | Parameter::InterstitialGlucose)
}

/// The parameter of a code, and for glucose the fluid. Terms that each user gives a meaning of their own say nothing.
fn parameter(mdc: u32) -> Option<(Parameter, Option<GlucoseSample>)> {
    let sample = match mdc {
        160_020 => return Some((Parameter::BloodGlucose, None)),
        160_184 => GlucoseSample::CapillaryWholeBlood,
        160_188 => GlucoseSample::CapillaryPlasma,
        160_192 => GlucoseSample::VenousWholeBlood,
        160_196 => GlucoseSample::VenousPlasma,
        160_200 => GlucoseSample::ArterialWholeBlood,
        160_204 => GlucoseSample::ArterialPlasma,
        160_208 => GlucoseSample::ControlSolution,
        160_212 => return Some((Parameter::InterstitialGlucose, Some(GlucoseSample::InterstitialFluid))),
        160_364 => GlucoseSample::UndeterminedWholeBlood,
        160_368 => GlucoseSample::UndeterminedPlasma,
        other if temperature_site(other).is_some() => return Some((Parameter::BodyTemperature, None)),
        other => {
            let known = Parameter::from_mdc(other).filter(|parameter| parameter.is_standard());
            return known.filter(|&parameter| parameter != Parameter::BloodPressure).map(|known| (known, None));
        }
    };
    Some((Parameter::BloodGlucose, Some(sample)))
}

/// The place of a temperature whose code names it (11073-10101); the general code names none.
const fn temperature_site(mdc: u32) -> Option<TemperatureSite> {
    Some(match mdc {
        150_392 => TemperatureSite::Tympanum,
        188_420 => TemperatureSite::Rectum,
        188_424 => TemperatureSite::Mouth,
        188_428 => TemperatureSite::Ear,
        188_432 => TemperatureSite::Finger,
        188_448 => TemperatureSite::Toe,
        188_452 => TemperatureSite::Armpit,
        188_456 => TemperatureSite::GastrointestinalTract,
        _ => return None,
    })
}

/// The unit of a code of the dimensions partition (11073-10101).
const fn unit(code: u16) -> Option<Unit> {
    Some(match code {
        512 => Unit::One,
        544 => Unit::Percent,
        1_297 => Unit::Centimetre,
        1_376 => Unit::Inch,
        1_731 => Unit::Kilogram,
        1_760 => Unit::Pound,
        1_952 => Unit::KilogramPerSquareMetre,
        2_130 => Unit::MilligramPerDecilitre,
        2_194 => Unit::Millisecond,
        2_720 | 2_784 => Unit::PerMinute,
        3_843 => Unit::Kilopascal,
        3_872 => Unit::MillimetreOfMercury,
        4_416 => Unit::DegreeFahrenheit,
        4_722 => Unit::MillimolePerLitre,
        6_048 => Unit::DegreeCelsius,
        _ => return None,
    })
}

/// Systolic, diastolic and mean in one unit; a part that was not sent is special.
fn pressures(components: &[Component]) -> Option<BloodPressure> {
    let part = |kind: u32| {
        components.iter().filter(|component| component.kind == kind).find_map(|component| match component.value {
            ObservationValue::Numeric(sent) => Some(sent),
            _ => None,
        })
    };
    let (systolic, diastolic, mean) = (part(150_021), part(150_022), part(150_023));
    let code = systolic.or(diastolic)?.unit;
    let number = |sent: Option<Sent>| match sent {
        Some(sent) if sent.unit == code => Some(sent.value),
        Some(_) => None,
        None => Some(Number::Special(Special::NotANumber)),
    };
    Some(BloodPressure {
        systolic: number(systolic)?,
        diastolic: number(diastolic)?,
        mean: number(mean)?,
        unit: unit(code).filter(|unit| matches!(unit, Unit::MillimetreOfMercury | Unit::Kilopascal))?,
    })
}

/// Samples a second, where that is a whole number.
fn hertz(array: &SampleArray) -> Option<u16> {
    let period_ms = array.sample_period_s.value()?.checked_mul(Decimal::whole(1_000))?.mantissa_at(0)?;
    let samples = i64::from(array.samples_per_period) * 1_000;
    (period_ms > 0 && samples % period_ms == 0).then(|| u16::try_from(samples / period_ms).ok()).flatten()
}

fn quality(status: MeasurementStatus) -> Quality {
    let says = |statement| status.has(statement);
    let invalid = says(MeasurementStatement::Invalid) || says(MeasurementStatement::NotAvailable);
    let doubtful = says(MeasurementStatement::Questionable) || says(MeasurementStatement::Calibrating);
    // What was set or typed in was not measured.
    let not_measured = says(MeasurementStatement::Setting) || says(MeasurementStatement::ManuallyEntered);
    Quality::GOOD
        .with_if(invalid, QualityFlag::Invalid)
        .with_if(doubtful || not_measured, QualityFlag::Questionable)
        .with_if(says(MeasurementStatement::TestData), QualityFlag::Testing)
        .with_if(says(MeasurementStatement::EarlyEstimate), QualityFlag::EarlyEstimate)
}

#[cfg(test)]
mod tests {
    use super::super::testing::frame;
    use super::*;
    use bedside_gatt::current_time::TimeSource;
    use bedside_gatt::elapsed_time::{ElapsedTime, ElapsedTimeFlags};
    use bedside_gatt::generic_health::split;
    use bedside_vitals::DeviceTime;

    /// 2026-03-18 07:58:20 local time.
    fn time() -> ElapsedTime {
        let flags = ElapsedTimeFlags::default().with(ElapsedTimeFlag::CurrentTimeline);
        ElapsedTime { flags, count: 827_135_900, source: TimeSource::from_octet(0), offset_quarters: 0 }
    }

    fn numeric(mdc: u32, unit: u16, value: Decimal) -> Observation {
        let value = ObservationValue::Numeric(Sent { unit, value: value.into() });
        Observation { kind: Some(mdc), time: Some(time()), ..Observation::new(value) }
    }

    fn live(sensor: &mut HealthSensor, observation: &Observation) -> Vec<Content> {
        let body = observation.encode().unwrap();
        split(&body, 0, 20).iter().flat_map(|segment| sensor.live(segment, &frame()).unwrap()).collect()
    }

    fn only(contents: Vec<Content>) -> Measurement {
        match <[Content; 1]>::try_from(contents) {
            Ok([Content::Measurement(measurement)]) => measurement,
            other => panic!("expected one reading, got {other:?}"),
        }
    }

    #[test]
    fn a_known_code_is_a_reading_of_its_parameter() {
        let found = only(live(&mut HealthSensor::default(), &numeric(188_736, 1_731, Decimal::new(712, -1))));
        assert_eq!((found.parameter, found.cadence), (Parameter::BodyWeight, Cadence::Spot));
        let expected = Quantity { number: Decimal::new(712, -1).into(), unit: Unit::Kilogram };
        assert_eq!(found.value, MeasuredValue::Single(expected));
        let raw = DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 7, minute: 58, second: 20 };
        assert_eq!(found.time.device, Some(raw));
    }

    #[test]
    fn an_unknown_code_and_a_private_one_are_kept_and_said_to_be_so() {
        for mdc in [188_800, Parameter::MuscleMass.mdc()] {
            let contents = live(&mut HealthSensor::default(), &numeric(mdc, 1_731, Decimal::whole(3)));
            assert_eq!(contents, [Content::NotCharted { mdc: Some(mdc) }]);
        }
    }

    #[test]
    fn the_same_observation_live_and_from_the_memory_is_one() {
        let observation = numeric(150_364, 6_048, Decimal::new(371, -1));
        let mut sensor = HealthSensor::default();
        let live = only(live(&mut sensor, &observation));
        let body = StoredObservation { record_number: 9, observation }.encode().unwrap();
        let segments = split(&body, 5, 64);
        let stored = only(segments.iter().flat_map(|segment| sensor.stored(segment, &frame()).unwrap()).collect());
        assert_eq!(live.identity, stored.identity);
        assert!(stored.quality.has(QualityFlag::FromStorage));
    }

    #[test]
    fn a_count_of_ticks_names_no_reading_because_it_begins_anew() {
        let flags = ElapsedTimeFlags::default().with(ElapsedTimeFlag::TickCounter);
        let ticks = ElapsedTime { flags, ..time() };
        let observation = Observation { time: Some(ticks), ..numeric(150_364, 6_048, Decimal::new(371, -1)) };
        let mut sensor = HealthSensor::default();
        assert!(matches!(only(live(&mut sensor, &observation)).identity, ReadingIdentity::Stream { .. }));
        let stored = |sensor: &mut HealthSensor, record_number| {
            let body = StoredObservation { record_number, observation: observation.clone() }.encode().unwrap();
            only(sensor.stored(&split(&body, 0, 64)[0], &frame()).unwrap()).identity
        };
        assert_eq!(stored(&mut sensor, 9), ReadingIdentity::Sequence { sequence: 9, base_time: None });
        assert_ne!(stored(&mut sensor, 10), ReadingIdentity::Sequence { sequence: 9, base_time: None });
    }

    #[test]
    fn the_places_of_a_memory_are_counted_anew_when_it_is_sent_again() {
        let body = StoredObservation { record_number: 9, observation: numeric(150_364, 6_048, Decimal::whole(37)) };
        let segment = split(&body.encode().unwrap(), 0, 64).remove(0);
        let mut sensor = HealthSensor::default();
        let first = only(sensor.stored(&segment, &frame()).unwrap()).identity;
        sensor.begin_delivery();
        assert_eq!(only(sensor.stored(&segment, &frame()).unwrap()).identity, first);
    }

    #[test]
    fn an_observation_of_which_a_segment_is_missing_is_rejected() {
        let body = numeric(150_364, 6_048, Decimal::whole(37)).encode().unwrap();
        let mut segments = split(&body, 0, 8);
        assert!(segments.len() > 2);
        segments.remove(1);
        let mut sensor = HealthSensor::default();
        let results: Vec<_> = segments.iter().map(|segment| sensor.live(segment, &frame())).collect();
        assert!(results[0].is_ok() && results[1..].iter().all(Result::is_err), "{results:?}");
    }

    #[test]
    fn a_stored_observation_without_a_time_is_not_dated_by_its_receipt() {
        let observation = Observation { time: None, ..numeric(150_364, 6_048, Decimal::whole(37)) };
        let body = StoredObservation { record_number: 9, observation }.encode().unwrap();
        let address = crate::table::CharacteristicAddress {
            service: bedside_gatt::uuids::GENERIC_HEALTH_SENSOR_SERVICE,
            characteristic: bedside_gatt::uuids::STORED_HEALTH_OBSERVATIONS,
        };
        let mut decoder = super::super::Decoder::default();
        let read = only(decoder.decode(address, &split(&body, 0, 64)[0], &frame(), false).unwrap());
        assert_eq!(read.time.method, bedside_vitals::TimeMethod::Unknown);
    }

    #[test]
    fn pressures_are_one_reading_and_a_missing_mean_is_a_state() {
        let part = |kind, value| Component {
            kind,
            value: ObservationValue::Numeric(Sent { unit: 3_872, value: Decimal::whole(value).into() }),
        };
        let value = ObservationValue::Compound([part(150_021, 121), part(150_022, 79)].into());
        let observation = Observation { kind: Some(150_020), time: Some(time()), ..Observation::new(value) };
        let found = only(live(&mut HealthSensor::default(), &observation));
        let MeasuredValue::Pressures(pressures) = found.value else { panic!("expected pressures") };
        assert_eq!(pressures.systolic, Number::Value(Decimal::whole(121)));
        assert_eq!(pressures.mean, Number::Special(Special::NotANumber));
    }

    #[test]
    fn a_saturation_streams_unless_it_is_a_spot_check() {
        let stream = numeric(150_456, 544, Decimal::whole(97));
        let spot = Observation { supplemental: Some([SPOT_MODALITY].into()), ..stream.clone() };
        let mut sensor = HealthSensor::default();
        assert_eq!(only(live(&mut sensor, &stream)).cadence, Cadence::Streaming);
        assert_eq!(only(live(&mut sensor, &spot)).cadence, Cadence::Spot);
    }
}
