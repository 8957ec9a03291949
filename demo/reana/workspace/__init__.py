"""Files of a run: safe paths, lists, downloads, uploads."""
