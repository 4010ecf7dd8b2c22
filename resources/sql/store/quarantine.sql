-- A page of the rows that could not be read.
-- Takes $limit, $offset
SELECT coalesce(f.path, ''), q.line, q.byte_offset, q.reason, q.raw
FROM quarantine q LEFT JOIN files f USING (file_id)
ORDER BY f.path, q.line, q.byte_offset
LIMIT $limit OFFSET $offset;
