-- What is done to incidents is kept; what one asks of them in SQL stands in columns.
ALTER TABLE incidents ADD COLUMN title VARCHAR;
ALTER TABLE incidents ADD COLUMN status VARCHAR;
ALTER TABLE incidents ADD COLUMN severity VARCHAR;
ALTER TABLE incidents ADD COLUMN first_ts TIMESTAMP;
ALTER TABLE incidents ADD COLUMN last_ts TIMESTAMP;
UPDATE incidents SET title = incident ->> '$.title', status = incident ->> '$.status',
                     severity = incident ->> '$.severity',
                     first_ts = (incident ->> '$.window.start')::TIMESTAMPTZ AT TIME ZONE 'UTC',
                     last_ts = (incident ->> '$.window.end')::TIMESTAMPTZ AT TIME ZONE 'UTC';
CREATE TABLE incident_edits (
    incident_id VARCHAR, number BIGINT, made TIMESTAMP,
    did VARCHAR,            -- create, edit, look, undo, redo, delete, restore
    incident VARCHAR        -- as it was afterwards; NULL: gone
);
INSERT INTO incident_edits
SELECT incident_id, row_number() OVER (ORDER BY incident_id),
       (incident ->> '$.created')::TIMESTAMPTZ AT TIME ZONE 'UTC', 'create', incident
FROM incidents;
