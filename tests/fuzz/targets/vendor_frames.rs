//! Fuzz target: frames of makers: oximeters, scales that broadcast, a cuff.
//! The law is in the library beside it, the seeds are vectors (`Cargo.toml` says which).
#![no_main]

use bedside_fuzz::{notifications, round_trip};
use bedside_gatt::vendor::berrymed::{BerryMedPacket, PacketStream};
use bedside_gatt::vendor::nonin::NoninOximetry;
use bedside_gatt::vendor::viatom::{Frame, FrameStream, LiveSensors};
use bedside_gatt::vendor::xiaomi::ScaleBroadcast;
use bedside_gatt::vendor::yonker::YonkerMeasurement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    round_trip!(octets, BerryMedPacket);
    round_trip!(octets, NoninOximetry);
    round_trip!(octets, Frame);
    round_trip!(octets, LiveSensors);
    round_trip!(octets, YonkerMeasurement);
    round_trip!(
        octets => |octets| ScaleBroadcast::decode_version_1(octets), |broadcast| broadcast.encode_version_1()
    );
    round_trip!(
        octets => |octets| ScaleBroadcast::decode_version_2(octets), |broadcast| broadcast.encode_version_2()
    );
    streams_do_not_depend_on_where_they_are_cut(octets);
});

fn streams_do_not_depend_on_where_they_are_cut(octets: &[u8]) {
    let (mut whole, mut cut) = (PacketStream::new(), PacketStream::new());
    let packets: Vec<_> = notifications(octets).flat_map(|part| cut.push(part)).collect();
    assert_eq!(packets, whole.push(octets));
    assert_eq!(cut.skipped(), whole.skipped());

    let (mut whole, mut cut) = (FrameStream::new(), FrameStream::new());
    let frames: Vec<_> = notifications(octets).flat_map(|part| cut.push(part)).collect();
    assert_eq!(frames, whole.push(octets));
    for frame in frames {
        Frame::decode(&frame).unwrap_or_else(|error| panic!("{frame:02x?} is refused: {error:?}"));
    }
}
