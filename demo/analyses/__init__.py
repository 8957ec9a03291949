"""Two finished analyses, with the outputs that the runner made of them."""
