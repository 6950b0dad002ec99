"""Summaries: verbatim, in order, short, of prose only, and of sentences that can be read alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import _phrases, feed, text
from model.posts import Post
from model.summarizer import MAX_WORDS, SENTENCES, summarize
from tests.conftest import SAMPLE
from training import starter


def summary(html: str, title: str = "", **options: int) -> list[str]:
    return summarize(text.of_post(Post(id="x", title=title, html=html)), **options)


def test_sentences_stand_verbatim_in_one_block_and_in_order() -> None:
    for post in feed.read(SAMPLE.read_bytes()).posts:
        parsed = text.of_post(post)
        chosen = summarize(parsed)
        places = [
            (index, block.text.find(sentence))
            for sentence in chosen
            for index, block in enumerate(parsed.blocks)
            if sentence in block.text
        ]

        assert 1 <= len(chosen) <= 3
        assert len(places) == len(chosen)
        assert places == sorted(places)
        assert all(parsed.blocks[index].kind == "paragraph" for index, _ in places)


def test_what_is_no_prose_is_not_quoted() -> None:
    html = """<h1>A heading that could well pass as a sentence.</h1>
    <ul><li>An item that could well pass as a sentence.</li></ul>
    <pre>A line of code that could well pass as a sentence.</pre>
    <table><tr><td>A cell that could well pass as a sentence.</td></tr></table>
    <figure><figcaption>A caption that could well pass as a sentence.</figcaption></figure>
    <p><a href="/a">A paragraph of links</a>, <a href="/b">which could well pass as a sentence</a>.</p>
    <p>Short one.</p><p>This paragraph introduces a list of things:</p>
    <p>The only sentence of prose that is here to be found.</p>"""

    assert summary(html) == ["The only sentence of prose that is here to be found."]


GOOD = "The scheduler places every pod on a node with room."
NEVER = [
    "By Jane Doe",
    "By Jane Doe and John Roe on behalf of the platform team",
    "Posted on 4 June 2024 by the team that runs the platform.",
    "Written by Jane Doe, who runs the platform in our Lyon office.",
    "Lead Engineer and Team Lead for the scheduler at a platform company.",
    "We would like to thank the people who tested the scheduler.",
    "If you enjoyed the scheduler, tell the team what you built with it.",
    "Run the scheduler once, and it shows which nodes are free.",
    "Get the new scheduler from the site or from the registry.",
    "Jane Doe is a senior software engineer at a company for platforms.",
    "Jane van Doe is the CTO of a company that makes schedulers.",
    "Measure or count the pods on your nodes before you add more.",
    "If you run many pods, choose a node for each of them.",
    "Don't get us wrong, the scheduler is a fine piece of software.",
    "The answers are at the end of this article about schedulers.",
    "Careful readers may have noticed that the scheduler has no labels.",
    "LYON--The platform team has released its scheduler for clusters.",
    "NEW LYON (FP) — The platform team has released its scheduler.",
    "LYON, June 4, 2024 – The platform team has released its scheduler.",
    "May 4, 2024 by Jane Doe and the scheduler team.",
    "From one cheap node to a cluster that needed a whole hall.",
    "Please tell the operators of big clusters that the price has fallen.",
    "Hello everyone, and a happy new year to all the operators among you.",
    "Welcome to the June issue of the letter that operators read.",
    "In this issue the operators of our clusters tell you about:",
    "Step 1 — Install the chart and wait until every pod is ready.",
    "Step 2: Install the chart and wait until every pod is ready.",
    "1. Install the chart and wait until every pod is ready.",
    "Figure 3: The scheduler looks at every node of the cluster.",
    "Learn more about the scheduler and its plugins on our site.",
    "Join us at the meetup where operators talk about the scheduler.",
    "Click here and the installer sets up the cluster for you.",
    "Subscribe to our letter and get the news about the scheduler first.",
    "Follow us and you get the news about the scheduler first.",
    "Thanks to everyone who tested the scheduler on their clusters.",
    "Disclaimer: The scheduler is a preview and may change at any time.",
    "Views in this text are the author's own and bind nobody else.",
    "Views in this text are my own and bind nobody else at all.",
    "This post was originally published on the blog of the platform team.",
    "Cross-posted from the blog of the platform team in Lyon.",
    "Editor's note: the scheduler has since been given another name.",
    "Note: The scheduler needs a cluster with at least three nodes.",
    "The following table lists every option that the scheduler takes.",
    "The options of the scheduler are shown below in order.",
    "See the documentation for every option that the scheduler takes.",
    "Stability: The interface of the scheduler will not change again.",
    "A faster scheduler for bigger clusters and happier operators.",
    "🚀 The scheduler is faster than it has ever been before.",
    "Have you ever wondered how the scheduler picks a node?",
    "What a great day for every cluster!",
    "and places every pod on a node that has room for it.",
    "The scheduler reads (at least on most of the larger clusters.",
    "Set replicas={3} and the scheduler places three of the pods.",
    "Select the cluster in the portal and choose its node pools.",
    "It is what it is, and so be it then.",
    "Introducing a scheduler (beta) for clusters of any size: the tool that operators waited for!",
    "Time for us to look at how the scheduler has been doing.",
    "Manually scale the node pool until the scheduler finds room.",
    "To try the scheduler, open the portal and choose a cluster.",
    "Create a node pool with the command that the scheduler prints.",
    "Let me show you what the trouble with the scheduler is.",
    "As you can see the scheduler starts slow and ends fast.",
    "If you are interested in older schedulers, last year's report has them.",
    "Update 2024-06-04: the scheduler is faster than this text says.",
    "This post is a collaboration between Jane Doe and the scheduler team.",
    "This post initially described another scheduler of the same name.",
    "A special thanks to @jane and @john for their work on the scheduler.",
    "The scheduler's column in the table above is a number of its own.",
    "A full list of the scheduler's changes can be found on its site.",
    "Check the 2.0.0-rc1 changelog for what the scheduler does now.",
    "I'd recommend reading what the authors of the scheduler have written.",
    "Operators of big clusters write a label for the scheduler like this.",
    "Install one-scheduler and two-scheduler on all nodes of big clusters.",
    "Using the cluster menu, navigate to the page of the scheduler.",
    'Have "$HOME" in the path and the scheduler finds the cluster.',
    "Start by making a cluster that the scheduler may use.",
    "Given the pods of a cluster, imagine that each has a label.",
    "The scheduler performs the check above, and has limits of its own.",
    "Thanks to @jane for a scheduler that is fast on big clusters.",
    "A shout-out to Jane Doe, who has made the scheduler faster.",
    "We'll dive deeper into the scheduler and its labels in another text.",
    "Let us walk you through what is new in the scheduler.",
    "The scheduler is faster than it was for two good reasons.",
    "To test the scheduler on a big cluster, there are two methods.",
    "If nodes are new to you, the scheduler is a good place to start.",
    "The configuration of the scheduler provides a simple example.",
    "How to run a scheduler for big clusters on one machine.",
    "A setup for the scheduler on big clusters to run without a hitch.",
    "A place for operators of big clusters to share what they know.",
    "This episode is sponsored by the makers of a scheduler for clusters.",
    "A special thank you to Jane Doe, who has made the scheduler faster.",
    "To make it simple, assume that the scheduler has two nodes.",
    "Before the scheduler gets its labels we invite you to the challenge!",
    "For a closer look at the scheduler, give its long list of changes a glance.",
    "The nodes that follow are those which the scheduler likes most.",
    "This post on the scheduler is loosely based on what others wrote.",
    "This article contains excerpts from my keynotes on the scheduler.",
    "Determines whether the scheduler should look at labels.",
    "Removed the dependency on schedulers that nobody runs.",
    "To be able to control a scheduler more closely than others.",
    "Operators set the theme of the scheduler by SCHEDULER_THEME=DARK first.",
    "The scheduler places " + "very " * 50 + "many pods.",
]


@pytest.mark.parametrize("sentence", NEVER)
def test_never(sentence: str) -> None:
    assert summary(f"<p>{sentence}</p><p>{GOOD}</p>") == [GOOD]


def test_an_answer_in_the_first_person_is_not_quoted_without_its_question() -> None:
    answer = "I wear many hats and plan the work of three teams."
    question, more = "<h3>What does your day look like?</h3>", "Cold requests are gone for good."

    assert summary(f"<p>{GOOD}</p>{question}<p>{answer}</p>") == [GOOD]
    assert summary(f"<p>{GOOD}</p>{question}<p>{answer}</p><h3>More</h3><p>{more}</p>") == [GOOD, more]
    assert summary(f"<p>{GOOD}</p><h3>How I work</h3><p>{answer}</p>") == [GOOD, answer]


def test_who_the_post_is_about_is_no_biography_of_its_author() -> None:
    biography = "Jane Doe is a senior software engineer at a company for platforms."

    assert summary(f"<p>{biography}</p>", title="Meet Jane Doe") == [biography]


def test_a_sentence_that_repeats_the_title_is_left_out() -> None:
    html = f"<p>The scheduler now has many new plugins.</p><p>{GOOD}</p>"

    assert summary(html, title="Scheduler has many new plugins") == [GOOD]
    assert len(summary(html, title="Release notes")) == 2


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("Announcing Pelican 2.4: Faster Nests", "Today we're happy to announce the release of Pelican 2.4 with faster nests."),
        ("Pelican drops its plugin interface", "Pelican is dropping its plugin interface."),
        ("Shorter starts of Pelican", "This guide helps you reduce the starts of Pelican."),
        ("Pelican support for big nests", "We are excited that Pelican now generally supports big nests."),
    ],
)
def test_a_sentence_that_repeats_the_title_in_other_words_is_left_out(title: str, sentence: str) -> None:
    html = f"<p>{sentence}</p><p>{GOOD}</p>"

    assert summary(html, title=title) == [GOOD]
    assert sentence in summary(html, title="Release notes")


@pytest.mark.parametrize(
    "heading",
    ["Acknowledgements", "References", "Further reading", "What's next?", "Get involved", "In this issue", "7. Feedback"],
)
def test_sections_for_other_readers_are_left_out(heading: str) -> None:
    html = f"<p>{GOOD}</p><h2>{heading}</h2><p>The committee met in Lyon and drank a lot of coffee.</p>"

    assert summary(html) == [GOOD]
    assert len(summary(html.replace(heading, "Outcome"))) == 2


@pytest.mark.parametrize(
    "html",
    [
        "<p><b>TL;DR:</b> {}</p>",
        "<p>TLDR - {}</p>",
        "<p><i>Abstract.</i> {}</p>",
        "<h2>TL;DR</h2><p>{}</p><h2>Rest</h2>",
        "<h3>Abstract</h3><ul><li>{}</li></ul><h2>Rest</h2>",
        "<blockquote>TL;DR: {}</blockquote>",
    ],
)
def test_an_abstract_is_used_without_its_label(html: str) -> None:
    before = "<p>Coffee was served when the committee met in Lyon.</p>"
    after = "".join(f"<p>The committee {verb} the report in Lyon.</p>" for verb in ("read", "discussed", "accepted"))

    assert GOOD in summary(before + html.format(GOOD) + after, sentences=2)


LEANING = [
    "You find it in books on clusters and in every good newspaper.",
    "Personally, I follow that up with tests of every cluster.",
    "Perhaps the same goes for the price of clusters in most regions.",
    "This first item is new in every cluster that has one.",
    "The three modules share one interface and one configuration file.",
    "When installing it, an operator needs the rights of an administrator.",
    "The result gives every operator a clear view of the nodes.",
    "The first and most obvious is a cluster at a third of its price.",
    "To use them, operators of the cluster pay a third of its price.",
    "Operators pay a third of its price, for one cluster in this case.",
    "Perhaps you run a cluster that is cheaper by a third of its price.",
    "Whoops, the cluster is cheaper by a third of its price.",
    "An additional benefit is a cluster at a third of its price.",
    "However throughout the year a cluster costs a third of its price.",
    "Among them, one that has cut the price of a cluster by a third.",
    "Depending on the cluster, this may cost a third of its price.",
    "Previously it cost a third more of the price of a cluster.",
    "We do not recommend it since a cluster is cheaper by a third.",
    "Since prices fall by a third, those operators pay less.",
    "This makes the cluster cheaper by a third of its price.",
    "However, the cluster is cheaper by a third of its price.",
    "They make the cluster cheaper by a third of its price.",
    "For example, the cluster is cheaper by a third of its price.",
    "Second, the cluster is cheaper by a third of its price.",
    "Because of that the cluster is cheaper for everyone who pays.",
    "With this change the cluster is cheaper for everyone who pays.",
    "We also made the cluster cheaper by a third of its price.",
    "We then made the cluster cheaper by a third of its price.",
    "Now that we have more nodes the cluster is cheaper for operators.",
    "My colleague told him that the cluster is cheaper by a third.",
    "A new policy makes the cluster cheaper in both regions.",
    "Whoever takes the wrong one pays a third more for clusters.",
    "Prices of clusters fall by that change to a third for everyone.",
    "A new policy solves this problem and makes clusters cheaper.",
    "The latter makes the cluster cheaper by a third of its price.",
    "In addition, the cluster is cheaper by a third of its price.",
    "The resulting cluster is cheaper by a third of its price.",
    "While harmless, this change makes the cluster cheaper by a third.",
    "If you have not read that post, the price of the cluster is the reason to.",
    "As if the price was not enough, the cluster runs cheaper nodes at night.",
    "Once enabled, cheaper nodes take a third off the price of the cluster.",
    "To make such a change the cluster moves to nodes that are cheaper.",
    "The price that operators of clusters pay is often cheaper.",
    "One such node takes a third off the price of the cluster.",
    "Nodes are not built for that, and the cluster is the cheaper way.",
    "Operators of clusters pay the above for a cluster of nodes.",
    "The key difference is that the cluster costs a third less.",
    "Particularly, the cluster is cheaper by a third of its price.",
    "The price of a cluster is cheaper for such users by a third.",
    "Whoever runs the cluster pays a third less there.",
    "Other clusters are cheaper by a third of their price.",
    "All other clusters are cheaper by a third of their price.",
    "Operators of clusters do not pay a third more for either one.",
    "With larger clusters, however, operators pay a third less.",
    "Operators saw again that clusters are cheaper by a third.",
    "Case 2 shows a cluster that is cheaper by a third of its price.",
    "As an example, the cluster is cheaper by a third of its price.",
    "After upgrades, it takes a third off the price of the cluster.",
    "A policy of good operators also takes a third off prices.",
    "Operators of clusters do exactly that with cheaper nodes.",
    "Like, dealing with clusters that are cheaper by a third.",
    "Until now, operators paid a third more for a cluster.",
    "Semantic search goes further and takes a third off the price.",
    "The first approach takes a third off the price of the cluster.",
    "Operators of clusters measure prices to learn why that happens.",
]


@pytest.mark.parametrize("leaning", LEANING)
def test_a_sentence_that_leans_is_taken_with_the_one_before_or_not_at_all(leaning: str) -> None:
    assert summary(f"<p>{leaning}</p><p>{GOOD}</p>") == [GOOD]
    assert summary(f"<p>{GOOD} {leaning}</p>") == [GOOD, leaning]
    assert summary(f"<p>{GOOD}</p><p>{leaning}</p>") == [GOOD, leaning]
    assert summary(f"<p>{GOOD} Why so? {leaning}</p>") == [GOOD]
    assert summary(f"<p>{GOOD}</p><pre>code</pre><p>{leaning}</p>") == [GOOD]
    assert summary(f"<p>{GOOD} {leaning}</p>", sentences=1) == [GOOD]


def test_what_a_table_lays_out_is_quoted_where_there_is_nothing_else() -> None:
    page = "<table><tr><td><h1>Nests</h1><p>{}</p></td></tr></table>{}"
    long = f"{GOOD} {'Every nest of them that was ordered in the summer came in the autumn. ' * 3}"

    assert summary(page.format(long, ""))[0] == GOOD
    assert summary(page.format(GOOD, "")) == []  # as in a table of data
    assert summary(page.format(long, "<p>Nests of a kind came in the winter of that year.</p>")) == [
        "Nests of a kind came in the winter of that year."
    ]


def test_what_follows_a_call_to_act_in_its_paragraph_is_not_quoted() -> None:
    assert summary(f"<p>Sign up for the platform today. {GOOD}</p>") == []
    assert summary(f"<p>{GOOD} Sign up for the platform today.</p>") == [GOOD]
    assert summary(f"<p>Sign up for the platform today.</p><p>{GOOD}</p>") == [GOOD]


def test_what_leans_on_a_sentence_that_repeats_the_title_is_left_out_with_it() -> None:
    sentences = ["We now announce the scheduler for big clusters.", "It places every pod on a node with room."]

    assert summary(f"<p>{' '.join(sentences)}</p>", title="A scheduler for big clusters") == []
    assert summary(f"<p>{' '.join(sentences)}</p>", title="Pelicans") == sentences


@pytest.mark.parametrize(
    ("title", "first", "quoted"),
    [
        ("Pods on big nodes", "Deploy your pods to big nodes with a scheduler and two labels.", True),
        ("Pods on big nodes", "Run the scheduler with a list of labels for all of the nodes.", True),
        ("Pelicans", "Deploy your pods to big nodes with a scheduler and two labels.", False),
        ("Pods on big nodes", "Get ready to dive deep into the world of pods.", False),
    ],
)
def test_a_task_that_the_title_names_is_quoted_where_the_post_begins(title: str, first: str, quoted: bool) -> None:
    assert (first in summary(f"<p>{first}</p><p>{GOOD}</p>", title=title)) == quoted
    assert first not in summary(f"<p>{GOOD}</p><p>{first}</p>", title=title)


def test_english_is_told_by_prose_however_much_code_stands_beside_it() -> None:
    code = "<pre>" + "spec replicas selector labels template containers image " * 50 + "</pre>"

    assert summary(f"{code}<p>{GOOD}</p><p>However, they may find no room on any node.</p>") == [GOOD]


ADRIFT = "Operators of big clusters save a third of their bill."
TOLD = [
    f"A pelican called {name} eats {fish} every morning."
    for name, fish in (("Anna", "herrings"), ("Bert", "eels"), ("Carl", "perches"))
]
NEAR, FAR = ("".join(f"<p>{sentence}</p><pre>code</pre>" for sentence in told) + f"<p>{ADRIFT}</p>" for told in (TOLD[:2], TOLD))


@pytest.mark.parametrize(
    ("html", "title", "quoted"),
    [
        (f"<p>{TOLD[0]}</p><p>{ADRIFT}</p>", "Pelicans", True),  # it opens a paragraph of the introduction
        (f"<p>{TOLD[0]} {ADRIFT}</p>", "Pelicans", True),  # together with the one before it
        (f"<p>{TOLD[0]} Why so? {ADRIFT}</p>", "Pelicans", False),
        (f"<p>{TOLD[0]} Why so? {ADRIFT}</p>", "Clusters", True),
        (NEAR, "Pelicans", True),
        (FAR, "Pelicans", False),
        (FAR, "Clusters", True),
    ],
)
def test_what_has_no_word_of_the_title_is_quoted_for_its_place_or_not_alone(html: str, title: str, quoted: bool) -> None:
    assert (ADRIFT in summary(html, title=title, sentences=6, max_words=100)) == quoted


def test_a_quotation_is_quoted_where_it_opens_the_post() -> None:
    quote, prose = f"<blockquote><p>{GOOD}</p></blockquote>", "<p>The pelican is a bird that lives by the sea.</p>"

    assert summary(quote + prose) == [GOOD, "The pelican is a bird that lives by the sea."]
    assert summary(f"<p>By Jane Doe</p>{quote}{prose}") == [GOOD, "The pelican is a bird that lives by the sea."]
    assert summary(prose + quote) == ["The pelican is a bird that lives by the sea."]


def test_the_opening_of_a_paragraph_is_preferred() -> None:
    inside = "A pelican lays two eggs in spring and feeds its young until they fly."
    opening = "The pelican is a bird that lives by the sea and eats fish all day."
    html = f"<p>{GOOD} {inside}</p><p>{opening}</p>"

    assert summary(html, title="Pelican", sentences=1) == [opening]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>{}</p>", True),
        ("<h2>Places</h2><p>{}</p>", True),
        ("<p>12 May</p><p>{}</p>", True),
        ("<figure><figcaption>A pod</figcaption></figure><p>{}</p>", True),
        ("<p>Why so?</p><p>{}</p>", False),
        ("<pre>code</pre><p>{}</p>", False),
        ("<ul><li>One</li></ul><p>{}</p>", False),
    ],
)
@pytest.mark.parametrize("sentence", ["It places every pod on a node with room.", "Pods that need this find a node with room."])
def test_the_first_sentence_leans_on_nothing_but_the_title(sentence: str, html: str, expected: bool) -> None:
    assert summary(html.format(sentence), title="A scheduler for big clusters") == [sentence] * expected
    assert summary(html.format(sentence)) == []


def test_a_first_sentence_that_goes_on_from_another_is_not_quoted() -> None:
    for beginning in ("However, every pod", "The latter"):
        assert summary(f"<p>{beginning} finds a node with room for it.</p>", title="A scheduler for big clusters") == []


@pytest.mark.parametrize(
    ("sentence", "alone"),
    [
        ("It is hard to find a node with room for a pod.", True),
        ("It's no secret that pods are placed on nodes with room.", True),
        ("While it has been years since pods had room, nodes still do.", True),
        ("It is easy to use on nodes with room for pods.", False),
        ("It is hard to explain, so place pods on nodes with room.", False),
        ("It was easy to see it as a node with room for pods.", False),
        ("It is made to find a node with room for a pod.", False),
    ],
)
def test_what_it_means_is_not_asked_where_it_means_nothing(sentence: str, alone: bool) -> None:
    assert summary(f"<p>{sentence}</p>") == [sentence] * alone


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("kubectl drain waits", ["kubectl drain waits until every pod of the node has gone."]),  # its own name
        ("Kubectl Drain Waits", []),  # the rest of something
    ],
)
def test_a_sentence_in_small_letters_begins_with_what_the_title_writes_so(title: str, expected: list[str]) -> None:
    assert summary("<p>kubectl drain waits until every pod of the node has gone.</p>", title=title) == expected


def test_a_sentence_in_small_letters_begins_with_what_the_post_writes_so_often() -> None:
    sentence, others = "kubectl drain waits until every pod of the node has gone.", "<li>kubectl</li>"

    assert summary(f"<p>{sentence}</p>{others * 4}") == [sentence]
    assert summary(f"<p>{sentence.replace('kubectl', 'kubectl’s')}</p>{others * 4}") == [sentence.replace("kubectl", "kubectl’s")]
    assert summary(f"<p>{sentence}</p>{others * 3}") == []
    assert summary(f"<p>of which {sentence}</p>{others * 4}{'<li>of which</li>' * 9}") == []


@pytest.mark.parametrize(
    "sentence",
    [
        "This post explains how the scheduler picks a node.",
        "In this two-part series we build a scheduler plugin.",
        "This week the project released a new scheduler.",
        "Those who run many clusters will like the scheduler.",
        "Both the scheduler and the kubelet watch the nodes.",
        "Instead of polling, the scheduler watches every node.",
        "Thanks to its cache the scheduler is fast on big clusters.",
        "In terms of cost the scheduler saves a third.",
        "To run many clusters you need a scheduler for each of them.",
        "iOS devices talk to the scheduler over a gateway.",
        "Nodes have labels, and these labels tell the scheduler apart.",
        "The scheduler subscribes to every event of the cluster.",
        "A lot of operators place their pods by hand.",
        "The new mesh routes traffic between clusters.",
        "React components place every button of the page.",
        "The scheduler has moved on by work that Example sponsored by a grant.",
        "The project gave a grant to the scheduler as a thank you for its work.",
    ],
)
def test_what_stands_alone_is_quoted(sentence: str) -> None:
    assert summary(f"<p>{sentence}</p>") == [sentence]


def test_bullets_are_quoted_only_if_they_are_sentences_and_all_there_is() -> None:
    bullets = f"<ul><li>Faster scheduling</li><li>{GOOD}</li><li>Lower cost, fewer nodes</li></ul>"

    assert summary(bullets) == [GOOD]
    assert summary(f"<p>Prose comes before the bullets of any list.</p>{bullets}") == [
        "Prose comes before the bullets of any list."
    ]
    assert summary("<ul><li>Faster scheduling</li><li>Lower cost</li></ul><pre>kubectl get pods</pre>") == []


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<p>新しいスケジューラは空きのあるノードにポッドを置きます。速くて安いです。設定はとても簡単です。</p>",
            ["新しいスケジューラは空きのあるノードにポッドを置きます。", "設定はとても簡単です。"],
        ),
        (
            "<p>Der Planer legt jeden Pod auf einen Knoten mit Platz. Mehr dazu:</p>",
            ["Der Planer legt jeden Pod auf einen Knoten mit Platz."],
        ),
        (
            "<p>Планировщик размещает каждый под на свободном узле. Коротко.</p>",
            ["Планировщик размещает каждый под на свободном узле."],
        ),
    ],
)
def test_other_languages_go_by_position_and_shape(html: str, expected: list[str]) -> None:
    assert summary(html) == expected


def test_the_title_says_what_matters() -> None:
    fillers = ("Bakers use warm bread with butter", "Bread meets butter on every table", "Salt keeps butter fresh beside bread")
    html = "".join(f"<p>{filler} in the morning.</p>" for filler in fillers)
    html += "<p>The garbage collector of the runtime now pauses for milliseconds.</p>"

    wanted = "The garbage collector of the runtime now pauses for milliseconds."
    assert wanted in summary(html, title="Garbage collector pauses", sentences=2)
    assert wanted not in summary(html, title="Bread and butter", sentences=2)


def test_nothing_is_said_twice() -> None:
    html = "<p>The cache is now warm at start.</p>" * 2 + "<p>Cold requests are therefore gone for good.</p>"

    assert summary(html) == ["The cache is now warm at start.", "Cold requests are therefore gone for good."]


def test_nothing_is_said_twice_in_other_words() -> None:
    html = f"<p>{GOOD}</p><p>A pod is placed by schedulers on nodes which have room.</p><p>Cold requests are gone for good.</p>"

    assert summary(html) == [GOOD, "Cold requests are gone for good."]


@pytest.mark.parametrize(("sentences", "max_words", "expected"), [(1, 60, 1), (2, 12, 1), (3, 20, 2), (10, 500, 10), (3, 6, 0)])
def test_limits_are_kept(sentences: int, max_words: int, expected: int) -> None:
    nouns = (
        "apples bears cranes doves eagles foxes geese hares ibises jays kites larks moles newts otters pikes quails rats".split()
    )
    html = "".join(f"<p>All of the {noun} meet green{noun} and tall{noun}.</p>" for noun in nouns)

    assert len(summary(html, sentences=sentences, max_words=max_words)) == expected


def test_phrases_are_found_by_their_words_wherever_they_are() -> None:
    anywhere = [_phrases.BOILERPLATE, _phrases.POINTING]
    texts = [text.of_post(example.post) for example in starter.examples()]
    sentences = {sentence for parsed in texts for block in parsed.blocks for sentence in text.sentences(block)}
    for sentence in [*sentences, *LEANING, *NEVER]:
        lower, words = sentence.lower(), frozenset(text.words(sentence))
        for table in anywhere:
            assert table.is_in(lower, words) == table.is_in(lower, table.lines.keys()), sentence
        leaning = _phrases.LEANS_WITHIN
        assert leaning.begins_with(lower, words) == leaning.begins_with(lower, leaning.lines.keys()), sentence


_SENTENCES = st.sampled_from(
    [GOOD, *LEANING, *NEVER, "これは新しい文章です。", "<h2>TL;DR</h2>", "</p><p>", "</p><ul><li>", "<a>", "("]
)


@given(
    st.lists(_SENTENCES | st.text(max_size=20), max_size=15).map(" ".join) | st.text(),
    st.text(max_size=30),
    st.integers(1, 10),
    st.integers(1, 200),
)
def test_any_text_is_summarized_by_its_own_words(html: str, title: str, sentences: int, max_words: int) -> None:
    parsed = text.of_post(Post(id="x", title=title, html=html))

    chosen = summarize(parsed, sentences=sentences, max_words=max_words)

    assert len(chosen) <= sentences
    assert sum(len(sentence.split()) for sentence in chosen) <= max_words
    assert len(set(chosen)) == len(chosen)
    at = (0, 0)
    for sentence in chosen:  # each stands in one block, after the one before
        place = next(
            (index, found)
            for index, block in enumerate(parsed.blocks)
            if index >= at[0] and (found := block.text.find(sentence, at[1] if index == at[0] else 0)) >= 0
        )
        at = (place[0], place[1] + len(sentence))
    assert summary(html, title, sentences=sentences, max_words=max_words) == chosen
    assert summarize(parsed) == summarize(parsed, sentences=SENTENCES, max_words=MAX_WORDS)
