-- Rows may be halves of an event: what a stream of them says, and what was not yet brought together.
-- The raw tables, whose names are only known there, get their columns `_half` and `_filled` beside this.
ALTER TABLE streams ADD COLUMN half_of VARCHAR DEFAULT '';
ALTER TABLE streams ADD COLUMN answers BOOLEAN DEFAULT false;
ALTER TABLE streams ADD COLUMN dialect VARCHAR DEFAULT '';
CREATE TABLE new_halves (
    stream_id INTEGER, file_id INTEGER, first_record BIGINT, last_record BIGINT, first_ts TIMESTAMP, last_ts TIMESTAMP,
    id VARCHAR          -- of a record that was taken back, in place of its file and number
);

-- Where the cells of a half go; and buckets with requests that still have time for their response.
CREATE TABLE half_columns (
    main_id INTEGER, half_id INTEGER, half_stored VARCHAR, main_stored VARCHAR, added BOOLEAN
);
CREATE TABLE unanswered (stream_id INTEGER, bucket TIMESTAMP, due TIMESTAMP);

-- How long outcomes came after their request, in logarithmic bins of seconds, by bucket of the request.
CREATE TABLE outcome_waits (stream_id INTEGER, bucket TIMESTAMP, bin INTEGER, n BIGINT);
INSERT INTO dirty_outcomes VALUES (NULL);
