//! Pairing with the ward's devices: what each asks of a person, and the bonds kept at both ends.
//! Which devices want a bond is the scenario's; what an unbonded one refuses is in `world/calls.rs`.
use crate::scenario::Security;
use crate::ward::SimulatedWard;
use crate::world::World;
use async_trait::async_trait;
use bedside_console::ports::{
    AdapterState, Bond, BondSource, BondState, Pairing, PairingAnswer, PairingQuestion, Passkey, PeripheralId, PromptId,
};
use bedside_session::{PairingFault, RadioFault};
use std::time::Duration;

/// A bond as each end knows it. Only together they are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BothEnds {
    pub(crate) computer: bool,
    pub(crate) device: bool,
}

/// Keys are made and kept within this time.
const KEYS: Duration = Duration::from_millis(600);

#[async_trait]
impl Pairing for SimulatedWard {
    async fn bond(&self, peripheral: &PeripheralId) -> Result<Bond, RadioFault> {
        self.shared().with(|world| world.bond(peripheral))
    }

    async fn pair(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        self.keep_pace()?;
        let Some(security) = self.shared().with(|world| world.begin_pairing(peripheral))? else { return Ok(()) };
        let questions = self.questions();
        questions.ask(peripheral, PairingQuestion::MayBond).await?;
        let passkey = |number: u32| Passkey::new(number % 1_000_000).ok_or(PairingFault::Failed);
        match security {
            Security::Open | Security::JustWorks => {}
            Security::ShowsPasskey(shown) => {
                let typed = questions.ask(peripheral, PairingQuestion::EnterPasskey).await?;
                if typed.map(Passkey::number) != Some(shown) {
                    return Err(PairingFault::Failed.into());
                }
            }
            Security::TakesPasskey(ours) => {
                questions.ask(peripheral, PairingQuestion::ShowPasskey(passkey(ours)?)).await?;
            }
            Security::ShowsNumber(number) => {
                questions.ask(peripheral, PairingQuestion::CompareNumbers(passkey(number)?)).await?;
            }
        }
        tokio::time::sleep(KEYS).await;
        self.shared().with(|world| world.finish_pairing(peripheral))
    }

    async fn answer_pairing(&self, prompt: PromptId, answer: PairingAnswer) -> Result<(), RadioFault> {
        Ok(self.questions().answer(prompt, answer)?)
    }

    async fn forget(&self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        self.keep_pace()?;
        self.shared().with(|world| world.forget(peripheral));
        Ok(())
    }
}

impl World {
    fn bond(&self, peripheral: &PeripheralId) -> Result<Bond, RadioFault> {
        let index = self.index_of(peripheral).ok_or(RadioFault::OutOfReach)?;
        let state = if self.station(index).bond.computer { BondState::Bonded } else { BondState::NotBonded };
        Ok(Bond { state, source: BondSource::SimulatedWard })
    }

    /// What the device asks for; `None` when it is bonded already.
    fn begin_pairing(&mut self, peripheral: &PeripheralId) -> Result<Option<Security>, RadioFault> {
        let index = self.pairable(peripheral)?;
        let station = self.station(index);
        match station.bond {
            BothEnds { computer: true, device: true } => Ok(None),
            BothEnds { computer: true, device: false } => Err(PairingFault::BondsDisagree.into()),
            BothEnds { computer: false, .. } => Ok(Some(station.plan.security)),
        }
    }

    fn finish_pairing(&mut self, peripheral: &PeripheralId) -> Result<(), RadioFault> {
        let index = self.pairable(peripheral)?;
        self.station_mut(index).bond = BothEnds { computer: true, device: true };
        Ok(())
    }

    fn forget(&mut self, peripheral: &PeripheralId) {
        if let Some(index) = self.index_of(peripheral) {
            self.station_mut(index).bond.computer = false;
            self.disconnect(peripheral);
        }
    }

    fn pairable(&self, peripheral: &PeripheralId) -> Result<usize, RadioFault> {
        if self.adapter() != AdapterState::On {
            return Err(RadioFault::AdapterOff);
        }
        let index = self.index_of(peripheral).ok_or(RadioFault::OutOfReach)?;
        if self.station(index).is_reachable() { Ok(index) } else { Err(RadioFault::OutOfReach) }
    }
}
