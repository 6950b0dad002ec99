"""The store: sources, posts with their tags, corrections and polls, in SQLite or PostgreSQL.

SQLAlchemy Core, because the same statements run on both; Alembic, because tables outlive the code that made them. Both
cost time to import: import this package where the store is used.

Read in this order:

    records     what goes in and comes out
    store       all operations, from
    sources       subscribing, and sharing sources among pollers
    polls         what polling brings
    posts         listed, found, tagged again, deleted
    corrections   what readers say
    examples      what can be learnt from: these, and what was brought in
    jobs          work in the background
    requests      those that may be sent twice
    schema      the tables
    listing     pages that neither skip nor repeat
    search      words that both databases find alike
    tagging     the index of topics that hold
    stories     what is stored already of the story that a new post tells
    moments     when a post last left a wire
    deletion    what goes with a post, and what must not
    database    connections and transactions
    failures    what a database says went wrong, in words
    migrate     tables brought up to date, by the steps in migrations/
"""

from service.store.records import (
    Added,
    Answer,
    Correction,
    CountOf,
    ExamplesPage,
    Figures,
    Job,
    JobState,
    Kind,
    NewSource,
    Page,
    PastPoll,
    Poll,
    PolledPost,
    Recorded,
    Removed,
    Repeat,
    Source,
    StoredPost,
    Validators,
    Week,
    content_hash,
)
from service.store.store import Store

__all__ = [
    "Added",
    "Answer",
    "Correction",
    "CountOf",
    "ExamplesPage",
    "Figures",
    "Job",
    "JobState",
    "Kind",
    "NewSource",
    "Page",
    "PastPoll",
    "Poll",
    "PolledPost",
    "Recorded",
    "Removed",
    "Repeat",
    "Source",
    "Store",
    "StoredPost",
    "Validators",
    "Week",
    "content_hash",
]
