"""Jobs: their kinds, their attempts, their ends, and the dead letters among them."""
