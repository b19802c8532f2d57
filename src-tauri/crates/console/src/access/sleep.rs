//! The system's sleep waits until the screen is locked, what was captured is written, and the anchor knows of it.
//! Not here: the lock itself (`locking`), and how a system is asked to wait (the machine's).
use crate::commits::After;
use crate::event_loop::Console;
use crate::ports::SleepInhibitor;
use std::time::Duration;

/// So long the keyring may take with the anchor. The system waits for little more.
const ANCHOR_PATIENCE: Duration = Duration::from_secs(3);

/// The lock that makes a sleep wait.
#[derive(Default)]
pub(super) struct SleepDelay {
    held: Option<Box<dyn SleepInhibitor>>,
    /// The system is asked for it, and has not answered.
    asking: bool,
    /// Between the word that sleep is near and the waking.
    sleeping: bool,
}

impl Console {
    /// Asks the system to wait with its next sleep. Where it does not, everything else is as it is.
    pub(crate) fn delay_sleep(&mut self) {
        if self.access.sleep.held.is_some() || std::mem::replace(&mut self.access.sleep.asking, true) {
            return;
        }
        let machine = self.ports.machine.clone();
        self.then(async move {
            let held = machine.delay_sleep("the screen is locked and the record is written first").await;
            move |console: &mut Self| {
                console.access.sleep.asking = false;
                if held.is_none() {
                    tracing::info!(
                        code = "SLEEP-DELAY",
                        "the system does not wait with its sleep for the screen's lock"
                    );
                }
                // An answer that comes when sleep is near would only hold it up.
                console.access.sleep.held = held.filter(|_| !console.access.sleep.sleeping);
            }
        });
    }

    /// Sleep is near, and the screen is locked. What waits to be written is written, with the lock's own entry; then the
    /// system may go on.
    pub(super) fn goes_to_sleep(&mut self) {
        self.access.sleep.sleeping = true;
        // The waking shows each value's age anew; what is on the screen now is nothing of a person.
        self.asked = true;
        self.commits.after_capture(After::Then(Box::new(|console, _| console.may_sleep())));
    }

    fn may_sleep(&mut self) {
        if !self.access.sleep.sleeping {
            // It woke up meanwhile, and holds the lock for the next time.
            return;
        }
        let held = self.access.sleep.held.take();
        let anchor = self.access.vault_is_open().then(|| self.before_locking());
        self.then(async move {
            if let Some(anchor) = anchor {
                // A keyring that does not answer shall not hold the system up for longer than it waits anyway.
                let _ = tokio::time::timeout(ANCHOR_PATIENCE, anchor).await;
            }
            drop(held);
            |_: &mut Self| {}
        });
    }

    /// It woke up, or did not sleep after all.
    pub(super) fn woke_up(&mut self) {
        self.access.sleep.sleeping = false;
        self.delay_sleep();
    }
}
