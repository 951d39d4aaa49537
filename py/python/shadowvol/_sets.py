"""Shadow copy sets: several volumes, one instant, all or nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from shadowvol._errors import SetFailed, WrongState
from shadowvol._opening import open_all
from shadowvol._report import Failure, Part, Report
from shadowvol._shadowvol import SetCreation, ShadowCopy, Volume

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from types import TracebackType

    from shadowvol.participants import Participant

StrPath: TypeAlias = str | PathLike[str]
_T = TypeVar("_T")
Volumes: TypeAlias = Mapping[str, Volume] | Sequence[Volume] | Sequence[StrPath]


class ShadowCopySet(Mapping[str, ShadowCopy]):
    """The copies of a set by the names of their volumes, in the order in which these were given."""

    def __init__(self, id: str, copies: Mapping[str, ShadowCopy], report: Report) -> None:  # noqa: A002
        self.id = id
        """What all copies of the set carry, in hexadecimal."""
        self.report = report
        """What the set came to, and who took part."""
        self._copies = dict(copies)

    def __getitem__(self, name: str) -> ShadowCopy:
        return self._copies[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._copies)

    def __len__(self) -> int:
        return len(self._copies)

    def __repr__(self) -> str:
        return f"<ShadowCopySet {self.id} {self._copies!r}, {self.report.outcome}>"


class BackupSet:
    """A shadow copy set, step by step: ``prepare``, ``create``, then ``complete`` or ``abort``.

    What does not come next raises ``WrongState``. A set is good for one backup. See
    :func:`backup_set` for all of it in one call, and for the arguments.
    """

    def __init__(
        self,
        volumes: Mapping[str, Volume] | Sequence[Volume],
        *,
        participants: Sequence[Participant] = (),
        optional: Sequence[Participant] = (),
        application_consistent: bool = False,
        label: str = "",
        auto_release: bool = True,
        expires: datetime | timedelta | None = None,
        retain_until: datetime | timedelta | None = None,
        wait: float = 0,
        freeze_window: float = 60,
        hold_window: float = 10,
    ) -> None:
        named = volumes if isinstance(volumes, Mapping) else dict(enumerate(volumes))
        self._volumes = {str(name): volume for name, volume in named.items()}
        invited = [(one, True) for one in participants] + [(one, False) for one in optional]
        self._set = SetCreation(
            list(self._volumes.items()),
            invited,
            application_consistent=application_consistent,
            label=label,
            auto_release=auto_release,
            expires=expires,
            retain_until=retain_until,
            wait=wait,
            freeze_window=freeze_window,
            hold_window=hold_window,
        )

    @property
    def state(self) -> str:
        """``new``, ``prepared``, ``created`` or ``over``; ``busy`` while a thread is at it."""
        return self._set.state

    @property
    def report(self) -> Report | None:
        """What it came to, and who took part; None before anybody was told of it."""
        told = self._set.report()
        return _report(told) if told else None

    def prepare(self) -> None:
        """Let all participants prepare. No other set takes copies of these volumes from now on.

        Raises:
            SetFailed: a required participant refused, or did not answer in time.
            CreationInProgress: another set was first, and did not end within ``wait`` seconds.
            TooManyVolumes, DuplicateVolume, WrongState.
        """
        self._tell(self._set.prepare)

    def create(self) -> ShadowCopySet:
        """Freeze the participants, hold all volumes, take the copies, and let all go on.

        Raises:
            SetFailed: there is no copy of any volume; ``report`` says why.
            WrongState.
        """
        self._tell(self._set.create)
        copies = dict(zip(self._volumes, self._set.copies(), strict=True))
        return ShadowCopySet(self._set.id, copies, self._told())

    def complete(self, *, succeeded: bool = True) -> Report:
        """Tell the participants that the backup is done; the copies stay.

        Raises:
            WrongState.
        """
        self._set.complete(succeeded)
        return self._told()

    def abort(self) -> Report | None:
        """Let everyone go, and delete the copies. Never wrong, and more than once does no harm.

        It may be called from another thread, while one creates.
        """
        self._set.abort()
        return self.report

    def _told(self) -> Report:
        report = self.report
        if report is None:
            raise WrongState("another thread has begun to end this set")
        return report

    def _tell(self, step: Any) -> None:  # noqa: ANN401 - a method
        try:
            step()
        except SetFailed as error:
            error.report = self.report
            raise


class _Context(
    AbstractContextManager[ShadowCopySet, None], AbstractAsyncContextManager[ShadowCopySet, None]
):
    """What :func:`backup_set` returns."""

    def __init__(self, volumes: Volumes, options: dict[str, Any]) -> None:
        self._given = volumes
        self._options = options
        self._opened = ExitStack()
        self._stop = threading.Event()
        self._set: BackupSet | None = None
        self._copies: ShadowCopySet | None = None

    def __enter__(self) -> ShadowCopySet:
        if self._set is not None:
            raise RuntimeError("a set is good for one backup: call backup_set again")
        try:
            until = time.monotonic() + self._options["wait"]
            volumes = self._open()
            left = max(0.0, until - time.monotonic())
            self._set = BackupSet(volumes, **self._options | {"wait": left})
            if self._stop.is_set():
                self._set.abort()
            self._set.prepare()
            self._copies = self._set.create()
        except BaseException:
            self._leave(succeeded=False)
            raise
        return self._copies

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(succeeded=exc_type is None)

    async def __aenter__(self) -> ShadowCopySet:
        try:
            return await _to_its_end(self.__enter__, stop=self._interrupt)
        except asyncio.CancelledError:
            await _to_its_end(lambda: self._leave(succeeded=False))
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await _to_its_end(lambda: self._leave(succeeded=exc_type is None))

    def _interrupt(self) -> None:
        self._stop.set()
        if self._set is not None:
            self._set.abort()

    def _open(self) -> Mapping[str, Volume]:
        given = self._given
        if isinstance(given, Mapping):
            return given
        images = [one for one in given if not isinstance(one, Volume)]
        opened = open_all(images, self._opened, wait=self._options["wait"], stop=self._stop)
        named: dict[str, Volume] = {}
        for nth, one in enumerate(given):
            if isinstance(one, Volume):
                named[str(nth)] = one
            else:
                named[fspath(one)] = opened[fspath(one)]
        return named

    def _leave(self, *, succeeded: bool) -> None:
        with self._opened:
            if self._set is None:
                return
            if not succeeded or self._copies is None:
                self._set.abort()
                return
            # At the end of its block, a copy with auto_release deletes itself.
            for copy in self._copies.values():
                self._opened.push(copy)
            self._set.complete(succeeded=True)


def backup_set(
    volumes: Volumes,
    *,
    participants: Sequence[Participant] = (),
    optional: Sequence[Participant] = (),
    application_consistent: bool = False,
    label: str = "",
    auto_release: bool = True,
    expires: datetime | timedelta | None = None,
    retain_until: datetime | timedelta | None = None,
    wait: float = 0,
    freeze_window: float = 60,
    hold_window: float = 10,
) -> _Context:
    """Take shadow copies of several volumes at one instant, and delete them at the end.

    A context manager, for ``with`` and for ``async with``, which does not block the loop::

        with sv.backup_set(["a.img", "b.img"], participants=[SQLite("shop.db")]) as copies:
            copies["a.img"].copy_to("a.backup")

    Applications take part as participants: they prepare, are frozen, and go on when the copies
    have been taken. At the end of the block they hear whether the backup is good: whether the
    block raised nothing.

    Args:
        volumes: open volumes by any names, or a sequence of them, then named ``"0"``, ``"1"``, ...;
            or paths of images, which are opened for the time of the block, and are the names.
        participants: those that must take part: when one fails, there is no set.
        optional: those that are left out when they fail, which the report says.
        application_consistent: fail unless all participants, and at least one, take part.
        label: what to call the copies.
        auto_release: delete the copies at the end, and let them go with this process if it dies.
            Without it they are kept if the block raises nothing, and deleted otherwise.
        expires: as in :meth:`Volume.create_shadow_copy`.
        retain_until: as there.
        wait: seconds to wait for another set that is taking copies of the same volume, and for
            whoever has an image open that is given by its path.
        freeze_window: seconds from the first freeze to the thaw, at most.
        hold_window: seconds for which writes may be held; then they go on, and the set fails.

    Raises:
        SetFailed: there is no copy of any volume; ``report`` says who failed, and why.
        CreationInProgress, RoleTaken: another set or node was first, and did not end in time.
        TooManyVolumes, DuplicateVolume; what opening a volume raises.
    """
    return _Context(
        volumes,
        {
            "participants": participants,
            "optional": optional,
            "application_consistent": application_consistent,
            "label": label,
            "auto_release": auto_release,
            "expires": expires,
            "retain_until": retain_until,
            "wait": wait,
            "freeze_window": freeze_window,
            "hold_window": hold_window,
        },
    )


async def _to_its_end(work: Callable[[], _T], *, stop: Callable[[], object] | None = None) -> _T:
    """Work in a thread, and wait for its end however often the task is cancelled meanwhile."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    under_way: set[asyncio.Future[Any]] = {working}
    cancelled: asyncio.CancelledError | None = None
    while under_way:
        try:
            _, under_way = await asyncio.wait(under_way)
        except asyncio.CancelledError as error:
            if stop is not None and cancelled is None:
                under_way.add(asyncio.ensure_future(asyncio.to_thread(stop)))
            cancelled = error
    if cancelled is not None and not working.cancelled():
        # It was seen to; nobody asks for it.
        working.exception()
        raise cancelled
    return working.result()


def _report(told: dict[str, Any]) -> Report:
    failure = told["failure"]
    return Report(
        outcome=told["outcome"],
        failure=Failure(**failure) if failure else None,
        participants=tuple(Part(**part) for part in told["participants"]),
        recovered=tuple(told["recovered"]),
        left_behind=tuple(told["left_behind"]),
    )
