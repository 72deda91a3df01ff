"""Actiebot: one bot for one campaign, in all the chat rooms where its people are."""

__version__ = "0.1.0"
