"""Django's backend for MySQL and MariaDB; as an ENGINE it has to be a package with a module `base`."""
