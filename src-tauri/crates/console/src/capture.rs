//! Recording a device for nobody: without a patient, in every state of access (product law 3: capture is never blocked).
//! Not here: binding it to somebody afterwards (`binding`), and giving what was kept to a patient (`inbox`).
use crate::audit::AuditAction;
use crate::commits::{After, Batch};
use crate::devices::Purpose;
use crate::event_loop::Console;
use crate::ports::PeripheralId;
use crate::records::Changes;
use crate::request::RequestError;
use crate::snapshot::Mode;
use tokio::sync::oneshot;
use uuid::Uuid;

impl Console {
    /// A person wants a device recorded. Answered once it has said who it is and that is durable; what it sends is
    /// unassigned from then on.
    pub(crate) fn capture(&mut self, peripheral: PeripheralId, reply: oneshot::Sender<Result<(), RequestError>>) {
        let refusal = match (self.devices.heard.get(&peripheral), self.devices.by_peripheral(&peripheral)) {
            _ if self.closing.is_some() => Some(RequestError::ConsoleGone),
            // It is recorded, for whomever.
            (_, Some(tracked)) if tracked.device.is_some() => {
                let _ = reply.send(Ok(()));
                return;
            }
            (_, Some(_)) => Some(RequestError::Busy),
            (None, None) => Some(RequestError::NoSuchDevice),
            (Some(heard), None) if heard.advertisement.simulated != (self.mode == Mode::Demo) => {
                Some(RequestError::WrongMode)
            }
            (Some(_), None) => None,
        };
        if let Some(error) = refusal {
            let _ = reply.send(Err(error));
            return;
        }
        self.track(peripheral, Purpose { patient: None, device: None, by: self.by(), reply: Some(reply) });
    }
    /// A binding could not be written: it was not made, and the device is recorded for nobody as before.
    pub(crate) fn not_bound(&mut self, binding: Uuid) {
        let of_it = |binding_of: &crate::records::Binding| binding_of.id == binding;
        for tracked in self.devices.tracked.values_mut() {
            if tracked.binding.take_if(|of| of_it(of)).is_some() {
                tracked.purpose.patient = None;
            }
        }
    }

    /// A person has seen that recording was interrupted. It is forgotten once that is written.
    pub(crate) fn acknowledge_interruption(
        &mut self,
        bind_again: bool,
        reply: oneshot::Sender<Result<(), RequestError>>,
    ) {
        let Some(interruption) = self.interrupted.take() else {
            let _ = reply.send(Ok(()));
            return;
        };
        for (device, patient) in interruption.devices.into_iter().filter(|_| bind_again) {
            // One that was bound to somebody meanwhile stays there.
            let _ = self.bind_known(device, patient);
        }
        let entry = self.entry(AuditAction::InterruptionSeen, None, None);
        let changes = Changes { interruption: Some(None), audit: vec![entry], ..Changes::default() };
        let after = vec![After::Reply(Box::new(move |result| drop(reply.send(result))))];
        self.commits.request(Batch { changes, after });
    }
}
