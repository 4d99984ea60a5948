"""Import of posts from a file, a line for each."""
