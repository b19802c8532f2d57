//! What an HTTP status means, for one entry of a batch and for a request as a whole.
//! Not here: what is done about it.

/// What a status says of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryVerdict {
    /// It is stored.
    Accepted,
    /// It never will be, as it is.
    Refused,
    /// The server holds another version, or several.
    Conflict,
    /// Not now; the server as a whole is busy.
    Busy,
    /// Not now; the server failed on it.
    Failed,
    /// The token is not good.
    Token,
    /// The token does not reach so far.
    Permission,
    /// The server does not take this kind of record: known of audit entries.
    NotTaken,
    /// It goes under another name: the server gives ids itself.
    OtherName,
}

/// The verdict of an entry's status.
pub(crate) const fn of_entry(status: u16) -> EntryVerdict {
    match status {
        200 | 201 | 204 => EntryVerdict::Accepted,
        401 => EntryVerdict::Token,
        403 => EntryVerdict::Permission,
        409 | 412 => EntryVerdict::Conflict,
        425 | 429 | 503 => EntryVerdict::Busy,
        408 | 424 | 500..=599 => EntryVerdict::Failed,
        400..=499 => EntryVerdict::Refused,
        // 202 promises and does not say that anything is stored.
        _ => EntryVerdict::Failed,
    }
}

/// What a status says of a request as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WholeVerdict {
    /// The token is not good.
    Token,
    /// The token does not reach so far.
    Permission,
    /// There is no FHIR server at this address.
    Address,
    /// Too many entries, or too large.
    TooLarge,
    /// Something in it is refused; which part is not said.
    Refused,
    /// Not now; surely nothing was done.
    Busy,
    /// Not now; it may have been done all the same.
    Failed,
    /// A success that is no answer to a batch.
    NotFhir,
}

/// The verdict of a whole request's status. `too_large`: the server's words say so.
pub(crate) const fn of_whole(status: u16, too_large: bool) -> WholeVerdict {
    match status {
        401 => WholeVerdict::Token,
        403 => WholeVerdict::Permission,
        413 => WholeVerdict::TooLarge,
        425 | 429 | 503 => WholeVerdict::Busy,
        300..=399 | 404 | 405 | 410 | 501 => WholeVerdict::Address,
        408 | 500..=599 => WholeVerdict::Failed,
        400..=499 if too_large => WholeVerdict::TooLarge,
        400..=499 => WholeVerdict::Refused,
        _ => WholeVerdict::NotFhir,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_statuses_mean_that_a_record_is_stored() {
        let accepted: alloc::vec::Vec<u16> =
            (0..=999).filter(|status| of_entry(*status) == EntryVerdict::Accepted).collect();
        assert_eq!(accepted, [200, 201, 204]);
    }

    #[test]
    fn no_status_of_a_whole_request_is_taken_for_an_answer_to_its_entries() {
        assert_eq!(of_whole(200, false), WholeVerdict::NotFhir);
        assert_eq!(of_whole(400, false), WholeVerdict::Refused);
        assert_eq!(of_whole(400, true), WholeVerdict::TooLarge);
        assert_eq!(of_whole(404, false), WholeVerdict::Address);
    }
}
