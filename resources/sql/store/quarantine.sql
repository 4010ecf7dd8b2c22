-- A page of the records that could not be read.
-- Takes $limit, $offset; $reason and $file: only those, or NULL for all
-- Gives path, line, byte_offset, reason, raw, file_id, record
SELECT coalesce(f.path, ''), q.line, q.byte_offset, q.reason, q.raw, q.file_id, q.record
FROM quarantine q LEFT JOIN files f USING (file_id)
WHERE ($reason IS NULL OR q.reason = $reason) AND ($file IS NULL OR f.path = $file)
ORDER BY f.path, q.line, q.byte_offset, q.record
LIMIT $limit OFFSET $offset;
