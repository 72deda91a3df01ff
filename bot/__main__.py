"""`python -m bot` is `actiebot`."""

from bot.cli import main

main()
