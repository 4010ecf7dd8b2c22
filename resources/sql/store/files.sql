-- Every file of the ledger with its counts, for Sources. Records are those that were cut from it.
-- Gives path, stream, state, records, rows_loaded, rows_quarantined, rows_ignored, size, reason, ignored (JSON),
--       offset, compression, format
SELECT f.path, s.name, f.state, f.records,
       f.rows_loaded, f.rows_quarantined, f.rows_ignored, f.size, f.reason, f.ignored, f."offset", f.compression,
       f.format
FROM files f LEFT JOIN streams s USING (stream_id)
ORDER BY f.path, f.file_id;
