#!/usr/bin/env python3
"""Reads the JSON that gungraun prints, a line for each benchmark, and compares counts of instructions.

    counts.py < OUTPUT                    a table of names and counts
    counts.py --compare COMMITTED NEW     fails if a count grew by more than one percent, or is not committed
"""
import json
import sys

TOLERANCE = 0.01


def instructions(node):
    """The count of `Ir`, wherever the schema of this version keeps it."""
    if isinstance(node, dict):
        if "Ir" in node:
            return first_number(node["Ir"])
        found = (instructions(value) for value in node.values())
    elif isinstance(node, list):
        found = (instructions(value) for value in node)
    else:
        return None
    return next((count for count in found if count is not None), None)


def first_number(node):
    if isinstance(node, bool):
        return None
    if isinstance(node, (int, float)):
        return int(node)
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return next((count for count in map(first_number, values) if count is not None), None)


def table(path):
    with open(path, encoding="utf-8") as lines:
        return {name: int(count) for name, count in (line.split("\t") for line in lines)}


def compare(committed, new):
    committed, new, failed = table(committed), table(new), False
    for name, count in new.items():
        known = committed.get(name)
        change = "new" if known is None else "%+.2f %%" % (100 * (count / known - 1))
        grew = known is None or count > known * (1 + TOLERANCE)
        failed |= grew
        print("%-40s %12d  %s%s" % (name, count, change, "  GREW" if grew else ""))
    for name in committed.keys() - new.keys():
        failed = True
        print("%-40s is gone" % name)
    if failed:
        sys.exit("counts differ: make it cheaper, or say why it is worth it and run `.ci/instructions --update`")


def main():
    if sys.argv[1:2] == ["--compare"]:
        return compare(*sys.argv[2:4])
    for line in sys.stdin:
        if line.lstrip().startswith("{"):
            summary = json.loads(line)
            name = "%s/%s" % (summary["function_name"], summary.get("id"))
            print("%s\t%d" % (name, instructions(summary["profiles"])))


main()
