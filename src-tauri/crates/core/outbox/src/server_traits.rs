//! What is known of a server from its answers and from its own words, kept from run to run.
//! Not here: how it is learned (`answers`).

/// What a server takes. Unknown until it was tried or the server said so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerTraits {
    /// Whether a resource may be put at an id that we chose (FHIR: `updateCreate`).
    pub our_ids: Option<bool>,
    /// Whether it takes AuditEvents.
    pub audit_events: Option<bool>,
    /// The most rows that it takes in one request.
    pub most_rows: Option<usize>,
    /// With how many rows the last request went well: where the next run begins.
    pub rows: Option<usize>,
}

impl ServerTraits {
    /// What the server says of itself, over what was learned: a limit that was met stays.
    #[must_use]
    pub fn with_words(self, said: Self) -> Self {
        let least = |a: Option<usize>, b: Option<usize>| a.into_iter().chain(b).min();
        Self {
            our_ids: self.our_ids.or(said.our_ids),
            audit_events: self.audit_events.or(said.audit_events),
            most_rows: least(self.most_rows, said.most_rows),
            rows: self.rows.or(said.rows),
        }
    }
}
