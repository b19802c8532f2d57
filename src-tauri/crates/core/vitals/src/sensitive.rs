//! Health data and secrets as a type: it prints as a block and cannot be serialized by accident.
//! Not here: encryption, and wiping memory after use.
use core::fmt;

/// A value that must never reach a log. `Debug` and `Display` print `▮`; it is not `Serialize`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, where it is truly needed: storage, screen, server.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("▮")
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("▮")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_name_is_never_printed() {
        assert_eq!(format!("{:?} {}", Sensitive::new("ADEYEMI"), Sensitive::new(1)), "▮ ▮");
    }
}
