//! The JSON of the frames that vendors document or that were found by observation.
//! Values are shown as sent; what a scale or a cuff means is confirmed by a person.
use super::Decoded;
use super::json::{computed, decimal, names, time};
use bedside_gatt::vendor::berrymed::BerryMedPacket;
use bedside_gatt::vendor::nonin::{NoninOximetry, NoninStatement};
use bedside_gatt::vendor::viatom::LiveSensors;
use bedside_gatt::vendor::xiaomi::ScaleBroadcast;
use bedside_gatt::vendor::yonker::YonkerMeasurement;
use serde_json::{Value, json};

pub(super) fn nonin(octets: &[u8]) -> Decoded {
    let oximetry = NoninOximetry::decode(octets)?;
    Ok(json!({
        "status": names(oximetry.status.raised().map(NoninStatement::name)),
        "battery_v": decimal(oximetry.battery_volts()),
        "pai": oximetry.pulse_amplitude_index,
        "counter": oximetry.counter,
        "spo2_percent": oximetry.spo2_percent,
        "pulse_rate_bpm": oximetry.pulse_rate_bpm,
    }))
}

pub(super) fn viatom(octets: &[u8]) -> Decoded {
    let live = LiveSensors::decode(octets)?;
    Ok(json!({
        "spo2_percent": live.spo2_percent,
        "pulse_rate_bpm": live.pulse_rate_bpm,
        "battery_percent": live.battery_percent,
        "charging": live.charging,
        "motion": live.motion,
        "signal_strength": live.signal_strength,
        "finger_present": live.finger_present,
    }))
}

pub(super) fn berrymed(octets: &[u8]) -> Decoded {
    let packet = BerryMedPacket::decode(octets)?;
    Ok(json!({
        "pleth": packet.pleth,
        "finger_present": packet.finger_present,
        "pulse_rate_bpm": packet.pulse_rate_bpm,
        "spo2_percent": packet.spo2_percent,
    }))
}

pub(super) fn scale_version_1(octets: &[u8]) -> Decoded {
    Ok(scale(&ScaleBroadcast::decode_version_1(octets)?))
}

pub(super) fn scale_version_2(octets: &[u8]) -> Decoded {
    Ok(scale(&ScaleBroadcast::decode_version_2(octets)?))
}

pub(super) fn yonker(octets: &[u8]) -> Decoded {
    let measured = YonkerMeasurement::decode(octets)?;
    let mut timestamp = time(measured.timestamp);
    // The cuff does not send it.
    timestamp["second"] = Value::Null;
    Ok(json!({
        "systolic": measured.systolic,
        "diastolic": measured.diastolic,
        "pulse_rate_bpm": measured.pulse_rate_bpm,
        "unit": measured.pressures().unit.symbol(),
        "timestamp": timestamp,
    }))
}

fn scale(reading: &ScaleBroadcast) -> Value {
    let weight = reading.weight();
    json!({
        "weight": computed(weight.mantissa(), weight.exponent()),
        "unit": reading.unit.name(),
        "stabilized": reading.stabilized,
        "removed": reading.removed,
        "impedance_ohm": reading.impedance_ohm,
        "timestamp": time(reading.timestamp),
    })
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use serde_json::json;

    #[test]
    fn oximeters_show_what_they_found_and_null_for_what_they_did_not() {
        assert_eq!(
            decode("nonin_oxi", "0a141e0102002a610048", None).unwrap(),
            json!({
                "status": ["smartpoint", "correct_check"], "battery_v": 3.0, "pai": 258, "counter": 42,
                "spo2_percent": 97, "pulse_rate_bpm": 72,
            })
        );
        let searching = decode("NONIN_OXI", "0a081e000000017f01ff", None).unwrap();
        assert_eq!((&searching["spo2_percent"], &searching["pulse_rate_bpm"]), (&json!(null), &json!(null)));
        assert_eq!(
            decode("BERRYMED", "8732054862", None).unwrap(),
            json!({ "pleth": 50, "finger_present": true, "pulse_rate_bpm": 72, "spo2_percent": 98 })
        );
        let no_finger = json!({ "pleth": 0, "finger_present": false, "pulse_rate_bpm": null, "spo2_percent": null });
        assert_eq!(decode("BERRYMED", "8000507f7f", None).unwrap(), no_finger);
    }

    #[test]
    fn a_ring_shows_its_sensors_from_a_whole_frame() {
        let frame = "5517e800000d00603d00000000005800030c0100e4";
        let expected = json!({
            "spo2_percent": 96, "pulse_rate_bpm": 61, "battery_percent": 88, "charging": false, "motion": 3,
            "signal_strength": 12, "finger_present": true,
        });
        assert_eq!(decode("VIATOM_RT", frame, None).unwrap(), expected);
    }

    #[test]
    fn scales_show_the_weight_in_the_unit_of_their_display() {
        let time = json!({ "year": 2026, "month": 3, "day": 18, "hour": 14, "minute": 5, "second": 59 });
        assert_eq!(
            decode("MISCALE1", "22b136ea0703120e053b", None).unwrap(),
            json!({
                "weight": 70.005, "unit": "kg", "stabilized": true, "removed": false, "impedance_ohm": null,
                "timestamp": time,
            })
        );
        assert_eq!(
            decode("MISCALE2", "01a2ea0703120e053bf401b036", None).unwrap(),
            json!({
                "weight": 140, "unit": "lb", "stabilized": true, "removed": true, "impedance_ohm": 500,
                "timestamp": time,
            })
        );
        assert_eq!(decode("MISCALE1", "30b036ea0703120e053b", None).unwrap()["unit"], json!("catty"));
    }

    #[test]
    fn a_cuff_shows_its_pressures_and_its_minute() {
        let time = json!({ "year": 2026, "month": 3, "day": 18, "hour": 14, "minute": 5, "second": null });
        assert_eq!(
            decode("YONKER_BP", "81805447000012031a0e0500000000", None).unwrap(),
            json!({ "systolic": 128, "diastolic": 84, "pulse_rate_bpm": 71, "unit": "mmHg", "timestamp": time })
        );
    }

    #[test]
    fn each_fault_of_a_frame_has_its_kind() {
        let faults = [
            ("NONIN_OXI", "0a141e0102002a6100", "length"),
            ("NONIN_OXI", "0b141e0102002a610048", "bad_header"),
            ("VIATOM_RT", "5517e800000d00603d", "truncated"),
            ("VIATOM_RT", "5417e800000d00603d00000000005800030c0100e4", "bad_header"),
            ("VIATOM_RT", "5517e800000d00613d00000000005800030c0100e4", "crc_mismatch"),
            ("VIATOM_RT", "5517e800000d00603d00000000005800030c0100e400", "trailing_bytes"),
            ("BERRYMED", "87320548", "length"),
            ("BERRYMED", "0732054862", "bad_header"),
            ("MISCALE1", "22b136ea0703120e05", "length"),
            ("MISCALE2", "0202ea070d120e053bf401b036", "out_of_range"),
            ("YONKER_BP", "8280544700001203", "length"),
        ];
        for (word, hex, kind) in faults {
            assert_eq!(decode(word, hex, None).unwrap_err().kind, kind, "{word} {hex}");
        }
    }
}
