//! Bonds on a system that keeps them to itself (macOS): it asks the person when a protected value is used.
//! There is nothing to call; each call says so.
use super::Limits;
use bedside_console::OpenQuestions;
use bedside_console::ports::{Bond, BondSource, BondState, PeripheralId};
use bedside_session::{PairingFault, RadioFault};
use std::sync::Arc;

/// The bonds that the system keeps.
#[derive(Debug)]
pub(crate) struct Bonds;

/// Nothing is needed for the system to ask.
#[derive(Debug)]
pub(crate) struct AgentLease;

impl Bonds {
    pub(crate) fn new(_questions: Arc<OpenQuestions>, _limits: Limits) -> Arc<Self> {
        Arc::new(Self)
    }

    pub(crate) async fn lease(self: &Arc<Self>) -> Option<AgentLease> {
        None
    }

    pub(crate) async fn bond(&self, _id: &PeripheralId) -> Result<Bond, RadioFault> {
        Ok(Bond { state: BondState::NotTold, source: BondSource::CoreBluetooth })
    }

    pub(crate) async fn pair(self: &Arc<Self>, _id: &PeripheralId) -> Result<(), RadioFault> {
        Err(PairingFault::LeftToSystem.into())
    }

    /// The person removes the device in the system's Bluetooth settings.
    pub(crate) async fn forget(&self, _id: &PeripheralId) -> Result<(), RadioFault> {
        Err(PairingFault::LeftToSystem.into())
    }

    /// The system's own question is not told to us; the call waits for its answer.
    pub(crate) async fn asked_by_system(&self, _id: &PeripheralId) {
        std::future::pending().await
    }
}
