"""Proposing analyses: pure values in, pure values out."""
