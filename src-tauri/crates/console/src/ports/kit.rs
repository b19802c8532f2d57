//! A recovery key on paper: Crockford's base32 in groups, each with a character of its own that tells a slip of the pen.
//! Not here: what the key opens.
//!
//! ```text
//! data   = key (32 octets) | SHA-256("bedside recovery kit" | key) [3 octets]       280 bits = 56 characters
//! group  = 4 characters of data, 1 check character                                  14 groups, written with hyphens
//! check  = 2 c1 + 3 c2 + 4 c3 + 5 c4 + 6 (group + 1)   in GF(32), x^5 + x^2 + 1
//! ```
//! In a field every weight is told apart, so one wrong character, two exchanged ones or an exchanged group never passes.
use super::secrets::RecoveryKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Crockford's alphabet: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 14;
const DATA: usize = 4;
const GROUP: usize = DATA + 1;
const KEY: usize = 32;
const SUM: usize = 3;

/// What is wrong with a typed recovery kit. Groups count from 1; nothing of the kit is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KitFault {
    /// Too few or too many characters.
    #[error("expected 14 groups of 5 characters (70), got {got} characters")]
    Length {
        /// Letters and digits typed.
        got: usize,
    },
    /// A character that no kit has.
    #[error("group {group} has a character that a recovery kit never has; expected digits and letters without U")]
    Character {
        /// Which group.
        group: usize,
    },
    /// A group is not as it was printed.
    #[error("group {group} is mistyped")]
    Group {
        /// Which group.
        group: usize,
    },
    /// Every group is right by itself, and together they are no key.
    #[error("the groups do not belong together")]
    Sum,
}

/// The kit of a key: 14 groups of 5 with hyphens between them.
pub(super) fn print(key: &RecoveryKey) -> Zeroizing<String> {
    let mut octets = Zeroizing::new([0; KEY + SUM]);
    octets[..KEY].copy_from_slice(key.reveal());
    octets[KEY..].copy_from_slice(&sum(key.reveal()));
    let symbols = symbols(&octets);
    // Room for all of it at once: a string that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(GROUPS * (GROUP + 1)));
    for (group, data) in symbols.chunks_exact(DATA).enumerate() {
        if group > 0 {
            text.push('-');
        }
        data.iter()
            .chain([&check(group, data)])
            .for_each(|&symbol| text.push(char::from(ALPHABET[usize::from(symbol)])));
    }
    text
}

/// The key of a kit as typed: case, spaces and hyphens do not matter, O is 0, I and L are 1.
pub(super) fn parse(typed: &str) -> Result<RecoveryKey, KitFault> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(GROUPS * GROUP));
    let mut got = 0;
    for c in typed.chars().filter(|c| !c.is_whitespace() && !is_hyphen(*c)) {
        // Counted on, so that the fault says how many there are; what is beyond is not looked at.
        if got < GROUPS * GROUP {
            symbols.push(symbol(c).ok_or(KitFault::Character { group: got / GROUP + 1 })?);
        }
        got += 1;
    }
    // The first mistyped group says more than a wrong length: a forgotten character shows where it is missing.
    for (group, of_group) in symbols.chunks_exact(GROUP).enumerate() {
        if check(group, &of_group[..DATA]) != of_group[DATA] {
            return Err(KitFault::Group { group: group + 1 });
        }
    }
    if got != GROUPS * GROUP {
        return Err(KitFault::Length { got });
    }
    let octets = octets(symbols.chunks_exact(GROUP).flat_map(|group| &group[..DATA]));
    let mut key = Zeroizing::new([0; KEY]);
    key.copy_from_slice(&octets[..KEY]);
    if octets[KEY..] == sum(&key) { Ok(RecoveryKey::new(*key)) } else { Err(KitFault::Sum) }
}

fn sum(key: &[u8; KEY]) -> [u8; SUM] {
    let hash = Sha256::new().chain_update(b"bedside recovery kit").chain_update(key).finalize();
    [hash[0], hash[1], hash[2]]
}

const fn is_hyphen(c: char) -> bool {
    // Text programs turn hyphens into dashes.
    matches!(c, '-' | '\u{2010}'..='\u{2014}' | '\u{2212}')
}

fn symbol(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|&letter| char::from(letter) == c)?;
    u8::try_from(place).ok()
}

/// 5 bits each, the highest first.
fn symbols(octets: &[u8; KEY + SUM]) -> Zeroizing<Vec<u8>> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(GROUPS * DATA));
    for five in octets.chunks_exact(5) {
        let bits = five.iter().fold(0u64, |bits, &octet| bits << 8 | u64::from(octet));
        symbols.extend((0..8).rev().map(|place| (bits >> (place * 5)) as u8 & 31));
    }
    symbols
}

fn octets<'a>(symbols: impl Iterator<Item = &'a u8>) -> Zeroizing<Vec<u8>> {
    let mut octets = Zeroizing::new(Vec::with_capacity(KEY + SUM));
    let (mut bits, mut count) = (0u64, 0);
    for &symbol in symbols {
        bits = bits << 5 | u64::from(symbol);
        count += 5;
        if count == 40 {
            octets.extend((0..5).rev().map(|place| (bits >> (place * 8)) as u8));
            (bits, count) = (0, 0);
        }
    }
    octets
}

/// The check character of a group.
fn check(group: usize, data: &[u8]) -> u8 {
    let place = times(6, (group + 1) as u8 & 31);
    data.iter().zip(2..).fold(place, |sum, (&symbol, weight)| sum ^ times(weight, symbol))
}

/// Multiplication in GF(32).
const fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b > 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a <<= 1;
        if a & 0x20 != 0 {
            a ^= 0x25;
        }
        b >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> RecoveryKey {
        RecoveryKey::new(std::array::from_fn(|i| i as u8 + 1))
    }

    fn fault(typed: &str) -> KitFault {
        parse(typed).unwrap_err()
    }

    #[test]
    fn a_kit_has_fourteen_groups_of_five_and_reads_back() {
        let kit = print(&key());
        assert_eq!(kit.split('-').map(str::len).collect::<Vec<_>>(), [5; 14]);
        assert!(kit.capacity() >= kit.len() && kit.capacity() < 96);
        assert_eq!(parse(&kit).unwrap().reveal(), key().reveal());
    }

    /// Made by another program from the description above: kits that are printed today are read in ten years.
    #[test]
    fn a_kit_is_written_as_it_is_described() {
        assert_eq!(
            *print(&key()),
            "0410E-6105J-0R3GH-G28AS-1C60G-T3GFW-208HC-44RMG-2MB12-E60SX-38DHF-R78YX-3WGB4-5HERQ"
        );
    }

    #[test]
    fn case_spaces_dashes_and_look_alikes_do_not_matter() {
        let kit = print(&key());
        let sloppy = kit.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " \u{2013}\n");
        assert_eq!(parse(&sloppy).unwrap().reveal(), key().reveal());
        assert_eq!(parse(&kit.replace('1', "I").replace('-', "")).unwrap().reveal(), key().reveal());
    }

    #[test]
    fn a_wrong_length_is_told_unless_a_group_shows_the_place() {
        let kit = print(&key());
        assert_eq!(fault(""), KitFault::Length { got: 0 });
        assert_eq!(fault(&kit[..kit.len() - 6]), KitFault::Length { got: 65 });
        assert_eq!(fault(&format!("{}-00000", *kit)), KitFault::Length { got: 75 });
        assert_eq!(fault(&format!("{}U", &kit[..18])), KitFault::Character { group: 4 });
        assert_eq!(fault(&kit.replacen('-', "-U", 2)), KitFault::Character { group: 2 });
    }

    #[test]
    fn groups_of_two_kits_do_not_make_a_third() {
        let (one, two) = (print(&key()), print(&RecoveryKey::new([200; 32])));
        assert_eq!(fault(&format!("{}{}", &one[..42], &two[42..])), KitFault::Sum);
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_kit(octets: [u8; 32]) {
            let back = parse(&print(&RecoveryKey::new(octets))).unwrap();
            prop_assert_eq!(back.reveal(), &octets);
        }

        #[test]
        fn one_wrong_character_names_its_group(octets: [u8; 32], at in 0usize..70, other in 0usize..32) {
            let kit = print(&RecoveryKey::new(octets)).replace('-', "");
            let mut typed = kit.clone().into_bytes();
            typed[at] = ALPHABET[other];
            let typed = String::from_utf8(typed).unwrap();
            prop_assume!(typed != kit);
            prop_assert_eq!(parse(&typed).unwrap_err(), KitFault::Group { group: at / 5 + 1 });
        }

        #[test]
        fn two_exchanged_characters_of_a_group_name_it(octets: [u8; 32], group in 0usize..14, one in 0usize..5, two in 0usize..5) {
            let kit = print(&RecoveryKey::new(octets)).replace('-', "");
            let mut typed = kit.clone().into_bytes();
            typed.swap(group * 5 + one, group * 5 + two);
            let typed = String::from_utf8(typed).unwrap();
            prop_assume!(typed != kit);
            prop_assert_eq!(parse(&typed).unwrap_err(), KitFault::Group { group: group + 1 });
        }

        #[test]
        fn two_exchanged_groups_never_pass(octets: [u8; 32], one in 0usize..14, two in 0usize..14) {
            let kit = print(&RecoveryKey::new(octets));
            let mut groups: Vec<&str> = kit.split('-').collect();
            groups.swap(one, two);
            prop_assume!(groups.join("-") != *kit);
            prop_assert!(parse(&groups.join("-")).is_err());
        }

        #[test]
        fn any_text_is_a_key_or_a_fault(text in ".{0,120}") {
            let _ = parse(&text);
        }
    }
}
