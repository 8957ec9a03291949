"""Published analyses in a repository that gives DOIs: asked for, looked at, confirmed, found."""
