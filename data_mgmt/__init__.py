"""Data in Rucio: find, look, replicate."""
