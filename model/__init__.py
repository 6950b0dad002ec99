"""The pure core: bytes of a feed become posts, and posts become tagged posts.

Nothing here opens a connection, a database or a scikit-learn; a model version is read, never fitted.
Read in this order:

    errors      what can go wrong, as one family of exceptions
    strict_json JSON that can always leave again
    posts       Post and TaggedPost, the two ends of everything
    pace        how often a feed asks to be read
    feed        bytes of RSS, Atom or JSON Feed -> posts
    text        a post's HTML -> blocks, sentences and words, parsed once
    function_words  English words that say nothing of a subject
    version     a trained model: what it is made of, read back and checked
    versions    those below one directory: written, promoted, deleted, and the one that serves
    classifier  words -> scores, topics and evidence
    summarizer  sentences -> the few that stand for the post
    tagger      the whole way, for a batch of posts
"""
