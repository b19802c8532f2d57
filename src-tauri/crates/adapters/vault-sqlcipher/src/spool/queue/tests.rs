//! Spool files that no run of this version leaves: of records with and without proof, and of those of a later version.
//! Not here: what a closed vault spools (`tests/spool`), and proofs one by one (`tests/spool_origin`).
use super::*;
use crate::slots::Slots;
use crate::state::{State, lock};
use crate::tables::{connection, device, reading};
use bedside_console::ports::{DeviceSecret, NewVault};
use bedside_console::{Connection as Link, Receipt, StoredReading};
use bedside_vitals::*;

const VAULT: VaultId = VaultId(Uuid::from_u128(7));
const METER: DeviceId = DeviceId(Uuid::from_u128(2));
const LINK: ConnectionId = ConnectionId(Uuid::from_u128(3));
const AT: WallTime = WallTime(1_773_842_400_000);

fn secret() -> DeviceSecret {
    DeviceSecret::new([3; 32])
}

fn vault(folder: &Path) -> State {
    let state = State::new(folder);
    state.create(&NewVault { id: VAULT, secret: secret(), first: None, recovery: None }).unwrap();
    state
}

fn meter(name: &str) -> DeviceDescription {
    DeviceDescription {
        id: METER,
        kind: DeviceKind::GlucoseMeter,
        name: name.into(),
        manufacturer: None,
        model: None,
        serial: None,
        firmware: None,
        hardware: None,
        software: None,
        system_id: None,
        udi: None,
        simulated: false,
    }
}

fn glucose(meal: Option<Meal>) -> StoredReading {
    let identity = ReadingIdentity::Sequence { sequence: 4, base_time: None };
    let parameter = Parameter::BodyTemperature;
    let value = Quantity { number: Decimal::new(365, -1).into(), unit: Unit::DegreeCelsius };
    StoredReading {
        id: ReadingId::derive(METER, parameter, &identity),
        device: METER,
        patient: None,
        measurement: Measurement {
            parameter,
            value: MeasuredValue::Single(value),
            cadence: Cadence::Spot,
            time: CorrectedTime::on_receipt(AT, BootTime::from_millis(5)),
            identity,
            quality: Quality::GOOD,
            user_slot: None,
            glucose: Some(GlucoseDetails { sample: None, site: None, meal }),
            temperature_site: None,
        },
        frame: None,
    }
}

/// What a meter brought, and the same rows as somebody else would like to have them.
fn brought(name: &str, at: WallTime, meal: Option<Meal>) -> Vec<u8> {
    let link = Link { id: LINK, device: METER, at, clock: None };
    let changes = Changes {
        devices: vec![meter(name)],
        connections: vec![link],
        readings: vec![glucose(meal)],
        ..Changes::default()
    };
    written::to_octets(&changes, None).unwrap().to_vec()
}

/// Puts a file whose head names nobody, as whoever has the folder may write it.
fn put(state: &State, records: &[(Vec<u8>, Option<Origin>)]) {
    let public = Slots::parse(&state.slot_octets().unwrap()).unwrap().spool_public().unwrap();
    let spools = spools(&state.folder);
    folder::make_private(&spools).unwrap();
    let header = Header::new(1, VAULT, Uuid::from_u128(99), public, NOBODY);
    let mut file = Appended::create(&spools, header).unwrap();
    for (plain, origin) in records {
        file.append(plain, origin.as_ref()).unwrap();
    }
}

fn file_next(state: &State) -> Option<(u64, Receipt)> {
    let batch = state.spooled().unwrap()?;
    let changes = Changes { spool_filed: Some(batch.place), ..batch.changes };
    Some((batch.unproven, state.commit(&changes).unwrap()))
}

#[test]
fn what_nobody_vouches_for_changes_no_row_that_came_just_before_it() {
    for is_proven in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let state = vault(folder.path());
        let origin = is_proven.then(|| Origin::of(VAULT, &secret()).unwrap());
        let forged = brought("Another name", WallTime(AT.0 + 60_000), Some(Meal::Fasting));
        put(&state, &[(brought("Meter", AT, None), origin), (forged, None)]);
        let mut filed = Vec::new();
        while let Some((unproven, _)) = file_next(&state) {
            filed.push(unproven);
        }
        assert_eq!(filed, if is_proven { vec![0, 1] } else { vec![2] });
        let writer = lock(&state.writer);
        let db = writer.as_ref().unwrap();
        assert_eq!(device::by_id(db, METER).unwrap(), Some(meter("Meter")), "proven before: {is_proven}");
        let kept = connection::by_id(db, LINK).unwrap().map(|link| link.at);
        assert_eq!(kept, Some(AT), "proven before: {is_proven}");
        let stored = reading::by_id(db, glucose(None).id).unwrap().unwrap();
        assert_eq!(stored.measurement.glucose.unwrap().meal, None, "proven before: {is_proven}");
        let refused = std::fs::read_dir(folder.path().join("damaged")).unwrap().count();
        assert_eq!(refused, 1, "what was refused is kept");
    }
}

#[test]
fn what_is_whole_before_a_record_of_a_later_version_is_filed_and_that_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let state = vault(folder.path());
    put(&state, &[(brought("Meter", AT, None), None), (br#"{"version":2}"#.to_vec(), None)]);
    assert!(file_next(&state).is_some());
    assert!(matches!(state.spooled(), Err(StoreFault::Newer { found: 2, known: 1 })));
    assert!(matches!(state.spooled(), Ok(None)));
}
