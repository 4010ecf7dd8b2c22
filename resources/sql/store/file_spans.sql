-- What time each file with rows covers.
SELECT stream_id, epoch_us(first_ts), epoch_us(last_ts) FROM files WHERE first_ts IS NOT NULL
