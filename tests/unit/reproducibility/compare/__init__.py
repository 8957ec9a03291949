"""Comparing outputs, one module a format."""
