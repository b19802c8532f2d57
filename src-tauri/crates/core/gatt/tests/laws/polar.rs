//! The laws of the codecs for Polar measurement data.
//! Single captures are tested beside the profile.

use crate::common::codec_laws;
use bedside_gatt::DecodeError;
use bedside_gatt::polar::{
    ControlReply, ControlRequest, ControlStatus, DataFrame, EcgContactSample, EcgTaggedSample, Factor, MeasurementKind,
    MeasurementKinds, PulseInterval, Samples, Setting, decode_settings, encode_settings,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// A reply that owns its parameters, so that tests can keep it.
#[derive(Clone, Debug, PartialEq)]
struct Reply {
    operation: u8,
    kind: MeasurementKind,
    status: ControlStatus,
    more: bool,
    parameters: Vec<u8>,
}

impl Reply {
    fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        ControlReply::decode(octets).map(|reply| Self {
            operation: reply.operation,
            kind: reply.kind,
            status: reply.status,
            more: reply.more,
            parameters: reply.parameters.to_vec(),
        })
    }

    fn encode(&self) -> Vec<u8> {
        let Self { operation, kind, status, more, ref parameters } = *self;
        ControlReply { operation, kind, status, more, parameters }.encode()
    }

    /// Parameters may be fewer, and after a failure the "more" octet may be absent.
    fn is_complete(&self, prefix: &[u8]) -> bool {
        prefix.len() >= 5 || (prefix.len() == 4 && self.status != ControlStatus::Success)
    }
}

fn kind() -> impl Strategy<Value = MeasurementKind> {
    any::<u8>().prop_map(MeasurementKind::from_octet)
}

fn reply() -> impl Strategy<Value = Reply> {
    let status = prop_oneof![Just(0), any::<u8>()].prop_map(ControlStatus::from_octet);
    (any::<u8>(), kind(), status, any::<bool>(), vec(any::<u8>(), 0..20))
        .prop_map(|(operation, kind, status, more, parameters)| Reply { operation, kind, status, more, parameters })
}

fn setting() -> impl Strategy<Value = Setting> {
    prop_oneof![
        vec(any::<u16>(), 0..5).prop_map(Setting::SampleRateHertz),
        vec(any::<u16>(), 0..5).prop_map(Setting::ResolutionBits),
        vec(any::<u16>(), 0..5).prop_map(Setting::Range),
        vec(any::<i32>(), 0..5).prop_map(Setting::RangeMilliUnit),
        vec(any::<u8>(), 0..5).prop_map(Setting::Channels),
        vec(any::<u32>().prop_map(Factor), 0..5).prop_map(Setting::Factor),
    ]
}

fn request() -> impl Strategy<Value = ControlRequest> {
    prop_oneof![
        kind().prop_map(ControlRequest::GetSettings),
        kind().prop_map(ControlRequest::Stop),
        (kind(), vec(setting(), 0..4)).prop_map(|(kind, settings)| ControlRequest::Start { kind, settings }),
    ]
}

fn ends_after_a_setting(settings: &[Setting], before: usize, prefix: &[u8]) -> bool {
    (0..settings.len()).any(|kept| before + encode_settings(&settings[..kept]).unwrap().len() == prefix.len())
}

fn is_complete_request(request: &ControlRequest, prefix: &[u8]) -> bool {
    matches!(request, ControlRequest::Start { settings, .. } if ends_after_a_setting(settings, 2, prefix))
}

fn is_complete_list(settings: &[Setting], prefix: &[u8]) -> bool {
    ends_after_a_setting(settings, 0, prefix)
}

fn i24() -> impl Strategy<Value = i32> {
    -0x80_0000..=0x7F_FFFFi32
}

fn i16_wide() -> impl Strategy<Value = i32> {
    any::<i16>().prop_map(i32::from)
}

fn pulse_interval() -> impl Strategy<Value = PulseInterval> {
    (any::<(u8, u16, u16)>(), any::<(bool, bool, bool)>()).prop_map(
        |((heart_rate_bpm, interval_ms, error_ms), (blocker, contact, contact_supported))| PulseInterval {
            heart_rate_bpm,
            interval_ms,
            error_ms,
            blocker,
            contact,
            contact_supported,
        },
    )
}

fn frame(samples: impl Strategy<Value = Samples>) -> impl Strategy<Value = DataFrame> {
    (any::<u64>(), samples).prop_map(|(timestamp_ns, samples)| DataFrame { timestamp_ns, samples })
}

fn i8_wide() -> impl Strategy<Value = i32> {
    any::<i8>().prop_map(i32::from)
}

fn contact_sample() -> impl Strategy<Value = EcgContactSample> {
    (0..1u16 << 14, any::<bool>(), 0..4u8, 0..4u8).prop_map(
        |(microvolts, oversampling, skin_contact, contact_impedance)| EcgContactSample {
            microvolts,
            oversampling,
            skin_contact,
            contact_impedance,
        },
    )
}

fn tagged_sample() -> impl Strategy<Value = EcgTaggedSample> {
    (0..1u32 << 18, 0..8u8, 0..8u8).prop_map(|(microvolts, ecg_tag, pace_tag)| EcgTaggedSample {
        microvolts,
        ecg_tag,
        pace_tag,
    })
}

fn acceleration(frame_type: u8, axes: impl Strategy<Value = [i32; 3]>) -> impl Strategy<Value = Samples> {
    vec(axes, 1..80).prop_map(move |samples| Samples::Acceleration { frame_type, samples })
}

fn uncompressed() -> impl Strategy<Value = DataFrame> {
    frame(prop_oneof![
        vec(i24(), 1..80).prop_map(Samples::Ecg),
        vec([i24(), i24(), i24(), i24()], 1..40).prop_map(Samples::Ppg),
        vec(contact_sample(), 1..80).prop_map(Samples::EcgContact),
        vec(tagged_sample(), 1..80).prop_map(Samples::EcgTagged),
        acceleration(0, [i8_wide(), i8_wide(), i8_wide()]),
        acceleration(1, [i16_wide(), i16_wide(), i16_wide()]),
        acceleration(2, [i24(), i24(), i24()]),
        vec(pulse_interval(), 1..40).prop_map(Samples::PulseIntervals),
    ])
}

fn ends_after_a_sample(frame: &DataFrame, prefix: &[u8]) -> bool {
    let sample = match &frame.samples {
        Samples::Ppg(_) => 12,
        Samples::Acceleration { frame_type, .. } => 3 * (1 + usize::from(*frame_type)),
        Samples::PulseIntervals(_) => 6,
        _ => 3,
    };
    prefix.len() > 10 && (prefix.len() - 10).is_multiple_of(sample)
}

/// Up to 255 samples after the first, so that one block holds them.
fn compressed() -> impl Strategy<Value = DataFrame> {
    frame(prop_oneof![
        vec([i24()], 1..=256).prop_map(Samples::EcgRaw),
        vec([i24(), i24(), i24(), i24()], 1..60).prop_map(Samples::PpgRaw),
        many_channels::<17>().prop_map(Samples::PpgSixteen),
        many_channels::<25>().prop_map(Samples::PpgTwentyFour),
        many_channels::<21>().prop_map(Samples::PpgColours),
        (0..=1u8, vec([i16_wide(), i16_wide(), i16_wide()], 1..=256))
            .prop_map(|(frame_type, samples)| Samples::AccelerationRaw { frame_type, samples }),
    ])
}

fn many_channels<const N: usize>() -> impl Strategy<Value = Vec<[i32; N]>> {
    vec(proptest::array::uniform(i24()), 1..6)
}

fn is_the_first_sample(frame: &DataFrame, prefix: &[u8]) -> bool {
    let reference = match &frame.samples {
        Samples::EcgRaw(_) => 3,
        Samples::PpgRaw(_) => 12,
        Samples::PpgSixteen(_) => 51,
        Samples::PpgTwentyFour(_) => 75,
        Samples::PpgColours(_) => 63,
        _ => 6,
    };
    prefix.len() == 10 + reference
}

fn encode_frame(frame: &DataFrame) -> Vec<u8> {
    frame.encode().unwrap()
}

codec_laws!(control_request: request(),
    ControlRequest::decode, |request: &ControlRequest| request.encode().unwrap(), complete: is_complete_request);
codec_laws!(control_reply: reply(), Reply::decode, Reply::encode, complete: Reply::is_complete);
codec_laws!(settings: vec(setting(), 0..6),
    decode_settings, |settings: &Vec<Setting>| encode_settings(settings).unwrap(), complete: is_complete_list);
codec_laws!(measurement_kinds: any::<u16>().prop_map(MeasurementKinds::from_bits),
    MeasurementKinds::decode, |kinds: &MeasurementKinds| kinds.encode());
codec_laws!(uncompressed_frame: uncompressed(), DataFrame::decode, encode_frame, complete: ends_after_a_sample);
codec_laws!(compressed_frame: compressed(), DataFrame::decode, encode_frame, complete: is_the_first_sample);

proptest! {
    #[test]
    fn more_samples_than_a_block_holds_go_into_several(samples in vec([i16_wide(), i16_wide(), i16_wide()], 257..800)) {
        let frame = DataFrame { timestamp_ns: 1, samples: Samples::AccelerationRaw { frame_type: 1, samples } };
        prop_assert_eq!(DataFrame::decode(&frame.encode().unwrap()).unwrap(), frame);
    }
}
