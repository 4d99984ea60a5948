"""The rules of blocks that both flavours share, for markdown-it-py."""
