"""The demo: a log folder with a story in it, for people who want to see the program before they trust it with a log.

`world` makes traffic: what users ask, what the model answers, what the servers feel. `story` writes two days of it
into a folder, `writer` goes on appending, `play` shows it: in the window, or off screen where there is none.

The chapters lie at fixed distances before now, so that the story looks the same at every time of day. What was
really done to the data, and when, is written beside the folder (`NAME.truth.json`), never into it: the program must
find the chapters in the rows alone, as it must in anybody's log.

Numbers that are not measured anywhere are made up: no real shop, model or person stands behind them.
"""
