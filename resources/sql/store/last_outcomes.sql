-- The last outcome of each request id, for reading rows. The board's numbers come from `rollup_outcomes`, where an
-- outcome goes to one request only.
SELECT request_id, arg_max(clicked, told) AS clicked, arg_max(label, told) AS label, max(told) AS last_ts
FROM (SELECT request_id, clicked, label, coalesce(ts, TIMESTAMP '2200-01-01') AS told
      FROM outcomes WHERE request_id IS NOT NULL)
GROUP BY request_id
