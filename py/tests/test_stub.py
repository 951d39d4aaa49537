"""The story: an editor believes the stubs.

``_shadowvol.pyi`` is the documentation of the extension and the contract it is written against.
mypy's stubtest compares every name, argument and default with the module itself.
"""

import subprocess
import sys

import pytest


@pytest.mark.timeout(300)
def test_the_stubs_are_those_of_the_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "shadowvol._shadowvol", "--concise"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_has_a_docstring() -> None:
    from shadowvol import _shadowvol  # noqa: PLC0415 - the module under test

    bare = []
    for name, value in vars(_shadowvol).items():
        if name.startswith("_") or getattr(value, "__module__", "") == "builtins":
            continue
        if not value.__doc__:
            bare.append(name)
        if isinstance(value, type):
            bare += [
                f"{name}.{member}"
                for member, item in vars(value).items()
                if not member.startswith("_") and not item.__doc__
            ]
    assert not bare
