//! Blood Pressure: the three pressures as one spot reading, the cuff's pulse rate as another.
//! Not here: who the cuff's user slot belongs to; a person confirms that.
use super::{Frame, Ordinals};
use crate::input::Content;
use alloc::vec;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::blood_pressure::{
    BloodPressureMeasurement, IntermediateCuffPressure, MeasurementFinding, MeasurementStatus, PulseRateRange, User,
};
use bedside_vitals::{BloodPressure, MeasuredValue, Parameter, Quality, QualityFlag, Quantity, Unit};

/// A finished measurement.
pub(super) fn measurement(
    bytes: &[u8],
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
) -> Result<Vec<Content>, DecodeError> {
    let packet = BloodPressureMeasurement::decode_in(frame.quirk.dialect, bytes)?;
    let context = packet.context;
    let quality = context.status.map_or(Quality::GOOD, quality);
    let quality = quality.with_if(context.user == Some(User::Unknown), QualityFlag::UserUnknown);
    let user_slot = match context.user {
        Some(User::Slot(slot)) => Some(slot),
        Some(User::Unknown) | None => None,
    };
    let BloodPressureMeasurement { systolic, diastolic, mean, unit, .. } = packet;
    let pressures = MeasuredValue::Pressures(BloodPressure { systolic, diastolic, mean, unit: unit.unit() });
    let pulse = context
        .pulse_rate_bpm
        .map(|number| (Parameter::CuffPulseRate, MeasuredValue::Single(Quantity { number, unit: Unit::PerMinute })));
    let mut contents = Vec::new();
    for (parameter, value) in [Some((Parameter::BloodPressure, pressures)), pulse].into_iter().flatten() {
        let identity = ordinals.identity(parameter, context.timestamp, frame);
        let mut reading = frame.spot(parameter, value, context.timestamp, identity, quality);
        reading.user_slot = user_slot;
        contents.push(Content::Measurement(reading));
    }
    Ok(contents)
}

/// The pressure in the cuff while it measures: for display only.
pub(super) fn intermediate(bytes: &[u8]) -> Result<Vec<Content>, DecodeError> {
    IntermediateCuffPressure::decode(bytes).map(|_| vec![Content::Intermediate])
}

fn quality(status: MeasurementStatus) -> Quality {
    let found = |quality: Quality, finding, flag| quality.with_if(status.has(finding), flag);
    let quality = found(Quality::GOOD, MeasurementFinding::BodyMovement, QualityFlag::BodyMovement);
    let quality = found(quality, MeasurementFinding::CuffTooLoose, QualityFlag::CuffTooLoose);
    let quality = found(quality, MeasurementFinding::IrregularPulse, QualityFlag::IrregularPulse);
    let quality = found(quality, MeasurementFinding::ImproperPosition, QualityFlag::ImproperPosition);
    let out_of_range = match status.pulse_rate_range() {
        PulseRateRange::AboveUpperLimit | PulseRateRange::BelowLowerLimit => true,
        PulseRateRange::InRange | PulseRateRange::Reserved => false,
    };
    quality.with_if(out_of_range, QualityFlag::PulseOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::super::testing::frame;
    use super::*;

    #[test]
    fn a_user_whom_the_cuff_does_not_know_is_told_from_a_cuff_without_users() {
        let said = |bytes: &[u8]| {
            let contents = measurement(bytes, &frame(), &mut Ordinals::default()).unwrap();
            let Content::Measurement(reading) = &contents[0] else { panic!("expected a reading, got {contents:?}") };
            (reading.user_slot, reading.quality.has(QualityFlag::UserUnknown))
        };
        assert_eq!(said(&[0x08, 0x78, 0, 0x50, 0, 0x5D, 0, 0xFF]), (None, true));
        assert_eq!(said(&[0x00, 0x78, 0, 0x50, 0, 0x5D, 0]), (None, false));
        assert_eq!(said(&[0x08, 0x78, 0, 0x50, 0, 0x5D, 0, 1]), (Some(1), false));
    }
}
