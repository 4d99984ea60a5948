"""The page: its files and event streams by nginx and by the API, and the board in a browser."""
