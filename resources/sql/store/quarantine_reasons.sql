-- Why records could not be read, most frequent first.
-- Takes $file: only of this one, or NULL for all
SELECT q.reason, count(*) AS n
FROM quarantine q LEFT JOIN files f USING (file_id)
WHERE $file IS NULL OR f.path = $file
GROUP BY q.reason ORDER BY n DESC, q.reason;
