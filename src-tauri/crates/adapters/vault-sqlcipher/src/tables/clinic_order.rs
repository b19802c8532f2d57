//! Orders of the clinic's server for its patients, in the words of whoever wrote them. Health data.
//! Not here: which of them stand.
use super::{Migration, rows};
use crate::fault::Fault;
use bedside_console::{ClinicOrder, OrderKind, ServerId, WholeOrders};
use bedside_vitals::WallTime;
use rusqlite::{Connection, Row, params};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    to: 5,
    sql: "CREATE TABLE clinic_order (
    server TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    patient TEXT NOT NULL,
    status TEXT NOT NULL,
    what TEXT NOT NULL,
    dose TEXT,
    schedule TEXT,
    authored INTEGER,
    prohibition INTEGER NOT NULL,
    version TEXT,
    updated INTEGER,
    PRIMARY KEY (server, kind, id)
) STRICT;
CREATE INDEX clinic_order_patient ON clinic_order (server, patient);",
}];

const COLUMNS: &str =
    "server, kind, id, patient, status, what, dose, schedule, authored, prohibition, version, updated";

/// Adds an order, or puts it as it stands now.
pub(crate) fn put(db: &Connection, server: &str, order: &ClinicOrder) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO clinic_order ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (server, kind, id) DO UPDATE SET patient = excluded.patient, status = excluded.status,
            what = excluded.what, dose = excluded.dose, schedule = excluded.schedule, authored = excluded.authored,
            prohibition = excluded.prohibition, version = excluded.version, updated = excluded.updated"
    );
    db.prepare_cached(&sql)?.execute(params![
        server,
        order.kind.resource_type(),
        order.id.as_str(),
        order.patient.as_str(),
        order.status,
        order.what,
        order.dose,
        order.schedule,
        order.authored.map(|at| at.0),
        order.prohibition,
        order.version,
        order.updated.map(|at| at.0),
    ])?;
    Ok(())
}

/// Ends what is kept as open of these patients and is not among what the server has of them as open.
pub(crate) fn end_others(db: &Connection, server: &str, whole: &WholeOrders) -> Result<(), Fault> {
    for patient in &whole.patients {
        let is_over =
            |order: &ClinicOrder| order.kind == whole.kind && order.is_open() && !whole.open.contains(&order.id);
        for order in of_patient(db, server, patient)?.into_iter().filter(is_over) {
            put(db, server, &ClinicOrder { status: ClinicOrder::ENDED.to_owned(), ..order })?;
        }
    }
    Ok(())
}

/// Those of a patient of a server.
pub(crate) fn of_patient(db: &Connection, server: &str, patient: &ServerId) -> Result<Vec<ClinicOrder>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM clinic_order WHERE server = ? AND patient = ? ORDER BY kind, id");
    rows(db, &sql, params![server, patient.as_str()], of)
}

fn of(row: &Row<'_>) -> Result<ClinicOrder, Fault> {
    let id = |column: usize| -> Result<ServerId, Fault> {
        ServerId::new(&row.get::<_, String>(column)?).ok_or(Fault::Column("clinic_order.id"))
    };
    Ok(ClinicOrder {
        kind: OrderKind::from_resource_type(&row.get::<_, String>(1)?).ok_or(Fault::Column("clinic_order.kind"))?,
        id: id(2)?,
        patient: id(3)?,
        status: row.get(4)?,
        what: row.get(5)?,
        dose: row.get(6)?,
        schedule: row.get(7)?,
        authored: row.get::<_, Option<i64>>(8)?.map(WallTime),
        prohibition: row.get(9)?,
        version: row.get(10)?,
        updated: row.get::<_, Option<i64>>(11)?.map(WallTime),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(name: &str, kind: OrderKind) -> ClinicOrder {
        ClinicOrder {
            kind,
            id: ServerId::new(name).unwrap(),
            patient: ServerId::new("p1").unwrap(),
            status: "active".into(),
            what: "Metoprolol".into(),
            dose: None,
            schedule: None,
            authored: None,
            prohibition: false,
            version: None,
            updated: None,
        }
    }

    #[test]
    fn what_is_not_among_the_open_orders_of_a_patient_has_ended_and_nothing_else() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let id = |text: &str| ServerId::new(text).unwrap();
        let elsewhere = ClinicOrder { patient: id("p2"), ..order("m3", OrderKind::Medication) };
        let completed = ClinicOrder { status: "completed".into(), ..order("m4", OrderKind::Medication) };
        let before = [
            order("m1", OrderKind::Medication),
            order("m2", OrderKind::Medication),
            elsewhere,
            completed,
            order("s1", OrderKind::Service),
        ];
        before.iter().for_each(|one| put(&db, "https://a.example", one).unwrap());
        let whole = WholeOrders {
            kind: OrderKind::Medication,
            patients: vec![id("p1")],
            open: [id("m2")].into_iter().collect(),
        };
        end_others(&db, "https://a.example", &whole).unwrap();
        let status = |patient: &str| -> Vec<(String, String)> {
            let found = of_patient(&db, "https://a.example", &id(patient)).unwrap();
            found.into_iter().map(|one| (one.id.as_str().to_owned(), one.status)).collect()
        };
        let now = [("m1", "ended"), ("m2", "active"), ("m4", "completed"), ("s1", "active")];
        assert_eq!(status("p1"), now.map(|(id, status)| (id.to_owned(), status.to_owned())));
        assert_eq!(status("p2"), [("m3".to_owned(), "active".to_owned())]);
    }

    #[test]
    fn an_order_comes_back_as_it_stands_and_only_to_its_patient() {
        let mut db = Connection::open_in_memory().unwrap();
        super::super::migrate(&mut db).unwrap();
        let id = |text: &str| ServerId::new(text).unwrap();
        let first = ClinicOrder {
            kind: OrderKind::Medication,
            id: id("m1"),
            patient: id("p1"),
            status: "active".into(),
            what: "Metoprolol".into(),
            dose: Some("47.50 mg".into()),
            schedule: None,
            authored: Some(WallTime(1)),
            prohibition: false,
            version: Some("1".into()),
            updated: Some(WallTime(2)),
        };
        let ended = ClinicOrder { status: "stopped".into(), version: Some("2".into()), ..first.clone() };
        put(&db, "https://a.example", &first).unwrap();
        put(&db, "https://a.example", &ended).unwrap();
        put(&db, "https://a.example", &ClinicOrder { id: id("m2"), patient: id("p2"), ..first }).unwrap();
        assert_eq!(of_patient(&db, "https://a.example", &id("p1")).unwrap(), [ended]);
        assert_eq!(of_patient(&db, "https://b.example", &id("p1")).unwrap(), []);
    }
}
