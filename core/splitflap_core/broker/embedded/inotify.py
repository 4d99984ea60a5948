"""inotify(7) of Linux: a descriptor that is readable after a change in watched folders.

The standard library has no module for it. Other systems, and a process beyond its limits, have to
scan the folders instead.
"""

import ctypes
import errno
import fcntl
import os
import struct
import termios
from pathlib import Path

#: Changes of a folder: a file was renamed into it; a file that was open for writing was closed.
MOVED_TO = 0x80
CLOSE_WRITE = 0x08

#: The kernel has dropped events, so anything may have changed.
OVERFLOW = 0x4000

#: A watch has ended, because its folder was removed.
IGNORED = 0x8000

#: The head of an event: watch, mask, cookie, and the length of the name behind the head.
_EVENT = struct.Struct("iIII")


class Inotify:
    """Watches folders. It belongs to one thread."""

    def __init__(self) -> None:
        """Raises OSError if the system has no inotify, or no free instance."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "inotify_init1"):
            raise OSError(errno.ENOSYS, "this system has no inotify")
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def watch(self, folder: Path, changes: int) -> None:
        """Report these changes of the folder. Raises OSError beyond the limit of watches."""
        self._checked(self._libc.inotify_add_watch(self._fd, os.fsencode(folder), changes))

    def fileno(self) -> int:
        """The descriptor, for a selector."""
        return self._fd

    def changes(self) -> int:
        """All changes since the last call, as a mask. Returns at once."""
        found = 0
        # eventlet's os.read waits for a descriptor without input.
        while available := _available(self._fd):
            events = os.read(self._fd, available)
            position = 0
            while position < len(events):
                _, mask, _, length = _EVENT.unpack_from(events, position)
                found |= mask
                position += _EVENT.size + length
        return found

    def close(self) -> None:
        """Close the descriptor, and end all watches."""
        os.close(self._fd)

    def _checked(self, result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"inotify: {os.strerror(number)}")
        return result


def _available(fd: int) -> int:
    """Bytes that a read returns now."""
    size = fcntl.ioctl(fd, termios.FIONREAD, struct.pack("i", 0))
    return int(struct.unpack("i", size)[0])
