-- The tables of a workspace whose shape does not depend on the log. Names are stable.
-- No keys and no indexes: one writer sees to uniqueness, and an index of ten million ids costs 1.2 GB.
CREATE TABLE meta (key VARCHAR, value VARCHAR);

CREATE TABLE files (
    file_id INTEGER, path VARCHAR, stream_id INTEGER, format VARCHAR, compression VARCHAR,
    device HUGEINT, inode HUGEINT, size BIGINT, mtime_ns BIGINT,
    "offset" BIGINT, records BIGINT, next_record BIGINT, prefix_digest VARCHAR, anchor VARCHAR, header VARCHAR,
    state VARCHAR, reason VARCHAR, rows_loaded BIGINT, rows_quarantined BIGINT, rows_ignored BIGINT, ignored VARCHAR,
    first_ts TIMESTAMP, last_ts TIMESTAMP
);

CREATE TABLE streams (
    stream_id INTEGER, name VARCHAR, kind VARCHAR, format VARCHAR, why VARCHAR, zone VARCHAR, zone_assumed BOOLEAN,
    "table" VARCHAR,
    split_s INTEGER, bins_s INTEGER,     -- from which level on series are kept apart, and bins kept; 0: not yet known
    half_of VARCHAR, answers BOOLEAN,    -- the stream whose rows these complete, and whether they are its responses
    dialect VARCHAR
);

CREATE TABLE "columns" (
    stream_id INTEGER, number INTEGER, name VARCHAR, stored VARCHAR, type VARCHAR, kept VARCHAR, role VARCHAR,
    unit VARCHAR, time_format VARCHAR, naive BOOLEAN, why VARCHAR, samples VARCHAR, chosen BOOLEAN
);

CREATE TABLE quarantine (
    file_id INTEGER, line BIGINT, byte_offset BIGINT, reason VARCHAR, raw VARCHAR,
    record BIGINT       -- its number in the file, from 0
);

-- Records that were in quarantine and became rows after a correction: they go back when it is undone.
CREATE TABLE healed (
    file_id INTEGER, line BIGINT, byte_offset BIGINT, reason VARCHAR, raw VARCHAR, record BIGINT
);

CREATE TABLE annotations (annotation_id VARCHAR, first_ts TIMESTAMP, last_ts TIMESTAMP, text VARCHAR, origin VARCHAR);

-- What people keep of a window: JSON, and beside it what one asks for in SQL. Nothing is taken out of the edits.
CREATE TABLE incidents (
    incident_id VARCHAR, incident VARCHAR, title VARCHAR, status VARCHAR, severity VARCHAR,
    first_ts TIMESTAMP, last_ts TIMESTAMP
);
CREATE TABLE incident_edits (
    incident_id VARCHAR, number BIGINT, made TIMESTAMP,
    did VARCHAR,            -- create, edit, look, undo, redo, delete, restore
    incident VARCHAR        -- as it was afterwards; NULL: gone
);
CREATE TABLE incident_snapshots (       -- charts and drift of an incident as they were; content: see the room session
    incident_id VARCHAR, made TIMESTAMP, first_ts TIMESTAMP, last_ts TIMESTAMP, reference_first TIMESTAMP,
    reference_last TIMESTAMP, form INTEGER, content BLOB
);

-- The combinations of model, version, host and metric name that occur in a stream; number 0 is the rest.
CREATE TABLE series (
    stream_id INTEGER, series INTEGER, model VARCHAR, model_version VARCHAR, host VARCHAR, metric_name VARCHAR
);

-- Buckets of ten seconds whose rollups do not yet hold all rows: written with the rows, removed with the rollups.
CREATE TABLE dirty (stream_id INTEGER, bucket TIMESTAMP);

-- Likewise for outcomes: buckets of requests to join again, and records of outcomes that found no request yet.
CREATE TABLE dirty_outcomes (bucket TIMESTAMP);
CREATE TABLE new_outcomes (stream_id INTEGER, file_id INTEGER, first_record BIGINT, last_record BIGINT);

-- Records of streams with half rows that were not yet brought together with the other half.
CREATE TABLE new_halves (
    stream_id INTEGER, file_id INTEGER, first_record BIGINT, last_record BIGINT, first_ts TIMESTAMP, last_ts TIMESTAMP,
    id VARCHAR          -- of a record that was taken back, in place of its file and number
);

-- Where the cells of a half go; and buckets with requests that still have time for their response.
CREATE TABLE half_columns (
    main_id INTEGER, half_id INTEGER, half_stored VARCHAR, main_stored VARCHAR, added BOOLEAN
);
CREATE TABLE unanswered (stream_id INTEGER, bucket TIMESTAMP, due TIMESTAMP);

-- Outcomes at the time of their request, and how good its answer was (see store/derived.py); stream and series are
-- those of the request.
CREATE TABLE rollup_outcomes (
    level_s INTEGER, bucket TIMESTAMP, stream_id INTEGER, series INTEGER, n BIGINT,
    n_clicked BIGINT, sum_clicked DOUBLE, sq_clicked DOUBLE, min_clicked DOUBLE, max_clicked DOUBLE,
    n_label BIGINT, sum_label DOUBLE, sq_label DOUBLE, min_label DOUBLE, max_label DOUBLE,
    n_churned BIGINT, sum_churned DOUBLE, sq_churned DOUBLE, min_churned DOUBLE, max_churned DOUBLE,
    n_correct BIGINT, sum_correct DOUBLE, sq_correct DOUBLE, min_correct DOUBLE, max_correct DOUBLE,
    n_abs_error BIGINT, sum_abs_error DOUBLE, sq_abs_error DOUBLE, min_abs_error DOUBLE, max_abs_error DOUBLE,
    n_log_loss BIGINT, sum_log_loss DOUBLE, sq_log_loss DOUBLE, min_log_loss DOUBLE, max_log_loss DOUBLE
);

-- How long outcomes came after their request, in logarithmic bins of seconds, by bucket of the request.
CREATE TABLE outcome_waits (stream_id INTEGER, bucket TIMESTAMP, bin INTEGER, n BIGINT);

-- What alarms have been, as it was last judged: one row for each time that a rule fired. Labels are a JSON object.
CREATE TABLE alarms (
    rule VARCHAR, labels VARCHAR, severity VARCHAR,
    pending_ts TIMESTAMP, first_ts TIMESTAMP, last_ts TIMESTAMP,    -- last_ts: NULL while it fires
    peak DOUBLE, value DOUBLE, ended VARCHAR, judged_ts TIMESTAMP
);

-- The states that rules and their alarms went through, all but inactive; whole: of the rule, not of one alarm.
CREATE TABLE alarm_states (
    rule VARCHAR, labels VARCHAR, whole BOOLEAN, state VARCHAR, first_ts TIMESTAMP, last_ts TIMESTAMP
);

-- What people said of alarms. An acknowledgement is of one time that a rule fired; a silence has an end and a reason.
CREATE TABLE alarm_acks (rule VARCHAR, labels VARCHAR, first_ts TIMESTAMP, note VARCHAR, made TIMESTAMP);
CREATE TABLE silences (
    silence_id INTEGER, rule VARCHAR, labels VARCHAR, first_ts TIMESTAMP, last_ts TIMESTAMP, reason VARCHAR,
    made TIMESTAMP
);

-- Rehearsals of rollouts are kept, with their audit logs. Times are log time, but for `made`.
CREATE TABLE rollouts (
    rollout_id INTEGER, made TIMESTAMP, kind VARCHAR, plan VARCHAR, plan_text VARCHAR, source VARCHAR, split VARCHAR,
    seed BIGINT, stable VARCHAR, candidate VARCHAR, first_ts TIMESTAMP, last_ts TIMESTAMP,
    ending VARCHAR, ended_ts TIMESTAMP,                     -- ending '': not over, or a what-if
    requests BIGINT, users BIGINT, excess_errors DOUBLE, clicks_lost DOUBLE, result VARCHAR
);
CREATE TABLE rollout_events (
    rollout_id INTEGER, number INTEGER, ts TIMESTAMP, who VARCHAR, what VARCHAR, sentence VARCHAR, changes VARCHAR
);

-- Results kept as they were seen: runs of advice, and what an incident has attached; content: see the room session.
-- Times are log time, but for `made`.
CREATE TABLE results (
    result_id VARCHAR, made TIMESTAMP, kind VARCHAR, at_ts TIMESTAMP, first_ts TIMESTAMP, last_ts TIMESTAMP,
    title VARCHAR, sentence VARCHAR, command VARCHAR, form INTEGER, content BLOB
);
