//! The JSON of weight scales, body composition and the data of a device's users.
//! Numbers are exact in their own units; nothing is converted or judged.
use super::Decoded;
use super::json::{computed, names, optional_time, user};
use bedside_gatt::body_composition::{
    BodyCompositionFeature, BodyCompositionFeatures, BodyCompositionMeasurement, ScaleResult,
};
use bedside_gatt::user_control::{ReceivedUserRequest, UserOutcome, UserReply, UserRequest};
use bedside_gatt::user_data::{
    DateOfBirth, Gender, decode_age, decode_height, decode_resting_heart_rate, decode_weight,
};
use bedside_gatt::weight_scale::{MeasuringStep, WeightMeasurement, WeightScaleFeature, WeightScaleFeatures};
use bedside_vitals::Decimal;
use serde_json::{Value, json};

pub(super) fn weight(octets: &[u8]) -> Decoded {
    let measured = WeightMeasurement::decode(octets)?;
    Ok(json!({
        "unit": measured.units.name(),
        "weight": result(measured.weight),
        "timestamp": optional_time(measured.timestamp),
        "user_id": user(measured.user),
        "bmi": exact(measured.body_mass.map(|body| body.index)),
        "height": exact(measured.body_mass.map(|body| body.height)),
    }))
}

pub(super) fn weight_features(octets: &[u8]) -> Decoded {
    let features = WeightScaleFeatures::decode(octets)?;
    Ok(json!({
        "features": names(features.raised().map(WeightScaleFeature::name)),
        "weight_resolution_kg": step(features.weight_resolution()),
        "height_resolution_m": step(features.height_resolution()),
    }))
}

pub(super) fn body_composition(octets: &[u8]) -> Decoded {
    let measured = BodyCompositionMeasurement::decode(octets)?;
    Ok(json!({
        "unit": measured.units.name(),
        "body_fat_percent": result(measured.body_fat_percent),
        "timestamp": optional_time(measured.timestamp),
        "user_id": user(measured.user),
        "basal_metabolism_kj": measured.basal_metabolism_kj,
        "muscle_percent": exact(measured.muscle_percent),
        "muscle_mass": exact(measured.muscle_mass),
        "fat_free_mass": exact(measured.fat_free_mass),
        "soft_lean_mass": exact(measured.soft_lean_mass),
        "body_water_mass": exact(measured.body_water_mass),
        "impedance_ohm": exact(measured.impedance_ohm),
        "weight": exact(measured.weight),
        "height": exact(measured.height),
        "multiple_packet": measured.multiple_packet,
    }))
}

pub(super) fn body_composition_features(octets: &[u8]) -> Decoded {
    let features = BodyCompositionFeatures::decode(octets)?;
    Ok(json!({
        "features": names(features.raised().map(BodyCompositionFeature::name)),
        "mass_resolution_kg": step(features.mass_resolution()),
        "height_resolution_m": step(features.height_resolution()),
    }))
}

pub(super) fn user_weight(octets: &[u8]) -> Decoded {
    Ok(json!({ "weight_kg": exact(Some(decode_weight(octets)?)) }))
}

pub(super) fn user_height(octets: &[u8]) -> Decoded {
    Ok(json!({ "height_m": exact(Some(decode_height(octets)?)) }))
}

pub(super) fn age(octets: &[u8]) -> Decoded {
    Ok(json!({ "age_years": decode_age(octets)? }))
}

pub(super) fn gender(octets: &[u8]) -> Decoded {
    Ok(json!({ "gender": Gender::decode(octets)?.name() }))
}

pub(super) fn date_of_birth(octets: &[u8]) -> Decoded {
    let DateOfBirth { year, month, day } = DateOfBirth::decode(octets)?;
    Ok(json!({ "year": year, "month": month, "day": day }))
}

pub(super) fn resting_heart_rate(octets: &[u8]) -> Decoded {
    Ok(json!({ "resting_heart_rate_bpm": decode_resting_heart_rate(octets)? }))
}

pub(super) fn user_control(octets: &[u8]) -> Decoded {
    if UserReply::is_reply(octets) {
        return UserReply::decode(octets).map(reply);
    }
    Ok(match ReceivedUserRequest::decode(octets)? {
        ReceivedUserRequest::Request(UserRequest::RegisterNewUser { consent }) => {
            json!({ "op": "register_new_user", "consent_code": consent.number() })
        }
        ReceivedUserRequest::Request(UserRequest::Consent { user_index, consent }) => {
            json!({ "op": "consent", "user_index": user_index, "consent_code": consent.number() })
        }
        ReceivedUserRequest::Request(UserRequest::ListAllUsers) => json!({ "op": "list_all_users" }),
        ReceivedUserRequest::DeleteUserData => json!({ "op": "delete_user_data" }),
        ReceivedUserRequest::DeleteUsers { user_index } => {
            json!({ "op": "delete_users", "user_index": user_index })
        }
    })
}

fn reply(UserReply { request, outcome }: UserReply) -> Value {
    let mut value = json!({ "op": "response", "request": request, "code": "success" });
    match outcome {
        UserOutcome::Done => {}
        UserOutcome::DoneFor { user_index } => value["user_index"] = json!(user_index),
        UserOutcome::NumberOfUsers(number) => value["number_of_users"] = json!(number),
        UserOutcome::Refused(refusal) => value["code"] = json!(refusal.name()),
    }
    value
}

fn result(result: ScaleResult) -> Value {
    match result {
        ScaleResult::Measured(number) => exact(Some(number)),
        ScaleResult::Unsuccessful => json!("measurement_unsuccessful"),
    }
}

fn step(step: MeasuringStep) -> Value {
    match step {
        MeasuringStep::Step(step) => exact(Some(step)),
        MeasuringStep::NotSpecified | MeasuringStep::Reserved(_) => Value::Null,
    }
}

/// A count of steps as a number: its zeros at the end come from the step, not from the scale.
fn exact(number: Option<Decimal>) -> Value {
    number.map_or(Value::Null, |number| computed(number.mantissa(), number.exponent()))
}

#[cfg(test)]
mod tests {
    use crate::decode::decode;
    use serde_json::{Value, json};

    fn decoded(characteristic: &str, hex: &str) -> Value {
        decode(characteristic, hex, None).unwrap()
    }

    fn kind(characteristic: &str, hex: &str) -> &'static str {
        decode(characteristic, hex, None).unwrap_err().kind
    }

    #[test]
    fn a_weight_shows_its_index_and_height_in_its_own_units() {
        assert_eq!(
            decoded("2A9D", "0e9c37ea0703120e053bffdd00f006").to_string(),
            concat!(
                r#"{"bmi":22.1,"height":1.776,"timestamp":{"day":18,"hour":14,"minute":5,"month":3,"second":59,"#,
                r#""year":2026},"unit":"kg_m","user_id":"unknown","weight":71.18}"#
            )
        );
        let bare = json!({
            "unit": "lb_in", "weight": "measurement_unsuccessful", "timestamp": null, "user_id": null, "bmi": null,
            "height": null,
        });
        assert_eq!(decoded("2A9D", "01ffff"), bare);
        assert_eq!(decoded("2A9D", "00b036").to_string().matches("\"weight\":70}").count(), 1, "no made-up zeros");
    }

    #[test]
    fn a_body_composition_shows_only_what_it_carries() {
        let value = decoded("2A9C", "0016eb007e13b036");
        assert_eq!(
            (value["body_fat_percent"].to_string(), value["impedance_ohm"].to_string()),
            ("23.5".into(), "499".into())
        );
        assert_eq!((&value["weight"], &value["multiple_packet"]), (&json!(70), &json!(true)));
        assert_eq!((&value["muscle_mass"], &value["timestamp"]), (&Value::Null, &Value::Null));
        assert_eq!(decoded("2A9C", "0000ffff")["body_fat_percent"], json!("measurement_unsuccessful"));
        assert_eq!(kind("2A9C", "0016eb007e13b0"), "truncated");
    }

    #[test]
    fn features_show_resolutions_and_null_where_none_is_said() {
        let scale =
            json!({ "features": ["time_stamp", "bmi"], "weight_resolution_kg": 0.005, "height_resolution_m": 0.001 });
        assert_eq!(decoded("2A9E", "bd010000"), scale);
        let composition = json!({
            "features": ["users", "impedance", "height"], "mass_resolution_kg": null, "height_resolution_m": 0.01,
        });
        assert_eq!(decoded("2A9B", "02c50000"), composition);
        assert_eq!(kind("2A9B", "02c500"), "length");
    }

    #[test]
    fn the_data_of_a_user_has_its_units_in_its_names() {
        assert_eq!(decoded("2A98", "b036"), json!({ "weight_kg": 70 }));
        assert_eq!(decoded("2A8E", "b400").to_string(), r#"{"height_m":1.8}"#);
        assert_eq!(decoded("2A80", "2c"), json!({ "age_years": 44 }));
        assert_eq!(decoded("2A8C", "02"), json!({ "gender": "unspecified" }));
        assert_eq!(decoded("2A8C", "09"), json!({ "gender": "reserved" }));
        assert_eq!(decoded("2A85", "b207001f"), json!({ "year": 1970, "month": null, "day": 31 }));
        assert_eq!(decoded("2A92", "3d"), json!({ "resting_heart_rate_bpm": 61 }));
    }

    #[test]
    fn the_user_control_point_shows_requests_and_answers() {
        assert_eq!(decoded("2A9F", "01d204"), json!({ "op": "register_new_user", "consent_code": 1234 }));
        assert_eq!(decoded("2A9F", "0202d204"), json!({ "op": "consent", "user_index": 2, "consent_code": 1234 }));
        assert_eq!(decoded("2A9F", "03"), json!({ "op": "delete_user_data" }));
        assert_eq!(decoded("2A9F", "04"), json!({ "op": "list_all_users" }));
        assert_eq!(decoded("2A9F", "0507"), json!({ "op": "delete_users", "user_index": 7 }));
        let registered = json!({ "op": "response", "request": 1, "code": "success", "user_index": 3 });
        assert_eq!(decoded("2A9F", "20010103"), registered);
        let listed = json!({ "op": "response", "request": 4, "code": "success", "number_of_users": 5 });
        assert_eq!(decoded("2A9F", "20040105"), listed);
        assert_eq!(decoded("2A9F", "200205"), json!({ "op": "response", "request": 2, "code": "not_authorised" }));
        assert_eq!(kind("2A9F", "011027"), "out_of_range");
        assert_eq!(kind("2A9F", "06"), "unsupported_opcode");
    }
}
