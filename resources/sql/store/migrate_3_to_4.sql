-- Joined outcomes tell how good the answer of their request was, and whether its user left: all are joined again.
DROP TABLE rollup_outcomes;
CREATE TABLE rollup_outcomes (
    level_s INTEGER, bucket TIMESTAMP, stream_id INTEGER, series INTEGER, n BIGINT,
    n_clicked BIGINT, sum_clicked DOUBLE, sq_clicked DOUBLE, min_clicked DOUBLE, max_clicked DOUBLE,
    n_label BIGINT, sum_label DOUBLE, sq_label DOUBLE, min_label DOUBLE, max_label DOUBLE,
    n_churned BIGINT, sum_churned DOUBLE, sq_churned DOUBLE, min_churned DOUBLE, max_churned DOUBLE,
    n_correct BIGINT, sum_correct DOUBLE, sq_correct DOUBLE, min_correct DOUBLE, max_correct DOUBLE,
    n_abs_error BIGINT, sum_abs_error DOUBLE, sq_abs_error DOUBLE, min_abs_error DOUBLE, max_abs_error DOUBLE,
    n_log_loss BIGINT, sum_log_loss DOUBLE, sq_log_loss DOUBLE, min_log_loss DOUBLE, max_log_loss DOUBLE
);
DELETE FROM dirty_outcomes;
INSERT INTO dirty_outcomes VALUES (NULL);
