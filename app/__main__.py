"""The entry of `python -m app`, which `./starling` runs."""

from app.lasting_objects import collect_rarely

# Before all else is read in, which makes hundreds of thousands of objects that stay.
collect_rarely()

from app.command_line import main  # noqa: E402

main()
