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
