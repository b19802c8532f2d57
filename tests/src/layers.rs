//! Which package may depend on which: the layers of ARCHITECTURE.md as a function over a graph.
//! Packages of other people are not looked at here but in `homes`.

use std::fmt;

/// The place of a package in the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Pure Rust: no clock, no input, no output.
    Core,
    /// The application: one event loop behind ports.
    Console,
    /// One outside thing each.
    Adapter,
    /// Adapters and console put together.
    Assembly,
    /// The window and `bedsidectl`.
    Front,
    /// Build tasks.
    Tasks,
    /// Tests over everything.
    Tests,
}

impl Layer {
    /// The layer of the package whose manifest lies in this folder, given from the root with forward slashes.
    /// `None` for a folder in which no package belongs.
    #[must_use]
    pub fn of_folder(folder: &str) -> Option<Self> {
        let below =
            |parent: &str| folder.strip_prefix(parent).is_some_and(|name| !name.is_empty() && !name.contains('/'));
        match folder {
            "src-tauri" | "src-tauri/crates/ctl" => Some(Self::Front),
            "src-tauri/crates/console" => Some(Self::Console),
            "src-tauri/crates/assembly" => Some(Self::Assembly),
            "src-tauri/xtask" => Some(Self::Tasks),
            "tests" => Some(Self::Tests),
            _ if below("src-tauri/crates/core/") => Some(Self::Core),
            _ if below("src-tauri/crates/adapters/") => Some(Self::Adapter),
            _ => None,
        }
    }

    /// The layers that this one may name in its manifest.
    #[must_use]
    pub fn may_use(self) -> &'static [Self] {
        match self {
            Self::Core | Self::Console => &[Self::Core],
            Self::Adapter => &[Self::Console, Self::Core],
            Self::Assembly => &[Self::Adapter, Self::Console, Self::Core],
            Self::Front => &[Self::Assembly, Self::Console, Self::Core],
            Self::Tasks => &[],
            Self::Tests => &[Self::Front, Self::Assembly, Self::Adapter, Self::Console, Self::Core],
        }
    }
}

/// A package of the workspace with the packages of the workspace that it names, whether for its
/// code, its tests or its build script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The package's name.
    pub name: String,
    /// The folder of its manifest, from the root, with forward slashes.
    pub folder: String,
    /// The names of the workspace packages it depends on.
    pub uses: Vec<String>,
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A package lies where none belongs.
    Homeless {
        /// The package.
        name: String,
        /// Where it lies.
        folder: String,
    },
    /// A package names one that its layer may not know.
    ForbiddenEdge {
        /// The package and its layer.
        from: (String, Layer),
        /// What it names, and that one's layer.
        to: (String, Layer),
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Homeless { name, folder } => write!(formatter, "{name} lies in {folder}, where no package belongs"),
            Self::ForbiddenEdge { from, to } => {
                let (allowed, (from, layer)) = (from.1.may_use(), from);
                write!(formatter, "{from} ({layer:?}) uses {} ({:?}); it may use only {allowed:?}", to.0, to.1)
            }
        }
    }
}

/// Every edge and place that breaks the layers.
#[must_use]
pub fn faults(members: &[Member]) -> Vec<Fault> {
    let layer_of = |name: &str| {
        members.iter().find(|member| member.name == name).and_then(|member| Layer::of_folder(&member.folder))
    };
    let mut faults = Vec::new();
    for member in members {
        let Some(layer) = Layer::of_folder(&member.folder) else {
            faults.push(Fault::Homeless { name: member.name.clone(), folder: member.folder.clone() });
            continue;
        };
        for used in &member.uses {
            // A package that lies nowhere is its own fault above.
            let Some(used_layer) = layer_of(used) else { continue };
            if !layer.may_use().contains(&used_layer) {
                let (from, to) = ((member.name.clone(), layer), (used.clone(), used_layer));
                faults.push(Fault::ForbiddenEdge { from, to });
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: [(&str, &str); 9] = [
        ("gatt", "src-tauri/crates/core/gatt"),
        ("vitals", "src-tauri/crates/core/vitals"),
        ("console", "src-tauri/crates/console"),
        ("radio", "src-tauri/crates/adapters/radio"),
        ("vault", "src-tauri/crates/adapters/vault"),
        ("assembly", "src-tauri/crates/assembly"),
        ("window", "src-tauri"),
        ("xtask", "src-tauri/xtask"),
        ("tests", "tests"),
    ];

    fn faults_of_edge(from: &str, to: &str) -> usize {
        let member = |(name, folder): &(&str, &str)| Member {
            name: (*name).to_owned(),
            folder: (*folder).to_owned(),
            uses: if *name == from { vec![to.to_owned()] } else { Vec::new() },
        };
        faults(&HOUSE.iter().map(member).collect::<Vec<_>>()).len()
    }

    #[test]
    fn edges_that_point_down_are_allowed() {
        for (from, to) in [
            ("gatt", "vitals"),
            ("console", "gatt"),
            ("radio", "console"),
            ("radio", "vitals"),
            ("assembly", "vault"),
            ("window", "assembly"),
            ("window", "console"),
            ("tests", "window"),
            ("tests", "radio"),
        ] {
            assert_eq!(faults_of_edge(from, to), 0, "{from} -> {to}");
        }
    }

    #[test]
    fn edges_that_point_up_or_sideways_are_faults() {
        for (from, to) in [
            ("gatt", "console"),
            ("console", "radio"),
            ("console", "assembly"),
            ("radio", "vault"),
            ("radio", "assembly"),
            ("assembly", "window"),
            ("window", "radio"),
            ("xtask", "vitals"),
            ("console", "tests"),
            ("tests", "xtask"),
            ("vitals", "xtask"),
        ] {
            assert_eq!(faults_of_edge(from, to), 1, "{from} -> {to}");
        }
    }

    #[test]
    fn a_package_in_an_unknown_place_is_a_fault() {
        for folder in ["src-tauri/crates/extra", "src-tauri/crates/core", "src-tauri/crates/core/a/b", "tools", ""] {
            let stray = Member { name: "stray".to_owned(), folder: folder.to_owned(), uses: Vec::new() };
            assert!(matches!(faults(&[stray])[..], [Fault::Homeless { .. }]), "{folder}");
        }
    }

    #[test]
    fn a_fault_says_what_would_be_allowed() {
        let fault =
            Fault::ForbiddenEdge { from: ("gatt".to_owned(), Layer::Core), to: ("console".to_owned(), Layer::Console) };
        assert_eq!(fault.to_string(), "gatt (Core) uses console (Console); it may use only [Core]");
    }
}
