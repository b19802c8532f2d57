//! The table of codes against itself and against the vocabulary.
//! Not here: that no other file writes a code (`tests/written_codes.rs`), and what a reading becomes (the golden files).
use super::rows::all::{LOINC, TERMS, WORDS};
use super::*;
use std::collections::BTreeSet;

#[test]
fn each_term_is_its_partition_and_its_number_in_it() {
    for Term { code, name, parts: (partition, term), .. } in TERMS {
        assert_eq!(*code, partition << 16 | term, "{name}");
        assert!(*term < 0xF000, "{name} is a term that each user gives another meaning");
        assert!(name.starts_with("MDC_"), "{name}");
    }
}

#[test]
fn each_loinc_code_has_the_check_digit_of_its_number() {
    for Loinc { code, .. } in LOINC {
        let (number, check) = code.split_once('-').unwrap();
        // Luhn, modulo 10: from the right, every other digit doubled.
        let sum: u32 = number
            .chars()
            .rev()
            .map(|digit| digit.to_digit(10).unwrap())
            .enumerate()
            .map(|(place, digit)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
            .sum();
        assert_eq!(((10 - sum % 10) % 10).to_string(), check, "{code}");
    }
}

#[test]
fn each_code_has_a_source_that_defines_it_or_two_that_agree() {
    let enough = |sources: &[Source]| {
        let different: BTreeSet<String> = sources.iter().map(|source| format!("{source:?}")).collect();
        sources.iter().any(|source| source.defines()) || different.len() >= 2
    };
    assert!(TERMS.iter().all(|row| enough(row.sources)));
    assert!(LOINC.iter().all(|row| enough(row.sources)));
    assert!(WORDS.iter().all(|row| enough(row.sources)));
}

#[test]
fn no_code_stands_in_the_table_twice() {
    let mut seen = BTreeSet::new();
    let terms = TERMS.iter().map(|row| (uri::MDC, row.code.to_string()));
    let loinc = LOINC.iter().map(|row| (uri::LOINC, row.code.to_owned()));
    let words = WORDS.iter().map(|row| (row.system, row.code.to_owned()));
    for row in terms.chain(loinc).chain(words) {
        assert!(seen.insert(row.clone()), "{row:?}");
    }
}

#[test]
fn each_snomed_code_has_the_check_digit_of_its_number() {
    // Verhoeff: the permutation of place n is that of place 1, n times; the sum runs in the dihedral group of ten.
    const PERMUTED: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let product = |a: usize, b: usize| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (5 + a - b) % 5,
    };
    let of_system: Vec<&Word> = WORDS.iter().filter(|word| word.system == uri::SNOMED).collect();
    assert!(!of_system.is_empty());
    for Word { code, .. } in of_system {
        let sum = code.bytes().rev().enumerate().fold(0, |sum, (place, digit)| {
            let permuted = (0..place % 8).fold(usize::from(digit - b'0'), |digit, _| PERMUTED[digit]);
            product(sum, permuted)
        });
        assert_eq!(sum, 0, "{code}");
    }
}
