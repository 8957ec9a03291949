"""What an environment is made of: lists of packages, checked before anything runs."""

from sessions.recipes.repository import Picked, pick
from sessions.recipes.values import LONGEST_TEXT, Recipe, is_conda, read

__all__ = ["LONGEST_TEXT", "Picked", "Recipe", "is_conda", "pick", "read"]
