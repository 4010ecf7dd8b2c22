-- Takes  $limits_ms : DOUBLE[]
-- Gives  limit_ms, and the share of requests that took longer, of those with a latency
SELECT limits.limit_ms, avg((events.latency_ms > limits.limit_ms)::INTEGER) AS slower
FROM events, (SELECT unnest($limits_ms::DOUBLE[]) AS limit_ms) limits
WHERE events.latency_ms IS NOT NULL
GROUP BY limits.limit_ms ORDER BY limits.limit_ms;
