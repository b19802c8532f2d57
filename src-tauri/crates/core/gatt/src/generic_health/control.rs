//! The Generic Health Sensor control point 0x2BF4: live observations on and off.
//! Stored observations are asked for through the Record Access Control Point.
use crate::codes::octet_codes;
use crate::error::{Characteristic, DecodeError};
use crate::reader::Reader;
use alloc::vec;
use alloc::vec::Vec;

const CONTROL_POINT: Characteristic = Characteristic::named("Generic Health Sensor Control Point");

octet_codes! {
    /// What the console asks of a sensor: one octet.
    pub enum ControlRequest {
        /// Send live observations.
        StartLiveObservations = 0x01 => "start_live_observations",
        /// Stop sending them.
        StopLiveObservations = 0x02 => "stop_live_observations",
    }
}

octet_codes! {
    /// What a sensor answers: one octet.
    pub enum ControlReply {
        /// Done.
        Success = 0x80 => "success",
        /// Busy with something else.
        Busy = 0x81 => "busy",
        /// Not done.
        Error = 0x82 => "error",
    }
}

impl ControlRequest {
    /// A request of exactly one octet. One that is not defined is kept as reserved: a sensor answers it with an error.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(CONTROL_POINT, octets, 1)?.u8("operation").map(Self::from_octet)
    }

    /// The octet.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }
}

impl ControlReply {
    /// A reply of exactly one octet.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Reader::fixed(CONTROL_POINT, octets, 1)?.u8("response").map(Self::from_octet)
    }

    /// The octet.
    pub fn encode(self) -> Vec<u8> {
        vec![self.octet()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_replies_are_one_octet() {
        assert_eq!(ControlRequest::StartLiveObservations.encode(), [1]);
        assert_eq!(ControlRequest::decode(&[2]), Ok(ControlRequest::StopLiveObservations));
        assert_eq!(ControlReply::decode(&[0x80]), Ok(ControlReply::Success));
        assert_eq!(ControlReply::decode(&[0x83]), Ok(ControlReply::Reserved(0x83)));
        assert_eq!(ControlReply::decode(&[]).unwrap_err().kind(), "length");
        assert_eq!(ControlRequest::decode(&[1, 0]).unwrap_err().kind(), "length");
    }
}
