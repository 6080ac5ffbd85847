"""Whether an installation stands on solid ground, and how to mend what does not: `fulian doctor`."""
