"""The data of the demo: real files from packages, a synthetic sample, where they lie in Rucio."""
