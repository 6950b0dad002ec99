"""The shape of the house: who may import whom, and what a command costs to start."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SAMPLE

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "model": {"model", "numpy", "feedparser", "lxml"},
    "training": {"training", "model", "numpy", "scipy", "sklearn", "threadpoolctl", "jinja2"},
}
FORBIDDEN = {"service": {"tests"}, "training": {"service", "flask"}, "model": {"training", "service"}}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def modules(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


@pytest.mark.parametrize("folder", ["model", "training", "service"])
def test_arrows_point_one_way(folder: str) -> None:
    assert modules(folder)
    for path in modules(folder):
        roots = {name.partition(".")[0] for name in imports(path)}
        assert not roots & FORBIDDEN[folder], path
        if folder in ALLOWED:
            assert roots <= ALLOWED[folder] | set(sys.stdlib_module_names), path


def test_what_begins_with_an_underscore_stays_in_its_folder() -> None:
    for folder in ("model", "training", "service"):
        for path in modules(folder):
            private = {name for name in imports(path) if any(part.startswith("_") for part in name.split(".")[:2])}
            private = {".".join(name.split(".")[:2]) for name in private if not name.startswith(folder)}
            assert not {name for name in private if not name.startswith("__")}, path


@pytest.mark.parametrize("folder", ["model", "training", "service"])
def test_every_public_module_is_in_its_folders_table_of_contents(folder: str) -> None:
    public = [path for path in modules(folder) if not path.stem.startswith("_")]

    assert public
    for path in public:
        contents = ast.get_docstring(ast.parse((path.parent / "__init__.py").read_text())) or ""
        assert f"    {path.stem} " in contents or f"    {path.stem}," in contents, path


def loaded(home: Path, *arguments: str) -> set[str]:
    """The modules that a command has imported by its end."""
    code = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules)), file=sys.stderr))\n"
        "from service.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    environment = os.environ | {"TOPICWIRE_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, env=environment, timeout=60, check=False)
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["tag", "--help"], ["nonsense"]], ids=" ".join)
def test_help_imports_nothing_heavy(home: Path, arguments: list[str]) -> None:
    heavy = {
        "numpy",
        "flask",
        "feedparser",
        "lxml",
        "sklearn",
        "pydantic",
        "gunicorn",
        "joblib",
        "urllib3",
        "tqdm",
        "sqlalchemy",
        "alembic",
    }

    assert not loaded(home, *arguments) & heavy


def test_a_feed_starts_no_processes(home: Path) -> None:
    assert not loaded(home, "tag", str(SAMPLE), "--jobs", "2") & {"joblib", "distributed", "pyarrow", "fsspec"}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_tagging_imports_no_scikit_learn(home: Path, jobs: str) -> None:
    assert not loaded(home, "tag", str(SAMPLE), "--jobs", jobs) & {
        "sklearn",
        "scipy",
        "flask",
        "pydantic",
        "training",
        "sqlalchemy",
    }


def test_serving_imports_no_scikit_learn() -> None:
    code = "import sys, service.server, service.app, gunicorn.app.base; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert not {name.partition(".")[0] for name in done.stdout.split()} & {"sklearn", "scipy", "training", "sqlalchemy"}


def test_the_store_imports_neither_a_feed_reader_nor_arrays() -> None:
    code = "import sys, service.store; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert not {name.partition(".")[0] for name in done.stdout.split()} & {"feedparser", "numpy", "scipy", "sklearn"}
