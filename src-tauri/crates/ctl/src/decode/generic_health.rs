//! The JSON of the Generic Health Sensor service: segments, features, and observations with their nesting.
//! Codes stay numbers: which of them are charted, and under which name, is not decided here.
use super::Decoded;
use super::json::{elapsed_time, hex, names, number, optional_number};
use bedside_gatt::elapsed_time::ElapsedTime;
use bedside_gatt::generic_health::{
    Component, HealthSensorFeatures, MeasurementStatement, Observation, ObservationValue, Segment,
};
use serde_json::{Value, json};

pub(super) fn segment(octets: &[u8]) -> Decoded {
    let segment = Segment::decode(octets)?;
    Ok(json!({
        "first": segment.first,
        "last": segment.last,
        "segment_counter": segment.counter,
        "payload_hex": hex(segment.payload),
    }))
}

pub(super) fn features(octets: &[u8]) -> Decoded {
    let features = HealthSensorFeatures::decode(octets)?;
    let specializations = features.specializations.map(|specializations| {
        let shown = specializations.iter().map(|one| json!({ "code": one.code, "version": one.version }));
        shown.collect::<Value>()
    });
    Ok(json!({ "types": features.types, "specializations": specializations }))
}

pub(super) fn observation(octets: &[u8]) -> Decoded {
    Ok(nested(&Observation::decode(octets)?, None, None))
}

/// One observation with the time and the patient that it has or inherits.
fn nested(observation: &Observation, time: Option<ElapsedTime>, patient: Option<u8>) -> Value {
    let (time, patient) = (observation.time.or(time), observation.patient.or(patient));
    let status = observation.status;
    let mut shown = json!({
        "class": observation.value.class().name(),
        "type": observation.kind,
        "time": time.map(elapsed_time),
        "duration_s": optional_number(observation.duration_s),
        "measurement_status": status.map(|status| names(status.raised().map(MeasurementStatement::name))),
        "object_id": observation.object_id,
        "patient": patient,
        "supplemental": observation.supplemental,
        "derived_from": observation.derived_from,
        "member_of": observation.member_of,
    });
    with_value(&mut shown, &observation.value, time, patient);
    shown
}

fn with_value(shown: &mut Value, value: &ObservationValue, time: Option<ElapsedTime>, patient: Option<u8>) {
    match value {
        ObservationValue::Numeric(quantity) => {
            shown["unit"] = json!(quantity.unit);
            shown["value"] = number(quantity.value);
        }
        ObservationValue::SimpleDiscrete(code) => shown["value"] = json!(code),
        ObservationValue::Text(text) => shown["text"] = json!(text.reveal()),
        ObservationValue::SampleArray(array) => {
            shown["unit"] = json!(array.unit);
            shown["scale"] = number(array.scale);
            shown["offset"] = number(array.offset);
            shown["sample_period_s"] = number(array.sample_period_s);
            shown["samples_per_period"] = json!(array.samples_per_period);
            shown["bytes_per_sample"] = json!(array.bytes_per_sample);
            shown["samples"] = json!(array.samples);
        }
        ObservationValue::CompoundDiscreteEvent(codes) => shown["values"] = json!(codes),
        ObservationValue::CompoundStateEvent(bits) => {
            shown["values"] = json!({
                "supported_hex": hex(&bits.supported),
                "states_hex": hex(&bits.states),
                "bits_hex": hex(&bits.bits),
            });
        }
        ObservationValue::Compound(components) => {
            shown["components"] = components.iter().map(|one| component(one, time, patient)).collect();
        }
        ObservationValue::Bundle(members) => {
            shown["observations"] = members.iter().map(|member| nested(member, time, patient)).collect();
        }
    }
}

fn component(component: &Component, time: Option<ElapsedTime>, patient: Option<u8>) -> Value {
    let mut shown = json!({ "type": component.kind, "class": component.value.class().name() });
    with_value(&mut shown, &component.value, time, patient);
    shown
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use serde_json::{Value, json};

    fn shown(hex: &str) -> Value {
        decode("GHS_OBSERVATION", &hex.replace(' ', ""), None).unwrap()
    }

    fn kind(word: &str, hex: &str) -> &'static str {
        decode(word, hex, None).unwrap_err().kind
    }

    #[test]
    fn a_segment_shows_its_header_and_its_part() {
        let segment = json!({ "first": true, "last": false, "segment_counter": 63, "payload_hex": "01ff" });
        assert_eq!(decode("2B8B", "fd01ff", None).unwrap(), segment);
        assert_eq!(decode("2bdd", "fd01ff", None).unwrap(), segment);
        assert_eq!(kind("2B8B", "-"), "truncated");
    }

    #[test]
    fn features_list_types_and_specializations() {
        let features = json!({ "types": [150_456], "specializations": [{ "code": 0x1004, "version": 1 }] });
        assert_eq!(decode("2BF3", "0101b84b020001041001", None).unwrap(), features);
        assert_eq!(decode("2BF3", "0000", None).unwrap(), json!({ "types": [], "specializations": null }));
    }

    #[test]
    fn a_number_shows_its_attributes_and_null_for_those_it_does_not_carry() {
        let time = json!({
            "tick_counter": false, "utc": true, "resolution": "1s", "tz_dst_used": false, "current_timeline": true,
            "time_value": 827_157_959, "sync_source": "ntp", "tz_dst_offset_min": 0,
        });
        assert_eq!(
            shown("01 1700 0b00 b84b0200 22c76d4d3100000100 2200 2002 cf0300ff"),
            json!({
                "class": "numeric", "type": 150_456, "time": time, "duration_s": null,
                "measurement_status": ["questionable", "early_estimate"], "object_id": null, "patient": null,
                "supplemental": null, "derived_from": null, "member_of": null, "unit": 544, "value": 97.5,
            })
        );
    }

    #[test]
    fn each_class_has_the_fields_of_its_value() {
        assert_eq!(shown("020600000001020000")["value"], json!(513));
        assert_eq!(shown("0307000000030061c3a9")["text"], json!("aé"));
        assert_eq!(shown("050b000000020100000002000000")["values"], json!([1, 2]));
        let bits = json!({ "supported_hex": "ff", "states_hex": "0f", "bits_hex": "81" });
        assert_eq!(shown("060600000001ff0f81")["values"], bits);
        let array = shown("041a000000b210050000ff00000000040000fd010202000000 18fce803");
        assert_eq!((&array["scale"], &array["offset"]), (&json!(0.5), &json!(0)));
        assert_eq!((&array["sample_period_s"], &array["samples_per_period"]), (&json!(0.004), &json!(1)));
        assert_eq!((&array["bytes_per_sample"], &array["samples"]), (&json!(2), &json!([-1000, 1000])));
        assert_eq!((&array["class"], &array["unit"]), (&json!("sample_array"), &json!(0x10B2)));
    }

    #[test]
    fn components_and_members_are_nested_and_members_inherit() {
        let pressures = shown("070e00000001054a020001200f78000000");
        let systolic = json!({ "type": 150_021, "class": "numeric", "unit": 3872, "value": 120 });
        assert_eq!(pressures["components"], json!([systolic]));
        let bundle = shown("ff 1700 2000 09 02 02 0600 0000 01000000 02 0700 2000 07 02000000");
        let patients: Vec<_> = bundle["observations"].as_array().unwrap().iter().map(|one| &one["patient"]).collect();
        assert_eq!(patients, [&json!(9), &json!(7)]);
        assert_eq!(bundle["observations"][1]["value"], json!(2));
    }

    #[test]
    fn each_fault_has_its_kind() {
        assert_eq!(kind("GHS_OBSERVATION", "0206000000010200"), "truncated");
        assert_eq!(kind("GHS_OBSERVATION", "02060000000102000000"), "trailing_bytes");
        assert_eq!(kind("GHS_OBSERVATION", "0806000000010200"), "unsupported_opcode");
        assert_eq!(kind("GHS_OBSERVATION", "020600000201020000"), "unsupported_opcode");
        assert_eq!(kind("GHS_OBSERVATION", "03050000000100ff"), "out_of_range");
        assert_eq!(kind("2BF3", "0101b84b0200010410"), "truncated");
        assert_eq!(kind("2BF3", "000000"), "trailing_bytes");
    }
}
