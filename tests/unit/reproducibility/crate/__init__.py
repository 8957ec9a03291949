"""RO-Crates of analyses: out, and in again."""
