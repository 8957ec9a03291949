"""Tables of points: read from files, checked against an analysis's parameters, made from ranges.

The readers run in the previews' environment too: what they import knows no Django.
"""
