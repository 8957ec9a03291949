"""The demo's Rucio: the real server and daemons, with copies between folders as its transfers."""
