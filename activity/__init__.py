"""What happened: one timeline of everything that a person did or that concerns them."""
