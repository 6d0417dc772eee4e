"""The planner measured, and against others: `make bench-planner` writes reports/planner.md.

`fleets` makes the instances. Each part measures one thing and returns plain values: `official`, `contest` (with
`peers`), `diagnosis`, `agreement`, `memory`, `web`. `report` turns them into tables, `targets` says what was met, and
`plot` draws. The figures of all parts are kept in reports/planner.json, so that one part can be run again alone.
"""
