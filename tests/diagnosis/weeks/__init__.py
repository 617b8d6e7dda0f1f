"""Weeks of a link, simulated in time: node, radio, phone and power, and the bots that meet them.

Nothing here knows how losses are judged. A week is the outcome of a node that crashes, a radio
that fades, people who open an app, and a bot that follows the real :class:`LinkPolicy`; what truly
ended each session is written down beside what the bot noted.
"""
