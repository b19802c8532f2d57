//! What a policy says about locks, emergencies, recovery and backups.
//! Not here: carrying it out; the bounds are those of `product.md` and NIST SP 800-63B (12 h, 30 min).
use crate::PolicyFault;
use crate::json::{Member, Object};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// When the screen and the vault lock by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockTimes {
    /// Nobody touched the window for so long: the screen locks. 60 to 1800 s; default 300.
    pub screen_idle: Duration,
    /// So long before, the screen says so. 10 to 120 s; default 60.
    pub warning: Duration,
    /// Nobody touched it for so long: the vault locks. 300 to 43,200 s; default 1800.
    pub vault_idle: Duration,
    /// One sign-in lasts at most so long. 900 to 43,200 s; default 43,200.
    pub absolute: Duration,
}

impl Default for LockTimes {
    fn default() -> Self {
        Self {
            screen_idle: Duration::from_secs(300),
            warning: Duration::from_secs(60),
            vault_idle: Duration::from_secs(1800),
            absolute: Duration::from_secs(43_200),
        }
    }
}

impl LockTimes {
    pub(crate) const MEMBERS: [&'static str; 4] = ["screen_idle_s", "warning_s", "vault_idle_s", "absolute_s"];

    pub(crate) fn read(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> Self {
        let default = Self::default();
        let Some(object) = root.object("lock", &Self::MEMBERS, faults) else { return default };
        let mut seconds = |name, least, most, default| {
            let whole = bounded(&object, name, (least, most), "seconds", faults);
            whole.map_or(default, Duration::from_secs)
        };
        Self {
            screen_idle: seconds("screen_idle_s", 60, 1800, default.screen_idle),
            warning: seconds("warning_s", 10, 120, default.warning),
            vault_idle: seconds("vault_idle_s", 300, 43_200, default.vault_idle),
            absolute: seconds("absolute_s", 900, 43_200, default.absolute),
        }
    }
}

/// When and where backups are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backups {
    /// Minutes between two. 5 to 1440; default 15.
    pub every_minutes: u32,
    /// The absolute path of their folder; `None` = beside the vault.
    pub folder: Option<String>,
}

impl Default for Backups {
    fn default() -> Self {
        Self { every_minutes: 15, folder: None }
    }
}

impl Backups {
    pub(crate) const MEMBERS: [&'static str; 2] = ["every_minutes", "folder"];

    pub(crate) fn read(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> Self {
        let default = Self::default();
        let Some(object) = root.object("backup", &Self::MEMBERS, faults) else { return default };
        let minutes = bounded(&object, "every_minutes", (5, 1440), "minutes", faults);
        let folder = crate::policy::optional(&object, "folder", "the absolute path of a folder", faults, |member| {
            member.text().filter(|text| crate::policy::is_absolute_path(text)).map(ToString::to_string)
        });
        let every_minutes = minutes.and_then(|minutes| u32::try_from(minutes).ok()).unwrap_or(default.every_minutes);
        Self { every_minutes, folder }
    }
}

/// Hours that records stay open in an emergency: 1 to 4, default 4.
pub(crate) fn break_glass_hours(root: &Object<'_>, faults: &mut Vec<PolicyFault>) -> u32 {
    let hours = bounded(root, "break_glass_hours", (1, 4), "hours", faults);
    hours.and_then(|hours| u32::try_from(hours).ok()).unwrap_or(4)
}

/// A truth value, or its default.
pub(crate) fn flag(root: &Object<'_>, name: &str, default: bool, faults: &mut Vec<PolicyFault>) -> bool {
    let Some(member) = root.member(name) else { return default };
    member.flag().unwrap_or_else(|| {
        faults.push(member.fault("true or false"));
        default
    })
}

/// IT's X25519 public key in base64 (RFC 4648, section 4), padded: 44 characters.
pub(crate) fn recovery_public_key(member: &Member<'_>) -> Option<[u8; 32]> {
    let text = member.text()?.as_bytes();
    let (last, blocks) = (text.len() == 44).then(|| text.strip_suffix(b"="))??.split_at(40);
    let mut octets = Vec::with_capacity(33);
    for four in last.chunks(4).chain([&[blocks, b"A"].concat()[..]]) {
        let mut bits = 0u32;
        for &letter in four {
            bits = bits << 6 | u32::from(sextet(letter)?);
        }
        octets.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    // The two bits that 32 octets leave over are zero: a key has one spelling. All zeros is no key.
    let (spare, key) = octets.split_last()?;
    let key: [u8; 32] = key.try_into().ok()?;
    (*spare == 0 && key != [0; 32]).then_some(key)
}

/// What is expected of it.
pub(crate) const PUBLIC_KEY: &str = "an X25519 public key in base64: 44 characters, the last of them =";

const fn sextet(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn bounded(
    object: &Object<'_>,
    name: &str,
    (least, most): (u64, u64),
    unit: &str,
    faults: &mut Vec<PolicyFault>,
) -> Option<u64> {
    let member = object.member(name)?;
    let number = member.whole_number(least, most);
    if number.is_none() {
        faults.push(member.fault(format!("whole {unit} from {least} to {most}")));
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;
    use alloc::vec;

    fn faulty_paths(text: &str) -> Vec<String> {
        Policy::parse(text).unwrap_err().into_iter().map(|fault| fault.path).collect()
    }

    #[test]
    fn locks_have_the_written_defaults_and_take_what_is_within_bounds() {
        let standard = LockTimes::default();
        assert_eq!(Policy::parse("{}").unwrap().lock, standard);
        let lock = Policy::parse(r#"{"lock":{"screen_idle_s":60,"vault_idle_s":43200}}"#).unwrap().lock;
        assert_eq!(lock.screen_idle, Duration::from_secs(60));
        assert_eq!(lock.vault_idle, Duration::from_secs(43_200));
        assert_eq!((lock.warning, lock.absolute), (standard.warning, standard.absolute));
    }

    #[test]
    fn no_policy_switches_a_lock_off() {
        for text in [r#"{"lock":{"screen_idle_s":0}}"#, r#"{"lock":{"screen_idle_s":null}}"#] {
            assert_eq!(faulty_paths(text), ["$.lock.screen_idle_s"]);
        }
        assert_eq!(faulty_paths(r#"{"lock":{"absolute_s":43201}}"#), ["$.lock.absolute_s"]);
        assert_eq!(faulty_paths(r#"{"lock":{"vault_idle_s":299}}"#), ["$.lock.vault_idle_s"]);
    }

    #[test]
    fn a_recovery_key_is_read_to_its_octets() {
        let policy = Policy::parse(r#"{"recovery_public_key":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#);
        assert_eq!(policy.unwrap().recovery_public_key, Some(core::array::from_fn(|place| place as u8)));
        assert_eq!(Policy::parse(r#"{"recovery_public_key":null}"#).unwrap().recovery_public_key, None);
    }

    #[test]
    fn a_key_with_a_slip_is_a_fault() {
        let slips = [
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8!",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd-h8=",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "",
        ];
        for slip in slips {
            let text = format!(r#"{{"recovery_public_key":"{slip}"}}"#);
            assert_eq!(faulty_paths(&text), ["$.recovery_public_key"], "{slip}");
        }
    }

    #[test]
    fn backups_are_made_often_enough_and_to_an_absolute_folder() {
        let policy = Policy::parse(r#"{"backup":{"every_minutes":60,"folder":"/var/backups/bedside"}}"#).unwrap();
        assert_eq!(policy.backup, Backups { every_minutes: 60, folder: Some("/var/backups/bedside".into()) });
        let faulty = vec!["$.backup.every_minutes".to_string(), "$.backup.folder".to_string()];
        assert_eq!(faulty_paths(r#"{"backup":{"every_minutes":1441,"folder":"backups"}}"#), faulty);
    }

    #[test]
    fn an_emergency_lasts_at_most_four_hours() {
        assert_eq!(Policy::default().break_glass_hours, 4);
        assert_eq!(faulty_paths(r#"{"break_glass_hours":5}"#), ["$.break_glass_hours"]);
        assert!(!Policy::parse(r#"{"break_glass":false}"#).unwrap().break_glass);
    }

    #[test]
    fn the_watch_display_is_off_and_export_on_unless_the_policy_says_otherwise() {
        let standard = Policy::default();
        assert!(!standard.watch_display && standard.export);
        let policy = Policy::parse(r#"{"watch_display":true,"export":false}"#).unwrap();
        assert!(policy.watch_display && !policy.export);
    }
}
