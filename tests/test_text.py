"""HTML -> blocks -> sentences -> words."""

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from model import text
from model._sentences import split
from model.text import html_blocks, plain_blocks, plain_text, words
from training import starter

BLOCKS = [
    ("<p>One <b>bo</b>ld\n word.</p><p>Two.</p>", [("paragraph", "One bold word."), ("paragraph", "Two.")]),
    ("loose <i>text</i><div>and a div</div>", [("paragraph", "loose text"), ("paragraph", "and a div")]),
    ("<h2>Head</h2><ul><li>First</li><li><p>Second</p></li></ul>", [("heading", "Head"), ("item", "First"), ("item", "Second")]),
    ("<blockquote><p>Said.</p></blockquote>", [("quote", "Said.")]),
    ("<pre><code>az login \\\n  --tenant x</code></pre>", [("code", "az login \\ --tenant x")]),
    ("<p>Run <code>kubectl get pods</code> now.</p>", [("paragraph", "Run kubectl get pods now.")]),
    ("<table><tr><th>A</th><td>1</td></tr></table>", [("cell", "A"), ("cell", "1")]),
    ("<figure><img alt='x'><figcaption>Fig. 1</figcaption></figure>", [("aside", "Fig. 1")]),
    ("<p>Seen</p><script>x()</script><style>p{}</style><nav>Menu</nav><svg><text>t</text></svg>", [("paragraph", "Seen")]),
    (
        "<p hidden>No</p><p aria-hidden=true>No</p><div style='color:red; Display : None'><p>No</p></div><p>Yes</p>",
        [("paragraph", "Yes")],
    ),
    ("<template><p>No</p></template><noscript>No</noscript><p>Yes<button>Copy</button></p>", [("paragraph", "Yes")]),
    ("one<br>line<br><br>another<br/> <br/>third", [("paragraph", "one line"), ("paragraph", "another"), ("paragraph", "third")]),
    (
        "<p><strong>Acts as a heading</strong></p><p><b>Is a sentence.</b></p>",
        [("heading", "Acts as a heading"), ("paragraph", "Is a sentence.")],
    ),
    (
        "<p><b>Acts as a heading</b><br>A line.</p><p><b>Is</b> none<br>at all.</p><ul><li><b>Nor</b><br>this.</ul>",
        [("heading", "Acts as a heading"), ("paragraph", "A line."), ("paragraph", "Is none at all."), ("item", "Nor this.")],
    ),
    ("<p>caf&eacute;&nbsp;&amp; soft\u00adhyphen zero\u200bwidth</p>", [("paragraph", "café & softhyphen zerowidth")]),
    ("a < b and List<String> x", [("paragraph", "a < b and List x")]),
    ("<p>un<p>closed<li>tags", [("paragraph", "un"), ("paragraph", "closed"), ("item", "tags")]),
    ("<dl><dt>Term</dt><dd>Meaning</dd></dl>", [("item", "Term"), ("item", "Meaning")]),
    ("", []),
    (" \n ", []),
    ("<!-- only a comment -->", []),
    ("<div>" * 900 + "deep" + "</div>" * 900, [("paragraph", "deep")]),
    ("<b>kept</b>" + "<div>" * 3000 + "deep" + "</div>" * 3000, [("paragraph", "kept"), ("paragraph", "deep")]),
]


@pytest.mark.parametrize(("html", "blocks"), BLOCKS, ids=range(len(BLOCKS)))
def test_blocks(html: str, blocks: list[tuple[str, str]]) -> None:
    assert [(block.kind, block.text) for block in html_blocks(html)] == blocks


def test_plain_text_has_a_paragraph_between_blank_lines() -> None:
    assert [block.text for block in plain_blocks("One\nline.\r\n\r\nTwo.\n \n\nThree\x00.")] == ["One line.", "Two.", "Three ."]
    assert plain_text("Tips &amp; <b>tricks</b>") == "Tips & tricks"


@pytest.mark.filterwarnings("ignore::bs4.MarkupResemblesLocatorWarning")  # a text may look like a URL or a file's name
@given(
    st.lists(st.sampled_from("p b div li pre td h1 br i span blockquote table ul".split()) | st.text(max_size=12), max_size=25)
)
def test_no_word_is_lost_or_made_up(pieces: list[str]) -> None:
    """BeautifulSoup, another parser altogether, as the second opinion."""
    tags = set("p b div li pre td h1 br i span blockquote table ul".split())
    html = "".join(f"<{piece}>" if piece in tags else re.sub(r"[<>&\x00-\x1f\x7f-\x9f]", " ", piece) for piece in pieces)
    theirs = BeautifulSoup(html, "lxml").get_text("")

    ours = "".join(block.text for block in html_blocks(html))

    ignored = re.compile("[\\s\u00ad\u200b\u2060\ufeff\ud800-\udfff?\ufffd]")
    assert ignored.sub("", ours) == ignored.sub("", theirs)


@given(st.text())
def test_any_html_gives_blocks_on_one_line(html: str) -> None:
    for block in html_blocks(html) + plain_blocks(html):
        assert block.text
        assert block.text == " ".join(block.text.split())


# A block of text; " | " is where a sentence ends. No white space stands there in Chinese and Japanese.
SENTENCES = """
We released v2.86.0 today. | It is faster.
Version 1.0.0-rc.1 fixes it. | Version 1.0 follows.
Upgrade from 3.2 to 3.3. | iOS is next. | eBPF too.
Use a proxy, e.g. Envoy, in front. | Done.
Use a proxy (e.g. Envoy) in front. | Done.
Some runtimes, i.e. Kata, use virtual machines. | Others do not.
ASP.NET Core and Node.js. | The rest follows.
We moved from .NET 6 to .NET 8. | Nothing broke.
The .gitignore file lists it. | Add yours.
Edit values.yaml. | Then run helm upgrade.
Open config.toml, then main.go. | Save both.
It listens on 127.0.0.1:8000. | Change it with a flag.
Point it at 10.0.0.1. | Traffic follows.
Run az login --tenant contoso.example. | Then wait.
See https://a.example/x.html?y=1. | Next.
The host db.internal.example. | Nothing resolves it.
Is it fast? | Yes! | Very.
Why does it fail?! | Nobody knows.
He said “Stop.” | Then he left.
She asked “Why?” | Nobody answered.
The log said "connection refused." | We retried.
Logs, metrics etc. are kept. | All of them.
It runs on AWS, Azure, etc. | The price varies.
Evict pods, machines, etc. | One of the options is to drain the node.
Acme Inc. Europe grew. | We cheered.
We bought it from Acme Inc. | The price was fair.
Written by J. Smith in May. | Read on.
Written by J. R. Smith in May. | Read on.
Dr. Jones and Prof. Lee agree. | So do we.
The U.S. Navy uses it. | So do we.
It opened in the U.S. | The rest waits.
The window opens at 5 p.m. | We deploy then.
The window opens at 5 p.m. Pacific time. | We deploy then.
1. Install it. | 2. Run it.
Question no. 7 is hard. | I said no. | Then I left.
See Fig. 3 and Sec. 4. | They agree.
Wait... what? | It works… | Really.
It builds, ships... and breaks. | Then you fix it.
Set timeout=0.5 or .5s. | Both work.
Latency fell by 3.5 ms. | Throughput rose 12.5 %.
It costs $0.05. | Storage costs $1.
A cat vs. A dog. | Choose.
(This is aside.) | And this is not.
It is fast (see below). | It is small.
It is fast (it is written in C. That helps.) and small. | Try it.
Call close(). | Then exit.
Call os.path.join() first. | Then open it.
Set replicas to 3. | Kubernetes does the rest.
The pods were gone. | kubectl showed nothing.
The class System.Text.Json.JsonSerializer. | It is quick.
Read README.md. | It is short.
Yahoo! answers slowly. | Google does not.
We use CI/CD, gRPC, etc., everywhere. | It works.
Ship it in Jan. or Feb. of next year. | No sooner.
Approx. 40 % of requests fail. | The others are slow.
The API returns 404. | That is right.
The RFC, cf. section 2, forbids it. | We agree.
It took 5 min. to build. | Now it takes one.
Prices are quoted incl. VAT. | Shipping is extra.
A.B.C. are letters. | So is D.
Our team (six people). | Yours may differ.
Good news: it works! | Bad news: it is slow.
Nodes are drained one by one; pods move. | Nothing is lost.
Use either X. or Y.
“It works.” | That was the whole review.
Is this O(n log n)? | It is linear.
Set a = 1. | 3 of 4 tests pass.
The flag is -h. | Use it.
Windows Server 2022. | Linux follows.
The app (v2.1. beta) is out. | Try it.
She wrote “It works. Ship it.” and left. | We did.
Sad :( but true. | It failed. | It always fails.
It failed (oh the vanity!) I must say. | We wept.
(Did it fail?) | It did.
It takes 5 sec. | See sec. 4 for why.
No stop at the end
これは文です。 | 次の文です。
「速い。」 | 次の文です。
速いですか？ | はい！ | とても速い。
版本 2.1 已发布。 | 请升级。
Das ist z.B. ein Satz. | Noch einer.
C'est rapide ! | Et c'est petit.
¿Es rápido? | ¡Sí!
Это быстро. | Это мало.
""".strip().splitlines()


@pytest.mark.parametrize("line", SENTENCES)
def test_sentences(line: str) -> None:
    block = line.replace(" | ", "" if re.search("[\u3000-\u9fff]", line) else " ")

    assert split(block) == line.split(" | ")


@pytest.mark.parametrize(("block", "sentences"), [("", []), (" ", []), ("no end", ["no end"]), ("...", ["..."])])
def test_what_has_no_sentences(block: str, sentences: list[str]) -> None:
    assert split(block) == sentences


@given(st.text(alphabet=st.sampled_from("abE 1.!?…。\"')(“”é-"), max_size=80))
def test_sentences_lose_nothing(block: str) -> None:
    folded = " ".join(block.split())

    assert "".join("".join(split(folded)).split()) == "".join(folded.split())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Kubernetes 1.31 on K8s, gRPC & HTTP/2", ["kubernetes", "on", "k8s", "grpc", "http"]),
        ("kube_pod_info's label-set", ["kube", "pod", "info", "label", "set"]),
        ("Größe ŒUVRE 数据 α", ["größe", "œuvre", "数据"]),
        ("2026-05-01 3scale 0x1f v2", ["v2"]),
    ],
)
def test_words(line: str, expected: list[str]) -> None:
    assert words(line) == expected


# Few letters beyond ASCII among many others, and many.
odd = st.text("aZ09_’“\xa0-. ſKéßİΣ½٣日ー\u0301\x1c\x85\0\ud800")


@given(st.text(st.characters()) | odd | odd.map(lambda line: f"{line} Letters of English before and after {line}"))
def test_words_are_split_as_the_pattern_finds_them(line: str) -> None:
    assert words(line) == text.WORD.findall(line.lower())


def test_words_of_the_corpus_are_split_as_the_pattern_finds_them() -> None:
    for example in starter.examples():
        line = f"{example.post.title} {example.post.html or example.post.text}"
        assert words(line) == text.WORD.findall(line.lower())


@given(st.text())
def test_words_are_the_same_by_block_and_by_sentence(html: str) -> None:
    parsed = text.Text("", html_blocks(html))

    assert parsed.words() == [word for block in parsed.blocks for word in words(block.text)]
    assert parsed.words() == [word for block in parsed.blocks for sentence in text.sentences(block) for word in words(sentence)]
