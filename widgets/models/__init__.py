"""Item models over the tuples that console hands out, and what people type, read.

What belongs here: `RowsModel` (any tuple of frozen rows as a read-only table) and `typed_time` (a time range as people
write it). What does not: sorting and filtering of large data, which console does in SQL; editing, which is an intent.

Decision: one model for all tables. A table is a tuple of `Column` values (title, width, how to get the text out of a
row), so a panel says what it shows as data, and `data()` stays the short function that Qt calls thousands of times.
"""
