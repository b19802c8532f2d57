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
        Samples::Ppg(samples) | Samples::PpgRaw(samples) => ("ppg", json!(samples)),
        Samples::Acceleration(samples) => ("acc_mg", json!(samples)),
        Samples::AccelerationRaw { samples, .. } => ("acc_raw", json!(samples)),
        Samples::PulseIntervals(intervals) => ("ppi", intervals.iter().map(pulse_interval).collect()),
    };
    value[field] = samples;
    Ok(value)
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
