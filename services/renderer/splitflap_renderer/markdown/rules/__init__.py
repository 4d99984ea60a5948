"""Rules of markdown-it-py: the blocks of both flavours (`common`), and inline syntax of gfm."""
