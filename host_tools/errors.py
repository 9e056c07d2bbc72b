# SPDX-License-Identifier: MIT
"""What a user can cause: each error is one clear sentence naming the thing and the remedy, printed without a traceback.

Depends on nothing. Anything else that is raised is a bug of ours and keeps its traceback.
"""


class UserError(Exception):
    """Input, set-up or use that the tools cannot work with. The command line prints it and exits with status 2."""


class LinkError(UserError):
    """A device that is absent, silent, closes midway, echoes garbage, or speaks for another model or protocol."""
