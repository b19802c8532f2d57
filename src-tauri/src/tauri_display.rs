//! The window as the console's display: snapshots and strip frames over two channels, never more than the window takes.
//! Tauri's channels have no back-pressure of their own: what is sent and not read waits in this process. So the window
//! gives credit for each message it has shown. Not here: what is in them.
use crate::view::{ConsoleView, console_view};
use bedside_console::ports::Display;
use bedside_console::{AccessState, LockReason, Permission, Snapshot};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tauri::ipc::{Channel, InvokeResponseBody};

/// Snapshots on their way to the window; of those that wait only the latest is kept.
const MOST_SNAPSHOTS: u32 = 2;
/// Frames on their way; more are dropped, and the window asks for its strips anew.
const MOST_FRAMES: u32 = 12;

/// The window, or nobody before `watch`.
#[derive(Default)]
pub(crate) struct TauriDisplay {
    state: Mutex<State>,
    blank: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

#[derive(Default)]
struct State {
    channels: Option<Channels>,
    snapshots_under_way: u32,
    waiting: Option<Arc<Snapshot>>,
    frames_under_way: u32,
    frames_dropped: bool,
    /// The page was told of people, and must go when they may not be seen any more.
    tells_of_people: bool,
}

struct Channels {
    snapshots: Channel<ConsoleView>,
    strips: Channel<InvokeResponseBody>,
}

impl TauriDisplay {
    /// How a page that may hold health data is thrown away: the window loads itself anew, and begins to watch again.
    pub(crate) fn on_lock(&self, blank: impl Fn() + Send + Sync + 'static) {
        // There is one window and one set-up.
        let _ = self.blank.set(Box::new(blank));
    }

    /// A window begins to watch; it replaces the one before, and gets the latest snapshot at once.
    pub(crate) fn watch(&self, snapshots: Channel<ConsoleView>, strips: Channel<InvokeResponseBody>) {
        let mut state = self.state();
        let waiting = state.waiting.take();
        *state = State { channels: Some(Channels { snapshots, strips }), ..State::default() };
        if let Some(snapshot) = waiting {
            state.show(snapshot);
        }
    }

    /// The window has taken a snapshot.
    pub(crate) fn snapshot_shown(&self) {
        let mut state = self.state();
        state.snapshots_under_way = state.snapshots_under_way.saturating_sub(1);
        if let Some(snapshot) = state.waiting.take() {
            state.show(snapshot);
        }
    }

    /// The window has drawn a frame. Says whether it has seen every frame since the last time: if not, strips that
    /// build on the missing one must be asked for anew.
    pub(crate) fn frame_shown(&self) -> bool {
        let mut state = self.state();
        state.frames_under_way = state.frames_under_way.saturating_sub(1);
        !std::mem::take(&mut state.frames_dropped)
    }

    /// A panic elsewhere while the state was held leaves it whole: every change is a single assignment.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Display for TauriDisplay {
    /// At a lock, and when whoever works here may not read records any more, nothing more goes to the page that has seen
    /// people; the next one begins with the new state. After a restore the page stays: it shows what the restore brought
    /// and what is missing, and drops the rest by itself.
    fn show(&self, snapshot: Arc<Snapshot>) {
        let mut state = self.state();
        if shows_people(&snapshot.access) || !state.tells_of_people || is_after_restore(&snapshot.access) {
            return state.show(snapshot);
        }
        *state = State { waiting: Some(snapshot), ..State::default() };
        drop(state);
        if let Some(blank) = self.blank.get() {
            blank();
        }
    }

    fn draw(&self, frame: Vec<u8>) {
        self.state().draw(frame);
    }
}

/// Whether the page may be told of people.
fn shows_people(access: &AccessState) -> bool {
    matches!(access, AccessState::Open { may, .. } if may.contains(&Permission::ReadRecords))
}

const fn is_after_restore(access: &AccessState) -> bool {
    matches!(access, AccessState::Closed { why: LockReason::Restored, .. })
}

impl State {
    fn show(&mut self, snapshot: Arc<Snapshot>) {
        match &self.channels {
            Some(channels) if self.snapshots_under_way < MOST_SNAPSHOTS => {
                self.waiting = None;
                self.tells_of_people |= shows_people(&snapshot.access);
                if channels.snapshots.send(console_view(&snapshot)).is_ok() {
                    self.snapshots_under_way += 1;
                }
            }
            Some(_) | None => self.waiting = Some(snapshot),
        }
    }

    fn draw(&mut self, frame: Vec<u8>) {
        let Some(channels) = &self.channels else { return };
        if self.frames_under_way >= MOST_FRAMES || self.frames_dropped {
            self.frames_dropped = true;
        } else if channels.strips.send(InvokeResponseBody::Raw(frame)).is_ok() {
            self.frames_under_way += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn watched() -> (TauriDisplay, Arc<AtomicU32>) {
        let frames = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&frames);
        let strips = Channel::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        let display = TauriDisplay::default();
        display.watch(Channel::new(|_| Ok(())), strips);
        (display, frames)
    }

    #[test]
    fn a_window_that_does_not_answer_gets_no_more_frames_than_it_can_hold() {
        let (display, frames) = watched();
        for _ in 0..100 {
            display.draw(vec![1, 0]);
        }
        assert_eq!(frames.load(Ordering::Relaxed), MOST_FRAMES);
    }

    #[test]
    fn after_a_dropped_frame_the_window_is_told_once_to_ask_anew() {
        let (display, frames) = watched();
        for _ in 0..=MOST_FRAMES {
            display.draw(vec![1, 0]);
        }
        assert_eq!([display.frame_shown(), display.frame_shown()], [false, true]);
        display.draw(vec![1, 0]);
        assert_eq!(frames.load(Ordering::Relaxed), MOST_FRAMES + 1);
    }

    #[test]
    fn before_a_window_watches_frames_go_nowhere() {
        let display = TauriDisplay::default();
        display.draw(vec![1, 0]);
        assert!(display.frame_shown());
    }
}
