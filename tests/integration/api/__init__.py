"""The API's store and work layers on both databases."""
