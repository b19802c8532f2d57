//! Every way in which a keyring can fail, at a first run and with a vault that is there: the right fault, no octet of the
//! vault changed, no second key made, and the next try works. Not here: a real keyring (`real`).
// A helper of a test may fail as a test does; clippy sees only the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]
use bedside_console::ports::{KeyFault, KeyStore, OpenMode, RecordStore, StoreFault, VaultId};
use bedside_console::{OpenFault, create_vault, open_vault};
use bedside_keys_keyring::Keyring;
use bedside_machine_system::SystemMachine;
use bedside_vault_sqlcipher::Vault;
use keyring_core::{CredentialStore, Error, mock};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

const SERVICE: &str = "bedside";
const PROBE: &str = "probe";

fn cause() -> Box<std::io::Error> {
    Box::new(std::io::Error::other("the bus went away"))
}

/// The name of an error, how it comes about, and the faults it is on an entry and while connecting.
type Kind = (&'static str, fn() -> Error, KeyFault, KeyFault);

fn kinds() -> [Kind; 11] {
    let system = |text: &str| KeyFault::System(text.into());
    let none = || KeyFault::NoKeyring;
    [
        ("PlatformFailure", || Error::PlatformFailure(cause()), system("the bus went away"), none()),
        ("NoStorageAccess", || Error::NoStorageAccess(cause()), KeyFault::Locked, KeyFault::Locked),
        ("NoEntry", || Error::NoEntry, KeyFault::NoEntry, none()),
        ("BadEncoding", || Error::BadEncoding(vec![1]), KeyFault::Malformed, none()),
        ("BadDataFormat", || Error::BadDataFormat(vec![1], cause()), KeyFault::Malformed, none()),
        ("BadStoreFormat", || Error::BadStoreFormat("odd".into()), system("odd"), none()),
        ("TooLong", || Error::TooLong("user".into(), 5), system("user is longer than 5 characters"), none()),
        ("Invalid", || Error::Invalid("user".into(), "odd".into()), system("user: odd"), system("user: odd")),
        ("Ambiguous", || Error::Ambiguous(Vec::new()), KeyFault::Malformed, none()),
        ("NoDefaultStore", || Error::NoDefaultStore, KeyFault::NoKeyring, none()),
        ("NotSupportedByStore", || Error::NotSupportedByStore("it".into()), system("it"), none()),
    ]
}

/// A keyring of the mock, whose next connection fails when told to.
struct Rig {
    keyring: Keyring,
    mock: Arc<CredentialStore>,
    refuse: Arc<Mutex<Option<Error>>>,
}

impl Rig {
    fn new() -> Self {
        Self::over(mock::Store::new().unwrap())
    }

    fn over(mock: Arc<CredentialStore>) -> Self {
        let refuse = Arc::new(Mutex::new(None::<Error>));
        let (same, refused) = (Arc::clone(&mock), Arc::clone(&refuse));
        let keyring = Keyring::over(move |_| match refused.lock().unwrap().take() {
            Some(error) => Err(error),
            None => Ok(Arc::clone(&same)),
        });
        Self { keyring, mock, refuse }
    }

    fn fail_next(&self, user: &str, error: Error) {
        let entry = self.mock.build(SERVICE, user, None).unwrap();
        entry.as_any().downcast_ref::<mock::Cred>().unwrap().set_error(error);
    }

    fn secret(&self, vault: VaultId) -> Option<String> {
        self.mock.build(SERVICE, &format!("vault:{vault}"), None).unwrap().get_password().ok()
    }
}

async fn create(folder: &Path, keys: &dyn KeyStore) -> Result<VaultId, OpenFault> {
    let vault = Vault::in_folder(folder);
    create_vault(&vault, keys, &SystemMachine::new(), None, None).await.map(|created| created.vault)
}

async fn open(folder: &Path, keys: &dyn KeyStore) -> Result<VaultId, OpenFault> {
    let vault = Vault::in_folder(folder);
    let opened = open_vault(&vault, keys, OpenMode::Writer).await?;
    vault.close().await?;
    Ok(opened)
}

/// Name and content of every file.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let files = entries.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_file());
    files.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect()
}

#[tokio::test]
async fn at_a_first_run_every_fault_of_the_keyring_is_told_and_leaves_no_vault_and_no_key() {
    for (name, error, fault, connecting) in kinds() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("vault");
        let rig = Rig::new();
        rig.fail_next(PROBE, error());
        assert_eq!(create(&inside, &rig.keyring).await.unwrap_err(), OpenFault::Keys(fault), "{name} of the probe");
        let rig = Rig::over(Arc::clone(&rig.mock));
        *rig.refuse.lock().unwrap() = Some(error());
        let told = create(&inside, &rig.keyring).await.unwrap_err();
        assert_eq!(told, OpenFault::Keys(connecting), "{name} while connecting");
        assert!(!inside.exists(), "{name}");
        // The keyring is asked anew: nothing of the failure is kept.
        let made = create(&inside, &rig.keyring).await.unwrap();
        assert!(rig.secret(made).is_some(), "{name}");
        open(&inside, &rig.keyring).await.unwrap();
    }
    let said =
        format!("{} kinds, at the probe and while connecting, each told, no vault and no key left", kinds().len());
    bedside_tests::figures::tell("faults of the keyring at a first run", &said);
}

#[tokio::test]
async fn with_a_vault_every_fault_of_the_keyring_is_told_and_changes_no_octet_and_makes_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let first = Rig::new();
    let vault = create(folder.path(), &first.keyring).await.unwrap();
    let (before, secret) = (files(folder.path()), first.secret(vault));
    assert!(before.contains_key("vault.db") && before.contains_key("slots.json") && secret.is_some());
    for (name, error, fault, connecting) in kinds() {
        let rig = Rig::over(Arc::clone(&first.mock));
        rig.fail_next(&format!("vault:{vault}"), error());
        assert_eq!(open(folder.path(), &rig.keyring).await.unwrap_err(), OpenFault::Keys(fault), "{name} of the entry");
        let rig = Rig::over(Arc::clone(&first.mock));
        *rig.refuse.lock().unwrap() = Some(error());
        let told = open(folder.path(), &rig.keyring).await.unwrap_err();
        assert_eq!(told, OpenFault::Keys(connecting), "{name} while connecting");
        // Whoever takes this for a first run is refused.
        let again = create(folder.path(), &rig.keyring).await.unwrap_err();
        assert_eq!(again, OpenFault::Store(StoreFault::AlreadyThere), "{name}");
        assert_eq!(files(folder.path()), before, "{name}");
        assert_eq!(rig.secret(vault), secret, "{name}");
    }
    let rig = Rig::over(Arc::clone(&first.mock));
    assert_eq!(open(folder.path(), &rig.keyring).await, Ok(vault));
    let said =
        format!("{} kinds, at the entry and while connecting, each told, no octet changed, no key made", kinds().len());
    bedside_tests::figures::tell("faults of the keyring with a vault", &said);
}

#[tokio::test]
async fn a_keyring_that_lost_the_entry_or_keeps_another_opens_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    let vault = create(folder.path(), &rig.keyring).await.unwrap();
    let before = files(folder.path());
    let entry = rig.mock.build(SERVICE, &format!("vault:{vault}"), None).unwrap();
    for (kept, fault) in [
        (Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), OpenFault::Store(StoreFault::WrongKey)),
        (Some("a password of another program"), OpenFault::Keys(KeyFault::Malformed)),
        (None, OpenFault::Keys(KeyFault::NoEntry)),
    ] {
        match kept {
            Some(text) => entry.set_password(text).unwrap(),
            None => entry.delete_credential().unwrap(),
        }
        assert_eq!(open(folder.path(), &rig.keyring).await.unwrap_err(), fault);
        assert_eq!(files(folder.path()), before);
    }
    // A keyring without a collection says "no entry" too; what it is, its probe tells.
    rig.fail_next(PROBE, Error::NoStorageAccess(cause()));
    assert_eq!(open(folder.path(), &rig.keyring).await.unwrap_err(), OpenFault::Keys(KeyFault::Locked));
}
