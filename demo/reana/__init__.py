"""A small REANA-compatible runner service, for the demo and the contract tests."""
