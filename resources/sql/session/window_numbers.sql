-- What an incident report counts in one window.
-- Takes  $start, $end : UTC, half-open;  $by_score : the model's answer is a score, there is no prediction
-- Gives  one row: counts, rates in [0, 1], latencies in ms (nearest rank); NULL where the log does not know
SELECT count(*) AS requests, count(DISTINCT user_id) AS users, avg(failed::INTEGER) AS error_rate,
       avg((CASE WHEN $by_score THEN score::VARCHAR ELSE prediction END IS NULL)::INTEGER) AS null_responses,
       avg(clicked::DOUBLE) AS ctr, avg(label::DOUBLE) AS label_mean,
       quantile_disc(latency_ms, 0.5) AS latency_p50, quantile_disc(latency_ms, 0.95) AS latency_p95,
       quantile_disc(latency_ms, 0.99) AS latency_p99
FROM events
WHERE ts >= $start AND ts < $end;
