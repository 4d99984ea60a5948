"""Web URLs, read as browsers read them, and the addresses that they may lead to."""
