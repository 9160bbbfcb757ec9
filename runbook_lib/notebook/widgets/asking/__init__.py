"""What is asked of a learner: predictions, exercises, challenges, questions."""
