-- Gives  each model version with its requests and its first time, the first one first
SELECT model_version, count(*) AS requests, min(ts) AS first
FROM events WHERE model_version IS NOT NULL GROUP BY model_version ORDER BY first, requests DESC LIMIT 20;
