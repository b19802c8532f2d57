//! Weight Scale: the weight, and what the scale made of it, as spot readings of one weighing.
//! Not here: who the scale's user slot belongs to; a person confirms that.
use super::{Frame, Ordinals};
use crate::input::Content;
use alloc::vec::Vec;
use bedside_gatt::DecodeError;
use bedside_gatt::user_data::User;
use bedside_gatt::weight_scale::{ScaleResult, ScaleUnits, WeightMeasurement};
use bedside_vitals::{
    Decimal, DeviceTime, MeasuredValue, Number, Parameter, Quality, QualityFlag, Quantity, Special, Unit,
};

/// One weighing.
pub(super) fn measurement(
    bytes: &[u8],
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
) -> Result<Vec<Content>, DecodeError> {
    let packet = WeightMeasurement::decode(bytes)?;
    let units = packet.units;
    let mut found = Vec::from([(Parameter::BodyWeight, mass(units, packet.weight))]);
    if let Some(body) = packet.body_mass {
        let index = Quantity { number: body.index.into(), unit: Unit::KilogramPerSquareMetre };
        found.extend([(Parameter::BodyMassIndex, index), (Parameter::BodyHeight, height(units, body.height))]);
    }
    Ok(weighing(found, packet.timestamp, packet.user, frame, ordinals))
}

/// The readings of one weighing: they share its time and user.
pub(super) fn weighing(
    found: Vec<(Parameter, Quantity)>,
    time: Option<DeviceTime>,
    user: Option<User>,
    frame: &Frame<'_>,
    ordinals: &mut Ordinals,
) -> Vec<Content> {
    let user_slot = match user {
        Some(User::Slot(slot)) => Some(slot),
        Some(User::Unknown) | None => None,
    };
    let quality = Quality::GOOD.with_if(user == Some(User::Unknown), QualityFlag::UserUnknown);
    let reading = |(parameter, quantity)| {
        let identity = ordinals.identity(parameter, time, frame);
        let mut reading = frame.spot(parameter, MeasuredValue::Single(quantity), time, identity, quality);
        reading.user_slot = user_slot;
        Content::Measurement(reading)
    };
    found.into_iter().map(reading).collect()
}

/// A mass. A weighing that failed is a state.
pub(super) fn mass(units: ScaleUnits, result: ScaleResult) -> Quantity {
    let unit = match units {
        ScaleUnits::Metric => Unit::Kilogram,
        ScaleUnits::Imperial => Unit::Pound,
    };
    Quantity { number: number(result), unit }
}

/// A number that a scale may have failed to find.
pub(super) fn number(result: ScaleResult) -> Number {
    result.measured().map_or(Number::Special(Special::NotANumber), Number::Value)
}

/// A height: metres are told in centimetres, so that only the point moves.
pub(super) fn height(units: ScaleUnits, height: Decimal) -> Quantity {
    match units {
        ScaleUnits::Metric => {
            let centimetres = Decimal::new(height.mantissa(), height.exponent().saturating_add(2));
            Quantity { number: centimetres.into(), unit: Unit::Centimetre }
        }
        ScaleUnits::Imperial => Quantity { number: height.into(), unit: Unit::Inch },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::frame;
    use super::*;
    use bedside_gatt::weight_scale::BodyMass;
    use bedside_vitals::Measurement;

    fn read(packet: &WeightMeasurement) -> Vec<Measurement> {
        let contents = measurement(&packet.encode().unwrap(), &frame(), &mut Ordinals::default()).unwrap();
        contents
            .into_iter()
            .map(|content| match content {
                Content::Measurement(measurement) => measurement,
                other => panic!("expected a reading, got {other:?}"),
            })
            .collect()
    }

    #[test]
    fn one_weighing_gives_weight_index_and_height_of_one_user() {
        let body = BodyMass { index: Decimal::new(221, -1), height: Decimal::new(1_776, -3) };
        let readings = read(&WeightMeasurement {
            units: ScaleUnits::Metric,
            weight: ScaleResult::Measured(Decimal::new(71_180, -3)),
            timestamp: None,
            user: Some(User::Slot(2)),
            body_mass: Some(body),
        });
        let texts: Vec<_> = readings
            .iter()
            .map(|reading| match reading.value {
                MeasuredValue::Single(q) => alloc::format!("{} {} {}", reading.parameter, q.number, q.unit),
                MeasuredValue::Pressures(_) => panic!("expected one number"),
            })
            .collect();
        assert_eq!(texts, ["body_weight 71.180 kg", "body_mass_index 22.1 kg/m2", "body_height 177.6 cm"]);
        assert!(readings.iter().all(|reading| reading.user_slot == Some(2)));
    }

    #[test]
    fn a_user_whom_the_scale_does_not_know_is_told_from_a_scale_without_users() {
        let of = |user| WeightMeasurement {
            units: ScaleUnits::Metric,
            weight: ScaleResult::Measured(Decimal::new(71_180, -3)),
            timestamp: None,
            user,
            body_mass: None,
        };
        let said = |user| (read(&of(user))[0].user_slot, read(&of(user))[0].quality.has(QualityFlag::UserUnknown));
        assert_eq!(said(Some(User::Unknown)), (None, true));
        assert_eq!(said(None), (None, false));
        assert_eq!(said(Some(User::Slot(3))), (Some(3), false));
    }

    #[test]
    fn a_failed_weighing_is_a_state() {
        let readings = read(&WeightMeasurement {
            units: ScaleUnits::Imperial,
            weight: ScaleResult::Unsuccessful,
            timestamp: None,
            user: None,
            body_mass: None,
        });
        let nothing = Quantity { number: Number::Special(Special::NotANumber), unit: Unit::Pound };
        assert_eq!(readings[0].value, MeasuredValue::Single(nothing));
    }
}
