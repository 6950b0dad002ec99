"""How many of what, as people say it."""


def counted(count: int, thing: str) -> str:
    """ "1 post", "0 posts", "2 posts"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
