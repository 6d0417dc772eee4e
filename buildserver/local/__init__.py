"""The apps on this machine, with the interface and the refusals of `remote`; each command sets up Django for one."""
