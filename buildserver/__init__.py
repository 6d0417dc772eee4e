"""The project: settings, access, errors and commands around the apps."""

__version__ = "0.1.0"
