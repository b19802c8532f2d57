//! The questions of a radio that wait for a person: asked as events, answered by name, over after a while.
//! For the radios behind the port, which share it. Not here: what is asked when, and what an answer leads to.
use crate::ports::{PairingAnswer, PairingPrompt, PairingQuestion, Passkey, PeripheralId, PromptId, RadioEvent};
use bedside_session::PairingFault;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The questions that are open.
#[derive(Debug)]
pub struct OpenQuestions {
    report: mpsc::UnboundedSender<RadioEvent>,
    within: Duration,
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    last: u64,
    waiting: BTreeMap<PromptId, (PeripheralId, oneshot::Sender<PairingAnswer>)>,
}

impl OpenQuestions {
    /// A person has this long; a device gives up about then, too (Core specification, Vol 3, Part H, 3.4: 30 s).
    pub const USUAL: Duration = Duration::from_secs(30);

    /// Questions go out through `report` and are over after `within`.
    pub fn new(report: mpsc::UnboundedSender<RadioEvent>, within: Duration) -> Self {
        Self { report, within, asked: Mutex::default() }
    }

    /// Asks a person and waits. The passkey is there exactly when one was asked for. Anything but a fitting answer in time
    /// is a fault: no answer means no. A question whose asker goes away is over.
    pub async fn ask(
        &self,
        peripheral: &PeripheralId,
        question: PairingQuestion,
    ) -> Result<Option<Passkey>, PairingFault> {
        let (sender, answer) = oneshot::channel();
        let id = {
            let mut asked = self.asked();
            asked.last += 1;
            let id = PromptId(asked.last);
            asked.waiting.insert(id, (peripheral.clone(), sender));
            id
        };
        let _over = Over { questions: self, id };
        let prompt = PairingPrompt { id, peripheral: peripheral.clone(), question, answer_within: self.within };
        if self.report.send(RadioEvent::PairingPrompt(prompt)).is_err() {
            return Err(PairingFault::Unanswered);
        }
        match tokio::time::timeout(self.within, answer).await {
            Err(_) => Err(PairingFault::Unanswered),
            Ok(Err(_)) => Err(PairingFault::Cancelled),
            Ok(Ok(answer)) => fitting(question, answer),
        }
    }

    /// Hands an answer to whoever asked.
    pub fn answer(&self, prompt: PromptId, answer: PairingAnswer) -> Result<(), PairingFault> {
        let waiting = self.asked().waiting.remove(&prompt);
        let (_, asker) = waiting.ok_or(PairingFault::QuestionOver)?;
        asker.send(answer).map_err(|_| PairingFault::QuestionOver)
    }

    /// The device or the system called the questions about this device off: their askers get `PairingFault::Cancelled`.
    pub fn withdraw(&self, peripheral: &PeripheralId) {
        self.asked().waiting.retain(|_, (of, _)| of != peripheral);
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fitting(question: PairingQuestion, answer: PairingAnswer) -> Result<Option<Passkey>, PairingFault> {
    match (question, answer) {
        (PairingQuestion::EnterPasskey, PairingAnswer::Passkey(passkey)) => Ok(Some(passkey)),
        (
            PairingQuestion::MayBond | PairingQuestion::ShowPasskey(_) | PairingQuestion::CompareNumbers(_),
            PairingAnswer::Accept,
        ) => Ok(None),
        (_, PairingAnswer::Accept | PairingAnswer::Passkey(_) | PairingAnswer::Reject) => Err(PairingFault::Declined),
    }
}

/// Says that the question is over, however its asker ends.
struct Over<'a> {
    questions: &'a OpenQuestions,
    id: PromptId,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.questions.asked().waiting.remove(&self.id);
        // Without a listener nobody has to be told.
        let _ = self.questions.report.send(RadioEvent::PairingPromptOver(self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn questions() -> (Arc<OpenQuestions>, mpsc::UnboundedReceiver<RadioEvent>) {
        let (report, events) = mpsc::unbounded_channel();
        (Arc::new(OpenQuestions::new(report, OpenQuestions::USUAL)), events)
    }

    fn strap() -> PeripheralId {
        PeripheralId("strap".into())
    }

    /// What the asker gets when a person gives `answer`.
    async fn answered(question: PairingQuestion, answer: PairingAnswer) -> Result<Option<Passkey>, PairingFault> {
        let ((questions, mut events), strap) = (questions(), strap());
        let asking = questions.ask(&strap, question);
        let answering = async {
            let Some(RadioEvent::PairingPrompt(prompt)) = events.recv().await else { panic!("expected a prompt") };
            assert_eq!((&prompt.peripheral, prompt.question), (&strap, question));
            questions.answer(prompt.id, answer).expect("the question is open");
        };
        let (result, ()) = tokio::join!(asking, answering);
        assert!(matches!(events.try_recv(), Ok(RadioEvent::PairingPromptOver(_))));
        result
    }

    fn key(number: u32) -> Passkey {
        Passkey::new(number).expect("six digits")
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_in_time_means_no() {
        let (questions, mut events) = questions();
        let result = questions.ask(&strap(), PairingQuestion::MayBond).await;
        assert_eq!(result, Err(PairingFault::Unanswered));
        let Some(RadioEvent::PairingPrompt(prompt)) = events.recv().await else { panic!("expected a prompt") };
        assert_eq!(prompt.answer_within, Duration::from_secs(30));
        assert_eq!(events.recv().await, Some(RadioEvent::PairingPromptOver(prompt.id)));
        assert_eq!(questions.answer(prompt.id, PairingAnswer::Accept), Err(PairingFault::QuestionOver));
    }

    #[tokio::test]
    async fn only_an_answer_that_fits_the_question_is_a_yes() {
        let (accept, typed) = (PairingAnswer::Accept, PairingAnswer::Passkey(key(5)));
        let (enter, compare) = (PairingQuestion::EnterPasskey, PairingQuestion::CompareNumbers(key(7)));
        assert_eq!(answered(enter, typed).await, Ok(Some(key(5))));
        assert_eq!(answered(enter, accept).await, Err(PairingFault::Declined));
        assert_eq!(answered(compare, accept).await, Ok(None));
        assert_eq!(answered(compare, typed).await, Err(PairingFault::Declined));
        assert_eq!(answered(PairingQuestion::MayBond, accept).await, Ok(None));
        assert_eq!(answered(PairingQuestion::MayBond, PairingAnswer::Reject).await, Err(PairingFault::Declined));
    }

    #[tokio::test]
    async fn a_question_that_the_device_calls_off_is_cancelled_and_others_stay() {
        let (questions, _events) = questions();
        let (gone, stays) = (strap(), PeripheralId("cuff".into()));
        let mut asked = (
            Box::pin(questions.ask(&gone, PairingQuestion::EnterPasskey)),
            Box::pin(questions.ask(&stays, PairingQuestion::EnterPasskey)),
        );
        assert!(futures::poll!(&mut asked.0).is_pending() && futures::poll!(&mut asked.1).is_pending());
        questions.withdraw(&gone);
        assert_eq!(asked.0.await, Err(PairingFault::Cancelled));
        assert!(futures::poll!(&mut asked.1).is_pending());
    }
}
