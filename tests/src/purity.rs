//! That the core is pure: without the standard library where the compiler proves it, by a scan of the source elsewhere.
//! And that a panic in one device's task cannot end the others: no profile aborts.

use toml::{Table, Value};

/// The crates of the core that the compiler proves pure.
pub const WITHOUT_STD: [&str; 8] = ["vitals", "policy", "gatt", "session", "series", "assessment", "hygiene", "outbox"];

/// The crates of the core that use the standard library for their libraries' sake; a scan holds them.
pub const SCANNED: [&str; 2] = ["charts", "fhir"];

/// The parts of the standard library that reach outside.
const OUTSIDE: [&str; 6] = ["time", "fs", "net", "env", "thread", "process"];

/// True when the crate's root file states `#![no_std]` without a condition.
#[must_use]
pub fn states_no_std(root_file: &str) -> bool {
    root_file.lines().any(|line| line.trim() == "#![no_std]")
}

/// True when code other than tests brings the standard library back.
#[must_use]
pub fn brings_std_back(source: &str) -> bool {
    tokens(without_tests(source)).windows(3).any(|window| window == ["extern", "crate", "std"])
}

/// The parts of the standard library that reach outside and that the source names, tests not counted.
/// `use std as other` counts too, because behind another name nothing could be found.
#[must_use]
pub fn reaches_outside(source: &str) -> Vec<String> {
    let tokens = tokens(without_tests(source));
    let mut found = Vec::new();
    for (position, _) in tokens.iter().enumerate().filter(|(_, token)| **token == "std") {
        match tokens.get(position + 1..) {
            Some(["as", ..]) => found.push("std as …".to_owned()),
            Some(["::", "{", group @ ..]) => found.extend(first_names(group)),
            Some(["::", name, ..]) => found.push((*name).to_owned()),
            _ => {}
        }
    }
    found.retain(|name| name == "std as …" || name == "*" || OUTSIDE.contains(&name.as_str()));
    found
}

/// The names at the head of each member of a `use` group, whose opening brace has just been passed.
fn first_names(group: &[&str]) -> Vec<String> {
    let (mut depth, mut at_head, mut names) = (1, true, Vec::new());
    for token in group {
        match *token {
            "{" => depth += 1,
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            "," if depth == 1 => at_head = true,
            name if depth == 1 && at_head => {
                names.push(name.to_owned());
                at_head = false;
            }
            _ => {}
        }
    }
    names
}

/// A sentence for every profile of the workspace's manifest that would end the whole program on a panic.
#[must_use]
pub fn aborting_profiles(manifest: &Table) -> Vec<String> {
    let empty = Table::new();
    let profiles = manifest.get("profile").and_then(Value::as_table).unwrap_or(&empty);
    let panic_of = |name: &str| profiles.get(name).and_then(|profile| profile.get("panic")).and_then(Value::as_str);
    let mut faults = Vec::new();
    // Said aloud in the two that all others inherit from; a third may stay silent but may not say otherwise.
    for name in ["dev", "release"] {
        if panic_of(name).is_none() {
            faults.push(format!("profile {name} does not say `panic = \"unwind\"`"));
        }
    }
    for name in profiles.keys() {
        if let Some(other) = panic_of(name).filter(|panic| *panic != "unwind") {
            faults.push(format!("profile {name} says `panic = \"{other}\"`, expected \"unwind\""));
        }
    }
    faults
}

/// The modules that this source declares for tests only: their files are not part of the product.
#[must_use]
pub fn test_modules(source: &str) -> Vec<&str> {
    let pieces = source.split("#[cfg(test)]\nmod ").skip(1);
    pieces.filter_map(|piece| piece.split_once(';')).map(|(name, _)| name).filter(|name| !name.contains(' ')).collect()
}

/// The source up to the module of tests at its end.
fn without_tests(source: &str) -> &str {
    source.find("#[cfg(test)]\nmod tests {").map_or(source, |end| &source[..end])
}

/// Names and the signs that matter for paths; comments are left out, all else is one sign each.
fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            rest = &rest[length..];
            continue;
        } else if rest.starts_with("::") {
            2
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            tokens.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unconditional_attribute_proves_the_absence_of_std() {
        assert!(states_no_std("//! x\n#![no_std]\nextern crate alloc;\n"));
        assert!(!states_no_std("#![cfg_attr(not(test), no_std)]\n"));
        assert!(!states_no_std("// #![no_std]\n"));
    }

    #[test]
    fn std_brought_back_outside_tests_is_found() {
        assert!(brings_std_back("#![no_std]\nextern crate std;\n"));
        assert!(!brings_std_back(
            "#![no_std]\nextern crate alloc;\n#[cfg(test)]\nmod tests {\n extern crate std;\n}\n"
        ));
    }

    #[test]
    fn every_way_of_naming_the_outside_is_found() {
        for (source, name) in [
            ("use std::time::Instant;", "time"),
            ("let x = std :: fs::read(p);", "fs"),
            ("use ::std::net::TcpStream;", "net"),
            ("use std::{fmt, env};", "env"),
            ("use std::{\n    collections::{BTreeMap, hash_map},\n    thread::spawn,\n};", "thread"),
            ("use std::process;", "process"),
            ("use std::*;", "*"),
            ("use std as elsewhere;", "std as …"),
        ] {
            assert_eq!(reaches_outside(source), [name], "{source}");
        }
    }

    #[test]
    fn the_inner_parts_of_std_tests_and_comments_are_not() {
        for source in [
            "use std::{fmt, collections::{BTreeMap, hash_map}};",
            "// std::fs is not used\n/// nor std::env\n",
            "use core::time::Duration;",
            "let thread = my::thread;",
            "fn f() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n",
        ] {
            assert!(reaches_outside(source).is_empty(), "{source}");
        }
    }

    #[test]
    fn only_modules_declared_for_tests_are_test_modules() {
        let source = "mod fault;\n#[cfg(test)]\nmod schema;\n#[cfg(test)]\nmod tests {\n    mod inner;\n}\n";
        assert_eq!(test_modules(source), ["schema"]);
    }

    #[test]
    fn a_profile_that_aborts_is_a_fault() {
        let manifest = |text: &str| text.parse::<Table>().unwrap();
        let good =
            "[profile.dev]\npanic = \"unwind\"\n[profile.release]\npanic = \"unwind\"\n[profile.bench]\nlto = false\n";
        assert!(aborting_profiles(&manifest(good)).is_empty());
        let third = format!("{good}[profile.small]\ninherits = \"release\"\npanic = \"abort\"\n");
        assert_eq!(aborting_profiles(&manifest(&third)).len(), 1);
        assert_eq!(aborting_profiles(&manifest("[profile.release]\npanic = \"abort\"\n")).len(), 2);
    }
}
