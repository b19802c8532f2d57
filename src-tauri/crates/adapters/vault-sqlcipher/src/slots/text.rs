//! Octets as the slot file writes them: base64, of one exact length where there is one.
//! Not here: what they mean.
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// So many octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Octets<const N: usize>(pub(super) [u8; N]);

/// Some octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob(pub(super) Vec<u8>);

impl<const N: usize> Serialize for Octets<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(self.0))
    }
}

impl<'de, const N: usize> Deserialize<'de> for Octets<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let octets = Blob::deserialize(from)?.0;
        octets.try_into().map(Self).map_err(|_| D::Error::custom("octets of another length"))
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text).map(Self).map_err(|_| D::Error::custom("not base64"))
    }
}
