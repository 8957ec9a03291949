"""The data of the demo: real files from packages, a synthetic sample, and where they lie in Rucio."""
