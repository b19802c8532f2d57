//! The end of a link: by the device, by ourselves, or for good; and what comes next.
//! Not here: how long is waited (`back_off`), and what becomes of values that were held (`values`).
use super::{Session, State};
use crate::input::*;
use bedside_vitals::LinkState;

impl Session {
    pub(super) fn link_ended(&mut self, now: Now) {
        self.pending = None;
        match self.state {
            State::Connecting | State::Preparing(_) | State::Streaming => {
                let asked = self.download.is_some();
                self.end_download(Shortfall::LinkLost);
                self.end_clock_setting();
                self.identify_late();
                // A device that sent what it had and hung up while we still asked who it is did what it always does.
                let preparing = matches!(self.state, State::Preparing(_)) && self.quirk.measure_first;
                let done = self.state == State::Streaming && !asked || preparing;
                let normal = self.config.event_driven && done;
                if normal {
                    self.state = State::Waiting;
                    self.set_link(LinkState::Ended);
                } else {
                    self.wait_and_try_again(now);
                }
            }
            State::Disconnecting { finish } => self.after_disconnect(now, finish),
            State::Waiting | State::BackingOff(_) | State::Finished => {}
        }
    }

    pub(super) fn stop(&mut self, now: Now) {
        match self.state {
            State::Waiting | State::BackingOff(_) => self.after_disconnect(now, true),
            State::Connecting | State::Preparing(_) | State::Streaming | State::Disconnecting { .. } => {
                self.disconnect(now, true);
            }
            State::Finished => {}
        }
    }

    pub(super) fn disconnect(&mut self, now: Now, finish: bool) {
        self.end_download(if finish { Shortfall::Aborted } else { Shortfall::LinkLost });
        self.end_clock_setting();
        if !finish {
            self.identify_late();
        }
        let finish = finish || self.state == State::Disconnecting { finish: true };
        self.state = State::Disconnecting { finish };
        self.request(now, Action::Disconnect);
    }

    pub(super) fn after_disconnect(&mut self, now: Now, finish: bool) {
        if finish {
            self.release_all();
            self.state = State::Finished;
            self.pending = None;
            self.set_link(LinkState::Ended);
            self.events.push_back(Event::Finished);
        } else {
            self.wait_and_try_again(now);
        }
    }

    pub(super) fn wait_and_try_again(&mut self, now: Now) {
        self.set_link(LinkState::Lost);
        // A cuff sleeps until its next measurement; trying to connect to it meanwhile only costs time on the air.
        self.state = if self.config.event_driven {
            State::Waiting
        } else {
            State::BackingOff(now.boot.plus(self.back_off.fail()))
        };
    }
}
