"""Template tags of analyses."""
