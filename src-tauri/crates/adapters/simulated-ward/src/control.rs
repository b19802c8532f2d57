//! The ward's strings: makes things happen at run time, for tests and demonstrations.
//! The same acts can be planned in a scenario.
use crate::scenario::{Act, Corruption};
use crate::ward::Shared;
use crate::world::Toll;
use bedside_console::ports::AdapterState;
use std::sync::Arc;
use std::time::Duration;

/// A handle on a ward. A device is named as in `cuff-1` or `sim:cuff-1`.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

/// A name that no device of the ward has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a device of the ward such as cuff-1, got {got:?}")]
pub struct UnknownDevice {
    /// The name, at most 40 characters.
    pub got: String,
}

/// A link that is dropped is away for this long.
const DROPPED: Duration = Duration::from_secs(2);

impl Control {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Does anything that a scenario could plan.
    pub fn act(&self, device: &str, act: Act) -> Result<(), UnknownDevice> {
        let known = self.shared.with(|world| world.act(device, act));
        if known { Ok(()) } else { Err(UnknownDevice { got: device.chars().take(40).collect() }) }
    }

    /// Drops the link; the device can be reached again after two seconds.
    pub fn drop_link(&self, device: &str) -> Result<(), UnknownDevice> {
        self.act(device, Act::Drop(DROPPED))
    }

    /// Stops the values, with the link up.
    pub fn silence(&self, device: &str) -> Result<(), UnknownDevice> {
        self.act(device, Act::Silence)
    }

    /// Lets the values come again.
    pub fn resume(&self, device: &str) -> Result<(), UnknownDevice> {
        self.act(device, Act::Resume)
    }

    /// Lets a cuff measure: the reading can be fetched about half a minute later.
    pub fn take_cuff_measurement(&self, device: &str) -> Result<(), UnknownDevice> {
        self.act(device, Act::Measure)
    }

    /// Lets a thermometer measure: the reading can be fetched a few seconds later.
    pub fn take_temperature(&self, device: &str) -> Result<(), UnknownDevice> {
        self.act(device, Act::Measure)
    }

    /// Carries a device away, or back.
    pub fn set_out_of_reach(&self, device: &str, away: bool) -> Result<(), UnknownDevice> {
        self.act(device, if away { Act::LeaveReach } else { Act::EnterReach })
    }

    /// Takes the sensor off the person, or puts it on.
    pub fn set_contact(&self, device: &str, touches: bool) -> Result<(), UnknownDevice> {
        self.act(device, if touches { Act::RegainContact } else { Act::LoseContact })
    }

    /// Damages the next measurement that the device sends.
    pub fn corrupt_next(&self, device: &str, corruption: Corruption) -> Result<(), UnknownDevice> {
        self.act(device, Act::Corrupt(corruption))
    }

    /// Lets a device forget whom it was paired with.
    pub fn forget_bond(&self, device: &str) -> Result<(), UnknownDevice> {
        self.act(device, Act::ForgetBond)
    }

    /// What drops cost so far: times to come back, records handed over.
    pub fn toll(&self) -> Toll {
        self.shared.with(|world| world.toll())
    }

    /// Carries every device away at once: nothing is sent any more.
    pub fn carry_all_away(&self) {
        self.shared.with(|world| world.act_on_all(Act::LeaveReach));
    }

    /// Switches the computer's Bluetooth adapter, or takes it away.
    pub fn set_adapter(&self, state: AdapterState) {
        self.shared.with(|world| world.switch_adapter(state));
    }
}
