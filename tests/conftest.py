"""What all tests share."""

from hypothesis import settings

settings.register_profile("check", deadline=None, derandomize=True, database=None, print_blob=False)
settings.register_profile("search", deadline=None, max_examples=2000)  # pytest --hypothesis-profile=search
settings.load_profile("check")
