"""The story: somebody opens a notebook from a clean clone, and somebody else reads its changes.

That the notebooks run is tested by nbmake, which collects them itself. Here it is that they are
kept as they should be: no outputs, nothing of anybody's machine, and no logic, which belongs into
the package, where it has types and tests.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
# A lambda is the key that the best row of a plan is asked for with, as in the README.
LOGIC = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.NamedExpr),
    *(ast.For, ast.AsyncFor, ast.While, ast.If, ast.IfExp, ast.Match),
)
PATHS = re.compile(r"/(home|root|tmp|Users|work|usr|mnt)/|[A-Z]:\\\\")
LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.fixture(params=NOTEBOOKS)
def notebook(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each of the notebooks, as it is kept."""
    data: dict[str, Any] = json.loads((FOLDER / request.param).read_text("utf-8"))
    return data


def sources(notebook: dict[str, Any], kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_all_are_there_and_are_listed() -> None:
    assert [name[:2] for name in NOTEBOOKS] == ["01", "02", "03", "04", "05", "06"]
    text = (FOLDER / "README.md").read_text("utf-8")
    assert re.findall(r"\((\w+\.ipynb)\)", text) == NOTEBOOKS


def test_no_outputs_are_kept(notebook: dict[str, Any]) -> None:
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 3
    for cell in cells:
        assert cell["outputs"] == [], "clear the outputs before it is committed"
        assert cell["execution_count"] is None
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}


def test_nothing_of_anybodys_machine_is_kept(notebook: dict[str, Any]) -> None:
    assert not PATHS.search(json.dumps(notebook))


def test_cells_have_no_logic(notebook: dict[str, Any]) -> None:
    for source in sources(notebook, "code"):
        code = "\n".join(line for line in source.splitlines() if not line.startswith("%"))
        found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, LOGIC)]
        assert not found, f"put this into shadowvol.analysis:\n{source}"


def test_it_begins_with_a_title_and_its_links_lead_somewhere(notebook: dict[str, Any]) -> None:
    texts = sources(notebook, "markdown")
    assert texts[0].startswith("# ")
    for text in texts:
        for link in LINK.findall(text):
            assert (FOLDER / link).is_file(), link
