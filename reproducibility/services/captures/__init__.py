"""Captures: from files in a session, a repository or an archive to an analysis that is proven."""
