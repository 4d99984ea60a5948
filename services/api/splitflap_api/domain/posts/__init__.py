"""Posts: the commands that create and change them, their states, and how the API shows them."""
