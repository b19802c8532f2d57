//! The JSON of `decode`, field by field against the table that `bedsidectl` promises.
//! What octets mean is tested in `bedside-gatt`.
use super::*;
use proptest::prelude::*;

fn decoded(characteristic: &str, hex: &str) -> String {
    decode(characteristic, hex, None).unwrap().to_string()
}

fn kind(characteristic: &str, hex: &str) -> &'static str {
    decode(characteristic, hex, None).unwrap_err().kind
}

#[test]
fn numbers_keep_the_digits_that_the_device_sent() {
    assert_eq!(decoded("SFLOAT", "14f0"), r#"{"value":2.0}"#);
    assert_eq!(decoded("FLOAT", "6e0100ff"), r#"{"value":36.6}"#);
    assert_eq!(decoded("FLOAT", "ffffffff"), r#"{"value":-0.1}"#);
    assert_eq!(decoded("SFLOAT", "0110"), r#"{"value":10}"#);
    assert_eq!(decoded("FLOAT", "0100007f"), format!(r#"{{"value":1{}}}"#, "0".repeat(127)));
    assert_eq!(decoded("FLOAT", "01000080"), format!(r#"{{"value":0.{}1}}"#, "0".repeat(127)));
}

#[test]
fn special_numbers_are_words() {
    let words = [("ff07", "NaN"), ("0008", "NRes"), ("fe07", "+INF"), ("0208", "-INF"), ("0108", "Reserved")];
    for (hex, word) in words {
        assert_eq!(decoded("SFLOAT", hex), format!(r#"{{"value":"{word}"}}"#));
    }
}

#[test]
fn a_heart_rate_shows_its_intervals_raw_and_in_exact_milliseconds() {
    let expected = json!({
        "heart_rate_bpm": 72, "sensor_contact": "detected", "energy_expended_kj": 10,
        "rr_1024": [1024, 800, 1], "rr_ms": [1000, 781.25, 0.976_562_5],
    });
    assert_eq!(decode("2a37", "1e480a00000420030100", None).unwrap(), expected);
}

#[test]
fn fields_that_a_value_does_not_carry_are_null() {
    let expected = json!({
        "heart_rate_bpm": 60, "sensor_contact": "not_supported", "energy_expended_kj": null,
        "rr_1024": null, "rr_ms": null,
    });
    assert_eq!(decode("2A37", "003C", None).unwrap(), expected);
}

#[test]
fn a_blood_pressure_shows_all_its_context() {
    let expected = json!({
        "unit": "mmHg", "systolic": 120, "diastolic": 80, "map": "NaN",
        "timestamp": { "year": 2026, "month": 3, "day": null, "hour": 14, "minute": 5, "second": 59 },
        "pulse_rate_bpm": 72, "user_id": "unknown",
        "status": {
            "body_movement": true, "cuff_too_loose": false, "irregular_pulse": false,
            "pulse_rate_range": "above_upper_limit", "improper_position": true,
        },
    });
    let sent = "1e7800".to_owned() + "5000ff07" + "ea0703000e053b" + "4800" + "ff" + "2900";
    assert_eq!(decode("2A35", &sent, None).unwrap(), expected);
}

#[test]
fn a_quirk_changes_how_its_models_value_is_read_and_nothing_else() {
    let beurer = "54780050005d000048020004";
    let value = decode("2A35", beurer, Some("beurer_be")).unwrap();
    assert_eq!((&value["pulse_rate_bpm"], &value["user_id"]), (&json!(72), &json!(2)));
    assert_eq!(value["status"]["irregular_pulse"], json!(true));
    assert_eq!(decode("2A19", "32", Some("beurer_be")).unwrap(), json!({ "level_percent": 50 }));
    assert_eq!(decode("2A35", beurer, Some("other")).unwrap_err().kind, "unknown_quirk");
}

#[test]
fn cuff_pressure_in_kilopascals_keeps_its_decimal() {
    let value = decode("2A36", "01a0f0ff07ff07", None).unwrap();
    assert_eq!((&value["unit"], value["cuff_pressure"].to_string()), (&json!("kPa"), "16.0".to_owned()));
    assert!(value.get("systolic").is_none());
}

#[test]
fn feature_lists_name_the_defined_bits() {
    assert_eq!(
        decode("2A49", "4501", None).unwrap(),
        json!({
            "features": ["body_movement", "irregular_pulse", "e2e_crc", "user_facing_time"]
        })
    );
    assert_eq!(
        decode("2A60", "05000002", None).unwrap(),
        json!({
            "features": ["storage"], "measurement_status_support": ["from_storage"], "device_sensor_status_support": null
        })
    );
}

#[test]
fn temperatures_name_their_scale_and_place() {
    let value = decode("2A1C", "046e0100ff09", None).unwrap();
    assert_eq!(
        value,
        json!({
            "unit": "celsius", "temperature": value["temperature"], "timestamp": null, "temperature_type": "tympanum"
        })
    );
    assert_eq!(value["temperature"].to_string(), "36.6");
    assert_eq!(decode("2A1E", "01da0300ff", None).unwrap()["unit"], json!("fahrenheit"));
    assert_eq!(decode("2A1D", "02", None).unwrap(), json!({ "type": "body_general" }));
    assert_eq!(decode("2A21", "2c01", None).unwrap(), json!({ "interval_s": 300 }));
}

#[test]
fn oximetry_shows_pairs_and_statuses_by_name() {
    assert_eq!(
        decode("2A5E", "16610048008000200000", None).unwrap(),
        json!({
            "spo2_percent": 97, "pulse_rate_bpm": 72, "timestamp": null, "measurement_status": ["validated"],
            "device_sensor_status": ["low_perfusion"], "pulse_amplitude_index_percent": null,
            "device_clock_not_set": true,
        })
    );
    assert_eq!(
        decode("2A5F", "0361004800600049006200ff07", None).unwrap(),
        json!({
            "spo2_percent": 97, "pulse_rate_bpm": 72, "fast": [96, 73], "slow": [98, "NaN"],
            "measurement_status": null, "device_sensor_status": null, "pulse_amplitude_index_percent": null,
        })
    );
}

#[test]
fn record_access_answers_name_operation_and_code() {
    assert_eq!(decode("2A52", "05000301", None).unwrap(), json!({ "op": "number_of_records", "count": 259 }));
    let response = json!({ "op": "response", "request": 1, "code": "no_records", "code_value": 6 });
    assert_eq!(decode("2A52", "06000106", None).unwrap(), response);
    let combined = json!({ "op": "combined_report_response", "count": 3 });
    assert_eq!(decode("2A52", "080003000000", None).unwrap(), combined);
}

#[test]
fn clocks_show_unknown_as_null_and_undefined_as_reserved() {
    assert_eq!(
        decode("2A2B", "ea0703120e053b038005", None).unwrap(),
        json!({
            "time": { "year": 2026, "month": 3, "day": 18, "hour": 14, "minute": 5, "second": 59 },
            "day_of_week": 3, "fractions256": 128, "adjust_reason": ["manual", "zone"],
        })
    );
    assert_eq!(decode("2A0F", "8004", None).unwrap(), json!({ "time_zone_min": null, "dst_offset_min": 60 }));
    assert_eq!(decode("2A0E", "ec", None).unwrap(), json!({ "time_zone_min": -300 }));
    assert_eq!(decode("2A0D", "ff", None).unwrap(), json!({ "dst_offset_min": null }));
    assert_eq!(decode("2A0D", "03", None).unwrap(), json!({ "dst_offset_min": "reserved" }));
    assert_eq!(
        decoded("2A14", "010affff"),
        r#"{"accuracy_s":1.25,"days_since_update":255,"hours_since_update":255,"source":"ntp"}"#
    );
    assert_eq!(decode("2A08", "00000000010203", None).unwrap()["time"]["year"], Value::Null);
}

#[test]
fn device_information_and_battery_are_shown_as_reported() {
    for characteristic in ["2A24", "2A25", "2A26", "2A27", "2A28", "2A29"] {
        assert_eq!(decode(characteristic, "48313000", None).unwrap(), json!({ "text": "H10" }));
    }
    assert_eq!(
        decode("2A23", "9a78563412bc9a78", None).unwrap(),
        json!({
            "manufacturer_id": 0x12_3456_789A_u64, "oui": "789abc"
        })
    );
    assert_eq!(
        decode("2A50", "016b0002001001", None).unwrap(),
        json!({
            "vendor_id_source": "sig", "vendor_id": 0x6B, "product_id": 2, "product_version": 0x0110
        })
    );
    assert_eq!(decode("2A19", "65", None).unwrap(), json!({ "level_percent": null }));
    assert_eq!(decode("2A38", "07", None).unwrap(), json!({ "location": "reserved" }));
}

#[test]
fn polar_frames_show_one_list_of_samples() {
    assert_eq!(
        decode("pmd_data", "000100000000000080000a0000ffffff", None).unwrap(),
        json!({
            "measurement": "ecg", "timestamp_ns": 0x8000_0000_0000_0001_u64, "frame_type": 0, "compressed": false,
            "ecg_uv": [10, -1],
        })
    );
    let acceleration = decode("PMD_DATA", "02010000000000000001e80318fc0000", None).unwrap();
    assert_eq!(acceleration["acc_mg"], json!([[1000, -1000, 0]]));
    let compressed = decode("PMD_DATA", "0201000000000000008164009cff00000402f18702", None);
    assert_eq!(compressed.unwrap()["acc_raw"], json!([[100, -100, 0], [101, -101, 7], [93, -99, 7]]));
    let intervals = decode("PMD_DATA", "030100000000000000004b20030a0006", None).unwrap();
    assert_eq!(
        intervals["ppi"],
        json!([{
            "heart_rate_bpm": 75, "pp_ms": 800, "error_ms": 10, "blocker": false, "contact": true, "contact_supported": true
        }])
    );
}

#[test]
fn enhanced_pressures_count_seconds_from_an_epoch() {
    assert_eq!(
        decode("2B34", "6e78005000ff07c76d4d314800ffd77b4d31", None).unwrap(),
        json!({
            "unit": "mmHg", "systolic": 120, "diastolic": 80, "map": "NaN", "timestamp": 827_157_959, "epoch": "2000",
            "pulse_rate_bpm": 72, "user_id": "unknown", "status": null, "user_facing_time": 827_161_559,
        })
    );
    assert_eq!(decode("2B35", "119600010000", None).unwrap_err().kind, "trailing_bytes");
    let cuff = decode("2B35", "11a0f00100", None).unwrap();
    assert_eq!((&cuff["unit"], cuff["cuff_pressure"].to_string()), (&json!("kPa"), "16.0".to_owned()));
    assert_eq!((&cuff["epoch"], &cuff["status"]["body_movement"]), (&json!("1900"), &json!(true)));
}

#[test]
fn the_first_segment_of_a_record_names_it() {
    let first = json!({
        "first": true, "last": false, "segment_counter": 0, "sequence_number": 258, "uuid": "2b34", "data_hex": "0478",
    });
    assert_eq!(decode("2B36", "010201342b0478", None).unwrap(), first);
    let last = json!({
        "first": false, "last": true, "segment_counter": 63, "sequence_number": null, "uuid": null, "data_hex": "",
    });
    assert_eq!(decode("2B36", "fe", None).unwrap(), last);
    assert_eq!(kind("2B36", "01020134"), "truncated");
}

#[test]
fn an_elapsed_clock_shows_what_it_counts() {
    assert_eq!(decode("2BF2", "32c76d4d310000010801", None).unwrap_err().kind, "length");
    assert_eq!(
        decode("2BF2", "32c76d4d31000001f80102", None).unwrap(),
        json!({
            "tick_counter": false, "utc": true, "resolution": "1s", "tz_dst_used": true, "current_timeline": true,
            "time_value": 827_157_959, "sync_source": "ntp", "tz_dst_offset_min": -120, "clock_needs_set": true,
            "clock_applies_dst": false, "clock_manages_tz": true,
        })
    );
}

#[test]
fn a_battery_status_names_its_numbers() {
    assert_eq!(
        decode("2BED", "0727210601326d", None).unwrap(),
        json!({
            "battery_present": true, "wired_external_power": "reserved", "wireless_external_power": "no",
            "charge_state": "charging", "charge_level": "low", "charging_type": "unknown_or_not_charging",
            "charging_fault": ["external_power_source"], "identifier": 262, "level_percent": 50,
            "service_required": "yes", "battery_fault": true,
        })
    );
    let bare = decode("2BED", "000000", None).unwrap();
    assert_eq!((&bare["identifier"], &bare["service_required"]), (&Value::Null, &Value::Null));
    assert_eq!(bare["charging_fault"], json!([]));
}

#[test]
fn a_unique_device_identifier_shows_the_parts_it_carries() {
    let parts = json!({ "label": "(01)07", "device_identifier": null, "issuer": null, "authority": "2.51" });
    assert_eq!(decode("2BFF", "0928303129303700322e353100", None).unwrap(), parts);
    assert_eq!(kind("2BFF", "01283031"), "truncated");
}

#[test]
fn every_fault_has_its_kind() {
    assert_eq!(kind("2A37", "-"), "truncated");
    assert_eq!(kind("2A37", ""), "truncated");
    assert_eq!(kind("2A37", "004801"), "trailing_bytes");
    assert_eq!(kind("2A38", "0102"), "length");
    assert_eq!(kind("2A08", "ea070d120e053b"), "out_of_range");
    assert_eq!(kind("2A52", "0101"), "unsupported_opcode");
    assert_eq!(kind("2A99", "00"), "unknown_characteristic");
    assert_eq!(kind("", "00"), "unknown_characteristic");
    assert_eq!(kind("2A37", "0"), "bad_hex");
    assert_eq!(kind("2A37", "0x48"), "bad_hex");
    assert_eq!(kind("2A37", "é"), "bad_hex");
}

#[test]
fn each_line_is_answered_in_order_and_none_stops_the_rest() {
    let input =
        b"2A19 64\n2a37 -\r\n\n2A35 54780050005d000048020004 beurer_be\n2A19\nnonsense\n2A19 \xFF\n1 2 3 4\n2A19 0A";
    let mut output = Vec::new();
    decode_lines(&input[..], &mut output).unwrap();
    let answers: Vec<Value> =
        String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let errors: Vec<_> = answers.iter().map(|answer| answer["error"].as_str()).collect();
    let (hex, unknown) = (Some("bad_hex"), Some("unknown_characteristic"));
    assert_eq!(errors, [None, Some("truncated"), unknown, None, hex, unknown, hex, hex, None]);
    assert_eq!((&answers[0]["level_percent"], &answers[8]["level_percent"]), (&json!(100), &json!(10)));
    assert_eq!(answers[3]["user_id"], json!(2));
    assert!(answers[1]["detail"].as_str().unwrap().starts_with("Heart Rate Measurement: expected"));
}

proptest! {
    #[test]
    fn any_line_is_answered_by_one_line_of_json(line in "[^\n]{0,80}") {
        let mut output = Vec::new();
        decode_lines(format!("{line}\n").as_bytes(), &mut output).unwrap();
        let text = String::from_utf8(output).unwrap();
        prop_assert_eq!(text.matches('\n').count(), 1);
        prop_assert!(serde_json::from_str::<Value>(&text).unwrap().is_object());
    }

    #[test]
    fn any_octets_of_any_characteristic_are_answered(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
        let hex: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        for number in 0x2A00..0x2C00 {
            if let Ok(value) = decode(&format!("{number:04X}"), &hex, None) {
                prop_assert!(value.is_object());
            }
        }
        let vendor = ["NONIN_OXI", "VIATOM_RT", "BERRYMED", "MISCALE1", "MISCALE2", "YONKER_BP"];
        for word in ["SFLOAT", "FLOAT", "PMD_DATA", "GHS_OBSERVATION"].into_iter().chain(vendor) {
            if let Ok(value) = decode(word, &hex, None) {
                prop_assert!(value.is_object());
            }
        }
    }
}
