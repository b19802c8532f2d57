//! The faults of btleplug and of the systems below it, reduced to what a person can do.
//! Not here: deadlines, which are ours. No text of a fault names a device: addresses are taken out.
use bedside_session::RadioFault;
use btleplug::Error;

/// What went wrong in `step` (words that follow "trying to").
pub(crate) fn fault_of(step: &'static str, error: Error) -> RadioFault {
    match error {
        Error::PermissionDenied => RadioFault::NotPermitted("permission denied".into()),
        Error::DeviceNotFound | Error::NotConnected => RadioFault::OutOfReach,
        Error::UnexpectedCharacteristic | Error::NoSuchCharacteristic => {
            RadioFault::Refused("it has no such characteristic".into())
        }
        Error::NoAdapterAvailable => RadioFault::NoAdapter,
        Error::TimedOut(after) => RadioFault::Deadline { step, seconds: after.as_secs() },
        Error::NotSupported(what) => RadioFault::System(safe_text(&format!("not supported: {what}"))),
        Error::RuntimeError(text) => fault_of_text(&text),
        Error::UnexpectedCallback | Error::Uuid(_) | Error::InvalidBDAddr(_) => {
            RadioFault::System(safe_text(&error.to_string()))
        }
        Error::Other(inner) => match bus_error(inner.as_ref()) {
            Some(BusError { name, message }) => fault_of_bus(step, &name, &message),
            None => fault_of_text(&inner.to_string()),
        },
    }
}

/// Whether the fault is BlueZ's way to say that the thing is so already.
pub(crate) fn is_in_progress(error: &Error) -> bool {
    let Error::Other(inner) = error else { return false };
    bus_error(inner.as_ref())
        .is_some_and(|e| e.name == "org.bluez.Error.InProgress" || e.name == "org.bluez.Error.AlreadyConnected")
}

/// An error that came over D-Bus.
struct BusError {
    name: String,
    message: String,
}

#[cfg(target_os = "linux")]
fn bus_error(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<BusError> {
    use bluez_async::BluetoothError;
    match error.downcast_ref::<BluetoothError>()? {
        BluetoothError::DbusError(error) => {
            let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
            Some(BusError { name: text(error.name()), message: text(error.message()) })
        }
        BluetoothError::ServiceDiscoveryTimedOut => {
            Some(BusError { name: "org.freedesktop.DBus.Error.Timeout".into(), message: String::new() })
        }
        BluetoothError::NoBluetoothAdapters => {
            Some(BusError { name: "org.freedesktop.DBus.Error.ServiceUnknown".into(), message: String::new() })
        }
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn bus_error(_: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<BusError> {
    None
}

/// D-Bus errors (D-Bus specification, org.freedesktop.DBus.Error) and BlueZ's (its doc/ folder and error.h).
pub(crate) fn fault_of_bus(step: &'static str, name: &str, message: &str) -> RadioFault {
    let text = message.to_lowercase();
    let kind = name.rsplit('.').next().unwrap_or_default();
    let refused = || RadioFault::Refused(safe_text(message));
    if name.starts_with("org.freedesktop.DBus.Error.") {
        return match kind {
            "AccessDenied" | "AuthFailed" => RadioFault::NotPermitted(safe_text(message)),
            // No bus, a bus that went away, or a bus without a Bluetooth service.
            "ServiceUnknown" | "NameHasNoOwner" | "NoServer" | "FileNotFound" | "Disconnected" | "NoNetwork"
            | "BadAddress" => RadioFault::NoAdapter,
            // The object of the device is gone.
            "UnknownObject" | "UnknownMethod" | "UnknownInterface" => RadioFault::OutOfReach,
            "NoReply" | "Timeout" | "TimedOut" => RadioFault::Deadline { step, seconds: 30 },
            _ if name.contains(".Spawn.") => RadioFault::NoAdapter,
            _ => fault_of_text(message),
        };
    }
    match kind {
        "NotReady" => RadioFault::AdapterOff,
        "NotConnected" | "DoesNotExist" | "ConnectionAttemptFailed" => RadioFault::OutOfReach,
        "AuthenticationFailed" | "AuthenticationCanceled" | "AuthenticationRejected" | "AuthenticationTimeout" => {
            RadioFault::PairingNeeded
        }
        // BlueZ answers insufficient authentication, encryption and key size with these words.
        "NotPermitted" if text.contains("not paired") => RadioFault::PairingNeeded,
        "NotPermitted" | "NotAuthorized" | "NotSupported" | "InvalidArguments" | "InvalidValueLength"
        | "InvalidOffset" => refused(),
        _ if text.contains("adapter-not-powered") => RadioFault::AdapterOff,
        // The device does not know the key (any more) that the system began to encrypt with.
        _ if text.contains("key-missing") => RadioFault::PairingNeeded,
        _ if text.starts_with("le-connection-") || text.contains("not connected") => RadioFault::OutOfReach,
        _ => fault_of_text(message),
    }
}

/// What can be told from words alone: ATT errors as BlueZ, CoreBluetooth and WinRT write them.
fn fault_of_text(message: &str) -> RadioFault {
    let text = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // Core specification, Vol 3, Part F, 3.4.1.1: 0x05, 0x0C and 0x0F want a (better) bond.
    if let Some(code) = att_error_code(&text) {
        return match code {
            0x05 | 0x0C | 0x0F => RadioFault::PairingNeeded,
            _ => RadioFault::Refused(safe_text(message)),
        };
    }
    if says(&["insufficient auth", "insufficient enc", "authentication is insufficient", "encryption is insufficient"])
        && !says(&["authorization"])
    {
        return RadioFault::PairingNeeded;
    }
    if says(&["authorization is insufficient", "insufficient authorization", "not permitted", "protocol error"]) {
        return RadioFault::Refused(safe_text(message));
    }
    if says(&["host is down", "connection abort", "connection reset", "unreachable", "peripheral disconnected"]) {
        return RadioFault::OutOfReach;
    }
    RadioFault::System(safe_text(message))
}

/// The code in "… ATT error: 0x0e".
fn att_error_code(lower_case: &str) -> Option<u8> {
    let (_, after) = lower_case.split_once("att error: 0x")?;
    let digits: String = after.chars().take_while(char::is_ascii_hexdigit).collect();
    u8::from_str_radix(&digits, 16).ok()
}

/// `text` on one line, at most 160 characters, without device addresses and the bus paths that hold them.
pub(crate) fn safe_text(text: &str) -> String {
    let names_device = |word: &str| {
        let pairs = word.split(|c: char| !c.is_ascii_alphanumeric());
        let octets = pairs.filter(|p| p.len() == 2 && p.chars().all(|c| c.is_ascii_hexdigit())).count();
        word.contains("dev_") || octets >= 6
    };
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let kept: Vec<&str> = words.map(|word| if names_device(word) { "▮" } else { word }).collect();
    kept.join(" ").chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bus(name: &str, message: &str) -> RadioFault {
        fault_of_bus("read a value", name, message)
    }

    #[test]
    fn a_missing_bus_or_bluetooth_service_is_a_missing_adapter() {
        for name in ["ServiceUnknown", "NameHasNoOwner", "FileNotFound", "NoServer", "Disconnected", "Spawn.ExecFailed"]
        {
            assert_eq!(bus(&format!("org.freedesktop.DBus.Error.{name}"), "x"), RadioFault::NoAdapter, "{name}");
        }
    }

    #[test]
    fn a_bus_that_denies_access_is_a_missing_permission_and_a_device_that_denies_is_not() {
        let denied = bus("org.freedesktop.DBus.Error.AccessDenied", "Rejected send message");
        assert_eq!(denied, RadioFault::NotPermitted("Rejected send message".into()));
        let refused = bus("org.bluez.Error.NotPermitted", "Read not permitted");
        assert_eq!(refused, RadioFault::Refused("Read not permitted".into()));
    }

    #[test]
    fn missing_security_asks_for_pairing() {
        assert_eq!(bus("org.bluez.Error.NotPermitted", "Not paired"), RadioFault::PairingNeeded);
        assert_eq!(bus("org.bluez.Error.AuthenticationFailed", ""), RadioFault::PairingNeeded);
        for code in ["0x05", "0x0c", "0x0f"] {
            let text = format!("Operation failed with ATT error: {code}");
            assert_eq!(bus("org.bluez.Error.Failed", &text), RadioFault::PairingNeeded, "{code}");
        }
        for text in ["Authentication is insufficient.", "Encryption is insufficient.", "Insufficient Authentication"] {
            assert_eq!(fault_of_text(text), RadioFault::PairingNeeded, "{text}");
        }
    }

    #[test]
    fn other_att_errors_are_refusals_that_keep_their_words() {
        for text in ["Operation failed with ATT error: 0x80", "Operation failed with ATT error: 0x08"] {
            assert_eq!(bus("org.bluez.Error.Failed", text), RadioFault::Refused(text.into()));
        }
        assert!(matches!(fault_of_text("Authorization is insufficient."), RadioFault::Refused(_)));
    }

    #[test]
    fn an_adapter_without_power_is_off_and_a_failed_connection_out_of_reach() {
        assert_eq!(bus("org.bluez.Error.NotReady", "Resource Not Ready"), RadioFault::AdapterOff);
        assert_eq!(bus("org.bluez.Error.Failed", "le-connection-adapter-not-powered"), RadioFault::AdapterOff);
        assert_eq!(bus("org.bluez.Error.Failed", "le-connection-abort-by-local"), RadioFault::OutOfReach);
        assert_eq!(bus("org.bluez.Error.Failed", "Not connected"), RadioFault::OutOfReach);
        assert_eq!(bus("org.freedesktop.DBus.Error.UnknownObject", "x"), RadioFault::OutOfReach);
        assert_eq!(fault_of("connect", Error::NotConnected), RadioFault::OutOfReach);
    }

    #[test]
    fn a_time_out_of_the_library_is_a_deadline_of_the_step() {
        let fault = bus("org.freedesktop.DBus.Error.NoReply", "Did not receive a reply");
        assert_eq!(fault, RadioFault::Deadline { step: "read a value", seconds: 30 });
    }

    #[test]
    fn the_text_of_a_fault_names_no_device_and_stays_short() {
        let path = "Method failed at /org/bluez/hci0/dev_F0_00_00_00_00_01 of F0:00:00:00:00:01\nnow";
        assert_eq!(fault_of_text(path), RadioFault::System("Method failed at ▮ of ▮ now".into()));
        assert_eq!(safe_text(&"long ".repeat(100)).chars().count(), 160);
    }
}
