"""Charts over log time: curves, axes, and the gestures on them.

Belongs here: how values become pixels, and how pixels become times. Does not: which metrics there are, or what a window
is good for.

Decisions
- pyqtgraph's `GraphicsView`, `ViewBox` and `GraphicsObject` carry a chart; its axes, curves, mouse modes and auto-range
  are not used. One `GraphicsObject` draws all curves of a chart as cosmetic polygons: the board costs about what a bare
  QPainter does (`tests/benchmarks/live_tick.py`), where `PlotWidget` costs ten times that.
- Width 1, opaque, not anti-aliased: pyqtgraph #533, and measured again: a wider translucent pen is 900 times slower.
- Axes, grid and title are painted into a pixmap once and kept until what they show changes.
- x is seconds since the start of the visible window, so that floats keep their precision, and a moving window leaves
  the transform alone.
- Times are UTC, so no daylight saving. pyqtgraph's DateAxisItem knows only local time (#1345) and loses labels (#3185).
- The y range is held while values use it well (`axes.HeldRange`): an axis that moves under a live curve can't be read.
- The unit is said once: by the title as long as the axis has plain numbers, by each number otherwise (%, s).
- The time of the cross-hair stands at its foot and not in the header, which is for names and values.
- A map is one picture with a pixel a cell, scaled by the painter without smoothing (`heat_chart`): 200 columns of 40
  steps take a tenth of a millisecond, whatever the rows. Shades differ by lightness alone and go by the root of the
  count; steps are equally high, so that an axis of logarithms needs no second picture.
- A few curves with intervals on a page of answers are a `band_chart`, painted whole: they do not move, and bands are
  worth a few milliseconds. `pictures` writes any chart as a file.
- A gap (NaN) is a gap. A value between two gaps is drawn as a dot, because a line of one point would be nothing.
"""
