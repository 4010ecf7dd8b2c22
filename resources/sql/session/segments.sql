-- How each model version and each host fared in one window.
-- Takes  $start, $end : UTC, half-open;  $by_score : as in window_numbers
-- Gives  part (the column), value, requests, failed_share, latency_p95 (ms), null_share, ctr; largest segments first
SELECT segment.name AS part, segment.value AS value, count(*) AS requests, avg(failed::INTEGER) AS failed_share,
       quantile_disc(latency_ms, 0.95) AS latency_p95,
       avg((CASE WHEN $by_score THEN score::VARCHAR ELSE prediction END IS NULL)::INTEGER) AS null_share,
       avg(clicked::DOUBLE) AS ctr
FROM events,
     unnest([{'name': 'model_version', 'value': model_version}, {'name': 'host', 'value': host}]) AS pairs(segment)
WHERE ts >= $start AND ts < $end AND segment.value IS NOT NULL
GROUP BY ALL
ORDER BY part DESC, requests DESC, value;
