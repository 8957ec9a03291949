"""Benchmarks against a running demo; each prints ratios, which do not depend on the machine."""
