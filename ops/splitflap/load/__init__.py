"""Load for demonstrations: posts of chosen kinds at a rate, and figures of their results."""
