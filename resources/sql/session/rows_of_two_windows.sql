-- The rows of both windows of an incident, once, as the temporary table `hit` with the columns of `events`.
-- Takes  $first, $last : around both;  $start, $end : the incident;  $before, $until : the reference; UTC, half-open
CREATE OR REPLACE TEMP TABLE hit AS
SELECT ts, user_id, model_version, host, latency_ms, failed, prediction, score, clicked, label
FROM events
WHERE ts >= $first AND ts < $last AND ((ts >= $start AND ts < $end) OR (ts >= $before AND ts < $until));
