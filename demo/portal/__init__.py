"""The portal's own processes in the demo."""
