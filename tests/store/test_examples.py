"""Labelled examples in the store, and the commands that bring them in."""

import json
from datetime import timedelta
from pathlib import Path

from model.posts import Post
from service.store import Added, Store
from tests.conftest import Run
from tests.store.made import HOUR, NOW, post, record, source, tagged
from training.examples import Example, conflicts, distinct

AT = "2026-06-01T12:00:00Z"
DNS = Post(id="dns", title="DNS", text="A resolver.", source="one")
PODS = Post(id=7, title="Pods", html="<p>A pod.</p>", extra={"team": "web"})


def test_each_has_one_say_of_a_post_and_the_last_one(store: Store) -> None:
    said = [Example(DNS, ("networking",), "ann", NOW), Example(PODS, ("containers",))]

    assert store.add_examples(said, "bob", now=NOW) == Added(2, 0, 0)
    assert store.add_examples(said, "bob", now=NOW) == Added(0, 0, 2)
    assert store.add_examples([Example(DNS, (), "ann", NOW + HOUR)], "bob", now=NOW) == Added(0, 1, 0)
    assert store.add_examples([Example(DNS, ("a",), "ann", NOW - HOUR)], "bob", now=NOW) == Added(0, 0, 1)

    assert store.examples() == [
        Example(PODS, ("containers",), "bob", NOW),
        Example(DNS, (), "ann", NOW + HOUR),
    ]
    assert store.remove_examples("ann") == 1
    assert store.remove_examples("ann") == 0
    assert [example.who for example in store.examples()] == ["bob"]


def test_people_before_categories_and_the_later_before_the_earlier(store: Store) -> None:
    record(store, source(store), [tagged(post("1", "corrected"), "a")])
    number = store.posts().posts[0].number
    corrected = store.correct(number, ["b"], "cid", now=NOW + HOUR).example
    store.add_examples([Example(corrected.post, ("c",), "ann", NOW), Example(DNS, ("b",), "ann", NOW)], "")
    store.add_examples([Example(DNS, ("a",), "categories of one", NOW + timedelta(days=1), weak=True)], "")

    assert [[(one.who, one.topics) for one in said] for said in conflicts(store.examples())] == [
        [("ann", ("c",)), ("cid", ("b",))],
        [("categories of one", ("a",)), ("ann", ("b",))],
    ]
    assert {example.who for example in distinct(store.examples())} == {"cid", "ann"}


def test_more_than_a_batch(store: Store) -> None:
    many = [Example(Post(id=str(number), title=f"Post {number}", text="x"), ("a",)) for number in range(1_201)]

    assert store.add_examples(many, "ann", now=NOW) == Added(1_201, 0, 0)
    assert [example.post.id for example in store.examples()] == [str(number) for number in range(1_201)]


def test_what_is_exported_is_imported(run: Run, tmp_path: Path) -> None:
    rows = [
        {
            "id": "dns",
            "title": "DNS",
            "text": "A resolver.",
            "topics": ["networking"],
            "who": "ann",
            "at": AT,
        },
        {"id": 7, "title": "Pods", "html": "<p>A pod.</p>", "topics": [], "team": "web"},
    ]
    given = tmp_path / "given.jsonl"
    given.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second = {"TOPICWIRE_HOME": str(tmp_path / "first")}, {"TOPICWIRE_HOME": str(tmp_path / "second")}

    done = run("examples", "import", given, "--who", "bob", **first)
    assert (done.returncode, done.stdout) == (0, b"2 examples added, 0 changed, 0 known already\n"), done.stderr
    out = run("examples", "export", **first).stdout
    given.write_bytes(out)
    assert run("examples", "import", given, **second).stdout == b"2 examples added, 0 changed, 0 known already\n"
    assert run("examples", "export", **second).stdout == out

    ann, bob = map(json.loads, out.splitlines())
    assert ann == rows[0] | {"link": None, "published": None, "source": None, "weak": False}
    assert (bob["who"], bob["team"], bob["topics"]) == ("bob", "web", [])
    assert run("examples", "list", **second).stdout.startswith(b"2026-06-01T12:00:00Z  ann: networking  DNS\n")


def test_nothing_is_kept_of_a_file_with_faults_unless_one_says_so(run: Run, tmp_path: Path) -> None:
    given, env = tmp_path / "given.jsonl", {"TOPICWIRE_HOME": str(tmp_path / "home")}
    given.write_text('{"title": "DNS", "text": "A resolver.", "topics": ["networking"]}\n{"title": "cut in the mid')

    done = run("examples", "import", given, **env)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"given.jsonl:2: it is no JSON" in done.stderr
    assert run("examples", "list", **env).returncode == 1

    done = run("examples", "import", given, "--skip-faults", **env)
    assert (done.returncode, done.stdout) == (0, b"1 examples added, 0 changed, 0 known already\n")


def test_categories_make_weak_examples(run: Run, tmp_path: Path) -> None:
    feed, env = tmp_path / "feed.xml", {"TOPICWIRE_HOME": str(tmp_path)}
    items = "".join(
        f"<item><guid>{number}</guid><title>Post {number}</title><description>Text.</description>{categories}</item>"
        for number, categories in enumerate(
            ["<category>K8s</category><category>OTel</category>", "<category>News</category>", "<category>otel</category>"]
        )
    )
    feed.write_text(f'<rss version="2.0"><channel><title>Harbour</title>{items}</channel></rss>')

    done = run("examples", "from-feed", feed, "--map", "k8s=containers", "--map", "otel=observability", **env)

    assert (done.returncode, done.stdout) == (0, b"2 examples added, 0 changed, 0 known already\n"), done.stderr
    rows = [json.loads(line) for line in run("examples", "export", **env).stdout.splitlines()]
    assert [(row["id"], row["topics"], row["weak"], row["who"]) for row in rows] == [
        ("0", ["containers", "observability"], True, "categories of Harbour"),
        ("2", ["observability"], True, "categories of Harbour"),
    ]
    assert run("examples", "conflicts", **env).stdout.startswith(b"0 posts are labelled in more than one way")
    assert run("examples", "remove", "categories of Harbour", **env).returncode == 0
    assert run("examples", "remove", "categories of Harbour", **env).returncode == 1
