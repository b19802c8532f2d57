//! A person of this console as the server is told of them: by the id that the audit log names, and the name colleagues
//! know.
//! Not here: patients (`patient`), and what somebody did (`provenance`).
use crate::datatypes::{Identifier, Reference};
use std::fmt;
use uuid::Uuid;

/// Somebody who works with this console.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The id of the vault.
    pub id: Uuid,
    /// The name that colleagues know; `None` where it is not known here.
    pub name: Option<String>,
}

impl fmt::Debug for Person {
    /// Without the name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person {}", self.id)
    }
}

impl Person {
    /// A reference by identifier: the server need not have a Practitioner for what they measured to be filed.
    pub(crate) fn reference(&self) -> Reference {
        Reference::named("Practitioner", Identifier::of_uuid(self.id), self.name.clone())
    }
}
