"""The key/value store measured, and against others: `make bench-kv` writes reports/kv.md.

`variants` says what is compared, `farm` starts each as a server of its own on loopback and keeps it for the run,
`dialects` says how each is spoken to, `load` asks it by wrk, `rounds` takes turns among all and reads afterwards what
was written. Each part measures one thing and returns plain values: `hot`, `layers` (with `inside`), `keys`, `batch`,
`namespaces`. `report` turns them into tables, `targets` says what was met, and `plot` draws. The figures of all parts
are kept in reports/kv.json, so that one part can be run again alone.
"""
