"""The key/value service of a tutorial: what startproject and a ModelViewSet give, and a permission for the key."""
