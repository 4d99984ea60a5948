"""How much of its service an account keeps beside the floods of others."""
