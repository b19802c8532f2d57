//! Body Composition: what the scale found besides the weight, each as a reading of its own of one weighing.
//! Not here: joining two packets; every field is a reading by itself, so the second packet needs only a time.
use super::weight_scale::{height, mass, number, weighing};
use super::{Frame, Ordinals};
use crate::input::Content;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::body_composition::{BodyCompositionMeasurement, ScaleResult};
use bedside_gatt::user_data::User;
use bedside_vitals::{Decimal, DeviceTime, Number, Parameter, Quantity, Unit};

/// What must be remembered between values of one connection.
#[derive(Default)]
pub(super) struct BodyComposition {
    /// Weight and height may come over the Weight Scale service too: the same reading has the same place there.
    ordinals: Ordinals,
    /// Time and user of the first packet of two.
    first: Option<(Option<DeviceTime>, Option<User>)>,
}

impl BodyComposition {
    /// One packet.
    pub(super) fn measurement(&mut self, bytes: &[u8], frame: &Frame<'_>) -> Result<Vec<Content>, DecodeError> {
        let packet = BodyCompositionMeasurement::decode(bytes)?;
        let own = (packet.timestamp, packet.user);
        let (time, user) = if packet.multiple_packet {
            match self.first.take() {
                // A second packet has no time of its own.
                Some((time, user)) if packet.timestamp.is_none() => (time, packet.user.or(user)),
                Some(_) | None => {
                    self.first = Some(own);
                    own
                }
            }
        } else {
            self.first = None;
            own
        };
        Ok(weighing(fields(&packet), time, user, frame, &mut self.ordinals))
    }
}

fn fields(packet: &BodyCompositionMeasurement) -> Vec<(Parameter, Quantity)> {
    let units = packet.units;
    let of = |number: Number, unit| Quantity { number, unit };
    let mass_of = |found: Option<Decimal>| found.map(|found| mass(units, ScaleResult::Measured(found)));
    // In one of two packets the mandatory field may only hold its place.
    let holds_place = packet.multiple_packet && packet.body_fat_percent == ScaleResult::Unsuccessful;
    let fat = (!holds_place).then(|| of(number(packet.body_fat_percent), Unit::Percent));
    let metabolism = packet.basal_metabolism_kj.map(|kj| of(Decimal::whole(kj.into()).into(), Unit::Kilojoule));
    [
        (Parameter::BodyFat, fat),
        (Parameter::BasalMetabolism, metabolism),
        (Parameter::MuscleShare, packet.muscle_percent.map(|share| of(share.into(), Unit::Percent))),
        (Parameter::MuscleMass, mass_of(packet.muscle_mass)),
        (Parameter::FatFreeMass, mass_of(packet.fat_free_mass)),
        (Parameter::SoftLeanMass, mass_of(packet.soft_lean_mass)),
        (Parameter::BodyWaterMass, mass_of(packet.body_water_mass)),
        (Parameter::BodyImpedance, packet.impedance_ohm.map(|ohm| of(ohm.into(), Unit::Ohm))),
        (Parameter::BodyWeight, mass_of(packet.weight)),
        (Parameter::BodyHeight, packet.height.map(|found| height(units, found))),
    ]
    .into_iter()
    .filter_map(|(parameter, found)| found.map(|found| (parameter, found)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::frame;
    use super::*;
    use bedside_gatt::body_composition::ScaleUnits;
    use bedside_vitals::Measurement;

    const TIME: DeviceTime =
        DeviceTime { year: Some(2026), month: Some(3), day: Some(18), hour: 7, minute: 5, second: 9 };

    fn readings(contents: Vec<Content>) -> Vec<Measurement> {
        let reading = |content| match content {
            Content::Measurement(measurement) => measurement,
            other => panic!("expected a reading, got {other:?}"),
        };
        contents.into_iter().map(reading).collect()
    }

    #[test]
    fn the_second_packet_has_the_time_and_user_of_the_first() {
        let fat = ScaleResult::Measured(Decimal::new(235, -1));
        let first = BodyCompositionMeasurement {
            timestamp: Some(TIME),
            user: Some(User::Slot(3)),
            multiple_packet: true,
            ..BodyCompositionMeasurement::of_body_fat(ScaleUnits::Metric, fat)
        };
        let second = BodyCompositionMeasurement {
            multiple_packet: true,
            weight: Some(Decimal::new(71_180, -3)),
            impedance_ohm: Some(Decimal::new(5_123, -1)),
            ..BodyCompositionMeasurement::of_body_fat(ScaleUnits::Metric, ScaleResult::Unsuccessful)
        };
        let mut composition = BodyComposition::default();
        let one = readings(composition.measurement(&first.encode().unwrap(), &frame()).unwrap());
        let two = readings(composition.measurement(&second.encode().unwrap(), &frame()).unwrap());
        assert_eq!(one.iter().map(|r| r.parameter).collect::<Vec<_>>(), [Parameter::BodyFat]);
        assert_eq!(
            two.iter().map(|r| r.parameter).collect::<Vec<_>>(),
            [Parameter::BodyImpedance, Parameter::BodyWeight]
        );
        for reading in one.iter().chain(&two) {
            assert_eq!((reading.time.device, reading.user_slot), (Some(TIME), Some(3)));
        }
    }

    #[test]
    fn a_measurement_that_failed_is_a_state() {
        let failed = BodyCompositionMeasurement::of_body_fat(ScaleUnits::Metric, ScaleResult::Unsuccessful);
        let found = readings(BodyComposition::default().measurement(&failed.encode().unwrap(), &frame()).unwrap());
        assert!(matches!(found[0].value, bedside_vitals::MeasuredValue::Single(q) if q.number.value().is_none()));
    }
}
