"""Makes and judges models; the only folder that knows scikit-learn.

Read in this order:

    examples    labelled examples from JSONL and CSV, every fault named with its line
    corpus/     the starter corpus: posts written for this project, and the default topics
    starter     reads that folder
    linear      one topic's classifier
    fit         examples -> features -> one classifier a topic -> calibration and thresholds -> a version
    evaluation  how good a version is on labelled posts, with intervals
    uncertainty which posts to label next
    suspects    which examples to look at again
    drift       whether posts are still such as a version learnt from
    report      the same as one page of HTML, with plots
    card        what a version was made from, for people: its card.md
"""
