//! Answers that were asked for before people were hidden and would arrive after it.
//! Not here: when people are hidden (`access`).
use crate::request::RequestError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts how often people were hidden.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epoch(Arc<AtomicU64>);

/// The moment a request came in.
#[derive(Debug)]
pub(crate) struct Moment {
    epoch: Epoch,
    then: u64,
}

impl Epoch {
    /// People are hidden: what was asked until now is not answered any more.
    pub(crate) fn advance(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Now.
    pub(crate) fn moment(&self) -> Moment {
        Moment { epoch: self.clone(), then: self.0.load(Ordering::SeqCst) }
    }
}

impl Moment {
    /// The answer, unless people were hidden since.
    pub(crate) fn let_through<T>(&self, answer: Result<T, RequestError>) -> Result<T, RequestError> {
        if self.epoch.0.load(Ordering::SeqCst) == self.then { answer } else { Err(RequestError::Locked) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_before_people_were_hidden_is_not_answered_after() {
        let epoch = Epoch::default();
        let before = epoch.moment();
        assert_eq!(before.let_through(Ok(1)), Ok(1));
        epoch.advance();
        assert_eq!(before.let_through(Ok(1)), Err(RequestError::Locked));
        assert_eq!(epoch.moment().let_through(Ok(2)), Ok(2));
    }
}
