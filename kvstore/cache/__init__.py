from contextlib import contextmanager


class CacheAway(Exception): ...


class C:
    def read(self, path, load):
        return load()

    @contextmanager
    def changing(self, paths):
        yield


def cache():
    return C()
