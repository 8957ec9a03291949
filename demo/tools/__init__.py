"""What makes the other environments."""
