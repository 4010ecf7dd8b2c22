-- Files that were read, the records that were cut from them, and what became of these. Files that were refused or left
-- alone are not counted. And how many should be logs, but could not be read.
SELECT count(*) FILTER (state NOT IN ('rejected', 'left alone', 'left out')), coalesce(sum(records), 0),
       coalesce(sum(rows_loaded), 0), coalesce(sum(rows_quarantined), 0), coalesce(sum(rows_ignored), 0),
       count(*) FILTER (state = 'rejected')
FROM files;
