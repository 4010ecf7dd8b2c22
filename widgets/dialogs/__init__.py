"""Questions with an answer: what a column means, which command, which keys there are.

What belongs here: dialogs that take a frozen view and give an answer by a signal. What does not: messages and errors,
which stand in the bar under the time bar and never stop anybody.
"""
