"""`python -m buildserver.cli`."""

from buildserver.cli import main

main()
