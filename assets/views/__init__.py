"""The routes: parse, one call of the services, answer."""
