-- The shape of `samples` while no stream of samples is there.
SELECT NULL::VARCHAR AS stream, NULL::VARCHAR AS host, NULL::VARCHAR AS metric, NULL::TIMESTAMP AS ts,
       NULL::DOUBLE AS value, NULL::VARCHAR AS kind, NULL::DOUBLE AS increase, NULL::INTEGER AS file,
       NULL::BIGINT AS record
WHERE false
