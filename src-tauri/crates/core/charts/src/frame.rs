//! The message of one frame to the window: the display lists of all strips that changed, in one piece.
//! What a display list is lies in `format.rs`; which strip has which number is the console's.
//!
//! Little-endian: version `u8` (1), count of strips `u8`, then for each strip its number `u16`, its kind `u8`, the
//! length of its display list `u32` and the list. Kind 0 replaces all that the strip shows: the still layer is drawn
//! anew and the moving layer is cleared. Kind 1 adds to the moving layer of a sweep.

/// The version this code writes and reads.
pub const FRAME_VERSION: u8 = 1;

const HEADER: usize = 2;
const STRIP_HEADER: usize = 7;

/// What a display list does to its strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StripKind {
    /// Replaces everything.
    Replace,
    /// Adds to the moving layer.
    Append,
}

/// One strip of a frame, as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StripMessage<'b> {
    /// The strip's number.
    pub strip: u16,
    /// What the list does.
    pub kind: StripKind,
    /// The display list.
    pub list: &'b [u8],
}

/// Why a frame cannot be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The count is one byte.
    #[error("expected at most 255 strips in a frame, got one more")]
    TooManyStrips,
    /// The length is four bytes.
    #[error("expected a display list of at most 4294967295 bytes, got {length}")]
    TooLong {
        /// The length of the list.
        length: usize,
    },
    /// Written by another version.
    #[error("expected frame version 1, got {got}")]
    Version {
        /// The version in the message.
        got: u8,
    },
    /// A kind the format does not have.
    #[error("expected strip kind 0 or 1, got {got}")]
    Kind {
        /// The kind in the message.
        got: u8,
    },
    /// The bytes end early.
    #[error("expected {needed} more bytes at {at}, got the end")]
    Truncated {
        /// Where, counted from the beginning of the message.
        at: usize,
        /// How many more are needed.
        needed: usize,
    },
    /// The bytes go on after the last strip.
    #[error("expected the end at {at}, got {extra} more bytes")]
    TooMuch {
        /// Where the last strip ends.
        at: usize,
        /// How many more there are.
        extra: usize,
    },
}

/// A frame being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    bytes: Vec<u8>,
}

impl Default for Frame {
    fn default() -> Self {
        Self::new()
    }
}

impl Frame {
    /// A frame without strips.
    pub fn new() -> Self {
        Self { bytes: vec![FRAME_VERSION, 0] }
    }

    /// Adds a strip whose display list `write` puts behind the bytes it is given; a strip for which it writes nothing
    /// is left out. After an error, its own or the frame's, the frame is as it was.
    pub fn add<E: From<FrameError>>(
        &mut self,
        strip: u16,
        kind: StripKind,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let begin = self.bytes.len();
        let added = self.try_add(strip, kind, write);
        if !matches!(added, Ok(true)) {
            self.bytes.truncate(begin);
        }
        added.map(|_| ())
    }

    /// Whether no strip changed: then there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.bytes[1] == 0
    }

    /// The message.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn try_add<E: From<FrameError>>(
        &mut self,
        strip: u16,
        kind: StripKind,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let count = self.bytes[1].checked_add(1).ok_or(FrameError::TooManyStrips)?;
        self.bytes.extend_from_slice(&strip.to_le_bytes());
        self.bytes.push(match kind {
            StripKind::Replace => 0,
            StripKind::Append => 1,
        });
        let length_at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        let begin = self.bytes.len();
        write(&mut self.bytes)?;
        let length = self.bytes.len().saturating_sub(begin);
        let said = u32::try_from(length).map_err(|_| FrameError::TooLong { length })?;
        if said > 0 {
            self.bytes[length_at..begin].copy_from_slice(&said.to_le_bytes());
            self.bytes[1] = count;
        }
        Ok(said > 0)
    }
}

/// Reads the strips of a frame. The display lists themselves are not looked into.
pub fn split_frame(message: &[u8]) -> Result<Vec<StripMessage<'_>>, FrameError> {
    let truncated = |needed| FrameError::Truncated { at: message.len(), needed };
    let [version, count, ..] = *message else { return Err(truncated(HEADER - message.len())) };
    if version != FRAME_VERSION {
        return Err(FrameError::Version { got: version });
    }
    let mut rest = &message[HEADER..];
    let mut strips = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let [a, b, kind, c, d, e, f, ..] = *rest else { return Err(truncated(STRIP_HEADER - rest.len())) };
        let kind = match kind {
            0 => StripKind::Replace,
            1 => StripKind::Append,
            got => return Err(FrameError::Kind { got }),
        };
        let length = u32::from_le_bytes([c, d, e, f]) as usize;
        let body = &rest[STRIP_HEADER..];
        let list = body.get(..length).ok_or_else(|| truncated(length - body.len()))?;
        strips.push(StripMessage { strip: u16::from_le_bytes([a, b]), kind, list });
        rest = &body[length..];
    }
    if !rest.is_empty() {
        return Err(FrameError::TooMuch { at: message.len() - rest.len(), extra: rest.len() });
    }
    Ok(strips)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(strips: &[(u16, StripKind, Vec<u8>)]) -> Vec<u8> {
        let mut frame = Frame::new();
        for (strip, kind, list) in strips {
            let write = |bytes: &mut Vec<u8>| {
                bytes.extend_from_slice(list);
                Ok::<_, FrameError>(())
            };
            frame.add(*strip, *kind, write).unwrap();
        }
        frame.into_bytes()
    }

    #[test]
    fn a_strip_that_failed_or_wrote_nothing_leaves_no_trace() {
        let mut frame = Frame::new();
        let failure = frame.add(1, StripKind::Append, |bytes| {
            bytes.push(7);
            Err(FrameError::TooManyStrips)
        });
        assert_eq!(failure, Err(FrameError::TooManyStrips));
        frame.add(2, StripKind::Append, |_| Ok::<_, FrameError>(())).unwrap();
        assert!(frame.is_empty());
        assert_eq!(frame.into_bytes(), [FRAME_VERSION, 0]);
    }

    #[test]
    fn the_256th_strip_is_refused_and_the_others_stay() {
        let mut frame = Frame::new();
        let mut add = |strip| {
            frame.add(strip, StripKind::Replace, |bytes| {
                bytes.push(0);
                Ok(())
            })
        };
        (0..255).for_each(|strip| add(strip).unwrap());
        assert_eq!(add(255), Err(FrameError::TooManyStrips));
        assert_eq!(split_frame(&frame.into_bytes()).unwrap().len(), 255);
    }

    #[test]
    fn wrong_messages_are_named() {
        assert_eq!(split_frame(&[]), Err(FrameError::Truncated { at: 0, needed: 2 }));
        assert_eq!(split_frame(&[9, 0]), Err(FrameError::Version { got: 9 }));
        assert_eq!(split_frame(&[1, 1, 0, 0, 5, 0, 0, 0, 0]), Err(FrameError::Kind { got: 5 }));
        assert_eq!(split_frame(&[1, 1, 0, 0, 1, 2, 0, 0, 0, 9]), Err(FrameError::Truncated { at: 10, needed: 1 }));
        assert_eq!(split_frame(&[1, 0, 3]), Err(FrameError::TooMuch { at: 2, extra: 1 }));
    }

    proptest! {
        #[test]
        fn strips_come_back_as_they_were_put_in(
            strips in proptest::collection::vec(
                (any::<u16>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 1..50)),
                0..20,
            ),
        ) {
            let kind = |append| if append { StripKind::Append } else { StripKind::Replace };
            let strips: Vec<_> = strips.into_iter().map(|(strip, append, list)| (strip, kind(append), list)).collect();
            let message = frame(&strips);
            let read = split_frame(&message).unwrap();
            let read: Vec<_> = read.into_iter().map(|s| (s.strip, s.kind, s.list.to_vec())).collect();
            prop_assert_eq!(read, strips);
        }

        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = split_frame(&bytes);
            let _ = split_frame(&[&[FRAME_VERSION, 3], &bytes[..]].concat());
        }
    }
}
