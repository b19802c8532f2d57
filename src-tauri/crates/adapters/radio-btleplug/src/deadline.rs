//! How long the system's Bluetooth may take, and how a call is run so that giving it up breaks nothing.
//! Not here: what is called.
use crate::fault::fault_of;
use bedside_session::RadioFault;
use std::time::Duration;

/// How long one step may take before it is a [`RadioFault::Deadline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Making a link; on BlueZ this includes resolving the services. 20 s.
    pub connect: Duration,
    /// Discovering services; uncached on Windows, where it is slow. 35 s.
    pub discover: Duration,
    /// A person's answer to one question of a pairing; then it is no. 30 s.
    pub answer: Duration,
    /// A pairing, after a person allowed it and with the answers to its other questions. 75 s.
    pub pair: Duration,
    /// Every other step. 10 s.
    pub other: Duration,
    /// Time between two looks at whether the adapter is still there (Linux: no signal tells of a Bluetooth service that
    /// ended). 5 s.
    pub watch: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(20),
            discover: seconds(35),
            answer: seconds(30),
            pair: seconds(75),
            other: seconds(10),
            watch: seconds(5),
        }
    }
}

/// The answer of the library, or its fault, or [`RadioFault::Deadline`] naming `step` (words that follow "trying to").
pub(crate) async fn within<T>(
    step: &'static str,
    limit: Duration,
    call: impl Future<Output = btleplug::Result<T>>,
) -> Result<T, RadioFault> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|error| fault_of(step, error)),
        Err(_) => Err(RadioFault::Deadline { step, seconds: limit.as_secs().max(1) }),
    }
}

/// Takes a lock that others hold while they await the library: their deadlines add up, ours does not.
pub(crate) async fn in_turn<'a, T>(
    step: &'static str,
    limit: Duration,
    lock: &'a tokio::sync::Mutex<T>,
) -> Result<tokio::sync::MutexGuard<'a, T>, RadioFault> {
    within(step, limit, async { Ok(lock.lock().await) }).await
}

/// Runs a call as a task of its own. A caller that goes away does not stop it half-way, so the adapter's view and ours
/// stay the same; a panic within the library becomes a fault of this call alone.
pub(crate) async fn to_its_end<T: Send + 'static>(
    call: impl Future<Output = Result<T, RadioFault>> + Send + 'static,
) -> Result<T, RadioFault> {
    match tokio::spawn(call).await {
        Ok(answer) => answer,
        Err(ended) if ended.is_panic() => Err(RadioFault::System("the Bluetooth library failed within itself".into())),
        Err(_) => Err(RadioFault::System("the program is ending".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_answers_ends_at_its_deadline_naming_the_step() {
        let never = std::future::pending::<btleplug::Result<()>>();
        let fault = within("read a value", Duration::from_secs(10), never).await;
        assert_eq!(fault, Err(RadioFault::Deadline { step: "read a value", seconds: 10 }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_that_is_never_given_back_is_a_deadline_and_no_hang() {
        let lock = tokio::sync::Mutex::new(());
        let _held = lock.lock().await;
        let late = in_turn("connect", Duration::from_secs(10), &lock).await.map(drop);
        assert_eq!(late, Err(RadioFault::Deadline { step: "connect", seconds: 10 }));
    }

    #[tokio::test]
    async fn a_panic_within_a_call_is_its_fault_and_nobody_elses() {
        let fault = to_its_end::<()>(async { panic!("as the library might") }).await;
        assert!(matches!(fault, Err(RadioFault::System(_))), "{fault:?}");
        assert_eq!(to_its_end(async { Ok(1) }).await, Ok(1));
    }

    #[tokio::test]
    async fn a_call_whose_caller_went_away_still_runs_to_its_end() {
        let (begun, done) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
        let (begin, finish) = (Arc::clone(&begun), Arc::clone(&done));
        let caller = tokio::spawn(to_its_end(async move {
            begin.notify_one();
            tokio::task::yield_now().await;
            finish.notify_one();
            Ok(())
        }));
        begun.notified().await;
        caller.abort();
        done.notified().await;
    }
}
