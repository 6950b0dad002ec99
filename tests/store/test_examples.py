"""Labelled examples in the store, and the commands that bring them in."""

import json
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from model.errors import InputError
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


def test_what_was_said_of_a_post_is_forgotten_by_its_id_or_its_content(store: Store) -> None:
    everybody = [Example(DNS, ("networking",), who, NOW) for who in ("ann", "bob", "cid")]
    store.add_examples([*everybody, Example(PODS, (), "ann", NOW)], "")

    assert store.remove_examples("ann", post="dns") == 1
    assert store.remove_examples(post="dns") == 2
    assert store.remove_examples(post="dn%") == store.remove_examples("x", post="7") == store.remove_examples(post="a\0b") == 0
    assert store.remove_examples(post=Example(PODS, ()).content) == 1
    assert store.examples() == []


def test_pages_have_each_once_in_the_order_of_time(store: Store) -> None:
    record(store, source(store), [tagged(post(f"{number}", f"corrected {number}"), "a") for number in range(5)])
    for number, stored in enumerate(store.posts().posts):
        store.correct(stored.number, ["b"], "cid", now=NOW + number % 3 * HOUR)
    store.add_examples(
        [Example(Post(id=f"e{number}", text=f"{number}"), ("a",), "ann", NOW + number % 3 * HOUR) for number in range(7)], ""
    )
    expected = store.examples()
    assert [one.at for one in expected] == sorted(one.at for one in expected if one.at)
    for limit in (1, 2, 5, 12, 13):
        found: list[Example] = []
        page = store.examples_page(limit=limit)
        found += page.examples
        while page.next:
            assert len(page.examples) == limit
            page = store.examples_page(limit=limit, cursor=page.next)
            found += page.examples
        assert found == expected, limit
    for wrong in ("x", "", "é", store.posts(limit=1).next or "", "W10", "WzEsMiwzXQ", "WzllOTk5LDAsMV0"):
        with pytest.raises(InputError, match="no cursor"):
            store.examples_page(cursor=wrong)


def test_names_are_kept_so_that_they_are_found_again(store: Store) -> None:
    odd = "ann\0\ud800 " + "x" * 300
    for expected in (Added(1, 0, 0), Added(0, 0, 1)):
        assert store.add_examples([Example(DNS, ("a",), odd, NOW)], "") == expected
    assert len(store.examples()[0].who) == 200
    assert store.remove_examples(odd) == 1


def test_what_is_said_twice_at_once_is_said_once(store: Store) -> None:
    twice = [Example(DNS, ("a",), "ann", NOW), Example(DNS, ("b",), "ann", NOW), Example(DNS, ("b",), "ann", NOW)]

    assert store.add_examples(twice, "") == Added(1, 1, 1)
    assert store.add_examples([Example(DNS, ("a",), "ann", NOW), *twice[1:]], "") == Added(0, 2, 1)
    assert [one.topics for one in store.examples()] == [("b",)]


def test_importers_at_once_lose_and_double_nothing(store: Store) -> None:
    def bring(who: str) -> None:
        for turn in range(10):
            many = [Example(Post(id="", text=f"{number}"), ("a",), who if number % 2 else "all", NOW) for number in range(60)]
            store.add_examples(many[:: 1 if turn % 2 else -1], "")

    threads = [Thread(target=bring, args=(who,)) for who in ("ann", "bob", "cid")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(store.examples()) == 30 + 3 * 30


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
    assert run("examples", "list", **second).stdout.startswith(b"2026-06-01T12:00:00Z  ann: networking  DNS  dns\n")


def test_stored_posts_of_a_source_are_weak_examples_too(run: Run, tmp_path: Path) -> None:
    env = {"TOPICWIRE_HOME": str(tmp_path)}
    with Store(tmp_path / "topicwire.db") as store:
        for name in ("one", "two"):
            posts = [tagged(post(f"{name} {number}", categories=("DNS ", "x")[number % 2 :]), "a") for number in range(3)]
            record(store, source(store, name), posts, title=name.title())

    done = run("examples", "from-feed", "--source", "2", "--map", "dns=networking", **env)

    assert (done.returncode, done.stdout) == (0, b"2 examples added, 0 changed, 0 known already\n"), done.stderr
    rows = [json.loads(line) for line in run("examples", "export", **env).stdout.splitlines()]
    assert sorted((row["id"], row["topics"], row["weak"], row["who"]) for row in rows) == [
        ("two 0", ["networking"], True, "categories of Two"),
        ("two 2", ["networking"], True, "categories of Two"),
    ]
    assert b"no such source" in run("examples", "from-feed", "--source", "7", "--map", "dns=networking", **env).stderr
    assert b"'D N' is no name of a topic" in run("examples", "from-feed", "--source", "2", "--map", "dns=D N", **env).stderr
    nothing = run("examples", "from-feed", "--source", "2", "--map", "Knitting=networking", **env)
    assert b"2: no post there has the category 'knitting'" in nothing.stderr
    assert b"name an INPUT" in run("examples", "from-feed", "--map", "dns=networking", **env).stderr


def test_nothing_is_kept_of_a_file_with_faults_unless_one_says_so(run: Run, tmp_path: Path) -> None:
    given, env = tmp_path / "given.jsonl", {"TOPICWIRE_HOME": str(tmp_path / "home")}
    given.write_text('{"title": "DNS", "text": "A resolver.", "topics": ["networking"]}\n{"title": "cut in the mid')

    done = run("examples", "import", given, **env)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"given.jsonl:2: it is no JSON" in done.stderr
    assert b"rows that cannot be used: 1, so nothing was done" in done.stderr
    assert run("examples", "list", **env).returncode == 1

    done = run("examples", "import", given, "--skip-faults", **env)
    assert (done.returncode, done.stdout) == (0, b"1 example added, 0 changed, 0 known already\n")


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
    done = run("examples", "remove", "--post", "2", **env)
    assert (done.returncode, done.stdout) == (0, b"1 example of 2 removed\n")
    assert run("examples", "remove", "--post", "2", **env).returncode == 1
    assert b"name whose examples" in run("examples", "remove", **env).stderr
    assert run("examples", "remove", "categories of Harbour", **env).returncode == 0
    assert run("examples", "remove", "categories of Harbour", **env).returncode == 1
