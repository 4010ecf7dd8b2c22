-- What was looked into is kept as it was seen: runs of advice, and results that an incident has attached.
CREATE TABLE results (
    result_id VARCHAR, made TIMESTAMP, kind VARCHAR, at_ts TIMESTAMP, first_ts TIMESTAMP, last_ts TIMESTAMP,
    title VARCHAR, sentence VARCHAR, command VARCHAR, form INTEGER, content BLOB
);
