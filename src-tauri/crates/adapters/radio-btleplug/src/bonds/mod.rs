//! Bonds and pairing as each system keeps them: BlueZ, WinRT, or a system that asks the person by itself.
//! All three have the same calls. Not here: which device is to be paired; that is the console's.

#[cfg(target_os = "linux")]
mod agent;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(any(target_os = "linux", windows)))]
mod system_asks;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{AgentLease, Bonds};
#[cfg(not(any(target_os = "linux", windows)))]
pub(crate) use system_asks::{AgentLease, Bonds};
#[cfg(windows)]
pub(crate) use windows::{AgentLease, Bonds};

use bedside_console::ports::{BondState, PeripheralId};
use bedside_session::{PairingFault, RadioFault};
use std::time::Duration;

/// How long the system may take.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(any(target_os = "linux", windows)), allow(dead_code, reason = "such a system pairs without us"))]
pub(crate) struct Limits {
    /// A whole pairing, the person's answers included.
    pub(crate) pair: Duration,
    /// Every other call.
    pub(crate) other: Duration,
}

impl Bonds {
    /// Runs a call on a device. Where the system wants a pairing meanwhile, that is the fault, at once, instead of a call
    /// that hangs; where it keeps a bond and the device wants one all the same, the two disagree.
    pub(crate) async fn watching<T>(
        &self,
        id: &PeripheralId,
        call: impl Future<Output = Result<T, RadioFault>>,
    ) -> Result<T, RadioFault> {
        let answer = tokio::select! {
            biased;
            answer = call => answer,
            () = self.asked_by_system(id) => Err(RadioFault::PairingNeeded),
        };
        match answer {
            Err(RadioFault::PairingNeeded) if self.is_bonded(id).await => Err(PairingFault::BondsDisagree.into()),
            answer => answer,
        }
    }

    async fn is_bonded(&self, id: &PeripheralId) -> bool {
        self.bond(id).await.is_ok_and(|bond| bond.state == BondState::Bonded)
    }
}
