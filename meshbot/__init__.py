"""The parts of the bot, one package for each subject. They start in main_bot.py."""

VERSION = "0.1.0"
