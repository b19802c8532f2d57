//! Secrets that anybody would try first: a block list and the patterns behind it (NIST SP 800-63B, 5.1.1.2 and 5.2.11).
//! Not here: lengths, and the types of secrets (`secrets`).

/// Whether a passphrase is a known one, a known word with digits or signs behind it, or a simple pattern.
pub(super) fn is_common_passphrase(text: &str) -> bool {
    let text: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let word = text.trim_end_matches(|c: char| !c.is_alphabetic());
    let plain: String = text.chars().map(as_letter).collect();
    let plain_word = plain.trim_end_matches(|c: char| !c.is_alphabetic());
    COMMON.contains(&text.as_str())
        || [word, plain.as_str(), plain_word].iter().any(|word| COMMON.contains(word) || WORDS.contains(word))
        || is_pattern(&text)
}

/// Whether a PIN is a known one, a simple pattern, or a year with a month, or a date.
pub(super) fn is_common_pin(digits: &str) -> bool {
    COMMON_PINS.contains(&digits) || is_pattern(digits) || is_date(digits)
}

/// One piece again and again, or a run up or down.
fn is_pattern(text: &str) -> bool {
    let all: Vec<u32> = text.chars().map(u32::from).collect();
    let run = |step: i64| all.windows(2).all(|pair| i64::from(pair[1]) - i64::from(pair[0]) == step);
    // 7890123: after nine comes zero.
    let wraps = |step: u32| {
        all.iter().all(|c| (48..58).contains(c))
            && all.windows(2).all(|pair| (pair[0] - 48 + step) % 10 == pair[1] - 48)
    };
    // A phrase of two words, said twice, is no pattern: a short piece is.
    let repeats = (1..=4).any(|period| all.len() >= 2 * period && all.iter().zip(&all[period..]).all(|(a, b)| a == b));
    repeats || run(1) || run(-1) || wraps(1) || wraps(9)
}

fn is_date(digits: &str) -> bool {
    let number = |from: usize, until: usize| digits.get(from..until).and_then(|part| part.parse::<u32>().ok());
    let year = |from| number(from, from + 4).is_some_and(|year| (1930..2030).contains(&year));
    let month = |from| number(from, from + 2).is_some_and(|month| (1..=12).contains(&month));
    let day = |from| number(from, from + 2).is_some_and(|day| (1..=31).contains(&day));
    match digits.len() {
        6 => (year(0) && month(4)) || (month(0) && year(2)),
        8 => (year(0) && month(4) && day(6)) || (year(4) && ((day(0) && month(2)) || (month(0) && day(2)))),
        _ => false,
    }
}

/// The letter that a sign is put for: `p@ssw0rd`.
const fn as_letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Known to everybody who ever tried.
const COMMON: &[&str] = &[
    "0987654321",
    "1029384756",
    "11111111",
    "11223344",
    "112233445566",
    "12341234",
    "12345678",
    "123456789",
    "1234567890",
    "123456789a",
    "123454321",
    "123qweasd",
    "123qweasdzxc",
    "147258369",
    "159357456",
    "1a2b3c4d",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx",
    "1qaz2wsx3edc",
    "1qazxsw2",
    "147852369",
    "741852963",
    "789456123",
    "87654321",
    "963852741",
    "987654321",
    "a1b2c3d4",
    "a1b2c3d4e5",
    "aa123456",
    "abcd1234",
    "abc12345",
    "access14",
    "asdf1234",
    "asdfasdf",
    "asdfghjk",
    "asdfghjkl",
    "asdfjkl;",
    "azerty123",
    "azertyuiop",
    "baseball",
    "basketball",
    "bedside",
    "bedsideconsole",
    "blink182",
    "butterfly",
    "changeit",
    "changeme",
    "chocolate",
    "computer",
    "correcthorsebatterystaple",
    "dragonball",
    "einstein",
    "elephant",
    "external",
    "facebook",
    "footballer",
    "football",
    "g00dpassword",
    "geheim123",
    "hallohallo",
    "hello123",
    "hellohello",
    "hospital",
    "iloveyou",
    "iloveyou1",
    "internet",
    "jennifer",
    "jordan23",
    "krankenhaus",
    "letmein",
    "letmein1",
    "letmeinnow",
    "liverpool",
    "maverick",
    "master123",
    "mercedes",
    "metallica",
    "michelle",
    "midnight",
    "monkey123",
    "mustang1",
    "mynameis",
    "newpassword",
    "nicholas",
    "nursing1",
    "passport",
    "passw0rd",
    "passwort",
    "password",
    "password1",
    "password123",
    "passphrase",
    "patient1",
    "pokemon1",
    "princess",
    "q1w2e3r4",
    "q1w2e3r4t5",
    "qazwsxedc",
    "qwer1234",
    "qwerasdf",
    "qwertyui",
    "qwertyuiop",
    "qwertz123",
    "qwertzuiop",
    "samantha",
    "scooby12",
    "secret123",
    "slipknot",
    "spiderman",
    "startrek",
    "starwars",
    "sunshine",
    "superman",
    "swordfish",
    "test1234",
    "testtest",
    "trustno1",
    "trustnoone",
    "universe",
    "victoria",
    "welcome1",
    "welcome123",
    "whatever",
    "wilhelm1",
    "x1x2x3x4",
    "zaq12wsx",
    "zaq1zaq1",
    "zaqwsxcde",
    "zxcvbnm,",
    "zxcvbnm1",
    "zxcvbnmasd",
];

/// Words that become no better by digits and signs behind them.
const WORDS: &[&str] = &[
    "admin",
    "administrator",
    "azerty",
    "bedside",
    "changeme",
    "clinic",
    "clinician",
    "clinique",
    "doctor",
    "geheim",
    "guest",
    "hello",
    "hospital",
    "iloveyou",
    "klinik",
    "letmein",
    "login",
    "master",
    "medical",
    "monday",
    "nurse",
    "nursing",
    "passwd",
    "password",
    "passwort",
    "motdepasse",
    "patient",
    "qwerty",
    "qwertz",
    "qwertyuiop",
    "secret",
    "sommer",
    "spring",
    "station",
    "summer",
    "sunshine",
    "test",
    "user",
    "vault",
    "ward",
    "welcome",
    "winter",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The first of every study of chosen PINs; patterns are found by rule.
const COMMON_PINS: &[&str] = &[
    "112233",
    "123321",
    "102030",
    "159753",
    "147258",
    "258369",
    "159357",
    "789456",
    "456123",
    "142536",
    "246810",
    "135790",
    "147852",
    "741852",
    "963852",
    "314159",
    "271828",
    "007007",
    "100000",
    "200000",
    "123654",
    "321654",
    "135246",
    "520131",
    "112358",
    "098765",
    "1234567",
    "1123581",
    "13579246",
    "11223344",
    "147258369",
    "31415926",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_lists_are_as_long_as_the_guideline_asks() {
        assert!(COMMON.len() >= 100 && COMMON_PINS.len() >= 10);
        for (at, word) in COMMON.iter().enumerate() {
            assert!(!COMMON[at + 1..].contains(word), "{word} twice");
            assert_eq!(*word, word.to_lowercase());
        }
    }

    #[test]
    fn a_known_passphrase_is_common_however_it_is_decorated() {
        for text in [
            "password",
            "PassWord",
            "P@ssw0rd",
            "password2026!",
            "Hospital1!",
            "summer 2025",
            "qwertz!!",
            "aaaaaaaa",
            "abcabcabc",
            "12121212",
            "abcdefgh",
            "87654321",
            "90123456",
            "Test12345",
            "1qaz 2wsx",
        ] {
            assert!(is_common_passphrase(text), "{text}");
        }
    }

    #[test]
    fn an_own_passphrase_is_not_common() {
        for text in ["violet kettle 9 stairs", "Regenschirm-im-Mai", "tgk4-xxu9-pl", "wardrobe lantern"] {
            assert!(!is_common_passphrase(text), "{text}");
        }
    }

    #[test]
    fn patterns_and_dates_are_common_pins_and_others_are_not() {
        for pin in [
            "000000", "123456", "654321", "890123", "121212", "123123", "112233", "199003", "031990", "19900317",
            "17031990", "03171990",
        ] {
            assert!(is_common_pin(pin), "{pin}");
        }
        for pin in ["704913", "582039", "199077", "40918273", "290461"] {
            assert!(!is_common_pin(pin), "{pin}");
        }
    }
}
