"""The public page of an analysis: opened by its owner, and read by everybody without an account."""
