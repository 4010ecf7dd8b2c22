-- What a plan of a rollout needs to know of the log.
-- Takes  $by_score : the model's answer is a score, there is no prediction
-- Gives  one row: counts, seconds from first to last request, shares in [0, 1]; NULL where the log does not know
SELECT count(*) AS requests, epoch(max(ts)) - epoch(min(ts)) AS seconds, approx_count_distinct(user_id) AS users,
       avg(failed::INTEGER) AS error_rate,
       avg((CASE WHEN $by_score THEN score::VARCHAR ELSE prediction END IS NULL)::INTEGER) AS null_share,
       avg(clicked) AS ctr,
       count(coalesce(score, TRY_CAST(prediction AS DOUBLE))) AS scores, count(latency_ms) AS latencies
FROM events;
