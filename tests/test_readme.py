"""The README cannot drift: what it names exists, what exists is named, and what it shows is what comes out."""

import argparse
import json
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from model.tagger import Tagger
from service import cli, formats, metrics, openapi
from service.settings import Settings, variable
from tests.conftest import Run

README = (Path(__file__).parent.parent / "README.md").read_text()
MAKEFILE = (Path(__file__).parent.parent / "Makefile").read_text()


def rows(pattern: str) -> list[tuple[str, ...]]:
    return re.findall(rf"^\| {pattern} \|$", README, re.MULTILINE)


def commands() -> dict[str, tuple[str | None, argparse.ArgumentParser]]:
    """Every command of the command line, `models list` and the like spelled out, with its help and parser."""

    def below(parser: argparse.ArgumentParser, prefix: str) -> dict[str, tuple[str | None, argparse.ArgumentParser]]:
        found: dict[str, tuple[str | None, argparse.ArgumentParser]] = {}
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                helps = {choice.dest: choice.help for choice in action._choices_actions}
                for name, child in action.choices.items():
                    found |= below(child, f"{prefix} {name}") or {f"{prefix} {name}": (helps[name], child)}
        return found

    return below(cli._parser(), "topicwire")


def test_every_command_is_in_the_table_and_back() -> None:
    assert rows(r"`(topicwire [^`]+)` \| ([^|]+)") == [(name, help_text) for name, (help_text, _) in commands().items()]


def test_every_route_is_in_the_table_and_back() -> None:
    named = [(method.lower(), path) for method, path in rows(r"`(GET|POST|PUT|DELETE) ([^`]+)` \| [^|]+")]

    assert named == [(operation.method, operation.path) for operation in openapi.OPERATIONS]


def test_every_setting_is_in_the_table_and_back() -> None:
    expected = []
    for setting in fields(Settings):
        shown = setting.metadata["shown"]
        expected.append((variable(setting.name), shown if " " in shown else f"`{shown}`", setting.metadata["help"]))

    assert rows(r"`(TOPICWIRE_\w+)` \| ([^|]+) \| ([^|]+)") == expected


def test_every_metric_is_named_and_back() -> None:
    exposed = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for metric in metrics.METRICS
        for family in metric.collect()
    }

    assert set(re.findall(r"`(topicwire_\w+)`", README)) == exposed


def test_every_format_and_make_target_is_named() -> None:
    assert all(f"`{name}`" in README for name in formats.FORMATS)
    assert formats.FORMATS.keys() == set(cli.FORMATS)
    targets = re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)
    assert targets
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)


SHOWN = "\n".join(re.findall(r"```(?:sh)?\n(.*?)```", README, re.DOTALL))


@pytest.mark.parametrize("line", re.findall(r"^(?:\$ )?(topicwire [^#\n&]+)", SHOWN, re.MULTILINE))
def test_every_command_line_shown_is_one(line: str) -> None:
    cli._parser().parse_args(shlex.split(line)[1:])


def test_the_output_shown_is_what_comes_out(run: Run) -> None:
    shown = README.partition("--to table\n")[2].partition("```")[0]
    printed = run("tag", "tests/data/sample.xml", "--to", "table", COLUMNS="100").stdout.decode()

    assert shown.strip()
    for post in shown.strip().split("\n\n"):
        assert post in printed


def test_the_tagged_post_shown_has_the_fields_there_are(run: Run, tagger: Tagger) -> None:
    shown = json.loads(README.partition("```json\n")[2].partition("```")[0])
    whole = next(
        row for row in map(json.loads, run("tag", "tests/data/sample.xml").stdout.splitlines()) if row["id"] == shown["id"]
    )

    assert list(shown) == list(whole)
    assert shown["summary"] == whole["summary"][:1]
    assert shown["topics"] == whole["topics"]
    # Other versions of the libraries give other last digits, and so another name.
    assert shown["scores"] == pytest.approx(whole["scores"], abs=0.02)
    assert dict(shown["evidence"]["networking"]) == pytest.approx(dict(whole["evidence"]["networking"][:3]), rel=0.05)
    assert len(shown["model"]) == len(tagger.version.name)
