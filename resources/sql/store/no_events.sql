-- The shape of `events` while no stream of requests is there.
SELECT NULL::VARCHAR AS stream, NULL::TIMESTAMP AS ts, NULL::TIMESTAMP AS arrived, NULL::VARCHAR AS request_id,
       NULL::VARCHAR AS user_id, NULL::VARCHAR AS model, NULL::VARCHAR AS model_version, NULL::VARCHAR AS host,
       NULL::DOUBLE AS latency_ms, NULL::VARCHAR AS status, NULL::BOOLEAN AS failed, NULL::VARCHAR AS prediction,
       NULL::DOUBLE AS score, NULL::DOUBLE AS label, NULL::DOUBLE AS clicked, NULL::INTEGER AS file,
       NULL::BIGINT AS record
WHERE false
