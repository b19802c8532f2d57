//! The JSON of glucose meters: measurement, context, features.
//! Values are shown as sent; nothing is rounded, converted or judged.
use super::Decoded;
use super::json::{names, number, optional_number, time};
use bedside_gatt::glucose::{
    ConcentrationUnit, GlucoseFeature, GlucoseFeatures, GlucoseFinding, GlucoseMeasurement, SampleLocation, SampleType,
};
use bedside_gatt::glucose_context::{
    CarbohydrateKind, GlucoseContext, Health, Meal, MedicationKind, MedicationUnit, Tester,
};
use serde_json::json;

pub(super) fn measurement(octets: &[u8]) -> Decoded {
    let measured = GlucoseMeasurement::decode(octets)?;
    let found = measured.concentration;
    Ok(json!({
        "sequence_number": measured.sequence_number,
        "base_time": time(measured.base_time),
        "time_offset_min": measured.time_offset_min,
        "concentration": found.map(|found| number(found.amount)),
        "concentration_unit": found.map(|found| found.unit).map(ConcentrationUnit::name),
        "type": found.map(|found| found.sample_type).map(SampleType::name),
        "sample_location": found.map(|found| found.sample_location).map(SampleLocation::name),
        "status": measured.status.map(|status| names(status.raised().map(GlucoseFinding::name))),
        "context_follows": measured.context_follows,
    }))
}

pub(super) fn context(octets: &[u8]) -> Decoded {
    let context = GlucoseContext::decode(octets)?;
    let (eaten, taken) = (context.carbohydrate, context.medication);
    Ok(json!({
        "sequence_number": context.sequence_number,
        "extended_flags": context.extended_flags,
        "carbohydrate": eaten.map(|eaten| eaten.kind).map(CarbohydrateKind::name),
        "carbohydrate_kg": eaten.map(|eaten| number(eaten.mass_kg)),
        "meal": context.meal.map(Meal::name),
        "tester": context.circumstances.map(|around| around.tester).map(Tester::name),
        "health": context.circumstances.map(|around| around.health).map(Health::name),
        "exercise_duration_s": context.exercise.map(|exercise| exercise.duration_s),
        "exercise_intensity_percent": context.exercise.map(|exercise| exercise.intensity_percent),
        "medication": taken.map(|taken| taken.kind).map(MedicationKind::name),
        "medication_amount": taken.map(|taken| number(taken.amount)),
        "medication_unit": taken.map(|taken| taken.unit).map(MedicationUnit::name),
        "hba1c_percent": optional_number(context.hba1c_percent),
    }))
}

pub(super) fn features(octets: &[u8]) -> Decoded {
    let features = GlucoseFeatures::decode(octets)?;
    Ok(json!({ "features": names(features.raised().map(GlucoseFeature::name)) }))
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use serde_json::json;

    #[test]
    fn a_glucose_measurement_shows_its_sample_and_its_exact_concentration() {
        let value = decode("2A18", "1B2A01EA0703120E053BC4FF72B0112108", None).unwrap();
        assert_eq!(value["concentration"].to_string(), "0.00114");
        let expected = json!({
            "sequence_number": 298,
            "base_time": { "year": 2026, "month": 3, "day": 18, "hour": 14, "minute": 5, "second": 59 },
            "time_offset_min": -60, "concentration": value["concentration"], "concentration_unit": "kg/L",
            "type": "capillary_whole_blood", "sample_location": "finger",
            "status": ["battery_low", "result_too_high", "time_fault"], "context_follows": true,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn fields_that_a_measurement_does_not_carry_are_null() {
        let value = decode("2A18", "000100EA0703120E053B", None).unwrap();
        for field in ["time_offset_min", "concentration", "concentration_unit", "type", "sample_location", "status"] {
            assert!(value[field].is_null(), "{field}");
        }
    }

    #[test]
    fn a_context_names_meal_people_and_medication() {
        let mut value = decode("2A34", "FF2A0100022DD00542100E500178A041F0", None).unwrap();
        let numbers = ["carbohydrate_kg", "medication_amount", "hba1c_percent"];
        assert_eq!(numbers.map(|field| value[field].take().to_string()), ["0.045", "0.000120", "6.5"]);
        let expected = json!({
            "sequence_number": 298, "extended_flags": 0, "carbohydrate": "lunch", "carbohydrate_kg": null,
            "meal": "bedtime", "tester": "professional", "health": "stress", "exercise_duration_s": 3600,
            "exercise_intensity_percent": 80, "medication": "rapid", "medication_amount": null, "medication_unit": "L",
            "hba1c_percent": null,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn meter_features_are_named() {
        assert_eq!(
            decode("2A51", "2104", None).unwrap(),
            json!({ "features": ["low_battery", "high_low", "multiple_bonds"] })
        );
    }
}
