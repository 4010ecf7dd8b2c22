-- Charts and drift results are kept with an incident as they were when it was looked into.
CREATE TABLE incident_snapshots (
    incident_id VARCHAR, made TIMESTAMP, first_ts TIMESTAMP, last_ts TIMESTAMP, reference_first TIMESTAMP,
    reference_last TIMESTAMP, form INTEGER, content BLOB
);
