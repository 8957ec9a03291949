"""Streams from upstream to the browser, bytes untouched, before Django."""
