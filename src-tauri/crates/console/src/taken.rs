//! What goes to the server beside a reading: who took it, the clock that its time was corrected by or that is at fault,
//! the weight behind a body mass index; and the charge of a device. Not here: the reading's own row (`filing`), and sending.
use crate::devices::SessionKey;
use crate::event_loop::Console;
use crate::filing::by_nobody;
use crate::records::{ReadingVersion, StoredReading, Verdict};
use bedside_fhir::{BatteryInput, Person, ProvenanceAct, ProvenanceInput, Resource, TypeName};
use bedside_outbox::{OutboxRow, RowId};
use bedside_vitals::{
    ConnectionId, DeviceClock, DeviceDescription, MeasuredValue, Measurement, Parameter, PatientId, QualityFlag,
    ReadingIdentity, WallTime,
};
use uuid::Uuid;

/// How a reading came to its patient.
#[derive(Clone, Debug)]
pub(crate) struct Taken<'a> {
    /// Measured before a person's eyes, or entered from a memory or the inbox.
    pub(crate) act: ProvenanceAct,
    /// By whom; `None` = nobody was signed in.
    pub(crate) by: Option<Person>,
    /// The weight of the same weighing.
    pub(crate) weight: Option<&'a StoredReading>,
}

/// What a reading's Observation refers to.
#[derive(Default)]
pub(crate) struct Links<'a> {
    pub(crate) clock: Option<Uuid>,
    pub(crate) weight: Option<Uuid>,
    pub(crate) performer: Option<&'a Person>,
}

/// The charge of a device as it was told on this connection, until the server is to be told: once for each connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Charge {
    /// Neither the charge nor the device is known yet.
    #[default]
    Unknown,
    /// It was told before the device said who it is.
    Told(u8),
    /// The device said who it is, and not its charge.
    Awaited(ConnectionId),
    /// Its row is written.
    Filed,
}

impl Console {
    /// Whoever is signed in.
    pub(crate) fn person(&self) -> Option<Person> {
        let clinician = self.access.clinician.as_ref()?;
        Some(Person { id: clinician.id.0, name: Some(clinician.display_name.clone()) })
    }

    /// A reading that comes in now: of a device's memory only the device knows who measured.
    pub(crate) fn taken_now<'a>(&self, measurement: &Measurement, weight: Option<&'a StoredReading>) -> Taken<'a> {
        let stored = measurement.quality.has(QualityFlag::FromStorage);
        let act = if stored { ProvenanceAct::Entered } else { ProvenanceAct::Measured };
        Taken { act, by: self.person(), weight }
    }

    /// The rows of a spot reading: the clock that its time was corrected by or that is at fault, the reading, who took it.
    /// None for what stays here.
    pub(crate) fn reading_rows(
        &self,
        patient: PatientId,
        device: &DeviceDescription,
        reading: &StoredReading,
        taken: &Taken<'_>,
    ) -> Vec<OutboxRow> {
        let clock = self.clocks.behind(reading).and_then(|clock| self.clock_row(device, clock));
        let weight = taken.weight.filter(|_| reading.measurement.parameter == Parameter::BodyMassIndex);
        let weight = weight.and_then(|weight| self.weight_behind(patient, device, weight));
        let links = Links {
            clock: clock.as_ref().map(|row| row.resource_id),
            weight,
            performer: taken.by.as_ref().filter(|_| taken.act == ProvenanceAct::Measured),
        };
        let Some(mut row) = self.reading_row(patient, device, &reading.measurement, &links) else { return Vec::new() };
        row.kept_by_device = !matches!(reading.measurement.identity, ReadingIdentity::Stream { .. });
        row.depends_on.extend(links.clock.into_iter().chain(links.weight).map(RowId));
        let at = reading.measurement.time.received;
        let provenance = self.provenance_row(&row, TAKEN, taken.act, at, taken.by.as_ref());
        clock.into_iter().chain([row]).chain(provenance).collect()
    }

    /// Which rows of the outbox say how a reading's rows came about.
    pub(crate) fn provenances_of(rows: &[RowId]) -> Vec<RowId> {
        rows.iter().flat_map(|row| [provenance_row_id(*row, TAKEN), provenance_row_id(*row, SAID)]).collect()
    }

    /// The row that says how a reading was taken, among those of its rows.
    pub(crate) fn taken_before<'a>(rows: &[OutboxRow], provenances: &'a [OutboxRow]) -> Option<&'a OutboxRow> {
        let ids: Vec<RowId> = rows.iter().map(|row| provenance_row_id(row.id, TAKEN)).collect();
        provenances.iter().find(|row| ids.contains(&row.id))
    }

    /// Who said what later of a reading, as the row of it goes out. With `taken` when nothing of the reading went out
    /// before: then how it was taken goes with it, as it was to be told before, where that is known.
    pub(crate) fn provenances_of_version(
        &self,
        row: &OutboxRow,
        reading: &StoredReading,
        said: &ReadingVersion,
        taken: Option<Option<&OutboxRow>>,
    ) -> Vec<OutboxRow> {
        let act = match said.verdict {
            Verdict::Corrected(_) => ProvenanceAct::Corrected,
            Verdict::Rejected => ProvenanceAct::Rejected,
            Verdict::Confirmed => ProvenanceAct::Confirmed,
        };
        let author = self.person().filter(|person| said.author.is_some_and(|author| author.0 == person.id));
        let word = self.provenance_row(row, SAID, act, said.at, author.as_ref());
        let received = reading.measurement.time.received;
        let taken = taken.and_then(|before| match before {
            Some(before) => Some(OutboxRow {
                id: provenance_row_id(row.id, TAKEN),
                depends_on: vec![row.id],
                measured_by: before.measured_by,
                ..OutboxRow::new(
                    bedside_fhir::Provenance::NAME,
                    before.resource_id,
                    before.payload.clone(),
                    row.created,
                )
            }),
            // Who measured it is not known any more: this console took it.
            None => self.provenance_row(row, TAKEN, ProvenanceAct::Entered, received, None),
        });
        taken.into_iter().chain(word).collect()
    }

    /// A device told its charge: the first one of a connection goes to the server.
    pub(crate) fn charge_told(&mut self, key: SessionKey, percent: u8) {
        let Some(tracked) = self.devices.tracked.get_mut(&key) else { return };
        tracked.battery_percent = Some(percent);
        let (before, device) = (tracked.charge, tracked.device.clone());
        let connection = match before {
            Charge::Awaited(connection) => connection,
            Charge::Filed => return,
            Charge::Unknown | Charge::Told(_) => {
                tracked.charge = Charge::Told(percent);
                return;
            }
        };
        tracked.charge = Charge::Filed;
        let row = device.and_then(|device| self.charge_row(&device, connection, percent));
        self.commits.capture(|changes| changes.outbox.extend(row));
    }

    /// A device said who it is: the row of the charge that it told before on this connection.
    pub(crate) fn charge_on(
        &mut self,
        key: SessionKey,
        device: &DeviceDescription,
        connection: ConnectionId,
    ) -> Option<OutboxRow> {
        let tracked = self.devices.tracked.get_mut(&key)?;
        let told = match tracked.charge {
            Charge::Told(percent) => Some(percent),
            Charge::Unknown | Charge::Awaited(_) | Charge::Filed => None,
        };
        tracked.charge = if told.is_some() { Charge::Filed } else { Charge::Awaited(connection) };
        told.and_then(|percent| self.charge_row(device, connection, percent))
    }

    fn charge_row(&self, device: &DeviceDescription, connection: ConnectionId, percent: u8) -> Option<OutboxRow> {
        let input = BatteryInput { device, connection, percent, at: self.ports.machine.wall() };
        let observation = bedside_fhir::battery_observation(&self.sync.context, &input);
        // A device said it: it goes with whoever comes first, and holds back nobody's readings.
        self.row(observation.and_then(|one| one.document()), self.needs_of_device(device)).map(by_nobody)
    }

    fn clock_row(&self, device: &DeviceDescription, clock: &DeviceClock) -> Option<OutboxRow> {
        let observation = bedside_fhir::coincident_timestamp(&self.sync.context, device, clock);
        // A device said it: it goes with whoever comes first, and holds back nobody's readings.
        self.row(observation.and_then(|one| one.document()), self.needs_of_device(device)).map(by_nobody)
    }

    fn needs_of_device(&self, device: &DeviceDescription) -> Vec<RowId> {
        vec![RowId(device.id.0), RowId(self.sync.context.gateway)]
    }

    /// The Observation of a weight that goes to the server with a number.
    fn weight_behind(&self, patient: PatientId, device: &DeviceDescription, weight: &StoredReading) -> Option<Uuid> {
        let MeasuredValue::Single(quantity) = weight.measurement.value else { return None };
        quantity.number.value()?;
        let row = self.reading_row(patient, device, &weight.measurement, &Links::default())?;
        Some(row.resource_id)
    }

    /// How a part of a marked strip came about.
    pub(crate) fn taken_row(
        &self,
        of: &OutboxRow,
        act: ProvenanceAct,
        at: WallTime,
        who: Option<&Person>,
    ) -> Option<OutboxRow> {
        self.provenance_row(of, TAKEN, act, at, who)
    }

    fn provenance_row(
        &self,
        of: &OutboxRow,
        word: &str,
        act: ProvenanceAct,
        at: WallTime,
        who: Option<&Person>,
    ) -> Option<OutboxRow> {
        let input = ProvenanceInput { observation: of.resource_id, act, at, who };
        // The label of a reading from a test is on the reading; the vault's own is in the context.
        let provenance = bedside_fhir::provenance(&self.sync.context, &input, false);
        let row = self.row(provenance.and_then(|one| one.document()), vec![of.id])?;
        Some(OutboxRow { id: provenance_row_id(of.id, word), created: of.created, ..row })
    }
}

/// The weight of the weighing that a reading is of.
pub(crate) fn weight_of<'a>(readings: &'a [StoredReading], reading: &StoredReading) -> Option<&'a StoredReading> {
    let same = |other: &&StoredReading| {
        other.measurement.parameter == Parameter::BodyWeight
            && other.device == reading.device
            && other.frame == reading.frame
    };
    readings.iter().find(same)
}

const TAKEN: &str = "taken";
const SAID: &str = "said";

fn provenance_row_id(of: RowId, word: &str) -> RowId {
    RowId(Uuid::new_v5(&of.0, format!("provenance {word}").as_bytes()))
}
