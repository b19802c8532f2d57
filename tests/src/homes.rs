//! Which package may name which outside library: each outside thing has one home.
//! Edges between the project's own packages are the business of `layers`.

/// A library, or a family of them, and the folders of the packages that may name it.
struct Home {
    library: &'static str,
    /// Also every library whose name goes on with a hyphen: `tauri` covers `tauri-plugin-log`.
    with_family: bool,
    folders: &'static [&'static str],
}

const HOMES: &[Home] = &[
    Home { library: "tauri", with_family: true, folders: &["src-tauri"] },
    Home { library: "btleplug", with_family: false, folders: &["src-tauri/crates/adapters/radio-btleplug"] },
    Home { library: "rusqlite", with_family: false, folders: &["src-tauri/crates/adapters/vault-sqlcipher"] },
    Home { library: "libsqlite3-sys", with_family: false, folders: &["src-tauri/crates/adapters/vault-sqlcipher"] },
    Home { library: "keyring", with_family: true, folders: &["src-tauri/crates/adapters/keys-keyring"] },
    Home { library: "plotters", with_family: true, folders: &["src-tauri/crates/core/charts"] },
    Home { library: "reqwest", with_family: true, folders: &["src-tauri/crates/adapters/clinic-http"] },
    Home { library: "oauth2", with_family: false, folders: &["src-tauri/crates/adapters/clinic-http"] },
    Home { library: "jsonwebtoken", with_family: false, folders: &["src-tauri/crates/adapters/clinic-http"] },
    Home { library: "open", with_family: false, folders: &["src-tauri/crates/adapters/clinic-http"] },
    Home {
        library: "zbus-secret-service-keyring-store",
        with_family: false,
        folders: &["src-tauri/crates/adapters/keys-keyring"],
    },
    Home {
        library: "zbus",
        with_family: true,
        folders: &["src-tauri/crates/adapters/radio-btleplug", "src-tauri/crates/adapters/machine-system"],
    },
];

/// What the console may ask of tokio: no clock of the system's own files, sockets, signals or processes.
const CONSOLE_FOLDER: &str = "src-tauri/crates/console";
const CONSOLE_TOKIO_FEATURES: [&str; 3] = ["sync", "time", "macros"];

/// A library that a package names in its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The folder of the naming package's manifest, from the root, with forward slashes.
    pub folder: String,
    /// The library's name in the index.
    pub library: String,
    /// The features that the package asks for.
    pub features: Vec<String>,
    /// True for a library that only the package's tests use.
    pub for_tests: bool,
}

/// A sentence for every library that is named outside its home; tests over the whole product may name any.
#[must_use]
pub fn faults(named: &[Named]) -> Vec<String> {
    named
        .iter()
        .filter(|named| named.folder != "tests")
        .flat_map(|named| [homeless(named), too_much(named)])
        .flatten()
        .collect()
}

fn homeless(named: &Named) -> Option<String> {
    let home = HOMES.iter().find(|home| home.covers(&named.library))?;
    if home.folders.contains(&named.folder.as_str()) {
        return None;
    }
    Some(format!("{} names {}, whose home is {}", named.folder, named.library, home.folders.join(" and ")))
}

fn too_much(named: &Named) -> Option<String> {
    if named.folder != CONSOLE_FOLDER || named.library != "tokio" || named.for_tests {
        return None;
    }
    let mut features = named.features.iter();
    let extra = features.find(|feature| !CONSOLE_TOKIO_FEATURES.contains(&feature.as_str()))?;
    Some(format!("{} asks tokio for `{extra}`; it may have only {CONSOLE_TOKIO_FEATURES:?}", named.folder))
}

impl Home {
    fn covers(&self, library: &str) -> bool {
        match library.strip_prefix(self.library) {
            Some("") => true,
            Some(rest) => self.with_family && rest.starts_with('-'),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(folder: &str, library: &str) -> Named {
        Named { folder: folder.to_owned(), library: library.to_owned(), features: Vec::new(), for_tests: false }
    }

    #[test]
    fn a_library_outside_its_home_is_a_fault() {
        for (folder, library) in [
            ("src-tauri/crates/console", "tauri"),
            ("src-tauri/crates/ctl", "tauri-plugin-dialog"),
            ("src-tauri", "btleplug"),
            ("src-tauri/crates/assembly", "rusqlite"),
            ("src-tauri/crates/adapters/vault-sqlcipher", "keyring-core"),
            ("src-tauri/crates/core/fhir", "plotters"),
            ("src-tauri/crates/core/fhir", "reqwest"),
        ] {
            assert_eq!(faults(&[named(folder, library)]).len(), 1, "{folder} {library}");
        }
    }

    #[test]
    fn a_library_at_home_and_a_free_one_are_not() {
        for (folder, library) in [
            ("src-tauri", "tauri-build"),
            ("src-tauri/crates/core/charts", "plotters-backend"),
            ("src-tauri/crates/console", "tracing"),
            ("src-tauri/crates/ctl", "keyringlike"),
            ("tests", "rusqlite"),
        ] {
            assert!(faults(&[named(folder, library)]).is_empty(), "{folder} {library}");
        }
    }

    #[test]
    fn the_console_may_not_ask_tokio_for_the_outside() {
        let tokio = |features: &[&str], for_tests| Named {
            features: features.iter().map(|feature| (*feature).to_owned()).collect(),
            for_tests,
            ..named("src-tauri/crates/console", "tokio")
        };
        assert!(faults(&[tokio(&["sync", "time", "macros"], false)]).is_empty());
        assert_eq!(faults(&[tokio(&["sync", "net"], false)]).len(), 1);
        assert!(faults(&[tokio(&["rt", "test-util"], true)]).is_empty());
    }
}
