//! What the keyring libraries report, reduced to what a person can do. Octets of an entry are never repeated.
//! Not here: when to connect again (`Keyring`), and the text that a person reads.
use bedside_console::ports::KeyFault;
use keyring_core::Error;

/// A failure of an operation on an entry.
pub(crate) fn of_entry(error: Error) -> KeyFault {
    match error {
        Error::NoEntry => KeyFault::NoEntry,
        Error::NoDefaultStore => KeyFault::NoKeyring,
        Error::NoStorageAccess(_) => KeyFault::Locked,
        // Several entries of one name: none of them can be taken for ours.
        Error::BadEncoding(_) | Error::BadDataFormat(_, _) | Error::Ambiguous(_) => KeyFault::Malformed,
        Error::PlatformFailure(cause) => KeyFault::System(shortened(&cause.to_string())),
        Error::BadStoreFormat(reason) => KeyFault::System(shortened(&reason)),
        Error::TooLong(what, most) => KeyFault::System(format!("{what} is longer than {most} characters")),
        Error::Invalid(what, reason) => KeyFault::System(shortened(&format!("{what}: {reason}"))),
        Error::NotSupportedByStore(what) => KeyFault::System(shortened(&what)),
        // The library may add variants.
        _ => KeyFault::System("an unknown fault".into()),
    }
}

/// A failure to connect: whatever the reason, there is no keyring to talk to, unless it is there and refuses.
pub(crate) fn of_connecting(error: Error) -> KeyFault {
    match error {
        Error::NoStorageAccess(_) => KeyFault::Locked,
        Error::Invalid(what, reason) => KeyFault::System(shortened(&format!("{what}: {reason}"))),
        _ => KeyFault::NoKeyring,
    }
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause() -> keyring_core::error::PlatformError {
        Box::new(std::io::Error::other("the bus\nwent away"))
    }

    #[test]
    fn every_error_of_an_entry_has_its_fault() {
        let system = |text: &str| KeyFault::System(text.into());
        let table = [
            (Error::NoEntry, KeyFault::NoEntry),
            (Error::NoDefaultStore, KeyFault::NoKeyring),
            (Error::NoStorageAccess(cause()), KeyFault::Locked),
            (Error::BadEncoding(vec![1, 2]), KeyFault::Malformed),
            (Error::BadDataFormat(vec![1], cause()), KeyFault::Malformed),
            (Error::Ambiguous(Vec::new()), KeyFault::Malformed),
            (Error::PlatformFailure(cause()), system("the buswent away")),
            (Error::BadStoreFormat("odd".into()), system("odd")),
            (Error::TooLong("user".into(), 5), system("user is longer than 5 characters")),
            (Error::Invalid("user".into(), "empty".into()), system("user: empty")),
            (Error::NotSupportedByStore("modifiers".into()), system("modifiers")),
        ];
        for (error, fault) in table {
            assert_eq!(of_entry(error), fault);
        }
    }

    #[test]
    fn without_a_bus_there_is_no_keyring_and_a_locked_one_is_locked() {
        assert_eq!(of_connecting(Error::PlatformFailure(cause())), KeyFault::NoKeyring);
        assert_eq!(of_connecting(Error::NoDefaultStore), KeyFault::NoKeyring);
        assert_eq!(of_connecting(Error::NoStorageAccess(cause())), KeyFault::Locked);
    }
}
