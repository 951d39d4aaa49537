"""What a Python object must have to be a medium: the origin of a volume, or its diff area.

The engine calls the methods from whichever thread needs them, several at once, so an object
serialises what it must. The buffers it passes are valid until the method returns: a memoryview that
is kept raises ``ValueError`` when it is used later. An exception that a method raises reaches the
caller as the cause of a :class:`shadowvol.MediumError`.

The contract is that of every block backend:

1. A read that starts after a write returned sees it, from every node that may hold a role.
2. ``barrier`` returns only when all earlier writes are ordered before all later ones for readers
   and, in durable mode, for power loss.
3. Nothing more is assumed: any write may be torn at any byte, and writes without a barrier between
   them may land in any order.
4. Passive nodes bypass or revalidate caches that the active node does not share.
5. Sizes never shrink under a reader.

Who holds the active role on such media is recorded in the diff area alone: a newer holder fences
the older one, and nothing else keeps two from running.
"""

from typing import Protocol


class ReadBackend(Protocol):
    """A medium that can be read: all that a passive node needs."""

    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read_at(self, offset: int, buffer: memoryview, /) -> None:
        """Fill ``buffer`` with the bytes from ``offset`` on, all of it, or raise."""
        ...


class Backend(ReadBackend, Protocol):
    """A medium that can be written.

    Two more methods are used when an object has them:

    ``grow(size: int) -> int``
        make the medium at least ``size`` bytes large and return how large it is now; without it
        the medium has a fixed size.
    ``punch(offset: int, length: int) -> None``
        turn a range into zeros and give back its space; without it zeros are written.
    """

    def write_at(self, offset: int, data: memoryview, /) -> None:
        """Write ``data``, which is read only, from ``offset`` on, all of it, or raise."""
        ...

    def barrier(self) -> None:
        """Return when all earlier writes are ordered before all later ones."""
        ...
