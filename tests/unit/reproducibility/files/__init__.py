"""What runs gave: looked at, downloaded, registered."""
