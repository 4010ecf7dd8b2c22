-- Alarms are kept, and what people said of them.
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
