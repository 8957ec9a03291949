"""How large a table of points may be."""

from __future__ import annotations

MOST_ROWS = 100_000
MOST_COLUMNS = 200
#: Rows times columns.
MOST_CELLS = 4_000_000
#: Of the file, and of all texts in it.
MOST_BYTES = 64 << 20
#: Characters of one text.
MOST_TEXT = 1000
#: Faults that are told; the others are counted.
MOST_FAULTS = 50
#: Files up to here are read in the portal's own process: no content makes that take 50 MiB.
SMALL_BYTES = 1 << 20
