"""The parts that pages are made of: formats, words for states, and template tags."""
