//! The screen: snapshots and strip frames go out. Implemented by the window and by the terminal.
//! Nothing comes back this way: what a person does is a request.
use crate::records::Recorded;
use crate::snapshot::Snapshot;
use std::sync::Arc;

/// Where a person looks. All calls return at once; a slow screen drops what it cannot show, never delays the console.
pub trait Display: Send + Sync {
    /// The latest state; it replaces the one before.
    fn show(&self, snapshot: Arc<Snapshot>);
    /// One batch of strip drawings (`bedside_charts::frame`). Sweep operations build on each other: a display that
    /// dropped one asks for the strips anew.
    fn draw(&self, frame: Vec<u8>);
    /// One value is durable now. A window shows it with the next snapshot; a terminal prints it.
    fn recorded(&self, _value: &Recorded) {}
}
