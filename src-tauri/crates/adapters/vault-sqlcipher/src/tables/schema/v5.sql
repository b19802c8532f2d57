CREATE TRIGGER audit_checkpoint_kept BEFORE UPDATE ON audit_checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
CREATE TRIGGER audit_checkpoint_stays BEFORE DELETE ON audit_checkpoint
    BEGIN SELECT RAISE(ABORT, 'checkpoints are never removed'); END;
CREATE TRIGGER audit_kept BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never changed'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'entries of the audit log are never removed'); END;
CREATE TRIGGER reading_assigned_once BEFORE UPDATE OF patient ON reading WHEN OLD.patient IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a reading that has a patient keeps it'); END;
CREATE TRIGGER reading_kept BEFORE UPDATE OF id, device, parameter, cadence, unit, first_mantissa,
    first_exponent, second_mantissa, second_exponent, third_mantissa, third_exponent, at, time_method, device_time,
    received, boot_seconds, boot_nanos, identity, identity_number, identity_time, identity_connection, quality,
    user_slot, frame_connection, frame_characteristic, frame_place, glucose_sample, glucose_site, temperature_site
    ON reading BEGIN SELECT RAISE(ABORT, 'a reading is never changed'); END;
CREATE TRIGGER reading_meal_once BEFORE UPDATE OF glucose_meal ON reading WHEN OLD.glucose_meal IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a reading that has a meal keeps it'); END;
CREATE TRIGGER reading_stays BEFORE DELETE ON reading
    BEGIN SELECT RAISE(ABORT, 'a reading is never removed'); END;
CREATE TRIGGER reading_version_kept BEFORE UPDATE ON reading_version
    BEGIN SELECT RAISE(ABORT, 'a version is never changed'); END;
CREATE TRIGGER reading_version_stays BEFORE DELETE ON reading_version
    BEGIN SELECT RAISE(ABORT, 'a version is never removed'); END;
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    boot_ns INTEGER,
    boot_id TEXT,
    run BLOB,
    version TEXT,
    actor BLOB,
    roles TEXT NOT NULL,
    action TEXT NOT NULL,
    patient BLOB,
    device BLOB,
    clinician BLOB,
    records INTEGER,
    purpose TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE TABLE audit_checkpoint (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL
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
CREATE TABLE clinic_order (
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
CREATE TABLE clinic_patient (
    server TEXT NOT NULL,
    id TEXT NOT NULL,
    patient BLOB,
    joined TEXT NOT NULL,
    version TEXT,
    updated INTEGER,
    active INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    replaced_by TEXT,
    record_number TEXT,
    family TEXT,
    given TEXT,
    birth_date TEXT,
    sex TEXT,
    listed INTEGER NOT NULL,
    left_at INTEGER,
    orders_whole INTEGER NOT NULL,
    PRIMARY KEY (server, id)
) STRICT;
CREATE TABLE clinician (
    id BLOB PRIMARY KEY,
    user_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    roles TEXT NOT NULL,
    enrolled INTEGER NOT NULL,
    disabled INTEGER,
    pin TEXT
) STRICT;
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
, udi_label TEXT, udi_device_identifier TEXT, udi_issuer TEXT, udi_authority TEXT) STRICT;
CREATE TABLE digest (
    name TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE download_cursor (
    server TEXT NOT NULL,
    query TEXT NOT NULL,
    updated INTEGER,
    taken INTEGER NOT NULL,
    PRIMARY KEY (server, query)
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
CREATE TABLE interrupted_device (
    device BLOB NOT NULL,
    patient BLOB NOT NULL,
    PRIMARY KEY (device, patient)
) STRICT;
CREATE TABLE interruption (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    vault BLOB NOT NULL,
    generation INTEGER NOT NULL
, slot_counter INTEGER NOT NULL DEFAULT 0, last_commit BLOB, anchor_kept INTEGER NOT NULL DEFAULT 0, audit_filed INTEGER NOT NULL DEFAULT 0) STRICT;
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
, lane TEXT NOT NULL DEFAULT 'clinical', kept_by_device INTEGER NOT NULL DEFAULT 0, measured_by BLOB, server_address TEXT, server_id TEXT, server_version TEXT, server_modified INTEGER, expects TEXT, discard_reason TEXT, discarded_by BLOB, discarded_at INTEGER) STRICT;
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
, glucose INTEGER NOT NULL DEFAULT 0, glucose_sample TEXT, glucose_site TEXT, glucose_meal TEXT, temperature_site TEXT) STRICT;
CREATE TABLE reading_version (
    reading BLOB NOT NULL,
    version INTEGER NOT NULL,
    unit TEXT,
    first_mantissa INTEGER,
    first_exponent INTEGER,
    second_mantissa INTEGER,
    second_exponent INTEGER,
    third_mantissa INTEGER,
    third_exponent INTEGER,
    reason TEXT NOT NULL,
    author BLOB,
    at INTEGER NOT NULL, confirmed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (reading, version)
) STRICT;
CREATE TABLE record_key (
    id INTEGER PRIMARY KEY,
    nonce BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE row_digest (
    name TEXT NOT NULL,
    row ANY NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (name, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    started INTEGER NOT NULL,
    last_alive INTEGER NOT NULL,
    recording INTEGER NOT NULL,
    ended INTEGER NOT NULL
, policy BLOB) STRICT;
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
CREATE TABLE server_token (
    server TEXT NOT NULL,
    clinician BLOB NOT NULL,
    endpoint TEXT NOT NULL,
    refresh TEXT NOT NULL,
    user TEXT,
    granted INTEGER NOT NULL,
    PRIMARY KEY (server, clinician)
) STRICT;
CREATE TABLE server_traits (
    address TEXT PRIMARY KEY,
    our_ids INTEGER,
    audit_events INTEGER,
    most_rows INTEGER,
    rows INTEGER,
    metered INTEGER NOT NULL
) STRICT;
CREATE TABLE spool_filed (
    file BLOB PRIMARY KEY,
    up_to INTEGER NOT NULL
) STRICT;
CREATE TABLE spool_origin (
    public BLOB PRIMARY KEY
) STRICT;
CREATE TABLE tail (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL REFERENCES series (id),
    start INTEGER NOT NULL,
    last INTEGER NOT NULL,
    octets BLOB NOT NULL
) STRICT;
CREATE TABLE unwritable (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    changes BLOB NOT NULL
) STRICT;
CREATE INDEX audit_of_patient ON audit (patient) WHERE patient IS NOT NULL;
CREATE INDEX binding_open ON binding (device) WHERE until IS NULL;
CREATE INDEX clinic_order_patient ON clinic_order (server, patient);
CREATE INDEX clock_setting_of_device ON clock_setting (device, at);
CREATE INDEX frame_chunk_last ON frame_chunk (last);
CREATE INDEX frame_chunk_start ON frame_chunk (stream, start);
CREATE INDEX frame_rejected ON frame (received) WHERE rejection IS NOT NULL;
CREATE INDEX frame_to_pack ON frame (stream, received) WHERE rejection IS NULL;
CREATE INDEX outbox_accepted ON outbox (outcome_at) WHERE state = 'accepted';
CREATE INDEX outbox_audit ON outbox (state) WHERE lane = 'audit';
CREATE INDEX outbox_copy ON outbox (resource_id, created) WHERE state = 'accepted';
CREATE INDEX outbox_open ON outbox (patient) WHERE state <> 'accepted';
CREATE INDEX outbox_state ON outbox (state, created, place);
CREATE INDEX outbox_subjects ON outbox (resource_id, server_address)
    WHERE state = 'accepted' AND resource_type IN ('Patient', 'Device');
CREATE INDEX patient_record_number ON patient (record_number);
CREATE INDEX reading_at ON reading (at);
CREATE INDEX reading_of_patient ON reading (patient, parameter, at);
CREATE INDEX series_of_patient ON series (patient);
CREATE INDEX tail_of_series ON tail (series, start);
