"""What belongs to a learner: a copy of the notebooks, kept parameters, a record of progress."""
