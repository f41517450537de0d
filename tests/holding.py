"""Objects with only what a test needs of them."""


def holding(cls, **values):
    """An object of a class that was not initialised and holds these values, of cached properties and methods too."""
    made = object.__new__(cls)
    vars(made).update(values)
    return made
