-- Records in quarantine are known by their number in the file, so that they can be read again after a correction.
ALTER TABLE quarantine ADD COLUMN record BIGINT;
CREATE TABLE healed (file_id INTEGER, line BIGINT, byte_offset BIGINT, reason VARCHAR, raw VARCHAR, record BIGINT);
