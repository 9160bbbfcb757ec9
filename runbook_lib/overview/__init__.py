"""Where a learner is: what is built so far, which notebooks are done, and the picture of both."""
