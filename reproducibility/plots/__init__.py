"""Plots of a campaign's results, drawn on the server: points, a density of many, or a contour."""
