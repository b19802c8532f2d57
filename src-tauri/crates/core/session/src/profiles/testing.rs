//! A frame for the profiles' own tests.
//! Not here: the life of a connection, which `tests/` steps through.
use super::Frame;
use crate::input::Now;
use crate::quirks::Quirk;
use bedside_vitals::{BootTime, ConnectionId, WallTime};
use uuid::Uuid;

/// 2026-03-18 08:00:00 UTC.
pub(super) const NOW: Now =
    Now { boot: BootTime::from_millis(60_000), wall: WallTime(1_773_820_800_000), zone_offset_ms: 0 };

/// The first value on a connection, of a device without clock and quirks.
pub(super) fn frame() -> Frame<'static> {
    Frame {
        connection: ConnectionId(Uuid::from_u128(7)),
        index: 0,
        clock: None,
        now: NOW,
        quirk: &Quirk::STANDARD,
        context: None,
        from_memory: false,
    }
}

/// The same beside a context.
pub(super) fn with_context<'a>(frame: Frame<'a>, context: Option<&'a [u8]>) -> Frame<'a> {
    Frame { context, ..frame }
}
