-- Values of all series of samples, for a look at them over time; every $each-th of many.
-- Takes  $each
-- Gives  metric VARCHAR, t BIGINT in microseconds since 1970, value DOUBLE, finite
SELECT metric, epoch_us(ts) AS t, value FROM samples
WHERE value IS NOT NULL AND ts IS NOT NULL AND isfinite(value)
QUALIFY row_number() OVER () % $each = 0;
