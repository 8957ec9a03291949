"""What crosses two sibling apps goes through an id and a function here."""
