"""Campaigns: one analysis over a table of points, driven to its end whatever dies meanwhile."""
