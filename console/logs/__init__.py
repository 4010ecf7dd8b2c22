"""Reads a folder of logs: which files, which format, which fields mean what; and follows files that grow.

Belongs here: everything between the bytes of a folder and rows with roles. `discover` makes the plan of a folder from
heads of files, `load` reads whole files after it, `follow` what comes later, with `recognise_new` for a file that
appears; `config` keeps what the user said. Does not belong here: tables, SQL and rollups (`console.store`, which also
joins halves of requests and differences counters), and what is charted from a role (`console.metrics`).

How a plan comes about, a file each:

    walk        files without opening them: links, loops, pipes, what is passed over
    sniff       one head: compression, encoding, format (`formats` for what serving tools write, `delimited` for tables
                of text, `foreign` for all else)
    formats     the forms of serving tools, a room of its own: how each is known, cut into rows, and what columns mean
    names       stems that rotations share, dates and hive values in folders, names for the raw table
    group       files of one shape, or of one form, into one stream; columns that stand in the path
    headless    tables that lost their header when they were copied aside and cut
    cells       types, from values          times   how times are written        units   ms, s, MB, %
    roles       the dictionary of names, checked against values                  features   what the model saw
    kinds       requests, outcomes, samples, reference, untimed
    streams     the plan of one stream      memory  what an earlier plan had settled   plan   what they hand on
    halves      streams that log the same requests: one event for both
    said        what the user said beyond columns: names without a header, values in the path, files left out
    refusals    sentences for what is not loaded           limits   what is too much    view   what is shown

How bytes become rows:

    opened      the bytes of a file, and whether they are those that were read before
    pieces      whole records of a file: rows, and where each stands in it
    reading     one text file from an offset on, in such pieces
    records     tables of text cut into records, with `arrow_csv`     jsonlines   the same for JSON, with `json_alike`
    parquet     ranges of rows, which the database reads itself            parquet_lines   Parquet that a form opens
    together    small files of one form, cut in one go                     beyond   fields past the number of columns
    identity    which file of the ledger a file on disk is         begun    where it is read from, after that
    contents    files one after the other, read ahead by a thread          load   all of a folder, newest files first
    writing     which field is which column, and the ledger                bulk   the rows of one transaction
    follow      what comes while a folder is open, with `followed` (one file), `copies` (what repeats it) and
                `patience` (what is asked again)               recognise   the stream of a file that appears
    raw         a record as it stands in its file              replay   records in quarantine, read again

Decisions, with their reasons:

* Content decides, never the ending: `access.log.2.gz` may hold JSON lines, and a picture may be called `.csv`.
* A head is 64 KB, of at most 400 rows, of at most four files a stream and one for each new set of columns. So keys and
  types that show later are the loader's: it widens, discovery does not read whole files.
* Files are one stream when they lie in folders of one shape, share the stem without dates and numbers, and half of
  the columns of the smaller one: a schema change must not tear a stream apart. Folders beside each other join at 80 %,
  names that end with a short number (`scores-2.csv`) where all columns are the same. Files of one form are one stream
  wherever they lie.
* A form of a serving tool is taken when half of what was looked at has it, the surest one first. It is a query over
  lines: planning it costs more than a small file, so few heads are cut to tell its fields, and small files are cut in
  one go. Its lines may be longer than those of a table, as far as it says.
* A request is one event, however many records tell of it. Where both halves stand in one stream, or another stream
  holds the same ids, the plan says so (`half_of`), and the store joins them as they come: counted as they are,
  traffic would be twice the truth.
* What a server counts up is kept as it is written; the store makes increases of it. Scrapes and metrics may be equal
  and are no copies: what tells them apart is their name.
* A name alone gives no role. `request_time` is a time or a duration by its values, `state` is a status only with words
  of success and failure. What looks wrong gets no role rather than a wrong one.
* Ids are text (leading zeros, more than 53 bits). 0 and 1 stay numbers; only the words true and false make a flag.
* Whether the day or the month stands first in a date is told by those dates that can be read in one way only; when
  none can, or some say this and some that, the column is refused and the user asked: an invented date would be
  believed. A cell of the other order is then no date.
* A count from a start that the log does not name (Mooncake) has an axis of its own, shown without dates, where nothing
  else in the folder has dates; it must grow, and its name may say nothing but time: `dep_time` is 517 for 5:17.
* Requests without any time (uvicorn's plain access log) are a kind of their own, counted and shown on no time axis.
* A file is the one that was read when its inode, its first bytes and those before the offset are; a copy of it when
  the crc of all that was read is the same too. Who repeats what was read is read from where that ends.
* A last line without its end is taken from a file at rest, and taken back when it goes on after all.
* Every record is a row, set aside with its place and reason, or ignored and counted: nothing is lost without a word.
* Text of a log is data. Pickles are never opened, pipes and devices neither. Links out of the folder are followed,
  loops are not.
"""
