"""The entry of `python -m app`, which `./starling` runs."""

from app.command_line import main

main()
