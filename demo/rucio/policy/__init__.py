"""The demo's Rucio policy package: what an ordinary account may do with what is its own."""

SUPPORTED_VERSION = ["<42"]
