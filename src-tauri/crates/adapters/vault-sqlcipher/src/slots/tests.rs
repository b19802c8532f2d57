//! The slot file by itself: who opens it, what changes it, and that nobody else's change passes.
//! Not here: the database that the key opens.
use super::*;
use bedside_console::UserName;
use bedside_console::ports::{Passphrase, RecoveryKey, SlotOwner};
use proptest::prelude::*;
use uuid::Uuid;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const BERG: ClinicianId = ClinicianId(Uuid::from_u128(1));
const DIAZ: ClinicianId = ClinicianId(Uuid::from_u128(2));

fn secret() -> DeviceSecret {
    DeviceSecret::new([3; 32])
}

fn recovery() -> RecoveryKey {
    RecoveryKey::new([5; 32])
}

fn new_slot(clinician: ClinicianId, user_name: &str, passphrase: &str) -> NewSlot {
    let owner = SlotOwner { clinician, user_name: UserName::new(user_name).unwrap() };
    NewSlot { owner, passphrase: Passphrase::typed(passphrase) }
}

fn prepared(clinician: ClinicianId, user_name: &str, passphrase: &str) -> PreparedSlot {
    let slot = new_slot(clinician, user_name, passphrase);
    PreparedSlot::new(VAULT, &secret(), &slot, PassphraseCost::FLOOR).unwrap()
}

fn typed(clinician: ClinicianId, passphrase: &str) -> Unlock {
    Unlock::Passphrase { clinician, secret: secret(), passphrase: Passphrase::typed(passphrase) }
}

/// Of two clinicians, with a recovery slot.
fn made() -> (Slots, DatabaseKey) {
    let key = new_database_key().unwrap();
    let new = NewVault { id: VAULT, secret: secret(), first: None, recovery: Some(recovery().public()) };
    let mut slots = Slots::new(&new, Some(prepared(BERG, "o.berg", "violet kettle")), &key).unwrap();
    slots.put(&key, prepared(DIAZ, "m.diaz", "lantern stairs")).unwrap();
    slots.set_ready(&key).unwrap();
    (slots, key)
}

fn demo() -> (Slots, DatabaseKey) {
    let key = new_database_key().unwrap();
    let new = NewVault { id: VAULT, secret: secret(), first: None, recovery: None };
    (Slots::new(&new, None, &key).unwrap(), key)
}

fn again(slots: &Slots) -> Slots {
    Slots::parse(&slots.to_json().unwrap()).unwrap()
}

#[test]
fn everybody_opens_the_same_key_with_what_is_theirs_and_with_nothing_else() {
    let (slots, key) = made();
    let slots = again(&slots);
    for unlock in [typed(BERG, "violet kettle"), typed(DIAZ, "lantern stairs"), Unlock::Recovery(recovery())] {
        assert_eq!(slots.unlock(&unlock).as_deref(), Ok([key.clone()].as_slice()), "{unlock:?}");
    }
    let other = DeviceSecret::new([4; 32]);
    let stranger = ClinicianId(Uuid::from_u128(9));
    let with_other =
        Unlock::Passphrase { clinician: BERG, secret: other, passphrase: Passphrase::typed("violet kettle") };
    for (unlock, fault) in [
        (typed(BERG, "violet kettles"), StoreFault::WrongPassphrase),
        (typed(BERG, "lantern stairs"), StoreFault::WrongPassphrase),
        (typed(stranger, "violet kettle"), StoreFault::NoSlot("clinician")),
        (with_other, StoreFault::WrongKey),
        (Unlock::Recovery(RecoveryKey::new([6; 32])), StoreFault::WrongPassphrase),
        (Unlock::Device(secret()), StoreFault::NoSlot("device")),
    ] {
        assert_eq!(slots.unlock(&unlock), Err(fault), "{unlock:?}");
    }
}

#[test]
fn the_header_tells_whose_slots_there_are_and_nothing_secret() {
    let (slots, _) = made();
    let header = again(&slots).header();
    assert_eq!(header.slots.iter().map(|slot| slot.user_name.as_str()).collect::<Vec<_>>(), ["o.berg", "m.diaz"]);
    assert!(header.recovery_slot && !header.device_slot);
    assert!(demo().0.header().device_slot);
}

#[test]
fn the_first_enrolment_removes_the_device_slot() {
    let (mut slots, key) = demo();
    assert!(slots.unlock(&Unlock::Device(secret())).is_ok());
    assert_eq!(slots.unlock(&Unlock::Device(DeviceSecret::new([4; 32]))), Err(StoreFault::WrongKey));
    slots.put(&key, prepared(BERG, "o.berg", "violet kettle")).unwrap();
    assert_eq!(again(&slots).unlock(&Unlock::Device(secret())), Err(StoreFault::NoSlot("device")));
    assert!(again(&slots).unlock(&typed(BERG, "violet kettle")).is_ok());
}

#[test]
fn a_changed_passphrase_takes_the_place_of_the_old_one_and_a_leaver_has_no_slot() {
    let (mut slots, key) = made();
    slots.put(&key, prepared(BERG, "o.berg", "umbrella in may")).unwrap();
    assert_eq!(slots.unlock(&typed(BERG, "violet kettle")), Err(StoreFault::WrongPassphrase));
    assert!(slots.unlock(&typed(BERG, "umbrella in may")).is_ok());
    slots.remove(&key, BERG).unwrap();
    assert_eq!(again(&slots).unlock(&typed(BERG, "umbrella in may")), Err(StoreFault::NoSlot("clinician")));
    assert!(again(&slots).unlock(&typed(DIAZ, "lantern stairs")).is_ok());
}

#[test]
fn a_user_name_belongs_to_one_slot_and_the_last_way_in_is_never_removed() {
    let (mut slots, key) = made();
    let taken = slots.put(&key, prepared(ClinicianId(Uuid::from_u128(3)), "o.berg", "another phrase"));
    assert!(matches!(taken, Err(StoreFault::NoSlot(_))));
    let (mut slots, key) = demo();
    slots.put(&key, prepared(BERG, "o.berg", "violet kettle")).unwrap();
    let before = slots.clone();
    let mut last = slots.clone();
    assert!(matches!(last.remove(&key, BERG), Err(StoreFault::NoSlot(_))));
    assert!(before.unlock(&typed(BERG, "violet kettle")).is_ok());
}

#[test]
fn during_a_rekey_every_slot_opens_both_keys_and_afterwards_the_one_that_is_left() {
    let (mut slots, old) = made();
    let new = new_database_key().unwrap();
    slots.begin_rekey(&old, &new).unwrap();
    let both = again(&slots);
    for unlock in [typed(DIAZ, "lantern stairs"), Unlock::Recovery(recovery())] {
        assert_eq!(both.unlock(&unlock).unwrap(), [old.clone(), new.clone()]);
    }
    assert!(matches!(both.clone().remove(&old, BERG), Err(StoreFault::Damaged(_))));
    for left in [&old, &new] {
        let mut slots = both.clone();
        slots.keep_only(left).unwrap();
        assert_eq!(again(&slots).unlock(&typed(BERG, "violet kettle")).unwrap(), std::slice::from_ref(left));
    }
}

#[test]
fn a_rekey_gives_the_spool_a_new_key_and_forgets_none() {
    let (mut slots, old) = made();
    let (public, before) = (slots.spool_public().unwrap(), slots.spool_privates(&old).unwrap());
    let new = new_database_key().unwrap();
    slots.begin_rekey(&old, &new).unwrap();
    assert_eq!(slots.spool_public(), Some(public), "both keys know the older one");
    assert_eq!(slots.spool_privates(&old).unwrap(), before);
    slots.keep_only(&new).unwrap();
    assert_ne!(slots.spool_public(), Some(public));
    let after = again(&slots).spool_privates(&new).unwrap();
    assert_eq!(crate::seal::public_of(&after[0]).unwrap(), slots.spool_public().unwrap());
    assert_eq!(after[1..], before);
}

#[test]
fn every_change_counts() {
    let (mut slots, key) = made();
    let before = slots.counter();
    slots.set_recovery(&key, RecoveryKey::new([6; 32]).public()).unwrap();
    assert_eq!(slots.counter(), before + 1);
    slots.remove(&key, DIAZ).unwrap();
    assert_eq!(again(&slots).counter(), before + 2);
    slots.made_good(&key, 40, |one| one == BERG).unwrap();
    assert!(slots.counter() > 40 && slots.header().slots.is_empty());
}

#[test]
fn the_first_format_opens_with_the_device_secret_alone_and_becomes_the_second() {
    let key = new_database_key().unwrap();
    let file = FirstFile::seal(VAULT, Stage::Ready, &secret(), &key);
    let slots = again(&Slots(Body::First(file)));
    assert!(slots.is_first_format() && slots.header().device_slot && slots.spool_public().is_none());
    assert_eq!(slots.unlock(&Unlock::Device(secret())).unwrap(), std::slice::from_ref(&key));
    assert_eq!(slots.unlock(&Unlock::Device(DeviceSecret::new([4; 32]))), Err(StoreFault::WrongKey));
    assert_eq!(slots.unlock(&Unlock::Recovery(recovery())), Err(StoreFault::NoSlot("recovery")));
    let renewed = again(&slots.renewed(&secret(), &key).unwrap());
    assert_eq!(renewed.unlock(&Unlock::Device(secret())).unwrap(), [key]);
    assert!(renewed.spool_public().is_some() && !renewed.is_first_format());
}

#[test]
fn a_later_format_is_newer_whatever_its_shape() {
    let newer = StoreFault::Newer { found: 3, known: SLOT_FORMAT };
    assert_eq!(Slots::parse(br#"{"format":3,"anything":[1]}"#), Err(newer));
}

#[test]
fn anything_else_is_damaged() {
    for text in ["", "{}", "[]", r#"{"format":1}"#, r#"{"format":2}"#, r#"{"format":0}"#, "\u{0}", r#"{"format":-1}"#] {
        assert!(matches!(Slots::parse(text.as_bytes()), Err(StoreFault::Damaged(_))), "{text:?}");
    }
}

#[test]
fn a_slot_that_is_cheaper_to_guess_than_the_floor_is_refused() {
    let text = String::from_utf8(made().0.to_json().unwrap()).unwrap();
    for (from, to) in [
        ("\"memory_kib\": 19456", "\"memory_kib\": 19455"),
        ("\"passes\": 2", "\"passes\": 1"),
        ("\"memory_kib\": 19456", "\"memory_kib\": 4294967295"),
    ] {
        let weak = text.replacen(from, to, 1);
        assert_ne!(weak, text);
        assert!(matches!(Slots::parse(weak.as_bytes()), Err(StoreFault::Damaged(_))), "{to}");
    }
}

/// Opens with what takes no time: the box binds the slots of the others all the same.
fn refused(octets: &[u8]) -> bool {
    let opened = Slots::parse(octets).and_then(|slots| match slots.header().recovery_slot {
        true => slots.unlock(&Unlock::Recovery(recovery())),
        false => slots.unlock(&Unlock::Device(secret())),
    });
    opened.is_err()
}

#[test]
fn one_bit_changed_anywhere_is_refused() {
    let key = new_database_key().unwrap();
    let first = Slots(Body::First(FirstFile::seal(VAULT, Stage::Ready, &secret(), &key)));
    let (second, old) = made();
    let mut third = second.clone();
    third.begin_rekey(&old, &key).unwrap();
    for slots in [first, second, third] {
        let good = slots.to_json().unwrap();
        assert!(!refused(&good));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 7);
            assert!(refused(&bad), "octet {at} of {}", good.len());
        }
    }
}

#[test]
fn one_s_own_slot_with_another_s_octets_is_refused() {
    let (slots, _) = made();
    let text = String::from_utf8(slots.to_json().unwrap()).unwrap();
    // Who signs in under this name would get the other's slot.
    let swapped = text.replace("o.berg", "x").replace("m.diaz", "o.berg").replace("\"x\"", "\"m.diaz\"");
    assert_ne!(swapped, text);
    let unlock = Slots::parse(swapped.as_bytes()).and_then(|slots| slots.unlock(&typed(BERG, "violet kettle")));
    assert!(matches!(unlock, Err(StoreFault::Damaged(_))), "{unlock:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_edit_is_refused_and_none_panics(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<Option<prop::sample::Index>>()) {
        let good = made_once();
        let mut bad = good.to_vec();
        for (at, octet) in edits {
            let at = at.index(bad.len());
            bad[at] = octet;
        }
        if let Some(cut) = cut {
            bad.truncate(cut.index(bad.len()));
        }
        prop_assume!(bad != good);
        prop_assert!(refused(&bad));
    }

    #[test]
    fn any_text_is_a_slot_file_or_a_fault(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Slots::parse(&octets);
    }
}

/// Making one costs two passphrases.
fn made_once() -> &'static [u8] {
    static MADE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    MADE.get_or_init(|| made().0.to_json().unwrap())
}
