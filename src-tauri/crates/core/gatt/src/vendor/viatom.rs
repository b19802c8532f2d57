//! Viatom and Wellue rings (O2Ring, Checkme O2), found by observation: framed requests and answers with a check sum.
//! An answer may span notifications and is joined here. Files of past nights and settings are not read.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError, EncodeError};
use crate::reader::Reader;
use crate::writer::Writer;
use alloc::vec::Vec;

const FRAME: Characteristic = Characteristic::named("Viatom Frame");
const LIVE_SENSORS: Characteristic = Characteristic::named("Viatom Live Sensors");

const FROM_HOST: u8 = 0xAA;
const FROM_RING: u8 = 0x55;
/// Start, command, its complement, block, length.
const HEADER_LENGTH: usize = 7;
const CHECK_SUM_LENGTH: usize = 1;
const CHECK_SUM: crc::Crc<u8> = crc::Crc::<u8>::new(&crc::CRC_8_SMBUS);
/// The octets of a live payload that rings send; the last has no known meaning.
const LIVE_LENGTH: usize = 13;

octet_codes! {
    /// What a frame asks for or answers.
    pub enum Command {
        /// In an answer: accepted. Rings answer with this or repeat the command.
        Accepted = 0x00 => "accepted",
        /// What the ring is, as JSON text.
        Information = 0x14 => "information",
        /// Nothing: keeps the link alive.
        Ping = 0x15 => "ping",
        /// The values of the moment.
        LiveSensors = 0x17 => "live_sensors",
    }
}

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The host asks.
    Host,
    /// The ring answers.
    Ring,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame<'a> {
    /// Who sent it.
    pub sender: Sender,
    /// What it asks or answers.
    pub command: Command,
    /// The number of the block, 0 outside of file transfers.
    pub block: u16,
    /// What the command carries.
    pub payload: &'a [u8],
}

/// The values of the moment, as sent: without a finger they mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LiveSensors {
    /// Oxygen saturation in percent.
    pub spo2_percent: u8,
    /// Pulse rate in beats a minute.
    pub pulse_rate_bpm: u8,
    /// Charge of the battery in percent.
    pub battery_percent: u8,
    /// The ring is charging.
    pub charging: bool,
    /// How much the hand moves, without unit.
    pub motion: u8,
    /// Strength of the signal, without unit.
    pub signal_strength: u8,
    /// A finger is in the ring.
    pub finger_present: bool,
}

/// Joins the notifications of one connection to whole frames of the ring.
#[derive(Clone, Debug, Default)]
pub struct FrameStream {
    pending: Vec<u8>,
    skipped: u64,
}

impl<'a> Frame<'a> {
    /// A request of the host without payload, for example for the values of the moment.
    pub const fn request(command: Command) -> Self {
        Self { sender: Sender::Host, command, block: 0, payload: &[] }
    }

    /// Reads one whole frame and checks its sum.
    pub fn decode(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(FRAME, octets);
        let sender = match reader.u8("start")? {
            FROM_HOST => Sender::Host,
            FROM_RING => Sender::Ring,
            other => return Err(reader.bad_header("a start of the host (0xAA) or the ring (0x55)", other)),
        };
        let command = reader.u8("command")?;
        let complement = reader.u8("complement of the command")?;
        if complement != !command {
            return Err(reader.bad_header("the complement of the command", complement));
        }
        let block = reader.u16("block")?;
        let length = usize::from(reader.u16("length")?);
        let payload = reader.take("payload", length)?;
        let got = reader.u8("check sum")?;
        reader.finish(false)?;
        let offset = HEADER_LENGTH + length;
        let expected = CHECK_SUM.checksum(&octets[..offset]);
        if got != expected {
            let (expected, got) = (u16::from(expected), u16::from(got));
            return Err(DecodeError::CrcMismatch { characteristic: FRAME, offset, expected, got });
        }
        Ok(Self { sender, command: Command::from_octet(command), block, payload })
    }

    /// The octets.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut writer = Writer::new(FRAME);
        let Ok(length) = u16::try_from(self.payload.len()) else {
            let got = i64::try_from(self.payload.len()).unwrap_or(i64::MAX);
            return Err(writer.out_of_range("length", "at most 65535 octets", got));
        };
        let start = match self.sender {
            Sender::Host => FROM_HOST,
            Sender::Ring => FROM_RING,
        };
        let command = self.command.octet();
        writer.octets(&[start, command, !command]);
        writer.u16(self.block);
        writer.u16(length);
        writer.octets(self.payload);
        let mut octets = writer.finish();
        octets.push(CHECK_SUM.checksum(&octets));
        Ok(octets)
    }
}

impl LiveSensors {
    /// Reads the ring's whole answer to a request for the values of the moment.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        let frame = Frame::decode(octets)?;
        if frame.sender == Sender::Host {
            let expected = "an answer of the ring (0x55)";
            return Err(DecodeError::BadHeader { characteristic: FRAME, offset: 0, expected, got: FROM_HOST });
        }
        if !matches!(frame.command, Command::Accepted | Command::LiveSensors) {
            let (expected, got) = ("live sensors (0x17 or 0x00)", frame.command.octet());
            return Err(DecodeError::UnsupportedOpcode { characteristic: FRAME, offset: 1, expected, got });
        }
        Self::decode_payload(frame.payload)
    }

    /// The ring's whole answer.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let payload = self.encode_payload();
        Frame { sender: Sender::Ring, command: Command::LiveSensors, block: 0, payload: &payload }.encode()
    }

    /// Reads the payload of a frame. Octets after the last known one have no known meaning and are passed over.
    pub fn decode_payload(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(LIVE_SENSORS, payload);
        let spo2_percent = reader.u8("oxygen saturation")?;
        let pulse_rate_bpm = reader.u8("pulse rate")?;
        reader.take("octets without known meaning", 5)?;
        let battery_percent = reader.u8("battery")?;
        let charging = reader.u8("charging")? != 0;
        let motion = reader.u8("motion")?;
        let signal_strength = reader.u8("signal strength")?;
        let finger_present = reader.u8("finger")? != 0;
        Ok(Self { spo2_percent, pulse_rate_bpm, battery_percent, charging, motion, signal_strength, finger_present })
    }

    /// The payload of the ring's answer, 0 where no meaning is known.
    pub fn encode_payload(&self) -> [u8; LIVE_LENGTH] {
        let (charging, finger) = (u8::from(self.charging), u8::from(self.finger_present));
        let [spo2, pulse_rate] = [self.spo2_percent, self.pulse_rate_bpm];
        let (battery, motion, signal) = (self.battery_percent, self.motion, self.signal_strength);
        [spo2, pulse_rate, 0, 0, 0, 0, 0, battery, charging, motion, signal, finger, 0]
    }

    /// Oxygen saturation and pulse rate, where a finger is in the ring and both were found. Rings send 0 or 255 for
    /// what they did not find.
    pub const fn found(&self) -> Option<(u8, u8)> {
        let (spo2, pulse_rate) = (self.spo2_percent, self.pulse_rate_bpm);
        if self.finger_present && spo2 != 0 && spo2 != 255 && pulse_rate != 0 && pulse_rate != 255 {
            Some((spo2, pulse_rate))
        } else {
            None
        }
    }
}

impl FrameStream {
    /// The longest payload that is waited for; a longer one is a damaged length.
    pub const LONGEST_PAYLOAD: usize = 512;

    /// A stream before its first notification.
    pub const fn new() -> Self {
        Self { pending: Vec::new(), skipped: 0 }
    }

    /// The whole frames that this notification completes, oldest first, each ready for [`Frame::decode`]. What
    /// belongs to no frame with a right check sum is skipped and counted.
    pub fn push(&mut self, notification: &[u8]) -> Vec<Vec<u8>> {
        self.pending.extend_from_slice(notification);
        let mut frames = Vec::new();
        let mut at = 0;
        while let Some(length) = length_of_frame(&self.pending[at..]) {
            if length == 0 {
                self.skipped += 1;
                at += 1;
            } else {
                frames.push(self.pending[at..at + length].to_vec());
                at += length;
            }
        }
        self.pending.drain(..at);
        frames
    }

    /// Octets that belonged to no whole frame.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }
}

/// The length of the frame at the beginning; 0 when none can begin there, `None` while more octets are needed.
fn length_of_frame(octets: &[u8]) -> Option<usize> {
    let start = octets.first()?;
    if *start != FROM_RING {
        return Some(0);
    }
    let (command, complement) = (octets.get(1)?, octets.get(2)?);
    if *complement != !command {
        return Some(0);
    }
    let payload = usize::from(u16::from_le_bytes([*octets.get(5)?, *octets.get(6)?]));
    if payload > FrameStream::LONGEST_PAYLOAD {
        return Some(0);
    }
    let length = HEADER_LENGTH + payload + CHECK_SUM_LENGTH;
    let frame = octets.get(..length)?;
    Some(if Frame::decode(frame).is_ok() { length } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORN: LiveSensors = LiveSensors {
        spo2_percent: 96,
        pulse_rate_bpm: 61,
        battery_percent: 88,
        charging: false,
        motion: 3,
        signal_strength: 12,
        finger_present: true,
    };

    #[test]
    fn a_request_for_live_values_is_the_known_one() {
        let request = Frame::request(Command::LiveSensors).encode().unwrap();
        assert_eq!(request, [0xAA, 0x17, 0xE8, 0, 0, 0, 0, 0x1B]);
    }

    #[test]
    fn live_values_stand_at_their_places() {
        let payload = [96, 61, 9, 9, 9, 9, 9, 88, 0, 3, 12, 1, 9];
        let live = LiveSensors::decode_payload(&payload).unwrap();
        assert_eq!(live, WORN);
        assert_eq!(live.found(), Some((96, 61)));
        assert_eq!(LiveSensors::decode_payload(&payload[..11]).unwrap_err().kind(), "truncated");
        assert_eq!(LiveSensors::decode_payload(&payload[..12]), Ok(WORN));
    }

    #[test]
    fn both_ways_of_answering_are_live_values() {
        let payload = WORN.encode_payload();
        for command in [Command::Accepted, Command::LiveSensors] {
            let answer = Frame { sender: Sender::Ring, command, block: 0, payload: &payload }.encode().unwrap();
            assert_eq!(LiveSensors::decode(&answer), Ok(WORN));
        }
        let ping = Frame { sender: Sender::Ring, command: Command::Ping, block: 0, payload: &payload };
        assert_eq!(LiveSensors::decode(&ping.encode().unwrap()).unwrap_err().kind(), "unsupported_opcode");
        let request = Frame::request(Command::LiveSensors).encode().unwrap();
        assert_eq!(LiveSensors::decode(&request).unwrap_err().kind(), "bad_header");
    }

    #[test]
    fn without_a_finger_nothing_was_found() {
        assert_eq!(LiveSensors { finger_present: false, ..WORN }.found(), None);
        assert_eq!(LiveSensors { spo2_percent: 255, ..WORN }.found(), None);
        assert_eq!(LiveSensors { pulse_rate_bpm: 0, ..WORN }.found(), None);
    }

    #[test]
    fn each_damage_of_a_frame_has_its_name() {
        let whole = WORN.encode().unwrap();
        let damaged = |at: usize, octet: u8| {
            let mut frame = whole.clone();
            frame[at] = octet;
            Frame::decode(&frame).unwrap_err().kind()
        };
        assert_eq!(damaged(0, 0x54), "bad_header");
        assert_eq!(damaged(2, 0xE9), "bad_header");
        assert_eq!(damaged(5, 14), "truncated");
        assert_eq!(damaged(5, 12), "trailing_bytes");
        assert_eq!(damaged(7, 97), "crc_mismatch");
        assert_eq!(damaged(20, !whole[20]), "crc_mismatch");
    }

    #[test]
    fn an_answer_is_joined_over_notifications() {
        let whole = WORN.encode().unwrap();
        let mut stream = FrameStream::new();
        assert!(stream.push(&whole[..20]).is_empty());
        assert_eq!(stream.push(&whole[20..]), [whole]);
        assert_eq!(stream.skipped(), 0);
    }

    #[test]
    fn a_lost_notification_costs_one_answer_and_no_more() {
        let whole = WORN.encode().unwrap();
        let mut stream = FrameStream::new();
        assert!(stream.push(&whole[..20]).is_empty());
        let mut found = stream.push(&whole);
        found.extend(stream.push(&whole));
        assert_eq!(found, [whole.clone(), whole]);
        assert_eq!(stream.skipped(), 20);
    }

    #[test]
    fn a_damaged_length_is_not_waited_for() {
        let mut stream = FrameStream::new();
        assert!(stream.push(&[FROM_RING, 0, 0xFF, 0, 0, 0xFF, 0xFF]).is_empty());
        assert_eq!(stream.skipped(), 7);
    }
}
