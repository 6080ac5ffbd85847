"""fulian: the case system of a city's Women's Federation."""

__version__ = "0.1.0"
