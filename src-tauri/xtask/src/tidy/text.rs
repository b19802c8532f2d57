//! What may stand in a file: the two lines of heading, no unfinished work, no path of one machine,
//! no other package index in a lock file, `unsafe` only where agreed.

use super::tree::{File, Tree};

/// Words that mark something unfinished. Written in two pieces, so that this file passes its own rule.
const UNFINISHED: &[&str] = &[
    concat!("FIX", "ME"),
    concat!("TO", "DO:"),
    concat!("TO", "DO("),
    concat!("XX", "X:"),
    concat!("HA", "CK:"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("<<<<", "<<< "),
    concat!(">>>>", ">>> "),
];

/// Where people and build machines keep their own things.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("C:", "\\Users"),
    concat!("../sha", "red"),
];

/// The only places that a lock file may name.
const PUBLIC_INDEXES: &[&str] = &["https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];

/// The attribute that lets one file use `unsafe`.
const ALLOW_UNSAFE: &str = concat!("allow(unsafe", "_code");

/// Every fault as `path:line: what`.
pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &tree.files {
        let Some(text) = file.text() else { continue };
        if file.extension() == "rs" && text.lines().take(2).filter(|line| line.starts_with("//!")).count() < 2 {
            faults.push(format!("{}:1: begins without two lines of `//!` (what lives here, what does not)", file.path));
        }
        for (line, number) in text.lines().zip(1..) {
            faults.extend(fault_of(file, line).map(|what| format!("{}:{number}: {what}", file.path)));
        }
    }
    faults
}

fn fault_of(file: &File, line: &str) -> Option<String> {
    if is_lock(file) {
        return foreign_index(line).map(|address| format!("a lock file names only the public indexes, not {address}"));
    }
    if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
        return Some(format!("`{word}`: unfinished work is not kept in the tree"));
    }
    if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(**path)) {
        return Some(format!("`{path}` is a path of one machine"));
    }
    if file.extension() == "rs" && line.contains(ALLOW_UNSAFE) && file.name() != "sys.rs" {
        return Some("`unsafe` is allowed only in a file named sys.rs".to_owned());
    }
    None
}

fn is_lock(file: &File) -> bool {
    matches!(file.name(), "Cargo.lock" | "package-lock.json")
}

/// The first address of a download in the line that is not on a public index.
fn foreign_index(line: &str) -> Option<&str> {
    // Other addresses in a package-lock.json are sponsoring pages and the like: nothing is fetched from them.
    let is_source = ["\"resolved\":", "source = "].iter().any(|key| line.trim_start().starts_with(key));
    let address = &line[line.find("http").filter(|_| is_source)?..];
    (!PUBLIC_INDEXES.iter().any(|index| address.starts_with(index))).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(path: &str, text: &str) -> Vec<String> {
        faults(&Tree::of(&[(path, text)]))
    }

    #[test]
    fn a_rust_file_needs_two_lines_of_heading() {
        assert_eq!(faults_of("a.rs", "//! one\nfn f() {}\n").len(), 1);
        assert_eq!(faults_of("a.rs", "").len(), 1);
        assert!(faults_of("a.rs", "//! one\n//! two\n").is_empty());
        assert!(faults_of("a.md", "text").is_empty());
    }

    #[test]
    fn unfinished_work_is_found_with_its_line() {
        let text = format!("fine\nfine\n// {} later\n", UNFINISHED[0]);
        let faults = faults_of("a.md", &text);
        assert!(faults.len() == 1 && faults[0].starts_with("a.md:3: "), "{faults:?}");
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for path in MACHINE_PATHS {
            assert_eq!(faults_of("a.md", &format!("see {path}x")).len(), 1, "{path}");
        }
    }

    #[test]
    fn unsafe_is_allowed_only_in_a_file_named_sys() {
        let text = format!("//! a\n//! b\n#![{ALLOW_UNSAFE})]\n");
        assert_eq!(faults_of("x/clock.rs", &text).len(), 1);
        assert!(faults_of("x/sys.rs", &text).is_empty());
    }

    #[test]
    fn a_lock_file_names_only_the_public_indexes() {
        assert!(
            faults_of("ui/package-lock.json", r#"  "resolved": "https://registry.npmjs.org/vite/-/v.tgz","#).is_empty()
        );
        assert!(faults_of("ui/package-lock.json", r#"  "url": "https://opencollective.com/vite""#).is_empty());
        assert_eq!(faults_of("ui/package-lock.json", r#"  "resolved": "https://mirror.example/v.tgz","#).len(), 1);
        assert!(
            faults_of("Cargo.lock", r#"source = "registry+https://github.com/rust-lang/crates.io-index""#).is_empty()
        );
        assert_eq!(faults_of("Cargo.lock", r#"source = "registry+https://mirror.example/index""#).len(), 1);
    }
}
