"""Looks first whether what the plots need is there, so that who lacks it is told what to do."""

from importlib.util import find_spec

MISSING = [name for name in ("matplotlib", "numpy") if find_spec(name) is None]
if MISSING:
    raise ImportError(
        f"shadowvol.analysis needs {' and '.join(MISSING)}: pip install 'shadowvol[notebooks]'"
    )
