"""Load for demonstrations: posts of chosen kinds at a rate, and what came of them."""
