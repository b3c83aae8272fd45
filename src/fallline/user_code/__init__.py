"""A user's own code: his functions become records like the textbook's, and functions are loaded from FILE.py:NAME.

- `records`: an activation, loss, landscape or optimizer from a function; what the user does not write is derived
- `schedule`: a schedule from a function, from a list of rates, or from several schedules one after another
- `page`: a user's function of a point, traced once and then called like a page of the textbook
- `coordinates`: how a function takes its point: f(x, y), f(*x), or f(x) of a vector
- `checked`: a user's loss and optimizer step, whose results are checked at each call
- `signature`: the parameters of a function
- `calling`: what a user's code prints, and the sentence for an error that it raises
- `python_file`: FILE.py:NAME
"""
