"""Reads a folder of logs: which files, which format, which fields mean what; and follows files that grow.

Belongs here: everything between the bytes of a folder and rows with roles. `discover` makes the plan of a folder from
heads of files, `recognise_new` that of one file which appears later; `config` keeps what the user said; the loader and
the follower read whole files after the plan. Does not belong here: tables, SQL and rollups (`console.store`), and what
is charted from a role (`console.metrics`).

How a plan comes about, a file each:

    walk        files without opening them: links, loops, pipes, what is passed over
    sniff       one head: compression, encoding, format (`delimited` for tables of text, `foreign` for all else)
    names       stems that rotations share, dates and hive values in folders, names for the raw table
    group       files of one shape into one stream, columns that stand in the path
    cells       types, from values          times   how times are written        units   ms, s, MB, %
    roles       the dictionary of names, checked against values                  features   what the model saw
    kinds       requests, outcomes, samples or reference
    streams     the plan of one stream      memory  what an earlier plan had settled
    refusals    sentences for what is not loaded
    headless    tables that lost their header when they were copied aside and cut
    identity    which file of the ledger a file on disk is         begun    where it is read from, after that
    follow      what comes while a folder is open; with `copies` (what repeats it) and `patience` (what is asked again)
    said        what the user said beyond columns: names without a header, values in the path, files left out
    raw         a record as it stands in its file        replay    records in quarantine, read again

Decisions, with their reasons:

* Content decides, never the ending: `access.log.2.gz` may hold JSON lines, and a picture may be called `.csv`.
* A head is 64 KB, of at most 400 rows, of at most four files a stream and one for each new set of columns. So keys and
  types that show later are the loader's: it widens, this room does not read whole files.
* Files are one stream when they lie in folders of one shape, share the stem without dates and numbers, and half of
  the columns of the smaller one: a schema change must not tear a stream apart. Folders beside each other join at 80 %.
* A name alone gives no role. `request_time` is a time or a duration by its values, `state` is a status only with words
  of success and failure. What looks wrong gets no role rather than a wrong one.
* Ids are text (leading zeros, more than 53 bits). 0 and 1 stay numbers; only the words true and false make a flag.
* Whether the day or the month stands first in a date is told by those dates that can be read in one way only; when
  none can, or some say this and some that, the column is refused and the user asked: an invented date would be
  believed. A cell of the other order is then no date.
* A count from a start that the log does not name (Mooncake) has an axis of its own, shown without dates, where nothing
  else in the folder has dates; it must grow, and its name may say nothing but time: `dep_time` is 517 for 5:17.
* Logs whose rows are only half a request (KServe's pairs, SageMaker's capture, Prometheus scrapes) are named and
  refused until there is a reader that joins them: counted as they are, traffic would be twice the truth.
* A file is the one that was read when its inode, its first bytes and those before the offset are; a copy of it when
  the crc of all that was read is the same too. Who repeats what was read is read from where that ends.
* A last line without its end is taken from a file at rest, and taken back when it goes on after all.
* Text of a log is data. Pickles are never opened, pipes and devices neither. Links out of the folder are followed,
  loops are not.
"""
