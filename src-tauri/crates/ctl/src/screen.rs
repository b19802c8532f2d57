//! The terminal as the console's display: prints each value once it is durable, keeps the last snapshot.
//! Strip frames are not for terminals.
use bedside_console::ports::Display;
use bedside_console::{Recorded, Snapshot};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Durable values as they come, and the latest snapshot.
pub(crate) struct Screen {
    recorded: mpsc::UnboundedSender<Recorded>,
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
}

pub(crate) type Values = mpsc::UnboundedReceiver<Recorded>;
pub(crate) type Snapshots = watch::Receiver<Option<Arc<Snapshot>>>;

impl Screen {
    pub(crate) fn new() -> (Arc<Self>, Values, Snapshots) {
        let (recorded, values) = mpsc::unbounded_channel();
        let (snapshot, snapshots) = watch::channel(None);
        (Arc::new(Self { recorded, snapshot }), values, snapshots)
    }
}

impl Display for Screen {
    fn show(&self, snapshot: Arc<Snapshot>) {
        self.snapshot.send_replace(Some(snapshot));
    }

    fn draw(&self, _frame: Vec<u8>) {}

    fn recorded(&self, value: &Recorded) {
        // A command that only asks does not listen.
        let _ = self.recorded.send(value.clone());
    }
}
