-- The requests of a log as a replay needs them, in the order of their arrival.
-- Takes  $versions : VARCHAR[], only rows of these; empty: all rows;  $events is replaced by what is read from
-- Gives  arrived_s, known_at : seconds since 1970; user_id, model_version, request_id : text; numbers, NULL where not known
SELECT epoch(coalesce(e.arrived, e.ts)) AS arrived_s, e.user_id, e.model_version, hash(e.request_id) AS key,
       e.failed::DOUBLE AS failed, e.latency_ms, coalesce(e.score, TRY_CAST(e.prediction AS DOUBLE)) AS score,
       (e.prediction IS NULL AND e.score IS NULL)::DOUBLE AS empty, e.clicked,
       (TRY_CAST(e.prediction AS DOUBLE) <> e.label)::DOUBLE AS wrong, epoch(o.known) AS known_at,
       e.arm_probability, e.shadow IS NOT NULL AS shadowed, (TRY_CAST(e.shadow AS DOUBLE) <> e.label)::DOUBLE
       AS shadow_wrong, TRY_CAST(e.shadow AS DOUBLE) AS shadow_score
FROM (/*events*/) e
LEFT JOIN (SELECT request_id, max(coalesce(arrived, ts)) AS known FROM outcomes WHERE request_id IS NOT NULL
           GROUP BY request_id) o ON o.request_id = e.request_id
WHERE e.ts IS NOT NULL AND (len($versions::VARCHAR[]) = 0 OR list_contains($versions::VARCHAR[], e.model_version))
ORDER BY arrived_s, e.file, e.record;
