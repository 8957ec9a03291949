"""An OpenID provider on real HTTP that bends what a case tells it to, and is honest otherwise."""
