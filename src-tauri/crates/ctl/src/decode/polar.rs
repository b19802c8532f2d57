//! The JSON of Polar measurement data.
//! Compressed samples are shown as sent, before the factor that only the start reply knows.
use super::Decoded;
use bedside_gatt::polar::{DataFrame, PulseInterval, Samples};
use serde_json::{Value, json};

pub(super) fn data_frame(octets: &[u8]) -> Decoded {
    let frame = DataFrame::decode(octets)?;
    let samples = &frame.samples;
    let mut value = json!({
        "measurement": samples.kind().name(),
        "timestamp_ns": frame.timestamp_ns,
        "frame_type": samples.frame_type(),
        "compressed": samples.is_compressed(),
    });
    let (field, samples) = match samples {
        Samples::Ecg(samples) => ("ecg_uv", json!(samples)),
        Samples::EcgContact(samples) => ("ecg_uv", samples.iter().map(|sample| sample.microvolts).collect()),
        Samples::EcgTagged(samples) => ("ecg_uv", samples.iter().map(|sample| sample.microvolts).collect()),
        Samples::EcgRaw(samples) => ("ecg_uv", json!(samples.as_flattened())),
        Samples::Ppg(samples) | Samples::PpgRaw(samples) => ("ppg", json!(samples)),
        Samples::PpgSixteen(samples) => ("ppg", channels(samples)),
        Samples::PpgTwentyFour(samples) => ("ppg", channels(samples)),
        Samples::PpgColours(samples) => ("ppg", channels(samples)),
        Samples::Acceleration { samples, .. } => ("acc_mg", json!(samples)),
        Samples::AccelerationRaw { samples, .. } => ("acc_raw", json!(samples)),
        Samples::PulseIntervals(intervals) => ("ppi", intervals.iter().map(pulse_interval).collect()),
    };
    value[field] = samples;
    Ok(value)
}

fn channels<const N: usize>(samples: &[[i32; N]]) -> Value {
    samples.iter().map(|sample| sample.to_vec()).collect()
}

fn pulse_interval(interval: &PulseInterval) -> Value {
    json!({
        "heart_rate_bpm": interval.heart_rate_bpm,
        "pp_ms": interval.interval_ms,
        "error_ms": interval.error_ms,
        "blocker": interval.blocker,
        "contact": interval.contact,
        "contact_supported": interval.contact_supported,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: u8, frame_type: u8, payload: &[u8]) -> Value {
        data_frame(&[&[kind, 1, 0, 0, 0, 0, 0, 0, 0, frame_type], payload].concat()).unwrap()
    }

    #[test]
    fn every_form_of_ecg_is_shown_in_microvolts() {
        let whole = shown(0, 0, &[0x0A, 0, 0, 0xFF, 0xFF, 0xFF]);
        let expected = json!({
            "measurement": "ecg", "timestamp_ns": 1, "frame_type": 0, "compressed": false, "ecg_uv": [10, -1],
        });
        assert_eq!(whole, expected);
        assert_eq!(shown(0, 1, &[0x01, 0xFF, 0xFD])["ecg_uv"], json!([0x3F01]));
        assert_eq!(shown(0, 2, &[0x01, 0x02, 0xD7])["ecg_uv"], json!([0x3_0201]));
        let compressed = shown(0, 0x80, &[0xFE, 0xFF, 0xFF, 3, 3, 0b0110_0011, 0]);
        assert_eq!((&compressed["ecg_uv"], &compressed["compressed"]), (&json!([-2, 1, -3, -2]), &json!(true)));
    }

    #[test]
    fn every_form_of_acceleration_is_shown_by_its_axes() {
        assert_eq!(shown(2, 0, &[1, 0xFF, 0])["acc_mg"], json!([[1, -1, 0]]));
        assert_eq!(shown(2, 1, &[0xE8, 3, 0x18, 0xFC, 0, 0])["acc_mg"], json!([[1000, -1000, 0]]));
        assert_eq!(shown(2, 2, &[1, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF])["acc_mg"], json!([[1, 0, -1]]));
        assert_eq!(shown(2, 0x80, &[1, 0, 2, 0, 3, 0])["acc_raw"], json!([[1, 2, 3]]));
    }

    #[test]
    fn a_pulse_waveform_has_all_its_channels() {
        assert_eq!(shown(1, 0, &[1, 0, 0, 2, 0, 0, 3, 0, 0, 0xFC, 0xFF, 0xFF])["ppg"], json!([[1, 2, 3, -4]]));
        assert_eq!(shown(1, 0x87, &[0; 51])["ppg"], json!(vec![vec![0; 17]]));
    }
}
