"""Everything that faces the world: the command line, offline batches, the REST interface.

Read in this order:

    settings    TOPICWIRE_* variables, checked
    cli         the command line; everything heavy is imported where it is needed
    streams     files, standard input and URLs -> streams of bytes
    places      files of this machine, and of where fsspec reaches
    parquet     rows of Parquet -> posts, and tagged posts -> Parquet
    pieces      inputs in pieces, and pieces -> posts
    inputs      inputs -> posts
    addresses   which addresses may be dialled
    fetch       the one place that fetches from somewhere else, safely
    sandbox     work on bytes from strangers, in processes that can be ended
    discovery   a site's page -> its feeds
    opml        lists of subscriptions
    schedule    when a source is asked again
    stories     when two links lead to one page, and when two texts are one
    claims      the sources that a poller holds
    poller      asking sources for news
    subscriptions  the commands `sources` and `poll`
    labelled    labelled examples, and the commands `examples`
    retrain     the command `retrain`: examples -> a candidate -> the gate
    retag       stored posts, tagged again by the version that serves
    background  the process that works on jobs
    chores      the commands `jobs`
    teaching    the commands `label-next`, `suspects` and `drift`
    models      the commands `models`
    processes   work on several cores, in order and in constant memory
    batch       posts -> tagged posts, on one core or several
    tagging     the command `tag`
    shards      inputs -> a file for each, by whichever process or machine takes it
    cluster     the same by the workers of a Dask cluster
    formats     tagged posts -> JSONL, CSV, RSS, Atom, JSON Feed, Parquet, a table
    wires       stored posts -> a feed of one topic
    export      stored posts -> a file
    counted     how many of what, as people say it
    output      a file that appears whole or not at all
    store       sources, posts, tags and corrections, in SQLite or PostgreSQL
    schemas     what requests and answers look like, as types
    openapi     the same as an OpenAPI 3.1 document and a page for people
    problems    every error as application/problem+json
    bodies      what comes with a request, whole and within limits
    access      who may read, and who may write
    storage     the store, opened by every worker for itself
    repeats     a request that is sent twice is done once
    library     the routes of what is stored
    examples    the routes of labelled examples
    jobs        the routes of work in the background
    catalogue   the routes of model versions
    metrics     what is counted
    logs        one JSON object a line
    turns       one thread at a time
    serving     the version that serves, followed as `current` changes
    app         the Flask application: an ordinary factory for any WSGI server
    server      the same under gunicorn, with worker processes
"""
