//! The law that every fuzz target holds its codecs to: what is read, written and read again is the same.
//! Which codecs there are is not known here; each target in `targets/` names those of its family.

use std::fmt::Debug;

/// What an encoder gives: octets, or octets unless the value cannot be written. A value that was read can be.
pub trait Written {
    /// The octets.
    fn octets(self) -> Vec<u8>;
}

impl Written for Vec<u8> {
    fn octets(self) -> Vec<u8> {
        self
    }
}

impl<E: Debug> Written for Result<Vec<u8>, E> {
    fn octets(self) -> Vec<u8> {
        self.unwrap_or_else(|error| panic!("a value that was read cannot be written: {error:?}"))
    }
}

/// Reads the octets with `decode`; where they are a value, writes it with `encode` and reads it again.
/// A macro, because some values borrow from the octets.
#[macro_export]
macro_rules! round_trip {
    ($octets:expr, $type:ty $(, $argument:expr)*) => {
        $crate::round_trip!(
            $octets => |octets| <$type>::decode(octets $(, $argument)*), |value| value.encode()
        )
    };
    ($octets:expr => |$read:ident| $decode:expr, |$value:ident| $encode:expr) => {{
        let $read: &[u8] = $octets;
        if let Ok(first) = $decode {
            let $value = &first;
            let written = $crate::Written::octets($encode);
            let $read: &[u8] = &written;
            match $decode {
                Ok(second) => assert_eq!(first, second, "written as {written:02x?}"),
                Err(error) => panic!("{first:?} is written as {written:02x?}, which is refused: {error:?}"),
            }
        }
    }};
}

/// The octets as notifications of changing sizes, as a link may cut them: sizes come from the octets themselves.
pub fn notifications(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let size = usize::from(*rest.first()? % 24) + 1;
        let (notification, later) = rest.split_at(size.min(rest.len()));
        rest = later;
        Some(notification)
    })
}
