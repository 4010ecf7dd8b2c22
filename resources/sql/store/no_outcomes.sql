-- The shape of `outcomes` while no stream of outcomes is there.
SELECT NULL::VARCHAR AS stream, NULL::VARCHAR AS request_id, NULL::TIMESTAMP AS ts, NULL::TIMESTAMP AS arrived,
       NULL::DOUBLE AS clicked, NULL::DOUBLE AS label, NULL::INTEGER AS file, NULL::BIGINT AS record
WHERE false
