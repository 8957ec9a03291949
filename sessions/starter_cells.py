"""The text of the starter notebook's cells: what a person would write first, and may change."""

INTRODUCTION = """
# @DIDS@

This notebook finds where the data are, with your own Rucio account, reads the first file that it
knows how to read (ROOT, FITS, Parquet, CSV), and draws it. Run it from top to bottom
(Run > Run All Cells), then make it yours.
"""

FIND = """
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rucio.client import Client

names = @DIDS@
# Your own account: the token is renewed for you while the session runs.
client = Client()
print("Rucio knows you as", client.whoami()["account"])

title = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
preferred = @STORAGE@  # what sessions read; other places only while it is not there


def place_rank(place):
    \"\"\"Order copies: where sessions read, then disks, then tapes.\"\"\"
    storage, kind = place[1]["rse"], place[1]["type"]
    return (storage != preferred, kind != "DISK")


def local_paths(replica):
    \"\"\"Yield where a file can be read here: complete copies only, the best place first.\"\"\"
    for address, place in sorted(replica["pfns"].items(), key=place_rank):
        path = Path(unquote(urlsplit(address).path))
        if replica["states"].get(place["rse"]) == "AVAILABLE" and path.is_file():
            yield place["rse"], path


def find_files():
    \"\"\"Return name, storage, path and size of each file; path is None while it is not here.\"\"\"
    dids = [dict(zip(("scope", "name"), each.split(":", 1))) for each in names]
    found = []
    for replica in client.list_replicas(dids, schemes=["file"], sort="random", all_states=True):
        storage, path = next(local_paths(replica), (None, None))
        on_its_way = replica["states"].get(preferred) == "COPYING"
        told = storage or (f"on its way to {preferred}" if on_its_way else "not readable here")
        found.append((replica["name"], told, path, replica["bytes"] or 0))
    return sorted(found, key=lambda file: file[0])


files = find_files()
coming = sum(path is None and told.startswith("on its way") for _, told, path, _ in files)

for file, told, path, size in files[:20]:
    print(f"{file:50}  {size:>12,} bytes  {told}")
print(f"{len(files)} files, {sum(path is not None for _, _, path, _ in files)} readable here")
if coming:
    print(f"{coming} are still coming: run this cell again later; the other cells work now")
"""

READ = '''
import re

try:
    import pandas as pd
except ImportError:  # a small environment: what was found is listed above
    pd = None

ROWS = 20_000
NUMBERS = re.compile(r"(std::vector<)?(float|double|bool|u?int\\d+_t|int|long)(>|\\[.*\\])?")
FIRST = re.compile(r"(pt|eta|phi|mass|energy|met|charge)(_|$|\\b)", re.IGNORECASE)


def read_root(path):
    """Return the first rows of the largest tree: one column a branch, lists stay lists."""
    import uproot

    with uproot.open(path) as file:
        trees = {key: tree for key, tree in file.items() if hasattr(tree, "num_entries")}
        if not trees:
            raise ValueError("there is no tree in it")
        name, tree = max(trees.items(), key=lambda item: item[1].num_entries)
        numbers = [branch for branch in tree.keys() if NUMBERS.fullmatch(tree[branch].typename)]
        chosen = sorted(numbers, key=lambda branch: not FIRST.search(branch))[:12]
        print(f"tree {name}: {tree.num_entries:,} entries, {len(tree.keys())} branches")
        arrays = tree.arrays(chosen, entry_stop=ROWS, library="ak")
        return pd.DataFrame({branch: arrays[branch].to_list() for branch in chosen})


def read_fits(path):
    """Return the first image (an array) or table of the file."""
    from astropy.io import fits
    from astropy.table import Table

    with fits.open(path) as units:
        units.info()
        unit = next(unit for unit in units if unit.data is not None)
        if isinstance(unit, fits.BinTableHDU | fits.TableHDU):
            table = Table(unit.data[:ROWS])
            return table[[c for c in table.colnames if table[c].ndim == 1]].to_pandas()
        return unit.data.astype(float)


def read_parquet(path):
    """Return the first rows."""
    import pyarrow.parquet

    batch = next(pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=ROWS))
    return batch.to_pandas()


def read_csv(path):
    """Return the first rows; lines that start with # are comments."""
    return pd.read_csv(path, nrows=ROWS, comment="#")


READERS = {
    ".root": read_root,
    ".fits": read_fits,
    ".parquet": read_parquet,
    ".csv": read_csv,
}

data = None
for file, storage, path, size in files:
    reader = path and READERS.get(path.suffix.lower())
    if not reader or pd is None:
        continue
    try:
        print("reading", file, "at", storage)
        data = reader(path)
        break
    except Exception as problem:  # the next one may be of a kind that is known
        print(f"{file} could not be read: {type(problem).__name__}: {problem}")

if data is None and pd is None:
    print("This environment has no pandas: launch one for analysis, or read them your own way.")
elif data is None and coming:
    print("What this notebook can read is still coming: run it again from the top in a while.")
elif data is None:
    print("There is no file here that this notebook knows how to read.")
    print("Replicate the dataset to a disk storage in the portal, or read it in your own way.")

data.head(10) if hasattr(data, "head") else data
'''

DRAW = '''
try:
    import matplotlib.pyplot as plt
    import numpy as np
except ImportError:  # nothing can be drawn here
    data = None


def values_of(column):
    """Return a column's finite numbers, with lists taken apart."""
    flat = pd.to_numeric(column.explode(), errors="coerce").to_numpy(dtype=float)
    return flat[np.isfinite(flat)]


if data is None:
    print("Nothing to draw yet.")
elif isinstance(data, np.ndarray):
    image = data
    while image.ndim > 2:
        image = image[0]
    low, high = np.nanpercentile(image, [1, 99.5])
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.imshow(image, origin="lower", cmap="gray", vmin=low, vmax=high)
    axes.set_title(title)
else:
    columns = {label: values_of(data[label]) for label in data.columns}
    drawn = {label: values for label, values in columns.items() if len(np.unique(values)) > 1}
    drawn = dict(list(drawn.items())[:6])
    if not drawn:
        print("There are no numbers in it that differ; nothing to draw.")
    rows = max(1, -(-len(drawn) // 3))
    figure, axes = plt.subplots(rows, 3, figsize=(11, 2.8 * rows), squeeze=False)
    for place in axes.flat[len(drawn):]:
        place.set_visible(False)
    for place, (label, values) in zip(axes.flat, drawn.items()):
        low, high = np.percentile(values, [0.5, 99.5])
        inside = (low, high) if high > low else None
        place.hist(values, bins=60, range=inside, histtype="stepfilled", alpha=0.6)
        place.set_xlabel(label)
    figure.suptitle(title)
    figure.tight_layout()
'''

NEXT = """
## From here

- All files: loop over `files`; each entry is name, storage, path and size.
- `rucio` works in a terminal too: `rucio whoami`, `rucio did list 'scope:*'`.
- Write results into this folder: it stays when the session stops.
"""
