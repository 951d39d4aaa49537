"""Freezes a file system and thaws it again, whatever becomes of who asked.

Run as a process of its own: ``_guard.py PATH SECONDS``. It freezes, says ``frozen``, and thaws when
its standard input ends (who asked wants it, or has died), or when the time is over. Then it says
``thawed``, or ``late`` if it was the time. It reads nothing from any disk once it has frozen.

A service manager that stops a service tells all of its processes to end, and so does a terminal.
This one ends when its work is done.
"""

import errno
import fcntl
import os
import select
import signal
import sys

FREEZE = 0xC0045877
THAW = 0xC0045878


def main() -> int:
    """Guard one freeze."""
    for ending in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)
    path, seconds = sys.argv[1], float(sys.argv[2])
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, FREEZE, 0)
    except OSError as error:
        print("busy" if error.errno == errno.EBUSY else f"FIFREEZE: {error.strerror}", flush=True)
        return 1
    try:
        print("frozen", flush=True)
        ended, _, _ = select.select([0], [], [], seconds)
    finally:
        fcntl.ioctl(handle, THAW, 0)
    print("thawed" if ended else "late", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
