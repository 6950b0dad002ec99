"""Makes and judges models; the only folder that knows scikit-learn.

Read in this order:

    examples    labelled examples from JSONL and CSV, every fault named with its line
    corpus/     the starter corpus: posts written for this project, and the default topics
    starter     reads that folder
    labels      which example has which topic
    features    posts -> what a classifier learns from
    folds       what is learnt from and what it is judged by, apart
    linear      one topic's classifier
    fit         examples -> one classifier a topic -> calibration and thresholds -> a version
    recipe      what a version is made from: examples, starter corpus, topics
    gate        whether a candidate may take the place of the version that serves
    retraining  examples -> a candidate -> the gate -> the version that serves
    evaluation  how good a version is on labelled posts, with intervals
    curve       what labelling more posts would bring
    uncertainty which posts to label next
    suspects    which examples to look at again
    difference  what one version says otherwise than another
    drift       whether posts are still such as a version learnt from
    report      the same as one page of HTML, with plots
    card        what a version was made from, for people: its card.md
"""
