"""Analyses, runs and verdicts."""
