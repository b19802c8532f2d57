//! Bodies: gzip where the server takes it, and answers that are read whole or not at all, up to a limit.
//! Not here: what is in them.
use crate::fault;
use bedside_console::ports::ClinicFault;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Response;
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};

/// Below this the head of a request is larger than what gzip saves.
const WORTH_PACKING: usize = 1024;

/// Whether the server takes gzip, as far as that was tried.
#[derive(Debug, Default)]
pub(crate) struct Gzip(AtomicU8);

const UNKNOWN: u8 = 0;
const TAKEN: u8 = 1;
const REFUSED: u8 = 2;

impl Gzip {
    /// The body in gzip, where that is worth it and was not refused before.
    pub(crate) fn pack(&self, body: &str) -> Option<Vec<u8>> {
        if body.len() < WORTH_PACKING || self.0.load(Ordering::Relaxed) == REFUSED {
            return None;
        }
        let mut packed = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
        packed.write_all(body.as_bytes()).ok()?;
        packed.finish().ok()
    }

    /// The status of a request with a packed body: whether the same has to go again unpacked. Nobody who says one of
    /// these has read the body, so nothing was done.
    pub(crate) fn again_unpacked(&self, status: u16) -> bool {
        if (200..300).contains(&status) {
            self.0.store(TAKEN, Ordering::Relaxed);
        }
        matches!(status, 400 | 415 | 501) && self.0.load(Ordering::Relaxed) != TAKEN
    }

    /// It succeeded unpacked.
    pub(crate) fn unpacked_was_taken(&self) {
        self.0.store(REFUSED, Ordering::Relaxed);
    }

    pub(crate) fn known(&self) -> Option<bool> {
        match self.0.load(Ordering::Relaxed) {
            UNKNOWN => None,
            state => Some(state == TAKEN),
        }
    }
}

/// The whole body as text. What is packed is unpacked piece by piece, so that a small packet cannot become a large one.
pub(crate) async fn whole(mut response: Response, limit: usize) -> Result<String, ClinicFault> {
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(ClinicFault::TooLarge { limit });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| fault::of_body(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(ClinicFault::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    String::from_utf8(body).map_err(|_| ClinicFault::Ambiguous("the answer is not UTF-8, so it is no FHIR".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_once_is_not_packed_again_and_what_was_taken_is() {
        let body = "x".repeat(5000);
        let gzip = Gzip::default();
        assert!(gzip.pack(&body).is_some_and(|packed| packed.len() < 200));
        assert!(gzip.again_unpacked(415));
        gzip.unpacked_was_taken();
        assert_eq!((gzip.pack(&body), gzip.known()), (None, Some(false)));
        let gzip = Gzip::default();
        assert!(!gzip.again_unpacked(200));
        assert!(!gzip.again_unpacked(400), "it takes gzip, so the fault is in the body");
        assert_eq!(gzip.known(), Some(true));
    }

    #[test]
    fn a_small_body_goes_as_it_is() {
        assert_eq!(Gzip::default().pack("{}"), None);
    }
}
