"""From files that were found to an analysis that is proposed: what runs, what it reads and gives.

Nothing here asks a backend or the database: files come in as values, a proposal goes out.
"""
