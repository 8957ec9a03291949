"""What makes environments outside the portal's own processes; it needs no other part of it.

`job` watches over one piece of work, `cage` locks it up, and `making` and `fetching` run inside.
"""
