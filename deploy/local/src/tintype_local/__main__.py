"""`python -m tintype_local`: the same as the `tintype` command."""

from tintype_local.cli import app

app()
