"""What the runner does for people: workflows, their reports, their files."""
