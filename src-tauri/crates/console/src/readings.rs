//! The way of a value: raw frame, decoded content, patient at that moment, rows for the server, one commit.
//! Not here: decoding (`session`), storing (`commits`), drawing (`strips`).
use crate::commits::After;
use crate::devices::SessionKey;
use crate::event_loop::Console;
use crate::minutes::Stream;
use crate::plausible::{may_be_shown, plausible};
use crate::records::{Binding, MinuteMedian, RawFrame, Recorded, SampleValues, StoredReading, StoredSamples};
use bedside_outbox::OutboxRow;
use bedside_session::{Content, Now, Packet};
use bedside_vitals::{
    Cadence, DeviceDescription, MeasuredValue, Measurement, Parameter, PatientId, QualityFlag, Quantity, ReadingId,
    SeriesId, TimeMethod, WallTime, WaveformBlock,
};

/// Why a well-formed value is kept as bytes only.
const NOT_A_PERSON: &str = "the device says this is demonstration or test data, or control solution";

impl Console {
    /// Takes one value of a device.
    pub(crate) fn packet(&mut self, key: SessionKey, packet: Packet, now: Now) {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        let Some(device) = tracked.device.clone() else { return };
        let binding = tracked.binding.clone();
        let patient = binding.as_ref().map(|binding| binding.patient);
        tracked.last_value = Some(now.boot);
        let Packet { persist, connection, address, index, received, bytes, content, bookmark } = packet;
        let content =
            content.and_then(|content| if is_a_persons(&content) { Ok(content) } else { Err(NOT_A_PERSON.into()) });
        if content.is_err() {
            tracked.rejected += 1;
        }
        let frame = RawFrame {
            device: device.id,
            connection,
            characteristic: address.characteristic,
            index,
            received,
            bytes,
            rejection: content.as_ref().err().cloned(),
        };
        self.commits.capture(|changes| changes.frames.push(frame));
        if let Some(bookmark) = bookmark {
            self.keep_bookmark(device.id, bookmark);
        }
        let mut weighing = None;
        for content in content.unwrap_or_default() {
            match content {
                Content::Measurement(measurement) => {
                    let patient = binding.as_ref().filter(|binding| is_of(binding, &measurement)).map(|b| b.patient);
                    let origin = (connection, address.characteristic, index);
                    let waits = patient.is_some() && self.slot_waits(key, &measurement);
                    let patient = patient.filter(|_| !waits);
                    let reading = self.measurement(&device, patient, measurement, origin, weighing.as_ref());
                    if measured_weight(reading.as_ref()) {
                        weighing.clone_from(&reading);
                    }
                    if let Some(reading) = reading.filter(|_| waits) {
                        self.wait_for_slot(key, reading);
                    }
                }
                Content::Waveform(block) => self.waveform(&device, patient, block),
                // What it is, not how much: the type of an observation is no health data.
                Content::NotCharted { mdc } => {
                    let said = "an observation of a type that is not charted is kept as bytes";
                    tracing::info!(code = "NOT-CHARTED", device = %device.id, ?mdc, said);
                }
                Content::Intermediate => {}
            }
        }
        self.commits.after_capture(After::Persisted(key, persist));
    }

    /// Keeps a measurement; a spot reading is given back as it is stored. `weight` is of the same weighing.
    pub(crate) fn measurement(
        &mut self,
        device: &DeviceDescription,
        patient: Option<PatientId>,
        mut measurement: Measurement,
        origin: (bedside_vitals::ConnectionId, uuid::Uuid, u64),
        weight: Option<&StoredReading>,
    ) -> Option<StoredReading> {
        if !plausible(measurement.parameter, &measurement.value) {
            measurement.quality = measurement.quality.with(QualityFlag::Implausible);
        }
        let reading = match measurement.cadence {
            Cadence::Spot => Some(self.spot(device, patient, &measurement, origin, weight)),
            Cadence::Streaming => {
                if !self.sample(device, patient, &measurement) {
                    return None;
                }
                None
            }
        };
        let shown = may_be_shown(measurement.quality);
        if let Some(patient) = patient.filter(|_| shown) {
            let (device_name, id) = (device.name.clone(), reading.as_ref().map(|reading| reading.id));
            let new = Recorded { patient, device: device.id, device_name, measurement, reading: id };
            self.commits.after_capture(After::Value(Box::new(new)));
        }
        reading
    }

    fn spot(
        &mut self,
        device: &DeviceDescription,
        patient: Option<PatientId>,
        measurement: &Measurement,
        origin: (bedside_vitals::ConnectionId, uuid::Uuid, u64),
        weight: Option<&StoredReading>,
    ) -> StoredReading {
        let id = ReadingId::derive(device.id, measurement.parameter, &measurement.identity);
        let stored =
            StoredReading { id, device: device.id, patient, measurement: measurement.clone(), frame: Some(origin) };
        let taken = self.taken_now(measurement, weight);
        let rows = patient.map(|patient| self.reading_rows(patient, device, &stored, &taken)).unwrap_or_default();
        self.commits.capture(|changes| {
            changes.readings.push(stored.clone());
            changes.reading_rows.extend(rows.into_iter().map(|row| (id, row)));
        });
        stored
    }

    /// Adds a value of a stream to its series; whether it is a number somebody measured.
    fn sample(&mut self, device: &DeviceDescription, patient: Option<PatientId>, measurement: &Measurement) -> bool {
        let MeasuredValue::Single(Quantity { number, unit }) = measurement.value else { return false };
        let exponent = series_exponent(measurement.parameter);
        let step = number.value().and_then(|n| n.mantissa_at(exponent)).and_then(|step| i32::try_from(step).ok());
        // A special value, and a value while nobody wears the sensor, is a gap: its bytes are in the frames.
        let (Some(step), true) = (step, may_be_shown(measurement.quality)) else {
            return false;
        };
        let at = measurement.time.at;
        let series = SeriesId::derive(device.id, patient, measurement.parameter);
        let samples = StoredSamples {
            series,
            device: device.id,
            patient,
            parameter: measurement.parameter,
            unit,
            exponent,
            values: SampleValues::Timed(vec![(at, step)]),
        };
        self.commits.capture(|changes| add_samples(&mut changes.samples, samples));
        if let Some(patient) = patient {
            let stream = Stream { series, device: device.id, patient, parameter: measurement.parameter };
            self.minutes.add(stream, at, step, exponent, unit);
        }
        true
    }

    fn waveform(&mut self, device: &DeviceDescription, patient: Option<PatientId>, block: WaveformBlock) {
        if patient.is_some() && patient == self.open {
            self.strips.take(device.id, &block);
        }
        let values = if block.hertz == 0 { timed(&block) } else { even(&block) };
        let samples = StoredSamples {
            series: SeriesId::derive(device.id, patient, block.parameter),
            device: device.id,
            patient,
            parameter: block.parameter,
            unit: block.unit,
            exponent: 0,
            values,
        };
        self.commits.capture(|changes| changes.samples.push(samples));
    }

    /// Closes the minutes that are over, with their rows for the server, in one commit.
    pub(crate) fn close_minutes(&mut self, now: WallTime) {
        let medians = self.minutes.close(now, self.closing.is_some());
        self.file_medians(medians, |row| row);
    }

    pub(crate) fn file_medians(&mut self, medians: Vec<MinuteMedian>, attributed: fn(OutboxRow) -> OutboxRow) {
        for median in medians {
            let row = self.median_row(&median).map(attributed);
            self.commits.capture(|changes| {
                changes.medians.push(median);
                changes.outbox.extend(row);
            });
        }
    }
}

fn measured_weight(reading: Option<&StoredReading>) -> bool {
    reading.is_some_and(|reading| reading.measurement.parameter == Parameter::BodyWeight)
}

/// What was measured so long before a binding is its patient's: a cuff has measured before it can be bound.
pub(crate) const BEFORE_BINDING_MS: i64 = 5 * 60_000;

/// A device's memory may hold somebody else's readings: what was measured before the binding's time, or nobody knows when,
/// goes to nobody.
pub(crate) fn is_of(binding: &Binding, measurement: &Measurement) -> bool {
    match measurement.time.method {
        TimeMethod::Receipt | TimeMethod::Unknown => !measurement.quality.has(QualityFlag::FromStorage),
        TimeMethod::DeviceClockCorrected | TimeMethod::DeviceClockUnverified | TimeMethod::TickCounter => {
            measurement.time.at >= binding.not_before
        }
    }
}

fn is_a_persons(content: &[Content]) -> bool {
    content.iter().all(|content| match content {
        Content::Measurement(measurement) => measurement.quality.may_be_charted(),
        Content::Waveform(_) | Content::Intermediate | Content::NotCharted { .. } => true,
    })
}

/// The precision of a series: finer than any device of its kind reports, so that nothing is rounded.
pub(crate) const fn series_exponent(parameter: Parameter) -> i8 {
    match parameter {
        Parameter::HeartRate
        | Parameter::BeatInterval
        | Parameter::Electrocardiogram
        | Parameter::Plethysmogram
        | Parameter::BasalMetabolism => 0,
        Parameter::OxygenSaturation
        | Parameter::OximeterPulseRate
        | Parameter::CuffPulseRate
        | Parameter::RespirationRate
        | Parameter::BodyMassIndex
        | Parameter::BodyImpedance => -1,
        Parameter::PulseAmplitudeIndex
        | Parameter::BloodPressure
        | Parameter::BodyTemperature
        | Parameter::PerfusionIndex
        | Parameter::BodyFat
        | Parameter::MuscleShare
        | Parameter::BodyHeight => -2,
        Parameter::BloodGlucose
        | Parameter::InterstitialGlucose
        | Parameter::BodyWeight
        | Parameter::FatFreeMass
        | Parameter::SoftLeanMass
        | Parameter::BodyWaterMass
        | Parameter::MuscleMass => -3,
    }
}

/// Values of one series within one commit go together.
fn add_samples(all: &mut Vec<StoredSamples>, new: StoredSamples) {
    let same = all.iter_mut().rev().find(|samples| samples.series == new.series);
    match (same.map(|samples| &mut samples.values), &new.values) {
        (Some(SampleValues::Timed(old)), SampleValues::Timed(fresh)) => old.extend(fresh),
        (Some(SampleValues::Timed(_) | SampleValues::Even { .. }) | None, _) => all.push(new),
    }
}

/// Beat intervals: the last one ended at the time of receipt, each before it by its own length earlier.
fn timed(block: &WaveformBlock) -> SampleValues {
    let mut until_end = 0i64;
    let mut values: Vec<(WallTime, i32)> = block
        .samples
        .iter()
        .rev()
        .map(|&interval| {
            let at = block.last_sample.at.plus_millis(-(until_end * 1_000 / 1_024));
            until_end += i64::from(interval);
            (at, interval)
        })
        .collect();
    values.reverse();
    SampleValues::Timed(values)
}

fn even(block: &WaveformBlock) -> SampleValues {
    let before_last = i64::try_from(block.samples.len().saturating_sub(1)).unwrap_or(i64::MAX);
    let start = block.last_sample.at.plus_millis(-(before_last.saturating_mul(1_000) / i64::from(block.hertz.max(1))));
    SampleValues::Even { start, hertz: block.hertz, samples: block.samples.clone() }
}
