CREATE TABLE audit (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    patient BLOB,
    device BLOB
) STRICT;
CREATE TABLE binding (
    id BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    patient BLOB NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
, user_slot INTEGER, not_before INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE bookmark (
    device BLOB NOT NULL,
    service BLOB NOT NULL,
    complete_number INTEGER,
    complete_time INTEGER,
    highest_number INTEGER,
    highest_time INTEGER,
    since_complete INTEGER NOT NULL,
    PRIMARY KEY (device, service)
) STRICT;
CREATE TABLE chunk (
    series INTEGER NOT NULL REFERENCES series (id),
    level INTEGER NOT NULL,
    start INTEGER NOT NULL,
    part INTEGER NOT NULL,
    last INTEGER NOT NULL,
    octets BLOB NOT NULL,
    PRIMARY KEY (series, level, start, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE clock_setting (
    id INTEGER PRIMARY KEY,
    device BLOB NOT NULL,
    connection BLOB NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    before_device INTEGER,
    before_read_at INTEGER,
    before_offset_ms INTEGER,
    after_device INTEGER,
    after_read_at INTEGER,
    after_offset_ms INTEGER
) STRICT;
CREATE TABLE connection (
    id BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    at INTEGER NOT NULL,
    clock_device INTEGER,
    clock_read_at INTEGER,
    clock_offset_ms INTEGER
) STRICT;
CREATE TABLE consent (
    device BLOB PRIMARY KEY,
    user_index INTEGER NOT NULL,
    code INTEGER NOT NULL
) STRICT;
CREATE TABLE device (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    manufacturer TEXT,
    model TEXT,
    serial TEXT,
    firmware TEXT,
    hardware TEXT,
    software TEXT,
    system_id TEXT,
    simulated INTEGER NOT NULL
) STRICT;
CREATE TABLE frame (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES frame_stream (id),
    place INTEGER NOT NULL,
    received INTEGER NOT NULL,
    octets BLOB NOT NULL,
    rejection TEXT
) STRICT;
CREATE TABLE frame_chunk (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES frame_stream (id),
    start INTEGER NOT NULL,
    last INTEGER NOT NULL,
    octets BLOB NOT NULL
) STRICT;
CREATE TABLE frame_stream (
    id INTEGER PRIMARY KEY,
    connection BLOB NOT NULL,
    characteristic BLOB NOT NULL,
    device BLOB NOT NULL,
    frames INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    UNIQUE (connection, characteristic, device)
) STRICT;
CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    vault BLOB NOT NULL,
    generation INTEGER NOT NULL
) STRICT;
CREATE TABLE minute_median (
    series INTEGER NOT NULL REFERENCES series (id),
    minute INTEGER NOT NULL,
    mantissa INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    PRIMARY KEY (series, minute)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    resource_type TEXT NOT NULL,
    resource_id BLOB NOT NULL,
    patient BLOB,
    payload TEXT NOT NULL,
    depends_on BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt INTEGER,
    created INTEGER NOT NULL,
    outcome_status INTEGER,
    outcome_text TEXT,
    outcome_at INTEGER
) STRICT;
CREATE TABLE patient (
    id BLOB PRIMARY KEY,
    record_number TEXT NOT NULL,
    family TEXT NOT NULL,
    given TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    sex TEXT NOT NULL,
    bed TEXT
) STRICT;
CREATE TABLE reading (
    id BLOB PRIMARY KEY,
    device BLOB NOT NULL,
    patient BLOB,
    parameter INTEGER NOT NULL,
    cadence INTEGER NOT NULL,
    unit TEXT NOT NULL,
    first_mantissa INTEGER,
    first_exponent INTEGER NOT NULL,
    second_mantissa INTEGER,
    second_exponent INTEGER,
    third_mantissa INTEGER,
    third_exponent INTEGER,
    at INTEGER NOT NULL,
    time_method INTEGER NOT NULL,
    device_time INTEGER,
    received INTEGER NOT NULL,
    boot_seconds INTEGER NOT NULL,
    boot_nanos INTEGER NOT NULL,
    identity INTEGER NOT NULL,
    identity_number INTEGER NOT NULL,
    identity_time INTEGER,
    identity_connection BLOB,
    quality INTEGER NOT NULL,
    user_slot INTEGER,
    frame_connection BLOB,
    frame_characteristic BLOB,
    frame_place INTEGER
, glucose INTEGER NOT NULL DEFAULT 0, glucose_sample TEXT, glucose_site TEXT, glucose_meal TEXT) STRICT;
CREATE TABLE run (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    started INTEGER NOT NULL,
    last_alive INTEGER NOT NULL,
    recording INTEGER NOT NULL,
    ended INTEGER NOT NULL
) STRICT;
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    series BLOB NOT NULL,
    device BLOB NOT NULL,
    patient BLOB,
    parameter INTEGER NOT NULL,
    unit TEXT NOT NULL,
    exponent INTEGER NOT NULL,
    hertz INTEGER NOT NULL,
    samples INTEGER NOT NULL,
    last_at INTEGER,
    last_step INTEGER,
    UNIQUE (series, unit, exponent, hertz)
) STRICT;
CREATE TABLE tail (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (id),
    start INTEGER NOT NULL,
    last INTEGER NOT NULL,
    octets BLOB NOT NULL
) STRICT;
CREATE INDEX binding_open ON binding (device) WHERE until IS NULL;
CREATE INDEX clock_setting_of_device ON clock_setting (device, at);
CREATE INDEX frame_chunk_last ON frame_chunk (last);
CREATE INDEX frame_chunk_start ON frame_chunk (stream, start);
CREATE INDEX frame_rejected ON frame (received) WHERE rejection IS NOT NULL;
CREATE INDEX frame_to_pack ON frame (stream, received) WHERE rejection IS NULL;
CREATE INDEX outbox_accepted ON outbox (outcome_at) WHERE state = 'accepted';
CREATE INDEX outbox_open ON outbox (patient) WHERE state <> 'accepted';
CREATE INDEX outbox_state ON outbox (state, created, place);
CREATE INDEX patient_record_number ON patient (record_number);
CREATE INDEX reading_at ON reading (at);
CREATE INDEX reading_of_patient ON reading (patient, parameter, at);
CREATE INDEX series_of_patient ON series (patient);
CREATE INDEX tail_of_series ON tail (series, start);
