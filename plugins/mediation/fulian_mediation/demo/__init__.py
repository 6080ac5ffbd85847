"""Demo cases of mediation: invented stories, told by the same rules and words as real ones."""

from fulian.api import Demo
from fulian_mediation.demo.rows import keep_cases
from fulian_mediation.demo.telling import tell_case

DEMO = Demo(tell_case, keep_cases)
