"""Hypothesis profiles: quick and the same every time by default, thorough on demand.

Native code is not kept on disk, so that each run makes what it tests.
"""

import os

from hypothesis import settings

settings.register_profile("dev", deadline=None, max_examples=60, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("dev")

os.environ["FGRAD_CACHE"] = "off"
