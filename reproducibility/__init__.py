"""Analyses that can be reproduced: capture, rerun on REANA, compare."""
