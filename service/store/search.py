"""Full-text search that answers the same on SQLite (FTS5) and PostgreSQL (tsvector).

Words are made here, once, for posts and queries alike: both databases only look up what they are given. Their own
parsers would not agree, and PostgreSQL's takes "kubernetes.io" for one word. The migrations make the index of each.
"""

import re
import unicodedata

from sqlalchemy import ColumnElement, Select, bindparam, false, literal_column, select, text

from model.posts import INVISIBLE, Post
from model.text import of_post
from service.store.schema import posts

# A tsvector holds 1 MiB. A word is at most 4 bytes a character; the rest of a post longer than this is not found.
MAX_CHARACTERS = 200_000
MAX_WORD = 100
_WORD = re.compile(r"[^\W_]+")
_QUERY_WORD = re.compile(r"([^\W_]+)(\*?)")


def indexed(post: Post) -> str:
    """The distinct words of a post's title and text, separated by blanks."""
    parsed = of_post(post)
    words = dict.fromkeys(
        word[:MAX_WORD] for part in (post.title, *(block.text for block in parsed.blocks)) for word in _words(part)
    )
    joined = " ".join(words)
    return joined if len(joined) <= MAX_CHARACTERS else joined[:MAX_CHARACTERS].rpartition(" ")[0]


def matches(query: str, dialect: str) -> ColumnElement[bool] | None:
    """Posts that have every word of a query; a word with "*" behind it is the beginning of one. Anything else in a query
    is passed over, so that none is wrong. None for a blank query; a query without a word finds nothing."""
    if not query.strip():
        return None
    wanted = dict.fromkeys((word[:MAX_WORD], star) for word, star in _QUERY_WORD.findall(_folded(query)))
    if not wanted:
        return false()
    # Words are letters and digits only: there is nothing in them to escape.
    if dialect == "sqlite":
        expression = " AND ".join(f'"{word}"{star}' for word, star in wanted)
        found: Select[int] = (
            select(literal_column("rowid"))
            .select_from(text("posts_search"))
            .where(text("posts_search MATCH :query").bindparams(query=expression))
        )
        return posts.c.id.in_(found)
    expression = " & ".join(f"'{word}'" + (":*" if star else "") for word, star in wanted)
    return literal_column("posts_vector(posts.words)").op("@@", is_comparison=True)(
        text("CAST(:query AS tsquery)").bindparams(bindparam("query", expression))
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(_folded(text))


def _folded(text: str) -> str:
    """Without case, accents and what has no shape (a soft hyphen cuts no word in two), in one of the ways that Unicode has
    to spell the same."""
    decomposed = unicodedata.normalize("NFKD", text.translate(INVISIBLE).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
