"""A database as the service leaves it after many posts, and what each statement costs in it."""
