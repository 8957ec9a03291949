"""Captures: from files to an analysis that is proven."""
